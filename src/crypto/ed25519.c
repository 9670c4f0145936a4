#include "crypto/ed25519.h"

#include <stdlib.h>

#include "crypto/lib.h"
#include "crypto/rand.h"

/* The y coordinates of the eight points whose order divides 8, little-endian, sign bit cleared.
 * The two signs of the order-8 and order-4 points share a y. */
static const uint8_t SMALL_ORDER_Y[5][32] = {
    {0x00}, /* order 4 */
    {0x01}, /* the neutral point */
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

void ed25519_secret_wipe(struct ed25519_secret *s)
{
    wipe(s, sizeof(*s));
}

/* y < 2^255 - 19: only ed..ff ff..ff 7f is at or above it. */
static bool y_is_canonical(const uint8_t y[static 32])
{
    if (y[0] < 0xed || y[31] != 0x7f)
        return true;
    for (size_t i = 1; i < 31; i++) {
        if (y[i] != 0xff)
            return true;
    }
    return false;
}

static bool y_is_small_order(const uint8_t y[static 32])
{
    for (size_t i = 0; i < sizeof(SMALL_ORDER_Y) / sizeof(SMALL_ORDER_Y[0]); i++) {
        if (memcmp(y, SMALL_ORDER_Y[i], 32) == 0)
            return true;
    }
    return false;
}

/* A point that an honest signer can have made. Points are public: no need for constant time. */
static bool point_is_strict(const uint8_t point[static 32])
{
    uint8_t y[32];
    memcpy(y, point, 32);
    y[31] &= 0x7f;
    return y_is_canonical(y) && !y_is_small_order(y);
}

static status private_key(const uint8_t seed[static ED25519_SEED_LEN], EVP_PKEY **out)
{
    TRY(lib_init());
    *out = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, ED25519_SEED_LEN);
    if (*out == NULL)
        return lib_fail("Ed25519 private key");
    return OK;
}

status ed25519_from_seed(const uint8_t seed[static ED25519_SEED_LEN], struct ed25519_secret *out)
{
    EVP_PKEY *key CLEANUP(lib_pkey_freep) = NULL;
    TRY(private_key(seed, &key));
    struct ed25519_secret s CLEANUP(ed25519_secret_wipe) = {.seed = {0}};
    size_t n = ED25519_PUBLIC_LEN;
    if (EVP_PKEY_get_raw_public_key(key, s.public_key, &n) != 1 || n != ED25519_PUBLIC_LEN)
        return lib_fail("Ed25519 public key");
    memcpy(s.seed, seed, ED25519_SEED_LEN);
    *out = s;
    return OK;
}

status ed25519_generate(struct ed25519_secret *out)
{
    struct ed25519_secret s CLEANUP(ed25519_secret_wipe) = {.seed = {0}};
    TRY(rand_bytes(s.seed, sizeof(s.seed)));
    return ed25519_from_seed(s.seed, out);
}

struct ed25519_signer {
    EVP_PKEY *key;
};

void ed25519_signer_freep(struct ed25519_signer **s)
{
    if (*s != NULL)
        EVP_PKEY_free((*s)->key);
    free(*s);
    *s = NULL;
}

/* libcrypto derives the public key from the seed again here. Taking ours would be faster, but a
 * public key that does not belong to the seed makes a signature give the seed away. */
status ed25519_signer_new(const struct ed25519_secret *s, struct ed25519_signer **out)
{
    struct ed25519_signer *made CLEANUP(ed25519_signer_freep) = calloc(1, sizeof(*made));
    REQUIRE(made != NULL, ST_NOMEM, "no memory for a key");
    TRY(private_key(s->seed, &made->key));
    *out = made;
    made = NULL;
    return OK;
}

status ed25519_signer_sign(const struct ed25519_signer *s, struct bytes message,
                           uint8_t out_sig[static ED25519_SIG_LEN])
{
    TRY(lib_init());
    EVP_MD_CTX *ctx CLEANUP(lib_md_ctx_freep) = EVP_MD_CTX_new();
    size_t n = ED25519_SIG_LEN;
    if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, s->key, NULL) != 1 ||
        EVP_DigestSign(ctx, out_sig, &n, message.p, message.n) != 1 || n != ED25519_SIG_LEN)
        return lib_fail("Ed25519 signing");
    return OK;
}

status ed25519_sign(const struct ed25519_secret *s, struct bytes message,
                    uint8_t out_sig[static ED25519_SIG_LEN])
{
    struct ed25519_signer *signer CLEANUP(ed25519_signer_freep) = NULL;
    TRY(ed25519_signer_new(s, &signer));
    return ed25519_signer_sign(signer, message, out_sig);
}

static status verify(const uint8_t *public_key, struct bytes message, struct bytes sig)
{
    TRY(lib_init());
    EVP_PKEY *key CLEANUP(lib_pkey_freep) =
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, public_key, ED25519_PUBLIC_LEN);
    EVP_MD_CTX *ctx CLEANUP(lib_md_ctx_freep) = EVP_MD_CTX_new();
    if (key == NULL || ctx == NULL ||
        EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) != 1)
        return lib_fail("Ed25519 verification");
    if (EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n) != 1)
        return lib_fail_as(ST_AUTH, "the Ed25519 signature does not hold");
    return OK;
}

status ed25519_verify(const uint8_t public_key[static ED25519_PUBLIC_LEN], struct bytes message,
                      struct bytes sig)
{
    REQUIRE(sig.n == ED25519_SIG_LEN, ST_FORMAT, "Ed25519 signature of %zu bytes", sig.n);
    REQUIRE(point_is_strict(public_key), ST_ALG,
            "the Ed25519 key is of small order or not canonical");
    REQUIRE(point_is_strict(sig.p), ST_AUTH,
            "the Ed25519 signature's point is of small order or not canonical");
    return verify(public_key, message, sig);
}
