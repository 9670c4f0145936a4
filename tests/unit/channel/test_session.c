/* Messages over sessions whose two ends behave. */
#include "support/fault_walk.h"
#include "support/session.h"

#include "base/clock.h"
#include "channel/session_state.h"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t soon(void)
{
    return clock_deadline_ms(TEST_PATIENCE_MS);
}

static struct buf pattern(size_t n, uint32_t seed)
{
    struct buf b = BUF_MAX(n);
    uint8_t *p = buf_extend(&b, n);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)(seed >> 24);
    }
    return b;
}

static void receive(struct session *s, uint32_t id, uint8_t type, bool is_last, struct bytes want)
{
    struct message m CLEANUP(message_done) = {0};
    assert_ok(session_recv(s, soon(), &m));
    assert_int_equal(m.stream_id, id);
    assert_int_equal(m.type, type);
    assert_int_equal(m.is_last, is_last);
    assert_bytes_equal(buf_view(&m.body), want);
}

/* --- sizes --- */

struct sending {
    struct session *session;
    uint32_t id;
    uint8_t type;
    struct bytes body;
    status result;
    pthread_t thread;
};

static void *send_one(void *arg)
{
    struct sending *x = arg;
    x->result = session_send(x->session, x->id, x->type, true, x->body);
    return NULL;
}

static void start(struct sending *x)
{
    assert_int_equal(pthread_create(&x->thread, NULL, send_one, x), 0);
}

static void finish(struct sending *x)
{
    (void)pthread_join(x->thread, NULL);
    assert_int_equal(x->result.code, ST_OK);
}

static void every_size_arrives_whole(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0,
                                   1,
                                   FRAGMENT_BODY_MAX - 1,
                                   FRAGMENT_BODY_MAX,
                                   FRAGMENT_BODY_MAX + 1,
                                   8 * FRAGMENT_BODY_MAX,
                                   8 * FRAGMENT_BODY_MAX + 1,
                                   1 << 20,
                                   16 << 20};
    struct session_pair p = session_pair_open(NULL, NULL);
    for (uint32_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        struct buf body CLEANUP(buf_done) = pattern(SIZES[i], i);
        struct sending up = {p.client, i + 1, MSG_REQUEST, buf_view(&body), OK, 0};
        struct sending down = {p.server, i + 1, MSG_RESPONSE, buf_view(&body), OK, 0};
        start(&up);
        receive(p.server, i + 1, MSG_REQUEST, true, buf_view(&body));
        finish(&up);
        start(&down);
        receive(p.client, i + 1, MSG_RESPONSE, true, buf_view(&body));
        finish(&down);
    }
    assert_int_equal(session_n_streams(p.client), 0);
    assert_int_equal(session_n_streams(p.server), 0);
    session_pair_done(&p);
}

static void a_message_above_the_limit_is_not_sent_and_does_no_harm(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = pattern(101, 1);
    p.client->peer_max_message = 100;
    assert_code(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)), ST_LIMIT);
    assert_code(session_post(p.client, 1, MSG_REQUEST, true, buf_view(&body)), ST_LIMIT);
    body.n--;
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)));
    receive(p.server, 1, MSG_REQUEST, true, buf_view(&body));
    session_pair_done(&p);
}

static void a_message_above_the_receivers_limit_ends_the_session(void **state)
{
    (void)state;
    const struct channel_limits small = {.max_message_bytes = 100};
    struct session_pair p = session_pair_open(NULL, &small);
    struct buf body CLEANUP(buf_done) = pattern(101, 1);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)));
    assert_code(session_recv(p.server, soon(), &m), ST_LIMIT);
    assert_code(session_recv(p.server, soon(), &m), ST_LIMIT);
    assert_false(session_is_open(p.server));
    assert_code(session_recv(p.client, soon(), &m), ST_LIMIT); /* was told why */
    session_pair_done(&p);
}

/* --- many at once --- */

