#include "support/faults.h"
#include "support/test.h"

#include "engine/bert_config.h"

static const char CONFIG[] =
    "{\"architectures\":[\"BertModel\"],\"hidden_act\":\"gelu\",\"hidden_size\":384,"
    "\"intermediate_size\":1536,\"layer_norm_eps\":1e-12,\"max_position_embeddings\":512,"
    "\"model_type\":\"bert\",\"num_attention_heads\":12,\"num_hidden_layers\":6,"
    "\"position_embedding_type\":\"absolute\",\"type_vocab_size\":2,\"vocab_size\":30522,"
    "\"is_decoder\":false,\"add_cross_attention\":false,\"pruned_heads\":{},\"use_cache\":true,"
    "\"quantization_config\":null}";

#define MODULE(name) "{\"idx\":0,\"path\":\"\",\"type\":\"sentence_transformers.models." name "\"}"
static const char MODULES[] =
    "[" MODULE("Transformer") "," MODULE("Pooling") "," MODULE("Normalize") "]";
static const char POOLING[] = "{\"word_embedding_dimension\":384,\"pooling_mode_cls_token\":false,"
                              "\"pooling_mode_mean_tokens\":true,\"pooling_mode_max_tokens\":false,"
                              "\"pooling_mode_mean_sqrt_len_tokens\":false}";
static const char SBERT[] = "{\"max_seq_length\":256,\"do_lower_case\":false}";

static status parse(const char *config, const char *modules, const char *pooling, const char *sbert,
                    struct bert_config *out)
{
    struct bert_files f = {test_exact(bytes_str(config)), test_exact(bytes_str(pooling)),
                           test_exact(bytes_str(sbert)), test_exact(bytes_str(modules))};
    status s = bert_config_parse(&f, out);
    test_exact_free(f.config);
    test_exact_free(f.pooling);
    test_exact_free(f.sbert);
    test_exact_free(f.modules);
    return s;
}

static void test_all_files(void **state)
{
    (void)state;
    struct bert_config c;
    assert_ok(parse(CONFIG, MODULES, POOLING, SBERT, &c));
    assert_int_equal(c.n_layers, 6);
    assert_int_equal(c.hidden, 384);
    assert_int_equal(c.n_heads, 12);
    assert_int_equal(c.intermediate, 1536);
    assert_int_equal(c.vocab_size, 30522);
    assert_int_equal(c.max_positions, 512);
    assert_int_equal(c.type_vocab, 2);
    assert_int_equal(c.max_tokens, 256);
    assert_true(c.layer_norm_eps == 1e-12f);
    assert_int_equal(c.pooling, BERT_POOLING_MEAN);
    assert_true(c.normalize);
    assert_string_equal(bert_pooling_name(c.pooling), "mean");
}

/* One piece of the config replaced by another. */
struct edit {
    const char *rule;
    const char *from;
    const char *to;
    enum status_code code;
};

static struct buf edited(const char *text, const struct edit *e)
{
    struct buf b = BUF_MAX(1 << 20);
    const char *at = strstr(text, e->from);
    if (at == NULL)
        fail_msg("%s: %s is not there", e->rule, e->from);
    buf_put(&b, bytes_of(text, (size_t)(at - text)));
    buf_put_str(&b, e->to);
    buf_put_str(&b, at + strlen(e->from));
    buf_put_u8(&b, 0);
    assert_ok(buf_status(&b));
    return b;
}

static void test_config_alone(void **state)
{
    (void)state;
    struct bert_config c;
    assert_ok(parse(CONFIG, "", "", "", &c));
    assert_int_equal(c.max_tokens, 512);
    assert_int_equal(c.pooling, BERT_POOLING_MEAN);
    assert_false(c.normalize);
    const struct edit two = {"", "\"max_position_embeddings\":512", "\"max_position_embeddings\":2",
                             ST_FORMAT};
    struct buf b CLEANUP(buf_done) = edited(CONFIG, &two);
    assert_code(parse((const char *)b.p, "", "", "", &c), two.code);
}

