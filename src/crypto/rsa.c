#include "crypto/rsa.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/der.h"
#include "crypto/hash.h"
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

/* Big-endian, without leading zero bytes. */
struct public_numbers {
    struct bytes n, e;
};

struct rsa_secret {
    EVP_PKEY *key;
};

static unsigned bits_of(struct bytes magnitude)
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
    REQUIRE(n.n >= RSA_BITS_MIN / 8 && n.n <= RSA_BITS_MAX / 8 && bits_of(n) % 8 == 0, ST_LIMIT,
            "RSA: a modulus of %u bits", bits_of(n));
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

static status check_numbers(const struct public_numbers *k)
{
    TRY(check_modulus(k->n));
    return check_exponent(k->e);
}

/* BIT STRING { SEQUENCE { n INTEGER, e INTEGER } } */
static status read_numbers(struct rd *spki, struct public_numbers *out)
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

static status read_spki(struct bytes der, struct public_numbers *out)
{
    struct der_item outer;
    struct der_item algorithm;
    TRY(der_only(der, DER_SEQUENCE, &outer));
    struct rd r = rd_over(outer.content);
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm));
    REQUIRE(bytes_equal(algorithm.all, BYTES_OF(ALGORITHM)), ST_ALG, "the key is not an RSA key");
    TRY(read_numbers(&r, out));
    TRY(rd_end(&r));
    return check_numbers(out);
}

status rsa_spki_bits(struct bytes spki_der, unsigned *out_bits)
{
    struct public_numbers k;
    TRY(status_context(read_spki(spki_der, &k), "RSA key"));
    *out_bits = bits_of(k.n);
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

static status build_params(const struct public_numbers *k, OSSL_PARAM **out)
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

static status public_key(const struct public_numbers *k, EVP_PKEY **out)
{
    OSSL_PARAM *params CLEANUP(params_freep) = NULL;
    TRY(build_params(k, &params));
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return lib_fail("RSA public key");
    return OK;
}

static status spki_of(EVP_PKEY *key, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    if (n <= 0)
        return lib_fail("RSA public key");
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return buf_status(out);
}

status rsa_spki_from_ne(struct bytes n, struct bytes e, struct buf *out_spki)
{
    struct public_numbers k = {.n = n, .e = e};
    REQUIRE(n.n > 0 && e.n > 0 && n.p[0] != 0 && e.p[0] != 0, ST_FORMAT,
            "RSA: a number that is empty or begins with a zero byte");
    TRY(check_numbers(&k));
    TRY(lib_init());
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(public_key(&k, &key));
    return spki_of(key, out_spki);
}

/* What the algorithm's name fixes: padding, digest, and for PSS the mask and the salt. */
static status set_scheme(EVP_PKEY_CTX *ctx, const struct scheme *s)
{
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

static status verify_digest(EVP_PKEY *key, const struct scheme *s, const uint8_t *digest,
                            struct bytes sig)
{
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
        return lib_fail("RSA verification");
    TRY(set_scheme(ctx, s));
    if (EVP_PKEY_verify(ctx, sig.p, sig.n, digest, hash_len(s->digest)) != 1)
        return lib_fail_as(ST_AUTH, "the RSA signature does not hold");
    return OK;
}

status rsa_verify_spki(enum rsa_alg alg, struct bytes spki_der, struct bytes message,
                       struct bytes sig)
{
    struct public_numbers k;
    TRY(lib_init());
    TRY(status_context(read_spki(spki_der, &k), "RSA key"));
    REQUIRE((unsigned)alg <= RSA_PS384, ST_ALG, "no RSA scheme %u", (unsigned)alg);
    REQUIRE(sig.n == k.n.n, ST_FORMAT, "RSA signature of %zu bytes", sig.n);
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(public_key(&k, &key));
    uint8_t digest[HASH_MAX_LEN];
    TRY(hash_parts(SCHEMES[alg].digest, &message, 1, digest));
    return verify_digest(key, &SCHEMES[alg], digest, sig);
}

void rsa_secret_freep(struct rsa_secret **s)
{
    if (*s != NULL)
        EVP_PKEY_free((*s)->key);
    free(*s);
    *s = NULL;
}

EVP_PKEY *rsa_secret_pkey(const struct rsa_secret *s)
{
    return s->key;
}

static status secret_new(struct rsa_secret **out)
{
    TRY(lib_init());
    *out = calloc(1, sizeof(**out));
    REQUIRE(*out != NULL, ST_NOMEM, "no memory for a key");
    return OK;
}

status rsa_generate(unsigned bits, struct rsa_secret **out)
{
    struct rsa_secret *s CLEANUP(rsa_secret_freep) = NULL;
    REQUIRE(bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX, ST_USAGE, "an RSA key of %u bits", bits);
    TRY(secret_new(&s));
    s->key = EVP_RSA_gen(bits);
    if (s->key == NULL)
        return lib_fail("RSA key generation");
    *out = s;
    s = NULL;
    return OK;
}

static status decode_secret(struct bytes der, EVP_PKEY **out)
{
    const uint8_t *p = der.p;
    *out = d2i_AutoPrivateKey_ex(NULL, &p, (long)der.n, NULL, NULL);
    if (*out == NULL)
        return lib_fail_as(ST_FORMAT, "not a private key");
    lib_errors_drop();
    REQUIRE(p == der.p + der.n, ST_FORMAT, "bytes after the private key");
    return OK;
}

/* The public half is held to the rules for public keys. */
static status check_secret(EVP_PKEY *key)
{
    struct buf spki CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    unsigned bits = 0;
    TRY(spki_of(key, &spki));
    return rsa_spki_bits(buf_view(&spki), &bits);
}

status rsa_secret_from_der(struct bytes pkcs8_or_pkcs1_der, struct rsa_secret **out)
{
    struct rsa_secret *s CLEANUP(rsa_secret_freep) = NULL;
    TRY(secret_new(&s));
    TRY(decode_secret(pkcs8_or_pkcs1_der, &s->key));
    TRY(check_secret(s->key));
    *out = s;
    s = NULL;
    return OK;
}

static void pkcs8_freep(PKCS8_PRIV_KEY_INFO **p)
{
    PKCS8_PRIV_KEY_INFO_free(*p);
    *p = NULL;
}

status rsa_secret_to_der(const struct rsa_secret *s, struct buf *out_pkcs8)
{
    PKCS8_PRIV_KEY_INFO *info CLEANUP(pkcs8_freep) = EVP_PKEY2PKCS8(s->key);
    uint8_t *der = NULL;
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    if (n <= 0)
        return lib_fail("RSA private key");
    buf_put(out_pkcs8, bytes_of(der, (size_t)n));
    OPENSSL_clear_free(der, (size_t)n);
    return buf_status(out_pkcs8);
}

status rsa_public_spki(const struct rsa_secret *s, struct buf *out_der)
{
    return spki_of(s->key, out_der);
}

status rsa_sign(const struct rsa_secret *s, enum rsa_alg alg, struct bytes message,
                struct buf *out_sig)
{
    uint8_t digest[HASH_MAX_LEN], sig[RSA_SIG_MAX];
    size_t n = sizeof(sig);
    REQUIRE((unsigned)alg <= RSA_PS384, ST_ALG, "no RSA scheme %u", (unsigned)alg);
    TRY(hash_parts(SCHEMES[alg].digest, &message, 1, digest));
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1)
        return lib_fail("RSA signing");
    TRY(set_scheme(ctx, &SCHEMES[alg]));
    if (EVP_PKEY_sign(ctx, sig, &n, digest, hash_len(SCHEMES[alg].digest)) != 1)
        return lib_fail("RSA signing");
    buf_put(out_sig, bytes_of(sig, n));
    return buf_status(out_sig);
}

static status set_oaep(EVP_PKEY_CTX *ctx)
{
    const EVP_MD *digest = NULL;
    TRY(lib_digest(HASH_SHA256, &digest));
    if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(ctx, digest) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, digest) != 1)
        return lib_fail("RSA OAEP");
    return OK;
}

