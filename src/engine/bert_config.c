#include "engine/bert_config.h"

#include "formats/json.h"

enum {
    LAYERS_MAX = 128,
    HIDDEN_MAX = 16384,
    INTERMEDIATE_MAX = 65536,
    VOCAB_MAX = 1 << 22,
    POSITIONS_MAX = 65536,
    TYPES_MAX = 16,
    TOKENS_MIN = 3, /* [CLS], one token, [SEP] */
    MODULES_MAX = 8,
};

static status open_doc(struct bytes in, const char *name, struct json_doc **out)
{
    return status_context(json_parse(in, BERT_CONFIG_JSON_MAX, out), "%s", name);
}

static uint32_t size_of(struct json_obj *o, const char *key, int64_t max)
{
    return (uint32_t)json_int(o, key, true, 1, max, 1);
}

/* A key that may be absent or null, but if it is there must have the one value that is computed. */
static void expect_text(struct json_obj *o, const char *key, const char *expected)
{
    struct bytes text = {0};
    const json_t *node = json_node(o, key, false);
    if (node == NULL || json_is_null(node))
        return;
    if (!json_is_text(node, &text) || !bytes_equal(text, bytes_str(expected)))
        json_error(o, ST_UNSUPPORTED, "\"%s\" is %.*s; only %s is supported", key,
                   (int)(text.n < 40 ? text.n : 40), text.p ? (const char *)text.p : "no text",
                   expected);
}

static void expect_false(struct json_obj *o, const char *key)
{
    if (json_bool(o, key, false, false))
        json_error(o, ST_UNSUPPORTED, "\"%s\" is true, which is not supported", key);
}

static void expect_absent(struct json_obj *o, const char *key)
{
    const json_t *node = json_node(o, key, false);
    if (node != NULL && !json_is_null(node))
        json_error(o, ST_UNSUPPORTED, "\"%s\" is not supported", key);
}

static void expect_empty(struct json_obj *o, const char *key)
{
    const json_t *node = json_node(o, key, false);
    void *it = NULL;
    struct bytes name;
    const json_t *value;
    if (json_is_object(node) && json_member(node, &it, &name, &value))
        json_error(o, ST_UNSUPPORTED, "\"%s\" is not supported", key);
}

/* Any class of the BERT family holds the same encoder: "BertModel", "BertForMaskedLM" ... */
static void expect_bert_class(struct json_obj *o)
{
    struct bytes name = {0};
    const json_t *list = json_list(o, "architectures", false, 4);
    if (json_len(list) == 0)
        return;
    (void)json_is_text(json_at(list, 0), &name);
    bool is_bert = bytes_equal(name, BYTES_LIT("BertModel")) ||
                   (name.n > 7 && memcmp(name.p, "BertFor", 7) == 0);
    if (!is_bert)
        json_error(o, ST_UNSUPPORTED, "architecture %.*s is not supported",
                   (int)(name.n < 40 ? name.n : 40), name.p ? (const char *)name.p : "");
}

static void parse_epsilon(struct json_obj *o, struct bert_config *c)
{
    double epsilon = json_number(o, "layer_norm_eps", false, 1e-12);
    if (!(epsilon >= 1e-20 && epsilon <= 0.01)) /* stays more than 0 as a float */
        json_error(o, ST_FORMAT, "\"layer_norm_eps\" must be from 1e-20 to 0.01");
    c->layer_norm_eps = (float)epsilon;
}

/* What would make the encoder another function than the one that is computed. */
static void refuse_variants(struct json_obj *o)
{
    expect_bert_class(o);
    expect_text(o, "hidden_act", "gelu");
    expect_text(o, "position_embedding_type", "absolute");
    expect_false(o, "is_decoder");
    expect_false(o, "is_encoder_decoder");
    expect_false(o, "add_cross_attention");
    expect_absent(o, "quantization_config");
    expect_empty(o, "pruned_heads");
}

static status parse_config(struct bytes in, struct bert_config *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(open_doc(in, "config.json", &doc));
    struct json_obj o = json_obj_of(json_root(doc), "config.json");
    const char *type = json_str(&o, "model_type", true, "");
    TRY(json_obj_end_foreign(&o));
    REQUIRE(strcmp(type, "bert") == 0, ST_UNSUPPORTED,
            "config.json: model_type is \"%.40s\"; only bert is supported", type);
    refuse_variants(&o);
    c->n_layers = size_of(&o, "num_hidden_layers", LAYERS_MAX);
    c->hidden = size_of(&o, "hidden_size", HIDDEN_MAX);
    c->n_heads = size_of(&o, "num_attention_heads", HIDDEN_MAX);
    c->intermediate = size_of(&o, "intermediate_size", INTERMEDIATE_MAX);
    c->vocab_size = size_of(&o, "vocab_size", VOCAB_MAX);
    c->max_positions = size_of(&o, "max_position_embeddings", POSITIONS_MAX);
    c->type_vocab = size_of(&o, "type_vocab_size", TYPES_MAX);
    parse_epsilon(&o, c);
    TRY(json_obj_end_foreign(&o));
    REQUIRE(c->hidden % c->n_heads == 0, ST_FORMAT,
            "config.json: hidden_size %u is not divisible by num_attention_heads %u", c->hidden,
            c->n_heads);
    REQUIRE(c->max_positions >= TOKENS_MIN, ST_FORMAT,
            "config.json: max_position_embeddings is less than %d", TOKENS_MIN);
    return OK;
}

