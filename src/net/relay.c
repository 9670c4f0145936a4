#include "net/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/stream.h"

enum { EVENTS_AT_ONCE = 64, SCRATCH_BYTES = 64 << 10, TICK_MIN_MS = 10, TICK_MAX_MS = 1000 };

struct link;

/* One socket of a connection, and what still has to be written to it. */
struct end {
    struct link *link;
    struct stream *stream;
    uint32_t interest;  /* what epoll was told */
    bool is_watched;    /* stands in the epoll set */
    bool is_gone;       /* reset or fully closed by its peer */
    bool has_ended;     /* nothing more will be read from it */
    bool was_shut;      /* the end of the other side was passed on to it */
    struct buf waiting; /* bytes for it; wiped on free like every buf */
    size_t waiting_at;
    uint64_t n_bytes; /* written to it */
};

enum { CLIENT, UPSTREAM };

struct link {
    struct end ends[2];
    uint64_t number;
    uint64_t opened_ns;
    uint64_t active_ns;
    bool is_connecting;
    bool is_dead; /* closed after the events at hand: they may still point to it */
    struct link *previous;
    struct link *next;
};

struct relay {
    struct relay_options o;
    struct listener *listener;
    bool is_listening; /* the listener stands in the epoll set */
    struct address upstream;
    int epoll_fd;
    int stop_fd;
    uint64_t n_links_ever;
    size_t n_open;
    struct link *links;
    bool has_dead;
    uint8_t scratch[SCRATCH_BYTES];
};

/* --- reports --- */

static void report(const struct relay *r, const struct link *l, enum relay_event event,
                   const char *why)
{
    if (r->o.report == NULL)
        return;
    const struct relay_report what = {
        .event = event,
        .connection = l->number,
        .up_bytes = l->ends[UPSTREAM].n_bytes,
        .down_bytes = l->ends[CLIENT].n_bytes,
        .lasted_ms = (clock_mono_ns() - l->opened_ns) / 1000000,
        .n_open = r->n_open,
        .why = why,
    };
    r->o.report(r->o.ctx, &what);
}

/* --- links --- */

static void free_link(struct relay *r, struct link *l)
{
    if (l->previous != NULL)
        l->previous->next = l->next;
    else
        r->links = l->next;
    if (l->next != NULL)
        l->next->previous = l->previous;
    for (int i = 0; i < 2; i++) {
        stream_freep(&l->ends[i].stream);
        buf_done(&l->ends[i].waiting);
    }
    free(l);
}

static void kill_link(struct relay *r, struct link *l, enum relay_event event, const char *why)
{
    if (l->is_dead)
        return;
    l->is_dead = true;
    r->has_dead = true;
    r->n_open--;
    report(r, l, event, why);
    for (int i = 0; i < 2; i++) {
        if (l->ends[i].stream != NULL && !l->ends[i].is_gone)
            (void)epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, stream_fd(l->ends[i].stream), NULL);
        stream_freep(&l->ends[i].stream);
    }
}

static void bury_dead(struct relay *r)
{
    if (!r->has_dead)
        return;
    for (struct link *l = r->links; l != NULL;) {
        struct link *next = l->next;
        if (l->is_dead)
            free_link(r, l);
        l = next;
    }
    r->has_dead = false;
}

static struct link *new_link(struct relay *r, struct stream *client)
{
    struct link *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    for (int i = 0; i < 2; i++) {
        l->ends[i].link = l;
        l->ends[i].waiting = BUF_MAX(SCRATCH_BYTES);
    }
    l->ends[CLIENT].stream = client;
    l->number = ++r->n_links_ever;
    l->opened_ns = l->active_ns = clock_mono_ns();
    l->next = r->links;
    if (r->links != NULL)
        r->links->previous = l;
    r->links = l;
    r->n_open++;
    return l;
}

static struct end *other(const struct end *e)
{
    return &e->link->ends[e == &e->link->ends[CLIENT] ? UPSTREAM : CLIENT];
}

/* --- epoll --- */

static bool watch(struct relay *r, int op, int fd, uint32_t events, void *ptr)
{
    struct epoll_event ev = {.events = events, .data = {.ptr = ptr}};
    return epoll_ctl(r->epoll_fd, op, fd, &ev) == 0;
}

