#include "channel/session_state.h"

#include <sys/eventfd.h>

#include "base/clock.h"
#include "channel/wire.h"

/* A large message is sealed in steps of this size, between which other senders get their turn. */
enum { STEP_BYTES = 8 * FRAGMENT_BODY_MAX, KEEP_BYTES = 1 << 20 };

struct outgoing {
    uint32_t stream_id;
    uint8_t type;
    bool is_last;
    struct bytes body;
    size_t at; /* sealed so far */
};

void session_wake(struct session *s)
{
    (void)eventfd_write(s->wake_fd, 1);
}

bool session_has_unwritten(const struct session *s)
{
    return s->written_bytes < s->sealed_bytes;
}

/* --- sealing; the lock is held --- */

static status seal(struct session *s, enum record_type type, struct bytes head, struct bytes body,
                   size_t n_zeroes)
{
    if (!session_has_unwritten(s))
        s->progress_ns = clock_mono_ns();
    size_t before = s->pending.n;
    TRY(record_seal(&s->writer, type, head, body, n_zeroes, &s->pending));
    s->sealed_bytes += s->pending.n - before;
    return OK;
}

static status update_key_if_due(struct session *s)
{
    /* One record is kept back for the update itself. */
    if (s->writer.n_records + 1 < s->limits.rekey_records &&
        s->writer.n_bytes < s->limits.rekey_bytes)
        return OK;
    if (s->writer.n_records == 0)
        return OK;
    TRY(seal(s, RECORD_KEY_UPDATE, (struct bytes){0}, (struct bytes){0}, 0));
    return record_key_update(&s->writer);
}

/* Zeroes that take a plaintext of n bytes to the next bucket. */
static size_t padding_for(const struct session *s, size_t n)
{
    size_t bucket = s->limits.pad_to_bytes;
    size_t over = bucket ? n % bucket : 0;
    size_t pad = over ? bucket - over : 0;
    return n + pad <= RECORD_PLAIN_MAX ? pad : RECORD_PLAIN_MAX - n;
}

static status seal_fragment(struct session *s, struct outgoing *m)
{
    size_t left = m->body.n - m->at;
    size_t n = left < FRAGMENT_BODY_MAX ? left : FRAGMENT_BODY_MAX;
    struct fragment f = {.stream_id = m->stream_id,
                         .type = m->type,
                         .is_message_end = n == left,
                         .is_stream_end = n == left && m->is_last};
    size_t pad = padding_for(s, FRAGMENT_HEADER_LEN + n);
    uint8_t head[FRAGMENT_HEADER_LEN];
    fragment_head(&f, pad, head);
    struct bytes body = n ? bytes_of(m->body.p + m->at, n) : (struct bytes){0};
    TRY(update_key_if_due(s));
    TRY(seal(s, RECORD_DATA, BYTES_OF(head), body, pad));
    m->at += n;
    if (f.is_stream_end)
        streams_end(&s->streams, m->stream_id, s->is_client);
    return OK;
}

/* At most `cap` bytes of the message; *out_is_whole when nothing is left. A failure in the middle
 * of sealing leaves the peer with a part that never ends, so it kills the session. */
static status seal_some(struct session *s, struct outgoing *m, size_t cap, bool *out_is_whole)
{
    size_t stop = m->body.n - m->at > cap ? m->at + cap : m->body.n;
    status st = OK;
    do {
        st = seal_fragment(s, m);
    } while (ok(st) && m->at < stop);
    *out_is_whole = m->at == m->body.n;
    if (failed(st) && s->send_error == ST_OK)
        s->send_error = st.code;
    return st;
}

status session_seal_close(struct session *s, uint8_t reason)
{
    s->has_ended = true;
    return seal(s, RECORD_CLOSE, bytes_of(&reason, 1), (struct bytes){0}, 0);
}

/* --- writing --- */

/* Storage of a large message goes back at once: there may be many sessions. */
static void release(struct buf *b)
{
    if (b->cap > KEEP_BYTES)
        buf_done(b);
    else
        buf_clear(b);
}

