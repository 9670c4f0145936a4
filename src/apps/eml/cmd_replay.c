#include "apps/eml/commands.h"

#include "apps/common/app.h"
#include "apps/eml/model_option.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/text.h"
#include "engine/bert_config.h"
#include "engine/numerics.h"
#include "formats/verdict.h"
#include "receipt/air.h"
#include "receipt/record.h"
#include "serve/embedder.h"
#include "serve/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_ROOM = 64 << 20, OUT_ROOM = 1 << 20, THREADS_DEFAULT = 2 };

/* What one receipt is about, and the means to do it again. */
struct replay {
    struct buf receipt;
    struct buf request;
    struct buf response;
    struct bytes texts[MESSAGE_TEXTS_MAX];
    struct record_text recorded[MESSAGE_TEXTS_MAX];
    struct embed_request req;
    struct embed_response res;
    struct record record;
    struct pool *pool;
    struct embedder *embedder;
    struct checks checks;
};

static void replay_done(struct replay *r)
{
    embedder_freep(&r->embedder);
    pool_free(r->pool);
    buf_done(&r->receipt);
    buf_done(&r->request);
    buf_done(&r->response);
}

static status read_file(const struct cli *args, const char *option, struct buf *out)
{
    *out = BUF_MAX(FILE_ROOM);
    return file_read(cli_value(args, option), out);
}

static status read_inputs(const struct cli *args, struct replay *r)
{
    TRY(read_file(args, "receipt", &r->receipt));
    TRY(read_file(args, "request", &r->request));
    return read_file(args, "response", &r->response);
}

static status open_model(const struct cli *args, struct replay *r)
{
    uint64_t threads;
    const char *kernels = NULL;
    TRY(model_option_kernels(args, &kernels));
    TRY(cli_u64(args, "threads", 1, POOL_THREADS_MAX, THREADS_DEFAULT, &threads));
    TRY(pool_new((uint32_t)threads, &r->pool));
    const struct embedder_options o = {.kernels = kernels, .pool = r->pool};
    return embedder_open_folder(cli_value(args, "model-dir"), &o, &r->embedder);
}

static void expect_equal(struct replay *r, const char *id, struct bytes recorded, struct bytes here,
                         const char *what)
{
    if (bytes_equal(recorded, here))
        checks_pass(&r->checks, id, "%s is the same here", what);
    else
        checks_fail(&r->checks, id, "REPLAY_MISMATCH",
                    "replay with the files that the receipt is about", "%s is another one here",
                    what);
}

/* The hashes of the receipt tie request, response and model together. */
static status check_subject(struct replay *r)
{
    struct air_subject_unverified subject;
    uint8_t hash[SHA256_LEN];
    TRY(status_context(air_subject_unverified(buf_view(&r->receipt), &subject), "receipt"));
    TRY(sha256(buf_view(&r->request), hash));
    expect_equal(r, "REPLAY_REQUEST", BYTES_OF(subject.request_hash), BYTES_OF(hash),
                 "the request");
    TRY(sha256(buf_view(&r->response), hash));
    expect_equal(r, "REPLAY_RESPONSE", BYTES_OF(subject.response_hash), BYTES_OF(hash),
                 "the response");
    expect_equal(r, "REPLAY_MODEL", BYTES_OF(subject.model_hash),
                 bytes_of(embedder_model_digest(r->embedder), SHA256_LEN), "the model");
    return OK;
}

/* Without the key a replay shows what the receipt says, not who says it, and a SKIP tells so. */
static status check_signature(const struct cli *args, struct replay *r)
{
    uint8_t key[ED25519_PUBLIC_LEN];
    if (!cli_has(args, "key")) {
        checks_skip(&r->checks, "SIG", false, "give the receipt's key with --key",
                    "the signature was not looked at: no key");
        return OK;
    }
    TRY(cli_hex(args, "key", key, sizeof(key)));
    const struct air_expect expect = {.public_key = key, .allow_evaluation = true};
    status s = air_verify(buf_view(&r->receipt), &expect, &r->checks, NULL);
    return s.code == ST_NOMEM || s.code == ST_INTERNAL ? s : OK;
}

