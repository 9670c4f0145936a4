#include "crypto/rsa.h"

#include "crypto/hash.h"
#include "crypto/lib.h"
#include "crypto/rsa_key.h"

status rsa_spki_bits(struct bytes spki_der, unsigned *out_bits)
{
    struct rsa_key_numbers k;
    TRY(rsa_key_read(spki_der, &k));
    *out_bits = rsa_key_bits(k.n);
    return OK;
}

status rsa_spki_from_ne(struct bytes n, struct bytes e, struct buf *out_spki)
{
    struct rsa_key_numbers k = {.n = n, .e = e};
    REQUIRE(n.n > 0 && e.n > 0 && n.p[0] != 0 && e.p[0] != 0, ST_FORMAT,
            "RSA: a number that is empty or begins with a zero byte");
    TRY(rsa_key_check(&k));
    TRY(lib_init());
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(rsa_key_public(&k, &key));
    return rsa_key_spki(key, out_spki);
}

static status verify_digest(EVP_PKEY *key, enum rsa_alg alg, const uint8_t *digest,
                            struct bytes sig)
{
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
        return lib_fail("RSA verification");
    TRY(rsa_key_set_scheme(ctx, alg));
    if (EVP_PKEY_verify(ctx, sig.p, sig.n, digest, hash_len(rsa_key_digest(alg))) != 1)
        return lib_fail_as(ST_AUTH, "the RSA signature does not hold");
    return OK;
}

status rsa_verify_spki(enum rsa_alg alg, struct bytes spki_der, struct bytes message,
                       struct bytes sig)
{
    struct rsa_key_numbers k;
    TRY(lib_init());
    TRY(rsa_key_read(spki_der, &k));
    REQUIRE(rsa_key_scheme_is_known(alg), ST_ALG, "no RSA scheme %u", (unsigned)alg);
    REQUIRE(sig.n == k.n.n, ST_FORMAT, "RSA signature of %zu bytes", sig.n);
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(rsa_key_public(&k, &key));
    uint8_t digest[HASH_MAX_LEN];
    TRY(hash_parts(rsa_key_digest(alg), &message, 1, digest));
    return verify_digest(key, alg, digest, sig);
}
