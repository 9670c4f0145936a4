#include "support/faults.h"
#include "support/test.h"

#include "base/text.h"
#include "engine/tokenizer.h"
#include "formats/json.h"

#include <stdio.h>

enum { IDS_MAX = 4096, JSON_MAX = 64 << 10 };

/* tokenizer.json in pieces, so that a test can exchange one. */
struct parts {
    const char *added, *normalizer, *pre, *post, *model;
};

#define VOCAB                                                                              \
    "{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"a\":4,\"b\":5,\"##b\":6,\"ab\":7," \
    "\"[\":8,\"]\":9,\".\":10,\"cls\":11,\"##x\":12}"
#define ADDED_ONE(id, text)                                                           \
    "{\"id\":" id ",\"special\":true,\"content\":\"" text "\",\"single_word\":false," \
    "\"lstrip\":false,\"rstrip\":false,\"normalized\":false}"
#define MODEL(extra)                                                          \
    "{" extra "\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\"," \
    "\"max_input_chars_per_word\":10,\"vocab\":" VOCAB "}"
#define POST(single, specials)                            \
    "{\"type\":\"TemplateProcessing\",\"single\":" single \
    ",\"pair\":[],\"special_tokens\":" specials "}"
#define TOKEN(name) "{\"SpecialToken\":{\"id\":\"" name "\",\"type_id\":0}}"
#define TEXT_A      "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}"
#define SINGLE      "[" TOKEN("[CLS]") "," TEXT_A "," TOKEN("[SEP]") "]"
#define SPECIAL(name, id) \
    "\"" name "\":{\"id\":\"" name "\",\"ids\":[" id "],\"tokens\":[\"" name "\"]}"
#define SPECIALS           "{" SPECIAL("[CLS]", "2") "," SPECIAL("[SEP]", "3") "}"
#define NORMALIZER(fields) "{\"type\":\"BertNormalizer\"" fields "}"
#define NORMAL                                                                              \
    NORMALIZER(",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null," \
               "\"lowercase\":true")

static const struct parts GOOD = {
    .added = "[" ADDED_ONE("0", "[PAD]") "," ADDED_ONE("2", "[CLS]") "," ADDED_ONE(
        "20", "<x>") "," ADDED_ONE("21", "<x>y") "]",
    .normalizer = NORMAL,
    .pre = "{\"type\":\"BertPreTokenizer\"}",
    .post = POST(SINGLE, SPECIALS),
    .model = MODEL("\"type\":\"WordPiece\","),
};

static void put_part(struct buf *b, const char *key, const char *value)
{
    if (value != NULL)
        buf_printf(b, ",\"%s\":%s", key, value);
}

static struct buf json_of(const struct parts *p)
{
    struct buf b = BUF_MAX(JSON_MAX);
    buf_put_str(&b, "{\"version\":\"1.0\",\"truncation\":{\"max_length\":1},\"padding\":{\"x\":1}");
    put_part(&b, "added_tokens", p->added);
    put_part(&b, "normalizer", p->normalizer);
    put_part(&b, "pre_tokenizer", p->pre);
    put_part(&b, "post_processor", p->post);
    put_part(&b, "model", p->model);
    buf_put_str(&b, ",\"decoder\":null}");
    assert_ok(buf_status(&b));
    return b;
}

static status make(const struct parts *p, struct tokenizer **out)
{
    struct buf json CLEANUP(buf_done) = json_of(p);
    struct bytes copy = test_exact(buf_view(&json));
    status s = tokenizer_new(copy, out);
    test_exact_free(copy);
    return s;
}

static struct tokenizer *good(void)
{
    struct tokenizer *t = NULL;
    assert_ok(make(&GOOD, &t));
    return t;
}

struct encoded {
    uint32_t ids[IDS_MAX];
    size_t n;
    bool is_truncated;
};

