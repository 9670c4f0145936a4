#include "tee/nsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"

/* linux/nsm.h came with Linux 6.8: struct nsm_raw { iovec request; iovec response; } and
 * _IOWR(0x0A, 0, struct nsm_raw). The kernel writes the response's length back. */
struct nsm_raw {
    struct iovec request;
    struct iovec response;
};

#define NSM_IOCTL_RAW _IOWR(0x0A, 0x0, struct nsm_raw)

_Static_assert(sizeof(void *) != 8 || NSM_IOCTL_RAW == 0xC0200A00u, "the NSM's ioctl number");

struct nsm_device {
    struct fd fd;
};

status nsm_device_open(const char *path, struct nsm_device **out)
{
    struct fd fd = {open(path, O_RDWR | O_CLOEXEC)};
    REQUIRE(fd.v >= 0 || errno != ENOENT, ST_NOTFOUND, "%s is not there: no Nitro enclave", path);
    REQUIRE(fd.v >= 0, ST_IO, "%s: errno %d", path, errno);
    struct nsm_device *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        fd_close(&fd);
        return FAIL(ST_NOMEM, "NSM device");
    }
    d->fd = fd;
    *out = d;
    return OK;
}

void nsm_device_closep(struct nsm_device **d)
{
    if (*d == NULL)
        return;
    fd_close(&(*d)->fd);
    free(*d);
    *d = NULL;
}

static void *unconst(const uint8_t *p)
{
    union {
        const uint8_t *in;
        void *out;
    } u = {.in = p};
    return u.out;
}

static status request_device(void *ctx, struct bytes request, struct buf *out_response)
{
    struct nsm_device *d = ctx;
    size_t before = out_response->n;
    uint8_t *room = buf_extend(out_response, NSM_RESPONSE_MAX);
    TRY(buf_status(out_response));
    struct nsm_raw raw = {
        .request = {.iov_base = unconst(request.p), .iov_len = request.n},
        .response = {.iov_base = room, .iov_len = NSM_RESPONSE_MAX},
    };
    int rc;
    do
        rc = ioctl(d->fd.v, NSM_IOCTL_RAW, &raw);
    while (rc < 0 && errno == EINTR);
    REQUIRE(rc >= 0 || errno != EMSGSIZE, ST_LIMIT, "NSM: the request is too large");
    REQUIRE(rc >= 0, ST_IO, "NSM: ioctl failed with errno %d", errno);
    REQUIRE(raw.response.iov_len <= NSM_RESPONSE_MAX, ST_IO, "NSM: response of %zu bytes",
            raw.response.iov_len);
    out_response->n = before + raw.response.iov_len;
    return OK;
}

struct nsm nsm_over_device(struct nsm_device *d)
{
    return (struct nsm){.request = request_device, .ctx = d};
}
