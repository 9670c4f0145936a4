#include <stdlib.h>

#include "engine/bert_forward.h"

enum { TOKENS_MAX = 1 << 20 };

/* Sums up what take() hands out, or hands it out: one function describes the layout. */
struct plan {
    struct arena *arena; /* NULL while counting */
    size_t total;
    status error;
};

static void *take(struct plan *p, size_t n, size_t size)
{
    void *out = NULL;
    size_t bytes = (n * size + 63) & ~(size_t)63;
    p->total += bytes;
    if (p->arena != NULL && ok(p->error))
        p->error = arena_alloc(p->arena, bytes, &out);
    return out;
}

static void lay_out(struct plan *p, struct bert_work *w)
{
    const struct bert_config *c = &w->pass.bert->config;
    size_t rows = w->max_tokens | 1, wide = 3 * (size_t)c->hidden;
    size_t longest = c->max_tokens < w->max_tokens ? c->max_tokens : w->max_tokens;
    size_t padded = (longest + KERN_PANEL - 1) / KERN_PANEL * KERN_PANEL;
    wide = wide > c->intermediate ? wide : c->intermediate;
    w->pass.x = take(p, rows * c->hidden, sizeof(float));
    w->pass.y = take(p, rows * c->hidden, sizeof(float));
    w->pass.wide = take(p, rows * wide, sizeof(float));
    w->pass.positions = take(p, rows, sizeof(uint32_t));
    w->pass.first_token = take(p, rows + 1, sizeof(uint32_t));
    w->pass.first_task = take(p, rows, sizeof(uint32_t));
    w->pass.scratch = take(p, w->n_threads, sizeof(struct bert_scratch));
    for (uint32_t i = 0; i < w->n_threads; i++) {
        struct bert_scratch s = {
            .keys = take(p, padded * (c->hidden / c->n_heads), sizeof(float)),
            .scores = take(p, padded * (BERT_QUERY_ROWS + 1), sizeof(float)),
            .inverse = take(p, BERT_QUERY_ROWS, sizeof(float)),
        };
        if (p->arena != NULL && ok(p->error))
            w->pass.scratch[i] = s;
    }
}

static status build(struct bert_work *w)
{
    struct plan count = {.error = OK};
    lay_out(&count, w);
    TRY(arena_new(count.total, ARENA_HUGE, &w->arena));
    struct plan place = {.arena = w->arena, .error = OK};
    lay_out(&place, w);
    return place.error;
}

status bert_work_new(const struct bert *b, size_t max_tokens, uint32_t n_threads,
                     struct bert_work **out)
{
    REQUIRE(max_tokens >= 1 && max_tokens <= TOKENS_MAX, ST_USAGE, "scratch for %zu tokens",
            max_tokens);
    REQUIRE(n_threads >= 1 && n_threads <= POOL_THREADS_MAX, ST_USAGE, "scratch for %u threads",
            n_threads);
    struct bert_work *w = calloc(1, sizeof(*w));
    REQUIRE(w != NULL, ST_NOMEM, "no memory for scratch");
    w->max_tokens = max_tokens;
    w->n_threads = n_threads;
    w->pass.bert = b;
    status s = build(w);
    if (failed(s)) {
        bert_work_freep(&w);
        return s;
    }
    *out = w;
    return OK;
}

void bert_work_freep(struct bert_work **w)
{
    if (*w == NULL)
        return;
    arena_freep(&(*w)->arena);
    free(*w);
    *w = NULL;
}
