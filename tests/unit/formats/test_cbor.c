#include "formats/cbor.h"

#include "support/test.h"
#include "support/vectors.h"

static const enum cbor_mode MODES[] = {CBOR_DETERMINISTIC, CBOR_LENIENT};

/* The verdict on one whole item. */
static status whole(struct bytes in, enum cbor_mode mode)
{
    struct cbor_rd r = cbor_rd_over(in, mode);
    (void)cbor_item(&r);
    return cbor_end(&r);
}

struct row {
    const char *rule, *hex;
    enum status_code deterministic, lenient;
};

static const struct row ROWS[] = {
    {"the smallest integer", "00", ST_OK, ST_OK},
    {"23 in one byte", "17", ST_OK, ST_OK},
    {"23 in two bytes", "1817", ST_FORMAT, ST_FORMAT},
    {"24 in two bytes", "1818", ST_OK, ST_OK},
    {"255 in three bytes", "1900ff", ST_FORMAT, ST_FORMAT},
    {"65535 in five bytes", "1a0000ffff", ST_FORMAT, ST_FORMAT},
    {"2^32-1 in nine bytes", "1b00000000ffffffff", ST_FORMAT, ST_FORMAT},
    {"2^64-1", "1bffffffffffffffff", ST_OK, ST_OK},
    {"-2^64", "3bffffffffffffffff", ST_OK, ST_OK},
    {"a string whose length is not shortest", "580161", ST_FORMAT, ST_FORMAT},
    {"a tag that is not shortest", "d81200", ST_FORMAT, ST_FORMAT},
    {"reserved additional information 28", "1c", ST_FORMAT, ST_FORMAT},
    {"reserved additional information 30", "1e", ST_FORMAT, ST_FORMAT},
    {"an integer of indefinite length", "1f", ST_FORMAT, ST_FORMAT},
    {"a tag of indefinite length", "df00", ST_FORMAT, ST_FORMAT},
    {"a byte string in chunks", "5f4101ff", ST_FORMAT, ST_FORMAT},
    {"a text string in chunks", "7f6161ff", ST_FORMAT, ST_FORMAT},
    {"a half float", "f93c00", ST_FORMAT, ST_FORMAT},
    {"a float", "fa3f800000", ST_FORMAT, ST_FORMAT},
    {"a double", "fb3ff0000000000000", ST_FORMAT, ST_FORMAT},
    {"undefined", "f7", ST_FORMAT, ST_FORMAT},
    {"simple(0)", "e0", ST_FORMAT, ST_FORMAT},
    {"simple(32)", "f820", ST_FORMAT, ST_FORMAT},
    {"true in two bytes", "f815", ST_FORMAT, ST_FORMAT},
    {"a break alone", "ff", ST_FORMAT, ST_FORMAT},
    {"false", "f4", ST_OK, ST_OK},
    {"true", "f5", ST_OK, ST_OK},
    {"null", "f6", ST_OK, ST_OK},
    {"nothing", "", ST_TRUNCATED, ST_TRUNCATED},
    {"bytes after the item", "0000", ST_FORMAT, ST_FORMAT},
    {"text that is not UTF-8", "61ff", ST_FORMAT, ST_FORMAT},
    {"text with a surrogate", "63eda080", ST_FORMAT, ST_FORMAT},
    {"text with an overlong form", "62c080", ST_FORMAT, ST_FORMAT},
    {"text cut inside a character", "61c3", ST_FORMAT, ST_FORMAT},
    {"text with a NUL", "6100", ST_OK, ST_OK},
    {"a string longer than the input", "4201", ST_TRUNCATED, ST_TRUNCATED},
    {"a string of 2^64-1 bytes", "5bffffffffffffffff00", ST_TRUNCATED, ST_TRUNCATED},
    {"an array of 2^64-1 items", "9bffffffffffffffff00", ST_TRUNCATED, ST_TRUNCATED},
    {"a map of 2^63 pairs", "bb80000000000000000000", ST_TRUNCATED, ST_TRUNCATED},
    {"an array with both items", "820101", ST_OK, ST_OK},
    {"an array with one item of two", "8201", ST_TRUNCATED, ST_TRUNCATED},
    {"a map with a value missing", "a101", ST_TRUNCATED, ST_TRUNCATED},
    {"an indefinite array", "9f0102ff", ST_FORMAT, ST_OK},
    {"an indefinite map", "bf01020304ff", ST_FORMAT, ST_OK},
    {"an indefinite array without its break", "9f0102", ST_FORMAT, ST_TRUNCATED},
    {"an indefinite map that breaks after a key", "bf01ff", ST_FORMAT, ST_FORMAT},
    {"a break in a definite array", "8101ff", ST_FORMAT, ST_FORMAT},
    {"a break as an item", "81ff", ST_FORMAT, ST_FORMAT},
    {"a tag without its item", "c1", ST_TRUNCATED, ST_TRUNCATED},
    {"a tag before a break", "9fc1ff", ST_FORMAT, ST_FORMAT},
    {"sorted keys", "a301000200616100", ST_OK, ST_OK},
    {"keys out of order", "a202000100", ST_FORMAT, ST_OK},
    {"shorter keys first is another order", "a220001864f6", ST_FORMAT, ST_OK},
    {"bytewise order of encodings", "a21864f62000", ST_OK, ST_OK},
    {"a duplicate key", "a201000101", ST_FORMAT, ST_FORMAT},
    {"a duplicate key with others between", "a3010002000100", ST_FORMAT, ST_FORMAT},
    {"a duplicate text key", "a2616100616101", ST_FORMAT, ST_FORMAT},
    {"a duplicate key in an indefinite map", "bf01000101ff", ST_FORMAT, ST_FORMAT},
    {"a duplicate key in a nested map", "81a201000101", ST_FORMAT, ST_FORMAT},
    {"a duplicate key in a value", "a101a201000101", ST_FORMAT, ST_FORMAT},
    {"the same key in two maps", "82a10100a10100", ST_OK, ST_OK},
    {"text and bytes of the same content", "a2416100616100", ST_OK, ST_OK},
    {"an array as key", "a18000", ST_FORMAT, ST_FORMAT},
    {"a map as key", "a1a000", ST_FORMAT, ST_FORMAT},
    {"a tag as key", "a1c10000", ST_FORMAT, ST_FORMAT},
    {"true as key", "a1f500", ST_FORMAT, ST_FORMAT},
    {"null as key", "a1f600", ST_FORMAT, ST_FORMAT},
};

