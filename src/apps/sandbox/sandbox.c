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
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* What computing, printing and using what is open take, in glibc and libcrypto. A name that this
 * architecture does not have is passed over by libseccomp. */
static const int ALLOWED[] = {
    SCMP_SYS(read),         SCMP_SYS(readv),        SCMP_SYS(pread64),
    SCMP_SYS(write),        SCMP_SYS(writev),       SCMP_SYS(close),
    SCMP_SYS(fstat),        SCMP_SYS(lseek),        SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(brk),          SCMP_SYS(madvise),
    SCMP_SYS(futex),        SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(time),         SCMP_SYS(getpid),
    SCMP_SYS(gettid),       SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),  SCMP_SYS(restart_syscall),
    SCMP_SYS(uname),        SCMP_SYS(exit),         SCMP_SYS(exit_group),
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

/* The listener listens, and the threads that every connection shares run. */
static const int ALLOWED_ENCLAVE[] = {
    SCMP_SYS(ppoll),     SCMP_SYS(accept4),         SCMP_SYS(recvfrom),
    SCMP_SYS(shutdown),  SCMP_SYS(eventfd2),        SCMP_SYS(set_robust_list),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(rseq),
};

static const int ALLOWED_REPORTS[] = {
    SCMP_SYS(recvfrom),
    SCMP_SYS(mkdirat),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
};

static const int ALLOWED_TOKENS[] = {
    SCMP_SYS(recvfrom),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(connect),
};

/* No accident leads here: a program that calls one of these is not itself any more. */
static const int DEADLY[] = {
    SCMP_SYS(socketpair), SCMP_SYS(bind),           SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(sendmsg),    SCMP_SYS(sendmmsg),       SCMP_SYS(execve), SCMP_SYS(execveat),
    SCMP_SYS(ptrace),     SCMP_SYS(io_uring_setup), SCMP_SYS(bpf),    SCMP_SYS(process_vm_writev),
};

static const int DEADLY_OFFLINE[] = {SCMP_SYS(accept4), SCMP_SYS(sendto)};

/* Of all but the relay and the process that asks for tokens. */
static const int DEADLY_OUTWARD[] = {SCMP_SYS(socket), SCMP_SYS(connect)};

/* What glibc's pthread_create asks of clone(2), bit for bit. */
#define THREAD_FLAGS                                                                    \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD | \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* _IOWR(0x0A, 0, struct nsm_raw): linux/nsm.h */
#define NSM_IOCTL_RAW 0xC0200A00u

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
    if (e == 0) /* abort() signals its own process */
        e = allow_if(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return e;
}

static int add_offline(scmp_filter_ctx filter)
{
    const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_OFFLINE, COUNT(ALLOWED_OFFLINE));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY_OFFLINE, COUNT(DEADLY_OFFLINE));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY_OUTWARD, COUNT(DEADLY_OUTWARD));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
    return e;
}

static int allow_stream_socket(scmp_filter_ctx filter, int family)
{
    const scmp_datum_t kind = (scmp_datum_t) ~(SOCK_NONBLOCK | SOCK_CLOEXEC) & UINT32_MAX;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0),
                            SCMP_A1(SCMP_CMP_MASKED_EQ, kind, SOCK_STREAM));
}

static int add_relay(scmp_filter_ctx filter)
{
    static const int FAMILIES[] = {AF_UNIX, AF_INET, AF_INET6, AF_VSOCK};
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_RELAY, COUNT(ALLOWED_RELAY));
    for (size_t i = 0; e == 0 && i < COUNT(FAMILIES); i++)
        e = allow_stream_socket(filter, FAMILIES[i]);
    return e;
}

/* clone3 has its flags in memory, which no filter sees. ENOSYS sends glibc on to clone. */
static int allow_threads(scmp_filter_ctx filter)
{
    int e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_EQ, THREAD_FLAGS, 0));
    return e;
}