static status encode(const struct tokenizer *t, struct bytes text, size_t max, struct encoded *out)
{
    struct bytes copy = test_exact(text);
    uint32_t *ids = malloc(max * sizeof(*ids)); /* exact, so that one id too many is seen */
    assert_non_null(ids);
    status s = tokenizer_encode(t, copy, max, ids, &out->n, &out->is_truncated);
    if (ok(s))
        memcpy(out->ids, ids, out->n * sizeof(*ids));
    free(ids);
    test_exact_free(copy);
    return s;
}

static void check(const struct tokenizer *t, struct bytes text, size_t max, const char *expected,
                  bool is_truncated)
{
    struct encoded e;
    char got[1024] = "";
    assert_ok(encode(t, text, max, &e));
    for (size_t i = 0; i < e.n; i++)
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u", i ? " " : "",
                       e.ids[i]);
    if (strcmp(got, expected) != 0 || e.is_truncated != is_truncated)
        fail_msg("%.*s: got %s (%d), expected %s", (int)text.n, (const char *)text.p, got,
                 e.is_truncated, expected);
}

static void test_encode(void **state)
{
    (void)state;
    struct tokenizer *t = good();
    static const struct {
        const char *text;
        const char *ids;
    } rows[] = {
        {"", "2 3"},
        {" \n", "2 3"},
        {"ab a.b", "2 7 4 10 5 3"},
        {"ABB", "2 7 6 3"},
        {"q", "2 1 3"},
        {"abq", "2 1 3"}, /* one unknown piece makes the word unknown */
        {"abbbbbbbbb", "2 7 6 6 6 6 6 6 6 6 3"},
        {"abbbbbbbbbb", "2 1 3"}, /* eleven characters */
        {"a[CLS]b", "2 4 2 5 3"}, /* a special token as it stands */
        {"a[cls]b", "2 4 8 11 9 5 3"},
        {"[SEP]", "2 8 1 9 3"}, /* not among the added tokens of this file */
        {"<x>", "2 20 3"},
        {"<x>y<x>", "2 21 20 3"}, /* the longest at one place */
        {"a<x>x", "2 4 20 1 3"},  /* no word reaches over: "ax" would be 4 12 */
        {"<x", "2 1 1 3"},
        {"[PAD][PAD]", "2 0 0 3"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(t, bytes_str(rows[i].text), 64, rows[i].ids, false);
    assert_int_equal(tokenizer_id_bound(t), 22);
    tokenizer_freep(&t);
    tokenizer_freep(&t);
}

static void test_truncation(void **state)
{
    (void)state;
    struct tokenizer *t = good();
    check(t, BYTES_LIT("a b"), 4, "2 4 5 3", false);
    check(t, BYTES_LIT("a b "), 4, "2 4 5 3", false);
    check(t, BYTES_LIT("a b a"), 4, "2 4 5 3", true);
    check(t, BYTES_LIT("abb a"), 3, "2 7 3", true);
    check(t, BYTES_LIT("abq"), 3, "2 1 3", false); /* the pieces before [UNK] do not count */
    check(t, BYTES_LIT("a<x>"), 3, "2 4 3", true);
    check(t, BYTES_LIT("<x>a"), 3, "2 20 3", true);
    check(t, BYTES_LIT("a"), 2, "2 3", true);
    check(t, BYTES_LIT(""), 2, "2 3", false);
    tokenizer_freep(&t);
}

static void test_no_room_is_wrong_use(void **state)
{
    (void)state;
    struct tokenizer *t = good();
    struct encoded e;
    assert_code(encode(t, BYTES_LIT("a"), 1, &e), ST_USAGE);
    assert_code(tokenizer_encode(t, BYTES_LIT("a"), 0, e.ids, &e.n, &e.is_truncated), ST_USAGE);
    tokenizer_freep(&t);
}

static void test_invalid_utf8_is_refused(void **state)
{
    (void)state;
    struct tokenizer *t = good();
    static const struct {
        const char *rule;
        struct bytes text;
    } rows[] = {
        {"stray continuation", BYTES_LIT("a\x80")},
        {"cut two", BYTES_LIT("a\xc3")},
        {"cut three", BYTES_LIT("a\xe4\xb8")},
        {"cut four", BYTES_LIT("\xf0\x90\x90")},
        {"overlong", BYTES_LIT("\xc1\x81")},
        {"surrogate", BYTES_LIT("\xed\xa0\x80")},
        {"above U+10FFFF", BYTES_LIT("\xf4\x90\x80\x80")},
        {"beyond what fits", BYTES_LIT("a a a a a a a a \xff")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct encoded e = {.n = 77};
        status s = encode(t, rows[i].text, 4, &e);
        if (s.code != ST_FORMAT || e.n != 77)
            fail_msg("%s: got %s", rows[i].rule, status_name(s.code));
    }
    tokenizer_freep(&t);
}

struct row {
    const char *rule;
    enum status_code code;
    struct parts parts; /* NULL: as in GOOD; "" leaves the part out */
};

static const char *pick(const char *given, const char *usual)
{
    if (given == NULL)
        return usual;
    return *given ? given : NULL;
}

static const struct row ROWS[] = {
    {"as it should be", ST_OK, {0}},
    {"no normalizer", ST_FORMAT, {.normalizer = ""}},
    {"normalizer is null", ST_FORMAT, {.normalizer = "null"}},
    {"another normalizer", ST_UNSUPPORTED, {.normalizer = "{\"type\":\"NFC\"}"}},
    {"a sequence of normalizers",
     ST_UNSUPPORTED,
     {.normalizer = "{\"type\":\"Sequence\",\"normalizers\":[]}"}},
    {"unknown normalizer setting",
     ST_FORMAT,
     {.normalizer = NORMALIZER(",\"clean_text\":true,\"handle_chinese_chars\":true,"
                               "\"strip_accents\":null,\"lowercase\":true,\"x\":1")}},
    {"normalizer setting missing",
     ST_FORMAT,
     {.normalizer = NORMALIZER(",\"clean_text\":true,\"strip_accents\":null,\"lowercase\":true")}},
    {"strip_accents is a number",
     ST_FORMAT,
     {.normalizer = NORMALIZER(",\"clean_text\":true,\"handle_chinese_chars\":true,"
                               "\"strip_accents\":1,\"lowercase\":true")}},
    {"strip_accents is absent",
     ST_OK,
     {.normalizer =
          NORMALIZER(",\"clean_text\":true,\"handle_chinese_chars\":true,\"lowercase\":true")}},
    {"no pre-tokenizer", ST_FORMAT, {.pre = ""}},
    {"another pre-tokenizer", ST_UNSUPPORTED, {.pre = "{\"type\":\"Whitespace\"}"}},
    {"unknown pre-tokenizer setting",
     ST_FORMAT,
     {.pre = "{\"type\":\"BertPreTokenizer\",\"x\":1}"}},
    {"no model", ST_FORMAT, {.model = ""}},
    {"another model", ST_UNSUPPORTED, {.model = "{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}"}},
    {"model without type", ST_OK, {.model = MODEL("")}},
    {"unknown model setting", ST_FORMAT, {.model = MODEL("\"x\":1,")}},
    {"unk_token not in the vocabulary",
     ST_FORMAT,
     {.model = "{\"unk_token\":\"?\",\"continuing_subword_prefix\":\"##\","
               "\"max_input_chars_per_word\":10,\"vocab\":" VOCAB "}"}},
    {"words may be too long",
     ST_FORMAT,
     {.model = "{\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
               "\"max_input_chars_per_word\":257,\"vocab\":" VOCAB "}"}},
    {"words of no character",
     ST_FORMAT,
     {.model = "{\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
               "\"max_input_chars_per_word\":0,\"vocab\":" VOCAB "}"}},
    {"empty vocabulary",
     ST_FORMAT,
     {.model = "{\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
               "\"max_input_chars_per_word\":10,\"vocab\":{}}"}},
    {"no added tokens", ST_OK, {.added = ""}},
    {"added tokens are an object", ST_FORMAT, {.added = "{}"}},
    {"added token is a text", ST_FORMAT, {.added = "[\"a\"]"}},
    {"added token without text", ST_FORMAT, {.added = "[" ADDED_ONE("20", "") "]"}},
    {"added token twice",
     ST_FORMAT,
     {.added = "[" ADDED_ONE("20", "<x>") "," ADDED_ONE("21", "<x>") "]"}},
    {"added token with another id than in the vocabulary",
     ST_FORMAT,
     {.added = "[" ADDED_ONE("3", "[CLS]") "]"}},
    {"added word with another id than in the vocabulary",
     ST_FORMAT,
     {.added = "[" ADDED_ONE("5", "a") "]"}},
    {"added token with a negative id", ST_FORMAT, {.added = "[" ADDED_ONE("-1", "<x>") "]"}},
    {"added token that is normalized",
     ST_UNSUPPORTED,
     {.added = "[{\"id\":20,\"content\":\"<x>\",\"normalized\":true}]"}},
    {"added token that may be normalized",
     ST_FORMAT,
     {.added = "[{\"id\":20,\"content\":\"<x>\"}]"}},
    {"added token that strips on the left",
     ST_UNSUPPORTED,
     {.added = "[{\"id\":20,\"content\":\"<x>\",\"normalized\":false,\"lstrip\":true}]"}},
    {"added token that strips on the right",
     ST_UNSUPPORTED,
     {.added = "[{\"id\":20,\"content\":\"<x>\",\"normalized\":false,\"rstrip\":true}]"}},
    {"added token that is a whole word",
     ST_UNSUPPORTED,
     {.added = "[{\"id\":20,\"content\":\"<x>\",\"normalized\":false,\"single_word\":true}]"}},
    {"no post-processor", ST_FORMAT, {.post = ""}},
    {"another post-processor", ST_UNSUPPORTED, {.post = "{\"type\":\"RobertaProcessing\"}"}},
    {"template without [SEP]",
     ST_UNSUPPORTED,
     {.post = POST("[" TOKEN("[CLS]") "," TEXT_A "]", SPECIALS)}},
    {"template with a fourth part",
     ST_LIMIT,
     {.post =
          POST("[" TOKEN("[CLS]") "," TEXT_A "," TOKEN("[SEP]") "," TOKEN("[SEP]") "]", SPECIALS)}},
    {"template in another order",
     ST_FORMAT,
     {.post = POST("[" TEXT_A "," TOKEN("[CLS]") "," TOKEN("[SEP]") "]", SPECIALS)}},
    {"template with text B",
     ST_UNSUPPORTED,
     {.post = POST(
          "[" TOKEN("[CLS]") ",{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}," TOKEN("[SEP]") "]",
          SPECIALS)}},
    {"template with segment 1",
     ST_FORMAT,
     {.post = POST(
          "[" TOKEN("[CLS]") ",{\"Sequence\":{\"id\":\"A\",\"type_id\":1}}," TOKEN("[SEP]") "]",
          SPECIALS)}},
    {"template token with segment 1",
     ST_FORMAT,
     {.post = POST("[{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":1}}," TEXT_A
                   "," TOKEN("[SEP]") "]",
                   SPECIALS)}},
    {"template token not listed", ST_FORMAT, {.post = POST(SINGLE, "{" SPECIAL("[CLS]", "2") "}")}},
    {"template id differs from the vocabulary",
     ST_FORMAT,
     {.post = POST(SINGLE, "{" SPECIAL("[CLS]", "2") "," SPECIAL("[SEP]", "4") "}")}},
    {"template token not in the vocabulary",
     ST_FORMAT,
     {.post = POST("[" TOKEN("[CLS]") "," TEXT_A "," TOKEN("</s>") "]",
                   "{" SPECIAL("[CLS]", "2") "," SPECIAL("</s>", "3") "}")}},
    {"template token of two ids",
     ST_LIMIT,
     {.post = POST(SINGLE, "{" SPECIAL("[CLS]", "2,2") "," SPECIAL("[SEP]", "3") "}")}},
    {"the older form of the template",
     ST_OK,
     {.post = "{\"type\":\"BertProcessing\",\"cls\":[\"[CLS]\",2],\"sep\":[\"[SEP]\",3]}"}},
    {"the older form with another id",
     ST_FORMAT,
     {.post = "{\"type\":\"BertProcessing\",\"cls\":[\"[CLS]\",3],\"sep\":[\"[SEP]\",3]}"}},
};

static void test_refused_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct parts *p = &ROWS[i].parts;
        struct parts whole = {pick(p->added, GOOD.added), pick(p->normalizer, GOOD.normalizer),
                              pick(p->pre, GOOD.pre), pick(p->post, GOOD.post),
                              pick(p->model, GOOD.model)};
        struct tokenizer *t = NULL;
        status s = make(&whole, &t);
        if (s.code != ROWS[i].code)
            fail_msg("%s: got %s (%s)", ROWS[i].rule, status_name(s.code), status_detail());
        assert_int_equal(t != NULL, ok(s));
        tokenizer_freep(&t);
    }
}

