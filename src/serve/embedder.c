#include "serve/embedder.h"

#include "engine/bert.h"
#include "engine/tokenizer.h"
#include "formats/safetensors.h"
#include "model/content.h"
#include "model/folder.h"
#include "model/model_files.h"

#include <malloc.h>
#include <stdlib.h>

struct embedder {
    struct tokenizer *tokenizer;
    struct bert *bert;
    struct bert_config config;
    uint32_t max_tokens;
    bool has_manifest;
    struct manifest manifest;
    uint8_t manifest_digest[SHA256_LEN];
    uint8_t model_digest[SHA256_LEN];
    uint8_t tokenizer_digest[SHA256_LEN];
};

struct embedder_work {
    struct bert_work *bert;
};

void embedder_freep(struct embedder **e)
{
    if (*e != NULL) {
        tokenizer_freep(&(*e)->tokenizer);
        bert_freep(&(*e)->bert);
        free(*e);
    }
    *e = NULL;
}

/* ---- limits ---- */

static uint32_t tensor_mask(uint32_t manifest_dtypes)
{
    return (manifest_dtypes & MANIFEST_F32 ? 1u << TENSOR_F32 : 0) |
           (manifest_dtypes & MANIFEST_F16 ? 1u << TENSOR_F16 : 0) |
           (manifest_dtypes & MANIFEST_BF16 ? 1u << TENSOR_BF16 : 0);
}

/* The options narrow, the manifest narrows further; nothing widens. */
static status allowed_dtypes(const struct embedder *e, const struct embedder_options *o,
                             uint32_t *out_mask)
{
    uint32_t mask = o->allowed_dtypes ? o->allowed_dtypes : MANIFEST_DTYPES_ALL;
    if (e->has_manifest)
        mask &= e->manifest.allowed_dtypes;
    REQUIRE(mask != 0, ST_POLICY, "the package and the options allow no weight type in common");
    *out_mask = tensor_mask(mask);
    return OK;
}

static void lower(uint32_t *limit, uint32_t other)
{
    if (other != 0 && other < *limit)
        *limit = other;
}

static void set_max_tokens(struct embedder *e, const struct embedder_options *o)
{
    e->max_tokens = e->config.max_tokens;
    lower(&e->max_tokens, o->max_tokens);
    if (e->has_manifest)
        lower(&e->max_tokens, e->manifest.max_tokens);
}

/* ---- the small files ---- */

static status load_config(struct embedder *e, struct model_files *m)
{
    struct buf config CLEANUP(buf_done) = BUF_MAX(BERT_CONFIG_JSON_MAX);
    struct buf pooling CLEANUP(buf_done) = BUF_MAX(BERT_CONFIG_JSON_MAX);
    struct buf sbert CLEANUP(buf_done) = BUF_MAX(BERT_CONFIG_JSON_MAX);
    struct buf modules CLEANUP(buf_done) = BUF_MAX(BERT_CONFIG_JSON_MAX);
    TRY(model_files_read_all(m, CONTENT_CONFIG, &config));
    TRY(model_files_read_all(m, CONTENT_POOLING, &pooling));
    TRY(model_files_read_all(m, CONTENT_SBERT, &sbert));
    TRY(model_files_read_all(m, CONTENT_MODULES, &modules));
    const struct bert_files files = {.config = buf_view(&config),
                                     .pooling = buf_view(&pooling),
                                     .sbert = buf_view(&sbert),
                                     .modules = buf_view(&modules)};
    return bert_config_parse(&files, &e->config);
}

static status load_tokenizer(struct embedder *e, struct model_files *m)
{
    struct buf json CLEANUP(buf_done) = BUF_MAX(TOKENIZER_JSON_MAX);
    TRY(model_files_read_all(m, CONTENT_TOKENIZER, &json));
    TRY(sha256(buf_view(&json), e->tokenizer_digest));
    TRY(tokenizer_new(buf_view(&json), &e->tokenizer));
    uint32_t bound = tokenizer_id_bound(e->tokenizer);
    REQUIRE(bound <= e->config.vocab_size, ST_FORMAT,
            "the tokenizer's ids go up to %u, the model's vocabulary to %u", bound - 1,
            e->config.vocab_size - 1);
    return OK;
}

/* ---- the weights ---- */

static status read_header(struct model_files *m, struct safetensors **out)
{
    uint64_t file_bytes = 0;
    uint64_t n = 0;
    struct buf raw CLEANUP(buf_done) = BUF_MAX((size_t)SAFETENSORS_HEADER_MAX + 8);
    REQUIRE(model_files_find(m, CONTENT_WEIGHTS, &file_bytes), ST_NOTFOUND, "%s is missing",
            CONTENT_WEIGHTS);
    REQUIRE(file_bytes >= 8, ST_TRUNCATED, "%s has %llu bytes", CONTENT_WEIGHTS,
            (unsigned long long)file_bytes);
    TRY(model_files_read(m, CONTENT_WEIGHTS, 0, 8, &raw));
    TRY(safetensors_header_size(raw.p, file_bytes, &n));
    TRY(model_files_read(m, CONTENT_WEIGHTS, 8, (size_t)n - 8, &raw));
    return safetensors_parse(buf_view(&raw), file_bytes, out);
}

