/* The relay inside one process; tests/integration/host.py has the program. */
#include "support/test.h"

#include "base/clock.h"
#include "net/relay.h"
#include "net/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t soon(void)
{
    return clock_deadline_ms(TEST_PATIENCE_MS);
}

struct world {
    struct listener *upstream;
    struct relay *relay;
    pthread_t thread;
    status result;
    atomic_int n[RELAY_TIMED_OUT + 1]; /* events of each kind */
};

static void count(void *ctx, const struct relay_report *r)
{
    struct world *w = ctx;
    assert_non_null(r->why);
    atomic_fetch_add(&w->n[r->event], 1);
}

static void *run(void *arg)
{
    struct world *w = arg;
    w->result = relay_run(w->relay);
    return NULL;
}

static struct relay_options options_of(struct world *w)
{
    return (struct relay_options){
        .listen = "tcp:127.0.0.1:0",
        .upstream = listener_address(w->upstream),
        .max_connections = 2,
        .idle_timeout_ms = 10000,
        .total_timeout_ms = 10000,
        .connect_timeout_ms = 10000,
        .busy_reply = BYTES_LIT("busy"),
        .unreachable_reply = BYTES_LIT("gone"),
        .report = count,
        .ctx = w,
    };
}

static void start(struct world *w)
{
    assert_ok(listener_open("tcp:127.0.0.1:0", &w->upstream));
    struct relay_options o = options_of(w);
    assert_ok(relay_new(&o, &w->relay));
    assert_int_equal(pthread_create(&w->thread, NULL, run, w), 0);
}

static void stop(struct world *w)
{
    relay_stop(w->relay);
    (void)pthread_join(w->thread, NULL);
    assert_int_equal(w->result.code, ST_OK);
    relay_freep(&w->relay);
    relay_freep(&w->relay); /* takes NULL */
    listener_freep(&w->upstream);
}

struct link {
    struct stream *client;
    struct stream *server;
};

static struct link open_link(struct world *w)
{
    struct link l = {0};
    assert_ok(stream_connect(relay_address(w->relay), soon(), &l.client));
    assert_ok(listener_accept(w->upstream, soon(), &l.server));
    return l;
}

static void link_done(struct link *l)
{
    stream_freep(&l->client);
    stream_freep(&l->server);
}

static void wait_for(atomic_int *counter, int n)
{
    uint64_t end = soon();
    while (atomic_load(counter) < n && clock_mono_ns() < end)
        ;
    assert_int_equal(atomic_load(counter), n);
}

static void bytes_go_both_ways_and_ends_go_one_by_one(void **state)
{
    (void)state;
    struct world w = {0};
    char got[5];
    start(&w);
    struct link l = open_link(&w);
    assert_ok(stream_write(l.client, BYTES_LIT("hello"), soon()));
    assert_ok(stream_read(l.server, got, 5, soon()));
    assert_memory_equal(got, "hello", 5);
    stream_shutdown_write(l.client);
    assert_code(stream_read(l.server, got, 1, soon()), ST_CLOSED);
    assert_ok(stream_write(l.server, BYTES_LIT("still"), soon()));
    assert_ok(stream_read(l.client, got, 5, soon()));
    assert_memory_equal(got, "still", 5);
    stream_shutdown_write(l.server);
    assert_code(stream_read(l.client, got, 1, soon()), ST_CLOSED);
    wait_for(&w.n[RELAY_CLOSED], 1);
    link_done(&l);
    stop(&w);
}

static void a_reset_of_one_side_reaches_the_other(void **state)
{
    (void)state;
    struct world w = {0};
    char got[1];
    start(&w);
    struct link l = open_link(&w);
    assert_ok(stream_write(l.client, BYTES_LIT("x"), soon()));
    assert_ok(stream_read(l.server, got, 1, soon()));
    stream_freep(&l.server);
    status s = stream_read(l.client, got, 1, soon());
    assert_int_equal(s.code, ST_CLOSED);
    link_done(&l);
    wait_for(&w.n[RELAY_OPENED], 1);
    stop(&w);
}

/* The upstream goes on sending, and hears of the loss although nothing is read any more. */
static void a_client_that_breaks_off_frees_the_upstream(void **state)
{
    (void)state;
    struct world w = {0};
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    static const uint8_t block[4096];
    start(&w);
    struct link l = open_link(&w);
    assert_ok(stream_write(l.server, BYTES_OF(block), soon()));
    assert_int_equal(setsockopt(stream_fd(l.client), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)),
                     0);
    stream_freep(&l.client);
    status s = OK;
    for (uint64_t end = soon(); ok(s) && clock_mono_ns() < end;)
        s = stream_write(l.server, BYTES_OF(block), soon());
    assert_int_equal(s.code, ST_CLOSED);
    wait_for(&w.n[RELAY_BROKEN], 1);
    link_done(&l);
    stop(&w);
}

