#include "support/faults.h"
#include "support/test.h"

#include "formats/safetensors.h"

#include <stdio.h>

enum { FILE_MAX = 4096 };

/* A whole file made of a JSON header and n_data zero bytes. */
static struct buf file_of(struct bytes json, size_t n_data)
{
    struct buf b = BUF_MAX(FILE_MAX + SAFETENSORS_HEADER_MAX + 16);
    uint8_t length[8];
    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)json.n >> (8 * i));
    buf_put(&b, BYTES_OF(length));
    buf_put(&b, json);
    memset(buf_extend(&b, n_data), 0, n_data);
    assert_ok(buf_status(&b));
    return b;
}

/* What a loader does with a file: size first, then the header alone on an exact block. */
static status parse_file(struct bytes file, struct safetensors **out)
{
    uint64_t total = 0;
    uint8_t first8[8] = {0};
    memcpy(first8, file.p, file.n < 8 ? file.n : 8);
    TRY(safetensors_header_size(first8, file.n, &total));
    struct bytes header = test_exact(bytes_of(file.p, total));
    status s = safetensors_parse(header, file.n, out);
    test_exact_free(header);
    return s;
}

struct row {
    const char *rule;
    enum status_code code;
    size_t n_data;
    const char *json;
};

#define INFO(dtype, shape, offsets) \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct row ROWS[] = {
    {"one tensor", ST_OK, 16, "{\"a\":" INFO("F32", "[2,2]", "[0,16]") "}"},
    {"scalar", ST_OK, 4, "{\"a\":" INFO("F32", "[]", "[0,4]") "}"},
    {"no tensor", ST_OK, 0, "{}"},
    {"metadata", ST_OK, 0, "{\"__metadata__\":{\"format\":\"pt\"}}"},
    {"padding after the header", ST_OK, 0, "{} \n\t\r "},
    {"tensor without elements", ST_OK, 4,
     "{\"e\":" INFO("F32", "[0,7]", "[4,4]") ",\"a\":" INFO("F32", "[1]", "[0,4]") "}"},
    {"two tensors without elements", ST_OK, 0,
     "{\"e\":" INFO("F32", "[0]", "[0,0]") ",\"a\":" INFO("F16", "[0]", "[0,0]") "}"},
    {"order of names is free", ST_OK, 6,
     "{\"b\":" INFO("U8", "[2]", "[4,6]") ",\"a\":" INFO("F32", "[1]", "[0,4]") "}"},
    {"eight dimensions", ST_OK, 2, "{\"a\":" INFO("BF16", "[1,1,1,1,1,1,1,1]", "[0,2]") "}"},
    {"nine dimensions", ST_LIMIT, 2, "{\"a\":" INFO("BF16", "[1,1,1,1,1,1,1,1,1]", "[0,2]") "}"},
    {"white space before the header", ST_FORMAT, 0, " {}"},
    {"header is a list", ST_FORMAT, 0, "[]"},
    {"header is cut", ST_FORMAT, 0, "{\"a\":"},
    {"bytes after the header's value", ST_FORMAT, 0, "{}{}"},
    {"duplicate name", ST_FORMAT, 4,
     "{\"a\":" INFO("U8", "[2]", "[0,2]") ",\"a\":" INFO("U8", "[2]", "[2,4]") "}"},
    {"empty name", ST_FORMAT, 1, "{\"\":" INFO("U8", "[1]", "[0,1]") "}"},
    {"unknown key", ST_FORMAT, 1,
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":0}}"},
    {"dtype missing", ST_FORMAT, 1, "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}"},
    {"shape missing", ST_FORMAT, 4, "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}"},
    {"offsets missing", ST_FORMAT, 0, "{\"a\":{\"dtype\":\"F32\",\"shape\":[0]}}"},
    {"unknown dtype", ST_UNSUPPORTED, 1, "{\"a\":" INFO("F4", "[2]", "[0,1]") "}"},
    {"dtype in lower case", ST_UNSUPPORTED, 4, "{\"a\":" INFO("f32", "[1]", "[0,4]") "}"},
    {"dtype is a number", ST_FORMAT, 4,
     "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}"},
    {"entry is a text", ST_FORMAT, 0, "{\"a\":\"b\"}"},
    {"entry is null", ST_FORMAT, 0, "{\"a\":null}"},
    {"dimension negative", ST_FORMAT, 0, "{\"a\":" INFO("U8", "[-1,0]", "[0,0]") "}"},
    {"dimension real", ST_FORMAT, 1, "{\"a\":" INFO("U8", "[1.0]", "[0,1]") "}"},
    {"dimension null", ST_FORMAT, 1, "{\"a\":" INFO("U8", "[null]", "[0,1]") "}"},
    {"shape product overflows", ST_FORMAT, 4,
     "{\"a\":" INFO("F32", "[4611686018427387904,4,1]", "[0,4]") "}"},
    {"shape product overflows to the span", ST_FORMAT, 0,
     "{\"a\":" INFO("F32", "[4611686018427387904]", "[0,0]") "}"},
    {"dimension beyond 64 bits", ST_FORMAT, 0,
     "{\"a\":" INFO("U8", "[18446744073709551616]", "[0,0]") "}"},
    {"span larger than the shape", ST_FORMAT, 8, "{\"a\":" INFO("F32", "[1]", "[0,8]") "}"},
    {"span smaller than the shape", ST_FORMAT, 4, "{\"a\":" INFO("F32", "[2]", "[0,4]") "}"},
    {"offsets swapped", ST_FORMAT, 4, "{\"a\":" INFO("F32", "[1]", "[4,0]") "}"},
    {"offsets negative", ST_FORMAT, 4, "{\"a\":" INFO("F32", "[1]", "[-4,0]") "}"},
    {"one offset", ST_FORMAT, 0, "{\"a\":" INFO("F32", "[0]", "[0]") "}"},
    {"three offsets", ST_LIMIT, 4, "{\"a\":" INFO("F32", "[1]", "[0,4,4]") "}"},
    {"offsets real", ST_FORMAT, 4, "{\"a\":" INFO("F32", "[1]", "[0,4.0]") "}"},
    {"hole at the start", ST_FORMAT, 8, "{\"a\":" INFO("F32", "[1]", "[4,8]") "}"},
    {"hole between", ST_FORMAT, 12,
     "{\"a\":" INFO("F32", "[1]", "[0,4]") ",\"b\":" INFO("F32", "[1]", "[8,12]") "}"},
    {"overlap", ST_FORMAT, 6,
     "{\"a\":" INFO("F32", "[1]", "[0,4]") ",\"b\":" INFO("F32", "[1]", "[2,6]") "}"},
    {"same range twice", ST_FORMAT, 4,
     "{\"a\":" INFO("F32", "[1]", "[0,4]") ",\"b\":" INFO("F32", "[1]", "[0,4]") "}"},
    {"tail that belongs to no tensor", ST_FORMAT, 5, "{\"a\":" INFO("F32", "[1]", "[0,4]") "}"},
    {"tail without any tensor", ST_FORMAT, 1, "{}"},
    {"last tensor beyond the file", ST_TRUNCATED, 3, "{\"a\":" INFO("F32", "[1]", "[0,4]") "}"},
    {"metadata is a list", ST_FORMAT, 0, "{\"__metadata__\":[]}"},
    {"metadata holds a number", ST_FORMAT, 0, "{\"__metadata__\":{\"a\":1}}"},
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf file CLEANUP(buf_done) = file_of(bytes_str(ROWS[i].json), ROWS[i].n_data);
        struct safetensors *s = NULL;
        status got = parse_file(buf_view(&file), &s);
        if (got.code != ROWS[i].code)
            fail_msg("%s: got %s (%s)", ROWS[i].rule, status_name(got.code), status_detail());
        assert_int_equal(s != NULL, ok(got));
        safetensors_freep(&s);
        safetensors_freep(&s);
    }
}