static void each_rule_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf b = test_hex(ROWS[i].hex);
        struct bytes in = test_exact(buf_view(&b));
        status d = whole(in, CBOR_DETERMINISTIC), l = whole(in, CBOR_LENIENT);
        if (d.code != ROWS[i].deterministic || l.code != ROWS[i].lenient)
            fail_msg("%s: got %s and %s", ROWS[i].rule, status_name(d.code), status_name(l.code));
        test_exact_free(in);
        buf_done(&b);
    }
}

/* Every prefix of a good item is cut short, never good and never read beyond its end. */
static void each_truncation_is_noticed(void **state)
{
    (void)state;
    struct buf b = BUF_MAX(256);
    cbor_put_map(&b, 3);
    cbor_put_uint(&b, 1);
    cbor_put_array(&b, 4);
    cbor_put_bool(&b, true);
    cbor_put_null(&b);
    cbor_put_int(&b, -70000);
    cbor_put_tag(&b, 18);
    cbor_put_bytes(&b, BYTES_LIT("bytes"));
    cbor_put_int(&b, -1);
    cbor_put_str(&b, "text \xc3\xa9");
    cbor_put_str(&b, "z");
    cbor_put_map(&b, 0);
    assert_ok(buf_status(&b));
    for (size_t k = 0; k < 2; k++) {
        assert_ok(whole(buf_view(&b), MODES[k]));
        for (size_t n = 0; n < b.n; n++) {
            struct bytes in = test_exact(bytes_of(b.p, n));
            assert_code(whole(in, MODES[k]), ST_TRUNCATED);
            test_exact_free(in);
        }
    }
    buf_done(&b);
}

