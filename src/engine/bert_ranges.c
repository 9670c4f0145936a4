#include "engine/bert_model.h"

#include <stdlib.h>

/* Index of the first range that ends after `at`. */
static size_t first_after(const struct bert_ranges *r, uint64_t at)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->v[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static status make_room(struct bert_ranges *r)
{
    if (r->n < r->cap)
        return OK;
    size_t cap = r->cap ? 2 * r->cap : 64;
    struct bert_range *v = realloc(r->v, cap * sizeof(*v));
    REQUIRE(v != NULL, ST_NOMEM, "no memory to note what is loaded");
    r->v = v;
    r->cap = cap;
    return OK;
}

static void remove_at(struct bert_ranges *r, size_t i)
{
    r->n--;
    memmove(&r->v[i], &r->v[i + 1], (r->n - i) * sizeof(*r->v));
}

status bert_ranges_add(struct bert_ranges *r, struct bert_range range)
{
    size_t i = first_after(r, range.begin);
    REQUIRE(i == r->n || r->v[i].begin >= range.end, ST_USAGE,
            "bytes %llu to %llu of the weights are loaded twice", (unsigned long long)range.begin,
            (unsigned long long)range.end);
    bool joins_left = i > 0 && r->v[i - 1].end == range.begin;
    bool joins_right = i < r->n && r->v[i].begin == range.end;
    if (joins_left) {
        r->v[i - 1].end = joins_right ? r->v[i].end : range.end;
        if (joins_right)
            remove_at(r, i);
        return OK;
    }
    if (joins_right) {
        r->v[i].begin = range.begin;
        return OK;
    }
    TRY(make_room(r));
    memmove(&r->v[i + 1], &r->v[i], (r->n - i) * sizeof(*r->v));
    r->v[i] = range;
    r->n++;
    return OK;
}

bool bert_ranges_cover(const struct bert_ranges *r, struct bert_range range)
{
    size_t i = first_after(r, range.begin);
    return i < r->n && r->v[i].begin <= range.begin && r->v[i].end >= range.end;
}
