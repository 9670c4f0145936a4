#include "support/test.h"

#include "engine/wordpiece.h"

#include <stdio.h>

enum { JSON_MAX = 16 << 20 };

static status make(const char *vocab, const char *prefix, struct wordpiece **out)
{
    struct json_doc *d CLEANUP(json_doc_freep) = NULL;
    assert_ok(json_parse(bytes_str(vocab), JSON_MAX, &d));
    return wordpiece_new(json_root(d), bytes_str(prefix), out);
}

static void check_split(const struct wordpiece *w, const char *word, const char *expected)
{
    struct wordpiece_scratch scratch;
    char got[256] = "";
    uint32_t ids[64];
    struct bytes copy = test_exact(bytes_str(word));
    size_t n = wordpiece_split(w, copy, &scratch, ids);
    test_exact_free(copy);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u ", ids[i]);
    if (strcmp(got, expected) != 0)
        fail_msg("%s: got %s, expected %s", word, got, expected);
}

static void test_split(void **state)
{
    (void)state;
    struct wordpiece *w = NULL;
    assert_ok(make("{\"un\":1,\"##aff\":2,\"##able\":3,\"una\":4,\"a\":5,\"##a\":6,\"\xc3\xa9\":7,"
                   "\"##\xc3\xa9\xc3\xa9\":8,\"##\":9,\"x\xc3\xa9\":10,\"##b\":11}",
                   "##", &w));
    static const struct {
        const char *word;
        const char *ids;
    } rows[] = {
        {"un", "1 "},
        {"unaffable", ""}, /* greedy: "una" first, and then nothing begins with "ff" */
        {"una", "4 "},
        {"unb", "1 11 "},
        {"aaaa", "5 6 6 6 "},
        {"aaffable", "5 2 3 "},
        {"able", ""}, /* stands only inside a word */
        {"b", ""},
        {"bun", ""},
        {"\xc3\xa9", "7 "},
        {"x\xc3\xa9", "10 "},
        {"x\xc3\xa8", ""},
        {"\xc3\xa9\xc3\xa9\xc3\xa9", "7 8 "},
        {"\xc3\xa9\xc3\xa9", ""},
        {"#", ""},
        {"##", "9 "},
        {"##b", "11 "}, /* also a text of its own */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_split(w, rows[i].word, rows[i].ids);
    wordpiece_freep(&w);
    wordpiece_freep(&w);
}

static void test_empty_prefix(void **state)
{
    (void)state;
    struct wordpiece *w = NULL;
    assert_ok(make("{\"ab\":0,\"c\":1}", "", &w));
    check_split(w, "abcab", "0 1 0 ");
    wordpiece_freep(&w);
}

static void test_find(void **state)
{
    (void)state;
    struct wordpiece *w = NULL;
    uint32_t id = 77;
    assert_ok(make("{\"[UNK]\":5,\"##s\":900}", "##", &w));
    assert_true(wordpiece_find(w, BYTES_LIT("[UNK]"), &id));
    assert_int_equal(id, 5);
    assert_true(wordpiece_find(w, BYTES_LIT("##s"), &id));
    assert_int_equal(id, 900);
    assert_false(wordpiece_find(w, BYTES_LIT("s"), &id));
    assert_false(wordpiece_find(w, BYTES_LIT("[UNK"), &id));
    assert_int_equal(wordpiece_id_bound(w), 901);
    wordpiece_freep(&w);
}

/* Many entries: chains in the table, and every one is found under its own id. */
static void test_many_entries(void **state)
{
    (void)state;
    enum { N = 5000 };
    struct buf json CLEANUP(buf_done) = BUF_MAX(1 << 20);
    struct wordpiece *w = NULL;
    buf_put_u8(&json, '{');
    for (unsigned i = 0; i < N; i++)
        buf_printf(&json, "%s\"w%u\":%u", i ? "," : "", i, i);
    buf_put_str(&json, "}");
    buf_put_u8(&json, 0);
    assert_ok(buf_status(&json));
    assert_ok(make((const char *)json.p, "##", &w));
    for (unsigned i = 0; i < N; i++) {
        char word[16];
        uint32_t id = N;
        int n = snprintf(word, sizeof(word), "w%u", i);
        assert_true(wordpiece_find(w, bytes_of(word, (size_t)n), &id));
        assert_int_equal(id, i);
    }
    wordpiece_freep(&w);
}

static void test_too_many_entries(void **state)
{
    (void)state;
    struct buf json CLEANUP(buf_done) = BUF_MAX(JSON_MAX);
    struct wordpiece *w = NULL;
    buf_put_u8(&json, '{');
    for (unsigned i = 0; i < WORDPIECE_ENTRIES_MAX; i++)
        buf_printf(&json, "\"%x\":%u,", i, i);
    buf_put_str(&json, "\"one more\":0}");
    buf_put_u8(&json, 0);
    assert_ok(buf_status(&json));
    assert_code(make((const char *)json.p, "##", &w), ST_LIMIT);
}

static void test_refused(void **state)
{
    (void)state;
    char long_entry[WORDPIECE_ENTRY_BYTES_MAX + 32];
    (void)snprintf(long_entry, sizeof(long_entry), "{\"%0*d\":0}", WORDPIECE_ENTRY_BYTES_MAX + 1,
                   0);
    const struct {
        const char *rule;
        const char *vocab;
        enum status_code code;
    } rows[] = {
        {"list", "[\"a\"]", ST_FORMAT},
        {"empty", "{}", ST_FORMAT},
        {"same id twice", "{\"a\":1,\"b\":1}", ST_FORMAT},
        {"negative id", "{\"a\":-1}", ST_FORMAT},
        {"id above the limit", "{\"a\":4194304}", ST_FORMAT},
        {"id at the limit", "{\"a\":4194303}", ST_OK},
        {"id is a text", "{\"a\":\"1\"}", ST_FORMAT},
        {"id is real", "{\"a\":1.0}", ST_FORMAT},
        {"entry too long", long_entry, ST_LIMIT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wordpiece *w = NULL;
        status s = make(rows[i].vocab, "##", &w);
        if (s.code != rows[i].code)
            fail_msg("%s: got %s", rows[i].rule, status_name(s.code));
        assert_int_equal(w != NULL, ok(s));
        wordpiece_freep(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),   cmocka_unit_test(test_empty_prefix),
        cmocka_unit_test(test_find),    cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_too_many_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
