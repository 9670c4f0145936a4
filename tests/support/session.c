#include "support/session.h"

#include "base/clock.h"
#include "channel/session_state.h"

static const struct session_secrets SECRETS = {
    .client_traffic = {{1}}, .server_traffic = {{2}}, .session_id = {3}};

static struct session *session_over(struct stream *s, bool is_client,
                                    const struct channel_limits *given)
{
    const struct channel_limits none = {0};
    struct channel_limits limits;
    struct session *out = NULL;
    assert_ok(channel_limits_fill(given ? given : &none, &limits));
    const struct session_setup setup = {
        .stream = s,
        .limits = &limits,
        .is_client = is_client,
        .alg = AEAD_AES_256_GCM,
        .secrets = &SECRETS,
        .peer_max_message = CHANNEL_MESSAGE_MAX,
        .peer_max_streams = CHANNEL_STREAMS_MAX,
        .started_ns = clock_mono_ns(),
    };
    assert_ok(session_new(&setup, &out));
    return out;
}

struct session_pair session_pair_open(const struct channel_limits *client,
                                      const struct channel_limits *server)
{
    struct stream *a = NULL;
    struct stream *b = NULL;
    assert_ok(stream_pair(&a, &b));
    return (struct session_pair){session_over(a, true, client), session_over(b, false, server)};
}

void session_pair_done(struct session_pair *p)
{
    session_freep(&p->client);
    session_freep(&p->server);
}

struct raw_peer raw_peer_open(bool session_is_client, const struct channel_limits *limits)
{
    struct raw_peer p = {0};
    struct stream *a = NULL;
    assert_ok(stream_pair(&a, &p.stream));
    p.session = session_over(a, session_is_client, limits);
    assert_ok(record_key_start(
        AEAD_AES_256_GCM, session_is_client ? &SECRETS.server_traffic : &SECRETS.client_traffic,
        &p.out));
    assert_ok(record_key_start(
        AEAD_AES_256_GCM, session_is_client ? &SECRETS.client_traffic : &SECRETS.server_traffic,
        &p.in));
    return p;
}

void raw_peer_done(struct raw_peer *p)
{
    session_freep(&p->session);
    stream_freep(&p->stream);
    record_key_done(&p->out);
    record_key_done(&p->in);
}

void raw_bytes(struct raw_peer *p, struct bytes in)
{
    assert_ok(stream_write(p->stream, in, test_soon()));
}

void raw_record(struct raw_peer *p, enum record_type type, struct bytes plain)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(RECORD_MAX);
    assert_ok(record_seal(&p->out, type, (struct bytes){0}, plain, 0, &b));
    raw_bytes(p, buf_view(&b));
}

void raw_fragment(struct raw_peer *p, uint32_t stream_id, uint8_t type, uint8_t flags,
                  struct bytes body)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(RECORD_PLAIN_MAX);
    buf_put_u32be(&b, stream_id);
    buf_put_u8(&b, type);
    buf_put_u8(&b, flags);
    buf_put_u16be(&b, 0);
    buf_put(&b, body);
    raw_record(p, RECORD_DATA, buf_view(&b));
}

struct buf raw_read(struct raw_peer *p, struct record_header *out_header)
{
    uint8_t *record = malloc(RECORD_MAX);
    struct bytes plain;
    struct buf out = BUF_MAX(RECORD_PLAIN_MAX);
    assert_non_null(record);
    assert_ok(stream_read(p->stream, record, RECORD_HEADER_LEN, test_soon()));
    assert_ok(record_header_parse(record, out_header));
    assert_ok(stream_read(p->stream, record + RECORD_HEADER_LEN, out_header->length, test_soon()));
    assert_ok(
        record_open(&p->in, out_header, record, RECORD_HEADER_LEN + out_header->length, &plain));
    buf_put(&out, plain);
    if (out_header->type == RECORD_KEY_UPDATE)
        assert_ok(record_key_update(&p->in));
    free(record);
    return out;
}

uint64_t test_soon(void)
{
    return clock_deadline_ms(TEST_PATIENCE_MS);
}

struct buf test_pattern(size_t n, uint32_t seed)
{
    struct buf b = BUF_MAX(n);
    uint8_t *p = buf_extend(&b, n);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)(seed >> 24);
    }
    return b;
}

void session_expect(struct session *s, uint32_t id, uint8_t type, bool is_last, struct bytes want)
{
    struct message m CLEANUP(message_done) = {0};
    assert_ok(session_recv(s, test_soon(), &m));
    assert_int_equal(m.stream_id, id);
    assert_int_equal(m.type, type);
    assert_int_equal(m.is_last, is_last);
    assert_bytes_equal(buf_view(&m.body), want);
}
