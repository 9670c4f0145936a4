#include "support/test.h"

#include "base/checked.h"

static const uint8_t WIRE[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void test_reads_in_wire_order(void **state)
{
    (void)state;
    struct rd r = rd_over(BYTES_OF(WIRE));
    uint8_t tail[2];
    assert_int_equal(rd_u8(&r), 1);
    assert_int_equal(rd_u16be(&r), 0x0203);
    assert_int_equal(rd_u32be(&r), 0x04050607);
    assert_int_equal(rd_u16le(&r), 0x0908);
    assert_int_equal(rd_u32le(&r), 0x0d0c0b0a);
    rd_copy(&r, tail, 2);
    assert_int_equal(tail[1], 15);
    assert_int_equal(rd_left(&r), 0);
    assert_ok(rd_end(&r));
}

static void read_all(struct rd *r)
{
    (void)rd_u64be(r);
    (void)rd_u32le(r);
    (void)rd_take(r, 3);
}

static void test_every_truncation_is_noticed(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(WIRE); n++) {
        struct bytes in = test_exact(bytes_of(WIRE, n));
        struct rd r = rd_over(in);
        read_all(&r);
        assert_code(rd_end(&r), ST_TRUNCATED);
        test_exact_free(in);
    }
    struct rd r = rd_over(BYTES_OF(WIRE));
    read_all(&r);
    assert_ok(rd_end(&r));
}

static void test_a_short_read_sticks(void **state)
{
    (void)state;
    struct rd r = rd_over(bytes_of(WIRE, 3));
    uint8_t out[4] = {9, 9, 9, 9};
    assert_int_equal(rd_u32be(&r), 0);
    assert_int_equal(rd_u8(&r), 0);
    assert_int_equal(rd_take(&r, 0).n, 0);
    rd_copy(&r, out, sizeof(out));
    assert_true(bytes_all_zero(BYTES_OF(out)));
    assert_int_equal(rd_left(&r), 0);
    assert_code(rd_end(&r), ST_TRUNCATED);
}

static void test_a_huge_length_does_not_wrap(void **state)
{
    (void)state;
    struct rd r = rd_over(BYTES_OF(WIRE));
    (void)rd_u8(&r);
    assert_null(rd_take(&r, SIZE_MAX).p);
    assert_code(rd_end(&r), ST_TRUNCATED);
}

static void test_trailing_bytes_are_refused(void **state)
{
    (void)state;
    struct rd r = rd_over(bytes_of(WIRE, 2));
    (void)rd_u8(&r);
    assert_code(rd_end(&r), ST_FORMAT);
}

static void test_order_and_equality(void **state)
{
    (void)state;
    assert_true(bytes_compare(BYTES_LIT("a"), BYTES_LIT("ab")) < 0);
    assert_true(bytes_compare(BYTES_LIT("b"), BYTES_LIT("ab")) > 0);
    assert_true(bytes_compare(BYTES_LIT("\xff"), BYTES_LIT("\x01")) > 0);
    assert_int_equal(bytes_compare(BYTES_LIT(""), bytes_of(NULL, 0)), 0);
    assert_true(bytes_equal(bytes_of(NULL, 0), BYTES_LIT("")));
    assert_false(bytes_equal(BYTES_LIT("a"), BYTES_LIT("b")));
    assert_true(ct_equal("abc", "abc", 3));
    assert_false(ct_equal("abc", "abd", 3));
    assert_false(ct_equal("xbc", "abc", 3));
    assert_true(ct_equal("x", "y", 0));
}

static void test_wipe(void **state)
{
    (void)state;
    uint8_t secret[5] = {1, 2, 3, 4, 5};
    wipe(secret, 4);
    assert_true(bytes_all_zero(bytes_of(secret, 4)));
    assert_int_equal(secret[4], 5);
    wipe(NULL, 0);
}

static void test_checked_arithmetic(void **state)
{
    (void)state;
    size_t n = 0;
    uint64_t v = 0;
    assert_true(checked_add(SIZE_MAX - 1, 1, &n));
    assert_false(checked_add(SIZE_MAX, 1, &n));
    assert_true(checked_mul(SIZE_MAX / 2, 2, &n));
    assert_false(checked_mul(SIZE_MAX / 2 + 1, 2, &n));
    assert_false(checked_add_u64(UINT64_MAX, 1, &v));
    assert_false(checked_mul_u64(UINT64_MAX, 2, &v));
    assert_true(checked_mul_u64(UINT64_MAX, 1, &v));
}

static void test_big_endian_writers(void **state)
{
    (void)state;
    uint8_t out[8];
    put_u64be(out, 0x0102030405060708u);
    for (uint8_t i = 0; i < 8; i++)
        assert_int_equal(out[i], i + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_in_wire_order),
        cmocka_unit_test(test_every_truncation_is_noticed),
        cmocka_unit_test(test_a_short_read_sticks),
        cmocka_unit_test(test_a_huge_length_does_not_wrap),
        cmocka_unit_test(test_trailing_bytes_are_refused),
        cmocka_unit_test(test_order_and_equality),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_checked_arithmetic),
        cmocka_unit_test(test_big_endian_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