static void two_large_messages_interleave(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf a CLEANUP(buf_done) = pattern(3 << 20, 1);
    struct buf b CLEANUP(buf_done) = pattern(3 << 20, 2);
    struct sending first = {p.client, 1, MSG_REQUEST, buf_view(&a), OK, 0};
    struct sending second = {p.client, 2, MSG_REQUEST, buf_view(&b), OK, 0};
    start(&first);
    start(&second);
    for (int i = 0; i < 2; i++) {
        struct message m CLEANUP(message_done) = {0};
        assert_ok(session_recv(p.server, soon(), &m));
        assert_bytes_equal(buf_view(&m.body), buf_view(m.stream_id == 1 ? &a : &b));
    }
    finish(&first);
    finish(&second);
    session_pair_done(&p);
}

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
        if (failed(session_recv(c->server, soon(), &m)) ||
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
        assert_ok(session_recv(c->client, soon(), &m));
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    for (size_t i = 0; i < sizeof(MISUSES) / sizeof(MISUSES[0]); i++) {
        const struct misuse *x = &MISUSES[i];
        struct session *s = x->by_client ? p.client : p.server;
        status sent = session_send(s, x->id, x->type, x->is_last, bytes_str(x->body));
        status posted = session_post(s, x->id, x->type, x->is_last, bytes_str(x->body));
        if (sent.code != ST_USAGE || posted.code != ST_USAGE)
            fail_msg("%s: %s", x->rule, status_name(sent.code));
    }
    assert_ok(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    receive(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("a"));
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT(""));
    assert_ok(session_send(p.server, 1, MSG_ERROR, true, BYTES_LIT("e")));
    receive(p.client, 1, MSG_ERROR, true, BYTES_LIT("e"));
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    receive(p.server, 1, MSG_CANCEL, false, BYTES_LIT(""));
    assert_ok(session_send(p.server, 1, MSG_ERROR, true, BYTES_LIT("cancelled")));
    receive(p.server, 2, MSG_REQUEST, true, BYTES_LIT("q2"));
    assert_ok(session_send(p.server, 2, MSG_RESPONSE, true, BYTES_LIT("a2")));
    /* Sent before the end of stream 2 was seen here. */
    assert_ok(session_send(p.client, 2, MSG_CANCEL, false, BYTES_LIT("")));
    assert_ok(session_send(p.client, 3, MSG_REQUEST, true, BYTES_LIT("q3")));
    receive(p.server, 3, MSG_REQUEST, true, BYTES_LIT("q3"));
    receive(p.client, 1, MSG_ERROR, true, BYTES_LIT("cancelled"));
    receive(p.client, 2, MSG_RESPONSE, true, BYTES_LIT("a2"));
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_recv(p.server, soon(), &m), ST_CLOSED);
    assert_code(session_recv(p.server, soon(), &m), ST_CLOSED);
    assert_false(session_is_open(p.server));
    assert_ok(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    receive(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("a"));
    assert_ok(session_end(p.server));
    assert_code(session_recv(p.client, soon(), &m), ST_CLOSED);
    session_pair_done(&p);
}

static void an_end_without_goodbye_is_a_cut(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_freep(&p.client);
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_recv(p.server, soon(), &m), ST_CUT);
    assert_code(session_recv(p.server, soon(), &m), ST_CUT);
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
    assert_code(session_recv(p.client, soon(), &m), ST_BUSY);
    assert_non_null(strstr(status_detail(), "too busy"));
    assert_code(session_post(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("")), ST_CANCELLED);
    assert_code(session_end(p.server), ST_CANCELLED);
    session_abort(p.server, ST_BUSY); /* again: nothing */
    session_pair_done(&p);
}

static void *post_until_it_fails(void *arg)
{
    struct session *server = arg;
    for (uint32_t id = 1; ok(session_post(server, id, MSG_RESPONSE, false, BYTES_LIT("r"))); id++) {
        if (failed(session_post(server, id, MSG_RECEIPT, true, BYTES_LIT("r"))))
            break;
    }
    return NULL;
}

/* Requests for as many answers as a round can take. */
static void ask_for_many(struct session_pair *p, uint32_t n)
{
    for (uint32_t id = 1; id <= n; id++) {
        struct message m CLEANUP(message_done) = {0};
        assert_ok(session_send(p->client, id, MSG_REQUEST, true, BYTES_LIT("q")));
        assert_ok(session_recv(p->server, soon(), &m));
    }
}

/* The reason goes behind what another thread is writing, and is not lost to the end of the stream.
 */
