/* The real model against sentence-transformers: tests/reference/make_expected.py made the values.
 */
#include "support/test.h"

#include "base/file.h"
#include "engine/bert.h"
#include "engine/tokenizer.h"
#include "formats/json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

enum {
    DIM = 384,
    TOKENS_MAX = 512,
    WEIGHTS_MAX = 128 << 20,
    TEXTS_MIN = 200,
    N_THREADS = 2,
    SAMPLE_STEP = 6, /* other lanes than the plain one look at each sixth text, valgrind at fewer */
};

static const double COSINE_MIN = 0.999999;
static const double DIFFERENCE_MAX = 2e-6;

struct model {
    struct tokenizer *tokenizer;
    struct bert *bert;
    struct bert_work *work;
    struct pool *pool;
};

static const char *model_dir(void)
{
    static char path[PATH_MAX];
    const char *given = getenv("EML_MODEL_DIR");
    const char *source = getenv("EML_SOURCE_DIR");
    if (given != NULL)
        return given;
    assert_ok(file_join(source ? source : ".", "models/minilm", path, sizeof(path)));
    return path;
}

static struct buf model_file(const char *name)
{
    char path[PATH_MAX];
    struct buf b = BUF_MAX(WEIGHTS_MAX);
    assert_ok(file_join(model_dir(), name, path, sizeof(path)));
    assert_ok(file_read(path, &b));
    return b;
}

static void open_tokenizer(struct model *m)
{
    struct buf b CLEANUP(buf_done) = model_file("tokenizer.json");
    assert_ok(tokenizer_new(buf_view(&b), &m->tokenizer));
}

static struct bert_config read_config(void)
{
    struct bert_config c;
    struct buf config CLEANUP(buf_done) = model_file("config.json");
    struct buf pooling CLEANUP(buf_done) = model_file("1_Pooling/config.json");
    struct buf sbert CLEANUP(buf_done) = model_file("sentence_bert_config.json");
    struct buf modules CLEANUP(buf_done) = model_file("modules.json");
    struct bert_files f = {buf_view(&config), buf_view(&pooling), buf_view(&sbert),
                           buf_view(&modules)};
    assert_ok(bert_config_parse(&f, &c));
    assert_int_equal(c.hidden, DIM);
    assert_int_equal(c.max_tokens, 256);
    assert_true(c.normalize && c.pooling == BERT_POOLING_MEAN);
    c.max_tokens = c.max_positions; /* some texts raise the limit */
    return c;
}

static void open_weights(struct model *m)
{
    uint64_t total = 0;
    struct safetensors *header CLEANUP(safetensors_freep) = NULL;
    struct buf b CLEANUP(buf_done) = model_file("model.safetensors");
    struct bert_config c = read_config();
    assert_ok(safetensors_header_size(b.p, b.n, &total));
    assert_ok(safetensors_parse(bytes_of(b.p, total), b.n, &header));
    assert_ok(bert_new(&c, header, kern_select("auto"), 1u << TENSOR_F32, &m->bert));
    assert_ok(bert_load_range(m->bert, 0, buf_view(&b)));
    assert_ok(bert_ready(m->bert));
}

static struct model open_model(void)
{
    struct model m = {0};
    open_tokenizer(&m);
    open_weights(&m);
    assert_ok(pool_new(N_THREADS, &m.pool));
    assert_ok(bert_work_new(m.bert, TOKENS_MAX, N_THREADS, &m.work));
    return m;
}

static void close_model(struct model *m)
{
    bert_work_freep(&m->work);
    pool_free(m->pool);
    bert_freep(&m->bert);
    tokenizer_freep(&m->tokenizer);
}

static size_t embed(const struct model *m, struct bytes text, size_t limit, bool *out_truncated,
                    float *out)
{
    uint32_t ids[TOKENS_MAX];
    size_t n = 0;
    assert_ok(tokenizer_encode(m->tokenizer, text, limit, ids, &n, out_truncated));
    const uint32_t offsets[2] = {0, (uint32_t)n};
    const struct bert_batch batch = {ids, offsets, 1};
    assert_ok(bert_encode(m->bert, m->work, m->pool, &batch, true, out));
    return n;
}

