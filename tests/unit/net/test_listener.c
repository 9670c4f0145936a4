#include "support/test.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uint64_t soon(void)
{
    return clock_deadline_ms(TEST_PATIENCE_MS);
}

static void check_round_trip(const char *address)
{
    struct listener *l = NULL;
    struct stream *client = NULL;
    struct stream *server = NULL;
    char got[4];
    assert_ok(listener_open(address, &l));
    assert_ok(stream_connect(listener_address(l), soon(), &client));
    assert_ok(listener_accept(l, soon(), &server));
    assert_ok(stream_write(client, BYTES_LIT("ping"), soon()));
    assert_ok(stream_read(server, got, 4, soon()));
    assert_memory_equal(got, "ping", 4);
    stream_freep(&client);
    assert_code(stream_read(server, got, 1, soon()), ST_CLOSED);
    stream_freep(&server);
    listener_freep(&l);
    assert_null(l);
    listener_freep(&l);
}

static void test_tcp4(void **state)
{
    (void)state;
    check_round_trip("tcp:127.0.0.1:0");
}

static void test_tcp6(void **state)
{
    (void)state;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has_v6 = fd >= 0 && bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (!has_v6)
        skip();
    check_round_trip("tcp:[::1]:0");
}

static void unix_path(char *out, size_t cap)
{
    (void)snprintf(out, cap, "unix:/tmp/eml-test-%ld.sock", (long)getpid());
}

static void test_unix(void **state)
{
    (void)state;
    char address[64];
    unix_path(address, sizeof(address));
    check_round_trip(address);
    assert_false(file_exists(address + 5)); /* removed by its listener */
}

static void test_unix_socket_file_left_behind(void **state)
{
    (void)state;
    char address[64];
    unix_path(address, sizeof(address));
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%.60s", address + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
    (void)close(fd); /* as after a kill: the file stays */
    check_round_trip(address);
}

static void check_busy(const char *address)
{
    struct listener *first = NULL;
    struct listener *second = NULL;
    assert_ok(listener_open(address, &first));
    assert_code(listener_open(listener_address(first), &second), ST_BUSY);
    assert_non_null(strstr(status_detail(), listener_address(first)));
    assert_non_null(strstr(status_detail(), "is in use"));
    listener_freep(&first);
}

static void test_busy(void **state)
{
    (void)state;
    char address[64];
    unix_path(address, sizeof(address));
    check_busy("tcp:127.0.0.1:0");
    check_busy(address);
}

static void test_a_file_in_the_way_is_kept(void **state)
{
    (void)state;
    char address[64];
    struct listener *l = NULL;
    unix_path(address, sizeof(address));
    assert_ok(file_write(address + 5, 0600, BYTES_LIT("precious")));
    assert_code(listener_open(address, &l), ST_BUSY);
    assert_true(file_exists(address + 5));
    (void)unlink(address + 5);
}

static void test_refused(void **state)
{
    (void)state;
    struct listener *l = NULL;
    struct stream *s = NULL;
    char address[64];
    assert_ok(listener_open("tcp:127.0.0.1:0", &l));
    (void)snprintf(address, sizeof(address), "%s", listener_address(l));
    listener_freep(&l);
    assert_code(stream_connect(address, soon(), &s), ST_IO);
    assert_non_null(strstr(status_detail(), "cannot connect to tcp:127.0.0.1:"));
    assert_code(stream_connect("unix:/nonexistent/x.sock", soon(), &s), ST_IO);
    assert_code(stream_connect("nonsense", soon(), &s), ST_CONFIG);
}

static void test_listen_needs_an_address(void **state)
{
    (void)state;
    struct listener *l = NULL;
    assert_code(listener_open("tcp:enclave.example:1", &l), ST_CONFIG);
    assert_code(listener_open("unix:/nonexistent/x.sock", &l), ST_IO);
}

static void test_accept_deadline(void **state)
{
    (void)state;
    struct listener *l = NULL;
    struct stream *s = NULL;
    assert_ok(listener_open("tcp:127.0.0.1:0", &l));
    assert_code(listener_accept(l, clock_deadline_ms(20), &s), ST_TIMEOUT);
    listener_freep(&l);
}

static void *wake_later(void *listener)
{
    (void)usleep(20000);
    listener_wake(listener);
    return NULL;
}

static void test_wake(void **state)
{
    (void)state;
    struct listener *l = NULL;
    struct stream *s = NULL;
    pthread_t t;
    assert_ok(listener_open("tcp:127.0.0.1:0", &l));
    assert_int_equal(pthread_create(&t, NULL, wake_later, l), 0);
    assert_code(listener_accept(l, STREAM_NO_DEADLINE, &s), ST_CANCELLED);
    (void)pthread_join(t, NULL);
    assert_code(listener_accept(l, STREAM_NO_DEADLINE, &s), ST_CANCELLED); /* stays woken */
    listener_freep(&l);
}

static rlim_t set_descriptors(rlim_t n)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    rlim_t before = r.rlim_cur;
    r.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
    return before;
}

static void *give_descriptors_later(void *n)
{
    (void)usleep(60000);
    (void)set_descriptors(*(rlim_t *)n);
    return NULL;
}

static void test_lack_of_descriptors_is_waited_out(void **state)
{
    (void)state;
    struct listener *l = NULL;
    struct stream *client = NULL;
    struct stream *server = NULL;
    pthread_t t;
    /* valgrind takes the connection and drops it when it is short of descriptors. */
    if (getenv("EML_UNDER_VALGRIND") != NULL)
        skip();
    assert_ok(listener_open("tcp:127.0.0.1:0", &l));
    assert_ok(stream_connect(listener_address(l), soon(), &client));
    rlim_t before = set_descriptors((rlim_t)stream_fd(client));
    assert_code(listener_accept(l, 0, &server), ST_BUSY);
    assert_code(listener_accept(l, clock_deadline_ms(50), &server), ST_BUSY);
    assert_int_equal(pthread_create(&t, NULL, give_descriptors_later, &before), 0);
    assert_ok(listener_accept(l, soon(), &server));
    (void)pthread_join(t, NULL);
    stream_freep(&client);
    stream_freep(&server);
    listener_freep(&l);
}

static int no_delay_of(struct stream *s)
{
    int v = 0;
    socklen_t n = sizeof(v);
    assert_int_equal(getsockopt(stream_fd(s), IPPROTO_TCP, TCP_NODELAY, &v, &n), 0);
    return v;
}

static void test_no_delay_on_both_sides(void **state)
{
    (void)state;
    struct listener *l = NULL;
    struct stream *client = NULL;
    struct stream *server = NULL;
    assert_ok(listener_open("tcp:127.0.0.1:0", &l));
    assert_ok(stream_connect(listener_address(l), soon(), &client));
    assert_ok(listener_accept(l, soon(), &server));
    assert_int_not_equal(no_delay_of(client), 0);
    assert_int_not_equal(no_delay_of(server), 0);
    stream_freep(&client);
    stream_freep(&server);
    listener_freep(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp4),
        cmocka_unit_test(test_tcp6),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_unix_socket_file_left_behind),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_a_file_in_the_way_is_kept),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_listen_needs_an_address),
        cmocka_unit_test(test_accept_deadline),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_lack_of_descriptors_is_waited_out),
        cmocka_unit_test(test_no_delay_on_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