static const struct edit CONFIG_EDITS[] = {
    {"another model type", "\"model_type\":\"bert\"", "\"model_type\":\"roberta\"", ST_UNSUPPORTED},
    {"no model type", "\"model_type\":\"bert\",", "", ST_FORMAT},
    {"model type is a number", "\"model_type\":\"bert\"", "\"model_type\":1", ST_FORMAT},
    {"a BERT with a head", "BertModel", "BertForMaskedLM", ST_OK},
    {"another architecture", "BertModel", "RobertaModel", ST_UNSUPPORTED},
    {"an architecture that begins like BERT", "BertModel", "BertGenerationEncoder", ST_UNSUPPORTED},
    {"architecture is a number", "\"BertModel\"", "1", ST_UNSUPPORTED},
    {"no architecture", "\"architectures\":[\"BertModel\"],", "", ST_OK},
    {"approximate gelu", "\"gelu\"", "\"gelu_new\"", ST_UNSUPPORTED},
    {"relu", "\"gelu\"", "\"relu\"", ST_UNSUPPORTED},
    {"activation is a number", "\"gelu\"", "7", ST_UNSUPPORTED},
    {"no activation given", "\"hidden_act\":\"gelu\",", "", ST_OK},
    {"relative positions", "\"absolute\"", "\"relative_key\"", ST_UNSUPPORTED},
    {"positions not given", "\"position_embedding_type\":\"absolute\",", "", ST_OK},
    {"decoder", "\"is_decoder\":false", "\"is_decoder\":true", ST_UNSUPPORTED},
    {"cross attention", "\"add_cross_attention\":false", "\"add_cross_attention\":true",
     ST_UNSUPPORTED},
    {"encoder and decoder", "\"use_cache\":true", "\"is_encoder_decoder\":true", ST_UNSUPPORTED},
    {"pruned heads", "\"pruned_heads\":{}", "\"pruned_heads\":{\"0\":[1]}", ST_UNSUPPORTED},
    {"quantised", "\"quantization_config\":null", "\"quantization_config\":{}", ST_UNSUPPORTED},
    {"heads do not divide", "\"num_attention_heads\":12", "\"num_attention_heads\":11", ST_FORMAT},
    {"no head", "\"num_attention_heads\":12", "\"num_attention_heads\":0", ST_FORMAT},
    {"no layer", "\"num_hidden_layers\":6", "\"num_hidden_layers\":0", ST_FORMAT},
    {"too many layers", "\"num_hidden_layers\":6", "\"num_hidden_layers\":129", ST_FORMAT},
    {"hidden size too large", "\"hidden_size\":384", "\"hidden_size\":16385", ST_FORMAT},
    {"hidden size real", "\"hidden_size\":384", "\"hidden_size\":384.0", ST_FORMAT},
    {"hidden size missing", "\"hidden_size\":384,", "", ST_FORMAT},
    {"intermediate too large", "\"intermediate_size\":1536", "\"intermediate_size\":65537",
     ST_FORMAT},
    {"vocabulary too large", "\"vocab_size\":30522", "\"vocab_size\":4194305", ST_FORMAT},
    {"too many positions", "\"max_position_embeddings\":512", "\"max_position_embeddings\":65537",
     ST_FORMAT},
    {"two positions", "\"max_position_embeddings\":512", "\"max_position_embeddings\":2",
     ST_FORMAT},
    {"no type", "\"type_vocab_size\":2", "\"type_vocab_size\":0", ST_FORMAT},
    {"one type", "\"type_vocab_size\":2", "\"type_vocab_size\":1", ST_OK},
    {"epsilon zero", "1e-12", "0", ST_FORMAT},
    {"epsilon negative", "1e-12", "-1e-12", ST_FORMAT},
    {"epsilon that a float does not hold", "1e-12", "1e-50", ST_FORMAT},
    {"epsilon large", "1e-12", "0.5", ST_FORMAT},
    {"epsilon not given", "\"layer_norm_eps\":1e-12,", "", ST_OK},
    {"duplicate key", "\"use_cache\":true", "\"hidden_size\":384", ST_FORMAT},
};

static const struct edit MODULE_EDITS[] = {
    {"no normalisation", "," MODULE("Normalize"), "", ST_OK},
    {"no pooling", MODULE("Pooling") ",", "", ST_UNSUPPORTED},
    {"only a transformer", "," MODULE("Pooling") "," MODULE("Normalize"), "", ST_UNSUPPORTED},
    {"a dense layer", MODULE("Normalize"), MODULE("Dense"), ST_UNSUPPORTED},
    {"a fourth module", MODULE("Normalize"), MODULE("Normalize") "," MODULE("Dense"),
     ST_UNSUPPORTED},
    {"a bare class name", "sentence_transformers.models.Pooling", "Pooling", ST_OK},
    {"type missing", "\"type\":\"sentence_transformers.models.Normalize\"", "\"x\":1", ST_FORMAT},
    {"module is a text", MODULE("Normalize"), "\"x\"", ST_FORMAT},
};

static const struct edit POOLING_EDITS[] = {
    {"another dimension", ":384", ":383", ST_FORMAT},
    {"dimension missing", "\"word_embedding_dimension\":384,", "", ST_FORMAT},
    {"two modes", "\"pooling_mode_cls_token\":false", "\"pooling_mode_cls_token\":true",
     ST_UNSUPPORTED},
    {"no mode", "\"pooling_mode_mean_tokens\":true", "\"pooling_mode_mean_tokens\":false",
     ST_FORMAT},
    {"max", "\"pooling_mode_max_tokens\":false", "\"pooling_mode_max_tokens\":true",
     ST_UNSUPPORTED},
    {"mean by root of length", "sqrt_len_tokens\":false", "sqrt_len_tokens\":true", ST_UNSUPPORTED},
    {"weighted mean", "\"pooling_mode_max_tokens\":false",
     "\"pooling_mode_weightedmean_tokens\":true", ST_UNSUPPORTED},
    {"last token", "\"pooling_mode_max_tokens\":false", "\"pooling_mode_lasttoken\":true",
     ST_UNSUPPORTED},
    {"mode by name", "\"pooling_mode_max_tokens\":false", "\"pooling_mode\":\"mean\"", ST_OK},
    {"other mode by name", "\"pooling_mode_max_tokens\":false", "\"pooling_mode\":\"max\"",
     ST_UNSUPPORTED},
    {"flag is a number", "\"pooling_mode_mean_tokens\":true", "\"pooling_mode_mean_tokens\":1",
     ST_FORMAT},
};

