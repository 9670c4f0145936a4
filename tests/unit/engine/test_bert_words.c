#include "support/test.h"

#include "engine/bert_words.h"

static const struct bert_words_options UNCASED = {true, true, true, true, 100};
static const struct bert_words_options CASED = {true, true, false, false, 100};
static const struct bert_words_options PLAIN = {false, false, false, false, 100};

struct seen {
    struct buf text; /* words with '|' behind each; "<long>" for one that is too long */
    size_t stop_after;
    size_t n;
};

static bool see(void *ctx, struct bytes word, bool is_too_long)
{
    struct seen *s = ctx;
    if (is_too_long)
        buf_put_str(&s->text, "<long>");
    buf_put(&s->text, word);
    buf_put_u8(&s->text, '|');
    return ++s->n != s->stop_after;
}

static struct seen split(const struct bert_words_options *o, struct bytes text)
{
    struct bert_words w;
    struct seen s = {.text = BUF_MAX(1 << 20)};
    struct bytes copy = test_exact(text);
    bert_words_init(&w, o);
    assert_true(bert_words_each(&w, copy, see, &s));
    test_exact_free(copy);
    assert_ok(buf_status(&s.text));
    return s;
}

#define U BYTES_LIT
struct row {
    const char *rule;
    const struct bert_words_options *options;
    struct bytes in;
    struct bytes out;
};

