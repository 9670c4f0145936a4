#include "formats/safetensors.h"

#include <stdlib.h>

#include "base/checked.h"
#include "formats/json.h"

/* The limit of the format itself: beyond it the file is no safetensors at all. */
#define FORMAT_HEADER_MAX 100000000u

enum { LENGTH_BYTES = 8 };

struct safetensors {
    struct safetensors_entry *v; /* in file order */
    size_t n;
    char *names; /* every name with its NUL */
    size_t names_used;
    uint64_t data_begin;
};

struct dtype_row {
    const char *name;
    uint32_t bytes;
};

#define ROW_(code, name, bytes) [code] = {name, bytes},
static const struct dtype_row DTYPES[TENSOR_DTYPE_COUNT] = {TENSOR_DTYPE_MAP(ROW_)};
#undef ROW_

const char *tensor_dtype_name(enum tensor_dtype t)
{
    return (unsigned)t < TENSOR_DTYPE_COUNT ? DTYPES[t].name : "?";
}

uint32_t tensor_dtype_bytes(enum tensor_dtype t)
{
    return (unsigned)t < TENSOR_DTYPE_COUNT ? DTYPES[t].bytes : 0;
}

bool tensor_dtype_from_name(struct bytes name, enum tensor_dtype *out)
{
    for (unsigned i = 0; i < TENSOR_DTYPE_COUNT; i++) {
        if (!bytes_equal(name, bytes_str(DTYPES[i].name)))
            continue;
        *out = (enum tensor_dtype)i;
        return true;
    }
    return false;
}

status safetensors_header_size(const uint8_t first8[static 8], uint64_t file_bytes,
                               uint64_t *out_total)
{
    struct rd r = rd_over(bytes_of(first8, LENGTH_BYTES));
    uint64_t n = rd_u64le(&r);
    REQUIRE(file_bytes >= LENGTH_BYTES, ST_TRUNCATED, "safetensors: a file of %llu bytes",
            (unsigned long long)file_bytes);
    REQUIRE(n <= FORMAT_HEADER_MAX, ST_FORMAT, "safetensors: header of %llu bytes, no such file",
            (unsigned long long)n);
    REQUIRE(n <= SAFETENSORS_HEADER_MAX, ST_LIMIT,
            "safetensors: header of %llu bytes; the limit is %d", (unsigned long long)n,
            SAFETENSORS_HEADER_MAX);
    REQUIRE(n > 0, ST_FORMAT, "safetensors: the header is empty");
    REQUIRE(n <= file_bytes - LENGTH_BYTES, ST_TRUNCATED,
            "safetensors: header of %llu bytes in a file of %llu", (unsigned long long)n,
            (unsigned long long)file_bytes);
    *out_total = LENGTH_BYTES + n;
    return OK;
}

void safetensors_freep(struct safetensors **s)
{
    if (*s == NULL)
        return;
    free((*s)->v);
    free((*s)->names);
    free(*s);
    *s = NULL;
}

static status keep_name(struct safetensors *s, struct bytes name, struct bytes *out)
{
    REQUIRE(name.n > 0 && name.n <= SAFETENSORS_NAME_MAX, ST_FORMAT,
            "safetensors: a tensor's name has %zu bytes", name.n);
    char *at = s->names + s->names_used;
    memcpy(at, name.p, name.n);
    at[name.n] = 0;
    s->names_used += name.n + 1;
    *out = bytes_of(at, name.n);
    return OK;
}

static status parse_dtype(struct json_obj *o, enum tensor_dtype *out)
{
    struct bytes name = json_text(o, "dtype", true);
    if (name.p == NULL)
        return OK; /* reported by json_obj_end() */
    REQUIRE(tensor_dtype_from_name(name, out), ST_UNSUPPORTED, "safetensors: %s has dtype %.*s",
            o->path, (int)(name.n < 32 ? name.n : 32), (const char *)name.p);
    return OK;
}

static status parse_dims(struct json_obj *o, struct safetensors_entry *e)
{
    const json_t *shape = json_list(o, "shape", true, SAFETENSORS_DIMS_MAX);
    e->n_dims = (uint32_t)json_len(shape);
    for (uint32_t i = 0; i < e->n_dims; i++) {
        int64_t dim = 0;
        REQUIRE(json_is_int(json_at(shape, i), &dim) && dim >= 0, ST_FORMAT,
                "safetensors: %s: dimension %u is no size", o->path, i);
        e->dims[i] = (uint64_t)dim;
    }
    return OK;
}

static status parse_offsets(struct json_obj *o, struct safetensors_entry *e)
{
    const json_t *pair = json_list(o, "data_offsets", true, 2);
    int64_t begin = 0;
    int64_t end = 0;
    if (pair == NULL)
        return OK; /* reported by json_obj_end() */
    bool is_pair = json_len(pair) == 2 && json_is_int(json_at(pair, 0), &begin) &&
                   json_is_int(json_at(pair, 1), &end);
    REQUIRE(is_pair && begin >= 0 && begin <= end, ST_FORMAT,
            "safetensors: %s: data_offsets are not [begin, end]", o->path);
    e->begin = (uint64_t)begin;
    e->end = (uint64_t)end;
    return OK;
}

static status check_span(const struct safetensors_entry *e, const char *path)
{
    uint64_t bytes = tensor_dtype_bytes(e->dtype);
    for (uint32_t i = 0; i < e->n_dims; i++)
        REQUIRE(checked_mul_u64(bytes, e->dims[i], &bytes), ST_FORMAT,
                "safetensors: %s: the shape is larger than any file", path);
    REQUIRE(bytes == e->end - e->begin, ST_FORMAT,
            "safetensors: %s: %llu bytes by its shape, %llu by its offsets", path,
            (unsigned long long)bytes, (unsigned long long)(e->end - e->begin));
    return OK;
}

