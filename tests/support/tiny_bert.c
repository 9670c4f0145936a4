#include "support/tiny_bert.h"

#include <stdio.h>
#include <stdlib.h>

void tiny_bert_add(struct tiny_bert *t, const char *name, uint64_t rows, uint64_t columns)
{
    struct tiny_tensor *x = &t->tensor[t->n_tensors++];
    *x = (struct tiny_tensor){.dtype = t->dtype, .n_dims = rows ? 2 : 1};
    x->dims[0] = rows ? rows : columns;
    x->dims[1] = columns;
    (void)snprintf(x->name, sizeof(x->name), "%s", name);
}

static void add(struct tiny_bert *t, const char *stem, const char *leaf, uint64_t rows,
                uint64_t columns)
{
    char name[TINY_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%s%s.%s", t->prefix ? t->prefix : "", stem, leaf);
    tiny_bert_add(t, name, rows, columns);
}

static void add_norm(struct tiny_bert *t, const char *stem)
{
    add(t, stem, t->is_old ? "LayerNorm.beta" : "LayerNorm.bias", 0, t->config.hidden);
    add(t, stem, t->is_old ? "LayerNorm.gamma" : "LayerNorm.weight", 0, t->config.hidden);
}

static void add_dense(struct tiny_bert *t, const char *stem, uint64_t rows, uint64_t columns)
{
    add(t, stem, "bias", 0, rows);
    add(t, stem, "weight", rows, columns);
}

static void add_layer(struct tiny_bert *t, uint32_t layer)
{
    static const char *const inputs[] = {"query", "key", "value"};
    uint64_t hidden = t->config.hidden, inner = t->config.intermediate;
    char stem[64];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(stem, sizeof(stem), "encoder.layer.%u.attention.self.%s", layer, inputs[i]);
        add_dense(t, stem, hidden, hidden);
    }
    (void)snprintf(stem, sizeof(stem), "encoder.layer.%u.attention.output", layer);
    add_norm(t, stem);
    (void)snprintf(stem, sizeof(stem), "encoder.layer.%u.attention.output.dense", layer);
    add_dense(t, stem, hidden, hidden);
    (void)snprintf(stem, sizeof(stem), "encoder.layer.%u.intermediate.dense", layer);
    add_dense(t, stem, inner, hidden);
    (void)snprintf(stem, sizeof(stem), "encoder.layer.%u.output", layer);
    add_norm(t, stem);
    (void)snprintf(stem, sizeof(stem), "encoder.layer.%u.output.dense", layer);
    add_dense(t, stem, hidden, inner);
}

static void list_tensors(struct tiny_bert *t)
{
    t->n_tensors = 0;
    add_norm(t, "embeddings");
    add(t, "embeddings", "position_embeddings.weight", t->config.max_positions, t->config.hidden);
    add(t, "embeddings", "token_type_embeddings.weight", t->config.type_vocab, t->config.hidden);
    add(t, "embeddings", "word_embeddings.weight", t->config.vocab_size, t->config.hidden);
    for (uint32_t i = 0; i < t->config.n_layers; i++)
        add_layer(t, i);
}

void tiny_bert_init(struct tiny_bert *t, enum tensor_dtype dtype, bool is_coarse)
{
    const char *prefix = t->prefix;
    bool is_old = t->is_old;
    *t = (struct tiny_bert){.config = {.n_layers = 2,
                                       .hidden = 64,
                                       .n_heads = 2,
                                       .intermediate = 128,
                                       .vocab_size = 101,
                                       .max_positions = 160,
                                       .type_vocab = 2,
                                       .max_tokens = 160,
                                       .layer_norm_eps = 1e-12f,
                                       .pooling = BERT_POOLING_MEAN},
                            .dtype = dtype,
                            .is_coarse = is_coarse,
                            .prefix = prefix,
                            .is_old = is_old};
    list_tensors(t);
}

/* Numerical Recipes' generator; its high bits are good enough for weights. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Between -1/8 and 1/8; a gain is one more. */
static float value(const struct tiny_bert *t, uint32_t *state, bool is_gain)
{
    uint32_t bits = next(state);
    float v = t->is_coarse ? (float)((int)(bits % 256) - 128) * 0x1p-10f
                           : (float)((int)(bits % 65536) - 32768) * 0x1.1234p-18f;
    if (!is_gain)
        return v;
    return t->is_coarse ? 1.0f + (float)(bits % 128) * 0x1p-7f : 1.0f + v;
}

