#include "crypto/hkdf.h"

status hkdf_extract(enum hash_alg alg, struct bytes salt, struct bytes ikm, uint8_t *out_prk)
{
    /* No salt means a salt of zeroes, which is what HMAC makes of an empty key. */
    return hmac(alg, salt, ikm, out_prk);
}

/* One output block: T(i) = HMAC(prk, T(i-1) || info || i). */
static status next_block(enum hash_alg alg, struct bytes prk, struct bytes info, uint8_t i,
                         uint8_t block[static HASH_MAX_LEN])
{
    struct bytes before = bytes_of(block, i == 1 ? 0 : hash_len(alg));
    struct bytes parts[] = {before, info, bytes_of(&i, 1)};
    return hmac_parts(alg, prk, parts, 3, block);
}

static status expand(enum hash_alg alg, struct bytes prk, struct bytes info,
                     uint8_t block[static HASH_MAX_LEN], uint8_t *out, size_t out_n)
{
    for (uint8_t i = 1; out_n > 0; i++) {
        TRY(next_block(alg, prk, info, i, block));
        size_t n = out_n < hash_len(alg) ? out_n : hash_len(alg);
        memcpy(out, block, n);
        out += n;
        out_n -= n;
    }
    return OK;
}

status hkdf_expand(enum hash_alg alg, struct bytes prk, struct bytes info, uint8_t *out,
                   size_t out_n)
{
    REQUIRE(out_n <= 255 * hash_len(alg), ST_LIMIT, "HKDF output of %zu bytes", out_n);
    uint8_t block[HASH_MAX_LEN] = {0};
    status s = expand(alg, prk, info, block, out, out_n);
    if (failed(s))
        wipe(out, out_n);
    wipe(block, sizeof(block));
    return s;
}
