/* Messages over sessions whose two ends behave. */
#include "support/fault_walk.h"
#include "support/session.h"

#include "base/clock.h"
#include "channel/session_state.h"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

static void a_message_above_the_receivers_limit_ends_the_session(void **state)
{
    (void)state;
    const struct channel_limits small = {.max_message_bytes = 100};
    struct session_pair p = session_pair_open(NULL, &small);
    struct buf body CLEANUP(buf_done) = test_pattern(101, 1);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)));
    assert_code(session_recv(p.server, test_soon(), &m), ST_LIMIT);
    assert_code(session_recv(p.server, test_soon(), &m), ST_LIMIT);
    assert_false(session_is_open(p.server));
    assert_code(session_recv(p.client, test_soon(), &m), ST_LIMIT); /* was told why */
    session_pair_done(&p);
}

/* --- many at once --- */

enum { THREADS = 6, EACH = 200 };

struct crowd {
    struct session *client;
    struct session *server;
    uint32_t n_wrong;
    bool seen[THREADS * EACH + 1];
};

static void put_number(uint32_t id, uint8_t out[8])
{
    put_u32be(out, id);
    put_u32be(out + 4, ~id);
}

static void *ask(void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < EACH; i++) {
        uint8_t text[8];
        uint32_t id = session_next_stream(c->client);
        put_number(id, text);
        status s = session_send(c->client, id, MSG_REQUEST, true, BYTES_OF(text));
        while (s.code == ST_LIMIT) { /* more than 64 in flight: until one has been answered */
            (void)sched_yield(); /* six threads that spin leave no time to answer, under valgrind */
            s = session_send(c->client, id, MSG_REQUEST, true, BYTES_OF(text));
        }
        if (failed(s))
            return c; /* not NULL: failed */
    }
    return NULL;
}

static void *answer_all(void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < THREADS * EACH; i++) {
        struct message m CLEANUP(message_done) = {0};
        if (failed(session_recv(c->server, test_soon(), &m)) ||
            failed(session_post(c->server, m.stream_id, MSG_RESPONSE, false, buf_view(&m.body))) ||
            failed(session_post(c->server, m.stream_id, MSG_RECEIPT, true, BYTES_LIT("r"))))
            return c; /* not NULL: failed */
    }
    return NULL;
}

static void collect(struct crowd *c)
{
    for (int i = 0; i < 2 * THREADS * EACH; i++) {
        struct message m CLEANUP(message_done) = {0};
        uint8_t want[8];
        assert_ok(session_recv(c->client, test_soon(), &m));
        put_number(m.stream_id, want);
        assert_true(m.stream_id >= 1 && m.stream_id <= THREADS * EACH);
        if (m.type == MSG_RESPONSE)
            assert_bytes_equal(buf_view(&m.body), BYTES_OF(want));
        else
            c->seen[m.stream_id] = true;
    }
}

static void many_threads_share_one_session(void **state)
{
    (void)state;
    const struct channel_limits rekey = {.rekey_records = 50};
    struct session_pair p = session_pair_open(&rekey, &rekey);
    struct crowd c = {.client = p.client, .server = p.server};
    pthread_t threads[THREADS + 1];
    void *trouble = NULL;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &c), 0);
    assert_int_equal(pthread_create(&threads[THREADS], NULL, answer_all, &c), 0);
    collect(&c);
    for (int i = 0; i <= THREADS; i++) {
        (void)pthread_join(threads[i], &trouble);
        assert_null(trouble);
    }
    for (int i = 1; i <= THREADS * EACH; i++)
        assert_true(c.seen[i]);
    assert_int_equal(session_n_streams(p.client), 0);
    session_pair_done(&p);
}

/* --- turns --- */

struct misuse {
    const char *rule;
    bool by_client;
    uint32_t id;
    uint8_t type;
    bool is_last;
    const char *body;
};