static uint32_t wanted(const struct end *e)
{
    bool is_connecting = e->link->is_connecting;
    if (is_connecting)
        return e == &e->link->ends[UPSTREAM] ? (uint32_t)EPOLLOUT : 0;
    return (!e->has_ended && other(e)->waiting.n == 0 && !other(e)->is_gone ? (uint32_t)EPOLLIN
                                                                            : 0) |
           (e->waiting.n > 0 ? (uint32_t)EPOLLOUT : 0);
}

/* A broken end is reported whatever is asked of it. One that is not read for now, because the other
 * side does not take what it sent, is taken out: else its reset would wake the loop again and again
 * until that has drained. One that was read to its end stays in: its reset ends the link. */
static void update(struct relay *r, struct end *e)
{
    uint32_t events = wanted(e);
    bool is_stalled = events == 0 && !e->has_ended;
    if (e->is_gone || (e->interest == events && e->is_watched != is_stalled))
        return;
    int op = is_stalled ? EPOLL_CTL_DEL : e->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    e->interest = events;
    e->is_watched = !is_stalled;
    (void)watch(r, op, stream_fd(e->stream), events, e);
}

static void give_up_on(struct relay *r, struct end *e)
{
    if (e->is_gone)
        return;
    e->is_gone = true;
    e->has_ended = true;
    buf_clear(&e->waiting);
    (void)epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, stream_fd(e->stream), NULL);
}

/* --- copying --- */

static status write_out(struct end *e, struct bytes in, size_t *out_n)
{
    TRY(stream_try_write(e->stream, in, out_n));
    e->n_bytes += *out_n;
    return OK;
}

static status flush(struct end *e)
{
    size_t n = 0;
    if (e->waiting.n == 0)
        return OK;
    TRY(write_out(e, bytes_of(e->waiting.p + e->waiting_at, e->waiting.n - e->waiting_at), &n));
    e->waiting_at += n;
    if (e->waiting_at == e->waiting.n) {
        buf_clear(&e->waiting);
        e->waiting_at = 0;
    }
    return OK;
}

/* One read, written on at once; what the other end does not take waits there. */
static status copy_once(struct relay *r, struct end *from, bool *out_more)
{
    struct end *to = other(from);
    size_t n = 0;
    size_t put = 0;
    *out_more = false;
    status s = stream_try_read(from->stream, r->scratch, sizeof(r->scratch), &n);
    if (failed(s)) {
        from->has_ended = true;
        return OK;
    }
    if (n == 0)
        return OK;
    TRY(write_out(to, bytes_of(r->scratch, n), &put));
    buf_put(&to->waiting, bytes_of(r->scratch + put, n - put));
    *out_more = put == n && n == sizeof(r->scratch);
    return buf_status(&to->waiting);
}

static status copy(struct relay *r, struct end *from)
{
    /* Level-triggered: two rounds at most, then the others have their turn. */
    bool more = true;
    for (int i = 0; i < 2 && more; i++)
        TRY(copy_once(r, from, &more));
    return OK;
}

static void pass_on_end(struct end *from)
{
    struct end *to = other(from);
    if (!from->has_ended || to->waiting.n > 0 || to->was_shut)
        return;
    to->was_shut = true;
    if (to->stream != NULL && !to->is_gone)
        stream_shutdown_write(to->stream);
}

/* One side broke off while the other could still send to it, and everything that it had sent has
 * been passed on. */
static bool is_broken(const struct link *l)
{
    for (int i = 0; i < 2; i++) {
        const struct end *e = &l->ends[i];
        if (e->is_gone && !e->was_shut && other(e)->waiting.n == 0)
            return true;
    }
    return false;
}

static void settle(struct relay *r, struct link *l)
{
    for (int i = 0; i < 2; i++)
        pass_on_end(&l->ends[i]);
    if (l->ends[CLIENT].was_shut && l->ends[UPSTREAM].was_shut) {
        kill_link(r, l, RELAY_CLOSED, "");
        return;
    }
    if (is_broken(l)) {
        kill_link(r, l, RELAY_BROKEN, "one side broke off");
        return;
    }
    for (int i = 0; i < 2; i++)
        update(r, &l->ends[i]);
}

