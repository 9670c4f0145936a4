#include "serve/service.h"

#include "base/log.h"
#include "serve/responder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SESSION_STACK_BYTES = 1 << 20,
    RESPONSE_MAX = 31 << 20, /* sealed and with its receipt it fits a session's max_queued_bytes */
    RECEIPT_ROOM = 4096,
    POLICY_VERSION_LEN = 32,
    /* As efficient as larger ones, which a new request would wait for, and which leave the engine
     * idle when all requests of a session end in one. */
    BATCH_TOKENS = 1024,
};

struct serve_session {
    struct service *service;
    struct stream *stream; /* until the handshake takes it */
    /* A second handle, by which a stop ends the handshake; guarded by service->lock. */
    struct stream *handshake;
    pthread_t thread;
    bool has_ended; /* guarded by service->lock: the thread can be joined */
    struct serve_session *next;

    struct session
        *channel; /* set and cleared under service->lock; used by its thread and answers */
    uint8_t evidence_hash[SHA256_LEN];
    uint64_t sequence;    /* the responder's */
    pthread_mutex_t lock; /* guards: open */
    pthread_cond_t idle;
    struct exchange *open;
};

struct service {
    struct service_options o;
    char policy_version[POLICY_VERSION_LEN];
    const struct embedder *embedder;
    struct pool *pool;
    struct tee_provider *provider;
    struct ed25519_secret identity_key;
    struct signer signer;
    struct channel_identity identity;
    struct channel_epoch *epoch;
    struct embedder_work *work;
    struct scheduler *scheduler;
    struct responder *responder;
    struct exchange_service exchanges;
    atomic_uint n_open_texts;
    pthread_mutex_t lock; /* guards: sessions, n_sessions, stop, and what serve_session says */
    struct serve_session *sessions;
    uint32_t n_sessions;
    bool stop;
};

/* ---- exchanges of one session ---- */

static void open_exchange(struct serve_session *ss, struct exchange *e)
{
    pthread_mutex_lock(&ss->lock);
    e->next_open = ss->open;
    ss->open = e;
    pthread_mutex_unlock(&ss->lock);
}

static void close_exchange(struct serve_session *ss, struct exchange *e)
{
    pthread_mutex_lock(&ss->lock);
    struct exchange **at = &ss->open;
    while (*at != e)
        at = &(*at)->next_open;
    *at = e->next_open;
    exchange_free(e);
    if (ss->open == NULL)
        pthread_cond_signal(&ss->idle);
    pthread_mutex_unlock(&ss->lock);
}

/* Stream 0 is never used on the wire: here it means all of them. */
static void cancel_exchanges(struct serve_session *ss, uint32_t stream_id)
{
    pthread_mutex_lock(&ss->lock);
    for (struct exchange *e = ss->open; e != NULL; e = e->next_open) {
        if (stream_id == 0 || e->stream_id == stream_id)
            atomic_store(&e->job.is_cancelled, true);
    }
    pthread_mutex_unlock(&ss->lock);
}

static void wait_idle(struct serve_session *ss)
{
    pthread_mutex_lock(&ss->lock);
    while (ss->open != NULL)
        pthread_cond_wait(&ss->idle, &ss->lock);
    pthread_mutex_unlock(&ss->lock);
}

/* ---- the responder's side ---- */

static status send_answer(struct serve_session *ss, struct exchange *e)
{
    size_t room = session_max_message(ss->channel);
    struct buf response CLEANUP(buf_done) = BUF_MAX(room < RESPONSE_MAX ? room : RESPONSE_MAX);
    struct buf receipt CLEANUP(buf_done) = BUF_MAX(RECEIPT_ROOM);
    TRY(exchange_answer(e, ss->evidence_hash, ++ss->sequence, &response, &receipt));
    TRY(session_queue(ss->channel, e->stream_id, MSG_RESPONSE, false, buf_view(&response)));
    return session_post(ss->channel, e->stream_id, MSG_RECEIPT, true, buf_view(&receipt));
}