static const struct misuse MISUSES[] = {
    {"server asks", false, 1, MSG_REQUEST, true, ""},
    {"server cancels", false, 1, MSG_CANCEL, false, ""},
    {"server answers on no stream", false, 9, MSG_RESPONSE, true, ""},
    {"client answers", true, 1, MSG_RESPONSE, true, ""},
    {"client sends an error", true, 1, MSG_ERROR, true, ""},
    {"client goes on after its last", true, 1, MSG_REQUEST, true, ""},
    {"stream 0", true, 0, MSG_REQUEST, true, ""},
    {"type 0", true, 2, 0, true, ""},
    {"type 6", true, 2, 6, true, ""},
    {"cancel of nothing", true, 2, MSG_CANCEL, false, ""},
    {"cancel with a body", true, 1, MSG_CANCEL, false, "x"},
    {"cancel that is last", true, 1, MSG_CANCEL, true, ""},
};

static void misuse_is_refused_and_does_no_harm(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    for (size_t i = 0; i < sizeof(MISUSES) / sizeof(MISUSES[0]); i++) {
        const struct misuse *x = &MISUSES[i];
        struct session *s = x->by_client ? p.client : p.server;
        status sent = session_send(s, x->id, x->type, x->is_last, bytes_str(x->body));
        status posted = session_post(s, x->id, x->type, x->is_last, bytes_str(x->body));
        if (sent.code != ST_USAGE || posted.code != ST_USAGE)
            fail_msg("%s: %s", x->rule, status_name(sent.code));
    }
    assert_ok(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    session_expect(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("a"));
    session_pair_done(&p);
}

static void streams_in_flight_are_limited(void **state)
{
    (void)state;
    const struct channel_limits two = {.max_streams = 2};
    struct session_pair p = session_pair_open(&two, NULL);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("")));
    assert_ok(session_send(p.client, 2, MSG_REQUEST, true, BYTES_LIT("")));
    assert_code(session_send(p.client, 3, MSG_REQUEST, true, BYTES_LIT("")), ST_LIMIT);
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT(""));
    assert_ok(session_send(p.server, 1, MSG_ERROR, true, BYTES_LIT("e")));
    session_expect(p.client, 1, MSG_ERROR, true, BYTES_LIT("e"));
    assert_ok(session_send(p.client, 3, MSG_REQUEST, true, BYTES_LIT("")));
    session_pair_done(&p);
}

static void a_cancel_arrives_once_and_a_late_one_not_at_all(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    assert_ok(session_send(p.client, 1, MSG_CANCEL, false, BYTES_LIT("")));
    assert_ok(session_send(p.client, 1, MSG_CANCEL, false, BYTES_LIT("")));
    assert_ok(session_send(p.client, 2, MSG_REQUEST, true, BYTES_LIT("q2")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    session_expect(p.server, 1, MSG_CANCEL, false, BYTES_LIT(""));
    assert_ok(session_send(p.server, 1, MSG_ERROR, true, BYTES_LIT("cancelled")));
    session_expect(p.server, 2, MSG_REQUEST, true, BYTES_LIT("q2"));
    assert_ok(session_send(p.server, 2, MSG_RESPONSE, true, BYTES_LIT("a2")));
    /* Sent before the end of stream 2 was seen here. */
    assert_ok(session_send(p.client, 2, MSG_CANCEL, false, BYTES_LIT("")));
    assert_ok(session_send(p.client, 3, MSG_REQUEST, true, BYTES_LIT("q3")));
    session_expect(p.server, 3, MSG_REQUEST, true, BYTES_LIT("q3"));
    session_expect(p.client, 1, MSG_ERROR, true, BYTES_LIT("cancelled"));
    session_expect(p.client, 2, MSG_RESPONSE, true, BYTES_LIT("a2"));
    session_pair_done(&p);
}

/* --- ends --- */

static void each_direction_ends_on_its_own(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    assert_true(session_is_open(p.client));
    assert_ok(session_end(p.client));
    assert_ok(session_end(p.client)); /* idempotent */
    assert_false(session_is_open(p.client));
    assert_code(session_send(p.client, 2, MSG_REQUEST, true, BYTES_LIT("")), ST_CLOSED);
    assert_code(session_post(p.client, 2, MSG_REQUEST, true, BYTES_LIT("")), ST_CLOSED);
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_recv(p.server, test_soon(), &m), ST_CLOSED);
    assert_code(session_recv(p.server, test_soon(), &m), ST_CLOSED);
    assert_false(session_is_open(p.server));
    assert_ok(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    session_expect(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("a"));
    assert_ok(session_end(p.server));
    assert_code(session_recv(p.client, test_soon(), &m), ST_CLOSED);
    session_pair_done(&p);
}

static void an_end_without_goodbye_is_a_cut(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_freep(&p.client);
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_recv(p.server, test_soon(), &m), ST_CUT);
    assert_code(session_recv(p.server, test_soon(), &m), ST_CUT);
    assert_true(failed(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a"))));
    session_pair_done(&p);
}

static void *abort_later(void *session)
{
    (void)usleep(20000);
    session_abort(session, ST_BUSY);
    return NULL;
}

static void abort_wakes_the_receiver_and_tells_the_peer(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message m = {0};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, abort_later, p.server), 0);
    assert_code(session_recv(p.server, SESSION_NO_DEADLINE, &m), ST_CANCELLED);
    (void)pthread_join(t, NULL);
    assert_code(session_recv(p.client, test_soon(), &m), ST_BUSY);
    assert_non_null(strstr(status_detail(), "too busy"));
    assert_code(session_post(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("")), ST_CANCELLED);
    assert_code(session_end(p.server), ST_CANCELLED);
    session_abort(p.server, ST_BUSY); /* again: nothing */
    session_pair_done(&p);
}

static void abort_wakes_a_blocked_sender(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = test_pattern(16 << 20, 1);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, abort_later, p.client), 0);
    assert_code(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)), ST_CANCELLED);
    (void)pthread_join(t, NULL);
    session_pair_done(&p);
}

