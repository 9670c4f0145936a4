/* The whole enclave behind a Unix socket: real engine on a tiny model, real channel, simulated
 * platform. */
#include "serve/service.h"

#include "base/clock.h"
#include "base/text.h"
#include "channel/wire.h"
#include "client/query.h"
#include "formats/json.h"
#include "receipt/air.h"
#include "receipt/record.h"
#include "support/test.h"
#include "support/tiny_model.h"
#include "tee/sim/sim.h"
#include "tee/verify/evidence.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { TIMEOUT_MS = 20000, POLICY_ROOM = 8192, WAIT_STEP_US = 10000, WAIT_STEPS = 1000 };

struct world {
    struct tiny_model model;
    char folder[64];
    char address[96];
    struct pool *pool;
    struct embedder *embedder;
    struct tee_provider *provider;
    struct evidence_policy *policy;
    struct service *service;
    struct listener *listener;
    pthread_t thread;
    status outcome;
};

static void make_policy(struct world *w)
{
    struct measurements m;
    uint8_t root[32];
    struct buf b CLEANUP(buf_done) = BUF_MAX(POLICY_ROOM);
    assert_ok(tee_measurements(w->provider, &m));
    assert_ok(sim_provider_root_sha256(w->provider, root));
    struct json_w j = {.out = &b};
    json_w_open(&j, NULL, '{');
    json_w_int(&j, "version", 1);
    json_w_hex(&j, "trust_simulated_root", BYTES_OF(root));
    json_w_open(&j, "simulated", '{');
    json_w_open(&j, "releases", '[');
    json_w_open(&j, NULL, '{');
    json_w_str(&j, "name", "test");
    json_w_hex(&j, "pcr0", measurements_at(&m, 0));
    json_w_close(&j, '}');
    json_w_close(&j, ']');
    json_w_close(&j, '}');
    json_w_close(&j, '}');
    assert_ok(evidence_policy_parse(buf_view(&b), &w->policy));
}

static void *serve(void *arg)
{
    struct world *w = arg;
    w->outcome = service_run(w->service, w->listener);
    return NULL;
}