static void account(struct session *s, size_t n, status st)
{
    s->writing_at += n;
    s->written_bytes += n;
    if (n > 0)
        s->progress_ns = clock_mono_ns();
    if (s->writing_at == s->writing.n) {
        release(&s->writing);
        s->writing_at = 0;
    }
    if (failed(st) && s->send_error == ST_OK)
        s->send_error = st.code;
}

static void set_stalled(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->is_stalled = true;
    if (s->n_waiting > 0)
        (void)pthread_cond_broadcast(&s->written);
    (void)pthread_mutex_unlock(&s->lock);
}

/* One write(2) in the writer role, which must be free; then, if asked and nothing went, a wait for
 * room. Called and left with the lock held, which is given up in between. */
static status write_step(struct session *s, bool may_wait, size_t *out_n)
{
    uint64_t deadline_ns = s->progress_ns + s->limits.write_timeout_ms * (uint64_t)1000000;
    unsigned ready = 0;
    s->is_writing = true;
    if (s->writing.n == 0) {
        struct buf empty = s->writing;
        s->writing = s->pending;
        s->pending = empty;
    }
    struct bytes next = bytes_of(s->writing.p + s->writing_at, s->writing.n - s->writing_at);
    (void)pthread_mutex_unlock(&s->lock);
    size_t n = 0;
    status st = stream_try_write(s->stream, next, &n);
    if (ok(st) && n == 0 && may_wait) {
        set_stalled(s);
        st = stream_wait(s->stream, STREAM_WRITABLE, -1, deadline_ns, &ready);
    }
    (void)pthread_mutex_lock(&s->lock);
    s->is_writing = s->is_stalled = false;
    account(s, n, st);
    if (s->n_waiting > 0)
        (void)pthread_cond_broadcast(&s->written);
    *out_n = n;
    return st;
}

void session_pump(struct session *s)
{
    size_t n = 1;
    while (n > 0 && !s->is_writing && s->send_error == ST_OK && session_has_unwritten(s)) {
        if (failed(write_step(s, false, &n)))
            return;
    }
}

/* Locked. Nothing is sealed any more, and the writer's write(2) does not block: it comes to the
 * end, or to a peer that does not read, and would not read what comes behind. */
void session_flush(struct session *s)
{
    while (s->is_writing && !s->is_stalled) {
        s->n_waiting++;
        (void)pthread_cond_wait(&s->written, &s->lock);
        s->n_waiting--;
    }
    session_pump(s);
}

static status send_failure(const struct session *s)
{
    if (s->is_aborted)
        return FAIL(ST_CANCELLED, "the session was ended on this side");
    if (s->send_error == ST_TIMEOUT)
        return FAIL(ST_TIMEOUT, "the peer does not read");
    return FAIL(s->send_error, "the session can send no more: %s", status_public(s->send_error));
}

/* Until everything up to `mark` has left. Others may write it: then this thread only waits. */
static status write_up_to(struct session *s, uint64_t mark)
{
    size_t n = 0;
    while (s->written_bytes < mark && s->send_error == ST_OK) {
        if (!s->is_writing) {
            (void)write_step(s, true, &n);
            continue;
        }
        s->n_waiting++;
        (void)pthread_cond_wait(&s->written, &s->lock);
        s->n_waiting--;
    }
    return s->written_bytes >= mark ? OK : send_failure(s);
}

/* --- the public calls --- */

static status refuse(enum streams_answer answer, const struct session *s, const struct outgoing *m)
{
    switch (answer) {
    case STREAMS_FULL:
        return FAIL(ST_LIMIT, "%zu streams are open, no more may be", s->streams.n);
    case STREAMS_IGNORE:
    case STREAMS_YES:
        return OK;
    case STREAMS_REFUSED:
        break;
    }
    return FAIL(ST_USAGE, "message type %u is out of turn on stream %u", m->type, m->stream_id);
}

static status check(const struct session *s, const struct outgoing *m)
{
    REQUIRE(m->type >= MSG_REQUEST && m->type <= MSG_CANCEL &&
                message_is_from_client(m->type) == s->is_client,
            ST_USAGE, "this side does not send messages of type %u", m->type);
    REQUIRE(m->type != MSG_CANCEL || (!m->is_last && m->body.n == 0), ST_USAGE,
            "a cancel is empty and not the last message");
    REQUIRE(m->body.n <= s->peer_max_message, ST_LIMIT, "message of %zu bytes; the peer takes %zu",
            m->body.n, s->peer_max_message);
    return OK;
}

