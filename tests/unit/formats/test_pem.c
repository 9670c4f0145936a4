#include "formats/pem.h"

#include "support/test.h"

struct row {
    const char *rule, *text;
    enum status_code code;
};

#define B   "-----BEGIN X-----\n"
#define E   "-----END X-----\n"
#define L64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct row ROWS[] = {
    {"one block", B "AAEC\n" E, ST_OK},
    {"no newline at the end", B "AAEC\n-----END X-----", ST_OK},
    {"CR LF", "-----BEGIN X-----\r\nAAEC\r\n-----END X-----\r\n", ST_OK},
    {"white space around", "\n \t" B "AAEC\n" E "\n\n", ST_OK},
    {"a full line and a rest", B L64 "\nAA==\n" E, ST_OK},
    {"a full line alone", B L64 "\n" E, ST_OK},
    {"nothing", "", ST_NOTFOUND},
    {"white space alone", " \r\n\t\n", ST_NOTFOUND},
    {"another label", "-----BEGIN Y-----\nAAEC\n-----END Y-----\n", ST_FORMAT},
    {"a longer label", "-----BEGIN XX-----\nAAEC\n-----END XX-----\n", ST_FORMAT},
    {"labels that differ", B "AAEC\n-----END Y-----\n", ST_FORMAT},
    {"text before the block", "note\n" B "AAEC\n" E, ST_FORMAT},
    {"no end", B "AAEC\n", ST_TRUNCATED},
    {"an empty block", B E, ST_FORMAT},
    {"an empty line inside", B "\nAAEC\n" E, ST_FORMAT},
    {"a header inside", B "Proc-Type: 4,ENCRYPTED\nAAEC\n" E, ST_FORMAT},
    {"a line too long", B L64 "A\n" E, ST_FORMAT},
    {"a short line before the last", B "AAEC\nAAEC\n" E, ST_FORMAT},
    {"a space in the base64", B "AA EC\n" E, ST_FORMAT},
    {"not a multiple of four", B "AAECA\n" E, ST_FORMAT},
    {"padding inside", B "AA==\nAAEC\n" E, ST_FORMAT},
    {"bits set under the padding", B "AB==\n" E, ST_FORMAT},
    {"base64url", B "AA-_\n" E, ST_FORMAT},
    {"four dashes", "----BEGIN X-----\nAAEC\n" E, ST_FORMAT},
    {"something after the dashes", "-----BEGIN X----- \nAAEC\n" E, ST_FORMAT},
    {"lower case", "-----begin X-----\nAAEC\n" E, ST_FORMAT},
    {"BEGIN twice", B B "AAEC\n" E, ST_FORMAT},
};

static void each_rule_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct bytes in = test_exact(bytes_str(ROWS[i].text)), text = in;
        struct buf der = BUF_MAX(1024);
        status s = pem_next(&text, "X", &der);
        if (s.code != ROWS[i].code)
            fail_msg("%s: got %s", ROWS[i].rule, status_name(s.code));
        if (failed(s))
            assert_ptr_equal(text.p, in.p);
        test_exact_free(in);
        buf_done(&der);
    }
}

static void blocks_follow_each_other(void **state)
{
    (void)state;
    struct bytes text = BYTES_LIT(B "AAEC\n" E "\n" B "/w==\n" E);
    struct buf der = BUF_MAX(1024);
    assert_ok(pem_next(&text, "X", &der));
    assert_bytes_equal(buf_view(&der), BYTES_LIT("\0\x01\x02"));
    buf_clear(&der);
    assert_ok(pem_next(&text, "X", &der));
    assert_bytes_equal(buf_view(&der), BYTES_LIT("\xff"));
    assert_code(pem_next(&text, "X", &der), ST_NOTFOUND);
    buf_done(&der);
}

static void every_length_round_trips(void **state)
{
    (void)state;
    uint8_t raw[200];
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = (uint8_t)(i * 37);
    for (size_t n = 1; n <= sizeof(raw); n++) {
        struct buf pem = BUF_MAX(1024), der = BUF_MAX(1024);
        pem_put(&pem, "SOME LABEL", bytes_of(raw, n));
        assert_ok(buf_status(&pem));
        struct bytes in = test_exact(buf_view(&pem)), text = in;
        assert_ok(pem_next(&text, "SOME LABEL", &der));
        assert_int_equal(text.n, 0);
        assert_bytes_equal(buf_view(&der), bytes_of(raw, n));
        test_exact_free(in);
        buf_done(&pem);
        buf_done(&der);
    }
}

static void each_truncation_is_noticed(void **state)
{
    (void)state;
    struct bytes whole = BYTES_LIT(B L64 "\nAAEC\n" E);
    for (size_t n = 1; n < whole.n - 1; n++) { /* the last newline may be missing */
        struct bytes in = test_exact(bytes_of(whole.p, n)), text = in;
        struct buf der = BUF_MAX(1024);
        assert_true(failed(pem_next(&text, "X", &der)));
        test_exact_free(in);
        buf_done(&der);
    }
}

static void a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct bytes text = BYTES_LIT(B "AAECAAEC\n" E);
    struct buf der = BUF_MAX(3);
    assert_code(pem_next(&text, "X", &der), ST_LIMIT);
    buf_done(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_verdict), cmocka_unit_test(blocks_follow_each_other),
        cmocka_unit_test(every_length_round_trips),  cmocka_unit_test(each_truncation_is_noticed),
        cmocka_unit_test(a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
