/* rsa - RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 8017), and OAEP for a key that a service wraps.
 *
 * Public keys are SubjectPublicKeyInfo in one accepted form: rsaEncryption with NULL parameters.
 * Untrusted: their numbers. The modulus is odd and has 2048 to 8192 bits, a multiple of eight; the
 * exponent is odd, from 65537 up to 64 bits (FIPS 186-5 section A.1.1): no platform here uses 3,
 * under which a careless signer's or verifier's padding can be forged.
 */
#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "base/buf.h"

/* RS: PKCS #1 v1.5. PS: PSS with MGF1 over the same digest and a salt of the digest's length. */
enum rsa_alg { RSA_RS256, RSA_RS384, RSA_RS512, RSA_PS384 };

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    RSA_EXPONENT_MIN = 65537,
    RSA_SPKI_MAX_BYTES = 1200,
    RSA_SIG_MAX = RSA_BITS_MAX / 8
};

/* Size of the modulus in bits when spki_der is an RSA key that is accepted here. ST_ALG another
 * kind of key; ST_FORMAT, ST_TRUNCATED; ST_LIMIT size of modulus or exponent. */
NODISCARD status rsa_spki_bits(struct bytes spki_der, unsigned *out_bits);

/* Appends the SubjectPublicKeyInfo of modulus and exponent as a JWK holds them (RFC 7518 section
 * 6.3.1: big-endian, no leading zero bytes). ST_FORMAT, ST_LIMIT. */
NODISCARD status rsa_spki_from_ne(struct bytes n, struct bytes e, struct buf *out_spki);

/* ST_AUTH when the signature does not hold; ST_FORMAT when its size is not the modulus's; as
 * rsa_spki_bits() for the key. */
NODISCARD status rsa_verify_spki(enum rsa_alg alg, struct bytes spki_der, struct bytes message,
                                 struct bytes sig);

/* A private key. The enclave makes one for a key service to wrap to; tests and the simulated
 * platform sign with one. */
struct rsa_secret;
NODISCARD status rsa_generate(unsigned bits, struct rsa_secret **out);
NODISCARD status rsa_secret_from_der(struct bytes pkcs8_or_pkcs1_der, struct rsa_secret **out);
void rsa_secret_freep(struct rsa_secret **s);
NODISCARD status rsa_secret_to_der(const struct rsa_secret *s, struct buf *out_pkcs8);
NODISCARD status rsa_public_spki(const struct rsa_secret *s, struct buf *out_der);
NODISCARD status rsa_sign(const struct rsa_secret *s, enum rsa_alg alg, struct bytes message,
                          struct buf *out_sig);

/* RSAES-OAEP, SHA-256, MGF1 SHA-256, no label. ST_AUTH for every kind of failure that the
 * ciphertext can cause; the plaintext is appended only on success. */
NODISCARD status rsa_oaep_open(const struct rsa_secret *s, struct bytes ciphertext,
                               struct buf *out_plain);
NODISCARD status rsa_oaep_seal(struct bytes spki_der, struct bytes plain, struct buf *out);

#endif
