#include "crypto/aes_cbc.h"

#include "crypto/lib.h"

void aes_cbc_key_wipe(struct aes_cbc_key *key)
{
    wipe(key, sizeof(*key));
}

static void cipher_freep(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
    *ctx = NULL;
}

/* Whole blocks to whole blocks; padding is done by the callers. */
static status run(const struct aes_cbc_key *key, const uint8_t *iv, bool is_seal, struct bytes in,
                  uint8_t *out)
{
    const EVP_CIPHER *cipher = NULL;
    int n = 0;
    TRY(lib_aes_cbc(&cipher));
    EVP_CIPHER_CTX *ctx CLEANUP(cipher_freep) = EVP_CIPHER_CTX_new();
    if (ctx == NULL || EVP_CipherInit_ex2(ctx, cipher, key->b, iv, is_seal, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) != 1 || (size_t)n != in.n)
        return lib_fail("AES-256-CBC");
    return OK;
}

/* All ones when a < b, for values below 2^31. */
static uint32_t mask_below(uint32_t a, uint32_t b)
{
    return 0 - ((a - b) >> 31);
}

/* All ones for 0. */
static uint32_t mask_zero(uint32_t a)
{
    return 0 - ((~a & (a - 1)) >> 31);
}

/* The last byte, 1 to 16, says how many bytes hold its value. Every byte of the last block is
 * looked at, whatever it says. 0 when the padding is wrong. */
static uint32_t padding_of(const uint8_t *last_block)
{
    uint32_t n = last_block[AES_CBC_BLOCK - 1];
    uint32_t wrong = mask_zero(n) | mask_below(AES_CBC_BLOCK, n);
    for (uint32_t i = 0; i < AES_CBC_BLOCK; i++) {
        uint32_t is_padding = mask_below(AES_CBC_BLOCK - 1 - i, n);
        wrong |= is_padding & (last_block[i] ^ n);
    }
    return n & mask_zero(wrong);
}

status aes_cbc_open(const struct aes_cbc_key *key, const uint8_t iv[static AES_CBC_BLOCK],
                    struct bytes sealed, struct buf *out_plain)
{
    REQUIRE(sealed.n <= AES_CBC_MAX_BYTES, ST_LIMIT, "%zu bytes for AES-256-CBC", sealed.n);
    REQUIRE(sealed.n > 0 && sealed.n % AES_CBC_BLOCK == 0, ST_FORMAT,
            "%zu bytes are no whole blocks", sealed.n);
    struct buf plain CLEANUP(buf_done) = BUF_MAX(sealed.n);
    uint8_t *p = buf_extend(&plain, sealed.n);
    TRY(buf_status(&plain));
    TRY(run(key, iv, false, sealed, p));
    uint32_t padding = padding_of(p + sealed.n - AES_CBC_BLOCK);
    REQUIRE(padding != 0, ST_AUTH, "the message does not open");
    buf_put(out_plain, bytes_of(p, sealed.n - padding));
    return buf_status(out_plain);
}

status aes_cbc_seal(const struct aes_cbc_key *key, const uint8_t iv[static AES_CBC_BLOCK],
                    struct bytes plain, struct buf *out)
{
    REQUIRE(plain.n < AES_CBC_MAX_BYTES, ST_LIMIT, "%zu bytes for AES-256-CBC", plain.n);
    struct buf padded CLEANUP(buf_done) = BUF_MAX(AES_CBC_MAX_BYTES + AES_CBC_BLOCK);
    size_t padding = AES_CBC_BLOCK - plain.n % AES_CBC_BLOCK;
    buf_put(&padded, plain);
    for (size_t i = 0; i < padding; i++)
        buf_put_u8(&padded, (uint8_t)padding);
    TRY(buf_status(&padded));
    uint8_t *p = buf_extend(out, padded.n);
    TRY(buf_status(out));
    status s = run(key, iv, true, buf_view(&padded), p);
    if (failed(s))
        wipe(p, padded.n);
    return s;
}
