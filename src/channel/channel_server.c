#include "channel/channel.h"

#include "base/clock.h"
#include "channel/epoch.h"
#include "channel/handshake.h"
#include "channel/session_state.h"
#include "tee/verify/statement.h"

/* A handshake in progress. */
struct server {
    const struct channel_identity *identity;
    struct channel_limits limits;
    struct stream *stream;
    uint64_t started_ns;
    uint64_t deadline_ns;
    struct client_hello hello;
    enum aead_alg alg;
    enum freshness freshness;
    struct x25519_secret hpke_secret;
    uint8_t hpke_public[X25519_LEN];
    struct buf frame; /* the last one */
    struct buf evidence;
    struct transcript *transcript;
    struct hpke *hpke;
    struct session_secrets secrets;
    uint8_t t4[32];
};

static void server_done(struct server *v)
{
    stream_freep(&v->stream);
    x25519_secret_wipe(&v->hpke_secret);
    buf_done(&v->frame);
    buf_done(&v->evidence);
    transcript_freep(&v->transcript);
    hpke_freep(&v->hpke);
    session_secrets_wipe(&v->secrets);
}

/* --- hello --- */

static status choose(struct server *v)
{
    for (size_t i = 0; i < v->hello.n_suites && v->alg == 0; i++)
        v->alg = suite_alg(v->hello.suites[i]);
    REQUIRE(v->alg != 0, ST_ALG, "the client offers no suite that this server has");
    for (size_t i = 0; i < v->hello.n_freshness; i++) {
        v->freshness = (enum freshness)v->hello.freshness[i];
        if (v->freshness == FRESH_SESSION || v->identity->epoch != NULL)
            return OK;
    }
    return FAIL(ST_UNSUPPORTED, "the client accepts only evidence of an epoch");
}

static status receive_hello(struct server *v)
{
    TRY(handshake_read(v->stream, FRAME_CLIENT_HELLO, v->deadline_ns, &v->frame));
    TRY(client_hello_parse(frame_payload(&v->frame), &v->hello));
    TRY(transcript_add(v->transcript, "client-hello", buf_view(&v->frame)));
    return choose(v);
}

static status make_evidence(struct server *v)
{
    if (v->freshness == FRESH_EPOCH)
        return channel_epoch_evidence(v->identity->epoch, v->identity, &v->evidence);
    return channel_attest(v->identity, FRESH_SESSION, v->hello.nonce, &v->evidence);
}

static status sign(struct server *v)
{
    uint8_t t1[32];
    uint8_t signature[ED25519_SIG_LEN];
    struct buf message CLEANUP(buf_done) = BUF_MAX(256);
    TRY(transcript_digest_with(v->transcript, "server-hello-unsigned", buf_view(&v->frame), t1));
    TRY(handshake_signed_bytes(t1, &message));
    TRY(ed25519_sign(v->identity->key, buf_view(&message), signature));
    buf_put(&v->frame, BYTES_OF(signature));
    return buf_status(&v->frame);
}

static status send_hello(struct server *v)
{
    TRY(make_evidence(v));
    TRY(x25519_generate(&v->hpke_secret, v->hpke_public));
    struct server_hello answer = {
        .suite = (uint16_t)suite_of(v->alg),
        .freshness = (uint8_t)v->freshness,
        .evidence_type = (uint8_t)(1 + v->identity->evidence_type),
        .max_message = v->limits.max_message_bytes,
        .max_streams = (uint16_t)v->limits.max_streams,
        .evidence = buf_view(&v->evidence),
    };
    memcpy(answer.hpke_key, v->hpke_public, sizeof(answer.hpke_key));
    buf_clear(&v->frame);
    TRY(server_hello_encode_unsigned(&answer, &v->frame));
    TRY(sign(v));
    TRY(transcript_add(v->transcript, "server-hello", buf_view(&v->frame)));
    return stream_write(v->stream, buf_view(&v->frame), v->deadline_ns);
}

/* --- keys --- */

