#include "engine/bert.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "engine/numerics.h"
#include "support/faults.h"
#include "support/test.h"
#include "support/tiny_bert.h"

enum { ALL_TYPES = 1u << TENSOR_F32 | 1u << TENSOR_F16 | 1u << TENSOR_BF16 };

static struct safetensors *parse(const struct tiny_bert *t)
{
    struct safetensors *s = NULL;
    assert_ok(safetensors_parse(bytes_of(t->file, t->header_bytes), t->file_bytes, &s));
    return s;
}

static status make(const struct tiny_bert *t, uint32_t types, struct bert **out)
{
    struct safetensors *header = parse(t);
    status s = bert_new(&t->config, header, &kern_reference, types, out);
    safetensors_freep(&header);
    return s;
}

static struct bert *loaded(struct tiny_bert *t)
{
    struct bert *b = NULL;
    tiny_bert_fill(t);
    assert_ok(make(t, ALL_TYPES, &b));
    assert_ok(bert_load_range(b, 0, bytes_of(t->file, t->file_bytes)));
    assert_ok(bert_ready(b));
    return b;
}

/* One text of the given length through the whole model. */
static void embed(const struct bert *b, uint32_t n_tokens, bool normalize, float out[static 64])
{
    struct bert_work *w = NULL;
    uint32_t ids[160], offsets[2] = {0, n_tokens};
    for (uint32_t i = 0; i < n_tokens; i++)
        ids[i] = i * 7 % 101;
    struct bert_batch in = {.ids = ids, .offsets = offsets, .n_texts = 1};
    assert_ok(bert_work_new(b, 160, 1, &w));
    assert_ok(bert_encode(b, w, NULL, &in, normalize, out));
    bert_work_freep(&w);
}

/* --- what a header may be ------------------------------------------------------------------- */

static void change_nothing(struct tiny_bert *t)
{
    (void)t;
}

static void known_but_unused(struct tiny_bert *t)
{
    tiny_bert_add(t, "pooler.dense.weight", 64, 64);
    tiny_bert_add(t, "pooler.dense.bias", 0, 64);
    tiny_bert_add(t, "embeddings.position_ids", 1, 160);
    t->tensor[t->n_tensors - 1].dtype = TENSOR_I64;
}

static void extra_tensor(struct tiny_bert *t)
{
    tiny_bert_add(t, "cls.predictions.bias", 0, 101);
}

static void extra_layer(struct tiny_bert *t)
{
    tiny_bert_add(t, "encoder.layer.2.output.dense.bias", 0, 64);
}

static void missing_tensor(struct tiny_bert *t)
{
    t->n_tensors--;
}

static void same_by_two_names(struct tiny_bert *t)
{
    tiny_bert_add(t, "embeddings.LayerNorm.gamma", 0, 64);
}

static void same_with_prefix(struct tiny_bert *t)
{
    tiny_bert_add(t, "bert.embeddings.LayerNorm.weight", 0, 64);
}

static void rows_and_columns_swapped(struct tiny_bert *t)
{
    struct tiny_tensor *last = &t->tensor[t->n_tensors - 1];
    assert_int_equal(last->dims[0], 64);
    last->dims[0] = 128;
    last->dims[1] = 64;
}

static void vector_with_two_dimensions(struct tiny_bert *t)
{
    t->tensor[0].n_dims = 2;
    t->tensor[0].dims[0] = 1;
    t->tensor[0].dims[1] = 64;
}

static void vocabulary_of_another_size(struct tiny_bert *t)
{
    t->config.vocab_size = 100;
}

static void more_layers_than_weights(struct tiny_bert *t)
{
    t->config.n_layers = 3;
}

static void integer_weights(struct tiny_bert *t)
{
    t->tensor[0].dtype = TENSOR_I64;
}

static void one_tensor_in_f16(struct tiny_bert *t)
{
    t->tensor[0].dtype = TENSOR_F16;
}

static void name_of_120_letters(struct tiny_bert *t)
{
    tiny_bert_add(t, "x", 0, 16);
    for (size_t i = 0; i < TINY_NAME_MAX - 1; i++)
        t->tensor[t->n_tensors - 1].name[i] = 'x';
}