static status new_bert(struct embedder *e, struct model_files *m, const struct embedder_options *o)
{
    struct safetensors *header CLEANUP(safetensors_freep) = NULL;
    const char *name = o->kernels ? o->kernels : "auto";
    const struct kern_ops *kern = kern_select(name);
    uint32_t mask = 0;
    REQUIRE(kern != NULL, ST_UNSUPPORTED, "this machine cannot run kernels \"%s\"", name);
    TRY(allowed_dtypes(e, o, &mask));
    TRY(read_header(m, &header));
    return bert_new(&e->config, header, kern, mask, &e->bert);
}

static status sink(void *ctx, uint64_t offset, struct bytes chunk)
{
    return bert_load_range(ctx, offset, chunk);
}

static status load_weights(struct embedder *e, struct model_files *m,
                           const struct embedder_options *o)
{
    TRY(new_bert(e, m, o));
    TRY(model_files_stream(m, CONTENT_WEIGHTS, o->pool, sink, e->bert));
    return bert_ready(e->bert);
}

static status load(struct embedder *e, struct model_files *m, const struct embedder_options *o)
{
    TRY(status_context(load_config(e, m), "model configuration"));
    TRY(status_context(load_tokenizer(e, m), "%s", CONTENT_TOKENIZER));
    set_max_tokens(e, o);
    /* The parsed JSON is gone; give its pages back before the weights come. */
    (void)malloc_trim(0);
    TRY(status_context(load_weights(e, m, o), "%s", CONTENT_WEIGHTS));
    return model_files_content_digest(m, o->pool, e->model_digest);
}

static status make(struct embedder **out)
{
    *out = calloc(1, sizeof(**out));
    REQUIRE(*out != NULL, ST_NOMEM, "no memory for an embedder");
    return OK;
}

status embedder_open_folder(const char *folder, const struct embedder_options *o,
                            struct embedder **out)
{
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    TRY(make(&e));
    TRY(folder_open(folder, &m));
    TRY(load(e, m, o));
    *out = e;
    e = NULL;
    return OK;
}

status embedder_open_package(struct package *p, struct key_release *release,
                             const struct embedder_options *o, struct embedder **out)
{
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    struct embedder *e CLEANUP(embedder_freep) = NULL;
    TRY(make(&e));
    e->has_manifest = true;
    e->manifest = *package_manifest(p);
    memcpy(e->manifest_digest, package_manifest_digest(p), SHA256_LEN);
    TRY(package_unlock(p, release, &m));
    TRY(load(e, m, o));
    *out = e;
    e = NULL;
    return OK;
}

/* ---- use ---- */

status embedder_tokenize_to(const struct embedder *e, struct bytes text, uint32_t max_tokens,
                            bool no_truncate, uint32_t *out_ids, size_t *out_n, bool *out_truncated)
{
    size_t n = 0;
    bool is_truncated = false;
    uint32_t limit = max_tokens < e->max_tokens ? max_tokens : e->max_tokens;
    REQUIRE(limit >= TOKENIZER_TOKENS_MIN, ST_LIMIT, "a text cannot be cut to %u tokens", limit);
    TRY(tokenizer_encode(e->tokenizer, text, limit, out_ids, &n, &is_truncated));
    REQUIRE(!(no_truncate && is_truncated), ST_LIMIT,
            "the text has more than %u tokens, the model's limit", limit);
    *out_n = n;
    *out_truncated = is_truncated;
    return OK;
}

status embedder_tokenize(const struct embedder *e, struct bytes text, bool no_truncate,
                         uint32_t *out_ids, size_t *out_n, bool *out_truncated)
{
    return embedder_tokenize_to(e, text, e->max_tokens, no_truncate, out_ids, out_n, out_truncated);
}

status embedder_work_new(const struct embedder *e, size_t max_batch_tokens, uint32_t n_threads,
                         struct embedder_work **out)
{
    struct embedder_work *w CLEANUP(embedder_work_freep) = calloc(1, sizeof(*w));
    REQUIRE(w != NULL, ST_NOMEM, "no memory for an embedder's scratch");
    TRY(bert_work_new(e->bert, max_batch_tokens, n_threads, &w->bert));
    *out = w;
    w = NULL;
    return OK;
}

void embedder_work_freep(struct embedder_work **w)
{
    if (*w != NULL) {
        bert_work_freep(&(*w)->bert);
        free(*w);
    }
    *w = NULL;
}

status embedder_encode(const struct embedder *e, struct embedder_work *w, struct pool *pool,
                       const struct embedder_batch *in, float *out)
{
    const struct bert_batch batch = {
        .ids = in->ids, .offsets = in->offsets, .n_texts = in->n_texts};
    return bert_encode(e->bert, w->bert, pool, &batch, in->normalize, out);
}

uint32_t embedder_dim(const struct embedder *e)
{
    return e->config.hidden;
}

uint32_t embedder_max_tokens(const struct embedder *e)
{
    return e->max_tokens;
}

const struct bert_config *embedder_config(const struct embedder *e)
{
    return &e->config;
}

const char *embedder_kernels(const struct embedder *e)
{
    return bert_kernels_of(e->bert);
}

size_t embedder_weight_bytes(const struct embedder *e)
{
    return bert_weight_bytes(e->bert);
}

const uint8_t *embedder_model_digest(const struct embedder *e)
{
    return e->model_digest;
}

const uint8_t *embedder_tokenizer_digest(const struct embedder *e)
{
    return e->tokenizer_digest;
}

const struct manifest *embedder_manifest(const struct embedder *e)
{
    return e->has_manifest ? &e->manifest : NULL;
}

const uint8_t *embedder_manifest_digest(const struct embedder *e)
{
    return e->manifest_digest;
}