static status receive_key(struct server *v)
{
    uint8_t t2[32];
    uint8_t t3[32];
    struct client_key key;
    TRY(handshake_read(v->stream, FRAME_CLIENT_KEY, v->deadline_ns, &v->frame));
    TRY(client_key_parse(frame_payload(&v->frame), &key));
    TRY(transcript_digest(v->transcript, t2));
    TRY(hpke_setup_receiver(v->alg, &v->hpke_secret, BYTES_OF(t2), key.enc, &v->hpke));
    x25519_secret_wipe(&v->hpke_secret);
    TRY(schedule_export(v->hpke, &v->secrets));
    struct bytes unconfirmed = bytes_of(v->frame.p, v->frame.n - CONFIRMATION_LEN);
    TRY(transcript_digest_with(v->transcript, "client-key-unconfirmed", unconfirmed, t3));
    TRY(confirmation_verify(&v->secrets.client_confirm, t3, key.confirmation));
    TRY(transcript_add(v->transcript, "client-key", buf_view(&v->frame)));
    return transcript_digest(v->transcript, v->t4);
}

static status send_done(struct server *v)
{
    uint8_t confirmation[CONFIRMATION_LEN];
    TRY(confirmation_make(&v->secrets.server_confirm, v->t4, confirmation));
    buf_clear(&v->frame);
    frame_put_header(&v->frame, FRAME_SERVER_DONE, CONFIRMATION_LEN);
    buf_put(&v->frame, BYTES_OF(confirmation));
    TRY(buf_status(&v->frame));
    return stream_write(v->stream, buf_view(&v->frame), v->deadline_ns);
}

/* --- session --- */

static status finish(struct server *v, struct session **out)
{
    const struct session_setup setup = {
        .stream = v->stream,
        .limits = &v->limits,
        .alg = v->alg,
        .secrets = &v->secrets,
        .peer_max_message = v->hello.max_message,
        .started_ns = v->started_ns,
    };
    struct session *s = NULL;
    v->stream = NULL;
    TRY(session_new(&setup, &s));
    memcpy(s->transcript, v->t4, sizeof(s->transcript));
    memcpy(s->client_nonce, v->hello.nonce, sizeof(s->client_nonce));
    s->evidence = buf_take(&v->evidence);
    *out = s;
    return OK;
}

static status serve_handshake(struct server *v)
{
    TRY(transcript_new(&v->transcript));
    TRY(receive_hello(v));
    TRY(send_hello(v));
    TRY(receive_key(v));
    return send_done(v);
}

/* One byte that nobody signs, as far as it goes without waiting. */
static void tell(struct stream *stream, enum status_code code)
{
    struct buf frame CLEANUP(buf_done) = FRAME_BUF;
    size_t n = 0;
    frame_put_header(&frame, FRAME_ERROR, FRAME_ERROR_LEN);
    buf_put_u8(&frame, reason_of(code));
    status s = stream_try_write(stream, buf_view(&frame), &n);
    (void)s;
    stream_shutdown_write(stream);
}

static status accept_over(struct server *v, const struct channel_limits *limits,
                          struct session **out)
{
    const struct channel_limits defaults = {0};
    TRY(channel_limits_fill(limits ? limits : &defaults, &v->limits));
    v->started_ns = clock_mono_ns();
    v->deadline_ns = clock_deadline_ms(v->limits.handshake_timeout_ms);
    status s = serve_handshake(v);
    if (ok(s))
        return finish(v, out);
    if (s.code != ST_CLOSED)
        tell(v->stream, s.code);
    return s;
}

status channel_accept(struct stream *taken, const struct channel_identity *identity,
                      const struct channel_limits *limits, struct session **out)
{
    struct server v CLEANUP(server_done) = {
        .identity = identity,
        .stream = taken,
        .frame = FRAME_BUF,
        .evidence = BUF_MAX(CHANNEL_EVIDENCE_MAX),
    };
    return accept_over(&v, limits, out);
}

void channel_refuse(struct stream *taken, enum status_code reason)
{
    struct stream *stream CLEANUP(stream_freep) = taken;
    tell(stream, reason);
}
