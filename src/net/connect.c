#include "net/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"

/* connect(2) on a non-blocking socket: the outcome is read from SO_ERROR once it is writable. */
static status finish(struct stream *s, const struct address *a, uint64_t deadline_ns)
{
    unsigned ready = 0;
    int error = 0;
    socklen_t n = sizeof(error);
    const struct sockaddr *sa = (const struct sockaddr *)&a->sa;
    if (connect(stream_fd(s), sa, a->sa_n) == 0)
        return OK;
    REQUIRE(errno == EINPROGRESS || errno == EINTR, ST_IO, "%s", strerror(errno));
    TRY(stream_wait(s, STREAM_WRITABLE, -1, deadline_ns, &ready));
    (void)getsockopt(stream_fd(s), SOL_SOCKET, SO_ERROR, &error, &n);
    REQUIRE(error != ETIMEDOUT, ST_TIMEOUT, "%s", strerror(error));
    REQUIRE(error == 0, ST_IO, "%s", strerror(error));
    return OK;
}

static status try_one(const struct address *a, uint64_t deadline_ns, struct stream **out)
{
    struct stream *s CLEANUP(stream_freep) = NULL;
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0, ST_IO, "no socket: %s", strerror(errno));
    TRY(stream_from_fd(fd, &s));
    TRY(finish(s, a, deadline_ns));
    *out = s;
    s = NULL;
    return OK;
}

status stream_connect(const char *address, uint64_t deadline_ns, struct stream **out)
{
    struct address wanted;
    struct address found[ADDRESS_RESOLVED_MAX];
    size_t n = 0;
    TRY(address_parse(address, &wanted));
    TRY(address_resolve(&wanted, found, ADDRESS_RESOLVED_MAX, &n));
    status last = OK;
    for (size_t i = 0; i < n; i++) {
        last = try_one(&found[i], deadline_ns, out);
        if (ok(last))
            return OK;
    }
    return status_context(last, "cannot connect to %s", address);
}