/* It has said all that it had to say and waits for an answer: nothing is read from it any more. */
static void a_client_that_ended_and_breaks_off_frees_the_upstream(void **state)
{
    (void)state;
    struct world w = {0};
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    char got[1];
    start(&w);
    struct link l = open_link(&w);
    stream_shutdown_write(l.client);
    assert_code(stream_read(l.server, got, 1, soon()), ST_CLOSED);
    assert_int_equal(setsockopt(stream_fd(l.client), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)),
                     0);
    stream_freep(&l.client);
    wait_for(&w.n[RELAY_BROKEN], 1);
    link_done(&l);
    stop(&w);
}

static uint64_t cpu_ns(pthread_t thread)
{
    clockid_t clock;
    struct timespec t;
    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    assert_int_equal(clock_gettime(clock, &t), 0);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Writes until neither the relay nor the upstream takes more. */
static void fill(struct stream *s)
{
    static const uint8_t block[64 << 10];
    size_t n = 0;
    for (int quiet = 0; quiet < 10; quiet++) {
        assert_ok(stream_try_write(s, BYTES_OF(block), &n));
        if (n > 0)
            quiet = 0;
        else
            (void)usleep(10000);
    }
}

/* The reset of a client whose bytes nobody takes is reported by the kernel again and again. */
static void a_client_that_breaks_off_behind_a_slow_upstream_costs_nothing(void **state)
{
    (void)state;
    struct world w = {0};
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    static uint8_t block[64 << 10];
    start(&w);
    struct link l = open_link(&w);
    fill(l.client);
    assert_int_equal(setsockopt(stream_fd(l.client), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)),
                     0);
    stream_freep(&l.client);
    (void)usleep(20000);
    uint64_t before = cpu_ns(w.thread);
    (void)usleep(300000);
    assert_true(cpu_ns(w.thread) - before < 50000000);
    /* Taken up again once the upstream reads. */
    status s = OK;
    size_t n = 0;
    while (ok(s))
        s = stream_read_some(l.server, block, sizeof(block), soon(), &n);
    assert_int_equal(s.code, ST_CLOSED);
    link_done(&l);
    wait_for(&w.n[RELAY_OPENED], 1);
    stop(&w);
}

static void above_the_limit_one_is_told(void **state)
{
    (void)state;
    struct world w = {0};
    struct stream *third = NULL;
    char got[5];
    start(&w);
    struct link a = open_link(&w);
    struct link b = open_link(&w);
    assert_ok(stream_connect(relay_address(w.relay), soon(), &third));
    assert_ok(stream_read(third, got, 4, soon()));
    assert_memory_equal(got, "busy", 4);
    assert_code(stream_read(third, got, 1, soon()), ST_CLOSED);
    stream_freep(&third);
    wait_for(&w.n[RELAY_REFUSED], 1);
    link_done(&a);
    wait_for(&w.n[RELAY_CLOSED], 1);
    a = open_link(&w); /* the place is free again */
    link_done(&a);
    link_done(&b);
    stop(&w);
}

static void an_upstream_that_is_gone_is_told(void **state)
{
    (void)state;
    struct world w = {0};
    struct stream *client = NULL;
    char got[5];
    start(&w);
    listener_freep(&w.upstream);
    assert_ok(stream_connect(relay_address(w.relay), soon(), &client));
    assert_ok(stream_read(client, got, 4, soon()));
    assert_memory_equal(got, "gone", 4);
    stream_freep(&client);
    wait_for(&w.n[RELAY_UNREACHABLE], 1);
    stop(&w);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    struct world w = {0};
    struct relay *r = NULL;
    assert_ok(listener_open("tcp:127.0.0.1:0", &w.upstream));
    struct relay_options o = options_of(&w);
    o.max_connections = 0;
    assert_code(relay_new(&o, &r), ST_CONFIG);
    o.max_connections = RELAY_CONNECTIONS_MAX + 1;
    assert_code(relay_new(&o, &r), ST_CONFIG);
    o = options_of(&w);
    o.idle_timeout_ms = 0;
    assert_code(relay_new(&o, &r), ST_CONFIG);
    o = options_of(&w);
    o.upstream = "nonsense";
    assert_code(relay_new(&o, &r), ST_CONFIG);
    o = options_of(&w);
    o.listen = listener_address(w.upstream);
    assert_code(relay_new(&o, &r), ST_BUSY);
    listener_freep(&w.upstream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_and_ends_go_one_by_one),
        cmocka_unit_test(a_reset_of_one_side_reaches_the_other),
        cmocka_unit_test(a_client_that_breaks_off_frees_the_upstream),
        cmocka_unit_test(a_client_that_ended_and_breaks_off_frees_the_upstream),
        cmocka_unit_test(a_client_that_breaks_off_behind_a_slow_upstream_costs_nothing),
        cmocka_unit_test(above_the_limit_one_is_told),
        cmocka_unit_test(an_upstream_that_is_gone_is_told),
        cmocka_unit_test(wrong_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
