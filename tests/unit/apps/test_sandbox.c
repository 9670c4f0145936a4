#include "apps/sandbox/sandbox.h"

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each attempt returns 0 when it was possible, else errno. */

static int open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}
static int open_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 ? 0 : errno;
}
static int open_socket_pair(void)
{
    int v[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, v) == 0 ? 0 : errno;
}
static int start_program(void)
{
    char *const argv[] = {NULL};
    (void)execve("/bin/true", argv, argv);
    return errno;
}
static int make_ring(void)
{
    struct io_uring_params p = {0};
    return syscall(SYS_io_uring_setup, 1, &p) >= 0 ? 0 : errno;
}
static int make_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 ? 0 : errno;
}
static int write_file(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 ? 0 : errno;
}
static int write_read_file(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC) >= 0 ? 0 : errno;
}
static int truncate_file(void)
{
    return open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC) >= 0 ? 0 : errno;
}
static int make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED ? 0 : errno;
}
static int turn_into_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 1000;
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
}
static int remove_file(void)
{
    return unlink("/nonexistent") == 0 ? 0 : errno;
}
static int kill_others(void)
{
    return kill(getppid(), 0) == 0 ? 0 : errno;
}
static int read_file(void)
{
    char c;
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &c, 1) == 1 ? 0 : errno;
}
static int take_memory(void)
{
    void *p = malloc(8 << 20);
    free(p);
    return p != NULL ? 0 : errno;
}
static int write_open(void)
{
    return write(STDERR_FILENO, "", 0) == 0 ? 0 : errno;
}

static int open_packet_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0) >= 0 ? 0 : errno;
}
static int open_raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0 ? 0 : errno;
}
static int open_netlink_socket(void)
{
    return socket(AF_NETLINK, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}
static int open_vsock(void)
{
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 || errno == EAFNOSUPPORT ? 0 : errno;
}
static int use_socket(void)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
                   fcntl(fd, F_GETFL) >= 0 && shutdown(fd, SHUT_RDWR) != 0 && errno == ENOTCONN
               ? 0
               : errno;
}
static int listen_elsewhere(void)
{
    return listen(0, 1) == 0 ? 0 : errno;
}
static int pass_descriptor(void)
{
    const struct msghdr none = {0};
    return sendmsg(0, &none, 0) >= 0 ? 0 : errno;
}

static int in_sandbox(enum sandbox_kind kind, int (*attempt)(void))
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (failed(sandbox_enter(kind)))
        return 200;
    return attempt();
}

static int outcome_of(enum sandbox_kind kind, int (*attempt)(void))
{
    int state = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_sandbox(kind, attempt));
    assert_int_equal(waitpid(pid, &state, 0), pid);
    return WIFSIGNALED(state) ? 1000 + WTERMSIG(state) : WEXITSTATUS(state);
}

enum { KILLED = 1000 + SIGSYS };

struct row {
    const char *name;
    int (*attempt)(void);
    int expected;
};

static void check_rows(enum sandbox_kind kind, const struct row *rows, size_t n)
{
    /* valgrind does not know the call that installs a filter. */
    if (!sandbox_is_built_in() || getenv("EML_UNDER_VALGRIND") != NULL)
        skip();
    for (size_t i = 0; i < n; i++) {
        int found = outcome_of(kind, rows[i].attempt);
        if (found != rows[i].expected)
            fail_msg("%s: %d instead of %d", rows[i].name, found, rows[i].expected);
    }
}

static void what_a_verifier_may_do(void **state)
{
    static const struct row ROWS[] = {
        {"read a file", read_file, 0},
        {"take memory", take_memory, 0},
        {"write to what is open", write_open, 0},
        {"open a socket", open_socket, KILLED},
        {"open a unix socket", open_unix_socket, KILLED},
        {"open a socket pair", open_socket_pair, KILLED},
        {"start a program", start_program, KILLED},
        {"make a ring of requests", make_ring, KILLED},
        {"make a process", make_process, EPERM},
        {"open a file for writing", write_file, EPERM},
        {"open a file for both", write_read_file, EPERM},
        {"truncate a file", truncate_file, EPERM},
        {"make executable memory", make_code, EPERM},
        {"make memory executable", turn_into_code, EPERM},
        {"remove a file", remove_file, EPERM},
        {"signal another process", kill_others, EPERM},
    };
    (void)state;
    check_rows(SANDBOX_OFFLINE, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void what_a_relay_may_do(void **state)
{
    static const struct row ROWS[] = {
        {"use a socket", use_socket, 0},
        {"open a vsock", open_vsock, 0},
        {"take memory", take_memory, 0},
        {"write to what is open", write_open, 0},
        {"open a packet socket", open_packet_socket, EPERM},
        {"open a raw socket", open_raw_socket, EPERM},
        {"open a netlink socket", open_netlink_socket, EPERM},
        {"read a file", read_file, EPERM},
        {"open a file for writing", write_file, EPERM},
        {"remove a file", remove_file, EPERM},
        {"make a process", make_process, EPERM},
        {"make executable memory", make_code, EPERM},
        {"make memory executable", turn_into_code, EPERM},
        {"signal another process", kill_others, EPERM},
        {"open a socket pair", open_socket_pair, KILLED},
        {"listen elsewhere", listen_elsewhere, KILLED},
        {"pass a descriptor", pass_descriptor, KILLED},
        {"start a program", start_program, KILLED},
        {"make a ring of requests", make_ring, KILLED},
    };
    (void)state;
    check_rows(SANDBOX_RELAY, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_verifier_may_do),
        cmocka_unit_test(what_a_relay_may_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
