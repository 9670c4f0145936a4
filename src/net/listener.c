#include "net/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/address.h"

enum { BACKLOG = 256, SHORTAGE_PAUSE_MS = 20 };

struct listener {
    struct stream *socket; /* only its descriptor and stream_wait() are used */
    int wake_fd;
    char *unix_path; /* removed at the end; NULL for other families */
    char address[ADDRESS_TEXT_MAX];
};

void listener_freep(struct listener **l)
{
    struct listener *old = *l;
    *l = NULL;
    if (old == NULL)
        return;
    if (old->unix_path != NULL)
        (void)unlink(old->unix_path);
    free(old->unix_path);
    if (old->wake_fd >= 0)
        (void)close(old->wake_fd);
    stream_freep(&old->socket);
    free(old);
}

/* A socket file that nobody listens on any more is left over from a killed process. */
static void remove_stale(const struct address *a)
{
    struct sockaddr_un sa;
    struct stat st;
    memcpy(&sa, &a->sa, sizeof(sa));
    if (lstat(sa.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&a->sa, a->sa_n) != 0 && errno == ECONNREFUSED)
        (void)unlink(sa.sun_path);
    (void)close(fd);
}

static status bind_and_listen(int fd, const struct address *a, const char *text)
{
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (const struct sockaddr *)&a->sa, a->sa_n) != 0) {
        REQUIRE(errno != EADDRINUSE, ST_BUSY, "address %s is in use", text);
        return FAIL(ST_IO, "cannot listen on %s: %s", text, strerror(errno));
    }
    REQUIRE(listen(fd, BACKLOG) == 0 || errno != EADDRINUSE, ST_BUSY, "address %s is in use", text);
    return OK;
}

static status open_socket(const struct address *a, const char *text, struct listener *l)
{
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0, ST_IO, "cannot listen on %s: %s", text, strerror(errno));
    TRY(stream_from_fd(fd, &l->socket));
    if (a->sa.ss_family == AF_UNIX)
        remove_stale(a);
    TRY(bind_and_listen(fd, a, text));
    struct sockaddr_storage bound = {0};
    socklen_t n = sizeof(bound);
    (void)getsockname(fd, (struct sockaddr *)&bound, &n);
    address_text((const struct sockaddr *)&bound, n, l->address);
    return OK;
}

status listener_open(const char *address, struct listener **out)
{
    struct address a;
    TRY(address_parse(address, &a));
    REQUIRE(a.sa_n > 0, ST_CONFIG, "cannot listen on %s: give an IP address, not a name", address);
    struct listener *l CLEANUP(listener_freep) = calloc(1, sizeof(*l));
    REQUIRE(l != NULL, ST_NOMEM, "no memory for a listener");
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    REQUIRE(l->wake_fd >= 0, ST_IO, "no event descriptor: %s", strerror(errno));
    TRY(open_socket(&a, address, l));
    if (a.sa.ss_family == AF_UNIX) {
        l->unix_path = strdup(address + strlen("unix:"));
        REQUIRE(l->unix_path != NULL, ST_NOMEM, "no memory for a path");
    }
    *out = l;
    l = NULL;
    return OK;
}

/* Troubles of one connection before it was accepted (accept(2), "Error handling"): no reason to
 * stop listening. */
static bool is_passing(int error)
{
    static const int PASSING[] = {EAGAIN,      EINTR,      ECONNABORTED, EPROTO,
                                  ENETDOWN,    ENONET,     EHOSTDOWN,    EHOSTUNREACH,
                                  ENOPROTOOPT, EOPNOTSUPP, ENETUNREACH};
    for (size_t i = 0; i < sizeof(PASSING) / sizeof(PASSING[0]); i++) {
        if (PASSING[i] == error)
            return true;
    }
    return false;
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* The connection stays in the queue and the socket readable, so poll(2) would spin. */
static status wait_for_better_times(uint64_t deadline_ns)
{
    const struct timespec pause = {.tv_nsec = SHORTAGE_PAUSE_MS * 1000000};
    REQUIRE(clock_mono_ns() < deadline_ns, ST_BUSY, "no descriptor for a new connection");
    (void)nanosleep(&pause, NULL);
    return OK;
}

status listener_accept(struct listener *l, uint64_t deadline_ns, struct stream **out)
{
    for (;;) {
        unsigned ready = 0;
        TRY(stream_wait(l->socket, STREAM_READABLE, l->wake_fd, deadline_ns, &ready));
        REQUIRE((ready & STREAM_WOKEN) == 0, ST_CANCELLED, "told to stop listening");
        int fd = accept4(stream_fd(l->socket), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return stream_from_fd(fd, out);
        if (is_shortage(errno))
            TRY(wait_for_better_times(deadline_ns));
        else
            REQUIRE(is_passing(errno), ST_IO, "cannot accept: %s", strerror(errno));
    }
}

/* Stays readable, so that every accept from now on returns. */
void listener_wake(struct listener *l)
{
    uint64_t one = 1;
    int saved = errno;
    ssize_t n = write(l->wake_fd, &one, sizeof(one));
    (void)n;
    errno = saved;
}

const char *listener_address(const struct listener *l)
{
    return l->address;
}

int listener_fd(const struct listener *l)
{
    return stream_fd(l->socket);
}