static void depth_is_limited(void **state)
{
    (void)state;
    static const uint8_t heads[] = {0x81, 0xc1, 0x9f};
    for (size_t h = 0; h < 3; h++) {
        for (size_t depth = 1; depth < 200; depth++) {
            struct buf b = BUF_MAX(512);
            for (size_t i = 0; i < depth; i++)
                buf_put_u8(&b, heads[h]);
            buf_put_u8(&b, 0);
            for (size_t i = 0; heads[h] == 0x9f && i < depth; i++)
                buf_put_u8(&b, 0xff);
            status s = whole(buf_view(&b), CBOR_LENIENT);
            assert_int_equal(s.code, depth <= CBOR_DEPTH_MAX ? ST_OK : ST_LIMIT);
            buf_done(&b);
        }
    }
}

static void lenient_maps_are_short(void **state)
{
    (void)state;
    for (unsigned n = CBOR_LENIENT_PAIRS_MAX - 1; n <= CBOR_LENIENT_PAIRS_MAX + 1; n++) {
        struct buf b = BUF_MAX(4096);
        cbor_put_map(&b, n);
        for (unsigned i = n; i > 0; i--) {
            cbor_put_uint(&b, i);
            cbor_put_null(&b);
        }
        status s = whole(buf_view(&b), CBOR_LENIENT);
        assert_int_equal(s.code, n <= CBOR_LENIENT_PAIRS_MAX ? ST_OK : ST_LIMIT);
        assert_code(whole(buf_view(&b), CBOR_DETERMINISTIC), ST_FORMAT);
        buf_done(&b);
    }
}

/* A map with a value nested deeper than the search for duplicates follows, read by types. */
static void what_cannot_be_searched_is_refused(void **state)
{
    (void)state;
    struct buf b = BUF_MAX(256);
    struct cbor_iter it;
    cbor_put_map(&b, 2);
    cbor_put_uint(&b, 0);
    for (unsigned i = 0; i <= CBOR_DEPTH_MAX; i++)
        cbor_put_array(&b, 1);
    cbor_put_null(&b);
    cbor_put_uint(&b, 1);
    cbor_put_null(&b);
    struct cbor_rd r = cbor_rd_over(buf_view(&b), CBOR_LENIENT);
    it = cbor_map(&r);
    assert_true(cbor_next(&r, &it));
    assert_int_equal(cbor_uint(&r), 0);
    for (unsigned i = 0; i <= CBOR_DEPTH_MAX; i++)
        (void)cbor_array(&r);
    cbor_null(&r);
    assert_false(cbor_next(&r, &it));
    assert_code(cbor_end(&r), ST_FORMAT);
    buf_done(&b);
}

/* Nested maps at their limits, where looking back for duplicates could cost the product of the
 * sizes. A quadratic search takes milliseconds here, an exponential one would not end. */
static void nested_lenient_maps_are_cheap(void **state)
{
    (void)state;
    struct buf b = BUF_MAX(1 << 16);
    for (unsigned depth = 0; depth + 1 < CBOR_DEPTH_MAX; depth++) {
        cbor_put_map(&b, CBOR_LENIENT_PAIRS_MAX);
        for (unsigned i = 1; i < CBOR_LENIENT_PAIRS_MAX; i++) {
            cbor_put_uint(&b, i);
            cbor_put_null(&b);
        }
        cbor_put_uint(&b, 0);
    }
    cbor_put_null(&b);
    assert_ok(whole(buf_view(&b), CBOR_LENIENT));
    buf_done(&b);
}