static void test_every_truncation_of_the_file_is_refused(void **state)
{
    (void)state;
    struct buf json CLEANUP(buf_done) = json_of(&GOOD);
    struct tokenizer *t = NULL;
    for (size_t n = 0; n < json.n; n++) {
        struct bytes copy = test_exact(bytes_of(json.p, n));
        assert_code(tokenizer_new(copy, &t), ST_FORMAT);
        test_exact_free(copy);
    }
    assert_null(t);
}

static void test_options_reach_the_words(void **state)
{
    (void)state;
    struct parts p = GOOD;
    struct tokenizer *t = NULL;
    p.normalizer = NORMALIZER(",\"clean_text\":false,\"handle_chinese_chars\":false,"
                              "\"strip_accents\":false,\"lowercase\":false");
    assert_ok(make(&p, &t));
    check(t, BYTES_LIT("A a"), 64, "2 1 4 3", false);
    check(t, BYTES_LIT("a\x01"), 64, "2 1 3", false);
    check(t, BYTES_LIT("a\xcc\x81"), 64, "2 1 3", false);
    tokenizer_freep(&t);
    t = good();
    check(t, BYTES_LIT("A a"), 64, "2 4 4 3", false);
    check(t, BYTES_LIT("a\x01"), 64, "2 4 3", false);
    check(t, BYTES_LIT("a\xcc\x81"), 64, "2 4 3", false);
    tokenizer_freep(&t);
}

