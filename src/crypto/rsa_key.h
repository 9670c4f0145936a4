/* rsa_key - RSA public keys as numbers, as DER and as libcrypto's objects, and the schemes. Private
 * to src/crypto.
 *
 * Untrusted: SubjectPublicKeyInfo and numbers. The bounds are those of rsa.h.
 */
#ifndef CRYPTO_RSA_KEY_H
#define CRYPTO_RSA_KEY_H

#include <openssl/evp.h>

#include "crypto/hash.h"
#include "crypto/rsa.h"

/* Big-endian, without leading zero bytes. */
struct rsa_key_numbers {
    struct bytes n, e;
};

/* ST_ALG, ST_FORMAT, ST_TRUNCATED, ST_LIMIT as rsa_spki_bits(). Views borrow from spki_der. */
NODISCARD status rsa_key_read(struct bytes spki_der, struct rsa_key_numbers *out);
NODISCARD status rsa_key_check(const struct rsa_key_numbers *k);
unsigned rsa_key_bits(struct bytes magnitude);

/* The caller frees *out. */
NODISCARD status rsa_key_public(const struct rsa_key_numbers *k, EVP_PKEY **out);
NODISCARD status rsa_key_spki(EVP_PKEY *key, struct buf *out_der);

bool rsa_key_scheme_is_known(enum rsa_alg alg);
enum hash_alg rsa_key_digest(enum rsa_alg alg);
/* Padding, digest, and for PSS the mask and the salt. */
NODISCARD status rsa_key_set_scheme(EVP_PKEY_CTX *ctx, enum rsa_alg alg);

#endif