static void start(struct world *w, const struct service_options *extra)
{
    *w = (struct world){0};
    tiny_model_make(&w->model);
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/service-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->address, sizeof(w->address), "unix:%s/socket", w->folder);
    assert_ok(pool_new(2, &w->pool));
    const struct embedder_options o = {.pool = w->pool};
    assert_ok(embedder_open_folder(w->model.folder, &o, &w->embedder));
    assert_ok(sim_provider_open(w->folder, &w->provider));
    make_policy(w);
    struct service_options so = extra ? *extra : (struct service_options){0};
    so.name = "test";
    so.model_id = "tiny";
    so.model_version = "1";
    assert_ok(service_new(&so, w->embedder, w->pool, w->provider, &w->service));
    assert_ok(listener_open(w->address, &w->listener));
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void stop(struct world *w)
{
    listener_wake(w->listener);
    pthread_join(w->thread, NULL);
    assert_ok(w->outcome);
    service_freep(&w->service);
    listener_freep(&w->listener);
    evidence_policy_freep(&w->policy);
    tee_provider_freep(&w->provider);
    embedder_freep(&w->embedder);
    pool_free(w->pool);
    tiny_model_remove(&w->model);
    (void)nftw(w->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static status try_connect_with(struct world *w, const struct channel_limits *limits,
                               struct session **out)
{
    struct stream *stream = NULL;
    struct checks checks = {0};
    const struct channel_client_options o = {
        .policy = w->policy, .at_unix_s = clock_unix_s(), .limits = *limits};
    TRY(stream_connect(w->address, clock_deadline_ms(TIMEOUT_MS), &stream));
    return channel_connect(stream, &o, &checks, out);
}

static status try_connect(struct world *w, struct session **out)
{
    const struct channel_limits defaults = {0};
    return try_connect_with(w, &defaults, out);
}

static struct session *connect_to(struct world *w)
{
    struct session *s = NULL;
    assert_ok(try_connect(w, &s));
    return s;
}

static void wait_answer(struct session *s, struct query *q)
{
    struct query *done = NULL;
    while (done == NULL)
        assert_ok(query_receive(s, TIMEOUT_MS, &q, 1, &done));
}

/* What the engine alone gives for one text. */
static void expected(const struct world *w, struct bytes text, float out[static TINY_HIDDEN])
{
    uint32_t ids[TINY_POSITIONS];
    size_t n;
    bool is_truncated;
    struct embedder_work *work CLEANUP(embedder_work_freep) = NULL;
    struct pool *pool = NULL;
    assert_ok(pool_new(1, &pool));
    assert_ok(embedder_work_new(w->embedder, TINY_POSITIONS, 1, &work));
    assert_ok(embedder_tokenize(w->embedder, text, false, ids, &n, &is_truncated));
    const uint32_t offsets[] = {0, (uint32_t)n};
    const struct embedder_batch b = {
        .ids = ids, .offsets = offsets, .n_texts = 1, .normalize = true};
    assert_ok(embedder_encode(w->embedder, work, pool, &b, out));
    pool_free(pool);
}

static const struct bytes TEXTS[] = {BYTES_LIT("the patient is well."), BYTES_LIT("secret prompt"),
                                     BYTES_LIT(""), BYTES_LIT("money, money, money")};
enum { N_TEXTS = sizeof(TEXTS) / sizeof(TEXTS[0]) };

static void test_answers_have_the_engines_bits_and_a_receipt(void **state)
{
    (void)state;
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    struct query q CLEANUP(query_done) = {0};
    struct checks checks = {0};
    struct embed_response res;
    assert_ok(query_send(s, TEXTS, N_TEXTS, true, true, NULL, &q));
    wait_answer(s, &q);
    assert_ok(query_verify(s, &q, &checks, &res));
    assert_int_equal(res.dim, TINY_HIDDEN);
    for (size_t i = 0; i < N_TEXTS; i++) {
        float v[TINY_HIDDEN];
        expected(&w, TEXTS[i], v);
        assert_memory_equal(res.embeddings.p + i * sizeof(v), v, sizeof(v));
    }
    assert_ok(session_end(s));
    session_freep(&s);
    stop(&w);
}

static void test_many_requests_in_flight(void **state)
{
    (void)state;
    enum { N = 24 };
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    struct query q[N];
    struct query *open[N];
    size_t n_open = N;
    for (size_t i = 0; i < N; i++) {
        assert_ok(query_send(s, &TEXTS[i % N_TEXTS], 1, true, true, NULL, &q[i]));
        open[i] = &q[i];
    }
    while (n_open > 0) {
        struct query *done = NULL;
        assert_ok(query_receive(s, TIMEOUT_MS, open, N, &done));
        n_open -= done != NULL;
    }
    for (size_t i = 0; i < N; i++) {
        float v[TINY_HIDDEN];
        struct checks checks = {0};
        struct embed_response res;
        expected(&w, TEXTS[i % N_TEXTS], v);
        assert_ok(query_verify(s, &q[i], &checks, &res));
        assert_memory_equal(res.embeddings.p, v, sizeof(v));
        query_done(&q[i]);
    }
    session_freep(&s);
    stop(&w);
}

/* Sends bytes that are no request as a request; the answer is a refusal with a good receipt. */
static void expect_refusal(struct world *w, struct bytes request, enum status_code code)
{
    struct session *s = connect_to(w);
    struct query q CLEANUP(query_done) = {.n_texts = 1, .request = BUF_MAX(1 << 20)};
    struct checks checks = {0};
    struct embed_response res;
    buf_put(&q.request, request);
    q.stream_id = session_next_stream(s);
    assert_ok(session_send(s, q.stream_id, MSG_REQUEST, true, request));
    wait_answer(s, &q);
    /* There was no nonce to echo, which is the only thing that may be missing. */
    status v = query_verify(s, &q, &checks, &res);
    assert_true(failed(v));
    assert_int_equal(checks_find(&checks, "SIG")->result, CHECK_PASS);
    assert_int_equal(checks_find(&checks, "RHASH")->result, CHECK_PASS);
    assert_int_equal(checks_find(&checks, "OHASH")->result, CHECK_PASS);
    assert_ok(embed_response_parse(buf_view(&q.response), 1, &res));
    assert_true(res.is_refusal);
    assert_int_equal(res.refusal, code);
    session_freep(&s);
}

static void test_refusals_have_receipts_too(void **state)
{
    (void)state;
    struct world w;
    start(&w, NULL);
    expect_refusal(&w, BYTES_LIT("not cbor"), ST_FORMAT);
    expect_refusal(&w, BYTES_LIT("\xa0"), ST_FORMAT);
    stop(&w);
}

static void test_a_long_text_is_refused_when_it_may_not_be_cut(void **state)
{
    (void)state;
    char text[4 * TINY_POSITIONS];
    for (size_t i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "a ", 2);
    struct bytes longer = bytes_of(text, sizeof(text));
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    for (int may_cut = 0; may_cut < 2; may_cut++) {
        struct query q CLEANUP(query_done) = {0};
        struct checks checks = {0};
        struct embed_response res;
        assert_ok(query_send(s, &longer, 1, true, may_cut, NULL, &q));
        wait_answer(s, &q);
        status v = query_verify(s, &q, &checks, &res);
        assert_int_equal(v.code, may_cut ? ST_OK : ST_LIMIT);
        if (may_cut) {
            struct record_text t;
            struct record r;
            assert_ok(record_parse(res.record, &t, 1, &r));
            assert_true(t.is_truncated);
            assert_int_equal(t.n_tokens, TINY_POSITIONS);
        }
    }
    session_freep(&s);
    stop(&w);
}

static void test_requests_beyond_the_token_limit(void **state)
{
    (void)state;
    const struct service_options o = {.max_request_tokens = 16};
    struct world w;
    start(&w, &o);
    struct session *s = connect_to(&w);
    struct query q CLEANUP(query_done) = {0};
    struct checks checks = {0};
    struct embed_response res;
    assert_ok(query_send(s, TEXTS, N_TEXTS, true, true, NULL, &q));
    wait_answer(s, &q);
    assert_code(query_verify(s, &q, &checks, &res), ST_LIMIT);
    session_freep(&s);
    stop(&w);
}

static enum status_code ask(struct session *s, size_t n_texts)
{
    struct query q CLEANUP(query_done) = {0};
    struct checks checks = {0};
    struct embed_response res;
    assert_ok(query_send(s, TEXTS, n_texts, true, true, NULL, &q));
    wait_answer(s, &q);
    return query_verify(s, &q, &checks, &res).code;
}

static void test_texts_in_work_are_bounded(void **state)
{
    (void)state;
    const struct service_options o = {.max_open_texts = N_TEXTS - 1};
    struct world w;
    start(&w, &o);
    struct session *s = connect_to(&w);
    assert_int_equal(ask(s, N_TEXTS), ST_BUSY);
    /* What a refused request had counted is given back, a moment after its answer. */
    enum status_code code = ST_BUSY;
    for (int i = 0; i < WAIT_STEPS && code == ST_BUSY; i++) {
        usleep(WAIT_STEP_US);
        code = ask(s, N_TEXTS - 1);
    }
    assert_int_equal(code, ST_OK);
    session_freep(&s);
    stop(&w);
}

/* The answers to other requests of the session still come. */
static void test_an_answer_beyond_the_clients_limit_is_a_refusal(void **state)
{
    (void)state;
    enum { N_LARGE = 64 };
    const struct channel_limits small = {.max_message_bytes = 4096};
    struct bytes large[N_LARGE];
    struct world w;
    start(&w, NULL);
    struct session *s = NULL;
    struct query q CLEANUP(query_done) = {0};
    struct checks checks = {0};
    struct embed_response res;
    assert_true(N_LARGE * TINY_HIDDEN * sizeof(float) > 4096);
    for (size_t i = 0; i < N_LARGE; i++)
        large[i] = TEXTS[i % N_TEXTS];
    assert_ok(try_connect_with(&w, &small, &s));
    assert_ok(query_send(s, large, N_LARGE, true, true, NULL, &q));
    wait_answer(s, &q);
    assert_code(query_verify(s, &q, &checks, &res), ST_LIMIT);
    assert_int_equal(ask(s, 1), ST_OK);
    session_freep(&s);
    stop(&w);
}

/* A receipt is for its own request and response only: each byte that an attacker could change is
 * covered. */
static void test_a_changed_answer_is_never_opened(void **state)
{
    (void)state;
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    struct query q CLEANUP(query_done) = {0};
    struct embed_response res;
    assert_ok(query_send(s, TEXTS, 1, true, true, NULL, &q));
    wait_answer(s, &q);
    struct buf *parts[] = {&q.request, &q.response, &q.receipt};
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < parts[k]->n; i++) {
            struct checks checks = {0};
            parts[k]->p[i] ^= 1;
            assert_true(failed(query_verify(s, &q, &checks, &res)));
            parts[k]->p[i] ^= 1;
        }
    }
    struct checks checks = {0};
    q.nonce[0] ^= 1;
    assert_true(failed(query_verify(s, &q, &checks, &res)));
    q.nonce[0] ^= 1;
    checks = (struct checks){0};
    assert_ok(query_verify(s, &q, &checks, &res));
    session_freep(&s);
    stop(&w);
}

