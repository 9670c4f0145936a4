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

struct number_row {
    const char *rule, *hex;
    enum status_code code;
    const char *magnitude; /* hexadecimal */
    uint64_t value;        /* with a maximum of 2^64 - 1 */
    enum status_code u64_code;
};

static const struct number_row NUMBERS[] = {
    {"zero", "020100", ST_OK, "00", 0, ST_OK},
    {"one", "020101", ST_OK, "01", 1, ST_OK},
    {"127", "02017f", ST_OK, "7f", 127, ST_OK},
    {"128 has a zero byte for the sign", "02020080", ST_OK, "80", 128, ST_OK},
    {"2^64 - 1", "020900ffffffffffffffff", ST_OK, "ffffffffffffffff", UINT64_MAX, ST_OK},
    {"2^64", "0209010000000000000000", ST_OK, "010000000000000000", 0, ST_LIMIT},
    {"2^64 and one more", "0209010000000000000001", ST_OK, "010000000000000001", 0, ST_LIMIT},
    {"negative", "020180", ST_FORMAT, "", 0, ST_FORMAT},
    {"empty", "0200", ST_FORMAT, "", 0, ST_FORMAT},
    {"a zero byte too many", "0202007f", ST_FORMAT, "", 0, ST_FORMAT},
    {"two zero bytes", "02020000", ST_FORMAT, "", 0, ST_FORMAT},
    {"no integer", "040101", ST_FORMAT, "", 0, ST_FORMAT},
    {"cut short", "0202", ST_TRUNCATED, "", 0, ST_TRUNCATED},
};

static void integers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        struct buf b = test_hex(NUMBERS[i].hex), wanted = test_hex(NUMBERS[i].magnitude);
        struct bytes in = test_exact(buf_view(&b)), magnitude = {0};
        struct rd r = rd_over(in), again = r, bounded = r;
        uint64_t v = 7;
        assert_code(der_unsigned(&r, &magnitude), NUMBERS[i].code);
        assert_bytes_equal(magnitude, buf_view(&wanted));
        assert_code(der_u64(&again, UINT64_MAX, &v), NUMBERS[i].u64_code);
        assert_true(v == (NUMBERS[i].u64_code == ST_OK ? NUMBERS[i].value : 7));
        if (NUMBERS[i].u64_code == ST_OK && NUMBERS[i].value > 0)
            assert_code(der_u64(&bounded, NUMBERS[i].value - 1, &v), ST_LIMIT);
        test_exact_free(in);
        buf_done(&b);
        buf_done(&wanted);
    }
}

static void bit_strings_fill_their_bytes(void **state)
{
    (void)state;
    struct bytes bits;
    struct rd r = rd_over(BYTES_LIT("\x03\x03\x00\xab\xcd"));
    assert_ok(der_bits(&r, &bits));
    assert_bytes_equal(bits, BYTES_LIT("\xab\xcd"));
    r = rd_over(BYTES_LIT("\x03\x02\x01\xaa"));
    assert_code(der_bits(&r, &bits), ST_FORMAT);
    r = rd_over(BYTES_LIT("\x03\x00"));
    assert_code(der_bits(&r, &bits), ST_FORMAT);
    r = rd_over(BYTES_LIT("\x04\x01\x00"));
    assert_code(der_bits(&r, &bits), ST_FORMAT);
}

static void one_item_alone(void **state)
{
    (void)state;
    struct der_item item;
    assert_ok(der_only(BYTES_LIT("\x30\x00"), DER_SEQUENCE, &item));
    assert_code(der_only(BYTES_LIT("\x30\x00\x00"), DER_SEQUENCE, &item), ST_FORMAT);
    assert_code(der_only(BYTES_LIT("\x31\x00"), DER_SEQUENCE, &item), ST_FORMAT);
    assert_code(der_only(BYTES_LIT("\x30"), DER_SEQUENCE, &item), ST_TRUNCATED);
    struct rd r = rd_over(BYTES_LIT("\x30\x00"));
    assert_true(der_has(&r, DER_SEQUENCE));
    assert_false(der_has(&r, DER_SET));
    assert_ok(der_next(&r, &item));
    assert_false(der_has(&r, DER_SEQUENCE));
}

struct oid_row {
    const char *hex, *dotted;
};

/* The last two: ITU-T X.690 section 8.19.5, and the largest arc in use here. */
static const struct oid_row OIDS[] = {
    {"550403", "2.5.4.3"},
    {"2a864886f70d010101", "1.2.840.113549.1.1.1"},
    {"2b060104019c780104", "1.3.6.1.4.1.3704.1.4"},
    {"2b060104019c78010308", "1.3.6.1.4.1.3704.1.3.8"},
    {"2a864886f84d010d01", "1.2.840.113741.1.13.1"},
    {"883703", "2.999.3"},
    {"8837ffffff7f", "2.999.268435455"},
    {"00", "0.0"},
};

static void object_identifiers_are_compared(void **state)
{
    (void)state;
    size_t n = sizeof(OIDS) / sizeof(OIDS[0]);
    for (size_t i = 0; i < n; i++) {
        struct buf b = test_hex(OIDS[i].hex);
        for (size_t j = 0; j < n; j++)
            assert_int_equal(der_oid_is(buf_view(&b), OIDS[j].dotted), i == j);
        assert_false(der_oid_is(bytes_of(b.p, b.n - 1), OIDS[i].dotted));
        buf_done(&b);
    }
    assert_false(der_oid_is((struct bytes){0}, "2.5.4.3"));
}

static void an_identifier_too_long_is_no_match(void **state)
{
    (void)state;
    char dotted[4 * DER_OID_MAX_BYTES] = "1.2";
    uint8_t der[DER_OID_MAX_BYTES + 8] = {0x2a};
    for (size_t i = 1; i < sizeof(der); i++) {
        strcat(dotted, ".1");
        der[i] = 1;
        assert_int_equal(der_oid_is(bytes_of(der, i + 1), dotted), i < DER_OID_MAX_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_is_strict),
        cmocka_unit_test(lengths_on_each_side_of_a_boundary),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(expect_names_the_tag),
        cmocka_unit_test(integers_are_read),
        cmocka_unit_test(bit_strings_fill_their_bytes),
        cmocka_unit_test(one_item_alone),
        cmocka_unit_test(object_identifiers_are_compared),
        cmocka_unit_test(an_identifier_too_long_is_no_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