static void head_not_a_multiple_of_16(struct tiny_bert *t)
{
    t->config.n_heads = 8;
}

static void heads_that_do_not_divide(struct tiny_bert *t)
{
    t->config.n_heads = 3;
}

static void no_heads(struct tiny_bert *t)
{
    t->config.n_heads = 0;
}

static void no_layers(struct tiny_bert *t)
{
    t->config.n_layers = 0;
}

static void odd_intermediate(struct tiny_bert *t)
{
    t->config.intermediate = 120;
}

static void more_tokens_than_positions(struct tiny_bert *t)
{
    t->config.max_tokens = 161;
}

static void no_positions(struct tiny_bert *t)
{
    t->config.max_positions = 0;
}

static void epsilon_below_zero(struct tiny_bert *t)
{
    t->config.layer_norm_eps = -1.0f;
}

static void epsilon_not_a_number(struct tiny_bert *t)
{
    t->config.layer_norm_eps = NAN;
}

static const struct header_row {
    const char *name;
    void (*change)(struct tiny_bert *t);
    uint32_t types;
    enum status_code expected;
} HEADERS[] = {
    {"as it should be", change_nothing, ALL_TYPES, ST_OK},
    {"only the allowed type", change_nothing, 1u << TENSOR_F32, ST_OK},
    {"known but unused", known_but_unused, 1u << TENSOR_F32, ST_OK},
    {"extra tensor", extra_tensor, ALL_TYPES, ST_FORMAT},
    {"extra layer", extra_layer, ALL_TYPES, ST_FORMAT},
    {"long unknown name", name_of_120_letters, ALL_TYPES, ST_FORMAT},
    {"missing tensor", missing_tensor, ALL_TYPES, ST_FORMAT},
    {"same by two names", same_by_two_names, ALL_TYPES, ST_FORMAT},
    {"same with prefix", same_with_prefix, ALL_TYPES, ST_FORMAT},
    {"rows and columns swapped", rows_and_columns_swapped, ALL_TYPES, ST_FORMAT},
    {"vector with two dimensions", vector_with_two_dimensions, ALL_TYPES, ST_FORMAT},
    {"vocabulary of another size", vocabulary_of_another_size, ALL_TYPES, ST_FORMAT},
    {"more layers than weights", more_layers_than_weights, ALL_TYPES, ST_FORMAT},
    {"integer weights", integer_weights, ALL_TYPES, ST_UNSUPPORTED},
    {"one tensor in F16, allowed", one_tensor_in_f16, ALL_TYPES, ST_OK},
    {"one tensor in F16, not allowed", one_tensor_in_f16, 1u << TENSOR_F32, ST_POLICY},
    {"F32 where only BF16 may be", change_nothing, 1u << TENSOR_BF16, ST_POLICY},
    {"head not a multiple of 16", head_not_a_multiple_of_16, ALL_TYPES, ST_UNSUPPORTED},
    {"heads that do not divide", heads_that_do_not_divide, ALL_TYPES, ST_UNSUPPORTED},
    {"no heads", no_heads, ALL_TYPES, ST_UNSUPPORTED},
    {"no layers", no_layers, ALL_TYPES, ST_UNSUPPORTED},
    {"odd intermediate", odd_intermediate, ALL_TYPES, ST_UNSUPPORTED},
    {"more tokens than positions", more_tokens_than_positions, ALL_TYPES, ST_UNSUPPORTED},
    {"no positions", no_positions, ALL_TYPES, ST_UNSUPPORTED},
    {"epsilon below zero", epsilon_below_zero, ALL_TYPES, ST_UNSUPPORTED},
    {"epsilon not a number", epsilon_not_a_number, ALL_TYPES, ST_UNSUPPORTED},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
        struct tiny_bert t = {0};
        struct bert *b = NULL;
        tiny_bert_init(&t, TENSOR_F32, true);
        HEADERS[i].change(&t);
        tiny_bert_fill(&t);
        status s = make(&t, HEADERS[i].types, &b);
        if (s.code != HEADERS[i].expected)
            fail_msg("%s: got %s (%s)", HEADERS[i].name, status_name(s.code),
                     failed(s) ? status_detail() : "");
        assert_true(failed(s) == (b == NULL));
        bert_freep(&b);
        tiny_bert_done(&t);
    }
}