static void test_sessions_are_bounded(void **state)
{
    (void)state;
    const struct service_options o = {.max_sessions = 2};
    struct world w;
    start(&w, &o);
    struct session *a = connect_to(&w);
    struct session *b = connect_to(&w);
    struct session *c = NULL;
    assert_code(try_connect(&w, &c), ST_BUSY);
    assert_ok(session_end(a));
    session_freep(&a);
    for (int i = 0; i < WAIT_STEPS && c == NULL; i++) {
        if (failed(try_connect(&w, &c)))
            usleep(WAIT_STEP_US);
    }
    assert_non_null(c);
    session_freep(&b);
    session_freep(&c);
    stop(&w);
}

static void test_a_client_that_vanishes_leaves_nothing_behind(void **state)
{
    (void)state;
    struct world w;
    start(&w, NULL);
    for (int i = 0; i < 8; i++) {
        struct session *s = connect_to(&w);
        struct query q[4] = {0};
        for (size_t k = 0; k < 4; k++)
            assert_ok(query_send(s, TEXTS, N_TEXTS, true, true, NULL, &q[k]));
        session_freep(&s);
        for (size_t k = 0; k < 4; k++)
            query_done(&q[k]);
    }
    struct session *s = connect_to(&w);
    struct query q CLEANUP(query_done) = {0};
    assert_ok(query_send(s, TEXTS, 1, true, true, NULL, &q));
    wait_answer(s, &q);
    session_freep(&s);
    stop(&w);
}

