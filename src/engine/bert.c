#include "engine/bert.h"

#include <math.h>
#include <stdlib.h>

#include "engine/bert_forward.h"

/* Far above any encoder that exists; they keep every product of sizes within 64 bits. */
enum { LAYERS_MAX = 256, WIDTH_MAX = 1 << 16, ROWS_MAX = 1 << 24 };

static status check_config(const struct bert_config *c)
{
    REQUIRE(c->n_layers >= 1 && c->n_layers <= LAYERS_MAX, ST_UNSUPPORTED, "%u layers",
            c->n_layers);
    REQUIRE(c->hidden >= KERN_PANEL && c->hidden <= WIDTH_MAX && c->n_heads >= 1 &&
                c->hidden % c->n_heads == 0 && c->hidden / c->n_heads % KERN_PANEL == 0,
            ST_UNSUPPORTED, "hidden size %u in %u heads: a head must be a multiple of %d",
            c->hidden, c->n_heads, KERN_PANEL);
    REQUIRE(c->intermediate >= KERN_PANEL && c->intermediate <= WIDTH_MAX &&
                c->intermediate % KERN_PANEL == 0,
            ST_UNSUPPORTED, "intermediate size %u is no multiple of %d", c->intermediate,
            KERN_PANEL);
    REQUIRE(c->vocab_size >= 1 && c->vocab_size <= ROWS_MAX && c->type_vocab >= 1 &&
                c->type_vocab <= ROWS_MAX && c->max_positions >= 1 && c->max_positions <= WIDTH_MAX,
            ST_UNSUPPORTED, "table sizes are out of range");
    REQUIRE(c->max_tokens >= 1 && c->max_tokens <= c->max_positions, ST_UNSUPPORTED,
            "%u tokens in a model of %u positions", c->max_tokens, c->max_positions);
    REQUIRE(c->layer_norm_eps >= 0 && c->layer_norm_eps <= 1, ST_UNSUPPORTED,
            "layer norm epsilon is out of range");
    return OK;
}

/* Vectors become f32; everything else keeps the type of the file. */
static size_t packed_bytes(const struct bert_slot *s)
{
    size_t size = s->kind == BERT_VECTOR ? sizeof(float) : bert_type_bytes(s->file_type);
    return (size_t)(s->rows * s->columns) * size;
}

static status lay_out(struct bert *b)
{
    size_t total = 0;
    for (size_t i = 0; i < b->n_slots; i++)
        total += (packed_bytes(&b->slots[i]) + 63) & ~(size_t)63;
    TRY(arena_new(total, ARENA_HUGE, &b->arena));
    for (size_t i = 0; i < b->n_slots; i++) {
        struct bert_slot *s = &b->slots[i];
        s->weight->type = s->kind == BERT_VECTOR ? KERN_F32 : s->file_type;
        TRY(arena_alloc(b->arena, packed_bytes(s), &s->weight->p));
    }
    b->weight_bytes = total;
    return OK;
}

static status build(struct bert *b, const struct safetensors *header, uint32_t allowed_dtypes)
{
    TRY(bert_names_list(b));
    TRY(bert_names_match(b, header, allowed_dtypes));
    return lay_out(b);
}

status bert_new(const struct bert_config *c, const struct safetensors *header,
                const struct kern_ops *kern, uint32_t allowed_dtypes, struct bert **out)
{
    REQUIRE(kern != NULL, ST_UNSUPPORTED, "this processor cannot run the kernels asked for");
    TRY(check_config(c));
    struct bert *b = calloc(1, sizeof(*b));
    REQUIRE(b != NULL, ST_NOMEM, "no memory for a model");
    b->config = *c;
    b->kern = kern;
    (void)pthread_mutex_init(&b->lock, NULL);
    status s = build(b, header, allowed_dtypes);
    if (failed(s)) {
        bert_freep(&b);
        return s;
    }
    *out = b;
    return OK;
}

void bert_freep(struct bert **b)
{
    if (*b == NULL)
        return;
    arena_freep(&(*b)->arena);
    (void)pthread_mutex_destroy(&(*b)->lock);
    free((*b)->ranges.v);
    free((*b)->slots);
    free((*b)->layers);
    free(*b);
    *b = NULL;
}

const struct bert_config *bert_config_of(const struct bert *b)
{
    return &b->config;
}

const char *bert_kernels_of(const struct bert *b)
{
    return b->kern->name;
}

