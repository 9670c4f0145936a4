#include "support/tiny_model.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_ROOM = 4 << 20, HEADER_ROOM = 64 << 10, NO_LAYER = -1 };

static const char *const WORDS[] = {
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the",  "a",     "patient", "is", "well",   "ill",
    "dose",  "##s",   "##ing", "test",  "bank", "money", ".",       ",",  "prompt", "secret"};
enum { N_WORDS = sizeof(WORDS) / sizeof(WORDS[0]) };

static void put_file(const struct tiny_model *m, const char *name, const struct buf *b)
{
    char path[PATH_MAX];
    assert_ok(buf_status(b));
    assert_ok(file_join(m->folder, name, path, sizeof(path)));
    assert_ok(file_write(path, 0600, buf_view(b)));
}

static void put_config(const struct tiny_model *m)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(FILE_ROOM);
    buf_printf(&b,
               "{\"architectures\":[\"BertModel\"],\"model_type\":\"bert\",\"hidden_act\":\"gelu\","
               "\"hidden_size\":%d,\"intermediate_size\":%d,\"num_hidden_layers\":%d,"
               "\"num_attention_heads\":%d,\"max_position_embeddings\":%d,\"type_vocab_size\":2,"
               "\"layer_norm_eps\":1e-12,\"vocab_size\":%d,\"pad_token_id\":0,"
               "\"position_embedding_type\":\"absolute\"}",
               TINY_HIDDEN, TINY_INTERMEDIATE, TINY_LAYERS, TINY_HEADS, TINY_POSITIONS, N_WORDS);
    put_file(m, "config.json", &b);
}

static void put_added(struct buf *b, int id)
{
    buf_printf(b,
               "%s{\"id\":%d,\"special\":true,\"content\":\"%s\",\"single_word\":false,"
               "\"lstrip\":false,\"rstrip\":false,\"normalized\":false}",
               id ? "," : "", id, WORDS[id]);
}

static void put_tokenizer(const struct tiny_model *m)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(FILE_ROOM);
    buf_put_str(&b, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
    for (int i = 0; i < 4; i++)
        put_added(&b, i);
    buf_put_str(
        &b,
        "],\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,"
        "\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true},"
        "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
        "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
        "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\","
        "\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}}],\"pair\":["
        "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\","
        "\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}},{\"Sequence\":{\"id\":"
        "\"B\",\"type_id\":1}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":1}}],"
        "\"special_tokens\":{\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[2],\"tokens\":[\"[CLS]\"]},"
        "\"[SEP]\":{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}},"
        "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true},"
        "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
        "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,\"vocab\":{");
    for (int i = 0; i < N_WORDS; i++)
        buf_printf(&b, "%s\"%s\":%d", i ? "," : "", WORDS[i], i);
    buf_put_str(&b, "}}}");
    put_file(m, "tokenizer.json", &b);
}

/* The header and the data of a safetensors file under construction. */
struct tensors {
    struct buf header;
    struct buf data;
    uint32_t seed;
};

static float next_weight(struct tensors *t)
{
    t->seed = t->seed * 1664525u + 1013904223u;
    return (float)(int32_t)t->seed * 0x1p-33f;
}

static void put_tensor(struct tensors *t, int rows, int cols, float around, const char *name,
                       int layer)
{
    char prefix[32] = "";
    size_t begin = t->data.n;
    if (layer != NO_LAYER)
        (void)snprintf(prefix, sizeof(prefix), "encoder.layer.%d.", layer);
    for (int i = 0; i < (rows ? rows : 1) * cols; i++) {
        float w = around + next_weight(t);
        buf_put(&t->data, bytes_of(&w, sizeof(w)));
    }
    buf_printf(&t->header, "%s\"%s%s\":{\"dtype\":\"F32\",\"shape\":[", begin ? "," : "{", prefix,
               name);
    if (rows > 0)
        buf_printf(&t->header, "%d,", rows);
    buf_printf(&t->header, "%d],\"data_offsets\":[%zu,%zu]}", cols, begin, t->data.n);
}

static void put_norm(struct tensors *t, const char *weight, const char *bias, int layer)
{
    put_tensor(t, 0, TINY_HIDDEN, 1, weight, layer);
    put_tensor(t, 0, TINY_HIDDEN, 0, bias, layer);
}

static void put_layer(struct tensors *t, int layer)
{
    enum { H = TINY_HIDDEN, I = TINY_INTERMEDIATE };
    put_tensor(t, H, H, 0, "attention.self.query.weight", layer);
    put_tensor(t, 0, H, 0, "attention.self.query.bias", layer);
    put_tensor(t, H, H, 0, "attention.self.key.weight", layer);
    put_tensor(t, 0, H, 0, "attention.self.key.bias", layer);
    put_tensor(t, H, H, 0, "attention.self.value.weight", layer);
    put_tensor(t, 0, H, 0, "attention.self.value.bias", layer);
    put_tensor(t, H, H, 0, "attention.output.dense.weight", layer);
    put_tensor(t, 0, H, 0, "attention.output.dense.bias", layer);
    put_norm(t, "attention.output.LayerNorm.weight", "attention.output.LayerNorm.bias", layer);
    put_tensor(t, I, H, 0, "intermediate.dense.weight", layer);
    put_tensor(t, 0, I, 0, "intermediate.dense.bias", layer);
    put_tensor(t, H, I, 0, "output.dense.weight", layer);
    put_tensor(t, 0, H, 0, "output.dense.bias", layer);
    put_norm(t, "output.LayerNorm.weight", "output.LayerNorm.bias", layer);
}

static void put_weights(const struct tiny_model *m)
{
    struct tensors t = {
        .header = BUF_MAX(HEADER_ROOM), .data = BUF_MAX(FILE_ROOM), .seed = 20260101u};
    put_tensor(&t, N_WORDS, TINY_HIDDEN, 0, "embeddings.word_embeddings.weight", NO_LAYER);
    put_tensor(&t, TINY_POSITIONS, TINY_HIDDEN, 0, "embeddings.position_embeddings.weight",
               NO_LAYER);
    put_tensor(&t, 2, TINY_HIDDEN, 0, "embeddings.token_type_embeddings.weight", NO_LAYER);
    put_norm(&t, "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias", NO_LAYER);
    for (int i = 0; i < TINY_LAYERS; i++)
        put_layer(&t, i);
    buf_put_str(&t.header, "}");
    while (t.header.n % 8 != 0)
        buf_put_u8(&t.header, ' ');
    struct buf file CLEANUP(buf_done) = BUF_MAX(FILE_ROOM);
    for (unsigned i = 0; i < 8; i++)
        buf_put_u8(&file, (uint8_t)(t.header.n >> (8 * i)));
    buf_put(&file, buf_view(&t.header));
    buf_put(&file, buf_view(&t.data));
    put_file(m, "model.safetensors", &file);
    buf_done(&t.header);
    buf_done(&t.data);
}

void tiny_model_make(struct tiny_model *m)
{
    (void)snprintf(m->folder, sizeof(m->folder), "/tmp/tiny-model-XXXXXX");
    assert_non_null(mkdtemp(m->folder));
    put_config(m);
    put_tokenizer(m);
    put_weights(m);
}

void tiny_model_remove(struct tiny_model *m)
{
    static const char *const names[] = {"config.json", "tokenizer.json", "model.safetensors"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ok(file_join(m->folder, names[i], path, sizeof(path))))
            (void)unlink(path);
    }
    (void)rmdir(m->folder);
}