static void the_reason_of_an_abort_arrives_behind_a_write(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct session_pair p = session_pair_open(NULL, NULL);
        pthread_t writer;
        status got = OK;
        ask_for_many(&p, 60);
        assert_int_equal(pthread_create(&writer, NULL, post_until_it_fails, p.server), 0);
        struct message first CLEANUP(message_done) = {0};
        assert_ok(session_recv(p.client, soon(), &first));
        session_abort(p.server, ST_CANCELLED);
        session_abort(p.server, ST_CANCELLED);
        while (ok(got)) {
            struct message m CLEANUP(message_done) = {0};
            got = session_recv(p.client, soon(), &m);
        }
        (void)pthread_join(writer, NULL);
        assert_int_equal(got.code, ST_CANCELLED);
        session_pair_done(&p);
    }
}

static void abort_wakes_a_blocked_sender(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = pattern(16 << 20, 1);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, abort_later, p.client), 0);
    assert_code(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)), ST_CANCELLED);
    (void)pthread_join(t, NULL);
    session_pair_done(&p);
}

/* --- keys and padding --- */

static void check_rekey(const struct channel_limits *limits, uint32_t n, uint64_t most_records)
{
    struct session_pair p = session_pair_open(limits, NULL);
    struct traffic_secret first = p.client->writer.secret;
    for (uint32_t i = 1; i <= n; i++) {
        assert_ok(session_send(p.client, 1, MSG_REQUEST, false, BYTES_LIT("0123456789")));
        assert_true(p.client->writer.n_records <= most_records);
        receive(p.server, 1, MSG_REQUEST, false, BYTES_LIT("0123456789"));
    }
    assert_memory_not_equal(&first, &p.client->writer.secret, sizeof(first));
    assert_memory_equal(&p.server->reader.secret, &p.client->writer.secret, sizeof(first));
    session_pair_done(&p);
}

static void keys_change_after_records_and_after_bytes(void **state)
{
    (void)state;
    const struct channel_limits by_one = {.rekey_records = 1};
    const struct channel_limits by_records = {.rekey_records = 5};
    const struct channel_limits by_bytes = {.rekey_bytes = 40};
    check_rekey(&by_one, 10, 1);
    check_rekey(&by_records, 100, 5);
    check_rekey(&by_bytes, 100, 3);
}

static void padding_makes_records_of_one_size(void **state)
{
    (void)state;
    const struct channel_limits padded = {.pad_to_bytes = 1000};
    struct raw_peer p = raw_peer_open(true, &padded);
    static const size_t SIZES[] = {0, 1, 991, 992, 993, FRAGMENT_BODY_MAX, FRAGMENT_BODY_MAX + 1};
    for (uint32_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        struct buf body CLEANUP(buf_done) = pattern(SIZES[i], i);
        assert_ok(session_send(p.session, 1, MSG_REQUEST, false, buf_view(&body)));
        struct fragment f = {0};
        for (size_t at = 0; !f.is_message_end; at += f.body.n) {
            struct record_header h;
            struct buf plain CLEANUP(buf_done) = raw_read(&p, &h);
            assert_true(plain.n % 1000 == 0 || plain.n == RECORD_PLAIN_MAX);
            assert_ok(fragment_parse(buf_view(&plain), &f));
            assert_true(f.body.n == 0 || memcmp(f.body.p, body.p + at, f.body.n) == 0);
        }
    }
    raw_peer_done(&p);
}

/* --- a peer that does not read --- */

static void post_never_waits_and_the_receiver_writes_the_rest(void **state)
{
    (void)state;
    const struct channel_limits small = {.max_queued_bytes = 4 << 20};
    struct session_pair p = session_pair_open(NULL, &small);
    struct buf body CLEANUP(buf_done) = pattern(1 << 20, 1);
    struct message none = {0};
    uint32_t n = 0;
    assert_ok(session_send(p.client, 1, MSG_REQUEST, false, BYTES_LIT("q")));
    receive(p.server, 1, MSG_REQUEST, false, BYTES_LIT("q"));
    status s = OK;
    while (ok(s) && n < 100) {
        s = session_post(p.server, 1, MSG_RESPONSE, false, buf_view(&body));
        n += ok(s) ? 1 : 0;
    }
    assert_int_equal(s.code, ST_BUSY);
    assert_in_range(n, 3, 8);
    assert_true(session_is_open(p.server)); /* busy, not dead */
    for (uint32_t i = 0; i < n; i++) {
        struct message m CLEANUP(message_done) = {0};
        status got = {ST_TIMEOUT};
        for (int tries = 0; tries < 200 && got.code == ST_TIMEOUT; tries++) {
            assert_code(session_recv(p.server, clock_deadline_ms(1), &none), ST_TIMEOUT);
            got = session_recv(p.client, clock_deadline_ms(1), &m);
        }
        assert_int_equal(got.code, ST_OK);
        assert_bytes_equal(buf_view(&m.body), buf_view(&body));
    }
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("end")));
    receive(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("end"));
    session_pair_done(&p);
}

