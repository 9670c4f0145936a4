#include "support/fault_walk.h"
#include "support/tiny_model.h"

#include "base/file.h"
#include "engine/bert_config.h"
#include "model/content.h"
#include "model/local_key.h"
#include "model/package_write.h"
#include "serve/embedder.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { NOW = 1800000000, ROOM = 4 << 20, TEXTS = 3, IDS = 256 };

static const struct aead_key KEK = {.alg = AEAD_AES_256_GCM, .b = {4}};
static struct ed25519_secret sign_key;
static struct tiny_model model;
static struct pool *pool;

static int set_up(void **state)
{
    static const uint8_t SEED[ED25519_SEED_LEN] = {5};
    if (fault_walk_set_up(state) != 0)
        return -1;
    tiny_model_make(&model);
    return failed(ed25519_from_seed(SEED, &sign_key)) || failed(pool_new(2, &pool));
}

static int tear_down(void **state)
{
    (void)state;
    pool_free(pool);
    tiny_model_remove(&model);
    return 0;
}

static struct embedder_options usual(void)
{
    return (struct embedder_options){.pool = pool};
}

/* ---- a package of the tiny model, in memory ---- */

static struct buf pack(uint32_t dtypes, uint32_t max_tokens)
{
    char path[] = "/tmp/eml-embedder-XXXXXX";
    struct package_made made;
    struct buf b = BUF_MAX(ROOM);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    const struct package_plan plan = {.folder = model.folder,
                                      .id = "tiny",
                                      .version = 1,
                                      .created_unix_s = NOW,
                                      .expires_unix_s = NOW + 10,
                                      .max_tokens = max_tokens,
                                      .allowed_dtypes = dtypes,
                                      .sign_key = &sign_key,
                                      .kek = &KEK};
    assert_ok(package_write(path, &plan, NULL, NULL, &made));
    assert_ok(file_read(path, &b));
    (void)unlink(path);
    return b;
}

static status open_bytes(struct bytes in, const struct embedder_options *o, struct embedder **out)
{
    const struct manifest_expect e = {.at_unix_s = NOW};
    struct model_source *src CLEANUP(source_freep) = NULL;
    struct package *p CLEANUP(package_freep) = NULL;
    struct key_release *k CLEANUP(key_release_freep) = NULL;
    TRY(source_open_bytes(in, &src));
    TRY(package_open(src, sign_key.public_key, &e, &p));
    TRY(local_key_new(&KEK, &k));
    return embedder_open_package(p, k, o, out);
}

/* ---- use ---- */

static const char *const WORDS[TEXTS] = {"the patient is well.", "", "a secret dose, the bank"};

static void embed_all(const struct embedder *e, float out[static TEXTS * TINY_HIDDEN])
{
    uint32_t ids[IDS];
    uint32_t offsets[TEXTS + 1] = {0};
    struct embedder_work *w CLEANUP(embedder_work_freep) = NULL;
    for (size_t i = 0; i < TEXTS; i++) {
        size_t n = 0;
        bool is_truncated = true;
        assert_ok(
            embedder_tokenize(e, bytes_str(WORDS[i]), true, ids + offsets[i], &n, &is_truncated));
        assert_false(is_truncated);
        offsets[i + 1] = offsets[i] + (uint32_t)n;
    }
    const struct embedder_batch batch = {
        .ids = ids, .offsets = offsets, .n_texts = TEXTS, .normalize = true};
    assert_ok(embedder_work_new(e, embedder_max_tokens(e), pool_size(pool), &w));
    assert_ok(embedder_encode(e, w, pool, &batch, out));
}

static void vectors_have_unit_length(void **state)
{
    (void)state;
    struct embedder_options o = usual();
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    float v[TEXTS * TINY_HIDDEN];
    assert_ok(embedder_open_folder(model.folder, &o, &e));
    assert_int_equal(embedder_dim(e), TINY_HIDDEN);
    assert_int_equal(embedder_max_tokens(e), TINY_POSITIONS);
    assert_int_equal(embedder_config(e)->n_layers, TINY_LAYERS);
    assert_null(embedder_manifest(e));
    assert_true(bytes_all_zero(bytes_of(embedder_manifest_digest(e), SHA256_LEN)));
    embed_all(e, v);
    for (size_t i = 0; i < TEXTS; i++) {
        float sum = 0;
        for (size_t k = 0; k < TINY_HIDDEN; k++)
            sum += v[i * TINY_HIDDEN + k] * v[i * TINY_HIDDEN + k];
        assert_true(sum > 0.999f && sum < 1.001f);
    }
}

