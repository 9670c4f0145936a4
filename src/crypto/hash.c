#include "crypto/hash.h"

#include <stdlib.h>

#include "crypto/lib.h"

enum { BLOCK_MAX_BYTES = 128 };

struct hash {
    EVP_MD_CTX *ctx;
    enum hash_alg alg;
};

size_t hash_len(enum hash_alg alg)
{
    switch (alg) {
    case HASH_SHA256:
        return SHA256_LEN;
    case HASH_SHA384:
        return SHA384_LEN;
    case HASH_SHA512:
        return SHA512_LEN;
    }
    return 0;
}

static size_t block_len(enum hash_alg alg)
{
    return alg == HASH_SHA256 ? 64 : BLOCK_MAX_BYTES;
}

static status begin(enum hash_alg alg, EVP_MD_CTX **out)
{
    const EVP_MD *md = NULL;
    TRY(lib_digest(alg, &md));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    REQUIRE(ctx != NULL, ST_NOMEM, "no memory for a digest");
    if (EVP_DigestInit_ex2(ctx, md, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return lib_fail("digest init");
    }
    *out = ctx;
    return OK;
}

static status update(EVP_MD_CTX *ctx, struct bytes in)
{
    if (in.n > 0 && EVP_DigestUpdate(ctx, in.p, in.n) != 1)
        return lib_fail("digest update");
    return OK;
}

static status final(EVP_MD_CTX *ctx, uint8_t *out)
{
    if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        return lib_fail("digest final");
    return OK;
}

status hash_parts(enum hash_alg alg, const struct bytes *parts, size_t n_parts, uint8_t *out)
{
    EVP_MD_CTX *ctx CLEANUP(lib_md_ctx_freep) = NULL;
    TRY(begin(alg, &ctx));
    for (size_t i = 0; i < n_parts; i++)
        TRY(update(ctx, parts[i]));
    return final(ctx, out);
}

status sha256(struct bytes in, uint8_t out[static SHA256_LEN])
{
    return hash_parts(HASH_SHA256, &in, 1, out);
}

status sha384(struct bytes in, uint8_t out[static SHA384_LEN])
{
    return hash_parts(HASH_SHA384, &in, 1, out);
}

status hash_new(enum hash_alg alg, struct hash **out)
{
    struct hash *h = calloc(1, sizeof(*h));
    REQUIRE(h != NULL, ST_NOMEM, "no memory for a digest");
    h->alg = alg;
    status s = begin(alg, &h->ctx);
    if (failed(s)) {
        free(h);
        return s;
    }
    *out = h;
    return OK;
}

void hash_freep(struct hash **h)
{
    if (*h != NULL)
        lib_md_ctx_freep(&(*h)->ctx);
    free(*h);
    *h = NULL;
}

status hash_update(struct hash *h, struct bytes in)
{
    return update(h->ctx, in);
}

status hash_final(struct hash *h, uint8_t *out)
{
    return final(h->ctx, out);
}

status hash_peek(const struct hash *h, uint8_t *out)
{
    EVP_MD_CTX *copy CLEANUP(lib_md_ctx_freep) = EVP_MD_CTX_new();
    REQUIRE(copy != NULL, ST_NOMEM, "no memory for a digest");
    if (EVP_MD_CTX_copy_ex(copy, h->ctx) != 1)
        return lib_fail("digest copy");
    return final(copy, out);
}

/* RFC 2104 section 2: keys above the block size are hashed first, shorter ones padded with zero. */
static status padded_key(enum hash_alg alg, struct bytes key, uint8_t out[static BLOCK_MAX_BYTES])
{
    memset(out, 0, BLOCK_MAX_BYTES);
    if (key.n > block_len(alg))
        return hash_parts(alg, &key, 1, out);
    if (key.n > 0)
        memcpy(out, key.p, key.n);
    return OK;
}

static void xor_pad(uint8_t block[static BLOCK_MAX_BYTES], uint8_t with)
{
    for (size_t i = 0; i < BLOCK_MAX_BYTES; i++)
        block[i] = (uint8_t)(block[i] ^ with);
}

static status keyed(enum hash_alg alg, uint8_t block[static BLOCK_MAX_BYTES],
                    const struct bytes *parts, size_t n_parts, uint8_t *out)
{
    EVP_MD_CTX *ctx CLEANUP(lib_md_ctx_freep) = NULL;
    TRY(begin(alg, &ctx));
    TRY(update(ctx, bytes_of(block, block_len(alg))));
    for (size_t i = 0; i < n_parts; i++)
        TRY(update(ctx, parts[i]));
    return final(ctx, out);
}

static status inner_outer(enum hash_alg alg, uint8_t block[static BLOCK_MAX_BYTES],
                          const struct bytes *parts, size_t n_parts, uint8_t *out)
{
    uint8_t inner[HASH_MAX_LEN];
    xor_pad(block, 0x36);
    TRY(keyed(alg, block, parts, n_parts, inner));
    xor_pad(block, 0x36 ^ 0x5c);
    struct bytes digest = bytes_of(inner, hash_len(alg));
    status s = keyed(alg, block, &digest, 1, out);
    wipe(inner, sizeof(inner));
    return s;
}

/* Written out on the digest, since EVP_MAC looks its digest up by name on every call. */
status hmac_parts(enum hash_alg alg, struct bytes key, const struct bytes *parts, size_t n_parts,
                  uint8_t *out)
{
    uint8_t block[BLOCK_MAX_BYTES];
    status s = padded_key(alg, key, block);
    if (ok(s))
        s = inner_outer(alg, block, parts, n_parts, out);
    wipe(block, sizeof(block));
    return s;
}

status hmac(enum hash_alg alg, struct bytes key, struct bytes in, uint8_t *out)
{
    return hmac_parts(alg, key, &in, 1, out);
}