static const struct row ROWS[] = {
    {"nothing", &UNCASED, U(""), U("")},
    {"only white space", &UNCASED, U(" \t\n\r\xc2\xa0\xe3\x80\x80"), U("")},
    {"words and white space", &UNCASED, U(" a  b\tc\n"), U("a|b|c|")},
    {"punctuation stands alone", &UNCASED, U("a.b,,$"), U("a|.|b|,|,|$|")},
    {"punctuation beyond ASCII", &UNCASED,
     U("a\xe2\x80\x94"
       "b\xc2\xa1"),
     U("a|\xe2\x80\x94|b|\xc2\xa1|")},
    {"lower case", &UNCASED, U("AbC \xc3\x89 \xce\xa3\xce\xa3"), U("abc|e|\xcf\x83\xcf\x82|")},
    {"sigma at the end of a word", &UNCASED, U("\xce\x91\xce\xa3\xce\xa3 \xce\xa3"),
     U("\xce\xb1\xcf\x83\xcf\x82|\xcf\x83|")},
    {"sigma before a removed control", &UNCASED, U("\xce\x91\xce\xa3\x01\xce\x91"),
     U("\xce\xb1\xcf\x83\xce\xb1|")},
    {"case kept", &CASED, U("AbC \xc3\x89"), U("AbC|\xc3\x89|")},
    {"composed accent stripped", &UNCASED, U("caf\xc3\xa9"), U("cafe|")},
    {"combining accent stripped", &UNCASED, U("cafe\xcc\x81s"), U("cafes|")},
    {"accent kept", &CASED, U("cafe\xcc\x81"), U("cafe\xcc\x81|")},
    {"dotted capital I", &UNCASED, U("\xc4\xb0"), U("i|")},
    {"dotted capital I without stripping",
     &(const struct bert_words_options){true, true, false, true, 9}, U("\xc4\xb0"),
     U("i\xcc\x87|")},
    {"control removed inside a word", &UNCASED,
     U("a\0b\x01\xc2\xad\xe2\x80\x8d"
       "c\xef\xbf\xbd"),
     U("abc|")},
    {"control kept without clean_text", &PLAIN, U("a\0b"), U("a\0b|")},
    {"vertical tab is removed, not a space", &UNCASED, U("a\vb"), U("ab|")},
    {"vertical tab splits without clean_text", &PLAIN, U("a\vb"), U("a|b|")},
    {"ideographs stand alone", &UNCASED, U("a\xe4\xb8\xad\xe6\x96\x87z"),
     U("a|\xe4\xb8\xad|\xe6\x96\x87|z|")},
    {"ideographs together without the option", &PLAIN, U("\xe4\xb8\xad\xe6\x96\x87"),
     U("\xe4\xb8\xad\xe6\x96\x87|")},
    {"compatibility ideograph is decomposed", &UNCASED, U("\xef\xa4\x80"), U("\xe8\xb1\x88|")},
    {"kana is no ideograph", &UNCASED, U("\xe3\x81\x82\xe3\x81\x84"),
     U("\xe3\x81\x82\xe3\x81\x84|")},
    {"voiced kana loses its mark", &UNCASED, U("\xe3\x81\x8c"), U("\xe3\x81\x8b|")},
    {"Hangul becomes jamo", &UNCASED, U("\xea\xb0\x81"),
     U("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8|")},
    {"Greek question mark becomes punctuation", &UNCASED,
     U("a\xcd\xbe"
       "b"),
     U("a|;|b|")},
    {"marks that stay are put in order", &UNCASED,
     U("a\xf0\x9d\x85\xad\xf0\x9d\x85\xa5"
       "b"), /* U+1D16D (226), U+1D165 (216) */
     U("a\xf0\x9d\x85\xa5\xf0\x9d\x85\xad"
       "b|")},
    {"order is stable within a class", &UNCASED,
     U("\xf0\x9d\x85\xa6\xf0\x9d\x85\xa5\xf0\x9d\x85\xa6"),
     U("\xf0\x9d\x85\xa6\xf0\x9d\x85\xa5\xf0\x9d\x85\xa6|")},
    {"a removed control does not end a run", &UNCASED,
     U("\xf0\x9d\x85\xad\xe2\x80\x8d\xf0\x9d\x85\xa5"), U("\xf0\x9d\x85\xa5\xf0\x9d\x85\xad|")},
    {"a stripped starter ends a run", &UNCASED, /* U+034F: a mark of class 0 */
     U("\xf0\x9d\x85\xad\xcd\x8f\xf0\x9d\x85\xa5"), U("\xf0\x9d\x85\xad\xf0\x9d\x85\xa5|")},
    {"an ASCII letter ends a run", &UNCASED,
     U("\xf0\x9d\x85\xad"
       "a\xf0\x9d\x85\xa5"),
     U("\xf0\x9d\x85\xad"
       "a\xf0\x9d\x85\xa5|")},
    {"a space ends a run", &UNCASED, U("\xf0\x9d\x85\xad\xc2\xa0\xf0\x9d\x85\xa5"),
     U("\xf0\x9d\x85\xad|\xf0\x9d\x85\xa5|")},
    {"no order without stripping", &CASED, U("\xf0\x9d\x85\xad\xf0\x9d\x85\xa5"),
     U("\xf0\x9d\x85\xad\xf0\x9d\x85\xa5|")},
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct seen s = split(ROWS[i].options, ROWS[i].in);
        if (!bytes_equal(buf_view(&s.text), ROWS[i].out))
            fail_msg("%s: got %.*s", ROWS[i].rule, (int)s.text.n, (const char *)s.text.p);
        buf_done(&s.text);
    }
}

/* ASCII has a path of its own; it must agree with the general one, which a combining mark that is
 * removed again makes it take. */