static void test_no_kernels(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    struct bert *b = NULL;
    tiny_bert_init(&t, TENSOR_F32, true);
    tiny_bert_fill(&t);
    struct safetensors *header = parse(&t);
    assert_code(bert_new(&t.config, header, NULL, ALL_TYPES, &b), ST_UNSUPPORTED);
    safetensors_freep(&header);
    tiny_bert_done(&t);
}

/* Old checkpoints: `bert.` in front, gamma and beta; the very same embedding. */
static void test_old_names(void **state)
{
    (void)state;
    float usual[64], old[64];
    struct tiny_bert t = {0}, u = {.prefix = "bert.", .is_old = true};
    tiny_bert_init(&t, TENSOR_F32, false);
    tiny_bert_init(&u, TENSOR_F32, false);
    struct bert *a = loaded(&t), *b = loaded(&u);
    embed(a, 20, true, usual);
    embed(b, 20, true, old);
    assert_memory_equal(usual, old, sizeof(usual));
    bert_freep(&a);
    bert_freep(&b);
    tiny_bert_done(&t);
    tiny_bert_done(&u);
}

/* --- loading -------------------------------------------------------------------------------- */

struct loader {
    struct bert *b;
    const struct tiny_bert *t;
    size_t first, chunk, step;
};

static void *load_some(void *arg)
{
    const struct loader *l = arg;
    for (size_t at = l->first * l->chunk; at < l->t->file_bytes; at += l->step * l->chunk) {
        size_t left = l->t->file_bytes - at;
        struct bytes part = bytes_of(l->t->file + at, left < l->chunk ? left : l->chunk);
        struct bytes exact = test_exact(part);
        assert_ok(bert_load_range(l->b, at, exact));
        test_exact_free(exact);
    }
    return NULL;
}

