#include "crypto/ecdsa.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "crypto/der.h"
#include "crypto/hash.h"
#include "crypto/lib.h"

enum {
    COORDINATE_MAX = 48,
    POINT_MAX = 1 + 2 * COORDINATE_MAX,
    DER_SIG_MAX = 128,
    SPKI_MAX_BYTES = 512
};

/* SEQUENCE { SEQUENCE { ecPublicKey, curve }, BIT STRING (0 unused bits) ... up to the point. */
static const uint8_t SPKI_P256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t SPKI_P384[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};

struct curve {
    const char *group;
    size_t coordinate_bytes;
    enum hash_alg digest;
    struct bytes spki_prefix;
};

static const struct curve CURVES[] = {
    [ECDSA_ES256] = {"P-256", 32, HASH_SHA256, {SPKI_P256, sizeof(SPKI_P256)}},
    [ECDSA_ES384] = {"P-384", 48, HASH_SHA384, {SPKI_P384, sizeof(SPKI_P384)}},
};

struct ecdsa_secret {
    EVP_PKEY *key;
    enum ecdsa_alg alg;
};

size_t ecdsa_sig_len(enum ecdsa_alg alg)
{
    return 2 * CURVES[alg].coordinate_bytes;
}

static size_t point_len(enum ecdsa_alg alg)
{
    return 1 + 2 * CURVES[alg].coordinate_bytes;
}

static bool has_prefix(enum ecdsa_alg alg, struct bytes spki)
{
    struct bytes prefix = CURVES[alg].spki_prefix;
    return spki.n >= prefix.n && memcmp(spki.p, prefix.p, prefix.n) == 0;
}

bool ecdsa_spki_is_known(struct bytes spki_der, enum ecdsa_alg *out_alg)
{
    for (unsigned i = 0; i < sizeof(CURVES) / sizeof(CURVES[0]); i++) {
        enum ecdsa_alg alg = (enum ecdsa_alg)i;
        size_t prefix = CURVES[alg].spki_prefix.n;
        if (has_prefix(alg, spki_der) && spki_der.n == prefix + point_len(alg) &&
            spki_der.p[prefix] == 4) {
            *out_alg = alg;
            return true;
        }
    }
    return false;
}

static status check_point(enum ecdsa_alg alg, struct bytes point)
{
    REQUIRE(point.n == point_len(alg) && point.p[0] == 4, ST_FORMAT, "not an uncompressed %s point",
            CURVES[alg].group);
    return OK;
}

/* libcrypto checks here that the point is on the curve. */
static status public_key(enum ecdsa_alg alg, struct bytes point, EVP_PKEY **out)
{
    char group[16] = {0};
    uint8_t copy[POINT_MAX];
    memcpy(group, CURVES[alg].group, strlen(CURVES[alg].group));
    memcpy(copy, point.p, point.n);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, point.n),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        return lib_fail("EC key context");
    if (EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return lib_fail_as(ST_FORMAT, "a point that is not on its curve");
    return OK;
}

static void sig_freep(ECDSA_SIG **s)
{
    ECDSA_SIG_free(*s);
    *s = NULL;
}

/* r || s to the DER form that libcrypto takes. */
static status sig_to_der(struct bytes sig, uint8_t out[static DER_SIG_MAX], size_t *out_n)
{
    int half = (int)(sig.n / 2);
    ECDSA_SIG *parsed CLEANUP(sig_freep) = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig.p, half, NULL);
    BIGNUM *s = BN_bin2bn(sig.p + half, half, NULL);
    if (parsed == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(parsed, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return lib_fail("ECDSA signature");
    }
    int n = i2d_ECDSA_SIG(parsed, NULL);
    if (n <= 0 || n > DER_SIG_MAX)
        return lib_fail("ECDSA signature");
    (void)i2d_ECDSA_SIG(parsed, &out);
    *out_n = (size_t)n;
    return OK;
}

/* One INTEGER, right-aligned in n bytes. */
static status take_coordinate(struct rd *r, size_t n, uint8_t *out)
{
    struct bytes magnitude;
    TRY(der_unsigned(r, &magnitude));
    REQUIRE(magnitude.n <= n, ST_FORMAT, "ECDSA signature: a number of %zu bytes", magnitude.n);
    memset(out, 0, n - magnitude.n);
    memcpy(out + n - magnitude.n, magnitude.p, magnitude.n);
    return OK;
}

status ecdsa_sig_from_der(enum ecdsa_alg alg, struct bytes der, uint8_t *out_sig)
{
    struct der_item pair;
    uint8_t sig[ECDSA_SIG_MAX];
    size_t half = CURVES[alg].coordinate_bytes;
    TRY(der_only(der, DER_SEQUENCE, &pair));
    struct rd r = rd_over(pair.content);
    TRY(take_coordinate(&r, half, sig));
    TRY(take_coordinate(&r, half, sig + half));
    TRY(rd_end(&r));
    memcpy(out_sig, sig, 2 * half);
    return OK;
}

static status verify_digest(EVP_PKEY *key, struct bytes digest, struct bytes der_sig)
{
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
        return lib_fail("ECDSA verification");
    if (EVP_PKEY_verify(ctx, der_sig.p, der_sig.n, digest.p, digest.n) != 1)
        return lib_fail_as(ST_AUTH, "the ECDSA signature does not hold");
    return OK;
}

