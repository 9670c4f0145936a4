#include "tee/verify/nvidia/gpu_reference.h"

#include <stdlib.h>

enum {
    FILE_VERSION = 1,
    FILE_PAIRS = 2,
    SOURCE_LEN = 32,
    MANIFEST_PAIRS = 6,
};

/* ---- parsing ---- */

static void expect_key(struct cbor_rd *r, struct cbor_iter *it, uint64_t key)
{
    if (!cbor_next(r, it) || cbor_uint(r) != key)
        cbor_fail(r, ST_FORMAT, "a key of the map is missing, unknown or out of its order");
}

static void expect_end(struct cbor_rd *r, struct cbor_iter *it)
{
    if (cbor_next(r, it))
        cbor_fail(r, ST_FORMAT, "an unknown key");
}

static struct bytes sized_bytes(struct cbor_rd *r, size_t n, const char *reason)
{
    struct bytes v = cbor_bytes(r);
    if (v.n != n)
        cbor_fail(r, ST_FORMAT, reason);
    return v;
}

static struct bytes plain_text(struct cbor_rd *r, size_t max)
{
    struct bytes v = cbor_text(r);
    if (v.n < 1 || v.n > max)
        cbor_fail(r, ST_LIMIT, "a text out of its size");
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < 0x21 || v.p[i] > 0x7e)
            cbor_fail(r, ST_FORMAT, "a text that is not visible ASCII");
    }
    return v;
}

static void read_entry(struct cbor_rd *r, struct gpu_reference_entry *out)
{
    uint64_t index = cbor_uint(r);
    struct cbor_iter it = cbor_array(r);
    *out = (struct gpu_reference_entry){.index = (unsigned)index};
    if (index > GPU_REFERENCE_INDEX_MAX)
        cbor_fail(r, ST_LIMIT, "an index above 63");
    while (cbor_next(r, &it)) {
        if (out->n_values == GPU_REFERENCE_VALUES_MAX) {
            cbor_fail(r, ST_LIMIT, "more than 16 values of one index");
            return;
        }
        out->values[out->n_values++] =
            sized_bytes(r, GPU_REFERENCE_VALUE_LEN, "a value is not 48 bytes");
    }
    if (out->n_values == 0)
        cbor_fail(r, ST_FORMAT, "an index without values");
}

struct gpu_reference_walk gpu_reference_entries(const struct gpu_manifest *m)
{
    struct gpu_reference_walk w = {.rd = cbor_rd_over(m->entries, CBOR_DETERMINISTIC)};
    w.it = cbor_map(&w.rd);
    return w;
}

bool gpu_reference_next(struct gpu_reference_walk *w, struct gpu_reference_entry *out)
{
    if (!cbor_next(&w->rd, &w->it))
        return false;
    read_entry(&w->rd, out);
    return w->rd.error == ST_OK;
}

/* Reads through all entries once, so that walking them later cannot fail. */
static status check_entries(struct gpu_manifest *m)
{
    struct gpu_reference_walk w = gpu_reference_entries(m);
    struct gpu_reference_entry entry;
    while (gpu_reference_next(&w, &entry))
        m->n_entries++;
    TRY(cbor_end(&w.rd));
    REQUIRE(m->n_entries > 0, ST_FORMAT, "a manifest without values");
    return OK;
}

static enum gpu_version_base base_of(enum gpu_manifest_kind kind)
{
    return kind == GPU_MANIFEST_VBIOS ? GPU_VERSION_HEX : GPU_VERSION_DECIMAL;
}

static status parse_manifest(struct bytes item, struct gpu_manifest *out)
{
    struct cbor_rd r = cbor_rd_over(item, CBOR_DETERMINISTIC);
    struct gpu_manifest m = {0};
    struct cbor_iter it = cbor_map(&r);
    expect_key(&r, &it, 1);
    uint64_t kind = cbor_uint(&r);
    expect_key(&r, &it, 2);
    m.product = plain_text(&r, GPU_REFERENCE_PRODUCT_MAX);
    expect_key(&r, &it, 3);
    m.version_text = plain_text(&r, GPU_VERSION_TEXT_MAX);
    expect_key(&r, &it, 4);
    m.source_sha256 = sized_bytes(&r, SOURCE_LEN, "the source's digest is not 32 bytes");
    expect_key(&r, &it, 5);
    m.not_after_unix_s = cbor_int(&r);
    expect_key(&r, &it, 6);
    m.entries = cbor_item(&r);
    expect_end(&r, &it);
    TRY(cbor_end(&r));
    REQUIRE(kind <= GPU_MANIFEST_VBIOS && m.not_after_unix_s >= 0, ST_FORMAT,
            "a manifest of an unknown kind or time");
    m.kind = (enum gpu_manifest_kind)kind;
    TRY(gpu_version_parse(m.version_text, base_of(m.kind), &m.version));
    TRY(check_entries(&m));
    *out = m;
    return OK;
}

