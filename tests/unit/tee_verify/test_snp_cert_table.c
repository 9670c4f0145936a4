/* The GHCB's certificate table: bounds, overlap, order, and both forms of a GUID. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/snp/snp_cert_table.h"

enum { ENTRY = 24 };

static const uint8_t VCEK[16] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t VCEK_LE[16] = {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45,
                                    0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t ARK[16] = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                                0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
static const uint8_t OTHER[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct entry {
    const uint8_t *guid;
    uint32_t offset, length;
};

static void put_u32le(uint8_t *p, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* The head of a table and, after its last entry, content of ascending bytes. */
static struct buf make(const struct entry *v, size_t n, size_t total)
{
    struct buf out = BUF_MAX(1 << 16);
    for (size_t i = 0; i < n; i++) {
        uint8_t e[ENTRY];
        memcpy(e, v[i].guid, 16);
        put_u32le(e + 16, v[i].offset);
        put_u32le(e + 20, v[i].length);
        buf_put(&out, BYTES_OF(e));
    }
    for (size_t i = 0; i < ENTRY; i++)
        buf_put_u8(&out, 0);
    while (out.n < total)
        buf_put_u8(&out, (uint8_t)out.n);
    assert_ok(buf_status(&out));
    return out;
}

static status read(const struct buf *b, struct snp_cert_table *t)
{
    struct bytes exact = test_exact(buf_view(b));
    status s = snp_cert_table_read(exact, t);
    test_exact_free(exact);
    return s;
}

static void finds_entries_in_both_forms(void **state)
{
    (void)state;
    const uint8_t *forms[] = {VCEK, VCEK_LE};
    for (size_t i = 0; i < 2; i++) {
        struct entry v[] = {{ARK, 96, 4}, {OTHER, 100, 10}, {forms[i], 110, 10}};
        struct buf b CLEANUP(buf_done) = make(v, 3, 120);
        struct snp_cert_table t;
        assert_ok(snp_cert_table_read(buf_view(&b), &t));
        assert_ptr_equal(t.entry[SNP_ENTRY_VCEK].p, b.p + 110);
        assert_int_equal(t.entry[SNP_ENTRY_VCEK].n, 10);
        assert_ptr_equal(t.entry[SNP_ENTRY_ARK].p, b.p + 96);
        assert_null(t.entry[SNP_ENTRY_ASK].p);
        assert_null(t.entry[SNP_ENTRY_CRL].p);
    }
}

static void an_empty_table_holds_nothing(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = make(NULL, 0, 64);
    struct snp_cert_table t;
    assert_ok(read(&b, &t));
    for (unsigned i = 0; i < SNP_ENTRIES; i++)
        assert_null(t.entry[i].p);
}

static void refuses_broken_tables(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        struct entry v[2];
        size_t n;
    } rows[] = {
        {"into the head", {{VCEK, 47, 10}}, 1},
        {"past the end", {{VCEK, 60, 41}}, 1},
        {"starts past the end", {{VCEK, 101, 1}}, 1},
        {"wraps around", {{VCEK, 60, UINT32_MAX}}, 1},
        {"offset of all ones", {{VCEK, UINT32_MAX, 1}}, 1},
        {"empty", {{VCEK, 60, 0}}, 1},
        {"an unknown one past the end", {{OTHER, 60, 41}}, 1},
        {"the same bytes twice", {{VCEK, 72, 10}, {ARK, 72, 10}}, 2},
        {"overlap at the end", {{VCEK, 72, 10}, {ARK, 81, 10}}, 2},
        {"overlap at the start", {{VCEK, 81, 10}, {ARK, 72, 10}}, 2},
        {"one in the other", {{VCEK, 72, 20}, {OTHER, 75, 2}}, 2},
        {"the same kind twice", {{VCEK, 72, 10}, {VCEK_LE, 82, 10}}, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b CLEANUP(buf_done) = make(rows[i].v, rows[i].n, 100);
        struct snp_cert_table t;
        status s = read(&b, &t);
        if (s.code != ST_FORMAT)
            fail_msg("%s: %s", rows[i].rule, status_name(s.code));
    }
}

static void refuses_a_head_without_end(void **state)
{
    (void)state;
    struct entry v[] = {{VCEK, 48, 10}};
    struct buf b CLEANUP(buf_done) = make(v, 1, 58);
    for (size_t n = 0; n < 2 * ENTRY; n++) {
        struct snp_cert_table t;
        struct bytes exact = test_exact(bytes_of(b.p, n));
        assert_code(snp_cert_table_read(exact, &t), ST_TRUNCATED);
        test_exact_free(exact);
    }
    b.p[2 * ENTRY - 1] = 1; /* the last entry has a length */
    struct snp_cert_table t;
    assert_code(read(&b, &t), ST_FORMAT);
}

static void limits_entries_and_size(void **state)
{
    (void)state;
    struct entry v[SNP_TABLE_ENTRIES_MAX + 1];
    for (uint32_t i = 0; i <= SNP_TABLE_ENTRIES_MAX; i++)
        v[i] = (struct entry){OTHER, 500 + i, 1};
    struct snp_cert_table t;
    struct buf most CLEANUP(buf_done) = make(v, SNP_TABLE_ENTRIES_MAX, 600);
    struct buf many CLEANUP(buf_done) = make(v, SNP_TABLE_ENTRIES_MAX + 1, 600);
    assert_ok(read(&most, &t));
    assert_code(read(&many, &t), ST_LIMIT);
    assert_code(snp_cert_table_read(bytes_of(many.p, SNP_TABLE_MAX_BYTES + 1), &t), ST_LIMIT);
}

static void is_told_from_lists(void **state)
{
    (void)state;
    assert_false(snp_cert_table_is((struct bytes){0}));
    assert_false(snp_cert_table_is(BYTES_LIT("\x30\x82")));
    assert_false(snp_cert_table_is(BYTES_LIT("-----BEGIN")));
    assert_false(snp_cert_table_is(BYTES_LIT("\n-----BEGIN")));
    assert_true(snp_cert_table_is(BYTES_OF(VCEK)));
    assert_true(snp_cert_table_is(bytes_of("\0", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_entries_in_both_forms),
        cmocka_unit_test(an_empty_table_holds_nothing),
        cmocka_unit_test(refuses_broken_tables),
        cmocka_unit_test(refuses_a_head_without_end),
        cmocka_unit_test(limits_entries_and_size),
        cmocka_unit_test(is_told_from_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