static void test_entries(void **state)
{
    (void)state;
    struct bytes json = BYTES_LIT(
        "{\"b\":" INFO("BF16", "[3,1]", "[4,10]") ",\"a\":" INFO("F32", "[1]", "[0,4]") "}");
    struct buf file CLEANUP(buf_done) = file_of(json, 10);
    struct safetensors *s = NULL;
    assert_ok(parse_file(buf_view(&file), &s));
    assert_int_equal(safetensors_count(s), 2);
    assert_int_equal(safetensors_data_begin(s), 8 + json.n);
    const struct safetensors_entry *b = safetensors_at(s, 1);
    assert_string_equal((const char *)b->name.p, "b");
    assert_int_equal(b->dtype, TENSOR_BF16);
    assert_int_equal(b->n_dims, 2);
    assert_int_equal(b->dims[0], 3);
    assert_int_equal(b->dims[1], 1);
    assert_int_equal(b->begin, 8 + json.n + 4);
    assert_int_equal(b->end, file.n);
    assert_ptr_equal(safetensors_find(s, "b"), b);
    assert_ptr_equal(safetensors_find(s, "a"), safetensors_at(s, 0));
    assert_null(safetensors_find(s, "c"));
    assert_null(safetensors_at(s, 2));
    safetensors_freep(&s);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        uint64_t n;
        uint64_t file_bytes;
        enum status_code code;
    } rows[] = {
        {"fits", 2, 10, ST_OK},
        {"file of 7 bytes", 2, 7, ST_TRUNCATED},
        {"header beyond the file by one", 3, 10, ST_TRUNCATED},
        {"empty header", 0, 10, ST_FORMAT},
        {"at our limit", SAFETENSORS_HEADER_MAX, UINT64_MAX, ST_OK},
        {"above our limit", SAFETENSORS_HEADER_MAX + 1, UINT64_MAX, ST_LIMIT},
        {"above the format's limit", 100000001, UINT64_MAX, ST_FORMAT},
        {"largest", UINT64_MAX, UINT64_MAX, ST_FORMAT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t first8[8];
        uint64_t total = 77;
        for (unsigned k = 0; k < 8; k++)
            first8[k] = (uint8_t)(rows[i].n >> (8 * k));
        status s = safetensors_header_size(first8, rows[i].file_bytes, &total);
        if (s.code != rows[i].code)
            fail_msg("%s: got %s", rows[i].rule, status_name(s.code));
        assert_int_equal(total, ok(s) ? 8 + rows[i].n : 77);
    }
}