static int compare(const struct gpu_manifest *a, const struct gpu_manifest *b)
{
    int c = (int)a->kind - (int)b->kind;
    c = c != 0 ? c : bytes_compare(a->product, b->product);
    return c != 0 ? c : bytes_compare(a->version_text, b->version_text);
}

static status parse_list(struct cbor_rd *r, struct gpu_reference *out)
{
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it)) {
        struct bytes item = cbor_item(r);
        TRY(cbor_status(r));
        REQUIRE(out->n < GPU_REFERENCE_MANIFESTS_MAX, ST_LIMIT, "more than %d manifests",
                GPU_REFERENCE_MANIFESTS_MAX);
        TRY(status_context(parse_manifest(item, &out->v[out->n]), "manifest %zu", out->n));
        REQUIRE(out->n == 0 || compare(&out->v[out->n - 1], &out->v[out->n]) < 0, ST_FORMAT,
                "manifest %zu is out of its order or there twice", out->n);
        out->n++;
    }
    return cbor_status(r);
}

status gpu_reference_parse(struct bytes in, struct gpu_reference *out)
{
    REQUIRE(in.n <= GPU_REFERENCE_MAX_BYTES, ST_LIMIT, "reference values of %zu bytes, at most %d",
            in.n, GPU_REFERENCE_MAX_BYTES);
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct gpu_reference v = {0};
    struct cbor_iter it = cbor_map(&r);
    expect_key(&r, &it, 1);
    uint64_t version = cbor_uint(&r);
    TRY(cbor_status(&r));
    REQUIRE(version == FILE_VERSION, ST_UNSUPPORTED, "reference values of version %llu",
            (unsigned long long)version);
    expect_key(&r, &it, 2);
    TRY(parse_list(&r, &v));
    expect_end(&r, &it);
    TRY(cbor_end(&r));
    REQUIRE(v.n > 0, ST_FORMAT, "no manifest");
    *out = v;
    return OK;
}

/* ---- looking up ---- */

static bool is_same_product(struct bytes a, struct bytes b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.n && a.p[i] == '_')
            i++;
        while (k < b.n && b.p[k] == '_')
            k++;
        if (i == a.n || k == b.n)
            return i == a.n && k == b.n;
        if (a.p[i++] != b.p[k++])
            return false;
    }
}

const struct gpu_manifest *gpu_reference_find(const struct gpu_reference *r,
                                              enum gpu_manifest_kind kind, struct bytes product,
                                              const struct gpu_version *version)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct gpu_manifest *m = &r->v[i];
        if (m->kind == kind && is_same_product(m->product, product) &&
            gpu_version_compare(&m->version, version) == 0)
            return m;
    }
    return NULL;
}

/* ---- writing ---- */

static int compare_drafts(const void *a, const void *b)
{
    const struct gpu_reference_draft *x = *(const struct gpu_reference_draft *const *)a;
    const struct gpu_reference_draft *y = *(const struct gpu_reference_draft *const *)b;
    int c = (int)x->kind - (int)y->kind;
    c = c != 0 ? c : strcmp(x->product, y->product);
    return c != 0 ? c : strcmp(x->version, y->version);
}

static void put_entries(const struct gpu_reference_draft *d, struct buf *out)
{
    cbor_put_map(out, d->n_entries);
    for (size_t i = 0; i < d->n_entries; i++) {
        const struct gpu_reference_entry *e = &d->entries[i];
        cbor_put_uint(out, e->index);
        cbor_put_array(out, e->n_values);
        for (size_t k = 0; k < e->n_values; k++)
            cbor_put_bytes(out, e->values[k]);
    }
}

static void put_manifest(const struct gpu_reference_draft *d, struct buf *out)
{
    cbor_put_map(out, MANIFEST_PAIRS);
    cbor_put_uint(out, 1);
    cbor_put_uint(out, d->kind);
    cbor_put_uint(out, 2);
    cbor_put_str(out, d->product);
    cbor_put_uint(out, 3);
    cbor_put_str(out, d->version);
    cbor_put_uint(out, 4);
    cbor_put_bytes(out, BYTES_OF(d->source_sha256));
    cbor_put_uint(out, 5);
    cbor_put_int(out, d->not_after_unix_s);
    cbor_put_uint(out, 6);
    put_entries(d, out);
}

status gpu_reference_write(const struct gpu_reference_draft **drafts, size_t n, struct buf *out)
{
    struct gpu_reference *parsed = NULL;
    size_t from = out->n;
    qsort(drafts, n, sizeof(*drafts), compare_drafts);
    cbor_put_map(out, FILE_PAIRS);
    cbor_put_uint(out, 1);
    cbor_put_uint(out, FILE_VERSION);
    cbor_put_uint(out, 2);
    cbor_put_array(out, n);
    for (size_t i = 0; i < n; i++)
        put_manifest(drafts[i], out);
    TRY(buf_status(out));
    parsed = calloc(1, sizeof(*parsed));
    REQUIRE(parsed != NULL, ST_NOMEM, "reference values");
    status s = gpu_reference_parse(bytes_of(out->p + from, out->n - from), parsed);
    free(parsed);
    return s;
}
