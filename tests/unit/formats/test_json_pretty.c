#include "formats/json.h"

#include "support/test.h"

static void lines_and_indents(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } ROWS[] = {
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"1", "1\n"},
        {"{\"a\":1,\"b\":[]}", "{\n  \"a\": 1,\n  \"b\": []\n}\n"},
        {"[1,{\"a\":{}}]", "[\n  1,\n  {\n    \"a\": {}\n  }\n]\n"},
        {"{\"a\":\"{[,:\\\"]}\\\\\"}", "{\n  \"a\": \"{[,:\\\"]}\\\\\"\n}\n"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(1024);
        struct bytes exact = test_exact(bytes_str(ROWS[i].in));
        json_pretty(exact, &out);
        assert_bytes_equal(buf_view(&out), bytes_str(ROWS[i].out));
        test_exact_free(exact);
    }
}

/* What it makes is read as the same. */
static void it_stays_json(void **state)
{
    (void)state;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf compact CLEANUP(buf_done) = BUF_MAX(1024);
    struct buf out CLEANUP(buf_done) = BUF_MAX(1024);
    struct json_w w = {.out = &compact};
    json_w_open(&w, NULL, '{');
    json_w_text(&w, "a\"b", BYTES_LIT("x\\\"y\n\x01{"));
    json_w_close(&w, '}');
    json_pretty(buf_view(&compact), &out);
    assert_ok(json_parse(buf_view(&out), 1024, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "o");
    assert_bytes_equal(json_text(&o, "a\"b", true), BYTES_LIT("x\\\"y\n\x01{"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_indents),
        cmocka_unit_test(it_stays_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
