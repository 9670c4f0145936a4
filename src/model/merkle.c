#include "model/merkle.h"

static const uint8_t LEAF_PREFIX[1] = {0x00};
static const uint8_t NODE_PREFIX[1] = {0x01};

/* 2^64 leaves could not be addressed, so a stack this deep holds every pending left subtree. */
enum { DEPTH_MAX = 64 };

status merkle_leaf(struct bytes chunk, uint8_t out[static SHA256_LEN])
{
    const struct bytes parts[2] = {BYTES_OF(LEAF_PREFIX), chunk};
    return hash_parts(HASH_SHA256, parts, 2, out);
}

static status node(const uint8_t *left, const uint8_t *right, uint8_t out[static SHA256_LEN])
{
    const struct bytes parts[3] = {BYTES_OF(NODE_PREFIX), bytes_of(left, SHA256_LEN),
                                   bytes_of(right, SHA256_LEN)};
    return hash_parts(HASH_SHA256, parts, 3, out);
}

/* Like a binary counter: two subtrees of one size become one of the next. What is left at the end
 * is joined from the right, which gives RFC 9162's shape: each left subtree is the largest full
 * one. */
status merkle_root(struct bytes leaves, uint8_t out[static SHA256_LEN])
{
    REQUIRE(leaves.n > 0 && leaves.n % SHA256_LEN == 0, ST_FORMAT,
            "a tree of %zu bytes of leaves cannot be", leaves.n);
    uint8_t stack[DEPTH_MAX][SHA256_LEN];
    size_t depth = 0;
    size_t n = leaves.n / SHA256_LEN;
    for (size_t i = 0; i < n; i++) {
        memcpy(stack[depth++], leaves.p + i * SHA256_LEN, SHA256_LEN);
        for (size_t carry = i; carry & 1; carry >>= 1) {
            TRY(node(stack[depth - 2], stack[depth - 1], stack[depth - 2]));
            depth--;
        }
    }
    for (; depth > 1; depth--)
        TRY(node(stack[depth - 2], stack[depth - 1], stack[depth - 2]));
    memcpy(out, stack[0], SHA256_LEN);
    return OK;
}