/* The last part of "sentence_transformers.models.Pooling". */
static struct bytes class_of(struct bytes type)
{
    struct bytes name = type;
    for (size_t i = 0; i < type.n; i++) {
        if (type.p[i] == '.')
            name = bytes_of(type.p + i + 1, type.n - i - 1);
    }
    return name;
}

static status parse_module(const json_t *node, struct bytes *out_class)
{
    struct json_obj o = json_obj_of(node, "modules.json");
    struct bytes type = json_text(&o, "type", true);
    TRY(json_obj_end_foreign(&o));
    *out_class = class_of(type);
    return OK;
}

static status parse_modules(struct bytes in, struct bert_config *c)
{
    static const char *const ORDER[] = {"Transformer", "Pooling", "Normalize"};
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(open_doc(in, "modules.json", &doc));
    size_t n = json_len(json_root(doc));
    REQUIRE(n == 2 || n == 3, ST_UNSUPPORTED,
            "modules.json: %zu modules; Transformer, Pooling and Normalize are supported", n);
    for (size_t i = 0; i < n; i++) {
        struct bytes name = {0};
        TRY(parse_module(json_at(json_root(doc), i), &name));
        REQUIRE(bytes_equal(name, bytes_str(ORDER[i])), ST_UNSUPPORTED,
                "modules.json: module %zu is %.*s; only %s is supported there", i,
                (int)(name.n < 40 ? name.n : 40), (const char *)name.p, ORDER[i]);
    }
    c->normalize = n == 3;
    return OK;
}

/* "pooling_mode": "mean", the newer form. */
static void parse_pooling_name(struct json_obj *o, struct bert_config *c)
{
    const char *mode = json_str(o, "pooling_mode", true, "mean");
    if (strcmp(mode, "cls") != 0 && strcmp(mode, "mean") != 0)
        json_error(o, ST_UNSUPPORTED, "pooling_mode %.40s; only mean and cls are supported", mode);
    c->pooling = strcmp(mode, "cls") == 0 ? BERT_POOLING_CLS : BERT_POOLING_MEAN;
}

/* "pooling_mode_mean_tokens": true: exactly one mode. */
static void parse_pooling_flags(struct json_obj *o, struct bert_config *c)
{
    expect_false(o, "pooling_mode_max_tokens");
    expect_false(o, "pooling_mode_mean_sqrt_len_tokens");
    expect_false(o, "pooling_mode_weightedmean_tokens");
    expect_false(o, "pooling_mode_lasttoken");
    bool is_cls = json_bool(o, "pooling_mode_cls_token", false, false);
    bool is_mean = json_bool(o, "pooling_mode_mean_tokens", false, false);
    if (is_cls && is_mean)
        json_error(o, ST_UNSUPPORTED, "two pooling modes at once are not supported");
    if (!is_cls && !is_mean)
        json_error(o, ST_FORMAT, "no pooling mode is set");
    c->pooling = is_cls ? BERT_POOLING_CLS : BERT_POOLING_MEAN;
}

static status parse_pooling(struct bytes in, struct bert_config *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(open_doc(in, "1_Pooling/config.json", &doc));
    struct json_obj o = json_obj_of(json_root(doc), "1_Pooling/config.json");
    const char *key =
        json_has(&o, "embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
    uint32_t dimension = size_of(&o, key, HIDDEN_MAX);
    if (json_has(&o, "pooling_mode"))
        parse_pooling_name(&o, c);
    else
        parse_pooling_flags(&o, c);
    TRY(json_obj_end_foreign(&o));
    REQUIRE(dimension == c->hidden, ST_FORMAT,
            "1_Pooling/config.json: dimension %u, but hidden_size is %u", dimension, c->hidden);
    return OK;
}

static status parse_sbert(struct bytes in, struct bert_config *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(open_doc(in, "sentence_bert_config.json", &doc));
    struct json_obj o = json_obj_of(json_root(doc), "sentence_bert_config.json");
    /* The tokenizer makes lower case, if anything does. */
    expect_false(&o, "do_lower_case");
    if (!json_is_null(json_node(&o, "max_seq_length", false)))
        c->max_tokens = (uint32_t)json_int(&o, "max_seq_length", false, TOKENS_MIN,
                                           c->max_positions, c->max_positions);
    return json_obj_end_foreign(&o);
}

status bert_config_parse(const struct bert_files *files, struct bert_config *out)
{
    struct bert_config c = {.pooling = BERT_POOLING_MEAN};
    TRY(parse_config(files->config, &c));
    c.max_tokens = c.max_positions;
    if (files->modules.n > 0)
        TRY(parse_modules(files->modules, &c));
    if (files->pooling.n > 0)
        TRY(parse_pooling(files->pooling, &c));
    if (files->sbert.n > 0)
        TRY(parse_sbert(files->sbert, &c));
    *out = c;
    return OK;
}

const char *bert_pooling_name(enum bert_pooling p)
{
    return p == BERT_POOLING_CLS ? "cls" : "mean";
}
