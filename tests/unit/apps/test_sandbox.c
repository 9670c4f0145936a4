#include "apps/sandbox/sandbox.h"

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
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
static int kill_thread_of_others(void)
{
    return tgkill(getppid(), getppid(), 0) == 0 ? 0 : errno;
}
static int signal_itself(void)
{
    return raise(SIGCONT) == 0 ? 0 : errno;
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

/* ---- of the enclave: sockets that were there before ---- */

static int listener; /* TCP on the loopback */
static int pair[2];  /* connected TCP: ours, the peer's */
static struct sockaddr_in address;

static void open_connection(void)
{
    socklen_t n = sizeof(address);
    address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    pair[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(pair[1], (struct sockaddr *)&address, n), 0);
}

static void close_connection(void)
{
    (void)close(listener);
    (void)close(pair[1]);
}

static int accept_and_answer(void)
{
    int one = 1;
    char c = 0;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    bool is_set = fd >= 0 && fcntl(fd, F_GETFL) >= 0 && fcntl(fd, F_DUPFD_CLOEXEC, 0) >= 0 &&
                  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0;
    bool is_sent = is_set && send(fd, "x", 1, MSG_NOSIGNAL) == 1;
    return is_sent && recv(pair[1], &c, 1, 0) == 1 && c == 'x' && eventfd(0, EFD_CLOEXEC) >= 0
               ? 0
               : errno;
}
static int connect_out(void)
{
    return connect(pair[1], (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
}
static int connect_by_sending(void)
{
    ssize_t n = sendto(pair[1], "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address));
    return n == 1 ? 0 : errno;
}
static int connect_by_fast_open(void)
{
    return send(pair[1], "x", 1, MSG_NOSIGNAL | MSG_FASTOPEN) == 1 ? 0 : errno;
}
static int set_another_option(void)
{
    int one = 1; /* SO_DEBUG has the number of TCP_NODELAY */
    return setsockopt(pair[1], SOL_SOCKET, SO_DEBUG, &one, sizeof(one)) == 0 ? 0 : errno;
}
static int set_another_tcp_option(void)
{
    int one = 1;
    return setsockopt(pair[1], IPPROTO_TCP, TCP_KEEPCNT, &one, sizeof(one)) == 0 ? 0 : errno;
}
static int take_signals_of_descriptor(void)
{
    return fcntl(pair[1], F_SETOWN, 1) == 0 ? 0 : errno;
}
static int duplicate_descriptor(void)
{
    return fcntl(pair[1], F_DUPFD, 0) >= 0 ? 0 : errno;
}
static void *do_nothing(void *arg)
{
    return arg;
}
static int make_thread(void)
{
    pthread_t t;
    int e = pthread_create(&t, NULL, do_nothing, NULL);
    return e ? e : pthread_join(t, NULL);
}
static int make_namespace(void)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid > 0 ? 0 : errno;
}
static int make_process_by_clone3(void)
{
    uint64_t args[11] = {[4] = SIGCHLD}; /* struct clone_args */
    long pid = syscall(SYS_clone3, args, sizeof(args));
    if (pid == 0)
        _exit(0);
    return pid > 0 ? 0 : errno;
}
static int look_at_itself(void)
{
    struct rusage u;
    cpu_set_t cpus;
    return getrusage(RUSAGE_SELF, &u) == 0 && sched_getaffinity(0, sizeof(cpus), &cpus) == 0
               ? 0
               : errno;
}
static int look_at_others(void)
{
    cpu_set_t cpus;
    return sched_getaffinity(getppid(), sizeof(cpus), &cpus) == 0 ? 0 : errno;
}
static int look_at_children(void)
{
    struct rusage u;
    return getrusage(RUSAGE_CHILDREN, &u) == 0 ? 0 : errno;
}
/* No descriptor: ENOTTY or EBADF is the kernel's word, EPERM the filter's. */
static int ask_the_nsm(void)
{
    return ioctl(-1, 0xC0200A00u, NULL) == 0 || errno == EBADF ? 0 : errno;
}
static int ask_the_nsm_for_another(void)
{
    return ioctl(-1, 0xC0200A01u, NULL) == 0 ? 0 : errno;
}
static int push_into_terminal(void)
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x") == 0 ? 0 : errno;
}

/* ---- of the processes that give evidence ---- */

static int make_and_remove_folder(void)
{
    return mkdirat(AT_FDCWD, "/dev/shm/eml-sandbox", 0700) == 0 &&
                   unlinkat(AT_FDCWD, "/dev/shm/eml-sandbox", AT_REMOVEDIR) == 0
               ? 0
               : errno;
}
static int write_attribute(void)
{
    int fd = openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : errno;
}
static int make_file(void)
{
    return openat(AT_FDCWD, "/dev/shm/eml-sandbox", O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : errno;
}
static int make_nameless_file(void)
{
    return openat(AT_FDCWD, "/dev/shm", O_WRONLY | O_TMPFILE, 0600) >= 0 ? 0 : errno;
}
static int connect_to_file(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/eml"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 && errno == ENOENT ? 0
                                                                                            : errno;
}
static int accept_another(void)
{
    return accept4(listener, NULL, NULL, 0) >= 0 ? 0 : errno;
}

/* ---- every thread, and every architecture ---- */

static void *open_socket_apart(void *arg)
{
    int *fds = arg;
    char c;
    if (read(fds[0], &c, 1) == 1)
        (void)open_socket();
    return NULL;
}

#if defined(__x86_64__)
static void *call_by_x32(void *arg)
{
    (void)syscall(0x40000000 | SYS_getpid);
    return arg;
}
static int call_by_another_architecture(void)
{
    pthread_t t;
    int e = pthread_create(&t, NULL, call_by_x32, NULL);
    return e ? e : pthread_join(t, NULL);
}
#endif

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
        {"signal another's thread", kill_thread_of_others, EPERM},
        {"signal itself", signal_itself, 0},
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
        {"signal another's thread", kill_thread_of_others, EPERM},
        {"signal itself", signal_itself, 0},
        {"open a socket pair", open_socket_pair, KILLED},
        {"listen elsewhere", listen_elsewhere, KILLED},
        {"pass a descriptor", pass_descriptor, KILLED},
        {"start a program", start_program, KILLED},
        {"make a ring of requests", make_ring, KILLED},
    };
    (void)state;
    check_rows(SANDBOX_RELAY, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void what_an_enclave_may_do(void **state)
{
    static const struct row ROWS[] = {
        {"accept and answer", accept_and_answer, 0},
        {"make a thread", make_thread, 0},
        {"take memory", take_memory, 0},
        {"write to what is open", write_open, 0},
        {"tell its memory", look_at_itself, 0},
        {"tell another's processors", look_at_others, EPERM},
        {"tell its children's memory", look_at_children, EPERM},
        {"connect out", connect_out, KILLED},
        {"open a socket", open_socket, KILLED},
        {"open a unix socket", open_unix_socket, KILLED},
        {"open a vsock", open_vsock, KILLED},
        {"open a socket pair", open_socket_pair, KILLED},
        {"listen elsewhere", listen_elsewhere, KILLED},
        {"pass a descriptor", pass_descriptor, KILLED},
        {"start a program", start_program, KILLED},
        {"make a ring of requests", make_ring, KILLED},
        {"connect by sending", connect_by_sending, EPERM},
        {"connect by a fast open", connect_by_fast_open, EPERM},
        {"set another option", set_another_option, EPERM},
        {"set another option of TCP", set_another_tcp_option, EPERM},
        {"take the signals of a descriptor", take_signals_of_descriptor, EPERM},
        {"duplicate a descriptor", duplicate_descriptor, EPERM},
        {"read a file", read_file, EPERM},
        {"open a file for writing", write_file, EPERM},
        {"remove a file", remove_file, EPERM},
        {"make a folder", make_and_remove_folder, EPERM},
        {"make a process", make_process, EPERM},
        {"make a process by clone3", make_process_by_clone3, ENOSYS},
        {"make a namespace", make_namespace, EPERM},
        {"make executable memory", make_code, EPERM},
        {"make memory executable", turn_into_code, EPERM},
        {"signal another process", kill_others, EPERM},
        {"signal another's thread", kill_thread_of_others, EPERM},
        {"signal itself", signal_itself, 0},
        {"push into a terminal", push_into_terminal, EPERM},
        {"ask the NSM", ask_the_nsm, EPERM},
#if defined(__x86_64__)
        {"call by another architecture", call_by_another_architecture, KILLED},
#endif
    };
    (void)state;
    check_rows(SANDBOX_ENCLAVE, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void what_a_nitro_enclave_may_do(void **state)
{
    static const struct row ROWS[] = {
        {"ask the NSM", ask_the_nsm, 0},
        {"accept and answer", accept_and_answer, 0},
        {"make a thread", make_thread, 0},
        {"ask the NSM for something else", ask_the_nsm_for_another, EPERM},
        {"push into a terminal", push_into_terminal, EPERM},
        {"read a file", read_file, EPERM},
        {"connect out", connect_out, KILLED},
        {"open a vsock", open_vsock, KILLED},
    };
    (void)state;
    check_rows(SANDBOX_ENCLAVE_NITRO, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void what_a_process_for_reports_may_do(void **state)
{
    static const struct row ROWS[] = {
        {"make and remove a folder", make_and_remove_folder, 0},
        {"read a file", read_file, 0},
        {"write an attribute", write_attribute, 0},
        {"make a file", make_file, EPERM},
        {"make a nameless file", make_nameless_file, EPERM},
        {"truncate a file", truncate_file, EPERM},
        {"remove a file", remove_file, EPERM},
        {"accept a connection", accept_another, EPERM},
        {"connect by sending", connect_by_sending, EPERM},
        {"make a process", make_process, EPERM},
        {"make a thread", make_thread, EPERM},
        {"make executable memory", make_code, EPERM},
        {"ask the NSM", ask_the_nsm, EPERM},
        {"connect out", connect_out, KILLED},
        {"open a socket", open_socket, KILLED},
        {"open a unix socket", open_unix_socket, KILLED},
        {"start a program", start_program, KILLED},
    };
    (void)state;
    check_rows(SANDBOX_REPORTS, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void what_a_process_for_tokens_may_do(void **state)
{
    static const struct row ROWS[] = {
        {"connect to a file", connect_to_file, 0},
        {"open a socket", open_socket, EPERM},
        {"open a unix packet socket", open_unix_socket, EPERM},
        {"open a vsock", open_vsock, EPERM},
        {"accept a connection", accept_another, EPERM},
        {"connect by sending", connect_by_sending, EPERM},
        {"read a file", read_file, EPERM},
        {"open a file for writing", write_file, EPERM},
        {"make a folder", make_and_remove_folder, EPERM},
        {"make a process", make_process, EPERM},
        {"make a thread", make_thread, EPERM},
        {"make executable memory", make_code, EPERM},
        {"listen elsewhere", listen_elsewhere, KILLED},
        {"pass a descriptor", pass_descriptor, KILLED},
        {"start a program", start_program, KILLED},
    };
    (void)state;
    check_rows(SANDBOX_TOKENS, ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

/* A thread that was there before comes under the filter too. */
static int open_socket_in_older_thread(enum sandbox_kind kind)
{
    int fds[2];
    pthread_t t;
    if (pipe(fds) != 0 || pthread_create(&t, NULL, open_socket_apart, fds) != 0)
        return 201;
    int entered = in_sandbox(kind, write_open);
    if (entered != 0 || write(fds[1], "x", 1) != 1)
        return 202;
    return pthread_join(t, NULL);
}

static void older_threads_come_under_it(void **state)
{
    (void)state;
    int found = 0;
    if (!sandbox_is_built_in() || getenv("EML_UNDER_VALGRIND") != NULL)
        skip();
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(open_socket_in_older_thread(SANDBOX_ENCLAVE));
    assert_int_equal(waitpid(pid, &found, 0), pid);
    assert_true(WIFSIGNALED(found) && WTERMSIG(found) == SIGSYS);
}

static int open_connection_once(void **state)
{
    (void)state;
    open_connection();
    return 0;
}

static int close_connection_once(void **state)
{
    (void)state;
    close_connection();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_verifier_may_do),
        cmocka_unit_test(what_a_relay_may_do),
        cmocka_unit_test_setup_teardown(what_an_enclave_may_do, open_connection_once,
                                        close_connection_once),
        cmocka_unit_test_setup_teardown(what_a_nitro_enclave_may_do, open_connection_once,
                                        close_connection_once),
        cmocka_unit_test_setup_teardown(what_a_process_for_reports_may_do, open_connection_once,
                                        close_connection_once),
        cmocka_unit_test_setup_teardown(what_a_process_for_tokens_may_do, open_connection_once,
                                        close_connection_once),
        cmocka_unit_test(older_threads_come_under_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
