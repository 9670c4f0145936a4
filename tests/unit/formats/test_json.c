#include "support/faults.h"
#include "support/test.h"

#include "base/file.h"
#include "formats/json.h"

#include <math.h>

static status parse_n(struct bytes in, size_t max, struct json_doc **out)
{
    struct bytes copy = test_exact(in);
    status s = json_parse(copy, max, out);
    test_exact_free(copy);
    return s;
}

static struct json_doc *parsed(const char *text)
{
    struct json_doc *d = NULL;
    assert_ok(parse_n(bytes_str(text), 4096, &d));
    return d;
}

struct row {
    const char *rule;
    enum status_code code;
    struct bytes in;
};

#define T(text) BYTES_LIT(text)
static const struct row ROWS[] = {
    {"object", ST_OK, T("{\"a\":1}")},
    {"any root", ST_OK, T("7")},
    {"white space around", ST_OK, T(" \n\t\r[ ] ")},
    {"escapes", ST_OK, T("\"\\u00e9\\ud83d\\ude00\\n\\/\"")},
    {"depth at the limit", ST_OK,
     T("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")},
    {"depth over the limit", ST_LIMIT,
     T("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")},
    {"brackets in a text are no depth", ST_OK,
     T("\"[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"")},
    {"empty", ST_FORMAT, T("")},
    {"only white space", ST_FORMAT, T("  ")},
    {"trailing bytes", ST_FORMAT, T("{} x")},
    {"two values", ST_FORMAT, T("{}{}")},
    {"duplicate key", ST_FORMAT, T("{\"a\":1,\"a\":2}")},
    {"duplicate key behind an escape", ST_FORMAT, T("{\"a\":1,\"\\u0061\":2}")},
    {"escaped NUL in a value", ST_FORMAT, T("[\"a\\u0000b\"]")},
    {"escaped NUL in a key", ST_FORMAT, T("{\"a\\u0000b\":1}")},
    {"raw NUL in a text", ST_FORMAT, T("[\"a\0b\"]")},
    {"raw NUL after the value", ST_FORMAT, T("[]\0")},
    {"control byte in a text", ST_FORMAT, T("[\"a\nb\"]")},
    {"invalid UTF-8", ST_FORMAT, T("[\"\xff\"]")},
    {"overlong UTF-8", ST_FORMAT, T("[\"\xc0\xaf\"]")},
    {"UTF-8 surrogate", ST_FORMAT, T("[\"\xed\xa0\x80\"]")},
    {"lone escaped surrogate", ST_FORMAT, T("[\"\\ud83d\"]")},
    {"byte order mark", ST_FORMAT, T("\xef\xbb\xbf{}")},
    {"trailing comma", ST_FORMAT, T("[1,]")},
    {"single quotes", ST_FORMAT, T("{'a':1}")},
    {"comment", ST_FORMAT, T("{} // x")},
    {"NaN", ST_FORMAT, T("[NaN]")},
    {"leading zero", ST_FORMAT, T("[01]")},
    {"plus sign", ST_FORMAT, T("[+1]")},
    {"hexadecimal", ST_FORMAT, T("[0x10]")},
    {"integer beyond 64 bits", ST_FORMAT, T("[9223372036854775808]")},
    {"number beyond double", ST_FORMAT, T("[1e999]")},
};

static void test_parse_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct json_doc *d = NULL;
        status s = parse_n(ROWS[i].in, 4096, &d);
        if (s.code != ROWS[i].code)
            fail_msg("%s: got %s", ROWS[i].rule, status_name(s.code));
        assert_int_equal(d != NULL, ok(s));
        json_doc_freep(&d);
        json_doc_freep(&d);
    }
}