/* Without an address: a TCP socket that was shut down connects by MSG_FASTOPEN as well. */
static int allow_send(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 3,
                            SCMP_A3(SCMP_CMP_EQ, MSG_NOSIGNAL, 0), SCMP_A4(SCMP_CMP_EQ, 0, 0),
                            SCMP_A5(SCMP_CMP_EQ, 0, 0));
}

/* What net/stream.c sets on a connection that it took. */
static int allow_stream_options(scmp_filter_ctx filter)
{
    static const int COMMANDS[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC};
    int e = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                             SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP, 0),
                             SCMP_A2(SCMP_CMP_EQ, TCP_NODELAY, 0));
    for (size_t i = 0; e == 0 && i < COUNT(COMMANDS); i++)
        e = allow_if(filter, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)COMMANDS[i], 0));
    return e;
}

/* For the memory that a receipt tells of, and for malloc to choose the number of its arenas. */
static int allow_own_numbers(scmp_filter_ctx filter)
{
    int e = allow_if(filter, SCMP_SYS(getrusage), SCMP_A0(SCMP_CMP_EQ, RUSAGE_SELF, 0));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(sched_getaffinity), SCMP_A0(SCMP_CMP_EQ, 0, 0));
    return e;
}

static int add_enclave(scmp_filter_ctx filter)
{
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_ENCLAVE, COUNT(ALLOWED_ENCLAVE));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY_OUTWARD, COUNT(DEADLY_OUTWARD));
    if (e == 0)
        e = allow_threads(filter);
    if (e == 0)
        e = allow_own_numbers(filter);
    if (e == 0)
        e = allow_send(filter);
    if (e == 0)
        e = allow_stream_options(filter);
    return e;
}

static int add_nitro(scmp_filter_ctx filter)
{
    int e = add_enclave(filter);
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, NSM_IOCTL_RAW, 0));
    return e;
}

/* Files that are there, for reading or for writing; empty folders made and removed. A filter sees
 * no path, so which ones is for the file system's permissions to say. */
static int add_reports(scmp_filter_ctx filter)
{
    const scmp_datum_t making = O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_REPORTS, COUNT(ALLOWED_REPORTS));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY_OUTWARD, COUNT(DEADLY_OUTWARD));
    if (e == 0)
        e = allow_send(filter);
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, making, 0));
    if (e == 0)
        e = allow_if(filter, SCMP_SYS(unlinkat), SCMP_A2(SCMP_CMP_EQ, AT_REMOVEDIR, 0));
    return e;
}

/* A Unix socket connects within this machine alone, and no other kind can be made or taken. */
static int add_tokens(scmp_filter_ctx filter)
{
    int e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED_TOKENS, COUNT(ALLOWED_TOKENS));
    if (e == 0)
        e = allow_stream_socket(filter, AF_UNIX);
    return e == 0 ? allow_send(filter) : e;
}

static int (*const ADD_KIND[])(scmp_filter_ctx) = {
    [SANDBOX_OFFLINE] = add_offline, [SANDBOX_RELAY] = add_relay,
    [SANDBOX_ENCLAVE] = add_enclave, [SANDBOX_ENCLAVE_NITRO] = add_nitro,
    [SANDBOX_REPORTS] = add_reports, [SANDBOX_TOKENS] = add_tokens,
};

/* Every thread that runs comes under it, not the caller alone; numbers of another architecture's
 * calls end the process. */
static int set_reach(scmp_filter_ctx filter)
{
    int e = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (e == 0)
        e = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    return e;
}

status sandbox_enter(enum sandbox_kind kind)
{
    scmp_filter_ctx filter CLEANUP(filter_freep) = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    REQUIRE(filter != NULL, ST_NOMEM, "no memory for the system call filter");
    int e = set_reach(filter);
    if (e == 0)
        e = add_all(filter, SCMP_ACT_ALLOW, ALLOWED, COUNT(ALLOWED));
    if (e == 0)
        e = add_all(filter, SCMP_ACT_KILL_PROCESS, DEADLY, COUNT(DEADLY));
    if (e == 0)
        e = add_narrow(filter);
    if (e == 0)
        e = ADD_KIND[kind](filter);
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