/* --- time --- */

static void the_callers_deadline_does_no_harm(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message m = {0};
    assert_code(session_recv(p.server, clock_deadline_ms(10), &m), ST_TIMEOUT);
    assert_code(session_recv(p.server, 0, &m), ST_TIMEOUT);
    assert_true(session_is_open(p.server));
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    session_pair_done(&p);
}

static void check_timeout(struct session *s, uint64_t least_ms, const char *text)
{
    struct message m = {0};
    uint64_t before = clock_mono_ns();
    assert_code(session_recv(s, SESSION_NO_DEADLINE, &m), ST_TIMEOUT);
    assert_non_null(strstr(status_detail(), text));
    assert_true(clock_mono_ns() - before >= (least_ms - 10) * 1000000);
    assert_false(session_is_open(s));
}

static void idle_sessions_end_but_not_while_work_is_open(void **state)
{
    (void)state;
    const struct channel_limits quick = {.idle_timeout_ms = 60};
    struct session_pair p = session_pair_open(NULL, &quick);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_recv(p.server, clock_deadline_ms(150), &m), ST_TIMEOUT);
    assert_true(session_is_open(p.server)); /* stream 1 is open */
    assert_ok(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    check_timeout(p.server, 60, "idle"); /* counted from the answer */
    session_expect(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("a"));
    assert_code(session_recv(p.client, test_soon(), &m), ST_TIMEOUT); /* was told */
    session_pair_done(&p);
}

static void a_stream_left_half_open_does_not_keep_a_session_alive(void **state)
{
    (void)state;
    const struct channel_limits quick = {.idle_timeout_ms = 60};
    struct session_pair p = session_pair_open(NULL, &quick);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, false, BYTES_LIT("more to come")));
    session_expect(p.server, 1, MSG_REQUEST, false, BYTES_LIT("more to come"));
    check_timeout(p.server, 60, "idle");
    session_pair_done(&p);
}

static void a_message_must_be_finished_in_time(void **state)
{
    (void)state;
    const struct channel_limits quick = {.message_timeout_ms = 60};
    struct raw_peer p = raw_peer_open(false, &quick);
    raw_fragment(&p, 1, MSG_REQUEST, 0, BYTES_LIT("never finished"));
    check_timeout(p.session, 60, "finish a message");
    raw_peer_done(&p);

    p = raw_peer_open(false, &quick);
    raw_bytes(&p, bytes_of("\x80\x00\x00", 3));
    check_timeout(p.session, 60, "finish a record");
    raw_peer_done(&p);
}

static void a_session_has_an_age_limit(void **state)
{
    (void)state;
    const struct channel_limits quick = {.total_timeout_ms = 60};
    struct session_pair p = session_pair_open(NULL, &quick);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    check_timeout(p.server, 50, "age limit");
    session_pair_done(&p);
}

