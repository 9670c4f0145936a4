/* ecdsa - ECDSA over P-256/SHA-256 (ES256) and P-384/SHA-384 (ES384) with raw r || s signatures.
 *
 * Keys are SubjectPublicKeyInfo (DER) or uncompressed points; the curve is checked against the
 * algorithm.
 */
#ifndef CRYPTO_ECDSA_H
#define CRYPTO_ECDSA_H

#include "base/bytes.h"

enum ecdsa_alg { ECDSA_ES256, ECDSA_ES384 };

enum { ECDSA_ES256_SIG_LEN = 64, ECDSA_ES384_SIG_LEN = 96, ECDSA_SIG_MAX = 96 };

size_t ecdsa_sig_len(enum ecdsa_alg alg);

/* SubjectPublicKeyInfo has one accepted form for each curve: named curve, uncompressed point. True
 * when spki_der is exactly that for one of the two, which it then names. */
bool ecdsa_spki_is_known(struct bytes spki_der, enum ecdsa_alg *out_alg);

/* ST_ALG wrong curve or key kind; ST_FORMAT key or signature size; ST_AUTH signature. */
NODISCARD status ecdsa_verify_spki(enum ecdsa_alg alg, struct bytes spki_der, struct bytes message,
                                   struct bytes sig);
/* point = 0x04 || x || y */
NODISCARD status ecdsa_verify_point(enum ecdsa_alg alg, struct bytes point, struct bytes message,
                                    struct bytes sig);

/* Strict DER, SEQUENCE { r, s } (RFC 3279 section 2.2.3), to r || s in ecdsa_sig_len() bytes.
 * ST_FORMAT, ST_TRUNCATED. */
NODISCARD status ecdsa_sig_from_der(enum ecdsa_alg alg, struct bytes der, uint8_t *out_sig);

/* Signing: only the simulated platform and tests do it. */
struct ecdsa_secret;
NODISCARD status ecdsa_generate(enum ecdsa_alg alg, struct ecdsa_secret **out);
NODISCARD status ecdsa_secret_from_der(struct bytes pkcs8_or_sec1_der, struct ecdsa_secret **out);
struct buf;
NODISCARD status ecdsa_secret_to_der(const struct ecdsa_secret *s, struct buf *out);
void ecdsa_secret_freep(struct ecdsa_secret **s);
enum ecdsa_alg ecdsa_secret_alg(const struct ecdsa_secret *s);
NODISCARD status ecdsa_public_spki(const struct ecdsa_secret *s, struct buf *out_der);
/* out holds ecdsa_sig_len() bytes. */
NODISCARD status ecdsa_sign(const struct ecdsa_secret *s, struct bytes message, uint8_t *out_sig);

#endif