static void test_header_given_must_be_the_header(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) = file_of(BYTES_LIT("{}"), 0);
    struct safetensors *s = NULL;
    buf_put_u8(&file, ' ');
    for (size_t n = 0; n <= 11; n++) {
        struct bytes given = test_exact(bytes_of(file.p, n));
        assert_code(safetensors_parse(given, 10, &s), n < 10    ? ST_TRUNCATED
                                                      : n == 10 ? ST_OK
                                                                : ST_FORMAT);
        test_exact_free(given);
        safetensors_freep(&s);
    }
    safetensors_freep(&s);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) =
        file_of(BYTES_LIT("{\"a\":" INFO("F32", "[1]", "[0,4]") ",\"b\":" INFO("F16", "[2,1]",
                                                                               "[4,8]") "}"),
                8);
    struct safetensors *s = NULL;
    for (size_t n = 0; n < file.n; n++)
        assert_code(parse_file(bytes_of(file.p, n), &s), ST_TRUNCATED);
    assert_ok(parse_file(buf_view(&file), &s));
    safetensors_freep(&s);
}

static void test_long_names(void **state)
{
    (void)state;
    for (size_t n = SAFETENSORS_NAME_MAX; n <= SAFETENSORS_NAME_MAX + 1; n++) {
        struct buf json CLEANUP(buf_done) = BUF_MAX(FILE_MAX);
        struct safetensors *s = NULL;
        buf_put_str(&json, "{\"");
        memset(buf_extend(&json, n), 'n', n);
        buf_put_str(&json, "\":" INFO("U8", "[1]", "[0,1]") "}");
        struct buf file CLEANUP(buf_done) = file_of(buf_view(&json), 1);
        assert_code(parse_file(buf_view(&file), &s), n > SAFETENSORS_NAME_MAX ? ST_FORMAT : ST_OK);
        safetensors_freep(&s);
    }
}

