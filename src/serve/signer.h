/* signer - receipts of one boot: everything that is the same in all of them, and the key that
 * signs.
 *
 * The measurements are those of this enclave's own evidence; signer_init compares what the platform
 * reports with what its evidence says and refuses to start when they differ, so no receipt carries
 * other values.
 */
#ifndef SERVE_SIGNER_H
#define SERVE_SIGNER_H

#include "crypto/ed25519.h"
#include "receipt/air.h"
#include "tee/provider.h"
#include "tee/verify/evidence.h"

struct signer {
    uint8_t public_key[ED25519_PUBLIC_LEN];
    struct ed25519_signer *key; /* made ready once: half of what a signature costs is spared */
    struct air_claims common;   /* views borrow from what signer_init was given */
};

struct signer_model {
    const char *id;
    const char *version;
    uint8_t digest[AIR_HASH_LEN];
};

/* What one receipt adds. */
struct signer_facts {
    struct bytes nonce; /* eat_nonce, may be empty */
    uint8_t request_hash[AIR_HASH_LEN];
    uint8_t response_hash[AIR_HASH_LEN];
    uint8_t evidence_hash[AIR_HASH_LEN];
    uint64_t sequence;
    uint64_t engine_ns;
};

/* Makes a fresh receipt key. ST_MISMATCH when the platform contradicts its own evidence;
 * ST_UNSUPPORTED when AIR v1 has no place for its measurements. All strings are borrowed for the
 * signer's life. */
NODISCARD status signer_init(struct signer *s, struct tee_provider *provider, const char *service,
                             const char *policy_version, const struct signer_model *model);
void signer_done(struct signer *s); /* wipes the key */
NODISCARD status signer_sign(const struct signer *s, const struct signer_facts *f, struct buf *out);

#endif
