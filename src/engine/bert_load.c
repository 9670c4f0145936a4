#include "base/checked.h"
#include "engine/bert_model.h"
#include "engine/numerics.h"

static uint32_t load_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint16_t load_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* An exponent of all ones is an infinity or a NaN, in each of the three types. */
static bool is_finite(const uint8_t *p, size_t n, enum kern_type type)
{
    uint32_t bad = 0;
    if (type == KERN_F32) {
        for (size_t i = 0; i < n; i++)
            bad |= (load_u32(p + 4 * i) & 0x7f800000u) == 0x7f800000u;
        return bad == 0;
    }
    uint16_t ones = type == KERN_F16 ? 0x7c00 : 0x7f80;
    for (size_t i = 0; i < n; i++)
        bad |= (load_u16(p + 2 * i) & ones) == ones;
    return bad == 0;
}

static void pack_vector(const struct bert_slot *s, uint64_t first, const uint8_t *p, size_t n)
{
    float *out = (float *)s->weight->p + first;
    for (size_t i = 0; i < n; i++) {
        if (s->file_type == KERN_F32)
            out[i] = numerics_float(load_u32(p + 4 * i));
        else if (s->file_type == KERN_F16)
            out[i] = numerics_from_f16(load_u16(p + 2 * i));
        else
            out[i] = numerics_from_bf16(load_u16(p + 2 * i));
    }
}

/* Row n of the file's [N][K] becomes lane n % 16 of panel n / 16. */
static void pack_row(const struct bert_slot *s, uint64_t row, uint64_t column, const uint8_t *p,
                     size_t n)
{
    size_t at = (size_t)((row / KERN_PANEL * s->columns + column) * KERN_PANEL + row % KERN_PANEL);
    if (s->file_type == KERN_F32) {
        uint32_t *out = (uint32_t *)s->weight->p + at;
        for (size_t i = 0; i < n; i++)
            out[i * KERN_PANEL] = load_u32(p + 4 * i);
        return;
    }
    uint16_t *out = (uint16_t *)s->weight->p + at;
    for (size_t i = 0; i < n; i++)
        out[i * KERN_PANEL] = load_u16(p + 2 * i);
}

static void pack_matrix(const struct bert_slot *s, uint64_t first, const uint8_t *p, size_t n)
{
    size_t size = bert_type_bytes(s->file_type);
    while (n > 0) {
        uint64_t row = first / s->columns, column = first % s->columns;
        size_t now = s->columns - column < n ? (size_t)(s->columns - column) : n;
        pack_row(s, row, column, p, now);
        first += now;
        p += now * size;
        n -= now;
    }
}

/* `chunk` lies within the slot's range of the file. */
static status load_part(const struct bert_slot *s, uint64_t offset, struct bytes chunk)
{
    size_t size = bert_type_bytes(s->file_type);
    uint64_t first = (offset - s->begin) / size;
    size_t n = chunk.n / size;
    REQUIRE((offset - s->begin) % size == 0 && chunk.n % size == 0, ST_USAGE,
            "tensor '%s' is cut within an element", s->name);
    REQUIRE(is_finite(chunk.p, n, s->file_type), ST_FORMAT,
            "tensor '%s' holds a value that is not finite", s->name);
    if (s->kind == BERT_VECTOR)
        pack_vector(s, first, chunk.p, n);
    else if (s->kind == BERT_MATRIX)
        pack_matrix(s, first, chunk.p, n);
    else
        memcpy((uint8_t *)s->weight->p + first * size, chunk.p, chunk.n);
    return OK;
}

/* Slots are disjoint and ascending: the first that ends after `at`. */
static size_t first_slot(const struct bert *b, uint64_t at)
{
    size_t low = 0, high = b->n_slots;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->slots[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static status load_parts(const struct bert *b, struct bert_range range, const uint8_t *p)
{
    for (size_t i = first_slot(b, range.begin); i < b->n_slots; i++) {
        const struct bert_slot *s = &b->slots[i];
        if (s->begin >= range.end)
            break;
        uint64_t from = s->begin > range.begin ? s->begin : range.begin;
        uint64_t to = s->end < range.end ? s->end : range.end;
        struct bytes part = bytes_of(p + (from - range.begin), (size_t)(to - from));
        TRY(load_part(s, from, part));
    }
    return OK;
}

static status claim(struct bert *b, struct bert_range range)
{
    pthread_mutex_lock(&b->lock);
    status s = b->is_ready ? FAIL(ST_USAGE, "the model is loaded already")
                           : bert_ranges_add(&b->ranges, range);
    b->ranges.n_loading += ok(s);
    b->ranges.is_bad |= failed(s);
    pthread_mutex_unlock(&b->lock);
    return s;
}

static void settle(struct bert *b, status s)
{
    pthread_mutex_lock(&b->lock);
    b->ranges.n_loading--;
    b->ranges.is_bad |= failed(s);
    pthread_mutex_unlock(&b->lock);
}

status bert_load_range(struct bert *b, uint64_t file_offset, struct bytes chunk)
{
    struct bert_range range = {.begin = file_offset};
    if (chunk.n == 0)
        return OK;
    REQUIRE(checked_add_u64(file_offset, chunk.n, &range.end), ST_USAGE, "range overflows");
    TRY(claim(b, range));
    status s = load_parts(b, range, chunk.p);
    settle(b, s);
    return s;
}
