#include "channel/session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "channel/session_state.h"
#include "channel/wire.h"

void message_done(struct message *m)
{
    buf_done(&m->body);
    *m = (struct message){0};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void set_bounds(struct session *s, const struct session_setup *setup)
{
    const struct channel_limits *l = setup->limits;
    /* Everything that may wait, one message more, and the records' own bytes. */
    size_t queue = (size_t)l->max_queued_bytes + 2 * (size_t)CHANNEL_MESSAGE_MAX;
    s->limits = *l;
    s->is_client = setup->is_client;
    s->peer_max_message = setup->peer_max_message;
    s->streams.max =
        setup->is_client ? smaller(l->max_streams, setup->peer_max_streams) : l->max_streams;
    s->inbox.max_message_bytes = l->max_message_bytes;
    s->inbox.max_held_bytes = l->max_partial_bytes;
    s->pending = BUF_MAX(queue);
    s->writing = BUF_MAX(queue);
    s->started_ns = setup->started_ns;
    s->heard_ns = clock_mono_ns();
}

static status start_keys(struct session *s, const struct session_setup *setup)
{
    const struct session_secrets *k = setup->secrets;
    memcpy(s->id, k->session_id, sizeof(s->id));
    TRY(record_key_start(setup->alg, s->is_client ? &k->client_traffic : &k->server_traffic,
                         &s->writer));
    return record_key_start(setup->alg, s->is_client ? &k->server_traffic : &k->client_traffic,
                            &s->reader);
}

status session_new(const struct session_setup *setup, struct session **out)
{
    struct session *s CLEANUP(session_freep) = calloc(1, sizeof(*s));
    struct stream *taken CLEANUP(stream_freep) = setup->stream;
    REQUIRE(s != NULL, ST_NOMEM, "no memory for a session");
    s->wake_fd = -1;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->written, NULL);
    s->stream = taken;
    taken = NULL;
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    REQUIRE(s->wake_fd >= 0, ST_IO, "no event descriptor: %s", strerror(errno));
    set_bounds(s, setup);
    s->rx = calloc(1, SESSION_RX_CAP);
    REQUIRE(s->rx != NULL, ST_NOMEM, "no memory for a session");
    TRY(start_keys(s, setup));
    *out = s;
    s = NULL;
    return OK;
}

void session_freep(struct session **s)
{
    struct session *old = *s;
    *s = NULL;
    if (old == NULL)
        return;
    stream_freep(&old->stream);
    if (old->wake_fd >= 0)
        (void)close(old->wake_fd);
    record_key_done(&old->writer);
    record_key_done(&old->reader);
    inbox_done(&old->inbox);
    buf_done(&old->pending);
    buf_done(&old->writing);
    buf_done(&old->evidence);
    if (old->rx != NULL)
        wipe(old->rx, SESSION_RX_CAP);
    free(old->rx);
    (void)pthread_cond_destroy(&old->written);
    (void)pthread_mutex_destroy(&old->lock);
    wipe(old, sizeof(*old));
    free(old);
}

void session_abort(struct session *s, enum status_code reason)
{
    (void)pthread_mutex_lock(&s->lock);
    bool is_first = !s->is_aborted;
    s->is_aborted = true;
    if (is_first && !s->has_ended && s->send_error == ST_OK &&
        ok(session_seal_close(s, reason_of(reason))))
        session_flush(s);
    if (is_first && s->send_error == ST_OK)
        s->send_error = ST_CANCELLED;
    (void)pthread_cond_broadcast(&s->written);
    (void)pthread_mutex_unlock(&s->lock);
    if (!is_first) /* who was first may be about to write the reason */
        return;
    stream_shutdown(s->stream);
    session_wake(s);
}

bool session_is_open(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    bool is_open =
        s->send_error == ST_OK && s->recv_error == ST_OK && !s->has_ended && !s->peer_has_ended;
    (void)pthread_mutex_unlock(&s->lock);
    return is_open;
}

size_t session_n_streams(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    size_t n = s->streams.n;
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

size_t session_max_message(const struct session *s)
{
    return s->peer_max_message;
}

uint32_t session_next_stream(struct session *s)
{
    (void)pthread_mutex_lock(&s->lock);
    uint32_t id = ++s->next_stream;
    (void)pthread_mutex_unlock(&s->lock);
    return id;
}

const uint8_t *session_id(const struct session *s)
{
    return s->id;
}

const uint8_t *session_transcript(const struct session *s)
{
    return s->transcript;
}

const struct evidence_verified *session_evidence(const struct session *s)
{
    return s->has_verified ? &s->verified : NULL;
}

struct bytes session_evidence_bytes(const struct session *s)
{
    return buf_view(&s->evidence);
}

const uint8_t *session_client_nonce(const struct session *s)
{
    return s->client_nonce;
}
