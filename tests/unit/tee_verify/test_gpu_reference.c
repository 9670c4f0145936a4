/* The file of reference values: one row for each rule of docs/REFERENCE-VALUES.md section 2. */
#include "support/test.h"

#include <string.h>

#include "base/text.h"
#include "tee/verify/nvidia/gpu_reference.h"

enum { ROOM = 1 << 20 };

static uint8_t values[3][GPU_REFERENCE_VALUE_LEN];

static struct gpu_reference_draft draft(enum gpu_manifest_kind kind, const char *product,
                                        const char *version)
{
    struct gpu_reference_draft d = {.kind = kind, .not_after_unix_s = 1800000000, .n_entries = 2};
    memset(values[1], 1, sizeof(values[1]));
    memset(values[2], 2, sizeof(values[2]));
    memcpy(d.product, product, strlen(product));
    memcpy(d.version, version, strlen(version));
    d.entries[0] =
        (struct gpu_reference_entry){.index = 3, .values = {BYTES_OF(values[0])}, .n_values = 1};
    d.entries[1] = (struct gpu_reference_entry){
        .index = 63, .values = {BYTES_OF(values[1]), BYTES_OF(values[2])}, .n_values = 2};
    return d;
}

static status parse(const struct buf *b, struct gpu_reference *out)
{
    struct bytes in = test_exact(buf_view(b));
    status s = gpu_reference_parse(in, out);
    test_exact_free(in);
    return s;
}

static void written_file_is_read(void **state)
{
    (void)state;
    struct gpu_reference r;
    struct gpu_reference_entry e;
    struct gpu_reference_draft a = draft(GPU_MANIFEST_VBIOS, "GH100", "96.00.9F.00.01");
    struct gpu_reference_draft b = draft(GPU_MANIFEST_DRIVER, "GH100", "550.90.07");
    const struct gpu_reference_draft *drafts[] = {&a, &b}, *turned[] = {&b, &a};
    struct buf out CLEANUP(buf_done) = BUF_MAX(ROOM), again CLEANUP(buf_done) = BUF_MAX(ROOM);
    assert_ok(gpu_reference_write(drafts, 2, &out));
    assert_ok(gpu_reference_write(turned, 2, &again));
    assert_bytes_equal(buf_view(&out), buf_view(&again));
    assert_ok(gpu_reference_parse(buf_view(&out), &r));
    assert_int_equal(r.n, 2);
    assert_int_equal(r.v[0].kind, GPU_MANIFEST_DRIVER);
    assert_int_equal(r.v[0].not_after_unix_s, 1800000000);
    assert_int_equal(r.v[1].n_entries, 2);
    struct gpu_reference_walk w = gpu_reference_entries(&r.v[1]);
    assert_true(gpu_reference_next(&w, &e));
    assert_int_equal(e.index, 3);
    assert_true(gpu_reference_next(&w, &e));
    assert_int_equal(e.index, 63);
    assert_int_equal(e.n_values, 2);
    assert_bytes_equal(e.values[1], BYTES_OF(values[2]));
    assert_false(gpu_reference_next(&w, &e));
}

static void manifests_are_found_by_product_and_number(void **state)
{
    (void)state;
    struct gpu_reference r;
    struct gpu_version v;
    struct gpu_reference_draft a = draft(GPU_MANIFEST_VBIOS, "LS_10", "96.10.55.00.01");
    const struct gpu_reference_draft *drafts[] = {&a};
    struct buf out CLEANUP(buf_done) = BUF_MAX(ROOM);
    assert_ok(gpu_reference_write(drafts, 1, &out));
    assert_ok(gpu_reference_parse(buf_view(&out), &r));
    assert_ok(gpu_version_parse(BYTES_LIT("96.10.55.0.1"), GPU_VERSION_HEX, &v));
    assert_non_null(gpu_reference_find(&r, GPU_MANIFEST_VBIOS, BYTES_LIT("LS_10"), &v));
    assert_non_null(gpu_reference_find(&r, GPU_MANIFEST_VBIOS, BYTES_LIT("LS10"), &v));
    assert_null(gpu_reference_find(&r, GPU_MANIFEST_VBIOS, BYTES_LIT("LS1"), &v));
    assert_null(gpu_reference_find(&r, GPU_MANIFEST_VBIOS, BYTES_LIT("LS100"), &v));
    assert_null(gpu_reference_find(&r, GPU_MANIFEST_DRIVER, BYTES_LIT("LS10"), &v));
    v.part[4]++;
    assert_null(gpu_reference_find(&r, GPU_MANIFEST_VBIOS, BYTES_LIT("LS10"), &v));
}

static void two_of_one_are_refused(void **state)
{
    (void)state;
    struct gpu_reference_draft a = draft(GPU_MANIFEST_VBIOS, "GH100", "96.00.9F.00.01");
    const struct gpu_reference_draft *drafts[] = {&a, &a};
    struct buf out CLEANUP(buf_done) = BUF_MAX(ROOM);
    assert_code(gpu_reference_write(drafts, 2, &out), ST_FORMAT);
    buf_clear(&out);
    assert_code(gpu_reference_write(drafts, 0, &out), ST_FORMAT);
}

/* ---- rows: what is written by hand ---- */

struct plan {
    uint64_t file_version, kind, index;
    const char *product, *version;
    size_t source_n, value_n, n_values, n_entries, n_manifests;
    bool is_unsorted, has_more, is_bare;
    int64_t not_after;
};

