/* package_write - makes a package from a model folder. */
#ifndef MODEL_PACKAGE_WRITE_H
#define MODEL_PACKAGE_WRITE_H

#include "model/package.h"

struct package_plan {
    const char *folder;
    const char *id;
    uint64_t version;
    int64_t created_unix_s;
    int64_t expires_unix_s;
    uint32_t max_tokens;
    uint32_t allowed_dtypes;
    const struct ed25519_secret *sign_key;
    const struct aead_key *kek;
    const uint8_t *content_digest; /* what the folder must hold (content.h), or NULL */
};

/* Called as bytes are sealed; may be NULL. A failure ends the writing and is what it fails with. */
typedef status (*package_progress_fn)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);

struct package_made {
    struct manifest manifest;
    uint8_t digest[SHA256_LEN];
    uint64_t n_bytes;
};

/* Writes `path` whole or not at all: a temporary file beside it, synced, renamed. The DEK is fresh
 * random for every call and never leaves the package unwrapped. ST_MISMATCH when a file changes
 * while it is read, or when the folder is not the one that content_digest names. */
NODISCARD status package_write(const char *path, const struct package_plan *plan,
                               package_progress_fn progress, void *progress_ctx,
                               struct package_made *out);

#endif