static void folder_and_package_are_one_model(void **state)
{
    (void)state;
    struct embedder_options o = usual();
    struct embedder *a CLEANUP(embedder_freep) = NULL;
    struct embedder *b CLEANUP(embedder_freep) = NULL;
    struct buf package CLEANUP(buf_done) = pack(MANIFEST_DTYPES_ALL, 0);
    float v[TEXTS * TINY_HIDDEN];
    float w[TEXTS * TINY_HIDDEN];
    assert_ok(embedder_open_folder(model.folder, &o, &a));
    assert_ok(open_bytes(buf_view(&package), &o, &b));
    embed_all(a, v);
    embed_all(b, w);
    assert_memory_equal(v, w, sizeof(v));
    assert_memory_equal(embedder_model_digest(a), embedder_model_digest(b), SHA256_LEN);
    assert_memory_equal(embedder_tokenizer_digest(a), embedder_tokenizer_digest(b), SHA256_LEN);
    assert_int_equal(embedder_weight_bytes(a), embedder_weight_bytes(b));
    assert_string_equal(embedder_manifest(b)->id, "tiny");
    assert_false(bytes_all_zero(bytes_of(embedder_manifest_digest(b), SHA256_LEN)));
}

/* ---- limits ---- */

static void check_limit(const struct embedder *e, uint32_t limit)
{
    const char *text = "the a the a the a the a the a";
    uint32_t ids[IDS];
    size_t n = 99;
    bool is_truncated = false;
    assert_int_equal(embedder_max_tokens(e), limit);
    assert_code(embedder_tokenize(e, bytes_str(text), true, ids, &n, &is_truncated), ST_LIMIT);
    assert_int_equal(n, 99);
    assert_ok(embedder_tokenize(e, bytes_str(text), false, ids, &n, &is_truncated));
    assert_int_equal(n, limit);
    assert_true(is_truncated);
}

static void the_lowest_limit_holds(void **state)
{
    (void)state;
    struct embedder_options o = usual();
    struct embedder *a CLEANUP(embedder_freep) = NULL;
    struct embedder *b CLEANUP(embedder_freep) = NULL;
    struct embedder *c CLEANUP(embedder_freep) = NULL;
    struct buf package CLEANUP(buf_done) = pack(MANIFEST_DTYPES_ALL, 6);
    o.max_tokens = 8;
    assert_ok(embedder_open_folder(model.folder, &o, &a));
    check_limit(a, 8);
    assert_ok(open_bytes(buf_view(&package), &o, &b));
    check_limit(b, 6);
    o.max_tokens = 5;
    assert_ok(open_bytes(buf_view(&package), &o, &c));
    check_limit(c, 5);
}

static void a_lower_limit_for_one_text(void **state)
{
    (void)state;
    struct embedder_options o = usual();
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    uint32_t ids[IDS];
    uint32_t whole[IDS];
    size_t n = 0;
    bool is_truncated = false;
    struct bytes text = BYTES_LIT("the a the a the a");
    assert_ok(embedder_open_folder(model.folder, &o, &e));
    assert_ok(embedder_tokenize(e, text, true, whole, &n, &is_truncated));
    assert_int_equal(n, 8);
    assert_ok(embedder_tokenize_to(e, text, 5, false, ids, &n, &is_truncated));
    assert_int_equal(n, 5);
    assert_true(is_truncated);
    assert_memory_equal(ids, whole, 4 * sizeof(ids[0]));
    assert_code(embedder_tokenize_to(e, text, 5, true, ids, &n, &is_truncated), ST_LIMIT);
    assert_code(embedder_tokenize_to(e, text, 1, false, ids, &n, &is_truncated), ST_LIMIT);
    assert_ok(embedder_tokenize_to(e, text, UINT32_MAX, true, ids, &n, &is_truncated));
    assert_int_equal(n, 8);
}