static void integers_read_at_their_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int64_t value;
        enum status_code code;
    } rows[] = {
        {"1b7fffffffffffffff", INT64_MAX, ST_OK},
        {"1b8000000000000000", 0, ST_LIMIT},
        {"3b7fffffffffffffff", INT64_MIN, ST_OK},
        {"3b8000000000000000", 0, ST_LIMIT},
        {"20", -1, ST_OK},
        {"4100", 0, ST_FORMAT},
        {"", 0, ST_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = test_hex(rows[i].hex);
        struct cbor_rd r = cbor_rd_over(buf_view(&b), CBOR_DETERMINISTIC);
        assert_true(cbor_int(&r) == rows[i].value);
        assert_int_equal(cbor_end(&r).code, rows[i].code);
        buf_done(&b);
    }
    struct cbor_rd r = cbor_rd_over(BYTES_LIT("\x20"), CBOR_DETERMINISTIC);
    assert_int_equal(cbor_uint(&r), 0);
    assert_code(cbor_end(&r), ST_FORMAT);
}

static const char *const TYPED[] = {"00",     "20",   "4100", "6161", "8100",
                                    "a10000", "c100", "f5",   "f6"};

static void read_as(struct cbor_rd *r, enum cbor_type type)
{
    switch (type) {
    case CBOR_UINT:
        (void)cbor_uint(r);
        break;
    case CBOR_BYTES:
        (void)cbor_bytes(r);
        break;
    case CBOR_TEXT:
        (void)cbor_text(r);
        break;
    case CBOR_ARRAY:
        (void)cbor_array(r);
        break;
    case CBOR_MAP:
        (void)cbor_map(r);
        break;
    case CBOR_TAG:
        (void)cbor_tag(r);
        break;
    case CBOR_BOOL:
        (void)cbor_bool(r);
        break;
    case CBOR_NULL:
        cbor_null(r);
        break;
    default:
        (void)cbor_int(r);
        break;
    }
}

/* Each typed read against an item of each type: only its own is taken, and nothing is consumed. */
static void a_read_takes_its_own_type_only(void **state)
{
    (void)state;
    for (unsigned item = CBOR_UINT; item <= CBOR_NULL; item++) {
        struct buf b = test_hex(TYPED[item]);
        for (unsigned want = CBOR_UINT; want <= CBOR_NULL; want++) {
            struct cbor_rd r = cbor_rd_over(buf_view(&b), CBOR_DETERMINISTIC);
            assert_int_equal(cbor_peek(&r), item);
            read_as(&r, (enum cbor_type)want);
            bool fits = item == want || (want == CBOR_NINT && item == CBOR_UINT);
            assert_int_equal(ok(cbor_status(&r)), fits);
            if (!fits) {
                assert_int_equal(r.at, 0);
                assert_int_equal(cbor_peek(&r), CBOR_END);
            }
        }
        buf_done(&b);
    }
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct cbor_rd r = cbor_rd_over(BYTES_LIT("\x00\x01\x02"), CBOR_DETERMINISTIC);
    assert_int_equal(cbor_uint(&r), 0);
    (void)cbor_text(&r);
    assert_int_equal(r.error, ST_FORMAT);
    assert_int_equal(r.error_at, 1);
    cbor_fail(&r, ST_LIMIT, "later");
    assert_int_equal(cbor_uint(&r), 0);
    assert_int_equal(cbor_bytes(&r).n, 0);
    assert_int_equal(cbor_item(&r).n, 0);
    struct cbor_iter it = cbor_array(&r);
    assert_false(cbor_next(&r, &it));
    assert_code(cbor_end(&r), ST_FORMAT);
    assert_non_null(strstr(status_detail(), "byte 1"));
}

/* Refused when its head is read, not when something is left at the end. */
static void an_indefinite_length_is_named(void **state)
{
    (void)state;
    static const char *const items[] = {"9fff", "bfff"};
    for (size_t i = 0; i < 2; i++) {
        struct buf b = test_hex(items[i]);
        struct cbor_rd r = cbor_rd_over(buf_view(&b), CBOR_DETERMINISTIC);
        (void)(i == 0 ? cbor_array(&r) : cbor_map(&r));
        assert_code(cbor_status(&r), ST_FORMAT);
        assert_non_null(strstr(status_detail(), "indefinite"));
        buf_done(&b);
    }
}