/* Locked. Asked before each step: the lock is given up in between, and nothing follows an end. */
static status check_not_ended(const struct session *s)
{
    REQUIRE(!s->has_ended || s->is_aborted, ST_CLOSED, "the session has been ended on this side");
    return s->send_error == ST_OK && !s->is_aborted ? OK : send_failure(s);
}

/* Locked. *out_is_void when there is nothing to send: a cancel of what has ended. */
static status begin(struct session *s, const struct outgoing *m, bool *out_is_void)
{
    TRY(check_not_ended(s));
    enum streams_answer answer = streams_begin(&s->streams, m->stream_id, m->type);
    *out_is_void = answer == STREAMS_IGNORE;
    if (s->is_client && m->stream_id > s->next_stream)
        s->next_stream = m->stream_id;
    return refuse(answer, s, m);
}

static status send_locked(struct session *s, struct outgoing *m)
{
    bool is_done = false;
    TRY(begin(s, m, &is_done));
    while (!is_done) {
        TRY(check_not_ended(s));
        TRY(seal_some(s, m, STEP_BYTES, &is_done));
        TRY(write_up_to(s, s->sealed_bytes));
    }
    return OK;
}

/* Bytes that session_post() left and that no sender is going to write are the receiver's. */
static bool needs_receiver(const struct session *s)
{
    return session_has_unwritten(s) && s->n_waiting == 0 && !s->is_writing &&
           s->send_error == ST_OK;
}

static void unlock(struct session *s, status st)
{
    bool is_dead = failed(st) && s->send_error != ST_OK;
    bool has_rest = needs_receiver(s);
    (void)pthread_cond_broadcast(&s->written);
    (void)pthread_mutex_unlock(&s->lock);
    if (is_dead)
        stream_shutdown(s->stream);
    if (has_rest)
        session_wake(s);
}

status session_send(struct session *s, uint32_t stream_id, uint8_t type, bool is_last,
                    struct bytes body)
{
    struct outgoing m = {.stream_id = stream_id, .type = type, .is_last = is_last, .body = body};
    TRY(check(s, &m));
    (void)pthread_mutex_lock(&s->lock);
    status st = send_locked(s, &m);
    unlock(s, st);
    return st;
}

static status queue_locked(struct session *s, struct outgoing *m)
{
    bool is_done = false;
    size_t waiting = (size_t)(s->sealed_bytes - s->written_bytes);
    REQUIRE(waiting == 0 || waiting + m->body.n <= s->limits.max_queued_bytes, ST_BUSY,
            "%zu bytes wait for a peer that does not read", waiting);
    TRY(begin(s, m, &is_done));
    if (!is_done)
        TRY(seal_some(s, m, m->body.n, &is_done));
    return OK;
}

status session_queue(struct session *s, uint32_t stream_id, uint8_t type, bool is_last,
                     struct bytes body)
{
    struct outgoing m = {.stream_id = stream_id, .type = type, .is_last = is_last, .body = body};
    TRY(check(s, &m));
    (void)pthread_mutex_lock(&s->lock);
    status st = queue_locked(s, &m);
    (void)pthread_mutex_unlock(&s->lock);
    return st;
}

static status post_locked(struct session *s, struct outgoing *m)
{
    TRY(queue_locked(s, m));
    session_pump(s);
    return s->send_error == ST_OK ? OK : send_failure(s);
}

status session_post(struct session *s, uint32_t stream_id, uint8_t type, bool is_last,
                    struct bytes body)
{
    struct outgoing m = {.stream_id = stream_id, .type = type, .is_last = is_last, .body = body};
    TRY(check(s, &m));
    (void)pthread_mutex_lock(&s->lock);
    status st = post_locked(s, &m);
    unlock(s, st);
    return st;
}

status session_end(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    status st = s->is_aborted ? send_failure(s) : OK;
    if (ok(st) && !s->has_ended)
        st = s->send_error == ST_OK ? session_seal_close(s, reason_of(ST_CLOSED)) : send_failure(s);
    if (ok(st))
        st = write_up_to(s, s->sealed_bytes);
    unlock(s, st);
    return st;
}