static void send_takes_over_what_post_left(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = pattern(2 << 20, 1);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, false, buf_view(&body)));
    struct sending last = {p.server, 1, MSG_RECEIPT, BYTES_LIT("receipt"), OK, 0};
    start(&last);
    receive(p.client, 1, MSG_RESPONSE, false, buf_view(&body));
    receive(p.client, 1, MSG_RECEIPT, true, BYTES_LIT("receipt"));
    finish(&last);
    session_pair_done(&p);
}

static void a_peer_that_does_not_read_times_out(void **state)
{
    (void)state;
    const struct channel_limits quick = {.write_timeout_ms = 50};
    struct session_pair p = session_pair_open(&quick, &quick);
    struct buf body CLEANUP(buf_done) = pattern(8 << 20, 1);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_send(p.client, 2, MSG_REQUEST, true, buf_view(&body)), ST_TIMEOUT);
    assert_code(session_send(p.client, 3, MSG_REQUEST, true, BYTES_LIT("")), ST_TIMEOUT);
    session_pair_done(&p);

    p = session_pair_open(&quick, &quick);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, true, buf_view(&body)));
    assert_code(session_recv(p.server, SESSION_NO_DEADLINE, &m), ST_TIMEOUT);
    assert_false(session_is_open(p.server));
    session_pair_done(&p);
}

static void *end_it(void *session)
{
    assert_ok(session_end(session));
    return NULL;
}

