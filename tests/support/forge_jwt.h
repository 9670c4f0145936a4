/* forge_jwt - signs tokens with any header and any claims, under a test's own RSA key.
 *
 * Header only: static functions, one user each.
 */
#ifndef SUPPORT_FORGE_JWT_H
#define SUPPORT_FORGE_JWT_H

#include "support/test.h"

#include "base/text.h"
#include "crypto/rsa.h"

#define FORGE_KID "forge-key-1"

/* Any three texts as a token. */
static inline struct buf forge_jwt_of(struct bytes header, struct bytes claims, struct bytes sig)
{
    struct buf out = BUF_MAX(1 << 17);
    base64url_put(&out, header);
    buf_put_u8(&out, '.');
    base64url_put(&out, claims);
    buf_put_u8(&out, '.');
    base64url_put(&out, sig);
    return out;
}

static inline struct buf forge_jwt_sign(const struct rsa_secret *key, struct bytes header,
                                        struct bytes claims)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 17);
    struct buf sig CLEANUP(buf_done) = BUF_MAX(RSA_SIG_MAX);
    base64url_put(&text, header);
    buf_put_u8(&text, '.');
    base64url_put(&text, claims);
    assert_ok(rsa_sign(key, RSA_RS256, buf_view(&text), &sig));
    return forge_jwt_of(header, claims, buf_view(&sig));
}

/* The modulus inside the SubjectPublicKeyInfo of a key of `bits` bits with the exponent 65537,
 * which ends with it: 02 03 01 00 01. */
static inline struct bytes forge_jwk_modulus(struct bytes spki, unsigned bits)
{
    return bytes_of(spki.p + spki.n - 5 - bits / 8, bits / 8);
}

/* One member of "keys", without what the arguments set to NULL. */
static inline void forge_jwk_put(struct buf *out, const struct rsa_secret *key, unsigned bits,
                                 const char *kid)
{
    struct buf spki CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    assert_ok(rsa_public_spki(key, &spki));
    buf_printf(out,
               "{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"%s\",\"e\":\"AQAB\"",
               kid);
    buf_put_str(out, ",\"n\":\"");
    base64url_put(out, forge_jwk_modulus(buf_view(&spki), bits));
    buf_put_str(out, "\"}");
}

static inline struct buf forge_jwks(const struct rsa_secret *key, unsigned bits)
{
    struct buf out = BUF_MAX(1 << 14);
    buf_put_str(&out, "{\"keys\":[");
    forge_jwk_put(&out, key, bits, FORGE_KID);
    buf_put_str(&out, "]}");
    return out;
}

#endif
