#include "formats/verdict.h"

#include "support/test.h"

static void add_sample(struct checks *c)
{
    checks_pass(c, "SIZE", "598 bytes");
    checks_fail(c, "SIG", "SIG_FAILED", "refuse it", "does not hold");
    checks_skip(c, "CTI", true, NULL, "not reached");
    checks_skip(c, "MEAS", true, NULL, "not reached");
    checks_skip(c, "NONCE", false, NULL, "not reached");
    checks_skip(c, "REPLAY", false, "give a set", "no set");
}

static void assert_text(const struct buf *found, const char *expected)
{
    assert_bytes_equal(buf_view(found), bytes_str(expected));
}

static void as_text(void **state)
{
    struct checks c = {0};
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)state;
    add_sample(&c);
    verdict_put_text(&out, &c, false);
    assert_text(&out, "PASS  SIZE: 598 bytes\n"
                      "FAIL  SIG [SIG_FAILED]: does not hold; refuse it\n"
                      "SKIP  CTI, MEAS: not reached (required)\n"
                      "SKIP  NONCE: not reached\n"
                      "SKIP  REPLAY: no set; give a set\n"
                      "verdict: reject (1 passed, 1 failed, 4 skipped)\n");
}

static void in_colour(void **state)
{
    struct checks c = {0};
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)state;
    checks_pass(&c, "SIZE", "1 byte");
    verdict_put_text(&out, &c, true);
    assert_text(&out, "\033[32mPASS\033[0m  SIZE: 1 byte\n"
                      "verdict: \033[32maccept\033[0m (1 passed, 0 failed, 0 skipped)\n");
}

static void as_json(void **state)
{
    struct checks c = {0};
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)state;
    checks_pass(&c, "SIZE", "598 bytes");
    checks_fail(&c, "SIG", "SIG_FAILED", "refuse it", "does \"not\" hold");
    c.v[1].source = "RFC 8032";
    verdict_put_json(&out, &c);
    assert_text(&out, "{\"verdict\":\"reject\",\"checks\":["
                      "{\"id\":\"SIZE\",\"status\":\"PASS\",\"code\":null,"
                      "\"reason\":\"598 bytes\",\"fix\":null},"
                      "{\"id\":\"SIG\",\"status\":\"FAIL\",\"code\":\"SIG_FAILED\","
                      "\"reason\":\"does \\\"not\\\" hold\",\"fix\":\"refuse it\","
                      "\"source\":\"RFC 8032\"}]}");
}

/* What a receipt says must not move the cursor, clear the screen or turn the text around. */
static void nothing_reaches_the_terminal(void **state)
{
    struct checks c = {0};
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)state;
    checks_pass(&c, "MODEL", "a\033[2J\r\nverdict: accept\x7f\xe2\x80\xae\xc2\x9b");
    verdict_put_checks(&out, &c, false);
    assert_text(&out,
                "PASS  MODEL: a\\x1b[2J\\x0d\\x0averdict: accept\\x7f\\xe2\\x80\\xae\\xc2\\x9b\n");
}

static void json_escapes_what_is_quoted(void **state)
{
    struct checks c = {0};
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)state;
    checks_fail(&c, "MODEL", "X", "fix", "\x01\"},{\"id\":\"SIG\" \xff");
    verdict_put_json(&out, &c);
    assert_ok(json_parse(buf_view(&out), 4096, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "verdict");
    assert_int_equal(json_len(json_list(&o, "checks", true, 10)), 1);
}

static void verdict_words(void **state)
{
    static const struct {
        bool is_malformed;
        bool is_unsupported;
        bool has_required_skip;
        const char *word;
    } ROWS[] = {
        {false, false, false, "verdict: accept ("},
        {false, false, true, "verdict: incomplete ("},
        {false, true, false, "verdict: incomplete ("},
        {true, false, false, "verdict: malformed ("},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct checks c = {0};
        struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
        checks_pass(&c, "A", "x");
        if (ROWS[i].has_required_skip)
            checks_skip(&c, "B", true, NULL, "x");
        c.is_malformed = ROWS[i].is_malformed;
        c.is_unsupported = ROWS[i].is_unsupported;
        verdict_put_summary(&out, &c, false);
        assert_memory_equal(out.p, ROWS[i].word, strlen(ROWS[i].word));
    }
}

static void nothing_checked_is_not_accepted(void **state)
{
    struct checks c = {0};
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)state;
    verdict_put_text(&out, &c, false);
    assert_text(&out, "verdict: incomplete (0 passed, 0 failed, 0 skipped)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_text),
        cmocka_unit_test(in_colour),
        cmocka_unit_test(as_json),
        cmocka_unit_test(nothing_reaches_the_terminal),
        cmocka_unit_test(json_escapes_what_is_quoted),
        cmocka_unit_test(verdict_words),
        cmocka_unit_test(nothing_checked_is_not_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