static void test_ascii_path_agrees(void **state)
{
    (void)state;
    const struct bert_words_options *all[] = {&UNCASED, &CASED, &PLAIN};
    for (size_t k = 0; k < 3; k++) {
        struct bert_words w;
        bert_words_init(&w, all[k]);
        for (unsigned c = 0; c < 128; c++) {
            uint8_t text[3] = {'x', (uint8_t)c, 'y'};
            struct seen s = split(all[k], BYTES_OF(text));
            bool is_upper = c >= 'A' && c <= 'Z' && all[k]->lowercase;
            bool is_control = c < 32 || c == 127;
            bool is_white = c == ' ' || (c >= 9 && c <= 13);
            bool is_letter =
                (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            uint8_t got = (uint8_t)(is_upper ? c + 32 : c);
            const uint8_t dropped[] = {'x', 'y', '|'};
            const uint8_t split_up[] = {'x', '|', 'y', '|'};
            const uint8_t alone[] = {'x', '|', got, '|', 'y', '|'};
            const uint8_t joined[] = {'x', got, 'y', '|'};
            bool is_cleaned =
                all[k]->clean_text && is_control && c != '\t' && c != '\n' && c != '\r';
            struct bytes want = is_cleaned                ? BYTES_OF(dropped)
                                : is_white                ? BYTES_OF(split_up)
                                : is_letter || is_control ? BYTES_OF(joined)
                                                          : BYTES_OF(alone);
            assert_bytes_equal(buf_view(&s.text), want);
            buf_done(&s.text);
        }
    }
}

static struct seen split_repeated(const struct bert_words_options *o, const char *unit,
                                  size_t times, const char *tail)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(4 << 20);
    for (size_t i = 0; i < times; i++)
        buf_put_str(&text, unit);
    buf_put_str(&text, tail);
    return split(o, buf_view(&text));
}

static void test_long_words(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *unit;
        size_t times;
        const char *tail;
        bool is_long;
    } rows[] = {
        {"letters at the limit", "x", 100, "", false},
        {"letters above", "x", 101, "", true},
        {"four-byte letters at the limit", "\xf0\x90\x90\x80", 100, "", false},
        {"four-byte letters above", "\xf0\x90\x90\x80", 101, "", true},
        {"stripped marks do not count", "x\xcc\x81", 100, "", false},
        {"removed controls do not count", "x\xe2\x80\x8d", 100, "", false},
        {"syllables count as jamo", "\xea\xb0\x80", 50, "", false},
        {"syllables above", "\xea\xb0\x80", 50, "x", true},
        {"kept marks at the limit", "\xf0\x9d\x85\xa5", 100, "", false},
        {"kept marks above", "\xf0\x9d\x85\xa5", 101, "", true},
        {"more kept marks than there is room for", "\xf0\x9d\x85\xad", 100000, "\xf0\x9d\x85\xa5",
         true},
        {"a million letters", "x", 1000000, "", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen s = split_repeated(&UNCASED, rows[i].unit, rows[i].times, rows[i].tail);
        bool is_long = bytes_equal(buf_view(&s.text), U("<long>|"));
        if (is_long != rows[i].is_long || s.n != 1)
            fail_msg("%s: %zu words", rows[i].rule, s.n);
        buf_done(&s.text);
        s = split_repeated(&UNCASED, rows[i].unit, rows[i].times, " z");
        assert_int_equal(s.n, 2);
        assert_bytes_equal(bytes_of(s.text.p + s.text.n - 2, 2), U("z|"));
        buf_done(&s.text);
    }
}

static void test_largest_limit(void **state)
{
    (void)state;
    const struct bert_words_options o = {true, true, true, true, BERT_WORDS_CHARS_MAX};
    struct seen s = split_repeated(&o, "\xf0\x9d\x85\xa5", BERT_WORDS_CHARS_MAX, "");
    assert_int_equal(s.text.n, 4 * BERT_WORDS_CHARS_MAX + 1);
    buf_done(&s.text);
    s = split_repeated(&o, "\xf0\x9d\x85\xa5", BERT_WORDS_CHARS_MAX + 2, "");
    assert_bytes_equal(buf_view(&s.text), U("<long>|"));
    buf_done(&s.text);
}

static void test_stops_when_told(void **state)
{
    (void)state;
    struct bert_words w;
    bert_words_init(&w, &UNCASED);
    for (size_t stop = 1; stop <= 4; stop++) {
        struct seen s = {.text = BUF_MAX(100), .stop_after = stop};
        assert_false(bert_words_each(&w, U("a. \xe4\xb8\xad b"), see, &s));
        assert_int_equal(s.n, stop);
        buf_done(&s.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),           cmocka_unit_test(test_ascii_path_agrees),
        cmocka_unit_test(test_long_words),      cmocka_unit_test(test_largest_limit),
        cmocka_unit_test(test_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