static void test_a_cancelled_request_is_answered(void **state)
{
    (void)state;
    static struct bytes many[MESSAGE_TEXTS_MAX];
    for (size_t i = 0; i < MESSAGE_TEXTS_MAX; i++)
        many[i] = TEXTS[0];
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    struct query q CLEANUP(query_done) = {0};
    struct checks checks = {0};
    struct embed_response res;
    assert_ok(query_send(s, many, MESSAGE_TEXTS_MAX, true, true, NULL, &q));
    assert_ok(session_send(s, q.stream_id, MSG_CANCEL, false, (struct bytes){0}));
    wait_answer(s, &q);
    status v = query_verify(s, &q, &checks, &res);
    /* The cancel may come too late; the receipt is good either way. */
    assert_true(ok(v) || v.code == ST_CANCELLED);
    session_freep(&s);
    stop(&w);
}

static void test_a_request_in_two_messages_ends_the_session(void **state)
{
    (void)state;
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    struct message m CLEANUP(message_done) = {0};
    assert_ok(session_send(s, 1, MSG_REQUEST, false, BYTES_LIT("more follows")));
    assert_code(session_recv(s, clock_deadline_ms(TIMEOUT_MS), &m), ST_PROTOCOL);
    session_freep(&s);
    stop(&w);
}

