/* What a session sends: sizes, keys, padding, a peer that does not read, and nothing behind an end.
 */
#include "support/fault_walk.h"
#include "support/session.h"

#include "base/clock.h"
#include "channel/session_state.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* --- sizes --- */

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
        struct buf body CLEANUP(buf_done) = test_pattern(SIZES[i], i);
        struct sending up = {p.client, i + 1, MSG_REQUEST, buf_view(&body), OK, 0};
        struct sending down = {p.server, i + 1, MSG_RESPONSE, buf_view(&body), OK, 0};
        start(&up);
        session_expect(p.server, i + 1, MSG_REQUEST, true, buf_view(&body));
        finish(&up);
        start(&down);
        session_expect(p.client, i + 1, MSG_RESPONSE, true, buf_view(&body));
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
    struct buf body CLEANUP(buf_done) = test_pattern(101, 1);
    p.client->peer_max_message = 100;
    assert_code(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)), ST_LIMIT);
    assert_code(session_post(p.client, 1, MSG_REQUEST, true, buf_view(&body)), ST_LIMIT);
    body.n--;
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, buf_view(&body)));
    session_expect(p.server, 1, MSG_REQUEST, true, buf_view(&body));
    session_pair_done(&p);
}

static void two_large_messages_interleave(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf a CLEANUP(buf_done) = test_pattern(3 << 20, 1);
    struct buf b CLEANUP(buf_done) = test_pattern(3 << 20, 2);
    struct sending first = {p.client, 1, MSG_REQUEST, buf_view(&a), OK, 0};
    struct sending second = {p.client, 2, MSG_REQUEST, buf_view(&b), OK, 0};
    start(&first);
    start(&second);
    for (int i = 0; i < 2; i++) {
        struct message m CLEANUP(message_done) = {0};
        assert_ok(session_recv(p.server, test_soon(), &m));
        assert_bytes_equal(buf_view(&m.body), buf_view(m.stream_id == 1 ? &a : &b));
    }
    finish(&first);
    finish(&second);
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
        session_expect(p.server, 1, MSG_REQUEST, false, BYTES_LIT("0123456789"));
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
        struct buf body CLEANUP(buf_done) = test_pattern(SIZES[i], i);
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
    struct buf body CLEANUP(buf_done) = test_pattern(1 << 20, 1);
    struct message none = {0};
    uint32_t n = 0;
    assert_ok(session_send(p.client, 1, MSG_REQUEST, false, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, false, BYTES_LIT("q"));
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
    session_expect(p.client, 1, MSG_RESPONSE, true, BYTES_LIT("end"));
    session_pair_done(&p);
}

static void send_takes_over_what_post_left(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = test_pattern(2 << 20, 1);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, false, buf_view(&body)));
    struct sending last = {p.server, 1, MSG_RECEIPT, BYTES_LIT("receipt"), OK, 0};
    start(&last);
    session_expect(p.client, 1, MSG_RESPONSE, false, buf_view(&body));
    session_expect(p.client, 1, MSG_RECEIPT, true, BYTES_LIT("receipt"));
    finish(&last);
    session_pair_done(&p);
}

static void a_peer_that_does_not_read_times_out(void **state)
{
    (void)state;
    const struct channel_limits quick = {.write_timeout_ms = 50};
    struct session_pair p = session_pair_open(&quick, &quick);
    struct buf body CLEANUP(buf_done) = test_pattern(8 << 20, 1);
    struct message m = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_code(session_send(p.client, 2, MSG_REQUEST, true, buf_view(&body)), ST_TIMEOUT);
    assert_code(session_send(p.client, 3, MSG_REQUEST, true, BYTES_LIT("")), ST_TIMEOUT);
    session_pair_done(&p);

    p = session_pair_open(&quick, &quick);
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, true, buf_view(&body)));
    assert_code(session_recv(p.server, SESSION_NO_DEADLINE, &m), ST_TIMEOUT);
    assert_false(session_is_open(p.server));
    session_pair_done(&p);
}

static void queued_messages_leave_with_the_next_one(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct message none = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_queue(p.server, 1, MSG_RESPONSE, false, BYTES_LIT("a")));
    assert_code(session_recv(p.client, clock_deadline_ms(20), &none), ST_TIMEOUT);
    assert_ok(session_post(p.server, 1, MSG_RECEIPT, true, BYTES_LIT("r")));
    session_expect(p.client, 1, MSG_RESPONSE, false, BYTES_LIT("a"));
    session_expect(p.client, 1, MSG_RECEIPT, true, BYTES_LIT("r"));
    /* Without a next one the receiver writes it. */
    assert_ok(session_send(p.client, 2, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 2, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_queue(p.server, 2, MSG_RESPONSE, true, BYTES_LIT("a")));
    assert_code(session_recv(p.server, clock_deadline_ms(20), &none), ST_TIMEOUT);
    session_expect(p.client, 2, MSG_RESPONSE, true, BYTES_LIT("a"));
    session_pair_done(&p);
}

static void storage_of_a_large_message_goes_back(void **state)
{
    (void)state;
    struct session_pair p = session_pair_open(NULL, NULL);
    struct buf body CLEANUP(buf_done) = test_pattern(8 << 20, 1);
    struct message none = {0};
    assert_ok(session_send(p.client, 1, MSG_REQUEST, true, BYTES_LIT("q")));
    session_expect(p.server, 1, MSG_REQUEST, true, BYTES_LIT("q"));
    assert_ok(session_post(p.server, 1, MSG_RESPONSE, true, buf_view(&body)));
    struct message m CLEANUP(message_done) = {0};
    while (session_recv(p.client, 0, &m).code == ST_TIMEOUT)
        assert_code(session_recv(p.server, 0, &none), ST_TIMEOUT);
    assert_bytes_equal(buf_view(&m.body), buf_view(&body));
    assert_true(p.server->pending.cap + p.server->writing.cap <= 2 << 20);
    session_pair_done(&p);
}

/* --- behind the end --- */

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
    struct buf body CLEANUP(buf_done) = test_pattern(9 * FRAGMENT_BODY_MAX, 1);
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
        assert_ok(session_recv(p->server, test_soon(), &m));
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
        assert_ok(session_recv(p.client, test_soon(), &first));
        session_abort(p.server, ST_CANCELLED);
        session_abort(p.server, ST_CANCELLED);
        while (ok(got)) {
            struct message m CLEANUP(message_done) = {0};
            got = session_recv(p.client, test_soon(), &m);
        }
        (void)pthread_join(writer, NULL);
        assert_int_equal(got.code, ST_CANCELLED);
        session_pair_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_arrives_whole),
        cmocka_unit_test(a_message_above_the_limit_is_not_sent_and_does_no_harm),
        cmocka_unit_test(two_large_messages_interleave),
        cmocka_unit_test(keys_change_after_records_and_after_bytes),
        cmocka_unit_test(padding_makes_records_of_one_size),
        cmocka_unit_test(post_never_waits_and_the_receiver_writes_the_rest),
        cmocka_unit_test(send_takes_over_what_post_left),
        cmocka_unit_test(a_peer_that_does_not_read_times_out),
        cmocka_unit_test(queued_messages_leave_with_the_next_one),
        cmocka_unit_test(storage_of_a_large_message_goes_back),
        cmocka_unit_test(nothing_follows_the_end),
        cmocka_unit_test(the_reason_of_an_abort_arrives_behind_a_write),
    };
    return cmocka_run_group_tests(tests, fault_walk_set_up, NULL);
}
