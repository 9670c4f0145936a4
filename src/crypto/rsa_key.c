#include "crypto/rsa_key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/der.h"
#include "crypto/lib.h"

enum { EXPONENT_MAX_BYTES = 8 };

/* AlgorithmIdentifier { rsaEncryption, NULL } (RFC 3279 section 2.3.1). */
static const uint8_t ALGORITHM[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                    0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

struct scheme {
    enum hash_alg digest;
    int padding;
};

static const struct scheme SCHEMES[] = {
    [RSA_RS256] = {HASH_SHA256, RSA_PKCS1_PADDING},
    [RSA_RS384] = {HASH_SHA384, RSA_PKCS1_PADDING},
    [RSA_RS512] = {HASH_SHA512, RSA_PKCS1_PADDING},
    [RSA_PS384] = {HASH_SHA384, RSA_PKCS1_PSS_PADDING},
};

unsigned rsa_key_bits(struct bytes magnitude)
{
    unsigned bits = (unsigned)magnitude.n * 8;
    for (unsigned top = 0x80; top != 0 && (magnitude.p[0] & top) == 0; top >>= 1)
        bits--;
    return bits;
}

static bool is_odd(struct bytes magnitude)
{
    return magnitude.p[magnitude.n - 1] & 1;
}

static status check_modulus(struct bytes n)
{
    REQUIRE(n.n >= RSA_BITS_MIN / 8 && n.n <= RSA_BITS_MAX / 8 && rsa_key_bits(n) % 8 == 0,
            ST_LIMIT, "RSA: a modulus of %u bits", rsa_key_bits(n));
    REQUIRE(is_odd(n), ST_FORMAT, "RSA: an even modulus");
    return OK;
}

static status check_exponent(struct bytes e)
{
    REQUIRE(e.n <= EXPONENT_MAX_BYTES, ST_LIMIT, "RSA: an exponent of %zu bytes", e.n);
    struct rd r = rd_over(e);
    REQUIRE(rd_be_(&r, e.n) >= RSA_EXPONENT_MIN, ST_LIMIT, "RSA: an exponent below 65537");
    REQUIRE(is_odd(e), ST_FORMAT, "RSA: an even exponent");
    return OK;
}

status rsa_key_check(const struct rsa_key_numbers *k)
{
    TRY(check_modulus(k->n));
    return check_exponent(k->e);
}

/* BIT STRING { SEQUENCE { n INTEGER, e INTEGER } } */
static status read_numbers(struct rd *spki, struct rsa_key_numbers *out)
{
    struct bytes key;
    struct der_item pair;
    TRY(der_bits(spki, &key));
    TRY(der_only(key, DER_SEQUENCE, &pair));
    struct rd r = rd_over(pair.content);
    TRY(der_unsigned(&r, &out->n));
    TRY(der_unsigned(&r, &out->e));
    return rd_end(&r);
}

static status read_spki(struct bytes der, struct rsa_key_numbers *out)
{
    struct der_item outer;
    struct der_item algorithm;
    TRY(der_only(der, DER_SEQUENCE, &outer));
    struct rd r = rd_over(outer.content);
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm));
    REQUIRE(bytes_equal(algorithm.all, BYTES_OF(ALGORITHM)), ST_ALG, "the key is not an RSA key");
    TRY(read_numbers(&r, out));
    TRY(rd_end(&r));
    return rsa_key_check(out);
}

status rsa_key_read(struct bytes spki_der, struct rsa_key_numbers *out)
{
    struct rsa_key_numbers k;
    TRY(status_context(read_spki(spki_der, &k), "RSA key"));
    *out = k;
    return OK;
}

static void params_freep(OSSL_PARAM **p)
{
    OSSL_PARAM_free(*p);
    *p = NULL;
}

static void builder_freep(OSSL_PARAM_BLD **b)
{
    OSSL_PARAM_BLD_free(*b);
    *b = NULL;
}

static void number_freep(BIGNUM **n)
{
    BN_free(*n);
    *n = NULL;
}

static status build_params(const struct rsa_key_numbers *k, OSSL_PARAM **out)
{
    BIGNUM *n CLEANUP(number_freep) = BN_bin2bn(k->n.p, (int)k->n.n, NULL);
    BIGNUM *e CLEANUP(number_freep) = BN_bin2bn(k->e.p, (int)k->e.n, NULL);
    OSSL_PARAM_BLD *b CLEANUP(builder_freep) = OSSL_PARAM_BLD_new();
    if (n == NULL || e == NULL || b == NULL ||
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        return lib_fail("RSA public key");
    *out = OSSL_PARAM_BLD_to_param(b);
    return *out != NULL ? OK : lib_fail("RSA public key");
}

status rsa_key_public(const struct rsa_key_numbers *k, EVP_PKEY **out)
{
    OSSL_PARAM *params CLEANUP(params_freep) = NULL;
    TRY(build_params(k, &params));
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return lib_fail("RSA public key");
    return OK;
}

status rsa_key_spki(EVP_PKEY *key, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    if (n <= 0)
        return lib_fail("RSA public key");
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return buf_status(out);
}

/* What the algorithm's name fixes: padding, digest, and for PSS the mask and the salt. */
status rsa_key_set_scheme(EVP_PKEY_CTX *ctx, enum rsa_alg alg)
{
    const struct scheme *s = &SCHEMES[alg];
    const EVP_MD *digest = NULL;
    TRY(lib_digest(s->digest, &digest));
    if (EVP_PKEY_CTX_set_rsa_padding(ctx, s->padding) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, digest) != 1)
        return lib_fail("RSA scheme");
    if (s->padding == RSA_PKCS1_PSS_PADDING &&
        (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, digest) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)hash_len(s->digest)) != 1))
        return lib_fail("RSA scheme");
    return OK;
}

enum hash_alg rsa_key_digest(enum rsa_alg alg)
{
    return SCHEMES[alg].digest;
}

bool rsa_key_scheme_is_known(enum rsa_alg alg)
{
    return (unsigned)alg < sizeof(SCHEMES) / sizeof(SCHEMES[0]);
}