static void test_size_limit(void **state)
{
    (void)state;
    struct json_doc *d = NULL;
    assert_ok(parse_n(T("[1,2]"), 5, &d));
    json_doc_freep(&d);
    assert_code(parse_n(T("[1,2]"), 4, &d), ST_LIMIT);
    assert_null(d);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct bytes whole = T("{\"k\":[true,null,1.5,\"\xc3\xa9\\u00e9\"],\"o\":{}}");
    struct json_doc *d = NULL;
    for (size_t n = 0; n < whole.n; n++)
        assert_code(parse_n(bytes_of(whole.p, n), 4096, &d), ST_FORMAT);
    assert_ok(parse_n(whole, 4096, &d));
    json_doc_freep(&d);
}

static void test_error_names_line_and_column(void **state)
{
    (void)state;
    struct json_doc *d = NULL;
    assert_code(parse_n(T("{\n \"a\": x}"), 4096, &d), ST_FORMAT);
    assert_non_null(strstr(status_detail(), "line 2"));
    assert_code(parse_n(T(""), 4096, &d), ST_FORMAT);
    assert_string_equal(status_detail(), "JSON is empty");
}

static void test_object_reads_every_type(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{\"t\":\"x\\u00e9\",\"e\":\"\",\"i\":-5,\"n\":1.5,\"m\":2,\"b\":"
                                "true,\"h\":\"0aFF\",\"z\":null,\"l\":[1,2],\"s\":{\"q\":1}}");
    struct json_obj o = json_obj_of(json_root(d), "doc");
    uint8_t hex[2];
    assert_bytes_equal(json_text(&o, "t", true), T("x\xc3\xa9"));
    assert_non_null(json_text(&o, "e", true).p);
    assert_string_equal(json_str(&o, "t", true, NULL), "x\xc3\xa9");
    assert_int_equal(json_int(&o, "i", true, -5, 5, 0), -5);
    assert_true(json_number(&o, "n", true, 0) == 1.5);
    assert_true(json_number(&o, "m", true, 0) == 2);
    assert_true(json_bool(&o, "b", true, false));
    assert_true(json_hex(&o, "h", true, hex, 2));
    assert_memory_equal(hex, "\x0a\xff", 2);
    assert_true(json_is_null(json_node(&o, "z", true)));
    const json_t *l = json_list(&o, "l", true, 2);
    assert_int_equal(json_len(l), 2);
    int64_t v = 0;
    assert_true(json_is_int(json_at(l, 1), &v));
    assert_int_equal(v, 2);
    assert_null(json_at(l, 2));
    struct json_obj s = json_sub(&o, "s");
    assert_string_equal(s.path, "doc.s");
    assert_int_equal(json_int(&s, "q", true, 0, 9, 0), 1);
    assert_ok(json_obj_end(&s));
    assert_ok(json_obj_end(&o));
    json_doc_freep(&d);
}

static void test_absent_keys_give_the_fallback(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{}");
    struct json_obj o = json_obj_of(json_root(d), "");
    uint8_t hex[2] = {1, 1};
    assert_null(json_text(&o, "a", false).p);
    assert_string_equal(json_str(&o, "b", false, "f"), "f");
    assert_int_equal(json_int(&o, "c", false, 0, 9, 7), 7);
    assert_true(json_number(&o, "d", false, 2.5) == 2.5);
    assert_true(json_bool(&o, "e", false, true));
    assert_false(json_hex(&o, "f", false, hex, 2));
    assert_int_equal(hex[0] | hex[1], 0);
    assert_null(json_node(&o, "g", false));
    assert_null(json_list(&o, "h", false, 1));
    assert_false(json_has(&o, "i"));
    assert_false(json_is_null(NULL));
    assert_int_equal(json_len(NULL), 0);
    assert_ok(json_obj_end(&o));
    json_doc_freep(&d);
}

enum kind { TEXT, STR, INT, NUMBER, BOOL, HEX, LIST, SUB, NODE };

