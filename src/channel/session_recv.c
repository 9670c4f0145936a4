#include "channel/session_state.h"

#include <sys/eventfd.h>

#include "base/clock.h"
#include "channel/wire.h"

/* --- one record --- */

static status refuse_out_of_turn(struct session *s, const struct fragment *f)
{
    (void)pthread_mutex_lock(&s->lock);
    enum streams_answer answer = streams_begin(&s->streams, f->stream_id, f->type);
    (void)pthread_mutex_unlock(&s->lock);
    REQUIRE(answer != STREAMS_FULL, ST_LIMIT, "the peer opens more than %zu streams",
            s->streams.max);
    REQUIRE(answer != STREAMS_REFUSED, ST_PROTOCOL, "message type %u out of turn on stream %u",
            f->type, f->stream_id);
    /* Not a failure; the caller drops the message. */
    return answer == STREAMS_IGNORE ? (status){ST_CANCELLED} : OK;
}

static status take_data(struct session *s, struct bytes plain, struct message *out, bool *out_got)
{
    struct fragment f;
    TRY(fragment_parse(plain, &f));
    s->may_update = true;
    REQUIRE(message_is_from_client(f.type) != s->is_client, ST_PROTOCOL,
            "the peer sends a message of type %u, which is this side's", f.type);
    if (f.type == MSG_CANCEL || !inbox_has(&s->inbox, f.stream_id)) {
        status turn = refuse_out_of_turn(s, &f);
        if (turn.code == ST_CANCELLED)
            return OK;
        TRY(turn);
    }
    TRY(inbox_add(&s->inbox, &f, s->heard_ns, out, out_got));
    if (!f.is_stream_end)
        return OK;
    (void)pthread_mutex_lock(&s->lock);
    streams_end(&s->streams, f.stream_id, !s->is_client);
    (void)pthread_mutex_unlock(&s->lock);
    return OK;
}

static status take_key_update(struct session *s, struct bytes plain)
{
    REQUIRE(plain.n == 0, ST_FORMAT, "key update of %zu bytes", plain.n);
    REQUIRE(s->may_update, ST_PROTOCOL, "a key update without a data record before it");
    s->may_update = false;
    return record_key_update(&s->reader);
}

static status take_close(struct session *s, struct bytes plain)
{
    REQUIRE(plain.n == 1, ST_FORMAT, "close of %zu bytes", plain.n);
    REQUIRE(s->inbox.n == 0, ST_PROTOCOL, "the peer closed inside a message");
    (void)pthread_mutex_lock(&s->lock);
    s->peer_has_ended = true;
    (void)pthread_mutex_unlock(&s->lock);
    enum status_code code = reason_code(plain.p[0]);
    if (code == ST_CLOSED)
        return FAIL(ST_CLOSED, "the peer ended the session");
    return FAIL(code, "the peer ended the session: %s", reason_text(plain.p[0]));
}

static status take_record(struct session *s, const struct record_header *h, struct bytes plain,
                          struct message *out, bool *out_got)
{
    switch (h->type) {
    case RECORD_DATA:
        return take_data(s, plain, out, out_got);
    case RECORD_KEY_UPDATE:
        return take_key_update(s, plain);
    case RECORD_CLOSE:
        return take_close(s, plain);
    }
    return FAIL(ST_PROTOCOL, "record type %d", (int)h->type);
}

/* --- the bytes that have come --- */

