#include "crypto/aead.h"

#include <stdlib.h>

#include "crypto/lib.h"

/* libcrypto counts in int; a message of the protocols above is far below this. */
enum { MESSAGE_MAX_BYTES = 1 << 30 };

struct aead {
    EVP_CIPHER_CTX *ctx; /* keyed once; each message sets its nonce and direction */
};

void aead_key_wipe(struct aead_key *key)
{
    wipe(key, sizeof(*key));
}

bool aead_alg_is_known(unsigned alg)
{
    return alg == AEAD_AES_256_GCM || alg == AEAD_CHACHA20_POLY1305;
}

static status set_key(EVP_CIPHER_CTX *ctx, const struct aead_key *key)
{
    const EVP_CIPHER *cipher = NULL;
    TRY(lib_cipher(key->alg, &cipher));
    if (EVP_CipherInit_ex2(ctx, cipher, key->b, NULL, 1, NULL) != 1)
        return lib_fail("cipher init");
    return OK;
}

status aead_new(const struct aead_key *key, struct aead **out)
{
    struct aead *a CLEANUP(aead_freep) = calloc(1, sizeof(*a));
    REQUIRE(a != NULL, ST_NOMEM, "no memory for a cipher");
    a->ctx = EVP_CIPHER_CTX_new();
    REQUIRE(a->ctx != NULL, ST_NOMEM, "no memory for a cipher");
    TRY(set_key(a->ctx, key));
    *out = a;
    a = NULL;
    return OK;
}

void aead_freep(struct aead **a)
{
    if (*a != NULL)
        EVP_CIPHER_CTX_free((*a)->ctx);
    free(*a);
    *a = NULL;
}

/* Nonce, direction and associated data of one message. */
static bool begin(struct aead *a, bool is_seal, const uint8_t *nonce, struct bytes aad)
{
    int n = 0;
    return EVP_CipherInit_ex2(a->ctx, NULL, NULL, nonce, is_seal, NULL) == 1 &&
           (aad.n == 0 || EVP_CipherUpdate(a->ctx, NULL, &n, aad.p, (int)aad.n) == 1);
}

static bool body(struct aead *a, struct bytes in, uint8_t *out)
{
    int n = 0;
    return in.n == 0 ||
           (EVP_CipherUpdate(a->ctx, out, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n);
}

static status check_sizes(struct bytes aad, size_t n)
{
    REQUIRE(aad.n <= MESSAGE_MAX_BYTES && n <= MESSAGE_MAX_BYTES, ST_LIMIT,
            "message of %zu bytes with %zu of associated data", n, aad.n);
    return OK;
}

status aead_seal(struct aead *a, const uint8_t nonce[static AEAD_NONCE_LEN], struct bytes aad,
                 struct bytes plain, uint8_t *out)
{
    int n = 0;
    uint8_t none[AEAD_TAG_LEN];
    TRY(check_sizes(aad, plain.n));
    bool is_ok = begin(a, true, nonce, aad) && body(a, plain, out) &&
                 EVP_CipherFinal_ex(a->ctx, none, &n) == 1 &&
                 EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, out + plain.n);
    if (is_ok)
        return OK;
    /* Half a message must not be sent by mistake. */
    wipe(out, plain.n + AEAD_TAG_LEN);
    return lib_fail("sealing failed");
}

static status open_body(struct aead *a, struct bytes cipher, const uint8_t *tag, uint8_t *out)
{
    int n = 0;
    uint8_t expected[AEAD_TAG_LEN]; /* the control call takes no const */
    uint8_t none[AEAD_TAG_LEN];
    memcpy(expected, tag, sizeof(expected));
    if (!body(a, cipher, out) ||
        EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, expected) != 1)
        return lib_fail("opening failed");
    /* Nothing is allocated in there: a failure is the verdict. */
    if (EVP_CipherFinal_ex(a->ctx, none, &n) == 1)
        return OK;
    lib_errors_drop();
    return FAIL(ST_AUTH, "the tag does not match");
}

status aead_open(struct aead *a, const uint8_t nonce[static AEAD_NONCE_LEN], struct bytes aad,
                 struct bytes sealed, uint8_t *out)
{
    REQUIRE(sealed.n >= AEAD_TAG_LEN, ST_TRUNCATED, "sealed message of %zu bytes", sealed.n);
    struct bytes cipher = bytes_of(sealed.p, sealed.n - AEAD_TAG_LEN);
    TRY(check_sizes(aad, cipher.n));
    status s = begin(a, false, nonce, aad) ? open_body(a, cipher, sealed.p + cipher.n, out)
                                           : lib_fail("opening failed");
    if (failed(s))
        wipe(out, cipher.n);
    return s;
}