static void read_kind(struct json_obj *o, enum kind k)
{
    uint8_t hex[2];
    struct json_obj sub;
    switch (k) {
    case TEXT:
        (void)json_text(o, "k", true);
        break;
    case STR:
        (void)json_str(o, "k", true, NULL);
        break;
    case INT:
        (void)json_int(o, "k", true, -1, 10, 0);
        break;
    case NUMBER:
        (void)json_number(o, "k", true, 0);
        break;
    case BOOL:
        (void)json_bool(o, "k", true, false);
        break;
    case HEX:
        (void)json_hex(o, "k", true, hex, 2);
        break;
    case LIST:
        (void)json_list(o, "k", true, 2);
        break;
    case SUB:
        sub = json_sub(o, "k");
        (void)json_int(&sub, "q", false, 0, 1, 0);
        break;
    case NODE:
        (void)json_node(o, "k", true);
        break;
    }
}

static void test_wrong_types_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *in;
        enum kind kind;
        enum status_code code;
    } rows[] = {
        {"text is a number", "{\"k\":1}", TEXT, ST_FORMAT},
        {"text is null", "{\"k\":null}", TEXT, ST_FORMAT},
        {"str is a list", "{\"k\":[]}", STR, ST_FORMAT},
        {"int is real", "{\"k\":1.0}", INT, ST_FORMAT},
        {"int is text", "{\"k\":\"1\"}", INT, ST_FORMAT},
        {"int below", "{\"k\":-2}", INT, ST_FORMAT},
        {"int above", "{\"k\":11}", INT, ST_FORMAT},
        {"int at the top", "{\"k\":10}", INT, ST_OK},
        {"number is text", "{\"k\":\"1\"}", NUMBER, ST_FORMAT},
        {"bool is 1", "{\"k\":1}", BOOL, ST_FORMAT},
        {"hex short", "{\"k\":\"0a\"}", HEX, ST_FORMAT},
        {"hex long", "{\"k\":\"0a0b0c\"}", HEX, ST_FORMAT},
        {"hex is no hex", "{\"k\":\"0a0g\"}", HEX, ST_FORMAT},
        {"list is an object", "{\"k\":{}}", LIST, ST_FORMAT},
        {"list too long", "{\"k\":[1,2,3]}", LIST, ST_LIMIT},
        {"sub is a list", "{\"k\":[]}", SUB, ST_FORMAT},
        {"unknown key", "{\"k\":1,\"u\":2}", NODE, ST_FORMAT},
        {"missing text", "{}", TEXT, ST_FORMAT},
        {"missing int", "{}", INT, ST_FORMAT},
        {"missing sub", "{}", SUB, ST_FORMAT},
        {"root is a list", "[1]", NODE, ST_FORMAT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_doc *d = parsed(rows[i].in);
        struct json_obj o = json_obj_of(json_root(d), "doc");
        read_kind(&o, rows[i].kind);
        status s = json_obj_end(&o);
        if (s.code != rows[i].code)
            fail_msg("%s: got %s", rows[i].rule, status_name(s.code));
        if (failed(s))
            assert_non_null(strstr(status_detail(), "doc: "));
        json_doc_freep(&d);
    }
}

static void test_first_error_sticks(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{\"a\":1}");
    struct json_obj o = json_obj_of(json_root(d), "");
    (void)json_text(&o, "a", true);
    (void)json_text(&o, "b", true);
    json_error(&o, ST_LIMIT, "later");
    assert_code(json_obj_end(&o), ST_FORMAT);
    assert_string_equal(status_detail(), "\"a\" must be a text");
    json_doc_freep(&d);
}

static void test_foreign_objects_may_hold_more(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{\"a\":1,\"x\":2}");
    struct json_obj o = json_obj_of(json_root(d), "");
    assert_int_equal(json_int(&o, "a", true, 0, 9, 0), 1);
    assert_ok(json_obj_end_foreign(&o));
    assert_code(json_obj_end(&o), ST_FORMAT);
    (void)json_text(&o, "a", true);
    assert_code(json_obj_end_foreign(&o), ST_FORMAT);
    json_doc_freep(&d);
}

