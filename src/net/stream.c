#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

struct stream {
    int fd;
};

static status set_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    REQUIRE(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0, ST_IO,
            "descriptor %d cannot be made non-blocking: %s", fd, strerror(errno));
    int fd_flags = fcntl(fd, F_GETFD);
    REQUIRE(fd_flags >= 0 && fcntl(fd, F_SETFD, fd_flags | FD_CLOEXEC) == 0, ST_IO,
            "descriptor %d cannot be made close-on-exec: %s", fd, strerror(errno));
    return OK;
}

/* Small records must leave at once. Fails on what is not TCP, which is fine. */
static void set_no_delay(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

status stream_from_fd(int fd, struct stream **out)
{
    status s = set_non_blocking(fd);
    struct stream *made = failed(s) ? NULL : calloc(1, sizeof(*made));
    if (made == NULL) {
        (void)close(fd);
        return failed(s) ? s : FAIL(ST_NOMEM, "no memory for a stream");
    }
    set_no_delay(fd);
    made->fd = fd;
    *out = made;
    return OK;
}

status stream_pair(struct stream **a, struct stream **b)
{
    int fds[2];
    struct stream *first CLEANUP(stream_freep) = NULL;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0, ST_IO,
            "no socket pair: %s", strerror(errno));
    status s = stream_from_fd(fds[0], &first);
    if (failed(s)) {
        (void)close(fds[1]);
        return s;
    }
    TRY(stream_from_fd(fds[1], b));
    *a = first;
    first = NULL;
    return OK;
}

status stream_share(const struct stream *s, struct stream **out)
{
    int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
    REQUIRE(fd >= 0, ST_IO, "no second descriptor for a connection: %s", strerror(errno));
    return stream_from_fd(fd, out);
}

void stream_freep(struct stream **s)
{
    if (*s != NULL) {
        (void)close((*s)->fd);
        free(*s);
    }
    *s = NULL;
}

int stream_fd(const struct stream *s)
{
    return s->fd;
}

void stream_shutdown(struct stream *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
}

void stream_shutdown_write(struct stream *s)
{
    (void)shutdown(s->fd, SHUT_WR);
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

status stream_try_read(struct stream *s, void *out, size_t cap, size_t *out_n)
{
    ssize_t n = recv(s->fd, out, cap, 0);
    *out_n = n > 0 ? (size_t)n : 0;
    if (n > 0 || (n < 0 && would_block(errno)))
        return OK;
    if (n == 0 || errno == ECONNRESET)
        return FAIL(ST_CLOSED, "the peer closed the connection");
    return FAIL(ST_IO, "cannot read from the connection: %s", strerror(errno));
}

status stream_try_write(struct stream *s, struct bytes in, size_t *out_n)
{
    ssize_t n = send(s->fd, in.p, in.n, MSG_NOSIGNAL);
    *out_n = n > 0 ? (size_t)n : 0;
    if (n >= 0 || would_block(errno))
        return OK;
    if (errno == EPIPE || errno == ECONNRESET)
        return FAIL(ST_CLOSED, "the peer closed the connection");
    return FAIL(ST_IO, "cannot write to the connection: %s", strerror(errno));
}

/* The time that is left, for ppoll(2); NULL means for ever. */
static const struct timespec *time_left(uint64_t deadline_ns, struct timespec *t)
{
    if (deadline_ns == STREAM_NO_DEADLINE)
        return NULL;
    uint64_t now = clock_mono_ns();
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    t->tv_sec = (time_t)(left / 1000000000u);
    t->tv_nsec = (long)(left % 1000000000u);
    return t;
}

static short poll_events(unsigned want)
{
    return (short)((want & STREAM_READABLE ? POLLIN : 0) | (want & STREAM_WRITABLE ? POLLOUT : 0));
}

/* POLLHUP and POLLERR: whatever was wanted is ready, and the next call says what happened. */
static unsigned ready_of(short revents, unsigned want)
{
    if (revents & (POLLHUP | POLLERR | POLLNVAL))
        return want;
    return (revents & POLLIN ? (unsigned)STREAM_READABLE : 0) |
           (revents & POLLOUT ? (unsigned)STREAM_WRITABLE : 0);
}

status stream_wait(struct stream *s, unsigned want, int wake_fd, uint64_t deadline_ns,
                   unsigned *out_ready)
{
    struct pollfd fds[2] = {{.fd = s->fd, .events = poll_events(want)},
                            {.fd = wake_fd, .events = POLLIN}};
    for (;;) {
        struct timespec t;
        int n = ppoll(fds, 2, time_left(deadline_ns, &t), NULL);
        REQUIRE(n != 0, ST_TIMEOUT, "timed out waiting for the peer");
        if (n > 0)
            break;
        REQUIRE(errno == EINTR, ST_IO, "poll: %s", strerror(errno));
    }
    *out_ready = ready_of(fds[0].revents, want & (STREAM_READABLE | STREAM_WRITABLE)) |
                 (fds[1].revents ? (unsigned)STREAM_WOKEN : 0);
    return OK;
}

status stream_read_some(struct stream *s, void *out, size_t cap, uint64_t deadline_ns,
                        size_t *out_n)
{
    unsigned ready = 0;
    size_t n = 0;
    REQUIRE(cap > 0, ST_USAGE, "a read of no bytes");
    for (;;) {
        TRY(stream_try_read(s, out, cap, &n));
        if (n > 0)
            break;
        TRY(stream_wait(s, STREAM_READABLE, -1, deadline_ns, &ready));
    }
    *out_n = n;
    return OK;
}

status stream_read(struct stream *s, void *out, size_t n, uint64_t deadline_ns)
{
    for (size_t at = 0; at < n;) {
        size_t got = 0;
        status st = stream_read_some(s, (uint8_t *)out + at, n - at, deadline_ns, &got);
        if (st.code == ST_CLOSED && at > 0)
            return FAIL(ST_TRUNCATED, "the connection ended after %zu of %zu bytes", at, n);
        TRY(st);
        at += got;
    }
    return OK;
}

status stream_write(struct stream *s, struct bytes in, uint64_t deadline_ns)
{
    unsigned ready = 0;
    for (size_t at = 0; at < in.n;) {
        size_t put = 0;
        TRY(stream_try_write(s, bytes_of(in.p + at, in.n - at), &put));
        at += put;
        if (put == 0)
            TRY(stream_wait(s, STREAM_WRITABLE, -1, deadline_ns, &ready));
    }
    return OK;
}
