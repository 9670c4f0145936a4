/* keywrap - a DEK sealed under a key that a local key file holds (docs/PACKAGE.md section 5).
 *
 *     0   1   version   = 1
 *     1   1   alg       = 2 (AES-256-GCM)
 *     2   12  nonce     random
 *     14  48  sealed    = DEK (32) || tag (16)
 *
 * AAD = "eml-keywrap-v1" || manifest digest: the wrapped key opens beside its own manifest only.
 * Untrusted: all of it.
 */
#ifndef MODEL_KEYWRAP_H
#define MODEL_KEYWRAP_H

#include "base/buf.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

enum { KEYWRAP_BYTES = 2 + AEAD_NONCE_LEN + AEAD_KEY_LEN + AEAD_TAG_LEN };

NODISCARD status keywrap_seal(const struct aead_key *kek,
                              const uint8_t manifest_digest[static SHA256_LEN],
                              const struct aead_key *dek, struct buf *out);
/* ST_TRUNCATED, ST_FORMAT, ST_ALG or ST_AUTH; out_dek is written on success only. */
NODISCARD status keywrap_open(const struct aead_key *kek,
                              const uint8_t manifest_digest[static SHA256_LEN],
                              struct bytes wrapped, struct aead_key *out_dek);

#endif