/* -- third-party vectors -- */

static struct tokenizer *minilm(void)
{
    struct buf json CLEANUP(buf_done) = test_vector("tokenizer/minilm/tokenizer.json");
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_new(buf_view(&json), &t));
    return t;
}

static void test_vectors_with_specials(void **state)
{
    (void)state;
    test_vectors_or_skip("tokenizer");
    struct tokenizer *t = minilm();
    struct buf file CLEANUP(buf_done) = test_vector("tokenizer/ext/bert-wordpiece-uncased.json");
    struct json_doc *d CLEANUP(json_doc_freep) = NULL;
    struct encoded e;
    assert_ok(json_parse(buf_view(&file), 1 << 20, &d));
    for (size_t i = 0; i < json_len(json_root(d)); i++) {
        struct json_obj o = json_obj_of(json_at(json_root(d), i), "");
        struct bytes text = json_text(&o, "text", true);
        const json_t *ids = json_list(&o, "ids", true, IDS_MAX);
        assert_ok(json_obj_end(&o));
        assert_ok(encode(t, text, IDS_MAX, &e));
        assert_int_equal(e.n, json_len(ids));
        for (size_t k = 0; k < e.n; k++) {
            int64_t id = -1;
            assert_true(json_is_int(json_at(ids, k), &id));
            assert_int_equal(e.ids[k], id);
        }
    }
    assert_true(json_len(json_root(d)) > 50);
    tokenizer_freep(&t);
}

