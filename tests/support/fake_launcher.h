/* fake_launcher - the Confidential Space launcher's socket: one thread that answers requests to
 * /v1/token as the launcher does, or in one of the ways in which a server goes wrong.
 *
 * Header only: static functions, one user each.
 */
#ifndef SUPPORT_FAKE_LAUNCHER_H
#define SUPPORT_FAKE_LAUNCHER_H

#include "support/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum fake_launcher_trouble {
    FAKE_LAUNCHER_FINE,
    FAKE_LAUNCHER_SILENT,   /* takes the request and says nothing */
    FAKE_LAUNCHER_HANGS_UP, /* closes at once */
    FAKE_LAUNCHER_HALF,     /* half of the answer, then closes */
    FAKE_LAUNCHER_DRIPS,    /* a byte now and then, for ever */
    FAKE_LAUNCHER_BYTEWISE, /* every byte by itself, quickly */
    FAKE_LAUNCHER_ENDLESS,  /* more and more */
};

struct fake_launcher {
    char folder[64], path[96];
    int listener, stop[2];
    pthread_t thread;
    enum fake_launcher_trouble trouble;
    struct bytes answer; /* the whole response; .p NULL: make() says it */
    /* Appends the response to a request's JSON. */
    void (*make)(void *ctx, struct bytes json, struct buf *out);
    void *ctx;
    struct buf request; /* the last one, whole */
};

/* True when the other side may be served; false when the test is over. */
static inline bool fake_launcher_wait(const struct fake_launcher *f, int fd, int ms)
{
    struct pollfd p[2] = {{.fd = f->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    (void)poll(p, fd >= 0 ? 2 : 1, ms);
    return p[0].revents == 0;
}

static inline const uint8_t *fake_launcher_body(const struct buf *request)
{
    const uint8_t *end = request->n ? memmem(request->p, request->n, "\r\n\r\n", 4) : NULL;
    return end ? end + 4 : NULL;
}

static inline bool fake_launcher_is_whole(struct buf *request)
{
    const uint8_t *body = fake_launcher_body(request);
    char *length;
    if (body == NULL)
        return false;
    buf_put_u8(request, 0); /* ends the text for strtoul; taken back */
    request->n--;
    length = strstr((char *)request->p, "Content-Length: ");
    assert_non_null(length);
    size_t have = request->n - (size_t)(fake_launcher_body(request) - request->p);
    return have >= strtoul(length + 16, NULL, 10);
}

static inline void fake_launcher_read(struct fake_launcher *f, int fd)
{
    uint8_t step[512];
    buf_clear(&f->request);
    while (!fake_launcher_is_whole(&f->request)) {
        ssize_t n = recv(fd, step, sizeof(step), 0);
        if (n <= 0)
            return;
        buf_put(&f->request, bytes_of(step, (size_t)n));
    }
}

static inline bool fake_launcher_send(int fd, struct bytes in)
{
    while (in.n > 0) {
        ssize_t n = send(fd, in.p, in.n, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        in = bytes_of(in.p + n, in.n - (size_t)n);
    }
    return true;
}

static inline void fake_launcher_answer(struct fake_launcher *f, int fd, struct bytes answer)
{
    static const uint8_t FILLER[4096];
    size_t n = f->trouble == FAKE_LAUNCHER_HALF ? answer.n / 2 : answer.n;
    if (f->trouble == FAKE_LAUNCHER_HANGS_UP)
        return;
    if (f->trouble == FAKE_LAUNCHER_SILENT)
        while (fake_launcher_wait(f, -1, 20))
            ;
    else if (f->trouble == FAKE_LAUNCHER_ENDLESS)
        while (fake_launcher_send(fd, BYTES_OF(FILLER)))
            ;
    else if (f->trouble == FAKE_LAUNCHER_DRIPS)
        while (fake_launcher_wait(f, -1, 5) && fake_launcher_send(fd, BYTES_LIT("H")))
            ;
    else if (f->trouble == FAKE_LAUNCHER_BYTEWISE)
        for (size_t i = 0; i < n && fake_launcher_send(fd, bytes_of(answer.p + i, 1)); i++)
            ;
    else
        (void)fake_launcher_send(fd, bytes_of(answer.p, n));
}

static inline void fake_launcher_serve(struct fake_launcher *f, int fd)
{
    struct buf made CLEANUP(buf_done) = BUF_MAX(1 << 20);
    fake_launcher_read(f, fd);
    const uint8_t *body = fake_launcher_body(&f->request);
    if (body == NULL)
        return;
    if (f->answer.p == NULL)
        f->make(f->ctx, bytes_of(body, f->request.n - (size_t)(body - f->request.p)), &made);
    fake_launcher_answer(f, fd, f->answer.p ? f->answer : buf_view(&made));
}

static inline void *fake_launcher_main(void *ctx)
{
    struct fake_launcher *f = ctx;
    while (fake_launcher_wait(f, f->listener, -1)) {
        int fd = accept(f->listener, NULL, NULL);
        if (fd < 0)
            continue;
        fake_launcher_serve(f, fd);
        (void)close(fd);
    }
    return NULL;
}

static inline void fake_launcher_start(struct fake_launcher *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    f->request = BUF_MAX(1 << 16);
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/eml-launcher-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/teeserver.sock", f->folder);
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(f->listener >= 0);
    assert_int_equal(bind(f->listener, (const struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(f->listener, 4), 0);
    assert_int_equal(pipe(f->stop), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, fake_launcher_main, f), 0);
}

static inline void fake_launcher_stop(struct fake_launcher *f)
{
    assert_int_equal(close(f->stop[1]), 0); /* wakes every poll() with POLLHUP */
    (void)shutdown(f->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    (void)close(f->stop[0]);
    (void)close(f->listener);
    (void)unlink(f->path);
    (void)rmdir(f->folder);
    buf_done(&f->request);
}

#endif