static void a_text_that_is_no_utf8(void **state)
{
    (void)state;
    struct embedder_options o = usual();
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    uint32_t ids[IDS];
    size_t n = 99;
    bool is_truncated = false;
    assert_ok(embedder_open_folder(model.folder, &o, &e));
    assert_code(embedder_tokenize(e, BYTES_LIT("bank \xff"), false, ids, &n, &is_truncated),
                ST_FORMAT);
    assert_int_equal(n, 99);
}

struct dtype_row {
    uint32_t manifest;
    uint32_t options;
    enum status_code want;
};

/* The tiny model's weights are F32. */
static void allowed_weight_types(void **state)
{
    (void)state;
    static const struct dtype_row ROWS[] = {
        {MANIFEST_DTYPES_ALL, 0, ST_OK},
        {MANIFEST_F32, MANIFEST_F32, ST_OK},
        {MANIFEST_BF16, 0, ST_POLICY},
        {MANIFEST_F16, MANIFEST_DTYPES_ALL, ST_POLICY},
        {MANIFEST_DTYPES_ALL, MANIFEST_BF16, ST_POLICY},
        {MANIFEST_F32, MANIFEST_BF16, ST_POLICY},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf package CLEANUP(buf_done) = pack(ROWS[i].manifest, 0);
        struct embedder *e CLEANUP(embedder_freep) = NULL;
        struct embedder_options o = usual();
        o.allowed_dtypes = ROWS[i].options;
        assert_code(open_bytes(buf_view(&package), &o, &e), ROWS[i].want);
    }
}

/* ---- what is refused ---- */

static void no_such_kernels_no_such_folder(void **state)
{
    (void)state;
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    struct embedder_options o = usual();
    assert_code(embedder_open_folder("/nowhere", &o, &e), ST_NOTFOUND);
    o.kernels = "abacus";
    assert_code(embedder_open_folder(model.folder, &o, &e), ST_UNSUPPORTED);
    assert_null(e);
}

static void a_damaged_package(void **state)
{
    (void)state;
    struct embedder_options o = usual();
    struct buf package CLEANUP(buf_done) = pack(MANIFEST_DTYPES_ALL, 0);
    for (size_t back = 1; back < package.n; back = back * 2 + 1) {
        struct embedder *e CLEANUP(embedder_freep) = NULL;
        package.p[package.n - back] ^= 4;
        assert_true(failed(open_bytes(buf_view(&package), &o, &e)));
        assert_null(e);
        package.p[package.n - back] ^= 4;
    }
}

struct edit {
    const char *rule;
    const char *file;
    void (*change)(struct buf *b);
    enum status_code want;
    const char *said;
};

static void replace(struct buf *b, const char *old, const char *with)
{
    uint8_t *at = memmem(b->p, b->n, old, strlen(old));
    assert_non_null(at);
    assert_int_equal(strlen(old), strlen(with));
    memcpy(at, with, strlen(with));
}

static void fewer_words(struct buf *b)
{
    replace(b, "\"vocab_size\":20", "\"vocab_size\":12");
}
static void another_architecture(struct buf *b)
{
    replace(b, "\"model_type\":\"bert\"", "\"model_type\":\"gpt2\"");
}
static void no_json(struct buf *b)
{
    b->p[0] = 'x';
}
static void header_of_gigabytes(struct buf *b)
{
    b->p[3] = 0x7f;
}
static void header_too_long(struct buf *b)
{
    b->p[2] = 0x60;
}
static void header_beyond_the_file(struct buf *b)
{
    b->p[2] = 0x20;
}
static void four_bytes(struct buf *b)
{
    b->n = 4;
}
static void cut(struct buf *b)
{
    b->n -= 4;
}
static void not_finite(struct buf *b)
{
    memcpy(b->p + b->n - 4, "\x00\x00\xc0\x7f", 4);
}
static void unknown_tensor(struct buf *b)
{
    replace(b, "embeddings.position_embeddings", "embeddings.positionXembeddings");
}

