/* hkdf - HMAC-based key derivation, RFC 5869. */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "crypto/hash.h"

NODISCARD status hkdf_extract(enum hash_alg alg, struct bytes salt, struct bytes ikm,
                              uint8_t *out_prk);
/* ST_LIMIT when out_n is above 255 digests. */
NODISCARD status hkdf_expand(enum hash_alg alg, struct bytes prk, struct bytes info, uint8_t *out,
                             size_t out_n);

#endif
