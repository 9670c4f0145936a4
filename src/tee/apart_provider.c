#include "tee/apart_provider.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tee/verify/bundle.h"

enum { QUESTION_HEADER = 4, ANSWER_HEADER = 5, DETAIL_MAX = 256 };

struct lane {
    struct fd fd; /* our end of the pair */
    struct lane *next_free;
};

struct apart_provider {
    struct tee_provider base;
    struct tee_provider_ops ops; /* of the platform that is asked */
    struct measurements measurements;
    struct lane lanes[APART_PROCESSES];
    uint32_t wait_ms;
    pthread_mutex_t lock;   /* guards: free, n_alive */
    pthread_cond_t changed; /* of the monotonic clock */
    struct lane *free;
    uint32_t n_alive;
};

static struct apart_provider *self_of(struct tee_provider *p)
{
    return (struct apart_provider *)p; /* base is the first member */
}

/* ---- both ends ---- */

static status send_all(int fd, struct bytes in)
{
    while (in.n > 0) {
        ssize_t n = send(fd, in.p, in.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        REQUIRE(n > 0, ST_IO, "evidence process: send: errno %d", errno);
        in.p += n;
        in.n -= (size_t)n;
    }
    return OK;
}

static status receive_all(int fd, void *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = recv(fd, (uint8_t *)out + at, n - at, 0);
        if (got < 0 && errno == EINTR)
            continue;
        REQUIRE(got >= 0 || errno != EAGAIN, ST_TIMEOUT, "the evidence process does not answer");
        REQUIRE(got > 0, ST_CLOSED, "the evidence process is gone");
        at += (size_t)got;
    }
    return OK;
}

static status receive_body(int fd, uint32_t n, struct buf *out)
{
    REQUIRE(n <= out->max, ST_LIMIT, "evidence process: %u bytes, at most %zu", n, out->max);
    uint8_t *room = buf_extend(out, n);
    TRY(buf_status(out));
    return receive_all(fd, room, n);
}

/* ---- the process ---- */

static status receive_question(int fd, struct buf *out)
{
    uint8_t header[QUESTION_HEADER];
    TRY(receive_all(fd, header, sizeof(header)));
    struct rd r = rd_over(BYTES_OF(header));
    return receive_body(fd, rd_u32be(&r), out);
}

static status send_answer(int fd, status verdict, struct bytes evidence)
{
    struct buf answer CLEANUP(buf_done) = BUF_MAX(ANSWER_HEADER + BUNDLE_MAX_BYTES);
    struct bytes body = ok(verdict) ? evidence : bytes_str(status_detail());
    if (failed(verdict) && body.n > DETAIL_MAX)
        body.n = DETAIL_MAX;
    buf_put_u8(&answer, (uint8_t)verdict.code);
    buf_put_u32be(&answer, (uint32_t)body.n);
    buf_put(&answer, body);
    TRY(buf_status(&answer));
    return send_all(fd, buf_view(&answer));
}

static status serve_one(int fd, struct tee_provider *worker)
{
    struct buf question CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    struct buf evidence CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct statement s;
    TRY(receive_question(fd, &question));
    status made = statement_parse(buf_view(&question), &s);
    if (ok(made))
        made = tee_attest(worker, &s, &evidence);
    return send_answer(fd, made, buf_view(&evidence));
}

/* The signals are for the enclave to act on: it closes the socket when it ends. */
__attribute__((noreturn)) static void process_main(int fd, struct tee_provider *worker,
                                                   status (*confine)(void))
{
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    status s = confine();
    status sent = send_answer(fd, s, bytes_of(NULL, 0));
    while (ok(s) && ok(sent))
        sent = serve_one(fd, worker);
    _exit(sent.code == ST_CLOSED ? 0 : 1);
}

/* ---- the enclave's side ---- */

/* The text goes to the operator: without control bytes. */
static status failure_there(enum status_code code, const struct buf *detail)
{
    char text[DETAIL_MAX + 1] = "";
    for (size_t i = 0; i < detail->n; i++)
        text[i] = detail->p[i] >= 0x20 && detail->p[i] < 0x7f ? (char)detail->p[i] : '?';
    return FAIL(code, "%s", text);
}

/* The status of the exchange; what the worker made of it is *out_verdict. */
static status receive_answer(int fd, status *out_verdict, struct buf *out)
{
    uint8_t header[ANSWER_HEADER];
    struct buf detail CLEANUP(buf_done) = BUF_MAX(DETAIL_MAX);
    TRY(receive_all(fd, header, sizeof(header)));
    struct rd r = rd_over(BYTES_OF(header));
    uint8_t code = rd_u8(&r);
    REQUIRE(code < STATUS_COUNT, ST_FORMAT, "evidence process: an answer of code %u", code);
    TRY(receive_body(fd, rd_u32be(&r), code == ST_OK ? out : &detail));
    *out_verdict = code == ST_OK ? OK : failure_there((enum status_code)code, &detail);
    return OK;
}