static void test_a_missing_sub_object_fails_both(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{}");
    struct json_obj o = json_obj_of(json_root(d), "");
    struct json_obj s = json_sub(&o, "s");
    assert_int_equal(json_int(&s, "q", false, 0, 9, 3), 3);
    assert_code(json_obj_end(&s), ST_FORMAT);
    assert_code(json_obj_end_foreign(&s), ST_FORMAT);
    assert_code(json_obj_end(&o), ST_FORMAT);
    json_doc_freep(&d);
}

static void test_too_many_keys_asked_is_our_own_error(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{}");
    struct json_obj o = json_obj_of(json_root(d), "");
    for (int i = 0; i < JSON_KEYS_MAX; i++)
        (void)json_has(&o, "k");
    assert_ok(json_obj_end(&o));
    (void)json_has(&o, "k");
    assert_code(json_obj_end(&o), ST_INTERNAL);
    json_doc_freep(&d);
}

static void test_members_come_in_order(void **state)
{
    (void)state;
    struct json_doc *d = parsed("{\"b\":1,\"a\":2,\"c\":3}");
    char seen[8] = "";
    void *it = NULL;
    struct bytes key;
    const json_t *value;
    while (json_member(json_root(d), &it, &key, &value))
        strncat(seen, (const char *)key.p, key.n);
    assert_string_equal(seen, "bac");
    json_doc_freep(&d);
}

static void test_writer(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
    struct json_w w = {.out = &b};
    json_w_open(&w, NULL, '{');
    json_w_str(&w, "s", "a\"\\\b\f\n\r\t\x01/\x7f\xc3\xa9");
    json_w_text(&w, "bad", T("x\xff\xed\xa0\x80y\xc3"));
    json_w_int(&w, "i", INT64_MIN);
    json_w_open(&w, "l", '[');
    json_w_bool(&w, NULL, true);
    json_w_null(&w, NULL);
    json_w_open(&w, NULL, '[');
    json_w_close(&w, ']');
    json_w_f32(&w, NULL, 0.1f);
    json_w_f32(&w, NULL, NAN);
    json_w_f32(&w, NULL, -INFINITY);
    json_w_close(&w, ']');
    json_w_hex(&w, "h", T("\x0a\xff"));
    json_w_close(&w, '}');
    assert_ok(buf_status(&b));
    assert_bytes_equal(
        buf_view(&b),
        T("{\"s\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001/\\u007f\xc3\xa9\","
          "\"bad\":\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbd\","
          "\"i\":-9223372036854775808,\"l\":[true,null,[],0.1,null,null],"
          "\"h\":\"0aff\"}"));
    struct json_doc *d = NULL;
    assert_ok(parse_n(buf_view(&b), 4096, &d));
    json_doc_freep(&d);
}

static status parse_once(void *ctx)
{
    struct json_doc *d CLEANUP(json_doc_freep) = NULL;
    (void)ctx;
    return json_parse(T("{\"a\":[1,2]}"), 4096, &d);
}

static void test_every_failed_allocation_is_reported(void **state)
{
    (void)state;
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, parse_once, NULL) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failed_allocation_is_reported),
        cmocka_unit_test(test_parse_rules),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_error_names_line_and_column),
        cmocka_unit_test(test_object_reads_every_type),
        cmocka_unit_test(test_absent_keys_give_the_fallback),
        cmocka_unit_test(test_wrong_types_are_refused),
        cmocka_unit_test(test_first_error_sticks),
        cmocka_unit_test(test_foreign_objects_may_hold_more),
        cmocka_unit_test(test_a_missing_sub_object_fails_both),
        cmocka_unit_test(test_too_many_keys_asked_is_our_own_error),
        cmocka_unit_test(test_members_come_in_order),
        cmocka_unit_test(test_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
