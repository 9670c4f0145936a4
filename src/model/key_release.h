/* key_release - who hands out the key of an encrypted model, and against what.
 *
 * A package carries its data key (DEK) wrapped. A key release unwraps it: a local key file for
 * development (local_key.h), a KMS that demands attestation elsewhere. The release is given the
 * manifest's digest, so that a wrapped key cannot be moved from one package to another.
 */
#ifndef MODEL_KEY_RELEASE_H
#define MODEL_KEY_RELEASE_H

#include "crypto/aead.h"
#include "crypto/hash.h"

enum { KEY_WRAPPED_MAX = 8 << 10 };

/* All of it comes from a manifest whose signature held, but `wrapped`, which is untrusted. */
struct key_request {
    const char *key_id;   /* which key wraps the DEK: "local:..." or a KMS name */
    const char *model_id; /* for the release's own log and encryption context */
    uint64_t version;
    uint8_t manifest_digest[SHA256_LEN];
    struct bytes wrapped; /* borrowed for the call */
};

struct key_release;

struct key_release_ops {
    status (*unwrap)(struct key_release *k, const struct key_request *r, struct aead_key *out_dek);
    void (*free)(struct key_release *k); /* wipes */
};

/* Embed it first in an implementation's own struct. */
struct key_release {
    const struct key_release_ops *ops;
};

/* The caller wipes out_dek, which is written on success only. ST_MISMATCH when the release holds
 * another key than key_id, ST_AUTH when the wrapped key does not open, and what the release fails
 * with. */
NODISCARD status key_release_unwrap(struct key_release *k, const struct key_request *r,
                                    struct aead_key *out_dek);
void key_release_freep(struct key_release **k);

#endif
