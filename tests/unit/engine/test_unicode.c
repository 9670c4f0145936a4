#include "support/test.h"

#include "base/text.h"
#include "engine/unicode.h"

enum { CODE_POINTS = 0x110000 };

static bool is_scalar(uint32_t cp)
{
    return cp < 0xd800 || cp > 0xdfff;
}

static void test_encode_and_decode_every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < CODE_POINTS; cp++) {
        uint8_t b[4];
        if (!is_scalar(cp))
            continue;
        uint32_t n = unicode_encode(cp, b);
        const uint8_t *p = b;
        assert_int_equal(utf8_sequence(bytes_of(b, n)), n);
        assert_int_equal(unicode_decode(&p), cp);
        assert_ptr_equal(p, b + n);
    }
}

static void test_every_record_is_in_range(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < CODE_POINTS; cp++) {
        uint32_t parts[UNICODE_NFD_MAX];
        uint32_t low[UNICODE_LOWER_MAX];
        assert_in_range(unicode_nfd(cp, parts), 1, UNICODE_NFD_MAX);
        assert_in_range(unicode_lower(cp, low), 1, UNICODE_LOWER_MAX);
        assert_true(parts[0] < CODE_POINTS && low[0] < CODE_POINTS);
    }
}

/* A decomposition is full: its parts do not decompose, and stand in canonical order. */
static void test_every_decomposition_is_full_and_ordered(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < CODE_POINTS; cp++) {
        uint32_t parts[UNICODE_NFD_MAX];
        uint32_t again[UNICODE_NFD_MAX];
        uint32_t n = unicode_nfd(cp, parts);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(unicode_nfd(parts[i], again), 1);
            assert_int_equal(again[0], parts[i]);
            unsigned combining = unicode_of(parts[i])->combining;
            if (i > 0 && combining != 0)
                assert_true(combining >= unicode_of(parts[i - 1])->combining);
        }
    }
}

/* bert_words relies on it when a run of them is too long to keep. */
static void test_no_combining_character_ends_a_word(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < CODE_POINTS; cp++) {
        const struct unicode_record *r = unicode_of(cp);
        uint32_t low[UNICODE_LOWER_MAX];
        (void)unicode_lower(cp, low);
        if (r->combining == 0)
            continue;
        assert_int_equal(r->flags & ~(UNICODE_MARK | UNICODE_IGNORABLE | UNICODE_CASED), 0);
        assert_int_equal(unicode_of(low[0])->flags & (UNICODE_PUNCT | UNICODE_WHITE), 0);
    }
}

struct row {
    uint32_t cp;
    unsigned flags;
    unsigned combining;
    uint32_t low;
    uint32_t nfd[3];
};

static void test_known_code_points(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {'a', UNICODE_CASED, 0, 'a', {'a'}},
        {'Z', UNICODE_CASED, 0, 'z', {'Z'}},
        {0x00, UNICODE_DROP, 0, 0x00, {0}},
        {'\t', UNICODE_SPACE | UNICODE_WHITE, 0, '\t', {'\t'}},
        {'\v', UNICODE_DROP | UNICODE_WHITE, 0, '\v', {'\v'}},
        {' ', UNICODE_SPACE | UNICODE_WHITE, 0, ' ', {' '}},
        {'.', UNICODE_PUNCT | UNICODE_IGNORABLE, 0, '.', {'.'}},
        {'$', UNICODE_PUNCT, 0, '$', {'$'}},
        {'_', UNICODE_PUNCT, 0, '_', {'_'}},
        {0x85, UNICODE_DROP | UNICODE_WHITE, 0, 0x85, {0x85}},
        {0xa0, UNICODE_SPACE | UNICODE_WHITE, 0, 0xa0, {0xa0}},
        {0xad, UNICODE_DROP | UNICODE_IGNORABLE, 0, 0xad, {0xad}},
        {0xc9, UNICODE_CASED, 0, 0xe9, {0x45, 0x301}},
        {0x130, UNICODE_CASED, 0, 'i', {0x49, 0x307}},
        {0x301, UNICODE_MARK | UNICODE_IGNORABLE, 230, 0x301, {0x301}},
        {0x37e, UNICODE_PUNCT, 0, 0x37e, {0x3b}},
        {0x3a3, UNICODE_CASED, 0, 0x3c3, {0x3a3}},
        {0x1e9e, UNICODE_CASED, 0, 0xdf, {0x1e9e}},
        {0x200d, UNICODE_DROP | UNICODE_IGNORABLE, 0, 0x200d, {0x200d}},
        {0x2028, UNICODE_SPACE | UNICODE_WHITE, 0, 0x2028, {0x2028}},
        {0x3000, UNICODE_SPACE | UNICODE_WHITE, 0, 0x3000, {0x3000}},
        {0x4e2d, UNICODE_CJK, 0, 0x4e2d, {0x4e2d}},
        {0xac00, 0, 0, 0xac00, {0x1100, 0x1161}},
        {0xd7a3, 0, 0, 0xd7a3, {0x1112, 0x1175, 0x11c2}},
        {0xe000, UNICODE_DROP, 0, 0xe000, {0xe000}},
        {0xf900, UNICODE_CJK, 0, 0xf900, {0x8c48}},
        {0xfffd, UNICODE_DROP, 0, 0xfffd, {0xfffd}},
        {0x10400, UNICODE_CASED, 0, 0x10428, {0x10400}},
        {0x1d165, 0, 216, 0x1d165, {0x1d165}},
        {0x20000, UNICODE_CJK, 0, 0x20000, {0x20000}},
        {0x10ffff, 0, 0, 0x10ffff, {0x10ffff}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t parts[UNICODE_NFD_MAX] = {0};
        uint32_t low[UNICODE_LOWER_MAX];
        const struct unicode_record *r = unicode_of(rows[i].cp);
        (void)unicode_lower(rows[i].cp, low);
        for (uint32_t n = unicode_nfd(rows[i].cp, parts); n < UNICODE_NFD_MAX; n++)
            parts[n] = 0;
        if (r->flags != rows[i].flags || r->combining != rows[i].combining || low[0] != rows[i].low)
            fail_msg("U+%04X: flags %u, combining %u, lower U+%04X", rows[i].cp, r->flags,
                     r->combining, low[0]);
        assert_memory_equal(parts, rows[i].nfd, sizeof(rows[i].nfd));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_and_decode_every_code_point),
        cmocka_unit_test(test_every_record_is_in_range),
        cmocka_unit_test(test_every_decomposition_is_full_and_ordered),
        cmocka_unit_test(test_no_combining_character_ends_a_word),
        cmocka_unit_test(test_known_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