static uint64_t sealed(struct session *s, bool *out_has_ended)
{
    (void)pthread_mutex_lock(&s->lock);
    uint64_t n = s->sealed_bytes;
    *out_has_ended = s->has_ended;
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

/* An end that comes between two steps of a large message: nothing is sealed behind it, and whoever
 * sends is told that the message did not arrive. */
static void nothing_follows_the_end(void **state)
{
    (void)state;
    struct raw_peer p = raw_peer_open(true, NULL);
    struct buf body CLEANUP(buf_done) = pattern(9 * FRAGMENT_BODY_MAX, 1);
    struct sending x = {p.session, 1, MSG_REQUEST, buf_view(&body), OK, 0};
    struct record_header h = {.type = RECORD_DATA};
    bool has_ended = false;
    pthread_t ender;
    int small = 4096; /* far less than one step */
    assert_int_equal(
        setsockopt(stream_fd(p.session->stream), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    start(&x);
    while (sealed(p.session, &has_ended) == 0)
        (void)usleep(1000);
    assert_int_equal(pthread_create(&ender, NULL, end_it, p.session), 0);
    while (!has_ended) {
        (void)usleep(1000);
        (void)sealed(p.session, &has_ended);
    }
    for (int i = 0; i <= 8; i++) {
        struct buf plain = raw_read(&p, &h);
        assert_int_equal(h.type, i < 8 ? RECORD_DATA : RECORD_CLOSE);
        buf_done(&plain);
    }
    (void)pthread_join(x.thread, NULL);
    (void)pthread_join(ender, NULL);
    assert_int_equal(x.result.code, ST_CLOSED);
    raw_peer_done(&p);
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_recv(p.server, clock_deadline_ms(150), &m), ST_TIMEOUT);
    assert_true(session_is_open(p.server)); /* stream 1 is open */
    assert_ok(session_send(p.server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    check_timeout(p.server, 60, "idle"); /* counted from the answer */
    receive(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("a"));
    assert_code(session_recv(p.client, soon(), &m), ST_TIMEOUT); /* was told */
    session_pair_done(&p);
}

static void a_stream_left_half_open_does_not_keep_a_session_alive(void **state)
{
    (void)state;
    const struct channel_limits quick = {.idle_timeout_ms = 60};
    struct session_pair p = session_pair_open(NULL, &quick);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, false, BYTES_LIT("more to come")));
    receive(p.server, 1, MSG_REQUEST, false, BYTES_LIT("more to come"));
    check_timeout(p.server, 60, "idle");
    session_pair_done(&p);
}

static void queued_messages_leave_with_the_next_one(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message none = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_queue(p.server, 1, MSG_RESPONSE, false, BYTES_LIT("a")));
    assert_code(session_recv(p.client, clock_deadline_ms(20), &none), ST_TIMEOUT);
    assert_ok(session_post(p.server, 1, MSG_RECEIPT, true, BYTES_LIT("r")));
    receive(p.client, 1, MSG_RESPONSE, false, BYTES_LIT("a"));
    receive(p.client, 1, MSG_RECEIPT, true, BYTES_LIT("r"));
    /* Without a next one the receiver writes it. */
    assert_ok(session_send(p.client, 2, MSG_REQUEST, true, BYTES_LIT("q")));
    receive(p.server, 2, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_queue(p.server, 2, MSG_RESPONSE, true, BYTES_LIT("a")));
    assert_code(session_recv(p.server, clock_deadline_ms(20), &none), ST_TIMEOUT);
    receive(p.client, 2, MSG_RESPONSE, true, BYTES_LIT("a"));
    session_pair_done(&p);
}

static void storage_of_a_large_message_goes_back(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = pattern(8 << 20, 1);
    struct message none = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, true, buf_view(&body)));
    struct message m CLEANUP(message_done) = {0};
    while (session_recv(p.client, 0, &m).code == ST_TIMEOUT)
        assert_code(session_recv(p.server, 0, &none), ST_TIMEOUT);
    assert_bytes_equal(buf_view(&m.body), buf_view(&body));
    assert_true(p.server->pending.cap + p.server->writing.cap <= 2 << 20);
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
    receive(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
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
    TRY(session_recv(server, soon(), &m));
    TRY(session_post(server, 1, MSG_RESPONSE, true, BYTES_LIT("a")));
    message_done(&m);
    TRY(session_recv(client, soon(), &m));
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
        cmocka_unit_test(every_size_arrives_whole),
        cmocka_unit_test(a_message_above_the_limit_is_not_sent_and_does_no_harm),
        cmocka_unit_test(a_message_above_the_receivers_limit_ends_the_session),
        cmocka_unit_test(two_large_messages_interleave),
        cmocka_unit_test(many_threads_share_one_session),
        cmocka_unit_test(misuse_is_refused_and_does_no_harm),
        cmocka_unit_test(streams_in_flight_are_limited),
        cmocka_unit_test(a_cancel_arrives_once_and_a_late_one_not_at_all),
        cmocka_unit_test(each_direction_ends_on_its_own),
        cmocka_unit_test(an_end_without_goodbye_is_a_cut),
        cmocka_unit_test(abort_wakes_the_receiver_and_tells_the_peer),
        cmocka_unit_test(the_reason_of_an_abort_arrives_behind_a_write),
        cmocka_unit_test(abort_wakes_a_blocked_sender),
        cmocka_unit_test(keys_change_after_records_and_after_bytes),
        cmocka_unit_test(padding_makes_records_of_one_size),
        cmocka_unit_test(post_never_waits_and_the_receiver_writes_the_rest),
        cmocka_unit_test(send_takes_over_what_post_left),
        cmocka_unit_test(a_peer_that_does_not_read_times_out),
        cmocka_unit_test(nothing_follows_the_end),
        cmocka_unit_test(the_callers_deadline_does_no_harm),
        cmocka_unit_test(idle_sessions_end_but_not_while_work_is_open),
        cmocka_unit_test(a_stream_left_half_open_does_not_keep_a_session_alive),
        cmocka_unit_test(queued_messages_leave_with_the_next_one),
        cmocka_unit_test(storage_of_a_large_message_goes_back),
        cmocka_unit_test(a_message_must_be_finished_in_time),
        cmocka_unit_test(a_session_has_an_age_limit),
        cmocka_unit_test(a_busy_session_has_an_age_limit_too),
        cmocka_unit_test(lack_of_memory_is_an_error_and_no_more),
        cmocka_unit_test(accessors),
    };
    return cmocka_run_group_tests(tests, fault_walk_set_up, NULL);
}