static void items_are_views_of_their_encoding(void **state)
{
    (void)state;
    struct bytes in = BYTES_LIT("\x82\xa1\x01\x02\x43xyz");
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct cbor_iter it = cbor_array(&r);
    assert_int_equal(it.left, 2);
    assert_true(cbor_next(&r, &it));
    assert_bytes_equal(cbor_item(&r), BYTES_LIT("\xa1\x01\x02"));
    assert_true(cbor_next(&r, &it));
    assert_bytes_equal(cbor_bytes(&r), BYTES_LIT("xyz"));
    assert_false(cbor_next(&r, &it));
    assert_false(cbor_next(&r, &it));
    assert_ok(cbor_end(&r));
}

static void status_lets_a_rest_be(void **state)
{
    (void)state;
    struct cbor_rd r = cbor_rd_over(BYTES_LIT("\x01\x02"), CBOR_DETERMINISTIC);
    assert_int_equal(cbor_uint(&r), 1);
    assert_ok(cbor_status(&r));
    assert_code(cbor_end(&r), ST_FORMAT);
}

static void indefinite_containers_iterate(void **state)
{
    (void)state;
    struct bytes in = BYTES_LIT("\xbf\x02\x9f\x05\xff\x01\xf6\xff");
    struct cbor_rd r = cbor_rd_over(in, CBOR_LENIENT);
    struct cbor_iter map = cbor_map(&r);
    assert_true(map.indefinite);
    assert_true(cbor_next(&r, &map));
    assert_int_equal(cbor_uint(&r), 2);
    struct cbor_iter list = cbor_array(&r);
    assert_true(cbor_next(&r, &list));
    assert_int_equal(cbor_uint(&r), 5);
    assert_false(cbor_next(&r, &list));
    assert_true(cbor_next(&r, &map));
    assert_int_equal(cbor_uint(&r), 1);
    cbor_null(&r);
    assert_false(cbor_next(&r, &map));
    assert_false(cbor_next(&r, &map));
    assert_ok(cbor_end(&r));
}

/* RFC 8949 appendix A, and the edge of each head size. */
static void the_writer_is_shortest(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } rows[] = {{0, "00"},
                {23, "17"},
                {24, "1818"},
                {255, "18ff"},
                {256, "190100"},
                {65535, "19ffff"},
                {65536, "1a00010000"},
                {INT64_C(4294967295), "1affffffff"},
                {INT64_C(4294967296), "1b0000000100000000"},
                {INT64_MAX, "1b7fffffffffffffff"},
                {-1, "20"},
                {-24, "37"},
                {-25, "3818"},
                {-256, "38ff"},
                {-257, "390100"},
                {INT64_MIN, "3b7fffffffffffffff"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = BUF_MAX(64), want = test_hex(rows[i].hex);
        cbor_put_int(&b, rows[i].value);
        assert_bytes_equal(buf_view(&b), buf_view(&want));
        struct cbor_rd r = cbor_rd_over(buf_view(&b), CBOR_DETERMINISTIC);
        assert_true(cbor_int(&r) == rows[i].value);
        assert_ok(cbor_end(&r));
        buf_done(&b);
        buf_done(&want);
    }
    struct buf b = BUF_MAX(64), want = test_hex("1bffffffffffffffff");
    cbor_put_uint(&b, UINT64_MAX);
    assert_bytes_equal(buf_view(&b), buf_view(&want));
    buf_done(&b);
    buf_done(&want);
}

static void a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct buf b = BUF_MAX(4);
    cbor_put_bytes(&b, BYTES_LIT("12345"));
    cbor_put_uint(&b, 1);
    assert_code(buf_status(&b), ST_LIMIT);
    buf_done(&b);
}