/* Cuts the next piece off, up to a separator. */
static struct bytes next_piece(struct bytes *rest, struct bytes separator)
{
    struct bytes piece = *rest;
    const uint8_t *at = memmem(rest->p, rest->n, separator.p, separator.n);
    if (at == NULL) {
        rest->n = 0;
        return piece;
    }
    piece.n = (size_t)(at - rest->p);
    rest->p = at + separator.n;
    rest->n -= piece.n + separator.n;
    return piece;
}

static void check_line(const struct encoded *e, struct bytes line)
{
    struct buf got CLEANUP(buf_done) = BUF_MAX(1 << 16);
    for (size_t k = 1; k + 1 < e->n; k++)
        buf_printf(&got, " %u", e->ids[k]);
    if (line.n > 0 && line.p[0] == ' ')
        line = bytes_of(line.p + 1, line.n - 1);
    struct bytes mine = got.n ? bytes_of(got.p + 1, got.n - 1) : buf_view(&got);
    assert_bytes_equal(mine, line);
}

static void test_vectors_without_specials(void **state)
{
    (void)state;
    test_vectors_or_skip("tokenizer");
    struct tokenizer *t = minilm();
    struct buf inp CLEANUP(buf_done) = test_vector("tokenizer/vocab/bert-bge.gguf.inp");
    struct buf out CLEANUP(buf_done) = test_vector("tokenizer/vocab/bert-bge.gguf.out");
    struct bytes texts = buf_view(&inp);
    struct bytes lines = buf_view(&out);
    struct encoded e;
    unsigned n = 0;
    for (; texts.n > 0; n++) {
        struct bytes text = next_piece(&texts, BYTES_LIT("\n__ggml_vocab_test__\n"));
        assert_ok(encode(t, text, IDS_MAX, &e));
        check_line(&e, next_piece(&lines, BYTES_LIT("\n")));
    }
    assert_true(n >= 46);
    tokenizer_freep(&t);
}

