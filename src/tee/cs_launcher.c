#include "tee/cs_launcher.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/json.h"
#include "formats/jwt.h"
#include "tee/cs_http.h"

enum { READ_STEP = 4096, REFUSAL_MAX = 160, BODY_MAX = 4096, NS_PER_MS = 1000000 };

static const char *const KINDS[] = {[CS_LAUNCHER_OIDC] = "OIDC", [CS_LAUNCHER_PKI] = "PKI"};

static status check_request(const struct cs_launcher_request *r)
{
    REQUIRE(r->audience.n > 0 && r->audience.n <= CS_LAUNCHER_AUDIENCE_MAX &&
                text_is_visible(r->audience),
            ST_USAGE, "token: an audience of 1 to %d visible characters", CS_LAUNCHER_AUDIENCE_MAX);
    REQUIRE(r->n_nonces > 0 && r->n_nonces <= CS_LAUNCHER_NONCES_MAX, ST_USAGE,
            "token: 1 to %d nonces", CS_LAUNCHER_NONCES_MAX);
    for (size_t i = 0; i < r->n_nonces; i++) {
        struct bytes n = r->nonces[i];
        REQUIRE(n.n >= CS_LAUNCHER_NONCE_MIN && n.n <= CS_LAUNCHER_NONCE_MAX && text_is_visible(n),
                ST_USAGE, "token: a nonce has %d to %d visible characters", CS_LAUNCHER_NONCE_MIN,
                CS_LAUNCHER_NONCE_MAX);
    }
    return OK;
}

static status put_request(const struct cs_launcher_request *r, struct buf *out)
{
    struct buf body CLEANUP(buf_done) = BUF_MAX(BODY_MAX);
    struct json_w w = {.out = &body};
    json_w_open(&w, NULL, '{');
    json_w_text(&w, "audience", r->audience);
    json_w_str(&w, "token_type", KINDS[r->kind]);
    json_w_open(&w, "nonces", '[');
    for (size_t i = 0; i < r->n_nonces; i++)
        json_w_text(&w, NULL, r->nonces[i]);
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    TRY(buf_status(&body));
    buf_printf(out,
               "POST /v1/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               body.n);
    buf_put(out, buf_view(&body));
    return buf_status(out);
}

/* Ready for events, or the deadline has passed. */
static status wait_for(int fd, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = clock_mono_ns();
        REQUIRE(now < deadline_ns, ST_TIMEOUT, "the launcher does not answer in time");
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
        if (n > 0)
            return OK;
        REQUIRE(n == 0 || errno == EINTR, ST_IO, "launcher: poll: errno %d", errno);
    }
}

static status connect_to(const struct cs_launcher *l, struct fd *out)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(l->socket);
    REQUIRE(n < sizeof(a.sun_path), ST_USAGE, "launcher: the path of the socket is too long");
    memcpy(a.sun_path, l->socket, n);
    out->v = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(out->v >= 0, ST_IO, "launcher: socket: errno %d", errno);
    if (connect(out->v, (const struct sockaddr *)&a, sizeof(a)) == 0)
        return OK;
    if (errno == ENOENT || errno == ECONNREFUSED)
        return FAIL(ST_NOTFOUND, "%s: nobody there, so this is no Confidential Space", l->socket);
    return FAIL(errno == EAGAIN ? ST_BUSY : ST_IO, "%s: errno %d", l->socket, errno);
}

static status send_all(int fd, struct bytes in, uint64_t deadline_ns)
{
    for (size_t at = 0; at < in.n;) {
        ssize_t n = send(fd, in.p + at, in.n - at, MSG_NOSIGNAL);
        REQUIRE(n >= 0 || errno == EAGAIN || errno == EINTR, ST_IO, "launcher: send: errno %d",
                errno);
        if (n < 0)
            TRY(wait_for(fd, POLLOUT, deadline_ns));
        at += n > 0 ? (size_t)n : 0;
    }
    return OK;
}

/* Up to the end, which the launcher makes by closing as we asked it to. */
static status receive_all(int fd, uint64_t deadline_ns, struct buf *out)
{
    uint8_t step[READ_STEP];
    for (;;) {
        TRY(wait_for(fd, POLLIN, deadline_ns));
        ssize_t n = recv(fd, step, sizeof(step), 0);
        if (n == 0)
            return OK;
        REQUIRE(n > 0 || errno == EAGAIN || errno == EINTR, ST_IO, "launcher: receive: errno %d",
                errno);
        buf_put(out, bytes_of(step, n > 0 ? (size_t)n : 0));
        TRY(status_context(buf_status(out), "the launcher's answer"));
    }
}

static status exchange(const struct cs_launcher *l, struct bytes request, struct buf *out)
{
    struct fd fd CLEANUP(fd_close) = FD_NONE;
    uint64_t deadline_ns = clock_deadline_ms(l->timeout_ms);
    TRY(connect_to(l, &fd));
    TRY(send_all(fd.v, request, deadline_ns));
    return receive_all(fd.v, deadline_ns, out);
}

/* The text goes to the operator's log: its first line's worth, without control bytes. */
static status refusal(const struct cs_http *h)
{
    char text[REFUSAL_MAX + 1] = "";
    size_t n = h->body.n < REFUSAL_MAX ? h->body.n : REFUSAL_MAX;
    for (size_t i = 0; i < n; i++)
        text[i] = h->body.p[i] >= 0x20 && h->body.p[i] < 0x7f ? (char)h->body.p[i] : ' ';
    return FAIL(ST_IO, "the launcher refuses with status %u: %s", h->status, text);
}

/* Its form alone: an OIDC token names a key, a PKI token brings its certificates. */
static status check_token(struct bytes token, enum cs_launcher_kind kind)
{
    struct jwt_unverified t CLEANUP(jwt_done) = {0};
    TRY(status_context(jwt_parse(token, &t), "the launcher's token"));
    REQUIRE((kind == CS_LAUNCHER_PKI) == (t.n_x5c > 0), ST_FORMAT,
            "the launcher's token is not of type %s", KINDS[kind]);
    return OK;
}

status cs_launcher_token(const struct cs_launcher *l, const struct cs_launcher_request *r,
                         struct buf *out)
{
    struct buf request CLEANUP(buf_done) = BUF_MAX(2 * BODY_MAX);
    struct buf response CLEANUP(buf_done) = BUF_MAX(CS_LAUNCHER_RESPONSE_MAX);
    struct cs_http http CLEANUP(cs_http_done) = {0};
    TRY(check_request(r));
    TRY(put_request(r, &request));
    TRY(exchange(l, buf_view(&request), &response));
    TRY(cs_http_parse(buf_view(&response), &http));
    if (http.status != 200)
        return refusal(&http);
    TRY(check_token(buf_view(&http.body), r->kind));
    buf_put(out, buf_view(&http.body));
    return buf_status(out);
}