status ecdsa_verify_point(enum ecdsa_alg alg, struct bytes point, struct bytes message,
                          struct bytes sig)
{
    TRY(lib_init());
    TRY(check_point(alg, point));
    REQUIRE(sig.n == ecdsa_sig_len(alg), ST_FORMAT, "%s signature of %zu bytes", CURVES[alg].group,
            sig.n);
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(public_key(alg, point, &key));
    uint8_t der[DER_SIG_MAX];
    size_t der_n = 0;
    TRY(sig_to_der(sig, der, &der_n));
    uint8_t digest[HASH_MAX_LEN];
    TRY(hash_parts(CURVES[alg].digest, &message, 1, digest));
    return verify_digest(key, bytes_of(digest, hash_len(CURVES[alg].digest)), bytes_of(der, der_n));
}

status ecdsa_verify_spki(enum ecdsa_alg alg, struct bytes spki_der, struct bytes message,
                         struct bytes sig)
{
    REQUIRE(has_prefix(alg, spki_der), ST_ALG, "the key is not a %s key", CURVES[alg].group);
    size_t n = CURVES[alg].spki_prefix.n;
    return ecdsa_verify_point(alg, bytes_of(spki_der.p + n, spki_der.n - n), message, sig);
}

void ecdsa_secret_freep(struct ecdsa_secret **s)
{
    if (*s != NULL)
        EVP_PKEY_free((*s)->key);
    free(*s);
    *s = NULL;
}

status ecdsa_generate(enum ecdsa_alg alg, struct ecdsa_secret **out)
{
    TRY(lib_init());
    struct ecdsa_secret *s CLEANUP(ecdsa_secret_freep) = calloc(1, sizeof(*s));
    REQUIRE(s != NULL, ST_NOMEM, "no memory for a key");
    s->alg = alg;
    s->key = EVP_EC_gen(CURVES[alg].group);
    if (s->key == NULL)
        return lib_fail("EC key generation");
    *out = s;
    s = NULL;
    return OK;
}

enum ecdsa_alg ecdsa_secret_alg(const struct ecdsa_secret *s)
{
    return s->alg;
}

EVP_PKEY *ecdsa_secret_pkey(const struct ecdsa_secret *s)
{
    return s->key;
}

static status spki_of(EVP_PKEY *key, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    if (n <= 0)
        return lib_fail("EC public key");
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return buf_status(out);
}

/* The public half in its one accepted form tells the curve. */
static status alg_of(EVP_PKEY *key, enum ecdsa_alg *out)
{
    struct buf spki CLEANUP(buf_done) = BUF_MAX(SPKI_MAX_BYTES);
    TRY(spki_of(key, &spki));
    REQUIRE(ecdsa_spki_is_known(buf_view(&spki), out), ST_ALG, "not a P-256 or P-384 key");
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

status ecdsa_secret_from_der(struct bytes pkcs8_or_sec1_der, struct ecdsa_secret **out)
{
    TRY(lib_init());
    struct ecdsa_secret *s CLEANUP(ecdsa_secret_freep) = calloc(1, sizeof(*s));
    REQUIRE(s != NULL, ST_NOMEM, "no memory for a key");
    TRY(decode_secret(pkcs8_or_sec1_der, &s->key));
    TRY(alg_of(s->key, &s->alg));
    *out = s;
    s = NULL;
    return OK;
}

static void pkcs8_freep(PKCS8_PRIV_KEY_INFO **p)
{
    PKCS8_PRIV_KEY_INFO_free(*p);
    *p = NULL;
}

status ecdsa_secret_to_der(const struct ecdsa_secret *s, struct buf *out)
{
    PKCS8_PRIV_KEY_INFO *info CLEANUP(pkcs8_freep) = EVP_PKEY2PKCS8(s->key);
    uint8_t *der = NULL;
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    if (n <= 0)
        return lib_fail("EC private key");
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_clear_free(der, (size_t)n);
    return buf_status(out);
}

status ecdsa_public_spki(const struct ecdsa_secret *s, struct buf *out_der)
{
    return spki_of(s->key, out_der);
}

static status sign_digest(const struct ecdsa_secret *s, struct bytes digest,
                          uint8_t der[static DER_SIG_MAX], size_t *out_n)
{
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    *out_n = DER_SIG_MAX;
    if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1 ||
        EVP_PKEY_sign(ctx, der, out_n, digest.p, digest.n) != 1)
        return lib_fail("ECDSA signing");
    return OK;
}

static status der_to_sig(const uint8_t *der, size_t n, enum ecdsa_alg alg, uint8_t *out_sig)
{
    int half = (int)CURVES[alg].coordinate_bytes;
    ECDSA_SIG *parsed CLEANUP(sig_freep) = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (parsed == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(parsed), out_sig, half) != half ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parsed), out_sig + half, half) != half)
        return lib_fail("ECDSA signature");
    return OK;
}

status ecdsa_sign(const struct ecdsa_secret *s, struct bytes message, uint8_t *out_sig)
{
    uint8_t digest[HASH_MAX_LEN];
    uint8_t der[DER_SIG_MAX];
    size_t der_n = 0;
    enum hash_alg hash = CURVES[s->alg].digest;
    TRY(hash_parts(hash, &message, 1, digest));
    TRY(sign_digest(s, bytes_of(digest, hash_len(hash)), der, &der_n));
    return der_to_sig(der, der_n, s->alg, out_sig);
}