/* --- connecting --- */

static void reply(struct stream *s, struct bytes text)
{
    size_t n = 0;
    if (text.n == 0)
        return;
    status st = stream_try_write(s, text, &n);
    (void)st;
    stream_shutdown_write(s);
}

static void unreachable(struct relay *r, struct link *l, int error)
{
    reply(l->ends[CLIENT].stream, r->o.unreachable_reply);
    kill_link(r, l, RELAY_UNREACHABLE, strerror(error));
}

static void connected(struct relay *r, struct link *l)
{
    int error = 0;
    socklen_t n = sizeof(error);
    (void)getsockopt(stream_fd(l->ends[UPSTREAM].stream), SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0) {
        unreachable(r, l, error);
        return;
    }
    l->is_connecting = false;
    report(r, l, RELAY_OPENED, "");
    settle(r, l);
}

static status dial(struct relay *r, struct link *l)
{
    const struct address *a = &r->upstream;
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0, ST_IO, "%s", strerror(errno));
    TRY(stream_from_fd(fd, &l->ends[UPSTREAM].stream));
    if (connect(fd, (const struct sockaddr *)&a->sa, a->sa_n) != 0)
        REQUIRE(errno == EINPROGRESS, ST_IO, "%s", strerror(errno));
    l->is_connecting = true;
    for (int i = 0; i < 2; i++) {
        struct end *e = &l->ends[i];
        e->interest = wanted(e);
        REQUIRE(watch(r, EPOLL_CTL_ADD, stream_fd(e->stream), e->interest, e), ST_IO, "%s",
                strerror(errno));
        e->is_watched = true;
    }
    return OK;
}

static void refuse(struct relay *r, struct stream *client)
{
    const struct link none = {.number = ++r->n_links_ever, .opened_ns = clock_mono_ns()};
    reply(client, r->o.busy_reply);
    stream_freep(&client);
    report(r, &none, RELAY_REFUSED, "too many connections");
}

static void take_client(struct relay *r, struct stream *client)
{
    struct link *l = r->n_open < r->o.max_connections ? new_link(r, client) : NULL;
    if (l == NULL) {
        refuse(r, client);
        return;
    }
    if (failed(dial(r, l))) {
        reply(client, r->o.unreachable_reply);
        kill_link(r, l, RELAY_UNREACHABLE, status_detail());
    }
}

static void set_listening(struct relay *r, bool is_wanted)
{
    if (r->is_listening == is_wanted)
        return;
    r->is_listening = is_wanted;
    (void)watch(r, is_wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_fd(r->listener), EPOLLIN,
                r->listener);
}

static void accept_some(struct relay *r)
{
    for (int i = 0; i < EVENTS_AT_ONCE; i++) {
        struct stream *client = NULL;
        status s = listener_accept(r->listener, 0, &client);
        /* Out of descriptors: look again at the next tick instead of spinning. */
        if (s.code == ST_BUSY)
            set_listening(r, false);
        if (failed(s))
            return;
        take_client(r, client);
    }
}

/* --- events --- */

static void on_end(struct relay *r, struct end *e, uint32_t events)
{
    struct link *l = e->link;
    if (l->is_dead || e->is_gone)
        return;
    if (l->is_connecting) {
        if (e == &l->ends[UPSTREAM])
            connected(r, l);
        else if (events & (EPOLLERR | EPOLLHUP))
            kill_link(r, l, RELAY_BROKEN, "the client left before the upstream answered");
        return;
    }
    l->active_ns = clock_mono_ns();
    status s = flush(e);
    if (ok(s) && !e->has_ended && other(e)->waiting.n == 0 && !other(e)->is_gone)
        s = copy(r, e);
    if (failed(s)) {
        kill_link(r, l, RELAY_BROKEN, status_detail());
        return;
    }
    if ((events & (EPOLLERR | EPOLLHUP)) && (e->has_ended || other(e)->is_gone))
        give_up_on(r, e);
    settle(r, l);
}