static void test_real_file(void **state)
{
    (void)state;
    test_vectors_or_skip("tokenizer");
    struct tokenizer *t = minilm();
    assert_int_equal(tokenizer_id_bound(t), 30522);
    check(t, BYTES_LIT("Hello, World!"), 512, "101 7592 1010 2088 999 102", false);
    check(t, BYTES_LIT("Hello, World!"), 5, "101 7592 1010 2088 102", true);
    tokenizer_freep(&t);
}

static status make_once(void *ctx)
{
    const struct buf *json = ctx;
    struct tokenizer *t CLEANUP(tokenizer_freep) = NULL;
    return tokenizer_new(buf_view(json), &t);
}

static void test_every_failed_allocation_is_reported(void **state)
{
    (void)state;
    struct buf json CLEANUP(buf_done) = json_of(&GOOD);
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, make_once, &json) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failed_allocation_is_reported),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_no_room_is_wrong_use),
        cmocka_unit_test(test_invalid_utf8_is_refused),
        cmocka_unit_test(test_refused_files),
        cmocka_unit_test(test_every_truncation_of_the_file_is_refused),
        cmocka_unit_test(test_options_reach_the_words),
        cmocka_unit_test(test_vectors_with_specials),
        cmocka_unit_test(test_vectors_without_specials),
        cmocka_unit_test(test_real_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
