#include "support/test.h"

#include "base/text.h"

struct row {
    const char *name;
    const char *text;
};

static const struct row BAD_HEX[] = {
    {"too short", "00f"}, {"too long", "00ff00"}, {"not a digit", "00fg"},
    {"empty", ""},        {"space", "00 f"},      {"prefix", "0xff"},
};

static void test_hexadecimal(void **state)
{
    (void)state;
    uint8_t out[2];
    char text[5];
    assert_ok(hex_decode(BYTES_LIT("00fF"), out, 2));
    hex_encode(BYTES_OF(out), text);
    assert_string_equal(text, "00ff");
    for (size_t i = 0; i < sizeof(BAD_HEX) / sizeof(BAD_HEX[0]); i++) {
        struct bytes in = test_exact(bytes_str(BAD_HEX[i].text));
        assert_code(hex_decode(in, out, 2), ST_FORMAT);
        test_exact_free(in);
    }
    struct buf b CLEANUP(buf_done) = BUF_MAX(4);
    assert_code(hex_decode_buf(BYTES_LIT("123"), &b), ST_FORMAT);
    assert_code(hex_decode_buf(BYTES_LIT("1234567890"), &b), ST_LIMIT);
    struct buf d CLEANUP(buf_done) = BUF_MAX(8);
    hex_put(&d, BYTES_LIT("\x01\xab"));
    assert_bytes_equal(buf_view(&d), BYTES_LIT("01ab"));
}

/* RFC 4648 section 10. */
static const struct row BASE64[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void test_base64_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BASE64) / sizeof(BASE64[0]); i++) {
        struct buf text CLEANUP(buf_done) = BUF_MAX(16);
        struct buf back CLEANUP(buf_done) = BUF_MAX(16);
        base64_put(&text, bytes_str(BASE64[i].name));
        assert_bytes_equal(buf_view(&text), bytes_str(BASE64[i].text));
        assert_ok(base64_decode(buf_view(&text), &back));
        assert_bytes_equal(buf_view(&back), bytes_str(BASE64[i].name));
    }
}

static const struct row BAD_BASE64[] = {
    {"length", "Zg="},
    {"unused bits", "Zh=="},
    {"unused bits, one pad", "Zm9="},
    {"pad in the middle", "Zg==Zm9v"},
    {"pad first", "=m9v"},
    {"three pads", "Z==="},
    {"space", "Zm9 "},
    {"url alphabet", "Zm-_"},
    {"newline", "Zm9\n"},
    {"lone pad third", "Zm=v"},
};

static void test_base64_is_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD_BASE64) / sizeof(BAD_BASE64[0]); i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(16);
        struct bytes in = test_exact(bytes_str(BAD_BASE64[i].text));
        status s = base64_decode(in, &out);
        if (s.code != ST_FORMAT)
            fail_msg("%s: %s", BAD_BASE64[i].name, status_name(s.code));
        test_exact_free(in);
    }
    struct buf out CLEANUP(buf_done) = BUF_MAX(2);
    assert_code(base64_decode(BYTES_LIT("Zm9v"), &out), ST_LIMIT);
}

static const struct row BASE64URL[] = {
    {"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
    {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xfb\xff\xfe", "-__-"},
};

static void test_base64url_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BASE64URL) / sizeof(BASE64URL[0]); i++) {
        struct buf text CLEANUP(buf_done) = BUF_MAX(16);
        struct buf back CLEANUP(buf_done) = BUF_MAX(16);
        base64url_put(&text, bytes_str(BASE64URL[i].name));
        assert_bytes_equal(buf_view(&text), bytes_str(BASE64URL[i].text));
        assert_ok(base64url_decode(buf_view(&text), &back));
        assert_bytes_equal(buf_view(&back), bytes_str(BASE64URL[i].name));
    }
}

static const struct row BAD_BASE64URL[] = {
    {"length of one", "Z"},
    {"length of five", "Zm9vY"},
    {"unused bits, one byte", "Zh"},
    {"unused bits, two bytes", "Zm9"},
    {"padding", "Zg=="},
    {"one pad", "Zm8="},
    {"plus of the other alphabet", "+m9v"},
    {"slash of the other alphabet", "Zm9/"},
    {"space", "Zm9 "},
    {"line feed", "Zm9v\n"},
    {"high bit", "Zm9\xc3"},
};