static bool has_passed(const struct replay *r, const char *id)
{
    const struct check *k = checks_find(&r->checks, id);
    return k != NULL && k->result == CHECK_PASS;
}

static status parse_exchange(struct replay *r)
{
    TRY(status_context(embed_request_parse(buf_view(&r->request), r->texts, &r->req), "request"));
    TRY(status_context(embed_response_parse(buf_view(&r->response), r->req.n_texts, &r->res),
                       "response"));
    REQUIRE(!r->res.is_refusal, ST_UNSUPPORTED,
            "the response is a refusal (%s): there is nothing to execute again",
            status_name(r->res.refusal));
    return status_context(record_parse(r->res.record, r->recorded, MESSAGE_TEXTS_MAX, &r->record),
                          "record");
}

static void check_record(struct replay *r)
{
    const struct bert_config *config = embedder_config(r->embedder);
    enum record_pooling pooling = config->pooling == BERT_POOLING_CLS ? RECORD_CLS : RECORD_MEAN;
    expect_equal(r, "REPLAY_PROFILE", r->record.profile, bytes_str(NUMERICS_PROFILE),
                 "the numerics profile");
    expect_equal(r, "REPLAY_RECORD_MODEL", BYTES_OF(r->record.model_digest),
                 bytes_of(embedder_model_digest(r->embedder), SHA256_LEN), "the recorded model");
    expect_equal(r, "REPLAY_TOKENIZER", BYTES_OF(r->record.tokenizer_digest),
                 bytes_of(embedder_tokenizer_digest(r->embedder), SHA256_LEN), "the tokenizer");
    expect_equal(r, "REPLAY_POOLING", bytes_of(&r->record.pooling, sizeof(pooling)),
                 bytes_of(&pooling, sizeof(pooling)), "the pooling");
    expect_equal(r, "REPLAY_NORMALIZE", bytes_of(&r->record.is_normalized, sizeof(bool)),
                 bytes_of(&r->req.normalize, sizeof(bool)), "the normalisation");
}

/* One text at a time: what the row was batched with does not matter, and here that is put to the
 * proof. */
static status replay_text(struct replay *r, struct embedder_work *work, size_t i, uint32_t *ids,
                          float *out, bool *out_equal)
{
    size_t n = 0;
    bool is_truncated = false;
    size_t row = embedder_dim(r->embedder) * sizeof(float);
    const struct record_text *recorded = &r->recorded[i];
    /* A package may cut texts earlier than the published model does: the record says where. */
    uint32_t limit = recorded->is_truncated ? recorded->n_tokens : UINT32_MAX;
    TRY(embedder_tokenize_to(r->embedder, r->texts[i], limit, !r->req.allow_truncation, ids, &n,
                             &is_truncated));
    const uint32_t offsets[] = {0, (uint32_t)n};
    const struct embedder_batch batch = {
        .ids = ids, .offsets = offsets, .n_texts = 1, .normalize = r->req.normalize};
    TRY(embedder_encode(r->embedder, work, r->pool, &batch, out));
    *out_equal = n == recorded->n_tokens && is_truncated == recorded->is_truncated &&
                 memcmp(out, r->res.embeddings.p + i * row, row) == 0;
    return OK;
}

static status replay_texts(struct replay *r, struct embedder_work *work, struct buf *scratch)
{
    size_t n_ids = embedder_max_tokens(r->embedder);
    uint32_t *ids = (uint32_t *)(void *)buf_extend(scratch, n_ids * sizeof(*ids));
    float *out = (float *)(void *)buf_extend(scratch, embedder_dim(r->embedder) * sizeof(*out));
    TRY(buf_status(scratch));
    for (size_t i = 0; i < r->req.n_texts; i++) {
        bool is_equal = false;
        TRY(replay_text(r, work, i, ids, out, &is_equal));
        if (is_equal)
            continue;
        checks_fail(&r->checks, "REPLAY_BITS", "REPLAY_MISMATCH",
                    "the enclave did not compute this with this model",
                    "text %zu of %zu: tokens or bits differ", i, r->req.n_texts);
        return OK;
    }
    checks_pass(&r->checks, "REPLAY_BITS", "%zu texts executed again, every bit is the same",
                r->req.n_texts);
    return OK;
}