static const struct edit EDITS[] = {
    {"vocabulary below the tokenizer's", CONTENT_CONFIG, fewer_words, ST_FORMAT, "vocabulary"},
    {"unknown architecture", CONTENT_CONFIG, another_architecture, ST_UNSUPPORTED, "configuration"},
    {"tokenizer that is no JSON", CONTENT_TOKENIZER, no_json, ST_FORMAT, "tokenizer.json"},
    {"header that no file has", CONTENT_WEIGHTS, header_of_gigabytes, ST_FORMAT, "model."},
    {"header above the limit", CONTENT_WEIGHTS, header_too_long, ST_LIMIT, "model.safetensors"},
    {"header beyond the file", CONTENT_WEIGHTS, header_beyond_the_file, ST_TRUNCATED, "model."},
    {"four bytes of weights", CONTENT_WEIGHTS, four_bytes, ST_TRUNCATED, "model.safetensors"},
    {"weights cut short", CONTENT_WEIGHTS, cut, ST_TRUNCATED, "model.safetensors"},
    {"a weight that is not finite", CONTENT_WEIGHTS, not_finite, ST_FORMAT, "model.safetensors"},
    {"a tensor of another name", CONTENT_WEIGHTS, unknown_tensor, ST_FORMAT, "position"},
};

static void files_that_are_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(EDITS) / sizeof(EDITS[0]); i++) {
        char path[PATH_MAX];
        struct buf was CLEANUP(buf_done) = BUF_MAX(ROOM);
        struct buf is CLEANUP(buf_done) = BUF_MAX(ROOM);
        struct embedder *e CLEANUP(embedder_freep) = NULL;
        struct embedder_options o = usual();
        assert_ok(file_join(model.folder, EDITS[i].file, path, sizeof(path)));
        assert_ok(file_read(path, &was));
        buf_put(&is, buf_view(&was));
        EDITS[i].change(&is);
        assert_ok(file_write(path, 0600, buf_view(&is)));
        status s = embedder_open_folder(model.folder, &o, &e);
        assert_ok(file_write(path, 0600, buf_view(&was)));
        if (s.code != EDITS[i].want || strstr(status_detail(), EDITS[i].said) == NULL)
            fail_msg("%s: %s (%s)", EDITS[i].rule, status_name(s.code), status_detail());
        assert_null(e);
    }
}

/* ---- lack of memory ---- */

static struct buf packed;

static status use(struct embedder *e)
{
    uint32_t ids[IDS];
    float out[TINY_HIDDEN];
    size_t n = 0;
    bool is_truncated;
    struct embedder_work *w CLEANUP(embedder_work_freep) = NULL;
    TRY(embedder_tokenize(e, BYTES_LIT("the bank"), true, ids, &n, &is_truncated));
    TRY(embedder_work_new(e, IDS, 1, &w));
    const uint32_t offsets[2] = {0, (uint32_t)n};
    const struct embedder_batch batch = {.ids = ids, .offsets = offsets, .n_texts = 1};
    return embedder_encode(e, w, NULL, &batch, out);
}

static status open_and_use(void)
{
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    const struct embedder_options o = {.pool = pool};
    TRY(open_bytes(buf_view(&packed), &o, &e));
    return use(e);
}

static void every_allocation(void **state)
{
    (void)state;
    const struct fault_row row = {"open a package and embed", open_and_use};
    packed = pack(MANIFEST_DTYPES_ALL, 0);
    fault_walk_own(&row);
    fault_walk_all(&row);
    buf_done(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_have_unit_length),
        cmocka_unit_test(folder_and_package_are_one_model),
        cmocka_unit_test(the_lowest_limit_holds),
        cmocka_unit_test(a_lower_limit_for_one_text),
        cmocka_unit_test(a_text_that_is_no_utf8),
        cmocka_unit_test(allowed_weight_types),
        cmocka_unit_test(no_such_kernels_no_such_folder),
        cmocka_unit_test(a_damaged_package),
        cmocka_unit_test(files_that_are_wrong),
        cmocka_unit_test(every_allocation),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