struct worst {
    double difference;
    double cosine;
    size_t n;
};

static void compare(const float *got, const float *expected, struct worst *w)
{
    double dot = 0;
    double a = 0;
    double b = 0;
    for (size_t i = 0; i < DIM; i++) {
        double x = got[i];
        double y = expected[i];
        w->difference = fmax(w->difference, fabs(x - y));
        dot += x * y;
        a += x * x;
        b += y * y;
    }
    w->cosine = fmin(w->cosine, dot / sqrt(a * b));
    w->n++;
}

/* {"text":"...","limit":256,"tokens":12,"truncated":false} */
static void check_line(const struct model *m, struct bytes line, const float *expected,
                       struct worst *w)
{
    struct json_doc *d CLEANUP(json_doc_freep) = NULL;
    bool is_truncated = false;
    float got[DIM];
    assert_ok(json_parse(line, line.n, &d));
    struct json_obj o = json_obj_of(json_root(d), "");
    struct bytes text = json_text(&o, "text", true);
    size_t limit = (size_t)json_int(&o, "limit", true, 256, TOKENS_MAX, 0);
    int64_t tokens = json_int(&o, "tokens", true, 2, TOKENS_MAX, 0);
    bool truncated = json_bool(&o, "truncated", true, false);
    assert_ok(json_obj_end(&o));
    size_t n = embed(m, text, limit, &is_truncated, got);
    if ((int64_t)n != tokens || is_truncated != truncated)
        fail_msg("%.*s: %zu tokens, truncated %d", (int)text.n, (const char *)text.p, n,
                 is_truncated);
    compare(got, expected, w);
}

static struct bytes next_line(struct bytes *rest)
{
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    assert_non_null(end);
    struct bytes line = {rest->p, (size_t)(end - rest->p)};
    *rest = bytes_of(end + 1, rest->n - line.n - 1);
    return line;
}

static size_t sample_step(void)
{
    const char *lane = getenv("EML_LANE");
    if (getenv("EML_UNDER_VALGRIND") != NULL)
        return SAMPLE_STEP * SAMPLE_STEP;
    return lane != NULL && strcmp(lane, "plain") != 0 ? SAMPLE_STEP : 1;
}

static void check_all(const struct model *m, struct worst *w)
{
    struct buf lines CLEANUP(buf_done) = test_file("tests/reference/minilm.jsonl");
    struct buf rows CLEANUP(buf_done) = test_file("tests/reference/minilm.f32");
    struct bytes rest = buf_view(&lines);
    size_t step = sample_step();
    (void)next_line(&rest); /* how they were made */
    size_t i = 0;
    for (; rest.n > 0; i++) {
        float expected[DIM]; /* little-endian, as every machine that the engine runs on */
        struct bytes line = next_line(&rest);
        assert_true((i + 1) * sizeof(expected) <= rows.n);
        memcpy(expected, rows.p + i * sizeof(expected), sizeof(expected));
        if (i % step == 0)
            check_line(m, line, expected, w);
    }
    assert_true(i >= TEXTS_MIN);
    assert_int_equal(rows.n, i * DIM * sizeof(float));
}

static void test_against_sentence_transformers(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_ok(file_join(model_dir(), "model.safetensors", path, sizeof(path)));
    if (!file_exists(path)) {
        print_message("SKIP: no model in %s: scripts/fetch-model.sh minilm models/minilm\n",
                      model_dir());
        skip();
    }
    struct model m = open_model();
    struct worst w = {.cosine = 2};
    check_all(&m, &w);
    close_model(&m);
    print_message("%zu texts: largest difference %.3g, cosine at least 1 - %.3g\n", w.n,
                  w.difference, 1 - w.cosine);
    assert_true(w.difference <= DIFFERENCE_MAX);
    assert_true(w.cosine >= COSINE_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_sentence_transformers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