size_t bert_weight_bytes(const struct bert *b)
{
    return b->weight_bytes;
}

static status check_complete(const struct bert *b)
{
    REQUIRE(!b->ranges.is_bad && b->ranges.n_loading == 0, ST_USAGE,
            "loading failed or is still going on");
    for (size_t i = 0; i < b->n_slots; i++) {
        const struct bert_slot *s = &b->slots[i];
        struct bert_range whole = {s->begin, s->end};
        REQUIRE(bert_ranges_cover(&b->ranges, whole), ST_TRUNCATED, "tensor '%s' is not all loaded",
                s->name);
    }
    return OK;
}

status bert_ready(struct bert *b)
{
    pthread_mutex_lock(&b->lock);
    status s = check_complete(b);
    b->is_ready = ok(s);
    pthread_mutex_unlock(&b->lock);
    return s;
}

static status check_text(const struct bert *b, const struct bert_work *w,
                         const struct bert_batch *in, size_t i)
{
    uint32_t first = in->offsets[i], end = in->offsets[i + 1];
    REQUIRE(end > first, ST_USAGE, "text %zu has no token", i);
    REQUIRE(end - first <= b->config.max_tokens && end - first <= w->max_tokens, ST_LIMIT,
            "text %zu has %u tokens, the limit is %u", i, end - first, b->config.max_tokens);
    for (uint32_t t = first; t < end; t++)
        REQUIRE(in->ids[t] < b->config.vocab_size, ST_FORMAT,
                "text %zu: id %u is outside the vocabulary", i, in->ids[t]);
    return OK;
}

static status check_batch(const struct bert *b, const struct bert_work *w, const struct pool *p,
                          const struct bert_batch *in)
{
    REQUIRE(b->is_ready, ST_USAGE, "the model is not loaded");
    REQUIRE(w->pass.bert == b, ST_USAGE, "scratch of another model");
    REQUIRE(p == NULL || pool_size(p) <= w->n_threads, ST_USAGE,
            "scratch for %u threads, the pool has %u", w->n_threads, p ? pool_size(p) : 1);
    REQUIRE(in->n_texts == 0 || in->offsets[0] == 0, ST_USAGE, "offsets begin above 0");
    for (size_t i = 0; i < in->n_texts; i++)
        TRY(check_text(b, w, in, i));
    return OK;
}

/* As many texts from `first` on as the scratch holds. */
static size_t texts_that_fit(const struct bert_work *w, const struct bert_batch *in, size_t first)
{
    size_t end = first + 1;
    while (end < in->n_texts && in->offsets[end + 1] - in->offsets[first] <= w->max_tokens)
        end++;
    return end - first;
}

static void plan_pass(struct bert_pass *pass, const struct bert_batch *in, size_t first, size_t n)
{
    uint32_t origin = in->offsets[first];
    size_t n_tasks = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t begin = in->offsets[first + i], end = in->offsets[first + i + 1];
        size_t n_blocks = (end - begin + BERT_QUERY_ROWS - 1) / BERT_QUERY_ROWS;
        pass->first_token[i] = begin - origin;
        pass->first_task[i] = (uint32_t)n_tasks;
        n_tasks += n_blocks * pass->bert->config.n_heads;
        for (uint32_t t = begin; t < end; t++)
            pass->positions[t - origin] = t - begin;
    }
    pass->n_texts = n;
    pass->n_tokens = in->offsets[first + n] - origin;
    pass->first_token[n] = (uint32_t)pass->n_tokens;
    pass->n_attention_tasks = n_tasks;
    pass->stride = (pass->n_tokens | 1) * KERN_PANEL;
    pass->ids = in->ids + origin;
}

static status check_result(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        REQUIRE(isfinite(x[i]), ST_FORMAT, "the model gives a value that is not finite");
    return OK;
}

status bert_encode(const struct bert *b, struct bert_work *w, struct pool *p,
                   const struct bert_batch *in, bool normalize, float *out)
{
    TRY(check_batch(b, w, p, in));
    size_t hidden = b->config.hidden;
    w->pass.pool = p;
    w->pass.normalize = normalize;
    for (size_t first = 0, n; first < in->n_texts; first += n) {
        n = texts_that_fit(w, in, first);
        w->pass.out = out + first * hidden;
        plan_pass(&w->pass, in, first, n);
        bert_forward_run(&w->pass);
    }
    return check_result(out, in->n_texts * hidden);
}
