#include "support/test.h"

#include "base/clock.h"
#include "net/stream.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    struct stream *a;
    struct stream *b;
};

static struct pair pair_of(void)
{
    struct pair p = {0};
    assert_ok(stream_pair(&p.a, &p.b));
    return p;
}

static void pair_done(struct pair *p)
{
    stream_freep(&p->a);
    stream_freep(&p->b);
    stream_freep(&p->b); /* takes NULL */
}

static uint64_t soon(void)
{
    return clock_deadline_ms(30);
}

static void test_bytes_go_both_ways(void **state)
{
    (void)state;
    struct pair p = pair_of();
    char got[5];
    assert_ok(stream_write(p.a, BYTES_LIT("hello"), soon()));
    assert_ok(stream_read(p.b, got, 5, soon()));
    assert_memory_equal(got, "hello", 5);
    assert_ok(stream_write(p.b, BYTES_LIT("world"), soon()));
    assert_ok(stream_read(p.a, got, 5, soon()));
    assert_memory_equal(got, "world", 5);
    pair_done(&p);
}

static void test_read_some_takes_what_is_there(void **state)
{
    (void)state;
    struct pair p = pair_of();
    char got[64];
    size_t n = 0;
    assert_ok(stream_write(p.a, BYTES_LIT("abc"), soon()));
    assert_ok(stream_read_some(p.b, got, sizeof(got), soon(), &n));
    assert_int_equal(n, 3);
    assert_code(stream_read_some(p.b, got, 0, soon(), &n), ST_USAGE);
    pair_done(&p);
}

static void test_deadline_ends_a_read(void **state)
{
    (void)state;
    struct pair p = pair_of();
    char got[4];
    uint64_t before = clock_mono_ns();
    assert_code(stream_read(p.a, got, 4, soon()), ST_TIMEOUT);
    assert_true(clock_mono_ns() - before >= 25000000u);
    assert_code(stream_read(p.a, got, 4, 0), ST_TIMEOUT); /* a deadline in the past */
    pair_done(&p);
}

static void test_deadline_ends_a_write(void **state)
{
    (void)state;
    struct pair p = pair_of();
    struct buf big CLEANUP(buf_done) = BUF_MAX(8 << 20);
    uint8_t *bytes = buf_extend(&big, 8 << 20);
    assert_non_null(bytes);
    memset(bytes, 0x38, 8 << 20);
    assert_code(stream_write(p.a, buf_view(&big), soon()), ST_TIMEOUT);
    pair_done(&p);
}

static void test_end_before_and_inside(void **state)
{
    (void)state;
    struct pair p = pair_of();
    char got[4];
    assert_ok(stream_write(p.a, BYTES_LIT("ab"), soon()));
    stream_shutdown_write(p.a);
    assert_code(stream_read(p.b, got, 4, soon()), ST_TRUNCATED);
    assert_code(stream_read(p.b, got, 4, soon()), ST_CLOSED);
    assert_ok(stream_write(p.b, BYTES_LIT("still"), soon())); /* the other half lives */
    pair_done(&p);
}

static void test_write_to_a_closed_peer_raises_no_signal(void **state)
{
    (void)state;
    struct pair p = pair_of();
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    stream_freep(&p.b);
    assert_code(stream_write(p.a, BYTES_LIT("x"), soon()), ST_CLOSED);
    pair_done(&p);
}

static void *shut_later(void *stream)
{
    (void)usleep(20000);
    stream_shutdown(stream);
    return NULL;
}

static void test_shutdown_wakes_a_reader(void **state)
{
    (void)state;
    struct pair p = pair_of();
    pthread_t t;
    char got[1];
    assert_int_equal(pthread_create(&t, NULL, shut_later, p.a), 0);
    assert_code(stream_read(p.a, got, 1, STREAM_NO_DEADLINE), ST_CLOSED);
    (void)pthread_join(t, NULL);
    pair_done(&p);
}

static void test_try_does_not_wait(void **state)
{
    (void)state;
    struct pair p = pair_of();
    uint8_t block[65536] = {0};
    size_t n = 1;
    assert_ok(stream_try_read(p.a, block, 1, &n));
    assert_int_equal(n, 0);
    for (int i = 0; i < 1000 && n + (size_t)(i == 0) > 0; i++)
        assert_ok(stream_try_write(p.a, BYTES_OF(block), &n));
    assert_int_equal(n, 0);
    stream_freep(&p.b);
    assert_code(stream_try_write(p.a, BYTES_OF(block), &n), ST_CLOSED);
    pair_done(&p);
}

static void test_wait_tells_what_is_ready(void **state)
{
    (void)state;
    struct pair p = pair_of();
    unsigned ready = 0;
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_code(stream_wait(p.a, STREAM_READABLE, wake, soon(), &ready), ST_TIMEOUT);
    assert_ok(stream_wait(p.a, STREAM_READABLE | STREAM_WRITABLE, wake, soon(), &ready));
    assert_int_equal(ready, STREAM_WRITABLE);
    assert_int_equal(eventfd_write(wake, 1), 0);
    assert_ok(stream_wait(p.a, STREAM_READABLE, wake, soon(), &ready));
    assert_int_equal(ready, STREAM_WOKEN);
    assert_ok(stream_write(p.b, BYTES_LIT("x"), soon()));
    assert_ok(stream_wait(p.a, STREAM_READABLE, -1, soon(), &ready));
    assert_int_equal(ready, STREAM_READABLE);
    (void)close(wake);
    pair_done(&p);
}

/* A vsock descriptor is a stream socket like any other: this is how one comes in. */
static void test_from_descriptor(void **state)
{
    (void)state;
    int fds[2];
    struct pair p = {0};
    char got[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_ok(stream_from_fd(fds[0], &p.a));
    assert_ok(stream_from_fd(fds[1], &p.b));
    assert_int_equal(stream_fd(p.a), fds[0]);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    assert_ok(stream_write(p.a, BYTES_LIT("ok"), soon()));
    assert_ok(stream_read(p.b, got, 2, soon()));
    pair_done(&p);
    assert_code(stream_from_fd(-1, &p.a), ST_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways),
        cmocka_unit_test(test_read_some_takes_what_is_there),
        cmocka_unit_test(test_deadline_ends_a_read),
        cmocka_unit_test(test_deadline_ends_a_write),
        cmocka_unit_test(test_end_before_and_inside),
        cmocka_unit_test(test_write_to_a_closed_peer_raises_no_signal),
        cmocka_unit_test(test_shutdown_wakes_a_reader),
        cmocka_unit_test(test_try_does_not_wait),
        cmocka_unit_test(test_wait_tells_what_is_ready),
        cmocka_unit_test(test_from_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
