#include "support/faults.h"
#include "support/test.h"

static void test_grows_to_its_maximum_and_not_beyond(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(1000);
    for (unsigned i = 0; i < 1000; i++)
        buf_put_u8(&b, (uint8_t)i);
    assert_ok(buf_status(&b));
    assert_int_equal(b.n, 1000);
    buf_put_u8(&b, 0);
    assert_code(buf_status(&b), ST_LIMIT);
    assert_int_equal(b.n, 1000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(b.p[i], i & 255);
}

static void test_the_first_failure_sticks(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(4);
    buf_put_str(&b, "abc");
    buf_put_str(&b, "de");
    buf_put_u8(&b, 'f');
    assert_code(buf_status(&b), ST_LIMIT);
    assert_bytes_equal(buf_view(&b), BYTES_LIT("abc"));
    assert_null(buf_extend(&b, 1));
    buf_clear(&b);
    buf_put_str(&b, "wxyz");
    assert_ok(buf_status(&b));
    assert_bytes_equal(buf_view(&b), BYTES_LIT("wxyz"));
}

static void test_sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(SIZE_MAX);
    buf_put_u8(&b, 1);
    assert_code(buf_reserve(&b, SIZE_MAX), ST_LIMIT);
}

static void test_integers_and_text(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(64);
    buf_put_u16be(&b, 0x0102);
    buf_put_u32be(&b, 0x03040506);
    buf_put_u64be(&b, 0x0708090a0b0c0d0eu);
    buf_printf(&b, "%d-%s", 42, "x");
    assert_bytes_equal(buf_view(&b), BYTES_LIT("\1\2\3\4\5\6\7\10\11\12\13\14\15\16"
                                               "42-x"));
}

static void test_printf_needs_its_room(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(5);
    buf_printf(&b, "%s", "abcd");
    assert_ok(buf_status(&b));
    buf_printf(&b, "%s", "ef");
    assert_code(buf_status(&b), ST_LIMIT);
    assert_bytes_equal(buf_view(&b), BYTES_LIT("abcd"));
}

static void test_take_moves(void **state)
{
    (void)state;
    struct buf a CLEANUP(buf_done) = BUF_MAX(16);
    buf_put_str(&a, "moved");
    struct buf b CLEANUP(buf_done) = buf_take(&a);
    assert_int_equal(a.n, 0);
    assert_null(a.p);
    assert_int_equal(a.max, 16);
    assert_bytes_equal(buf_view(&b), BYTES_LIT("moved"));
}

static void test_clear_wipes(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(16);
    buf_put_str(&b, "secret");
    const uint8_t *at = b.p;
    buf_clear(&b);
    assert_true(bytes_all_zero(bytes_of(at, 6)));
}

static void test_nothing_is_something(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(0);
    buf_put(&b, bytes_of(NULL, 0));
    assert_ok(buf_status(&b));
    buf_put_u8(&b, 0);
    assert_code(buf_status(&b), ST_LIMIT);
}

static status fill(void *ctx)
{
    (void)ctx;
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 16);
    for (unsigned i = 0; i < 5000; i++)
        buf_put_u32be(&b, i);
    return buf_status(&b);
}

static void test_every_failed_allocation_is_told(void **state)
{
    (void)state;
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, fill, NULL) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_to_its_maximum_and_not_beyond),
        cmocka_unit_test(test_the_first_failure_sticks),
        cmocka_unit_test(test_sizes_that_overflow_are_refused),
        cmocka_unit_test(test_integers_and_text),
        cmocka_unit_test(test_printf_needs_its_room),
        cmocka_unit_test(test_take_moves),
        cmocka_unit_test(test_clear_wipes),
        cmocka_unit_test(test_nothing_is_something),
        cmocka_unit_test(test_every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