/* *out_got: a message; *out_is_short: the record at the front is not whole yet. */
static status next_record(struct session *s, struct message *out, bool *out_got, bool *out_is_short)
{
    struct record_header h;
    uint8_t *record = s->rx + s->rx_at;
    size_t have = s->rx_n - s->rx_at;
    *out_is_short = true;
    if (have < RECORD_HEADER_LEN) {
        /* A frame in the clear shows by its first byte; do not wait for more of it. */
        REQUIRE(have == 0 || (record[0] >= RECORD_DATA && record[0] <= RECORD_CLOSE), ST_PROTOCOL,
                "0x%02x where a sealed record must begin", record[0]);
        return OK;
    }
    TRY(record_header_parse(record, &h));
    size_t n = RECORD_HEADER_LEN + (size_t)h.length;
    if (have < n)
        return OK;
    struct bytes plain;
    TRY(record_open(&s->reader, &h, record, n, &plain));
    s->rx_at += n;
    s->heard_ns = clock_mono_ns();
    s->rx_started_ns = s->heard_ns;
    *out_is_short = false;
    status st = take_record(s, &h, plain, out, out_got);
    wipe(record, n);
    return st;
}

/* Room for at least one whole record behind what is there. */
static void make_room(struct session *s)
{
    size_t left = s->rx_n - s->rx_at;
    if (s->rx_at > 0 && left > 0)
        memmove(s->rx, s->rx + s->rx_at, left);
    s->rx_at = 0;
    s->rx_n = left;
}

static status end_of_bytes(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    bool is_aborted = s->is_aborted;
    enum status_code send_error = s->send_error;
    (void)pthread_mutex_unlock(&s->lock);
    REQUIRE(!is_aborted, ST_CANCELLED, "the session was ended on this side");
    REQUIRE(send_error != ST_TIMEOUT, ST_TIMEOUT, "the peer does not read");
    return FAIL(ST_CUT, "the connection ended without the session's authenticated end");
}

static status read_more(struct session *s, size_t *out_n)
{
    make_room(s);
    bool was_empty = s->rx_n == 0;
    status st = stream_try_read(s->stream, s->rx + s->rx_n, SESSION_RX_CAP - s->rx_n, out_n);
    if (st.code == ST_CLOSED)
        return end_of_bytes(s);
    TRY(st);
    s->rx_n += *out_n;
    if (was_empty && *out_n > 0)
        s->rx_started_ns = clock_mono_ns();
    return OK;
}

/* --- waiting --- */

static const char TOO_OLD[] = "the session has reached its age limit";

static uint64_t after_ms(uint64_t from_ns, uint32_t ms)
{
    return from_ns + ms * (uint64_t)1000000;
}

static void lower(uint64_t *deadline_ns, const char **what, uint64_t other_ns, const char *other)
{
    if (other_ns >= *deadline_ns)
        return;
    *deadline_ns = other_ns;
    *what = other;
}

static uint64_t last_active(const struct session *s)
{
    return s->heard_ns > s->progress_ns ? s->heard_ns : s->progress_ns;
}

/* Locked. The first deadline of the session itself, and its name. */
static uint64_t own_deadline(const struct session *s, bool has_unwritten, bool is_quiet,
                             const char **what)
{
    uint64_t d = after_ms(s->started_ns, s->limits.total_timeout_ms);
    *what = TOO_OLD;
    if (s->inbox.n > 0)
        lower(&d, what, after_ms(inbox_oldest_ns(&s->inbox), s->limits.message_timeout_ms),
              "the peer does not finish a message");
    if (s->rx_n > s->rx_at)
        lower(&d, what, after_ms(s->rx_started_ns, s->limits.message_timeout_ms),
              "the peer does not finish a record");
    if (is_quiet)
        lower(&d, what, after_ms(last_active(s), s->limits.idle_timeout_ms),
              "the session was idle for too long");
    if (has_unwritten)
        lower(&d, what, after_ms(s->progress_ns, s->limits.write_timeout_ms),
              "the peer does not read");
    return d;
}

struct waiting {
    uint64_t deadline_ns;
    bool is_own; /* the deadline is the session's, not the caller's */
    const char *what;
    unsigned want;
};

