#include "crypto/der.h"

#include "support/test.h"

struct row {
    const char *rule, *hex;
    enum status_code code;
};

static const struct row ROWS[] = {
    {"one integer", "020105", ST_OK},
    {"a sequence of two", "3006020105020106", ST_OK},
    {"an empty sequence", "3000", ST_OK},
    {"an unknown primitive is not looked into", "04033080ff", ST_OK},
    {"nothing", "", ST_TRUNCATED},
    {"a tag alone", "30", ST_TRUNCATED},
    {"content cut short", "0202ff", ST_TRUNCATED},
    {"length cut short", "3082", ST_TRUNCATED},
    {"bytes after the item", "02010500", ST_FORMAT},
    {"indefinite length", "30800000", ST_FORMAT},
    {"long form where short would do", "02810105", ST_FORMAT},
    {"two length bytes where one would do", "0482007f", ST_FORMAT},
    {"four length bytes", "028400000001ff", ST_FORMAT},
    {"reserved length", "02ff", ST_FORMAT},
    {"high tag number", "1f0100", ST_FORMAT},
    {"inner item runs over its sequence", "3003020205", ST_TRUNCATED},
    {"inner indefinite length", "300430800000", ST_FORMAT},
    {"inner long form", "300402810105", ST_FORMAT},
};

static void the_frame_is_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf b = test_hex(ROWS[i].hex);
        struct bytes in = test_exact(buf_view(&b));
        status s = der_check(in);
        if (s.code != ROWS[i].code)
            fail_msg("%s: got %s", ROWS[i].rule, status_name(s.code));
        test_exact_free(in);
        buf_done(&b);
    }
}

static void lengths_on_each_side_of_a_boundary(void **state)
{
    (void)state;
    static const size_t sizes[] = {127, 128, 255, 256, 65535, 65536};
    static const char *const heads[] = {"047f",     "048180",   "0481ff",
                                        "04820100", "0482ffff", "0483010000"};
    for (size_t i = 0; i < 6; i++) {
        struct buf b = test_hex(heads[i]);
        assert_non_null(buf_extend(&b, sizes[i]));
        assert_ok(der_check(buf_view(&b)));
        assert_code(der_check(bytes_of(b.p, b.n - 1)), ST_TRUNCATED);
        buf_done(&b);
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    for (size_t depth = 1; depth < 60; depth++) {
        uint8_t nest[2 * 60];
        for (size_t i = 0; i < depth; i++) {
            nest[2 * i] = 0x30;
            nest[2 * i + 1] = (uint8_t)(2 * (depth - 1 - i));
        }
        status s = der_check(bytes_of(nest, 2 * depth));
        assert_int_equal(s.code, depth <= DER_DEPTH_MAX ? ST_OK : ST_FORMAT);
    }
}

static void expect_names_the_tag(void **state)
{
    (void)state;
    struct rd r = rd_over(BYTES_LIT("\x02\x01\x05\x30\x00"));
    struct der_item item;
    assert_ok(der_expect(&r, DER_INTEGER, &item));
    assert_bytes_equal(item.content, BYTES_LIT("\x05"));
    assert_bytes_equal(item.all, BYTES_LIT("\x02\x01\x05"));
    assert_code(der_expect(&r, DER_INTEGER, &item), ST_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_is_strict),
        cmocka_unit_test(lengths_on_each_side_of_a_boundary),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(expect_names_the_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