/* A client that is gone is no failure of ours; a session that cannot take its answer is dead. */
static void answer(void *ctx, struct exchange *e)
{
    (void)ctx;
    struct serve_session *ss = e->owner;
    if (session_is_open(ss->channel)) {
        status s = send_answer(ss, e);
        if (failed(s)) {
            log_failure(LOG_INFO, "answer not sent", s);
            session_abort(ss->channel, s.code);
        }
    }
    close_exchange(ss, e);
}

static void exchange_is_ready(void *ctx, struct scheduler_job *job)
{
    struct service *s = ctx;
    responder_push(s->responder, (struct exchange *)(void *)job);
}

static status encode_batch(void *ctx, const uint32_t *ids, const uint32_t *offsets,
                           uint32_t n_texts, bool normalize, float *out)
{
    struct service *s = ctx;
    const struct embedder_batch batch = {
        .ids = ids, .offsets = offsets, .n_texts = n_texts, .normalize = normalize};
    return embedder_encode(s->embedder, s->work, s->pool, &batch, out);
}

/* ---- one session ---- */

static status on_request(struct serve_session *ss, const struct message *m)
{
    struct exchange *e = NULL;
    REQUIRE(m->is_last, ST_PROTOCOL, "a request is one message");
    TRY(exchange_new(&ss->service->exchanges, ss, m->stream_id, &e));
    open_exchange(ss, e);
    exchange_start(e, buf_view(&m->body));
    return OK;
}

static status serve_message(struct serve_session *ss)
{
    struct message m CLEANUP(message_done) = {0};
    TRY(session_recv(ss->channel, SESSION_NO_DEADLINE, &m));
    if (m.type == MSG_REQUEST)
        return on_request(ss, &m);
    cancel_exchanges(ss, m.stream_id);
    return OK;
}

static void serve_until_end(struct serve_session *ss)
{
    status s = OK;
    while (ok(s))
        s = serve_message(ss);
    if (s.code != ST_CLOSED)
        log_failure(LOG_INFO, "session failed", s);
    cancel_exchanges(ss, 0);
    wait_idle(ss);
    if (s.code == ST_CLOSED)
        s = session_end(ss->channel);
    if (failed(s))
        session_abort(ss->channel, s.code);
}

static void publish_channel(struct serve_session *ss, struct session *channel)
{
    pthread_mutex_lock(&ss->service->lock);
    ss->channel = channel;
    if (channel != NULL && ss->service->stop)
        session_abort(channel, ST_CANCELLED);
    pthread_mutex_unlock(&ss->service->lock);
}

static status handshake(struct serve_session *ss, struct session **out)
{
    struct stream *stream = ss->stream;
    ss->stream = NULL;
    status s = channel_accept(stream, &ss->service->identity, &ss->service->o.limits, out);
    pthread_mutex_lock(&ss->service->lock);
    stream_freep(&ss->handshake);
    pthread_mutex_unlock(&ss->service->lock);
    TRY(s);
    return sha256(session_evidence_bytes(*out), ss->evidence_hash);
}

static void *session_main(void *arg)
{
    struct serve_session *ss = arg;
    struct session *channel = NULL;
    status s = handshake(ss, &channel);
    if (failed(s)) {
        log_failure(LOG_INFO, "handshake failed", s);
    } else {
        publish_channel(ss, channel);
        serve_until_end(ss);
        publish_channel(ss, NULL);
    }
    session_freep(&channel);
    pthread_mutex_lock(&ss->service->lock);
    ss->has_ended = true;
    pthread_mutex_unlock(&ss->service->lock);
    return NULL;
}

/* ---- the accept loop ---- */

static void session_free(struct serve_session *ss)
{
    stream_freep(&ss->stream);
    stream_freep(&ss->handshake);
    pthread_cond_destroy(&ss->idle);
    pthread_mutex_destroy(&ss->lock);
    free(ss);
}