static void check_times(struct relay *r)
{
    uint64_t now = clock_mono_ns();
    set_listening(r, true);
    for (struct link *l = r->links; l != NULL; l = l->next) {
        uint64_t age_ms = (now - l->opened_ns) / 1000000;
        uint64_t idle_ms = now > l->active_ns ? (now - l->active_ns) / 1000000 : 0;
        if (l->is_dead)
            continue;
        if (l->is_connecting && age_ms >= r->o.connect_timeout_ms)
            unreachable(r, l, ETIMEDOUT);
        else if (age_ms >= r->o.total_timeout_ms)
            kill_link(r, l, RELAY_TIMED_OUT, "the connection reached its age limit");
        else if (idle_ms >= r->o.idle_timeout_ms)
            kill_link(r, l, RELAY_TIMED_OUT, "nothing was sent for too long");
    }
}

static uint32_t shortest(const struct relay_options *o)
{
    uint32_t t = o->idle_timeout_ms;
    t = o->total_timeout_ms < t ? o->total_timeout_ms : t;
    return o->connect_timeout_ms < t ? o->connect_timeout_ms : t;
}

static int tick_ms(const struct relay *r)
{
    uint32_t tick = shortest(&r->o) / 4;
    tick = tick < TICK_MIN_MS ? TICK_MIN_MS : tick;
    return (int)(tick > TICK_MAX_MS ? TICK_MAX_MS : tick);
}

static status loop(struct relay *r)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t next_check = clock_deadline_ms((uint64_t)tick_ms(r));
    for (;;) {
        int n = epoll_wait(r->epoll_fd, events, EVENTS_AT_ONCE, tick_ms(r));
        REQUIRE(n >= 0 || errno == EINTR, ST_IO, "epoll: %s", strerror(errno));
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                return OK;
            if (events[i].data.ptr == r->listener)
                accept_some(r);
            else
                on_end(r, events[i].data.ptr, events[i].events);
        }
        if (clock_mono_ns() >= next_check) {
            check_times(r);
            next_check = clock_deadline_ms((uint64_t)tick_ms(r));
        }
        bury_dead(r);
    }
}

status relay_run(struct relay *r)
{
    return loop(r);
}

void relay_stop(struct relay *r)
{
    uint64_t one = 1;
    int saved = errno;
    ssize_t n = write(r->stop_fd, &one, sizeof(one));
    (void)n;
    errno = saved;
}

const char *relay_address(const struct relay *r)
{
    return listener_address(r->listener);
}

/* --- beginning and end --- */

static status set_up(struct relay *r)
{
    struct address wanted_upstream;
    size_t n = 0;
    TRY(address_parse(r->o.upstream, &wanted_upstream));
    TRY(address_resolve(&wanted_upstream, &r->upstream, 1, &n));
    TRY(listener_open(r->o.listen, &r->listener));
    r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    REQUIRE(r->epoll_fd >= 0 && r->stop_fd >= 0 &&
                watch(r, EPOLL_CTL_ADD, r->stop_fd, EPOLLIN, NULL),
            ST_IO, "epoll: %s", strerror(errno));
    set_listening(r, true);
    return OK;
}

status relay_new(const struct relay_options *options, struct relay **out)
{
    REQUIRE(options->max_connections >= 1 && options->max_connections <= RELAY_CONNECTIONS_MAX,
            ST_CONFIG, "max_connections is not in 1..%d", RELAY_CONNECTIONS_MAX);
    REQUIRE(options->idle_timeout_ms > 0 && options->total_timeout_ms > 0 &&
                options->connect_timeout_ms > 0,
            ST_CONFIG, "a timeout of zero");
    struct relay *r CLEANUP(relay_freep) = calloc(1, sizeof(*r));
    REQUIRE(r != NULL, ST_NOMEM, "no memory for a relay");
    r->o = *options;
    r->epoll_fd = -1;
    r->stop_fd = -1;
    TRY(set_up(r));
    *out = r;
    r = NULL;
    return OK;
}

void relay_freep(struct relay **r)
{
    struct relay *old = *r;
    *r = NULL;
    if (old == NULL)
        return;
    while (old->links != NULL)
        free_link(old, old->links);
    listener_freep(&old->listener);
    if (old->epoll_fd >= 0)
        (void)close(old->epoll_fd);
    if (old->stop_fd >= 0)
        (void)close(old->stop_fd);
    free(old);
}
