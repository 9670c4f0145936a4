#include "serve/exchange.h"

#include "engine/bert_config.h"
#include "engine/numerics.h"

#include <stdlib.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "embeddings go out in little-endian order: add the conversion here"
#endif

enum { RECORD_ROOM = 1 << 20 };

status exchange_new(const struct exchange_service *service, void *owner, uint32_t stream_id,
                    struct exchange **out)
{
    struct exchange *e = calloc(1, sizeof(*e));
    REQUIRE(e != NULL, ST_NOMEM, "no memory for a request");
    size_t max_texts = MESSAGE_TEXTS_MAX;
    size_t dim = embedder_dim(service->embedder);
    e->service = service;
    e->owner = owner;
    e->stream_id = stream_id;
    /* One text more than the cap, since a text is tokenised into room for the longest. */
    size_t max_ids = (size_t)service->max_request_tokens + embedder_max_tokens(service->embedder);
    e->ids = BUF_MAX(max_ids * sizeof(uint32_t));
    e->offsets = BUF_MAX((max_texts + 1) * sizeof(uint32_t));
    e->texts = BUF_MAX(max_texts * sizeof(struct record_text));
    e->vectors = BUF_MAX(max_texts * dim * sizeof(float));
    *out = e;
    return OK;
}

void exchange_free(struct exchange *e)
{
    if (e == NULL)
        return;
    buf_done(&e->ids);
    buf_done(&e->offsets);
    buf_done(&e->texts);
    buf_done(&e->vectors);
    atomic_fetch_sub(e->service->n_open_texts, e->n_counted);
    wipe(e, sizeof(*e));
    free(e);
}

static void put_u32(struct buf *b, size_t v)
{
    uint32_t w = (uint32_t)v;
    buf_put(b, bytes_of(&w, sizeof(w)));
}

static status tokenize_one(struct exchange *e, struct bytes text)
{
    const struct embedder *m = e->service->embedder;
    size_t room = embedder_max_tokens(m);
    size_t n = 0;
    struct record_text t = {0};
    TRY(buf_reserve(&e->ids, room * sizeof(uint32_t)));
    uint32_t *at = (uint32_t *)(void *)(e->ids.p + e->ids.n);
    TRY(embedder_tokenize(m, text, !e->request.allow_truncation, at, &n, &t.is_truncated));
    e->ids.n += n * sizeof(uint32_t);
    REQUIRE(e->ids.n / sizeof(uint32_t) <= e->service->max_request_tokens, ST_LIMIT,
            "a request may have %u tokens", e->service->max_request_tokens);
    t.n_tokens = (uint32_t)n;
    buf_put(&e->texts, bytes_of(&t, sizeof(t)));
    put_u32(&e->offsets, e->ids.n / sizeof(uint32_t));
    return OK;
}

static status tokenize(struct exchange *e)
{
    put_u32(&e->offsets, 0);
    for (size_t i = 0; i < e->request.n_texts; i++)
        TRY(tokenize_one(e, e->request.texts[i]));
    TRY(buf_status(&e->offsets));
    return buf_status(&e->texts);
}

static void job_done(struct scheduler_job *job, status s)
{
    struct exchange *e = (struct exchange *)(void *)job;
    e->outcome = s;
    e->service->ready(e->service->ctx, job);
}

/* Counted before anything is allocated for them. */
static status count_texts(struct exchange *e)
{
    const struct exchange_service *s = e->service;
    uint32_t n = (uint32_t)e->request.n_texts;
    uint32_t before = atomic_fetch_add(s->n_open_texts, n);
    e->n_counted = n;
    REQUIRE(before <= s->max_open_texts && n <= s->max_open_texts - before, ST_BUSY,
            "%u texts are being worked on", before);
    return OK;
}

static status submit(struct exchange *e)
{
    size_t dim = embedder_dim(e->service->embedder);
    (void)buf_extend(&e->vectors, e->request.n_texts * dim * sizeof(float));
    TRY(buf_status(&e->vectors));
    e->job.ids = (const uint32_t *)(const void *)e->ids.p;
    e->job.offsets = (const uint32_t *)(const void *)e->offsets.p;
    e->job.n_texts = (uint32_t)e->request.n_texts;
    e->job.normalize = e->request.normalize;
    e->job.out = (float *)(void *)e->vectors.p;
    e->job.done = job_done;
    return scheduler_submit(e->service->scheduler, &e->job);
}

static status prepare(struct exchange *e, struct bytes request)
{
    struct bytes texts[MESSAGE_TEXTS_MAX];
    TRY(sha256(request, e->request_hash));
    TRY(embed_request_parse(request, texts, &e->request));
    memcpy(e->nonce, e->request.nonce.p ? e->request.nonce.p : e->nonce, e->request.nonce.n);
    e->nonce_n = e->request.nonce.n;
    status s = count_texts(e);
    if (ok(s))
        s = tokenize(e);
    e->request.texts = NULL; /* the array and the request's bytes end with this call */
    e->request.nonce = (struct bytes){0};
    return s;
}

void exchange_start(struct exchange *e, struct bytes request)
{
    status s = prepare(e, request);
    if (ok(s))
        s = submit(e); /* from here on the engine may own the exchange */
    if (ok(s))
        return;
    e->outcome = s;
    e->service->ready(e->service->ctx, &e->job);
}

static status encode_record(const struct exchange *e, struct buf *out)
{
    const struct embedder *m = e->service->embedder;
    const struct bert_config *config = embedder_config(m);
    struct record r = {
        .profile = bytes_str(NUMERICS_PROFILE),
        .engine_version = bytes_str(EML_VERSION),
        .pooling = config->pooling == BERT_POOLING_CLS ? RECORD_CLS : RECORD_MEAN,
        .is_normalized = e->request.normalize,
        .texts = (const struct record_text *)(const void *)e->texts.p,
        .n_texts = e->request.n_texts,
    };
    memcpy(r.model_digest, embedder_model_digest(m), sizeof(r.model_digest));
    memcpy(r.tokenizer_digest, embedder_tokenizer_digest(m), sizeof(r.tokenizer_digest));
    return record_encode(&r, out);
}

static status encode_result(const struct exchange *e, struct buf *out)
{
    struct buf record CLEANUP(buf_done) = BUF_MAX(RECORD_ROOM);
    TRY(encode_record(e, &record));
    const struct embed_response r = {
        .record = buf_view(&record),
        .dim = embedder_dim(e->service->embedder),
        .embeddings = buf_view(&e->vectors),
    };
    embed_response_encode(&r, out);
    return buf_status(out);
}

static status encode_response(struct exchange *e, struct buf *out)
{
    if (ok(e->outcome)) {
        status s = encode_result(e, out);
        if (s.code != ST_LIMIT)
            return s;
        e->outcome = s;
        buf_clear(out);
    }
    refusal_encode(e->outcome.code, out);
    return buf_status(out);
}

status exchange_answer(struct exchange *e, const uint8_t evidence_hash[static SHA256_LEN],
                       uint64_t sequence, struct buf *out_response, struct buf *out_receipt)
{
    TRY(encode_response(e, out_response));
    struct signer_facts facts = {
        .nonce = bytes_of(e->nonce, e->nonce_n),
        .sequence = sequence,
        .engine_ns = e->job.engine_ns,
    };
    TRY(sha256(buf_view(out_response), facts.response_hash));
    memcpy(facts.request_hash, e->request_hash, SHA256_LEN);
    memcpy(facts.evidence_hash, evidence_hash, SHA256_LEN);
    return signer_sign(e->service->signer, &facts, out_receipt);
}