static struct waiting plan(struct session *s, uint64_t caller_ns)
{
    struct waiting w = {.want = STREAM_READABLE};
    (void)pthread_mutex_lock(&s->lock);
    bool has_unwritten = session_has_unwritten(s);
    /* A stream that its client leaves half open does not keep a session alive. */
    bool is_quiet = streams_n_owed(&s->streams) == 0 && s->inbox.n == 0 && s->rx_n == s->rx_at;
    w.deadline_ns = own_deadline(s, has_unwritten, is_quiet, &w.what);
    if (has_unwritten && !s->is_writing && s->send_error == ST_OK)
        w.want |= STREAM_WRITABLE;
    (void)pthread_mutex_unlock(&s->lock);
    w.is_own = w.deadline_ns <= caller_ns;
    w.deadline_ns = w.is_own ? w.deadline_ns : caller_ns;
    return w;
}

static void after_wait(struct session *s, unsigned ready)
{
    eventfd_t n;
    if (ready & STREAM_WOKEN)
        (void)eventfd_read(s->wake_fd, &n);
    if (!(ready & (STREAM_WRITABLE | STREAM_WOKEN)))
        return;
    (void)pthread_mutex_lock(&s->lock);
    session_pump(s);
    (void)pthread_mutex_unlock(&s->lock);
}

/* Asked before every read: a peer that keeps the receiver busy never lets it wait. */
static status check_age(const struct session *s)
{
    REQUIRE(clock_mono_ns() < after_ms(s->started_ns, s->limits.total_timeout_ms), ST_TIMEOUT, "%s",
            TOO_OLD);
    return OK;
}

/* Returns when more bytes have come. *out_is_callers: the caller's deadline passed, no harm done.
 */
static status fill(struct session *s, uint64_t caller_ns, bool *out_is_callers)
{
    for (;;) {
        size_t n = 0;
        unsigned ready = 0;
        TRY(check_age(s));
        TRY(read_more(s, &n));
        if (n > 0)
            return OK;
        struct waiting w = plan(s, caller_ns);
        status st = stream_wait(s->stream, w.want, s->wake_fd, w.deadline_ns, &ready);
        *out_is_callers = st.code == ST_TIMEOUT && !w.is_own;
        REQUIRE(st.code != ST_TIMEOUT || !w.is_own, ST_TIMEOUT, "%s", w.what);
        TRY(st);
        after_wait(s, ready);
    }
}

/* --- the end --- */

/* The peer broke the protocol or a time limit: it is told why, as far as it may know, and nothing
 * is read any more. The detail of the failure survives for the caller. */
static void die(struct session *s, status st)
{
    (void)pthread_mutex_lock(&s->lock);
    bool has_peer_ended = s->peer_has_ended;
    s->recv_error = st.code;
    if (!has_peer_ended && st.code != ST_CUT && st.code != ST_CANCELLED && !s->has_ended &&
        s->send_error == ST_OK && ok(session_seal_close(s, reason_of(st.code))))
        session_pump(s);
    if (!has_peer_ended && s->send_error == ST_OK)
        s->send_error = st.code;
    (void)pthread_cond_broadcast(&s->written);
    (void)pthread_mutex_unlock(&s->lock);
    if (!has_peer_ended)
        stream_shutdown(s->stream);
}

static status receive(struct session *s, uint64_t deadline_ns, struct message *out,
                      bool *out_is_callers)
{
    bool got = false;
    bool is_short = false;
    while (!got) {
        TRY(next_record(s, out, &got, &is_short));
        if (is_short)
            TRY(fill(s, deadline_ns, out_is_callers));
    }
    return OK;
}

static status check_not_dead(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    enum status_code code = s->recv_error;
    (void)pthread_mutex_unlock(&s->lock);
    if (code == ST_OK)
        return OK;
    return FAIL(code, "the session is over: %s", status_public(code));
}

status session_recv(struct session *s, uint64_t deadline_ns, struct message *out)
{
    bool is_callers = false;
    TRY(check_not_dead(s));
    status st = receive(s, deadline_ns, out, &is_callers);
    if (failed(st) && !is_callers)
        die(s, st);
    return st;
}