/* A client that never goes on with its handshake: nobody waits for its time limit. */
static void test_stop_does_not_wait_for_handshakes(void **state)
{
    (void)state;
    struct world w;
    uint8_t answer[FRAME_HEADER_LEN];
    struct stream *stream = NULL;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(FRAME_HEADER_LEN + CLIENT_HELLO_MAX);
    const struct client_hello hello = {
        .max_message = 1 << 20, .suites = {SUITE_AES_256_GCM}, .n_suites = 1, .n_freshness = 1};
    const struct service_options o = {.limits.handshake_timeout_ms = 10 * TIMEOUT_MS};
    start(&w, &o);
    assert_ok(client_hello_encode(&hello, &frame));
    assert_ok(stream_connect(w.address, clock_deadline_ms(TIMEOUT_MS), &stream));
    assert_ok(stream_write(stream, buf_view(&frame), clock_deadline_ms(TIMEOUT_MS)));
    assert_ok(stream_read(stream, answer, sizeof(answer), clock_deadline_ms(TIMEOUT_MS)));
    uint64_t before = clock_mono_ns();
    stop(&w);
    assert_true(clock_mono_ns() - before < TIMEOUT_MS * (uint64_t)1000000);
    stream_freep(&stream);
}

static void test_a_batch_must_hold_one_text(void **state)
{
    (void)state;
    struct world w;
    struct service *none = NULL;
    start(&w, NULL);
    const struct service_options o = {.name = "test",
                                      .model_id = "tiny",
                                      .model_version = "1",
                                      .max_batch_tokens = embedder_max_tokens(w.embedder) - 1};
    assert_code(service_new(&o, w.embedder, w.pool, w.provider, &none), ST_CONFIG);
    assert_non_null(strstr(status_detail(), "max_batch_tokens"));
    assert_null(none);
    stop(&w);
}

static void test_stop_ends_open_sessions(void **state)
{
    (void)state;
    struct world w;
    start(&w, NULL);
    struct session *s = connect_to(&w);
    /* Until it has served, this handshake may still be one to the service, whose end is a cut. */
    assert_int_equal(ask(s, 1), ST_OK);
    stop(&w);
    struct message m CLEANUP(message_done) = {0};
    assert_code(session_recv(s, clock_deadline_ms(TIMEOUT_MS), &m), ST_CANCELLED);
    assert_non_null(strstr(status_detail(), "is stopping"));
    session_freep(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_have_the_engines_bits_and_a_receipt),
        cmocka_unit_test(test_many_requests_in_flight),
        cmocka_unit_test(test_refusals_have_receipts_too),
        cmocka_unit_test(test_a_long_text_is_refused_when_it_may_not_be_cut),
        cmocka_unit_test(test_requests_beyond_the_token_limit),
        cmocka_unit_test(test_texts_in_work_are_bounded),
        cmocka_unit_test(test_an_answer_beyond_the_clients_limit_is_a_refusal),
        cmocka_unit_test(test_a_changed_answer_is_never_opened),
        cmocka_unit_test(test_sessions_are_bounded),
        cmocka_unit_test(test_a_client_that_vanishes_leaves_nothing_behind),
        cmocka_unit_test(test_a_cancelled_request_is_answered),
        cmocka_unit_test(test_a_request_in_two_messages_ends_the_session),
        cmocka_unit_test(test_a_batch_must_hold_one_text),
        cmocka_unit_test(test_stop_ends_open_sessions),
        cmocka_unit_test(test_stop_does_not_wait_for_handshakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