static status ask(int fd, struct bytes statement, status *out_verdict, struct buf *out)
{
    struct buf question CLEANUP(buf_done) = BUF_MAX(QUESTION_HEADER + STATEMENT_MAX_BYTES);
    buf_put_u32be(&question, (uint32_t)statement.n);
    buf_put(&question, statement);
    TRY(buf_status(&question));
    TRY(send_all(fd, buf_view(&question)));
    return receive_answer(fd, out_verdict, out);
}

static struct timespec after_ms(uint32_t ms)
{
    uint64_t ns = clock_deadline_ms(ms);
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

static status take_lane(struct apart_provider *p, struct lane **out)
{
    const struct timespec until = after_ms(p->wait_ms);
    int e = 0;
    pthread_mutex_lock(&p->lock);
    while (p->free == NULL && p->n_alive > 0 && e == 0)
        e = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    bool is_any_left = p->n_alive > 0;
    struct lane *l = p->free;
    if (l != NULL)
        p->free = l->next_free;
    pthread_mutex_unlock(&p->lock);
    REQUIRE(is_any_left, ST_IO, "no evidence process is left: restart the enclave");
    REQUIRE(l != NULL, ST_BUSY, "every evidence process is at work");
    *out = l;
    return OK;
}

/* A lane that failed is not used again: its next answer could be to the last question. */
static void give_back(struct apart_provider *p, struct lane *l, bool is_alive)
{
    pthread_mutex_lock(&p->lock);
    if (is_alive) {
        l->next_free = p->free;
        p->free = l;
    } else {
        fd_close(&l->fd);
        p->n_alive--;
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static status attest(struct tee_provider *base, const struct statement *s, struct buf *out)
{
    struct apart_provider *p = self_of(base);
    struct buf statement CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    struct buf evidence CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    status verdict = OK;
    TRY(statement_encode(s, &statement));
    struct lane *l = NULL;
    TRY(take_lane(p, &l));
    status asked = ask(l->fd.v, buf_view(&statement), &verdict, &evidence);
    give_back(p, l, ok(asked));
    TRY(asked);
    TRY(verdict);
    buf_put(out, buf_view(&evidence));
    return buf_status(out);
}

static status measurements(struct tee_provider *p, struct measurements *out)
{
    *out = self_of(p)->measurements;
    return OK;
}

static void provider_free(struct tee_provider *base)
{
    struct apart_provider *p = self_of(base);
    for (size_t i = 0; i < APART_PROCESSES; i++)
        fd_close(&p->lanes[i].fd);
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- construction ---- */

static status set_timeout(int fd, uint32_t ms)
{
    const struct timeval t = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0, ST_IO,
            "evidence process: timeout: errno %d", errno);
    return OK;
}

static status wait_until_confined(int fd)
{
    struct buf nothing CLEANUP(buf_done) = BUF_MAX(0);
    status verdict = OK;
    TRY(receive_answer(fd, &verdict, &nothing));
    return verdict;
}

static status start_process(struct apart_provider *p, size_t i, struct tee_provider *worker,
                            const struct apart_options *o)
{
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, ST_IO,
            "evidence process: socket pair: errno %d", errno);
    struct fd theirs CLEANUP(fd_close) = {pair[1]};
    p->lanes[i].fd.v = pair[0];
    TRY(set_timeout(pair[0], o->timeout_ms));
    pid_t pid = fork();
    REQUIRE(pid >= 0, ST_IO, "evidence process: fork: errno %d", errno);
    if (pid == 0) {
        provider_free(&p->base); /* the ends of the enclave: this one's and the earlier ones' */
        process_main(pair[1], worker, o->confine);
    }
    fd_close(&theirs); /* so that the end of the process is seen */
    TRY(wait_until_confined(pair[0]));
    give_back(p, &p->lanes[i], true);
    p->n_alive++;
    return OK;
}

static status start_all(struct apart_provider *p, struct tee_provider *worker,
                        const struct apart_options *o)
{
    TRY(tee_measurements(worker, &p->measurements));
    for (size_t i = 0; i < APART_PROCESSES; i++)
        TRY(start_process(p, i, worker, o));
    return OK;
}

static void init_changed(struct apart_provider *p)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

static struct apart_provider *provider_new(const char *platform)
{
    struct apart_provider *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->ops = (struct tee_provider_ops){.platform = platform,
                                       .attest = attest,
                                       .random = tee_guest_random,
                                       .measurements = measurements,
                                       .free = provider_free};
    p->base.ops = &p->ops;
    for (size_t i = 0; i < APART_PROCESSES; i++)
        p->lanes[i].fd = FD_NONE;
    (void)pthread_mutex_init(&p->lock, NULL);
    init_changed(p);
    return p;
}

status apart_provider_over(struct tee_provider *taken, const struct apart_options *o,
                           struct tee_provider **out)
{
    struct tee_provider *worker CLEANUP(tee_provider_freep) = taken;
    struct apart_provider *p = provider_new(tee_platform(worker));
    REQUIRE(p != NULL, ST_NOMEM, "evidence process");
    p->wait_ms = o->wait_ms;
    status s = start_all(p, worker, o);
    if (failed(s)) {
        provider_free(&p->base);
        return s;
    }
    *out = &p->base;
    return OK;
}