struct plain {
    uint8_t b[RSA_SIG_MAX];
    size_t n;
};

static void plain_wipe(struct plain *p)
{
    wipe(p, sizeof(*p));
}

status rsa_oaep_open(const struct rsa_secret *s, struct bytes ciphertext, struct buf *out_plain)
{
    struct plain plain CLEANUP(plain_wipe) = {.n = sizeof(plain.b)};
    TRY(lib_init());
    REQUIRE(ciphertext.n == (size_t)EVP_PKEY_get_size(s->key), ST_AUTH,
            "the wrapped key does not open");
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    if (ctx == NULL || EVP_PKEY_decrypt_init(ctx) != 1)
        return lib_fail("RSA OAEP");
    TRY(set_oaep(ctx));
    if (EVP_PKEY_decrypt(ctx, plain.b, &plain.n, ciphertext.p, ciphertext.n) != 1)
        return lib_fail_as(ST_AUTH, "the wrapped key does not open");
    buf_put(out_plain, bytes_of(plain.b, plain.n));
    return buf_status(out_plain);
}

status rsa_oaep_seal(struct bytes spki_der, struct bytes plain, struct buf *out)
{
    struct public_numbers k;
    uint8_t sealed[RSA_SIG_MAX];
    size_t n = sizeof(sealed);
    TRY(lib_init());
    TRY(status_context(read_spki(spki_der, &k), "RSA key"));
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(public_key(&k, &key));
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1)
        return lib_fail("RSA OAEP");
    TRY(set_oaep(ctx));
    if (EVP_PKEY_encrypt(ctx, sealed, &n, plain.p, plain.n) != 1)
        return lib_fail_as(ST_LIMIT, "RSA OAEP: the message is too long");
    buf_put(out, bytes_of(sealed, n));
    return buf_status(out);
}
