/* jwt - JSON Web Tokens in the compact form (RFC 7515 section 7.1), signed with RS256 and nothing
 * else.
 *
 *     token  = BASE64URL(header) '.' BASE64URL(claims) '.' BASE64URL(signature)
 *     header = {"alg":"RS256", "typ":"JWT", "kid": 1..128 visible ASCII, "x5c": [1..4 base64 DER]}
 *
 * alg and typ must be there and have these values; kid and x5c may be absent; any other member is
 * refused, so that no key can come out of the token (jwk, jku, x5u) and no extension is overlooked
 * (crit, b64). base64url is without padding and without bits to spare: one token has one text.
 *
 * Untrusted: all of it. A token that only parsed is a jwt_unverified, whose claims are not even
 * JSON yet; the one way to a jwt_verified is jwt_verify() with a key that the caller has proven.
 */
#ifndef FORMATS_JWT_H
#define FORMATS_JWT_H

#include "base/buf.h"

enum {
    JWT_MAX_BYTES = 32 << 10,
    JWT_KID_MAX = 128,
    JWT_X5C_MAX = 4,
};

struct jwt_unverified {
    struct bytes parts[3];    /* header, claims, signature: base64url, borrowed from the token */
    struct bytes signed_text; /* what the signature is over, borrowed from the token */
    struct bytes kid;         /* .p NULL when absent */
    struct bytes x5c[JWT_X5C_MAX]; /* DER, in the header's order */
    size_t n_x5c;                  /* 0 when absent */
    struct bytes signature;
    struct bytes claims_; /* not for direct use */
    struct buf storage_;  /* what the views that do not borrow from the token borrow from */
};

/* Claims whose signature held: JSON text that is not parsed yet. Only jwt_verify() makes one. */
struct jwt_verified {
    struct bytes claims; /* borrows from the jwt_unverified */
};

/* Views in *out borrow from token and from *out itself, which must stay where it is; free it with
 * jwt_done() whatever the outcome. ST_FORMAT, ST_LIMIT; ST_ALG for any algorithm but RS256. */
NODISCARD status jwt_parse(struct bytes token, struct jwt_unverified *out);
void jwt_done(struct jwt_unverified *t);

/* spki is the SubjectPublicKeyInfo of an RSA key. ST_AUTH when the signature does not hold, and as
 * rsa_verify_spki() for the key. */
NODISCARD status jwt_verify(const struct jwt_unverified *t, struct bytes spki,
                            struct jwt_verified *out);

#endif
