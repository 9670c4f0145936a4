/* The names, shapes and types that a BERT encoder's weights file must have: exactly these. */
#include "engine/bert_model.h"

#include <stdio.h>
#include <stdlib.h>

enum size_of { ONE, HIDDEN, INTERMEDIATE, VOCAB, POSITIONS, TYPES };

struct row {
    const char *name;
    enum bert_weight_kind kind;
    enum size_of rows, columns;
};

static const struct row STEM_ROWS[STEM_COUNT] = {
    [STEM_WORDS] = {"word_embeddings.weight", BERT_TABLE, VOCAB, HIDDEN},
    [STEM_POSITIONS] = {"position_embeddings.weight", BERT_TABLE, POSITIONS, HIDDEN},
    [STEM_TYPES] = {"token_type_embeddings.weight", BERT_TABLE, TYPES, HIDDEN},
    [STEM_GAIN] = {"LayerNorm.weight", BERT_VECTOR, ONE, HIDDEN},
    [STEM_BIAS] = {"LayerNorm.bias", BERT_VECTOR, ONE, HIDDEN},
};

static const struct row LAYER_ROWS[PART_COUNT] = {
    [PART_Q] = {"attention.self.query.weight", BERT_MATRIX, HIDDEN, HIDDEN},
    [PART_K] = {"attention.self.key.weight", BERT_MATRIX, HIDDEN, HIDDEN},
    [PART_V] = {"attention.self.value.weight", BERT_MATRIX, HIDDEN, HIDDEN},
    [PART_Q_BIAS] = {"attention.self.query.bias", BERT_VECTOR, ONE, HIDDEN},
    [PART_K_BIAS] = {"attention.self.key.bias", BERT_VECTOR, ONE, HIDDEN},
    [PART_V_BIAS] = {"attention.self.value.bias", BERT_VECTOR, ONE, HIDDEN},
    [PART_OUT] = {"attention.output.dense.weight", BERT_MATRIX, HIDDEN, HIDDEN},
    [PART_OUT_BIAS] = {"attention.output.dense.bias", BERT_VECTOR, ONE, HIDDEN},
    [PART_GAIN_1] = {"attention.output.LayerNorm.weight", BERT_VECTOR, ONE, HIDDEN},
    [PART_BIAS_1] = {"attention.output.LayerNorm.bias", BERT_VECTOR, ONE, HIDDEN},
    [PART_UP] = {"intermediate.dense.weight", BERT_MATRIX, INTERMEDIATE, HIDDEN},
    [PART_UP_BIAS] = {"intermediate.dense.bias", BERT_VECTOR, ONE, INTERMEDIATE},
    [PART_DOWN] = {"output.dense.weight", BERT_MATRIX, HIDDEN, INTERMEDIATE},
    [PART_DOWN_BIAS] = {"output.dense.bias", BERT_VECTOR, ONE, HIDDEN},
    [PART_GAIN_2] = {"output.LayerNorm.weight", BERT_VECTOR, ONE, HIDDEN},
    [PART_BIAS_2] = {"output.LayerNorm.bias", BERT_VECTOR, ONE, HIDDEN},
};

/* In checkpoints of the whole architecture; an embedding needs none of them. */
static const char *const UNUSED[] = {"embeddings.position_ids", "pooler.dense.weight",
                                     "pooler.dense.bias"};

static uint64_t size_in(const struct bert_config *c, enum size_of what)
{
    switch (what) {
    case HIDDEN:
        return c->hidden;
    case INTERMEDIATE:
        return c->intermediate;
    case VOCAB:
        return c->vocab_size;
    case POSITIONS:
        return c->max_positions;
    case TYPES:
        return c->type_vocab;
    case ONE:
    default:
        return 1;
    }
}

static void add_slot(struct bert *b, const char *prefix, const struct row *row,
                     struct bert_weight *weight)
{
    struct bert_slot *s = &b->slots[b->n_slots++];
    *s = (struct bert_slot){.kind = row->kind,
                            .rows = size_in(&b->config, row->rows),
                            .columns = size_in(&b->config, row->columns),
                            .weight = weight};
    (void)snprintf(s->name, sizeof(s->name), "%s.%s", prefix, row->name);
}

status bert_names_list(struct bert *b)
{
    size_t n = STEM_COUNT + (size_t)b->config.n_layers * PART_COUNT;
    b->slots = calloc(n, sizeof(*b->slots));
    b->layers = calloc(b->config.n_layers, sizeof(*b->layers));
    REQUIRE(b->slots != NULL && b->layers != NULL, ST_NOMEM, "no memory for %zu tensors", n);
    for (size_t i = 0; i < STEM_COUNT; i++)
        add_slot(b, "embeddings", &STEM_ROWS[i], &b->stem[i]);
    for (uint32_t layer = 0; layer < b->config.n_layers; layer++) {
        char prefix[32];
        (void)snprintf(prefix, sizeof(prefix), "encoder.layer.%u", layer);
        for (size_t i = 0; i < PART_COUNT; i++)
            add_slot(b, prefix, &LAYER_ROWS[i], &b->layers[layer].part[i]);
    }
    return OK;
}

