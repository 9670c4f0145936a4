#include "crypto/x25519.h"

#include "support/test.h"

static void decode(const char *hex, uint8_t out[static X25519_LEN])
{
    struct buf b = test_hex(hex);
    assert_int_equal(b.n, X25519_LEN);
    memcpy(out, b.p, X25519_LEN);
    buf_done(&b);
}

/* RFC 7748 section 5.2: k and u start as 9; each round k becomes k*u and u the old k. */
static void rfc7748_iterated(void **state)
{
    (void)state;
    struct x25519_secret k = {{9}}, next;
    uint8_t u[X25519_LEN] = {9}, want[X25519_LEN];
    for (unsigned round = 1; round <= 1000; round++) {
        assert_ok(x25519_shared(&k, u, &next));
        memcpy(u, k.b, sizeof(u));
        k = next;
        if (round == 1) {
            decode("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", want);
            assert_memory_equal(k.b, want, sizeof(want));
        }
    }
    decode("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", want);
    assert_memory_equal(k.b, want, sizeof(want));
}

/* The public key is the secret times the base point 9. */
static void public_key_is_the_base_points_multiple(void **state)
{
    (void)state;
    struct x25519_secret s, got;
    uint8_t public_key[X25519_LEN], base[X25519_LEN] = {9}, again[X25519_LEN];
    assert_ok(x25519_generate(&s, public_key));
    assert_ok(x25519_shared(&s, base, &got));
    assert_memory_equal(got.b, public_key, X25519_LEN);
    assert_ok(x25519_public(&s, again));
    assert_memory_equal(again, public_key, X25519_LEN);
}

static void both_sides_agree_and_keys_differ(void **state)
{
    (void)state;
    struct x25519_secret a, b, ab, ba;
    uint8_t a_public[X25519_LEN], b_public[X25519_LEN];
    assert_ok(x25519_generate(&a, a_public));
    assert_ok(x25519_generate(&b, b_public));
    assert_memory_not_equal(a_public, b_public, X25519_LEN);
    assert_ok(x25519_shared(&a, b_public, &ab));
    assert_ok(x25519_shared(&b, a_public, &ba));
    assert_memory_equal(ab.b, ba.b, X25519_LEN);
    x25519_secret_wipe(&a);
    assert_true(bytes_all_zero(BYTES_OF(a.b)));
}

/* RFC 7748 section 6.1 and the low-order points of Curve25519, also with the unused top bit. */
static const char *const LOW_ORDER[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void low_order_points_are_refused(void **state)
{
    (void)state;
    struct x25519_secret a, untouched = {{9}}, shared = untouched;
    uint8_t unused[X25519_LEN], point[X25519_LEN];
    assert_ok(x25519_generate(&a, unused));
    for (size_t i = 0; i < 2 * sizeof(LOW_ORDER) / sizeof(LOW_ORDER[0]); i++) {
        decode(LOW_ORDER[i / 2], point);
        point[31] = (uint8_t)(point[31] | (i % 2 ? 0x80 : 0));
        assert_code(x25519_shared(&a, point, &shared), ST_AUTH);
        assert_memory_equal(shared.b, untouched.b, X25519_LEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc7748_iterated),
        cmocka_unit_test(public_key_is_the_base_points_multiple),
        cmocka_unit_test(both_sides_agree_and_keys_differ),
        cmocka_unit_test(low_order_points_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
