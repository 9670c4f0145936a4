#include "channel/channel.h"

#include "base/checks.h"
#include "base/clock.h"
#include "channel/handshake.h"
#include "channel/session_state.h"
#include "crypto/rand.h"
#include "tee/verify/evidence.h"

/* A handshake in progress. */
struct client {
    const struct channel_client_options *options;
    struct channel_limits limits;
    struct checks *checks;
    struct stream *stream;
    uint64_t started_ns;
    uint64_t deadline_ns;
    struct client_hello hello;
    struct server_hello answer; /* its evidence borrows from frame */
    struct buf frame;           /* the last one */
    struct transcript *transcript;
    struct hpke *hpke;
    struct session_secrets secrets;
    struct buf evidence;
    struct evidence_verified verified; /* borrows from evidence */
    uint8_t t4[32];
};

static void client_done(struct client *c)
{
    stream_freep(&c->stream);
    buf_done(&c->frame);
    buf_done(&c->evidence);
    transcript_freep(&c->transcript);
    hpke_freep(&c->hpke);
    session_secrets_wipe(&c->secrets);
}

/* --- hello --- */

static status offer_suites(enum aead_alg alg, struct client_hello *h)
{
    if (alg == 0) {
        h->suites[h->n_suites++] = SUITE_AES_256_GCM;
        h->suites[h->n_suites++] = SUITE_CHACHA20_POLY1305;
        return OK;
    }
    REQUIRE(suite_of(alg) != 0, ST_USAGE, "no suite has algorithm %d", (int)alg);
    h->suites[h->n_suites++] = (uint16_t)suite_of(alg);
    return OK;
}

static status offer_freshness(const struct evidence_policy *policy, struct client_hello *h)
{
    if (policy->freshness_mask & 1u << FRESH_SESSION)
        h->freshness[h->n_freshness++] = FRESH_SESSION;
    if (policy->freshness_mask & 1u << FRESH_EPOCH)
        h->freshness[h->n_freshness++] = FRESH_EPOCH;
    REQUIRE(h->n_freshness > 0, ST_CONFIG, "the policy accepts no kind of freshness");
    return OK;
}

static status send_hello(struct client *c)
{
    c->hello.max_message = c->limits.max_message_bytes;
    TRY(rand_bytes(c->hello.nonce, sizeof(c->hello.nonce)));
    TRY(offer_suites(c->options->alg, &c->hello));
    TRY(offer_freshness(c->options->policy, &c->hello));
    TRY(client_hello_encode(&c->hello, &c->frame));
    TRY(transcript_add(c->transcript, "client-hello", buf_view(&c->frame)));
    status s = stream_write(c->stream, buf_view(&c->frame), c->deadline_ns);
    /* A server that is full gives its reason and closes before it reads: go and see. */
    return s.code == ST_CLOSED ? OK : s;
}

/* --- server hello --- */

static enum evidence_type type_of(const struct server_hello *a)
{
    return (enum evidence_type)(a->evidence_type - 1);
}

static status check_answer(const struct client *c)
{
    const struct server_hello *a = &c->answer;
    REQUIRE(client_hello_has_suite(&c->hello, a->suite) && suite_alg(a->suite) != 0, ST_ALG,
            "the server took suite %u, which was not offered", a->suite);
    REQUIRE(client_hello_has_freshness(&c->hello, a->freshness), ST_ALG,
            "the server took freshness %u, which was not offered", a->freshness);
    REQUIRE(a->evidence_type != 0 && evidence_type_is_enclave(type_of(a)), ST_UNSUPPORTED,
            "evidence of unknown type %u", a->evidence_type);
    return OK;
}

static status read_hello(struct client *c)
{
    TRY(handshake_read(c->stream, FRAME_SERVER_HELLO, c->deadline_ns, &c->frame));
    TRY(server_hello_parse(frame_payload(&c->frame), &c->answer));
    TRY(check_answer(c));
    buf_put(&c->evidence, c->answer.evidence);
    return buf_status(&c->evidence);
}

/* Reads the server's hello and records how that went. */
static status receive_hello(struct client *c)
{
    status s = read_hello(c);
    bool is_ours = s.code == ST_BUSY || s.code == ST_CLOSED || s.code == ST_TIMEOUT ||
                   s.code == ST_IO || s.code == ST_NOMEM;
    if (failed(s) && !is_ours)
        c->checks->is_malformed = c->checks->is_malformed || s.code == ST_FORMAT ||
                                  s.code == ST_TRUNCATED || s.code == ST_LIMIT;
    (void)checks_status(c->checks, "channel.hello", "CHANNEL_HELLO_INVALID",
                        is_ours ? "See that the host and the enclave are up, and try again."
                                : "The peer does not speak this protocol: check the address.",
                        s, "the server chose what was offered");
    return s;
}

static status verify_evidence(struct client *c)
{
    struct evidence_expect expect = {
        .at_unix_s = c->options->at_unix_s,
        .is_session = true,
        .client_nonce = c->hello.nonce,
        .cache = c->options->cache,
        .memory = c->options->memory,
    };
    if (c->options->beside != NULL)
        expect.beside = *c->options->beside;
    return evidence_verify(buf_view(&c->evidence), type_of(&c->answer), c->options->policy, &expect,
                           c->checks, NULL, &c->verified);
}

/* evidence_verify() has compared the statement with the policy and the nonce; what is left is that
 * the server said the same in its hello. */