/* Also while the peer keeps the receiver busy: what has come is not a reason to go on. */
static void a_busy_session_has_an_age_limit_too(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    p.server->started_ns -= p.server->limits.total_timeout_ms * (uint64_t)1000000;
    assert_code(session_recv(p.server, SESSION_NO_DEADLINE, &m), ST_TIMEOUT);
    assert_non_null(strstr(status_detail(), "age limit"));
    assert_false(session_is_open(p.server));
    session_pair_done(&p);
}

/* --- lack of memory --- */

static status make(struct stream *taken, bool is_client, struct session **out)
{
    static const struct session_secrets SECRETS = {.client_traffic = {{1}}};
    const struct channel_limits none = {0};
    struct channel_limits limits;
    const struct session_setup setup = {
        .stream = taken,
        .limits = &limits,
        .is_client = is_client,
        .alg = AEAD_AES_256_GCM,
        .secrets = &SECRETS,
        .peer_max_message = 1 << 20,
        .peer_max_streams = 1,
        .started_ns = clock_mono_ns(),
    };
    TRY(channel_limits_fill(&none, &limits));
    return session_new(&setup, out);
}

static status talk(struct session *client, struct session *server)
{
    struct message m CLEANUP(message_done) = {0};
    uint8_t large[FRAGMENT_BODY_MAX + 1] = {0};
    TRY(session_send(client, 1, MSG_REQUEST, true, BYTES_OF(large)));
    TRY(session_recv(server, test_soon(), &m));
    TRY(session_post(server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    message_done(&m);
    TRY(session_recv(client, test_soon(), &m));
    return session_end(client);
}

static status one_conversation(void)
{
    struct stream *a = NULL;
    struct stream *b = NULL;
    struct session *client CLEANUP(session_freep) = NULL;
    struct session *server CLEANUP(session_freep) = NULL;
    TRY(stream_pair(&a, &b));
    status s = make(a, true, &client);
    if (failed(s))
        stream_freep(&b);
    TRY(s);
    TRY(make(b, false, &server));
    return talk(client, server);
}

static void lack_of_memory_is_an_error_and_no_more(void **state)
{
    (void)state;
    static const struct fault_row ROW = {"a session with one exchange", one_conversation};
    fault_walk_own(&ROW);
    fault_walk_all(&ROW);
}

static void accessors(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    assert_memory_equal(session_id(p.client), session_id(p.server), SESSION_ID_LEN);
    assert_null(session_evidence(p.client));
    assert_int_equal(session_evidence_bytes(p.client).n, 0);
    assert_int_equal(session_next_stream(p.client), 1);
    assert_int_equal(session_next_stream(p.client), 2);
    assert_ok(session_send(p.client, 10, MSG_REQUEST, true, BYTES_LIT("")));
    assert_int_equal(session_next_stream(p.client), 11);
    session_pair_done(&p);
    session_freep(&p.client); /* takes NULL */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_above_the_receivers_limit_ends_the_session),
        cmocka_unit_test(many_threads_share_one_session),
        cmocka_unit_test(misuse_is_refused_and_does_no_harm),
        cmocka_unit_test(streams_in_flight_are_limited),
        cmocka_unit_test(a_cancel_arrives_once_and_a_late_one_not_at_all),
        cmocka_unit_test(each_direction_ends_on_its_own),
        cmocka_unit_test(an_end_without_goodbye_is_a_cut),
        cmocka_unit_test(abort_wakes_the_receiver_and_tells_the_peer),
        cmocka_unit_test(abort_wakes_a_blocked_sender),
        cmocka_unit_test(the_callers_deadline_does_no_harm),
        cmocka_unit_test(idle_sessions_end_but_not_while_work_is_open),
        cmocka_unit_test(a_stream_left_half_open_does_not_keep_a_session_alive),
        cmocka_unit_test(a_message_must_be_finished_in_time),
        cmocka_unit_test(a_session_has_an_age_limit),
        cmocka_unit_test(a_busy_session_has_an_age_limit_too),
        cmocka_unit_test(lack_of_memory_is_an_error_and_no_more),
        cmocka_unit_test(accessors),
    };
    return cmocka_run_group_tests(tests, fault_walk_set_up, NULL);
}