static const struct plan PLAIN = {
    .file_version = 1,
    .product = "GH100",
    .version = "550.90.07",
    .source_n = 32,
    .value_n = 48,
    .n_values = 1,
    .n_entries = 1,
    .n_manifests = 1,
};

static void put_fill(struct buf *b, size_t n)
{
    static const uint8_t zeroes[64];
    cbor_put_bytes(b, bytes_of(zeroes, n));
}

static void put_entries(const struct plan *p, struct buf *b)
{
    cbor_put_map(b, p->n_entries);
    for (size_t i = 0; i < p->n_entries; i++) {
        cbor_put_uint(b, p->index + i);
        cbor_put_array(b, p->n_values);
        for (size_t k = 0; k < p->n_values; k++)
            put_fill(b, p->value_n);
    }
}

static void put_manifest(const struct plan *p, size_t i, struct buf *b)
{
    char version[32] = "";
    memcpy(version, p->version, strlen(p->version));
    size_t n = strlen(version);
    if (p->n_manifests > 1)
        version[n - 1] = (char)((p->is_unsorted ? '9' - (int)i : '1' + (int)i));
    cbor_put_map(b, 6 + p->has_more);
    cbor_put_uint(b, 1);
    cbor_put_uint(b, p->kind);
    cbor_put_uint(b, 2);
    cbor_put_str(b, p->product);
    cbor_put_uint(b, 3);
    cbor_put_str(b, version);
    cbor_put_uint(b, 4);
    put_fill(b, p->source_n);
    cbor_put_uint(b, 5);
    cbor_put_int(b, p->not_after);
    cbor_put_uint(b, 6);
    put_entries(p, b);
    if (p->has_more) {
        cbor_put_uint(b, 7);
        cbor_put_uint(b, 0);
    }
}

static void encode(const struct plan *p, struct buf *b)
{
    cbor_put_map(b, p->is_bare ? 1 : 2);
    cbor_put_uint(b, 1);
    cbor_put_uint(b, p->file_version);
    if (p->is_bare)
        return;
    cbor_put_uint(b, 2);
    cbor_put_array(b, p->n_manifests);
    for (size_t i = 0; i < p->n_manifests; i++)
        put_manifest(p, i, b);
}

#define WITH(...)                                                                      \
    {                                                                                  \
        .file_version = 1, .product = "GH100", .version = "550.90.07", .source_n = 32, \
        .value_n = 48, .n_values = 1, .n_entries = 1, .n_manifests = 1, __VA_ARGS__    \
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
static const struct row {
    const char *name;
    struct plan plan;
    enum status_code code;
} ROWS[] = {
    {"plain", WITH(.kind = 0), ST_OK},
    {"VBIOS", WITH(.kind = 1, .version = "96.00.9F.00.01"), ST_OK},
    {"two manifests", WITH(.n_manifests = 2), ST_OK},
    {"index 63", WITH(.index = 63), ST_OK},
    {"sixteen values", WITH(.n_values = 16), ST_OK},
    {"version 2", WITH(.file_version = 2), ST_UNSUPPORTED},
    {"no list", WITH(.is_bare = true), ST_FORMAT},
    {"no manifest", WITH(.n_manifests = 0), ST_FORMAT},
    {"out of order", WITH(.n_manifests = 2, .is_unsorted = true), ST_FORMAT},
    {"kind 2", WITH(.kind = 2), ST_FORMAT},
    {"VBIOS version for a driver", WITH(.version = "96.00.9F.00.01"), ST_FORMAT},
    {"driver version for a VBIOS", WITH(.kind = 1), ST_FORMAT},
    {"no product", WITH(.product = ""), ST_LIMIT},
    {"long product", WITH(.product = "GH10000000000000"), ST_LIMIT},
    {"product with a space", WITH(.product = "GH 100"), ST_FORMAT},
    {"source of 31 bytes", WITH(.source_n = 31), ST_FORMAT},
    {"time before 1970", WITH(.not_after = -1), ST_FORMAT},
    {"value of 47 bytes", WITH(.value_n = 47), ST_FORMAT},
    {"no values", WITH(.n_values = 0), ST_FORMAT},
    {"seventeen values", WITH(.n_values = 17), ST_LIMIT},
    {"no entries", WITH(.n_entries = 0), ST_FORMAT},
    {"index 64", WITH(.index = 64), ST_LIMIT},
    {"unknown key", WITH(.has_more = true), ST_FORMAT},
};
#pragma GCC diagnostic pop

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct gpu_reference r;
        struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
        encode(&ROWS[i].plan, &b);
        status s = parse(&b, &r);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code), status_detail());
    }
}

static void every_truncation_and_trailing_byte_is_refused(void **state)
{
    (void)state;
    struct gpu_reference r;
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    encode(&PLAIN, &b);
    buf_put_u8(&b, 0);
    assert_code(parse(&b, &r), ST_FORMAT);
    size_t whole = b.n - 1;
    for (b.n = 0; b.n < whole; b.n++)
        assert_true(failed(parse(&b, &r)));
}

static void files_are_bounded(void **state)
{
    (void)state;
    struct gpu_reference r;
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    memset(buf_extend(&b, GPU_REFERENCE_MAX_BYTES + 1), 0, GPU_REFERENCE_MAX_BYTES + 1);
    assert_code(parse(&b, &r), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_file_is_read),
        cmocka_unit_test(manifests_are_found_by_product_and_number),
        cmocka_unit_test(two_of_one_are_refused),
        cmocka_unit_test(each_rule),
        cmocka_unit_test(every_truncation_and_trailing_byte_is_refused),
        cmocka_unit_test(files_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