static void load_in_threads(const struct tiny_bert *t, size_t chunk, float out[static 64])
{
    enum { THREADS = 3 };
    struct bert *b = NULL;
    pthread_t thread[THREADS];
    struct loader l[THREADS];
    assert_ok(make(t, ALL_TYPES, &b));
    for (size_t i = 0; i < THREADS; i++) {
        l[i] = (struct loader){b, t, THREADS - 1 - i, chunk, THREADS};
        assert_int_equal(pthread_create(&thread[i], NULL, load_some, &l[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_ok(bert_ready(b));
    embed(b, 33, true, out);
    bert_freep(&b);
}

static void test_any_order_of_ranges(void **state)
{
    (void)state;
    static const size_t chunks[] = {8, 1000, 4096, 65536, 1 << 20};
    static const enum tensor_dtype types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16};
    float expected[64], got[64];
    for (size_t i = 0; i < 3; i++) {
        struct tiny_bert t = {0};
        tiny_bert_init(&t, types[i], true);
        struct bert *b = loaded(&t);
        embed(b, 33, true, i == 0 ? expected : got);
        if (i > 0) /* the same numbers in another type */
            assert_memory_equal(got, expected, sizeof(got));
        bert_freep(&b);
        for (size_t j = 0; j < sizeof(chunks) / sizeof(chunks[0]); j++) {
            load_in_threads(&t, chunks[j], got);
            assert_memory_equal(got, expected, sizeof(got));
        }
        tiny_bert_done(&t);
    }
}

static void test_each_missing_piece(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    tiny_bert_init(&t, TENSOR_F32, true);
    tiny_bert_fill(&t);
    for (size_t i = 0; i < t.n_tensors; i++) {
        struct bert *b = NULL;
        size_t hole = (size_t)t.tensor[i].end - 4;
        assert_ok(make(&t, ALL_TYPES, &b));
        assert_code(bert_ready(b), ST_TRUNCATED);
        assert_ok(bert_load_range(b, 0, bytes_of(t.file, hole)));
        assert_code(bert_ready(b), ST_TRUNCATED);
        assert_ok(
            bert_load_range(b, hole + 4, bytes_of(t.file + hole + 4, t.file_bytes - hole - 4)));
        assert_code(bert_ready(b), ST_TRUNCATED);
        assert_non_null(strstr(status_detail(), t.tensor[i].name));
        assert_ok(bert_load_range(b, hole, bytes_of(t.file + hole, 4)));
        assert_ok(bert_ready(b));
        assert_code(bert_load_range(b, t.file_bytes, bytes_of(t.file, 8)), ST_USAGE);
        bert_freep(&b);
    }
    tiny_bert_done(&t);
}

static const struct range_row {
    const char *name;
    uint64_t first, first_end, second, second_end;
    enum status_code expected;
} RANGES[] = {
    {"beside each other", 0, 4096, 4096, 8192, ST_OK},
    {"apart", 0, 4096, 8192, 9000, ST_OK},
    {"empty", 0, 4096, 64, 64, ST_OK},
    {"the same again", 0, 4096, 0, 4096, ST_USAGE},
    {"one byte twice", 0, 4096, 4095, 8192, ST_USAGE},
    {"inside", 0, 4096, 8, 16, ST_USAGE},
    {"around", 8000, 9000, 0, 16384, ST_USAGE},
    {"the end of the first", 8192, 16384, 4096, 8200, ST_USAGE},
};

static void test_ranges_overlap(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    tiny_bert_init(&t, TENSOR_F32, true);
    tiny_bert_fill(&t);
    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++) {
        const struct range_row *r = &RANGES[i];
        struct bert *b = NULL;
        assert_ok(make(&t, ALL_TYPES, &b));
        assert_ok(bert_load_range(b, r->first,
                                  bytes_of(t.file + r->first, (size_t)(r->first_end - r->first))));
        status s = bert_load_range(
            b, r->second, bytes_of(t.file + r->second, (size_t)(r->second_end - r->second)));
        if (s.code != r->expected)
            fail_msg("%s: got %s", r->name, status_name(s.code));
        /* A loader that once failed never becomes ready. */
        assert_code(bert_ready(b), failed(s) ? ST_USAGE : ST_TRUNCATED);
        bert_freep(&b);
    }
    tiny_bert_done(&t);
}

static void test_cut_within_an_element(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    struct bert *b = NULL;
    tiny_bert_init(&t, TENSOR_F32, true);
    tiny_bert_fill(&t);
    assert_ok(make(&t, ALL_TYPES, &b));
    assert_code(bert_load_range(b, 0, bytes_of(t.file, t.header_bytes + 6)), ST_USAGE);
    assert_code(bert_ready(b), ST_USAGE);
    bert_freep(&b);
    assert_ok(make(&t, ALL_TYPES, &b));
    assert_code(bert_load_range(b, UINT64_MAX, bytes_of(t.file, 16)), ST_USAGE);
    bert_freep(&b);
    tiny_bert_done(&t);
}

/* Every tensor, in its last element: infinity and NaN, in each type. */
static void test_weights_that_are_not_finite(void **state)
{
    (void)state;
    static const struct {
        enum tensor_dtype type;
        uint8_t high[2]; /* the element's last two bytes */
    } rows[] = {
        {TENSOR_F32, {0x80, 0x7f}}, {TENSOR_F32, {0xc0, 0xff}},  {TENSOR_F16, {0x00, 0x7c}},
        {TENSOR_F16, {0x01, 0xfe}}, {TENSOR_BF16, {0x80, 0xff}}, {TENSOR_BF16, {0xc1, 0x7f}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tiny_bert t = {0};
        tiny_bert_init(&t, rows[i].type, true);
        tiny_bert_fill(&t);
        for (size_t j = 0; j < t.n_tensors; j++) {
            struct bert *b = NULL;
            uint8_t *at = t.file + t.tensor[j].end - 2, old[2] = {at[0], at[1]};
            memcpy(at, rows[i].high, 2);
            assert_ok(make(&t, ALL_TYPES, &b));
            assert_code(bert_load_range(b, 0, bytes_of(t.file, t.file_bytes)), ST_FORMAT);
            assert_non_null(strstr(status_detail(), t.tensor[j].name));
            assert_code(bert_ready(b), ST_USAGE);
            bert_freep(&b);
            memcpy(at, old, 2);
        }
        tiny_bert_done(&t);
    }
}

/* --- encoding ------------------------------------------------------------------------------- */

static void test_batches_that_are_refused(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    tiny_bert_init(&t, TENSOR_F32, true);
    t.config.max_tokens = 100;
    struct bert *b = loaded(&t);
    struct bert_work *w = NULL, *small = NULL;
    struct pool *two = NULL;
    uint32_t ids[160] = {0};
    float out[2 * 64];
    assert_ok(bert_work_new(b, 160, 1, &w));
    assert_ok(bert_work_new(b, 10, 1, &small));
    assert_ok(pool_new(2, &two));
    static const struct {
        const char *name;
        uint32_t offsets[3];
        uint32_t id; /* of the last token */
        enum status_code expected;
    } rows[] = {
        {"as it should be", {0, 3, 7}, 100, ST_OK},
        {"id at the end of the vocabulary", {0, 3, 7}, 101, ST_FORMAT},
        {"huge id", {0, 3, 7}, UINT32_MAX, ST_FORMAT},
        {"empty first text", {0, 0, 7}, 0, ST_USAGE},
        {"empty second text", {0, 7, 7}, 0, ST_USAGE},
        {"descending offsets", {0, 7, 3}, 0, ST_USAGE},
        {"offsets begin above zero", {1, 3, 7}, 0, ST_USAGE},
        {"longest text", {0, 100, 101}, 0, ST_OK},
        {"text too long", {0, 101, 102}, 0, ST_LIMIT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bert_batch in = {.ids = ids, .offsets = rows[i].offsets, .n_texts = 2};
        uint32_t last = rows[i].offsets[2] - 1, old = ids[last];
        ids[last] = rows[i].id;
        status s = bert_encode(b, w, NULL, &in, true, out);
        if (s.code != rows[i].expected)
            fail_msg("%s: got %s", rows[i].name, status_name(s.code));
        ids[last] = old;
    }
    uint32_t offsets[] = {0, 11};
    struct bert_batch in = {.ids = ids, .offsets = offsets, .n_texts = 1};
    assert_code(bert_encode(b, small, NULL, &in, true, out), ST_LIMIT);
    assert_code(bert_encode(b, w, two, &in, true, out), ST_USAGE);
    in.n_texts = 0;
    assert_ok(bert_encode(b, w, NULL, &in, true, out));
    pool_free(two);
    bert_work_freep(&small);
    bert_work_freep(&w);
    bert_freep(&b);
    tiny_bert_done(&t);
}

static void test_model_that_is_not_ready(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    struct bert *b = NULL;
    struct bert_work *w = NULL;
    uint32_t ids[] = {1}, offsets[] = {0, 1};
    float out[64];
    struct bert_batch in = {.ids = ids, .offsets = offsets, .n_texts = 1};
    tiny_bert_init(&t, TENSOR_F32, true);
    tiny_bert_fill(&t);
    assert_ok(make(&t, ALL_TYPES, &b));
    assert_code(bert_work_new(b, 0, 1, &w), ST_USAGE);
    assert_code(bert_work_new(b, 10, 0, &w), ST_USAGE);
    assert_ok(bert_work_new(b, 10, 1, &w));
    assert_code(bert_encode(b, w, NULL, &in, true, out), ST_USAGE);
    bert_work_freep(&w);
    bert_freep(&b);
    bert_freep(&b);
    bert_work_freep(&w);
    tiny_bert_done(&t);
}

/* A caller that rounds downwards and flushes subnormals gets the same bits, and its own mode back.
 */
static void test_mode_of_the_caller(void **state)
{
    (void)state;
#if defined(__x86_64__)
    float usual[64], odd[64];
    struct tiny_bert t = {0};
    tiny_bert_init(&t, TENSOR_F32, false);
    struct bert *b = loaded(&t);
    uint32_t old = _mm_getcsr(), downwards = 0xbfc0;
    /* Of the register valgrind keeps the rounding mode alone. */
    uint32_t kept = getenv("EML_UNDER_VALGRIND") != NULL ? 0x6000 : ~0x3fu;
    embed(b, 40, false, usual);
    _mm_setcsr(downwards);
    embed(b, 40, false, odd);
    uint32_t after = _mm_getcsr();
    _mm_setcsr(old);
    assert_int_equal(after & kept, downwards & kept);
    assert_memory_equal(usual, odd, sizeof(usual));
    bert_freep(&b);
    tiny_bert_done(&t);
#else
    print_message("SKIP: written for x86-64\n");
    skip();
#endif
}

static double length_of(const float *x)
{
    double sum = 0;
    for (size_t i = 0; i < 64; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static void test_pooling_and_length(void **state)
{
    (void)state;
    float mean[64], raw[64], cls[64], one[64];
    struct tiny_bert t = {0}, u = {0};
    tiny_bert_init(&t, TENSOR_F32, false);
    tiny_bert_init(&u, TENSOR_F32, false);
    u.config.pooling = BERT_POOLING_CLS;
    struct bert *b = loaded(&t), *c = loaded(&u);
    embed(b, 9, true, mean);
    embed(b, 9, false, raw);
    embed(c, 9, false, cls);
    assert_true(fabs(length_of(mean) - 1) < 1e-6);
    for (size_t i = 0; i < 64; i++)
        assert_true(fabs((double)raw[i] / length_of(raw) - (double)mean[i]) < 1e-6);
    assert_memory_not_equal(cls, raw, sizeof(cls));
    /* Of one token, both poolings are that token. */
    embed(b, 1, false, one);
    embed(c, 1, false, cls);
    assert_memory_equal(one, cls, sizeof(cls));
    bert_freep(&b);
    bert_freep(&c);
    tiny_bert_done(&t);
    tiny_bert_done(&u);
}

struct maker {
    const struct tiny_bert *t;
    struct safetensors *header;
    const struct bert *model;
};

static status make_and_load(void *ctx)
{
    const struct maker *m = ctx;
    struct bert *b = NULL;
    status s = bert_new(&m->t->config, m->header, &kern_reference, ALL_TYPES, &b);
    if (ok(s))
        s = bert_load_range(b, 0, bytes_of(m->t->file, m->t->file_bytes));
    bert_freep(&b);
    return s;
}

static status make_scratch(void *ctx)
{
    const struct maker *m = ctx;
    struct bert_work *w = NULL;
    status s = bert_work_new(m->model, 32, 2, &w);
    bert_work_freep(&w);
    return s;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    tiny_bert_init(&t, TENSOR_F32, true);
    struct bert *b = loaded(&t);
    struct maker m = {.t = &t, .header = parse(&t), .model = b};
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, make_and_load, &m) >= 5);
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, make_scratch, &m) >= 2);
    safetensors_freep(&m.header);
    bert_freep(&b);
    tiny_bert_done(&t);
}

static void test_facts_of_a_model(void **state)
{
    (void)state;
    struct tiny_bert t = {0};
    tiny_bert_init(&t, TENSOR_F32, true);
    struct bert *b = loaded(&t);
    assert_int_equal(bert_config_of(b)->vocab_size, 101);
    assert_string_equal(bert_kernels_of(b), "reference");
    /* Packed once, and no byte more than the file but for padding. */
    assert_true(bert_weight_bytes(b) <= t.file_bytes + 64 * t.n_tensors);
    bert_freep(&b);
    tiny_bert_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_no_kernels),
        cmocka_unit_test(test_old_names),
        cmocka_unit_test(test_any_order_of_ranges),
        cmocka_unit_test(test_each_missing_piece),
        cmocka_unit_test(test_ranges_overlap),
        cmocka_unit_test(test_cut_within_an_element),
        cmocka_unit_test(test_weights_that_are_not_finite),
        cmocka_unit_test(test_batches_that_are_refused),
        cmocka_unit_test(test_model_that_is_not_ready),
        cmocka_unit_test(test_mode_of_the_caller),
        cmocka_unit_test(test_pooling_and_length),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_facts_of_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