/* Out of our subset: floats, undefined, other simple values, strings in chunks. */
static bool is_out_of_subset(struct bytes in)
{
    uint8_t first = in.p[0], inner = in.n > 1 ? in.p[1] : 0;
    bool is_simple = first >> 5 == 7 && first != 0xf4 && first != 0xf5 && first != 0xf6;
    bool is_chunked = first == 0x5f || first == 0x7f;
    bool is_tagged_float = first >> 5 == 6 && inner >> 5 == 7;
    return is_simple || is_chunked || is_tagged_float;
}

static void run_good(struct vectors *v, const json_t *test)
{
    struct bytes in = vector_hex(v, test, "hex");
    bool is_shortest = json_is_true(vector_at(test, "roundtrip"));
    bool is_ours = !is_out_of_subset(in);
    status d = whole(in, CBOR_DETERMINISTIC), l = whole(in, CBOR_LENIENT);
    if (ok(l) != is_ours || ok(d) != (is_ours && is_shortest))
        fail_msg("%s: %s and %s", vector_str(test, "hex"), status_name(d.code),
                 status_name(l.code));
    v->n_run += is_ours;
    v->n_out_of_scope += !is_ours;
}

static void run_dcbor_valid(struct vectors *v, const json_t *test)
{
    struct bytes in = vector_hex(v, test, "hex");
    bool is_ours = !is_out_of_subset(in);
    if (ok(whole(in, CBOR_DETERMINISTIC)) != is_ours)
        fail_msg("%s", vector_str(test, "hex"));
    v->n_run += is_ours;
    v->n_out_of_scope += !is_ours;
}

static void run_not_well_formed(struct vectors *v, const json_t *test)
{
    struct bytes in = vector_hex(v, test, "hex");
    if (ok(whole(in, CBOR_DETERMINISTIC)) || ok(whole(in, CBOR_LENIENT)))
        fail_msg("%s is accepted", vector_str(test, "hex"));
    v->n_run++;
}

/* dCBOR bounds negative integers and big numbers, which RFC 8949 section 4.2.1 does not. */
static bool is_dcbor_only(const char *hex)
{
    return strcmp(hex, "3bffffffffffffffff") == 0 || strcmp(hex, "c24102") == 0 ||
           strcmp(hex, "c24a00010000000000000001") == 0;
}

static void run_dcbor_invalid(struct vectors *v, const json_t *test)
{
    struct bytes in = vector_hex(v, test, "hex");
    bool is_other = is_dcbor_only(vector_str(test, "hex"));
    if (ok(whole(in, CBOR_DETERMINISTIC)) != is_other)
        fail_msg("%s", vector_str(test, "hex"));
    v->n_run += !is_other;
    v->n_out_of_scope += is_other;
}

static void run_file(const char *name, void (*run)(struct vectors *, const json_t *))
{
    struct vectors v = vectors_open(name);
    size_t i;
    json_t *test;
    VECTOR_EACH(i, test, v.root)
    run(&v, test);
    vectors_report(&v, name);
    vectors_close(&v);
}

static void published_vectors(void **state)
{
    (void)state;
    test_vectors_or_skip("cbor");
    run_file("cbor/appendix_a.json", run_good);
    run_file("cbor/not-well-formed.json", run_not_well_formed);
    run_file("cbor/dcbor-valid.json", run_dcbor_valid);
    run_file("cbor/dcbor-invalid.json", run_dcbor_invalid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_verdict),
        cmocka_unit_test(each_truncation_is_noticed),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(lenient_maps_are_short),
        cmocka_unit_test(what_cannot_be_searched_is_refused),
        cmocka_unit_test(nested_lenient_maps_are_cheap),
        cmocka_unit_test(integers_read_at_their_bounds),
        cmocka_unit_test(a_read_takes_its_own_type_only),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(an_indefinite_length_is_named),
        cmocka_unit_test(items_are_views_of_their_encoding),
        cmocka_unit_test(status_lets_a_rest_be),
        cmocka_unit_test(indefinite_containers_iterate),
        cmocka_unit_test(the_writer_is_shortest),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(published_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