static status parse_entry(struct safetensors *s, struct bytes name, const json_t *node)
{
    struct safetensors_entry *e = &s->v[s->n];
    TRY(keep_name(s, name, &e->name));
    struct json_obj o = json_obj_of(node, (const char *)e->name.p);
    TRY(parse_dtype(&o, &e->dtype));
    TRY(parse_dims(&o, e));
    TRY(parse_offsets(&o, e));
    TRY(status_context(json_obj_end(&o), "safetensors"));
    TRY(check_span(e, o.path));
    s->n++;
    return OK;
}

static status check_metadata(const json_t *node)
{
    void *it = NULL;
    struct bytes key;
    struct bytes text;
    const json_t *value;
    REQUIRE(json_is_object(node), ST_FORMAT, "safetensors: __metadata__ is no object");
    while (json_member(node, &it, &key, &value))
        REQUIRE(json_is_text(value, &text), ST_FORMAT,
                "safetensors: __metadata__ holds something other than text");
    return OK;
}

static bool is_metadata(struct bytes key)
{
    return bytes_equal(key, BYTES_LIT("__metadata__"));
}

static status parse_members(struct safetensors *s, const json_t *root)
{
    void *it = NULL;
    struct bytes key;
    const json_t *value;
    while (json_member(root, &it, &key, &value))
        TRY(is_metadata(key) ? check_metadata(value) : parse_entry(s, key, value));
    return OK;
}

static status make_room(struct safetensors *s, const json_t *root)
{
    void *it = NULL;
    struct bytes key;
    const json_t *value;
    size_t n = 0;
    size_t name_bytes = 0;
    for (; json_member(root, &it, &key, &value); n++)
        name_bytes += key.n + 1;
    REQUIRE(n <= SAFETENSORS_TENSORS_MAX, ST_LIMIT, "safetensors: more than %d tensors",
            SAFETENSORS_TENSORS_MAX);
    s->v = calloc(n + 1, sizeof(*s->v));
    s->names = malloc(name_bytes + 1);
    REQUIRE(s->v != NULL && s->names != NULL, ST_NOMEM, "no memory for %zu tensors", n);
    return OK;
}

static int by_place(const void *a, const void *b)
{
    const struct safetensors_entry *x = a;
    const struct safetensors_entry *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return bytes_compare(x->name, y->name); /* tensors without elements */
}

/* The ranges must be the data section, cut into pieces: then no byte is read twice or not at all,
 * and nothing can hide in the file. */
static status check_places(struct safetensors *s, uint64_t file_bytes)
{
    uint64_t at = 0;
    uint64_t data_bytes = file_bytes - s->data_begin;
    qsort(s->v, s->n, sizeof(*s->v), by_place);
    for (size_t i = 0; i < s->n; i++) {
        struct safetensors_entry *e = &s->v[i];
        REQUIRE(e->begin == at, ST_FORMAT, "safetensors: %.64s begins at %llu; %llu was expected",
                (const char *)e->name.p, (unsigned long long)e->begin, (unsigned long long)at);
        REQUIRE(e->end <= data_bytes, ST_TRUNCATED,
                "safetensors: %.64s ends at %llu of %llu bytes of data", (const char *)e->name.p,
                (unsigned long long)e->end, (unsigned long long)data_bytes);
        at = e->end;
        e->begin += s->data_begin;
        e->end += s->data_begin;
    }
    REQUIRE(at == data_bytes, ST_FORMAT, "safetensors: %llu bytes that belong to no tensor",
            (unsigned long long)(data_bytes - at));
    return OK;
}

static status parse_header(struct safetensors *s, struct bytes json, uint64_t file_bytes)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    REQUIRE(json.p[0] == '{', ST_FORMAT, "safetensors: the header does not begin with '{'");
    TRY(status_context(json_parse(json, SAFETENSORS_HEADER_MAX, &doc), "safetensors header"));
    TRY(make_room(s, json_root(doc)));
    TRY(parse_members(s, json_root(doc)));
    return check_places(s, file_bytes);
}

status safetensors_parse(struct bytes header, uint64_t file_bytes, struct safetensors **out)
{
    uint64_t total = 0;
    REQUIRE(header.n >= LENGTH_BYTES, ST_TRUNCATED, "safetensors: %zu bytes", header.n);
    TRY(safetensors_header_size(header.p, file_bytes, &total));
    REQUIRE(header.n >= total, ST_TRUNCATED, "safetensors: %zu of %llu header bytes", header.n,
            (unsigned long long)total);
    REQUIRE(header.n == total, ST_FORMAT, "safetensors: %zu bytes were given as header of %llu",
            header.n, (unsigned long long)total);
    struct safetensors *s CLEANUP(safetensors_freep) = calloc(1, sizeof(*s));
    REQUIRE(s != NULL, ST_NOMEM, "no memory for a safetensors header");
    s->data_begin = total;
    struct bytes json = {header.p + LENGTH_BYTES, header.n - LENGTH_BYTES};
    TRY(parse_header(s, json, file_bytes));
    *out = s;
    s = NULL;
    return OK;
}

size_t safetensors_count(const struct safetensors *s)
{
    return s->n;
}

const struct safetensors_entry *safetensors_at(const struct safetensors *s, size_t i)
{
    return i < s->n ? &s->v[i] : NULL;
}

const struct safetensors_entry *safetensors_find(const struct safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp((const char *)s->v[i].name.p, name) == 0)
            return &s->v[i];
    }
    return NULL;
}

uint64_t safetensors_data_begin(const struct safetensors *s)
{
    return s->data_begin;
}