static void test_too_many_tensors(void **state)
{
    (void)state;
    for (unsigned n = SAFETENSORS_TENSORS_MAX; n <= SAFETENSORS_TENSORS_MAX + 1; n++) {
        struct buf json CLEANUP(buf_done) = BUF_MAX(SAFETENSORS_HEADER_MAX);
        struct safetensors *s = NULL;
        buf_put_u8(&json, '{');
        for (unsigned i = 0; i < n; i++)
            buf_printf(&json, "%s\"%x\":" INFO("U8", "[0]", "[0,0]"), i ? "," : "", i);
        buf_put_u8(&json, '}');
        struct buf file CLEANUP(buf_done) = file_of(buf_view(&json), 0);
        assert_code(parse_file(buf_view(&file), &s),
                    n > SAFETENSORS_TENSORS_MAX ? ST_LIMIT : ST_OK);
        safetensors_freep(&s);
    }
}

static void test_dtypes(void **state)
{
    (void)state;
    enum tensor_dtype t;
    for (unsigned i = 0; i < TENSOR_DTYPE_COUNT; i++) {
        assert_true(tensor_dtype_from_name(bytes_str(tensor_dtype_name((enum tensor_dtype)i)), &t));
        assert_int_equal(t, i);
        assert_true(tensor_dtype_bytes(t) > 0);
    }
    assert_false(tensor_dtype_from_name(BYTES_LIT("F3"), &t));
    assert_false(tensor_dtype_from_name(BYTES_LIT("F322"), &t));
    assert_int_equal(tensor_dtype_bytes(TENSOR_BF16), 2);
    assert_int_equal(tensor_dtype_bytes(TENSOR_DTYPE_COUNT), 0);
}

static void test_upstream_vectors(void **state)
{
    (void)state;
    test_vectors_or_skip("safetensors");
    static const struct {
        const char *name;
        enum status_code code;
    } rows[] = {
        {"ok-2x2-i32", ST_OK},
        {"ok-padded-f32", ST_OK},
        {"ok-scalar", ST_OK},
        {"ok-empty-header-ws", ST_OK},
        {"bad-overlap", ST_FORMAT},
        {"bad-trailing", ST_FORMAT},
        {"bad-header-too-large", ST_FORMAT},
        {"bad-empty-file", ST_TRUNCATED},
        {"bad-non-utf8", ST_FORMAT},
        {"bad-not-json", ST_FORMAT},
        {"bad-size-mismatch", ST_FORMAT},
        {"bad-overflow-shape", ST_FORMAT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[128];
        struct safetensors *s = NULL;
        (void)snprintf(name, sizeof(name), "safetensors/%s.safetensors", rows[i].name);
        struct buf file CLEANUP(buf_done) = test_vector(name);
        status got = parse_file(buf_view(&file), &s);
        if (got.code != rows[i].code)
            fail_msg("%s: got %s (%s)", name, status_name(got.code), status_detail());
        safetensors_freep(&s);
    }
}

static void test_padded_vector_in_detail(void **state)
{
    (void)state;
    test_vectors_or_skip("safetensors");
    struct buf file CLEANUP(buf_done) = test_vector("safetensors/ok-padded-f32.safetensors");
    struct safetensors *s = NULL;
    assert_ok(parse_file(buf_view(&file), &s));
    const struct safetensors_entry *e = safetensors_find(s, "attn0");
    assert_non_null(e);
    assert_int_equal(e->dtype, TENSOR_F32);
    assert_int_equal(e->n_dims, 4);
    assert_int_equal(e->dims[2] * e->dims[3], 6);
    assert_int_equal(e->begin, 80);
    assert_int_equal(e->end, 104);
    safetensors_freep(&s);
}

static status parse_once(void *ctx)
{
    const struct buf *file = ctx;
    struct safetensors *s CLEANUP(safetensors_freep) = NULL;
    return safetensors_parse(bytes_of(file->p, file->n - 4), file->n, &s);
}

static void test_every_failed_allocation_is_reported(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) =
        file_of(BYTES_LIT("{\"a\":" INFO("F32", "[1]", "[0,4]") "}"), 4);
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, parse_once, &file) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failed_allocation_is_reported),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_header_given_must_be_the_header),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_too_many_tensors),
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_upstream_vectors),
        cmocka_unit_test(test_padded_vector_in_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