/* Joins the sessions that have ended, or all of them. */
static void reap(struct service *s, bool all)
{
    pthread_mutex_lock(&s->lock);
    struct serve_session **at = &s->sessions;
    struct serve_session *ended = NULL;
    while (*at != NULL) {
        struct serve_session *ss = *at;
        if (all || ss->has_ended) {
            *at = ss->next;
            ss->next = ended;
            ended = ss;
            s->n_sessions--;
        } else {
            at = &ss->next;
        }
    }
    pthread_mutex_unlock(&s->lock);
    while (ended != NULL) {
        struct serve_session *next = ended->next;
        pthread_join(ended->thread, NULL);
        session_free(ended);
        ended = next;
    }
}

static status start_thread(struct serve_session *ss)
{
    pthread_attr_t attr;
    REQUIRE(pthread_attr_init(&attr) == 0, ST_NOMEM, "no memory for a session");
    (void)pthread_attr_setstacksize(&attr, SESSION_STACK_BYTES);
    int e = pthread_create(&ss->thread, &attr, session_main, ss);
    pthread_attr_destroy(&attr);
    REQUIRE(e == 0, ST_NOMEM, "cannot start a thread for a session");
    return OK;
}

/* Takes the stream, also on failure. */
static status start_session(struct service *s, struct stream *taken)
{
    struct stream *stream CLEANUP(stream_freep) = taken;
    struct serve_session *ss = calloc(1, sizeof(*ss));
    REQUIRE(ss != NULL, ST_NOMEM, "no memory for a session");
    ss->service = s;
    ss->stream = stream;
    stream = NULL;
    (void)pthread_mutex_init(&ss->lock, NULL);
    (void)pthread_cond_init(&ss->idle, NULL);
    status started = stream_share(ss->stream, &ss->handshake);
    /* Linked before its thread runs; only the accept loop adds and removes. */
    pthread_mutex_lock(&s->lock);
    if (ok(started))
        started = start_thread(ss);
    if (ok(started)) {
        ss->next = s->sessions;
        s->sessions = ss;
        s->n_sessions++;
    }
    pthread_mutex_unlock(&s->lock);
    if (failed(started))
        session_free(ss);
    return started;
}

static void accept_one(struct service *s, struct stream *taken)
{
    if (s->n_sessions >= s->o.max_sessions) {
        LOG(LOG_WARN, "connection refused", LOG_NUM("open_sessions", s->n_sessions));
        channel_refuse(taken, ST_BUSY);
        return;
    }
    status started = start_session(s, taken);
    if (failed(started))
        log_failure(LOG_WARN, "connection refused", started);
}

static void stop_sessions(struct service *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    for (struct serve_session *ss = s->sessions; ss != NULL; ss = ss->next) {
        if (ss->handshake != NULL)
            stream_shutdown(ss->handshake);
        if (ss->channel != NULL)
            session_abort(ss->channel, ST_CANCELLED);
    }
    pthread_mutex_unlock(&s->lock);
    reap(s, true);
}

status service_run(struct service *s, struct listener *l)
{
    status end = OK;
    while (ok(end)) {
        struct stream *stream = NULL;
        end = listener_accept(l, SESSION_NO_DEADLINE, &stream);
        reap(s, false);
        if (failed(end))
            break;
        accept_one(s, stream);
    }
    stop_sessions(s);
    return end.code == ST_CANCELLED ? OK : end;
}

/* ---- construction ---- */

