/* A session against a peer that holds the keys: the input is a script of records, so that fuzzing
 * reaches what lies behind the tag.
 *
 * First byte: bit 0 the session is a client, bit 1 it has sent a request. Then steps: kind, u16
 * length, that many bytes. Kinds: 0 raw bytes, 1 data, 2 key update, 3 close, 4 a key update that
 * the peer follows.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "channel/session_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 4096, HELD_MAX = 8192 };

static const struct session_secrets SECRETS = {.client_traffic = {{1}}, .server_traffic = {{2}}};

static struct session *open_session(struct stream *taken, bool is_client)
{
    const struct channel_limits given = {.max_message_bytes = MESSAGE_MAX,
                                         .max_partial_bytes = HELD_MAX,
                                         .max_streams = 8,
                                         .rekey_records = 2};
    struct channel_limits limits;
    struct session *s = NULL;
    if (failed(channel_limits_fill(&given, &limits)))
        abort();
    const struct session_setup setup = {
        .stream = taken,
        .limits = &limits,
        .is_client = is_client,
        .alg = AEAD_CHACHA20_POLY1305,
        .secrets = &SECRETS,
        .peer_max_message = MESSAGE_MAX,
        .peer_max_streams = 8,
        .started_ns = clock_mono_ns(),
    };
    if (failed(session_new(&setup, &s)))
        abort();
    return s;
}

static void put_step(struct record_key *k, uint8_t kind, struct bytes in, struct buf *out)
{
    status s = OK;
    if (kind == 0)
        buf_put(out, in);
    else
        s = record_seal(k,
                        kind == 1   ? RECORD_DATA
                        : kind == 3 ? RECORD_CLOSE
                                    : RECORD_KEY_UPDATE,
                        (struct bytes){0}, in, 0, out);
    if (ok(s) && kind == 4)
        s = record_key_update(k);
    (void)s;
}

static void put_script(struct record_key *k, struct bytes script, struct buf *out)
{
    struct rd r = rd_over(script);
    while (rd_left(&r) >= 3) {
        uint8_t kind = rd_u8(&r) % 5;
        size_t n = rd_u16be(&r);
        n = n < rd_left(&r) ? n : rd_left(&r);
        put_step(k, kind, rd_take(&r, n), out);
    }
}

static void check(const struct session *s, const struct message *m)
{
    if (message_is_from_client(m->type) == s->is_client || m->body.n > MESSAGE_MAX ||
        m->stream_id == 0)
        abort();
    if (s->inbox.held_bytes > HELD_MAX || s->inbox.n > CHANNEL_STREAMS_MAX)
        abort();
}

static void receive_all(struct session *s)
{
    status st = OK;
    while (ok(st)) {
        struct message m CLEANUP(message_done) = {0};
        st = session_recv(s, SESSION_NO_DEADLINE, &m);
        if (ok(st))
            check(s, &m);
        /* The server answers, so that streams close and ids are used up. */
        if (ok(st) && !s->is_client && m.is_last &&
            session_post(s, m.stream_id, MSG_RESPONSE, true, buf_view(&m.body)).code == ST_USAGE)
            abort();
    }
    if (session_is_open(s))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stream *ours CLEANUP(stream_freep) = NULL;
    struct stream *theirs = NULL;
    struct record_key k CLEANUP(record_key_done) = {0};
    struct buf all CLEANUP(buf_done) = BUF_MAX(128 << 10);
    size_t n = 0;
    if (size < 1 || failed(stream_pair(&ours, &theirs)))
        return 0;
    bool is_client = data[0] & 1;
    struct session *s CLEANUP(session_freep) = open_session(theirs, is_client);
    if (failed(record_key_start(AEAD_CHACHA20_POLY1305,
                                is_client ? &SECRETS.server_traffic : &SECRETS.client_traffic, &k)))
        abort();
    if ((data[0] & 3) == 3 && failed(session_send(s, 1, MSG_REQUEST, true, BYTES_LIT("q"))))
        abort();
    put_script(&k, bytes_of(data + 1, size - 1), &all);
    if (failed(stream_try_write(ours, buf_view(&all), &n)))
        abort();
    stream_shutdown_write(ours);
    receive_all(s);
    return 0;
}