static status execute(struct replay *r)
{
    struct embedder_work *work CLEANUP(embedder_work_freep) = NULL;
    struct buf scratch CLEANUP(buf_done) = BUF_MAX(16 << 20);
    TRY(buf_reserve(&scratch, embedder_max_tokens(r->embedder) * sizeof(uint32_t) +
                                  embedder_dim(r->embedder) * sizeof(float)));
    REQUIRE(r->res.dim == embedder_dim(r->embedder), ST_MISMATCH,
            "the response has %u numbers a text, this model gives %u", r->res.dim,
            embedder_dim(r->embedder));
    TRY(embedder_work_new(r->embedder, embedder_max_tokens(r->embedder), pool_size(r->pool),
                          &work));
    return replay_texts(r, work, &scratch);
}

static void print_result(const struct cli *args, const struct replay *r)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(OUT_ROOM);
    bool is_equal = has_passed(r, "REPLAY_BITS") && checks_first_failure(&r->checks) == NULL;
    if (!cli_has(args, "json")) {
        verdict_put_text(&out, &r->checks, app_has_colour(STDOUT_FILENO));
        buf_printf(&out, "replay: %s\n", is_equal ? "equal" : "NOT EQUAL");
    } else {
        struct json_w w = {.out = &out};
        json_w_open(&w, NULL, '{');
        json_w_bool(&w, "equal", is_equal);
        verdict_json_members(&w, &r->checks);
        json_w_close(&w, '}');
        buf_put_u8(&out, '\n');
    }
    (void)fwrite(out.p, 1, out.n, stdout);
}

static status replay(const struct cli *args, struct replay *r)
{
    TRY(read_inputs(args, r));
    TRY(open_model(args, r));
    TRY(check_signature(args, r));
    if (!r->checks.is_malformed)
        TRY(check_subject(r));
    if (checks_first_failure(&r->checks) == NULL) {
        TRY(parse_exchange(r));
        check_record(r);
        TRY(execute(r));
    }
    print_result(args, r);
    return OK;
}

static int exit_code(const struct replay *r)
{
    if (r->checks.is_malformed)
        return VERDICT_MALFORMED;
    bool is_equal = has_passed(r, "REPLAY_BITS") && checks_first_failure(&r->checks) == NULL;
    return is_equal ? VERDICT_ACCEPT : VERDICT_REJECT;
}

static void replay_freep(struct replay **r)
{
    if (*r != NULL)
        replay_done(*r);
    free(*r);
}

static int run(const struct cli *args)
{
    struct replay *r CLEANUP(replay_freep) = calloc(1, sizeof(*r));
    if (r == NULL)
        return app_fail(FAIL(ST_NOMEM, "no memory for the replay"));
    status s = replay(args, r);
    return failed(s) ? app_fail(s) : exit_code(r);
}

static const struct cli_option OPTIONS[] = {
    {"receipt", "R.cbor", true, false, "the receipt"},
    {"request", "REQ", true, false, "the request's bytes, as eml embed --save-evidence keeps them"},
    {"response", "RES", true, false, "the response's bytes"},
    {"model-dir", "DIR", true, false, "the model, as published: config, tokenizer, weights"},
    {"key", "HEX", false, false, "receipt key: check the receipt's signature too"},
    {"threads", "N", false, false, "threads (2); the bits do not depend on it"},
    {"kernels", "NAME", false, false, "auto, reference, avx2, avx512, neon; same bits"},
    {"json", NULL, false, false, "print the result as JSON"},
};

struct cli_command replay_command(void)
{
    return (struct cli_command){
        .name = "replay",
        .summary = "Execute a receipt's request again and compare every bit.",
        CLI_OPTIONS(OPTIONS),
        .notes = "Exit: 0 equal, 10 not equal, 20 nothing to execute, 30 malformed.",
        .run = run,
    };
}
