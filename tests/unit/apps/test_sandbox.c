#include "apps/sandbox/sandbox.h"

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
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

static int in_sandbox(int (*attempt)(void))
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (failed(sandbox_enter()))
        return 200;
    return attempt();
}

static int outcome_of(int (*attempt)(void))
{
    int state = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_sandbox(attempt));
    assert_int_equal(waitpid(pid, &state, 0), pid);
    return WIFSIGNALED(state) ? 1000 + WTERMSIG(state) : WEXITSTATUS(state);
}

enum { KILLED = 1000 + SIGSYS };

static void what_it_lets_through(void **state)
{
    static const struct {
        const char *name;
        int (*attempt)(void);
        int expected;
    } ROWS[] = {
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
    if (!sandbox_is_built_in())
        skip();
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        int found = outcome_of(ROWS[i].attempt);
        if (found != ROWS[i].expected)
            fail_msg("%s: %d instead of %d", ROWS[i].name, found, ROWS[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_lets_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