static void put(uint8_t *p, float v, enum tensor_dtype dtype)
{
    uint32_t u;
    memcpy(&u, &v, sizeof(u));
    if (dtype == TENSOR_F32) {
        memcpy(p, &u, 4);
        return;
    }
    uint16_t half = (uint16_t)(u >> 16); /* exact: coarse values have eight significant bits */
    if (dtype == TENSOR_F16 && (u & 0x7fffffff) != 0)
        half = (uint16_t)((u >> 16 & 0x8000) | ((u >> 23 & 255) - 112) << 10 | (u >> 13 & 0x3ff));
    memcpy(p, &half, 2);
}

static size_t element_bytes(enum tensor_dtype dtype)
{
    return dtype == TENSOR_I64 ? 8 : dtype == TENSOR_F32 ? 4 : 2;
}

static uint64_t n_values(const struct tiny_tensor *x)
{
    return x->n_dims == 2 ? x->dims[0] * x->dims[1] : x->dims[0];
}

static const char *name_of(enum tensor_dtype dtype)
{
    return dtype == TENSOR_F32   ? "F32"
           : dtype == TENSOR_F16 ? "F16"
           : dtype == TENSOR_I64 ? "I64"
                                 : "BF16";
}

static size_t write_header(struct tiny_bert *t, char *out, size_t room)
{
    uint64_t at = 0;
    size_t n = (size_t)snprintf(out, room, "{");
    for (size_t i = 0; i < t->n_tensors; i++) {
        struct tiny_tensor *x = &t->tensor[i];
        x->begin = at;
        x->end = at + n_values(x) * element_bytes(x->dtype);
        at = x->end;
        n += (size_t)snprintf(out + n, room - n, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%llu",
                              i ? "," : "", x->name, name_of(x->dtype),
                              (unsigned long long)x->dims[0]);
        if (x->n_dims == 2)
            n += (size_t)snprintf(out + n, room - n, ",%llu", (unsigned long long)x->dims[1]);
        n += (size_t)snprintf(out + n, room - n, "],\"data_offsets\":[%llu,%llu]}",
                              (unsigned long long)x->begin, (unsigned long long)x->end);
    }
    n += (size_t)snprintf(out + n, room - n, "}");
    while (n % 8 != 0)
        out[n++] = ' ';
    return n;
}

static void fill_tensor(struct tiny_bert *t, const struct tiny_tensor *x, uint32_t *state)
{
    size_t size = element_bytes(x->dtype);
    bool is_gain = strstr(x->name, "LayerNorm.weight") || strstr(x->name, "LayerNorm.gamma");
    for (uint64_t i = 0; i < n_values(x); i++) {
        float v = value(t, state, is_gain);
        if (x->dtype == TENSOR_I64)
            memset(t->file + x->begin + i * size, 0, size);
        else
            put(t->file + x->begin + i * size, v, x->dtype);
    }
}

void tiny_bert_fill(struct tiny_bert *t)
{
    enum { HEADER_ROOM = 16384 };
    char *header = malloc(HEADER_ROOM);
    if (header == NULL)
        abort();
    uint64_t n = write_header(t, header, HEADER_ROOM);
    const struct tiny_tensor *last = &t->tensor[t->n_tensors - 1];
    t->header_bytes = 8 + (size_t)n;
    t->file_bytes = t->header_bytes + (size_t)last->end;
    t->file = malloc(t->file_bytes);
    if (t->file == NULL)
        abort();
    for (size_t i = 0; i < 8; i++)
        t->file[i] = (uint8_t)(n >> (8 * i));
    memcpy(t->file + 8, header, (size_t)n);
    free(header);
    uint32_t state = 1;
    for (size_t i = 0; i < t->n_tensors; i++) {
        t->tensor[i].begin += t->header_bytes;
        t->tensor[i].end += t->header_bytes;
        fill_tensor(t, &t->tensor[i], &state);
    }
}

void tiny_bert_done(struct tiny_bert *t)
{
    free(t->file);
    t->file = NULL;
}