static const struct edit SBERT_EDITS[] = {
    {"all positions", "256", "512", ST_OK},
    {"more than positions", "256", "513", ST_FORMAT},
    {"too few tokens", "256", "2", ST_FORMAT},
    {"three tokens", "256", "3", ST_OK},
    {"no limit", "256", "null", ST_OK},
    {"lower case before the tokenizer", "\"do_lower_case\":false", "\"do_lower_case\":true",
     ST_UNSUPPORTED},
    {"limit is a text", "256", "\"256\"", ST_FORMAT},
};

enum which { WHICH_CONFIG, WHICH_MODULES, WHICH_POOLING, WHICH_SBERT };

static void check_edits(enum which which, const struct edit *edits, size_t n)
{
    const char *files[] = {CONFIG, MODULES, POOLING, SBERT};
    const char *whole = files[which];
    for (size_t i = 0; i < n; i++) {
        const struct bert_config untouched = {.n_layers = 77};
        struct bert_config c = untouched;
        struct buf b CLEANUP(buf_done) = edited(whole, &edits[i]);
        files[which] = (const char *)b.p;
        status s = parse(files[0], files[1], files[2], files[3], &c);
        if (s.code != edits[i].code)
            fail_msg("%s: got %s (%s)", edits[i].rule, status_name(s.code), status_detail());
        if (failed(s))
            assert_memory_equal(&c, &untouched, sizeof(c));
    }
}

static void test_rules(void **state)
{
    (void)state;
    check_edits(WHICH_CONFIG, CONFIG_EDITS, sizeof(CONFIG_EDITS) / sizeof(CONFIG_EDITS[0]));
    check_edits(WHICH_MODULES, MODULE_EDITS, sizeof(MODULE_EDITS) / sizeof(MODULE_EDITS[0]));
    check_edits(WHICH_POOLING, POOLING_EDITS, sizeof(POOLING_EDITS) / sizeof(POOLING_EDITS[0]));
    check_edits(WHICH_SBERT, SBERT_EDITS, sizeof(SBERT_EDITS) / sizeof(SBERT_EDITS[0]));
}

static void test_values_that_follow_from_the_files(void **state)
{
    (void)state;
    struct bert_config c;
    assert_ok(parse(CONFIG, "[" MODULE("Transformer") "," MODULE("Pooling") "]",
                    "{\"word_embedding_dimension\":384,\"pooling_mode_cls_token\":true}",
                    "{\"max_seq_length\":null}", &c));
    assert_false(c.normalize);
    assert_int_equal(c.pooling, BERT_POOLING_CLS);
    assert_string_equal(bert_pooling_name(c.pooling), "cls");
    assert_int_equal(c.max_tokens, 512);
    assert_ok(
        parse(CONFIG, MODULES, "{\"embedding_dimension\":384,\"pooling_mode\":\"cls\"}", "", &c));
    assert_int_equal(c.pooling, BERT_POOLING_CLS);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct bert_config c;
    char cut[sizeof(CONFIG)];
    for (size_t n = 0; n + 1 < sizeof(CONFIG); n++) {
        memcpy(cut, CONFIG, n);
        cut[n] = 0;
        assert_code(parse(cut, MODULES, POOLING, SBERT, &c), ST_FORMAT);
    }
}

static void test_size_limit(void **state)
{
    (void)state;
    struct bert_config c;
    char *large = malloc(BERT_CONFIG_JSON_MAX + 2);
    assert_non_null(large);
    memset(large, ' ', BERT_CONFIG_JSON_MAX + 1);
    large[BERT_CONFIG_JSON_MAX + 1] = 0;
    assert_code(parse(large, "", "", "", &c), ST_LIMIT);
    assert_code(parse(CONFIG, large, "", "", &c), ST_LIMIT);
    free(large);
}

static void test_upstream_config(void **state)
{
    (void)state;
    test_vectors_or_skip("tokenizer");
    struct buf file CLEANUP(buf_done) = test_vector("tokenizer/minilm/config.json");
    struct bert_files f = {.config = buf_view(&file)};
    struct bert_config c;
    assert_ok(bert_config_parse(&f, &c));
    assert_int_equal(c.n_layers, 6);
    assert_int_equal(c.max_tokens, 512);
}

static status parse_once(void *ctx)
{
    struct bert_config c;
    (void)ctx;
    const struct bert_files f = {bytes_str(CONFIG), bytes_str(POOLING), bytes_str(SBERT),
                                 bytes_str(MODULES)};
    return bert_config_parse(&f, &c);
}

static void test_every_failed_allocation_is_reported(void **state)
{
    (void)state;
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, parse_once, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failed_allocation_is_reported),
        cmocka_unit_test(test_all_files),
        cmocka_unit_test(test_config_alone),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_values_that_follow_from_the_files),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_upstream_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