static uint32_t or_default(uint32_t given, uint32_t fallback)
{
    return given ? given : fallback;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void fill_options(struct service *s, const struct service_options *o)
{
    s->o = *o;
    s->o.max_sessions = or_default(o->max_sessions, 64);
    s->o.max_batch_tokens =
        or_default(o->max_batch_tokens, larger(BATCH_TOKENS, embedder_max_tokens(s->embedder)));
    s->o.max_batch_texts = or_default(o->max_batch_texts, 256);
    s->o.max_queued = or_default(o->max_queued, 1024);
    s->o.max_request_tokens = or_default(o->max_request_tokens, 262144);
    s->o.max_open_texts = or_default(o->max_open_texts, 65536);
    (void)snprintf(s->policy_version, sizeof(s->policy_version), "config-%02x%02x%02x%02x%02x%02x",
                   o->config_digest[0], o->config_digest[1], o->config_digest[2],
                   o->config_digest[3], o->config_digest[4], o->config_digest[5]);
}

static status attest(void *ctx, const struct statement *st, struct buf *out)
{
    return tee_attest(ctx, st, out);
}

static status make_identity(struct service *s)
{
    const struct signer_model model_names = {.id = s->o.model_id, .version = s->o.model_version};
    struct signer_model model = model_names;
    memcpy(model.digest, embedder_model_digest(s->embedder), sizeof(model.digest));
    TRY(ed25519_generate(&s->identity_key));
    TRY(signer_init(&s->signer, s->provider, s->o.name, s->policy_version, &model));
    enum evidence_type type;
    TRY(evidence_type_of(bytes_str(tee_platform(s->provider)), &type));
    if (s->o.epoch_s > 0)
        TRY(channel_epoch_new(s->o.epoch_s, &s->epoch));
    s->identity = (struct channel_identity){
        .key = &s->identity_key,
        .platform = bytes_str(tee_platform(s->provider)),
        .service = bytes_str(s->o.name),
        .evidence_type = (uint8_t)type,
        .attest = attest,
        .ctx = s->provider,
        .epoch = s->epoch,
    };
    memcpy(s->identity.receipt_key, s->signer.public_key, ED25519_PUBLIC_LEN);
    memcpy(s->identity.config_digest, s->o.config_digest, SHA256_LEN);
    memcpy(s->identity.model_digest, model.digest, SHA256_LEN);
    return OK;
}

static status make_engine(struct service *s)
{
    const struct scheduler_limits limits = {
        .max_batch_tokens = s->o.max_batch_tokens,
        .max_batch_texts = s->o.max_batch_texts,
        .max_queued_jobs = s->o.max_queued,
        .hidden = embedder_dim(s->embedder),
    };
    REQUIRE(s->o.max_batch_tokens >= embedder_max_tokens(s->embedder), ST_CONFIG,
            "limits.max_batch_tokens is %u, less than one text of the model (%u)",
            s->o.max_batch_tokens, embedder_max_tokens(s->embedder));
    TRY(embedder_work_new(s->embedder, s->o.max_batch_tokens, pool_size(s->pool), &s->work));
    TRY(scheduler_new(&limits, encode_batch, s, &s->scheduler));
    TRY(responder_new(answer, s, &s->responder));
    s->exchanges = (struct exchange_service){
        .embedder = s->embedder,
        .scheduler = s->scheduler,
        .signer = &s->signer,
        .max_request_tokens = s->o.max_request_tokens,
        .max_open_texts = s->o.max_open_texts,
        .n_open_texts = &s->n_open_texts,
        .ready = exchange_is_ready,
        .ctx = s,
    };
    return OK;
}

status service_new(const struct service_options *o, const struct embedder *embedder,
                   struct pool *pool, struct tee_provider *provider, struct service **out)
{
    struct service *s CLEANUP(service_freep) = calloc(1, sizeof(*s));
    REQUIRE(s != NULL, ST_NOMEM, "no memory for the service");
    (void)pthread_mutex_init(&s->lock, NULL);
    s->embedder = embedder;
    s->pool = pool;
    s->provider = provider;
    fill_options(s, o);
    TRY(make_identity(s));
    TRY(make_engine(s));
    *out = s;
    s = NULL;
    return OK;
}

void service_freep(struct service **sp)
{
    struct service *s = *sp;
    if (s == NULL)
        return;
    scheduler_freep(&s->scheduler);
    responder_freep(&s->responder);
    embedder_work_freep(&s->work);
    channel_epoch_freep(&s->epoch);
    signer_done(&s->signer);
    ed25519_secret_wipe(&s->identity_key);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *sp = NULL;
}
