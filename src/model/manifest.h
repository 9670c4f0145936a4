/* manifest - what a model package holds, signed by its publisher.
 *
 * Wire form (docs/PACKAGE.md section 3): a deterministic CBOR map, the payload of a COSE_Sign1 with
 * EdDSA whose protected header names the content type, so that no other signature of the same key
 * can stand in for it. The manifest digest is SHA-256 over the payload.
 *
 * Untrusted: the signed bytes. Only manifest_verify turns them into a struct manifest.
 */
#ifndef MODEL_MANIFEST_H
#define MODEL_MANIFEST_H

#include "base/buf.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"

enum {
    MANIFEST_MAX_BYTES = 16 << 10, /* the signed form */
    MANIFEST_ID_MAX = 128,
    MANIFEST_KEY_ID_MAX = 256,
    MANIFEST_FILES_MAX = 16,
    MANIFEST_NAME_MAX = 63,
    MANIFEST_CHUNK_BYTES = 1 << 20,
    MANIFEST_TOKENS_MAX = 1 << 20,
};
#define MANIFEST_VERSION_MAX    UINT64_C(0x7fffffffffffffff)
#define MANIFEST_FILE_MAX_BYTES (UINT64_C(64) << 30)

/* Weight types that a manifest can allow; bits of allowed_dtypes. */
enum manifest_dtype {
    MANIFEST_F32 = 1,
    MANIFEST_F16 = 2,
    MANIFEST_BF16 = 4,
    MANIFEST_DTYPES_ALL = 7
};

struct manifest_file {
    char name[MANIFEST_NAME_MAX + 1]; /* one of content.h's names */
    uint64_t n_bytes;                 /* 1 to MANIFEST_FILE_MAX_BYTES */
    uint8_t sha256[SHA256_LEN];       /* of the whole plaintext, for people and other tools */
    uint8_t root[SHA256_LEN];         /* Merkle root over the plaintext's chunks (merkle.h) */
};

/* Plain data; owns all of it. */
struct manifest {
    char id[MANIFEST_ID_MAX + 1];
    uint64_t version; /* from 1; grows with every release of the same id */
    int64_t created_unix_s;
    int64_t expires_unix_s; /* the first second at which it is refused */
    uint8_t publisher[ED25519_PUBLIC_LEN];
    char key_id[MANIFEST_KEY_ID_MAX + 1];
    uint32_t max_tokens;                            /* of one text; 0: the model's own limit */
    uint32_t allowed_dtypes;                        /* enum manifest_dtype */
    struct manifest_file files[MANIFEST_FILES_MAX]; /* sorted by name, no name twice */
    uint32_t n_files;
};

/* Checks all fields and appends the payload. ST_FORMAT, ST_LIMIT. */
NODISCARD status manifest_encode(const struct manifest *m, struct buf *out);
/* The reverse, for payloads whose signature held (and for tests). Strict: unknown keys, a wrong
 * order, values out of range are ST_FORMAT or ST_LIMIT; another algorithm or chunk size ST_ALG. */
NODISCARD status manifest_parse(struct bytes payload, struct manifest *out);

NODISCARD status manifest_sign(const struct manifest *m, const struct ed25519_secret *key,
                               struct buf *out_signed);
/* ST_AUTH for a wrong signature or another publisher than the one given; ST_FORMAT, ST_TRUNCATED,
 * ST_LIMIT. */
NODISCARD status manifest_verify(struct bytes signed_manifest,
                                 const uint8_t publisher[static ED25519_PUBLIC_LEN],
                                 struct manifest *out, uint8_t out_digest[static SHA256_LEN]);
/* The publisher key that an unverified manifest claims: to show it, or to trust it on first sight
 * by the user's own decision. */
NODISCARD status manifest_claimed_publisher(struct bytes signed_manifest,
                                            uint8_t out[static ED25519_PUBLIC_LEN]);

/* What the reader of a package demands of it, beyond its being whole. */
struct manifest_expect {
    uint64_t min_version; /* 0: any */
    int64_t at_unix_s;    /* inside an enclave this is the host's clock: see docs/PACKAGE.md */
};

/* ST_ROLLBACK below min_version; ST_EXPIRED past its end, or when it was made in the future. */
NODISCARD status manifest_check(const struct manifest *m, const struct manifest_expect *e);
/* ST_FORMAT says what an id may be. */
NODISCARD status manifest_check_id(const char *id);
/* "F32,BF16" into out */
void manifest_put_dtypes(uint32_t allowed_dtypes, struct buf *out);
NODISCARD status manifest_parse_dtypes(const char *comma_list, uint32_t *out);

#endif