static status check_freshness(const struct client *c)
{
    REQUIRE(c->verified.has_statement, ST_MISMATCH, "the evidence carries no statement");
    const struct statement *st = &c->verified.statement;
    REQUIRE((unsigned)st->freshness == c->answer.freshness, ST_MISMATCH,
            "the hello says freshness %u, the evidence %d", c->answer.freshness,
            (int)st->freshness);
    REQUIRE(st->freshness != FRESH_SESSION ||
                memcmp(st->nonce, c->hello.nonce, sizeof(st->nonce)) == 0,
            ST_MISMATCH, "the evidence was made for another nonce");
    return OK;
}

static status verify_signature(const struct client *c)
{
    uint8_t t1[32];
    struct buf message CLEANUP(buf_done) = BUF_MAX(256);
    struct bytes unsigned_frame = bytes_of(c->frame.p, c->frame.n - SERVER_SIGNATURE_LEN);
    TRY(transcript_digest_with(c->transcript, "server-hello-unsigned", unsigned_frame, t1));
    TRY(handshake_signed_bytes(t1, &message));
    return ed25519_verify(c->verified.statement.identity_key, buf_view(&message),
                          BYTES_OF(c->answer.signature));
}

static status verify_hello(struct client *c)
{
    TRY(verify_evidence(c));
    status s = check_freshness(c);
    if (!checks_status(c->checks, "channel.freshness", "CHANNEL_FRESHNESS_MISMATCH",
                       "The server contradicts its own evidence: do not use it.", s,
                       c->answer.freshness == FRESH_EPOCH ? "as in the evidence: epoch"
                                                          : "as in the evidence: this session"))
        return s;
    s = verify_signature(c);
    (void)checks_status(c->checks, "channel.signature", "CHANNEL_SIGNATURE_INVALID",
                        "Somebody stands between you and the enclave: do not use this route.", s,
                        "the attested identity key signed this handshake");
    return s;
}

/* --- keys --- */

static status send_key(struct client *c)
{
    uint8_t t2[32];
    uint8_t t3[32];
    uint8_t enc[HPKE_ENC_LEN];
    uint8_t confirmation[CONFIRMATION_LEN];
    TRY(transcript_add(c->transcript, "server-hello", buf_view(&c->frame)));
    TRY(transcript_digest(c->transcript, t2));
    TRY(hpke_setup_sender(suite_alg(c->answer.suite), c->answer.hpke_key, BYTES_OF(t2), enc,
                          &c->hpke));
    TRY(schedule_export(c->hpke, &c->secrets));
    buf_clear(&c->frame);
    client_key_encode_unconfirmed(enc, &c->frame);
    TRY(transcript_digest_with(c->transcript, "client-key-unconfirmed", buf_view(&c->frame), t3));
    TRY(confirmation_make(&c->secrets.client_confirm, t3, confirmation));
    buf_put(&c->frame, BYTES_OF(confirmation));
    TRY(buf_status(&c->frame));
    TRY(transcript_add(c->transcript, "client-key", buf_view(&c->frame)));
    TRY(transcript_digest(c->transcript, c->t4));
    return stream_write(c->stream, buf_view(&c->frame), c->deadline_ns);
}

static status receive_done(struct client *c)
{
    TRY(handshake_read(c->stream, FRAME_SERVER_DONE, c->deadline_ns, &c->frame));
    return confirmation_verify(&c->secrets.server_confirm, c->t4, frame_payload(&c->frame).p);
}

static status exchange_keys(struct client *c)
{
    status s = send_key(c);
    if (ok(s))
        s = receive_done(c);
    (void)checks_status(c->checks, "channel.confirmation", "CHANNEL_CONFIRMATION_INVALID",
                        "The connection broke or was altered: connect again.", s,
                        "the enclave holds the session's keys");
    return s;
}

/* --- session --- */

static status finish(struct client *c, struct session **out)
{
    const struct session_setup setup = {
        .stream = c->stream,
        .limits = &c->limits,
        .is_client = true,
        .alg = suite_alg(c->answer.suite),
        .secrets = &c->secrets,
        .peer_max_message = c->answer.max_message,
        .peer_max_streams = c->answer.max_streams,
        .started_ns = c->started_ns,
    };
    struct session *s = NULL;
    c->stream = NULL;
    TRY(session_new(&setup, &s));
    memcpy(s->transcript, c->t4, sizeof(s->transcript));
    memcpy(s->client_nonce, c->hello.nonce, sizeof(s->client_nonce));
    /* The storage moves, so the views in `verified` stay good. */
    s->evidence = buf_take(&c->evidence);
    s->verified = c->verified;
    s->has_verified = true;
    *out = s;
    return OK;
}

static status connect_over(struct client *c, struct session **out)
{
    REQUIRE(c->options->policy != NULL, ST_USAGE, "a client needs a policy");
    TRY(channel_limits_fill(&c->options->limits, &c->limits));
    c->started_ns = clock_mono_ns();
    c->deadline_ns = clock_deadline_ms(c->limits.handshake_timeout_ms);
    TRY(transcript_new(&c->transcript));
    TRY(send_hello(c));
    TRY(receive_hello(c));
    TRY(verify_hello(c));
    TRY(exchange_keys(c));
    return finish(c, out);
}

status channel_connect(struct stream *taken, const struct channel_client_options *options,
                       struct checks *out_checks, struct session **out)
{
    struct client c CLEANUP(client_done) = {
        .options = options,
        .checks = out_checks,
        .stream = taken,
        .frame = FRAME_BUF,
        .evidence = BUF_MAX(CHANNEL_EVIDENCE_MAX),
    };
    return connect_over(&c, out);
}
