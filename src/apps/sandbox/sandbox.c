#include "apps/sandbox/sandbox.h"

#ifdef EML_INSTRUMENTED

status sandbox_enter(enum sandbox_kind kind)
{
    (void)kind;
    return OK;
}

bool sandbox_is_built_in(void)
{
    return false;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* What computing, printing and using what is open take, in glibc and libcrypto. A name that this
 * architecture does not have is passed over by libseccomp. */
static const int ALLOWED[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(uname),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

static const int ALLOWED_OFFLINE[] = {
    SCMP_SYS(newfstatat), SCMP_SYS(statx),     SCMP_SYS(stat),       SCMP_SYS(lstat),
    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64),
};

/* The listener, the epoll set and the stop event are open already. */
static const int ALLOWED_RELAY[] = {
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),       SCMP_SYS(poll),
    SCMP_SYS(ppoll),      SCMP_SYS(accept4),     SCMP_SYS(connect),         SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),     SCMP_SYS(shutdown),    SCMP_SYS(getsockopt),      SCMP_SYS(setsockopt),
    SCMP_SYS(fcntl),      SCMP_SYS(nanosleep),   SCMP_SYS(clock_nanosleep),
};

/* No accident leads here: a program that calls one of these is not itself any more. */
static const int DEADLY[] = {
    SCMP_SYS(socketpair), SCMP_SYS(bind),           SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(sendmsg),    SCMP_SYS(sendmmsg),       SCMP_SYS(execve), SCMP_SYS(execveat),
    SCMP_SYS(ptrace),     SCMP_SYS(io_uring_setup), SCMP_SYS(bpf),    SCMP_SYS(process_vm_writev),
};

static const int DEADLY_OFFLINE[] = {
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(accept4),
    SCMP_SYS(sendto),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void filter_freep(scmp_filter_ctx *filter)
{
    if (*filter != NULL)
        seccomp_release(*filter);
    *filter = NULL;
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int e = seccomp_rule_add(filter, action, calls[i], 0);
        if (e != 0)
            return e;
    }
    return 0;
}

static int allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
}

/* Calls that are allowed for some of their arguments only. */
static int add_narrow(scmp_filter_ctx filter)
{
    int e = allow_if(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
    return e;
}

static int add_offline(scmp_filter_ctx filter)
{
    const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_OFFLINE, COUNT(ALLOWED_OFFLINE));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY_OFFLINE, COUNT(DEADLY_OFFLINE));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
    return e;
}

static int add_relay(scmp_filter_ctx filter)
{
    static const int FAMILIES[] = {AF_UNIX, AF_INET, AF_INET6, AF_VSOCK};
    const scmp_datum_t kind = (scmp_datum_t) ~(SOCK_NONBLOCK | SOCK_CLOEXEC) & UINT32_MAX;
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_RELAY, COUNT(ALLOWED_RELAY));
    for (size_t i = 0; e == 0 && i < COUNT(FAMILIES); i++)
        e = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)FAMILIES[i], 0),
                             SCMP_A1(SCMP_CMP_MASKED_EQ, kind, SOCK_STREAM));
    return e;
}

status sandbox_enter(enum sandbox_kind kind)
{
    scmp_filter_ctx filter CLEANUP(filter_freep) = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    REQUIRE(filter != NULL, ST_NOMEM, "no memory for the system call filter");
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED, COUNT(ALLOWED));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY, COUNT(DEADLY));
    if (e == 0)
        e = add_narrow(filter);
    if (e == 0)
        e = kind == SANDBOX_RELAY ? add_relay(filter) : add_offline(filter);
    if (e == 0)
        e = seccomp_load(filter);
    REQUIRE(e == 0, ST_INTERNAL, "the system call filter cannot be installed: %s", strerror(-e));
    return OK;
}

bool sandbox_is_built_in(void)
{
    return true;
}

#endif
