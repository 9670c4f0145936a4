#include "support/test.h"

#include "base/text.h"
#include "model/merkle.h"

/* The tree of RFC 6962 with the leaf data of the certificate-transparency reference tests. */
static const char *const LEAVES[] = {"",
                                     "00",
                                     "10",
                                     "2021",
                                     "3031",
                                     "40414243",
                                     "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f"};
static const char *const ROOTS[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void known_trees(void **state)
{
    (void)state;
    struct buf leaves CLEANUP(buf_done) = BUF_MAX(8 * SHA256_LEN);
    for (size_t i = 0; i < 8; i++) {
        struct buf data CLEANUP(buf_done) = test_hex(LEAVES[i]);
        struct buf want CLEANUP(buf_done) = test_hex(ROOTS[i]);
        uint8_t root[SHA256_LEN];
        uint8_t *leaf = buf_extend(&leaves, SHA256_LEN);
        assert_ok(merkle_leaf(buf_view(&data), leaf));
        assert_ok(merkle_root(buf_view(&leaves), root));
        assert_memory_equal(root, want.p, SHA256_LEN);
    }
}

/* The definition of the RFC, word for word, as a second implementation. */
static void define(const uint8_t *leaves, size_t n, uint8_t out[static SHA256_LEN])
{
    uint8_t left[SHA256_LEN];
    uint8_t right[SHA256_LEN];
    size_t k = 1;
    if (n == 1) {
        memcpy(out, leaves, SHA256_LEN);
        return;
    }
    while (2 * k < n)
        k *= 2;
    define(leaves, k, left);
    define(leaves + k * SHA256_LEN, n - k, right);
    const struct bytes parts[3] = {BYTES_LIT("\x01"), BYTES_OF(left), BYTES_OF(right)};
    assert_ok(hash_parts(HASH_SHA256, parts, 3, out));
}

static void every_size_is_the_definition(void **state)
{
    (void)state;
    uint8_t leaves[70 * SHA256_LEN];
    for (size_t i = 0; i < sizeof(leaves); i++)
        leaves[i] = (uint8_t)(i * 7 + (i >> 5));
    for (size_t n = 1; n <= 70; n++) {
        uint8_t want[SHA256_LEN];
        uint8_t got[SHA256_LEN];
        define(leaves, n, want);
        assert_ok(merkle_root(bytes_of(leaves, n * SHA256_LEN), got));
        assert_memory_equal(got, want, SHA256_LEN);
    }
}

static void no_leaf_or_half_a_leaf(void **state)
{
    (void)state;
    uint8_t leaves[2 * SHA256_LEN] = {0};
    uint8_t root[SHA256_LEN];
    assert_code(merkle_root((struct bytes){0}, root), ST_FORMAT);
    assert_code(merkle_root(bytes_of(leaves, 33), root), ST_FORMAT);
}

/* A node presented as a leaf must not give the same root: that is what the prefixes are for. */
static void node_is_no_leaf(void **state)
{
    (void)state;
    uint8_t two[2 * SHA256_LEN] = {1};
    uint8_t root[SHA256_LEN];
    uint8_t leaf[SHA256_LEN];
    assert_ok(merkle_root(BYTES_OF(two), root));
    assert_ok(merkle_leaf(BYTES_OF(two), leaf));
    assert_memory_not_equal(root, leaf, SHA256_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_trees),
        cmocka_unit_test(every_size_is_the_definition),
        cmocka_unit_test(no_leaf_or_half_a_leaf),
        cmocka_unit_test(node_is_no_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
