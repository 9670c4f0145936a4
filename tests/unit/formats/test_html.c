#include "formats/html.h"

#include "support/test.h"

#include <string.h>

static void escapes_what_a_browser_reads(void **state)
{
    static const struct {
        const char *rule;
        const char *in;
        const char *out;
    } ROWS[] = {
        {"plain", "release 1.2 (a/b)", "release 1.2 (a/b)"},
        {"element", "<script>", "&lt;script&gt;"},
        {"attribute", "\" onload='x'", "&quot; onload=&#39;x&#39;"},
        {"entity", "&lt;", "&amp;lt;"},
        {"control", "a\r\n\x1b[0m", "a\\x0d\\x0a\\x1b[0m"},
        {"not ASCII", "\xc3\xa9\xff", "\\xc3\\xa9\\xff"},
        {"delete", "\x7f", "\\x7f"},
        {"nothing", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(256);
        html_put_str(&out, ROWS[i].in);
        buf_put_u8(&out, 0);
        assert_ok(buf_status(&out));
        if (strcmp((const char *)out.p, ROWS[i].out) != 0)
            fail_msg("%s: %s", ROWS[i].rule, (const char *)out.p);
    }
}

static void every_byte_stays_text(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(16);
        uint8_t one = (uint8_t)c;
        html_put(&out, bytes_of(&one, 1));
        assert_ok(buf_status(&out));
        for (size_t i = 0; i < out.n; i++) {
            assert_in_range(out.p[i], 0x20, 0x7e);
            assert_null(strchr("<>\"'", (char)out.p[i]));
        }
    }
}

static void no_text_is_nothing(void **state)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(16);
    (void)state;
    html_put_str(&out, NULL);
    html_put(&out, (struct bytes){0});
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_a_browser_reads),
        cmocka_unit_test(every_byte_stays_text),
        cmocka_unit_test(no_text_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
