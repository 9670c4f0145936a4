/* RSA private keys: what the enclave unwraps with, and what tests sign with. */
#include "crypto/rsa.h"

#include <stdlib.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/hash.h"
#include "crypto/lib.h"
#include "crypto/rsa_key.h"

struct rsa_secret {
    EVP_PKEY *key;
};

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
    TRY(rsa_key_spki(key, &spki));
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
    return rsa_key_spki(s->key, out_der);
}

status rsa_sign(const struct rsa_secret *s, enum rsa_alg alg, struct bytes message,
                struct buf *out_sig)
{
    uint8_t digest[HASH_MAX_LEN], sig[RSA_SIG_MAX];
    size_t n = sizeof(sig);
    REQUIRE(rsa_key_scheme_is_known(alg), ST_ALG, "no RSA scheme %u", (unsigned)alg);
    TRY(hash_parts(rsa_key_digest(alg), &message, 1, digest));
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1)
        return lib_fail("RSA signing");
    TRY(rsa_key_set_scheme(ctx, alg));
    if (EVP_PKEY_sign(ctx, sig, &n, digest, hash_len(rsa_key_digest(alg))) != 1)
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
    struct rsa_key_numbers k;
    uint8_t sealed[RSA_SIG_MAX];
    size_t n = sizeof(sealed);
    TRY(lib_init());
    TRY(rsa_key_read(spki_der, &k));
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(rsa_key_public(&k, &key));
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1)
        return lib_fail("RSA OAEP");
    TRY(set_oaep(ctx));
    if (EVP_PKEY_encrypt(ctx, sealed, &n, plain.p, plain.n) != 1)
        return lib_fail_as(ST_LIMIT, "RSA OAEP: the message is too long");
    buf_put(out, bytes_of(sealed, n));
    return buf_status(out);
}