static void test_base64url_is_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD_BASE64URL) / sizeof(BAD_BASE64URL[0]); i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(16);
        struct bytes in = test_exact(bytes_str(BAD_BASE64URL[i].text));
        status s = base64url_decode(in, &out);
        if (s.code != ST_FORMAT)
            fail_msg("%s: %s", BAD_BASE64URL[i].name, status_name(s.code));
        test_exact_free(in);
    }
    struct buf out CLEANUP(buf_done) = BUF_MAX(2);
    assert_code(base64url_decode(BYTES_LIT("Zm9v"), &out), ST_LIMIT);
}

static void test_visible(void **state)
{
    (void)state;
    assert_true(text_is_visible(BYTES_LIT("")) && text_is_visible(BYTES_LIT("!a~")));
    assert_false(text_is_visible(BYTES_LIT("a b")) || text_is_visible(BYTES_LIT("\x7f")));
    assert_false(text_is_visible(BYTES_LIT("\n")) || text_is_visible(BYTES_LIT("\x80")));
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_ok(text_parse_u64("18446744073709551615", UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_code(text_parse_u64("18446744073709551616", UINT64_MAX, &v), ST_LIMIT);
    assert_code(text_parse_u64("11", 10, &v), ST_LIMIT);
    assert_code(text_parse_u64("9", 5, &v), ST_LIMIT);
    assert_ok(text_parse_u64("0010", 10, &v));
    assert_int_equal(v, 10);
    assert_code(text_parse_u64("", 10, &v), ST_FORMAT);
    assert_code(text_parse_u64("+1", 10, &v), ST_FORMAT);
    assert_code(text_parse_u64("1 ", 10, &v), ST_FORMAT);
    assert_int_equal(v, 10);
}

static const struct row BAD_UTF8[] = {
    {"lone continuation", "\x80"},
    {"overlong slash", "\xc0\xaf"},
    {"overlong two", "\xc1\xbf"},
    {"overlong three", "\xe0\x9f\xbf"},
    {"overlong four", "\xf0\x8f\xbf\xbf"},
    {"surrogate", "\xed\xa0\x80"},
    {"above the last", "\xf4\x90\x80\x80"},
    {"five bytes", "\xf8\x88\x80\x80\x80"},
    {"cut after one of two", "\xc3"},
    {"cut after two of three", "\xe2\x82"},
    {"cut after three of four", "\xf0\x9f\x98"},
    {"ascii where a continuation is due", "\xc3(x"},
    {"second continuation wrong", "\xe2\x82x"},
};

static void test_utf8(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(BYTES_LIT("")));
    assert_true(utf8_is_valid(BYTES_LIT("a\0b")));
    assert_true(utf8_is_valid(BYTES_LIT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")));
    assert_true(utf8_is_valid(BYTES_LIT("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf")));
    for (size_t i = 0; i < sizeof(BAD_UTF8) / sizeof(BAD_UTF8[0]); i++) {
        struct bytes in = test_exact(bytes_str(BAD_UTF8[i].text));
        if (utf8_is_valid(in))
            fail_msg("accepted: %s", BAD_UTF8[i].name);
        test_exact_free(in);
    }
}

static void test_utf8_sequence(void **state)
{
    (void)state;
    static const struct {
        struct bytes in;
        size_t n;
    } rows[] = {
        {BYTES_LIT(""), 0},         {BYTES_LIT("a\xff"), 1},
        {BYTES_LIT("\0"), 1},       {BYTES_LIT("\xc3\xa9x"), 2},
        {BYTES_LIT("\xc3"), 0},     {BYTES_LIT("\xe2\x82\xac\x80"), 3},
        {BYTES_LIT("\xe2\x82"), 0}, {BYTES_LIT("\xf0\x9f\x98\x80"), 4},
        {BYTES_LIT("\x80"), 0},     {BYTES_LIT("\xf0\x9f\x98"), 0},
        {BYTES_LIT("\xc0\x80"), 0}, {BYTES_LIT("\xf4\x90\x80\x80"), 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes in = test_exact(rows[i].in);
        assert_int_equal(utf8_sequence(in), rows[i].n);
        test_exact_free(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hexadecimal),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_base64_is_strict),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_sequence),
        cmocka_unit_test(test_base64url_vectors),
        cmocka_unit_test(test_base64url_is_strict),
        cmocka_unit_test(test_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