static bool starts_with(struct bytes text, const char *head)
{
    size_t n = strlen(head);
    return text.n >= n && memcmp(text.p, head, n) == 0;
}

static bool ends_with(struct bytes text, const char *tail)
{
    size_t n = strlen(tail);
    return text.n >= n && memcmp(text.p + text.n - n, tail, n) == 0;
}

/* The name as it stands in the tables: no `bert.` in front, weight and bias for gamma and beta. */
static status usual_name(struct bytes name, char out[static 128])
{
    struct bytes rest = name;
    if (starts_with(rest, "bert."))
        rest = (struct bytes){rest.p + 5, rest.n - 5};
    const char *tail = "";
    if (ends_with(rest, "LayerNorm.gamma")) {
        rest.n -= strlen("gamma");
        tail = "weight";
    } else if (ends_with(rest, "LayerNorm.beta")) {
        rest.n -= strlen("beta");
        tail = "bias";
    }
    REQUIRE(rest.n < 100, ST_FORMAT, "weights hold an unexpected tensor, its name has %zu bytes",
            name.n);
    (void)snprintf(out, 128, "%.*s%s", (int)rest.n, (const char *)rest.p, tail);
    return OK;
}

static bool is_unused(const char *name)
{
    for (size_t i = 0; i < sizeof(UNUSED) / sizeof(UNUSED[0]); i++) {
        if (strcmp(name, UNUSED[i]) == 0)
            return true;
    }
    return false;
}

static status kern_type_of(const struct safetensors_entry *e, uint32_t allowed, enum kern_type *out)
{
    const char *name = tensor_dtype_name(e->dtype);
    int n = (int)e->name.n;
    REQUIRE(e->dtype == TENSOR_F32 || e->dtype == TENSOR_F16 || e->dtype == TENSOR_BF16,
            ST_UNSUPPORTED, "tensor '%.*s' is %s; the engine takes F32, F16 and BF16", n,
            (const char *)e->name.p, name);
    REQUIRE((allowed & 1u << e->dtype) != 0, ST_POLICY, "tensor '%.*s' is %s, which is not allowed",
            n, (const char *)e->name.p, name);
    *out = e->dtype == TENSOR_F32 ? KERN_F32 : e->dtype == TENSOR_F16 ? KERN_F16 : KERN_BF16;
    return OK;
}

static bool has_shape(const struct bert_slot *s, const struct safetensors_entry *e)
{
    if (s->kind == BERT_VECTOR)
        return e->n_dims == 1 && e->dims[0] == s->columns;
    return e->n_dims == 2 && e->dims[0] == s->rows && e->dims[1] == s->columns;
}

static status match(struct bert_slot *s, const struct safetensors_entry *e, uint32_t allowed)
{
    REQUIRE(s->end == 0, ST_FORMAT, "tensor '%s' is there twice", s->name);
    REQUIRE(has_shape(s, e), ST_FORMAT, "tensor '%s' must have the shape [%llu, %llu]", s->name,
            (unsigned long long)s->rows, (unsigned long long)s->columns);
    TRY(kern_type_of(e, allowed, &s->file_type));
    size_t size = bert_type_bytes(s->file_type);
    REQUIRE(e->end - e->begin == s->rows * s->columns * size, ST_FORMAT,
            "tensor '%s' has the wrong number of bytes", s->name);
    /* Chunks are cut at multiples of 8, so an aligned element is never in two of them. */
    REQUIRE(e->begin % size == 0, ST_UNSUPPORTED,
            "tensor '%s' is not aligned to its elements; save the file anew", s->name);
    s->begin = e->begin;
    s->end = e->end;
    return OK;
}

static struct bert_slot *slot_named(struct bert *b, const char *name)
{
    for (size_t i = 0; i < b->n_slots; i++) {
        if (strcmp(b->slots[i].name, name) == 0)
            return &b->slots[i];
    }
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct bert_slot *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

status bert_names_match(struct bert *b, const struct safetensors *header, uint32_t allowed_dtypes)
{
    for (size_t i = 0; i < safetensors_count(header); i++) {
        const struct safetensors_entry *e = safetensors_at(header, i);
        char name[128];
        TRY(usual_name(e->name, name));
        if (is_unused(name))
            continue;
        struct bert_slot *s = slot_named(b, name);
        REQUIRE(s != NULL, ST_FORMAT, "weights hold an unexpected tensor '%.*s'", (int)e->name.n,
                (const char *)e->name.p);
        TRY(match(s, e, allowed_dtypes));
    }
    for (size_t i = 0; i < b->n_slots; i++)
        REQUIRE(b->slots[i].end != 0, ST_FORMAT, "weights lack the tensor '%s'", b->slots[i].name);
    qsort(b->slots, b->n_slots, sizeof(*b->slots), by_place);
    return OK;
}
