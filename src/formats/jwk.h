/* jwk - a set of RSA signature keys (RFC 7517), as an issuer of tokens publishes it.
 *
 *     {"keys": [{"kty":"RSA", "use":"sig", "alg":"RS256", "kid": 1..128 visible ASCII,
 *                "n": base64url, "e": "AQAB"}, ...]}
 *
 * 1 to 16 keys with exactly these members, n of 2048 to 4096 bits, no kid twice. Another kind of
 * key, or one with more to it (a private key!), makes the whole set refused rather than shorter.
 *
 * Who supplies the set decides which tokens hold: it is an anchor of trust, never a peer's to send.
 */
#ifndef FORMATS_JWK_H
#define FORMATS_JWK_H

#include "base/buf.h"
#include "crypto/hash.h"

enum {
    JWK_SET_MAX_BYTES = 64 << 10,
    JWK_KEYS_MAX = 16,
    JWK_KID_MAX = 128,
    JWK_BITS_MIN = 2048,
    JWK_BITS_MAX = 4096,
};

struct jwk {
    struct bytes kid;
    struct bytes spki;              /* SubjectPublicKeyInfo, DER */
    uint8_t thumbprint[SHA256_LEN]; /* RFC 7638, SHA-256 */
};

struct jwk_set {
    struct jwk v[JWK_KEYS_MAX];
    size_t n;
    struct buf storage_; /* what the views borrow from */
};

/* Free *out with jwk_set_done() whatever the outcome. ST_FORMAT, ST_LIMIT; ST_ALG for a key of
 * another kind, use or algorithm. */
NODISCARD status jwk_set_parse(struct bytes json, struct jwk_set *out);
void jwk_set_done(struct jwk_set *s);
/* The key of exactly this kid, or NULL. */
const struct jwk *jwk_set_find(const struct jwk_set *s, struct bytes kid);

#endif
