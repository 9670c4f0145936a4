/* The handshake: what both sides agree on, and what the client refuses. */
#include "support/channel.h"
#include "support/fault_walk.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "channel/epoch.h"
#include "channel/handshake.h"

static struct channel_world world;

static int open_world(void **state)
{
    if (fault_walk_set_up(state) != 0)
        return 1;
    channel_world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    channel_world_close(&world);
    return 0;
}

static void say(struct session *from, struct session *to, uint32_t id, uint8_t type,
                struct bytes text)
{
    struct message m CLEANUP(message_done) = {0};
    assert_ok(session_send(from, id, type, true, text));
    assert_ok(session_recv(to, clock_deadline_ms(TEST_PATIENCE_MS), &m));
    assert_int_equal(m.stream_id, id);
    assert_int_equal(m.type, type);
    assert_true(m.is_last);
    assert_bytes_equal(buf_view(&m.body), text);
}

static void exchange(const struct channel_ends *e)
{
    say(e->client, e->server, session_next_stream(e->client), MSG_REQUEST, BYTES_LIT("question"));
    say(e->server, e->client, 1, MSG_RESPONSE, BYTES_LIT("answer"));
}

static void check_agreement(const struct channel_ends *e)
{
    assert_memory_equal(session_id(e->client), session_id(e->server), SESSION_ID_LEN);
    assert_memory_equal(session_transcript(e->client), session_transcript(e->server),
                        SESSION_TRANSCRIPT_LEN);
    assert_memory_equal(session_client_nonce(e->client), session_client_nonce(e->server), 32);
    assert_bytes_equal(session_evidence_bytes(e->client), session_evidence_bytes(e->server));
    const struct evidence_verified *v = session_evidence(e->client);
    assert_non_null(v);
    assert_null(session_evidence(e->server));
    assert_memory_equal(v->statement.identity_key, world.key.public_key, 32);
    assert_memory_equal(v->statement.receipt_key, world.identity.receipt_key, 32);
}

static void both_suites_and_both_kinds_of_freshness(void **state)
{
    (void)state;
    static const enum aead_alg ALGS[] = {0, AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305};
    for (size_t i = 0; i < sizeof(ALGS) / sizeof(ALGS[0]); i++) {
        for (unsigned mask = 1; mask <= 3; mask++) {
            world.options.alg = ALGS[i];
            world.policy->freshness_mask = mask;
            struct channel_ends e = channel_open(&world);
            check_agreement(&e);
            exchange(&e);
            assert_int_equal(session_evidence(e.client)->statement.freshness,
                             mask == 2 ? FRESH_EPOCH : FRESH_SESSION);
            channel_ends_done(&e);
        }
    }
    world.options.alg = 0;
    world.policy->freshness_mask = 3;
}

/* --- servers that lie --- */

enum lie {
    HONEST,
    OTHER_NONCE,
    OTHER_KEY,
    SAYS_EPOCH,
    SAYS_SESSION,
    NO_EVIDENCE,
    TOO_LONG,
    REPLAY
};

static enum lie lie;
static struct buf recorded = {.max = CHANNEL_EVIDENCE_MAX};

static status attest_a_lie(void *ctx, const struct statement *s, struct buf *out)
{
    struct statement t = *s;
    (void)ctx;
    if (lie == NO_EVIDENCE)
        return FAIL(ST_IO, "the platform refuses");
    if (lie == TOO_LONG)
        return buf_reserve(out, CHANNEL_EVIDENCE_MAX + 1);
    if (lie == OTHER_NONCE)
        t.nonce[0] ^= 1;
    if (lie == OTHER_KEY)
        t.identity_key[0] ^= 1;
    if (lie == SAYS_EPOCH)
        t.freshness = FRESH_EPOCH;
    if (lie == SAYS_SESSION)
        t.freshness = FRESH_SESSION;
    if (lie == REPLAY && recorded.n > 0) {
        buf_put(out, buf_view(&recorded));
        return buf_status(out);
    }
    TRY(tee_attest(world.provider, &t, out));
    if (lie == REPLAY)
        buf_put(&recorded, buf_view(out));
    return OK;
}

struct outcome {
    status client;
    enum status_code server;
    char detail[256];
};

/* One handshake that must fail on the client's side. */
static struct outcome attempt(void)
{
    struct outcome o = {0};
    struct channel_side server;
    struct session *client = NULL;
    struct stream *a = NULL;
    struct stream *b = NULL;
    assert_ok(stream_pair(&a, &b));
    channel_start_server(&world, b, &server);
    world.checks = (struct checks){0};
    o.client = channel_connect(a, &world.options, &world.checks, &client);
    (void)snprintf(o.detail, sizeof(o.detail), "%s", status_detail());
    session_freep(&client);
    channel_join(&server);
    o.server = server.result.code;
    session_freep(&server.session);
    return o;
}

struct lie_row {
    const char *rule;
    enum lie lie;
    unsigned freshness_mask;
    enum status_code client;
    const char *check; /* the one that fails */
};

static const struct lie_row LIES[] = {
    {"evidence for another nonce", OTHER_NONCE, 1, ST_POLICY, "nonce"},
    {"evidence of an earlier session", REPLAY, 1, ST_POLICY, "nonce"},
    {"another key attested than used", OTHER_KEY, 1, ST_AUTH, "channel.signature"},
    {"another key attested than used, epoch", OTHER_KEY, 2, ST_AUTH, "channel.signature"},
    {"epoch evidence passed off as fresh", SAYS_EPOCH, 3, ST_MISMATCH, "channel.freshness"},
    {"epoch evidence where only fresh is accepted", SAYS_EPOCH, 1, ST_POLICY, "freshness"},
    {"session evidence in place of an epoch's", SAYS_SESSION, 2, ST_POLICY, "freshness"},
    {"no evidence", NO_EVIDENCE, 1, ST_CLOSED, "channel.hello"},
    {"evidence too long", TOO_LONG, 1, ST_CLOSED, "channel.hello"},
};

static void lies_of_a_server(void **state)
{
    (void)state;
    const struct channel_identity honest = world.identity;
    world.identity.attest = attest_a_lie;
    lie = REPLAY;
    world.policy->freshness_mask = 1;
    struct channel_ends first = channel_open(&world);
    channel_ends_done(&first);
    for (size_t i = 0; i < sizeof(LIES) / sizeof(LIES[0]); i++) {
        const struct lie_row *row = &LIES[i];
        channel_epoch_freep(&world.identity.epoch);
        assert_ok(channel_epoch_new(3600, &world.identity.epoch));
        lie = row->lie;
        world.policy->freshness_mask = row->freshness_mask;
        struct outcome o = attempt();
        const struct check *c = checks_first_failure(&world.checks);
        if (o.client.code != row->client || c == NULL || strcmp(c->id, row->check) != 0)
            fail_msg("%s: %s, check %s (%s)", row->rule, status_name(o.client.code),
                     c ? c->id : "none", o.detail);
        assert_int_not_equal(o.server, ST_OK);
    }
    struct channel_epoch *epoch = world.identity.epoch;
    world.identity = honest;
    world.identity.epoch = epoch;
    world.policy->freshness_mask = 3;
    buf_done(&recorded);
}

static void no_common_freshness(void **state)
{
    (void)state;
    struct channel_epoch *epoch = world.identity.epoch;
    world.identity.epoch = NULL;
    world.policy->freshness_mask = 2;
    struct outcome o = attempt();
    assert_int_equal(o.server, ST_UNSUPPORTED);
    assert_int_equal(o.client.code, ST_CLOSED);
    assert_non_null(strstr(o.detail, "the host or the enclave says: not supported"));
    world.identity.epoch = epoch;
    world.policy->freshness_mask = 0;
    struct stream *a = NULL;
    struct stream *b CLEANUP(stream_freep) = NULL;
    struct session *s = NULL;
    assert_ok(stream_pair(&a, &b));
    assert_code(channel_connect(a, &world.options, &world.checks, &s), ST_CONFIG);
    world.policy->freshness_mask = 3;
}

/* --- a server by hand, with the real identity key --- */

struct hand {
    uint16_t suite;
    uint8_t freshness;
    uint8_t evidence_type;
    bool has_zero_key;
    enum status_code code;
    const char *rule;
};

static void answer_by_hand(struct stream *s, const struct hand *h)
{
    struct buf frame CLEANUP(buf_done) = FRAME_BUF;
    struct buf evidence CLEANUP(buf_done) = BUF_MAX(CHANNEL_EVIDENCE_MAX);
    struct buf message CLEANUP(buf_done) = BUF_MAX(256);
    struct transcript *t CLEANUP(transcript_freep) = NULL;
    struct client_hello hello;
    uint8_t t1[32];
    uint8_t signature[64];
    assert_ok(handshake_read(s, FRAME_CLIENT_HELLO, clock_deadline_ms(TEST_PATIENCE_MS), &frame));
    assert_ok(client_hello_parse(frame_payload(&frame), &hello));
    assert_ok(transcript_new(&t));
    assert_ok(transcript_add(t, "client-hello", buf_view(&frame)));
    assert_ok(channel_attest(&world.identity, FRESH_SESSION, hello.nonce, &evidence));
    struct server_hello answer = {
        .suite = h->suite,
        .freshness = h->freshness,
        .evidence_type = h->evidence_type,
        .max_message = 1 << 20,
        .max_streams = 1,
        .evidence = buf_view(&evidence),
    };
    answer.hpke_key[0] = h->has_zero_key ? 0 : 9;
    buf_clear(&frame);
    assert_ok(server_hello_encode_unsigned(&answer, &frame));
    assert_ok(transcript_digest_with(t, "server-hello-unsigned", buf_view(&frame), t1));
    assert_ok(handshake_signed_bytes(t1, &message));
    assert_ok(ed25519_sign(&world.key, buf_view(&message), signature));
    buf_put(&frame, BYTES_OF(signature));
    assert_ok(stream_write(s, buf_view(&frame), clock_deadline_ms(TEST_PATIENCE_MS)));
    stream_shutdown_write(s);
}

struct hand_thread {
    struct stream *stream;
    const struct hand *hand;
};

static void *run_by_hand(void *arg)
{
    struct hand_thread *x = arg;
    answer_by_hand(x->stream, x->hand);
    return NULL;
}

static const struct hand HANDS[] = {
    {1, 0, 2, false, ST_CLOSED, "nothing wrong: it hangs up after a good hello"},
    {2, 0, 2, false, ST_ALG, "a suite that was not offered"},
    {3, 0, 2, false, ST_ALG, "the reserved suite"},
    {0, 0, 2, false, ST_ALG, "suite 0"},
    {1, 1, 2, false, ST_ALG, "freshness that was not offered"},
    {1, 7, 2, false, ST_ALG, "unknown freshness"},
    {1, 0, 0, false, ST_UNSUPPORTED, "evidence type 0"},
    {1, 0, 6, false, ST_UNSUPPORTED, "evidence of a GPU alone"},
    {1, 0, 8, false, ST_UNSUPPORTED, "evidence type 8"},
    {1, 0, 255, false, ST_UNSUPPORTED, "evidence type 255"},
    {1, 0, 5, false, ST_FORMAT, "simulated evidence passed off as that of SEV-SNP"},
    {1, 0, 1, false, ST_POLICY, "simulated evidence passed off as Nitro's"},
    {1, 0, 2, true, ST_AUTH, "an HPKE key of small order, well signed"},
};

static void servers_by_hand(void **state)
{
    (void)state;
    world.options.alg = AEAD_AES_256_GCM;
    world.policy->freshness_mask = 1;
    for (size_t i = 0; i < sizeof(HANDS) / sizeof(HANDS[0]); i++) {
        struct stream *a = NULL;
        struct stream *b CLEANUP(stream_freep) = NULL;
        struct session *s = NULL;
        pthread_t t;
        assert_ok(stream_pair(&a, &b));
        struct hand_thread x = {b, &HANDS[i]};
        assert_int_equal(pthread_create(&t, NULL, run_by_hand, &x), 0);
        world.checks = (struct checks){0};
        status st = channel_connect(a, &world.options, &world.checks, &s);
        (void)pthread_join(t, NULL);
        if (st.code != HANDS[i].code)
            fail_msg("%s: %s (%s)", HANDS[i].rule, status_name(st.code), status_detail());
        /* What was not offered, or is not known, is refused before anything is made of it. */
        if (st.code == ST_ALG || st.code == ST_UNSUPPORTED)
            assert_string_equal(checks_first_failure(&world.checks)->id, "channel.hello");
        if (st.code == ST_CLOSED)
            assert_int_equal(checks_find(&world.checks, "channel.confirmation")->result,
                             CHECK_FAIL);
    }
    world.options.alg = 0;
    world.policy->freshness_mask = 3;
}

/* --- clients by hand --- */

struct client_row {
    const char *rule;
    const char *hex;
    enum status_code server;
    uint8_t told;
};

#define NONCE32 "0000000000000000000000000000000000000000000000000000000000000000"
static const struct client_row CLIENTS[] = {
    {"http", "474554202f20485454502f312e310d0a", ST_PROTOCOL, 5},
    {"version 2",
     "454d020100000029" NONCE32 "00100000"
     "010001"
     "0100",
     ST_PROTOCOL, 5},
    {"server hello", "454d010200000100", ST_PROTOCOL, 5},
    {"too long", "454d010100010000", ST_LIMIT, 4},
    {"only unknown suites",
     "454d010100000029" NONCE32 "00100000"
     "010009"
     "0100",
     ST_ALG, 7},
    {"suite twice",
     "454d01010000002b" NONCE32 "00100000"
     "0200010001"
     "0100",
     ST_FORMAT, 5},
    {"an error frame", "454d01050000000102", ST_PROTOCOL, 5},
    {"cut", "454d0101000000", ST_TRUNCATED, 5},
};

static void clients_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(CLIENTS) / sizeof(CLIENTS[0]); i++) {
        struct buf bytes CLEANUP(buf_done) = test_hex(CLIENTS[i].hex);
        struct stream *a CLEANUP(stream_freep) = NULL;
        struct stream *b = NULL;
        struct channel_side server;
        uint8_t told[9];
        assert_ok(stream_pair(&a, &b));
        assert_ok(stream_write(a, buf_view(&bytes), clock_deadline_ms(TEST_PATIENCE_MS)));
        stream_shutdown_write(a);
        channel_start_server(&world, b, &server);
        channel_join(&server);
        if (server.result.code != CLIENTS[i].server)
            fail_msg("%s: %s (%s)", CLIENTS[i].rule, status_name(server.result.code),
                     server.detail);
        assert_ok(stream_read(a, told, sizeof(told), clock_deadline_ms(TEST_PATIENCE_MS)));
        assert_int_equal(told[3], FRAME_ERROR);
        assert_int_equal(told[8], CLIENTS[i].told);
    }
}

static void silence_times_out_on_both_sides(void **state)
{
    (void)state;
    struct stream *a = NULL;
    struct stream *b = NULL;
    struct session *s = NULL;
    struct channel_side server;
    world.options.limits.handshake_timeout_ms = 50;
    assert_ok(stream_pair(&a, &b));
    assert_code(channel_connect(a, &world.options, &world.checks, &s), ST_TIMEOUT);
    stream_freep(&b);
    world.options.limits.handshake_timeout_ms = 0;
    world.server_limits.handshake_timeout_ms = 50;
    assert_ok(stream_pair(&a, &b));
    channel_start_server(&world, b, &server);
    channel_join(&server);
    assert_int_equal(server.result.code, ST_TIMEOUT);
    stream_freep(&a);
    world.server_limits.handshake_timeout_ms = 0;
}

static void wrong_options(void **state)
{
    (void)state;
    struct channel_client_options options = world.options;
    struct session *s = NULL;
    struct stream *a = NULL;
    struct stream *b CLEANUP(stream_freep) = NULL;
    options.policy = NULL;
    assert_ok(stream_pair(&a, &b));
    assert_code(channel_connect(a, &options, &world.checks, &s), ST_USAGE);
    stream_freep(&b);
    options = world.options;
    options.alg = (enum aead_alg)77;
    assert_ok(stream_pair(&a, &b));
    assert_code(channel_connect(a, &options, &world.checks, &s), ST_USAGE);
    stream_freep(&b);
    options = world.options;
    options.limits.max_streams = 65;
    assert_ok(stream_pair(&a, &b));
    assert_code(channel_connect(a, &options, &world.checks, &s), ST_CONFIG);
}

static void each_side_tells_its_message_limit(void **state)
{
    (void)state;
    world.server_limits.max_message_bytes = 10;
    world.options.limits.max_message_bytes = 5;
    struct channel_ends e = channel_open(&world);
    assert_code(session_send(e.client, 1, MSG_REQUEST, true, BYTES_LIT("12345678901")), ST_LIMIT);
    assert_ok(session_send(e.client, 1, MSG_REQUEST, true, BYTES_LIT("1234567890")));
    struct message m CLEANUP(message_done) = {0};
    assert_ok(session_recv(e.server, clock_deadline_ms(TEST_PATIENCE_MS), &m));
    assert_code(session_send(e.server, 1, MSG_RESPONSE, true, BYTES_LIT("123456")), ST_LIMIT);
    assert_ok(session_send(e.server, 1, MSG_RESPONSE, true, BYTES_LIT("12345")));
    channel_ends_done(&e);
    world.server_limits.max_message_bytes = 0;
    world.options.limits.max_message_bytes = 0;
}

/* --- lack of memory --- */

static status connect_once(void)
{
    struct channel_side server;
    struct session *client CLEANUP(session_freep) = NULL;
    struct stream *a = NULL;
    struct stream *b = NULL;
    TRY(stream_pair(&a, &b));
    channel_start_server(&world, b, &server);
    world.checks = (struct checks){0};
    status s = channel_connect(a, &world.options, &world.checks, &client);
    channel_join(&server);
    session_freep(&server.session);
    return s;
}

static struct stream *accept_from;

static void *connect_aside(void *arg)
{
    struct session *s = NULL;
    struct checks *checks = arg;
    if (ok(channel_connect(accept_from, &world.options, checks, &s)))
        session_freep(&s);
    return NULL;
}

static status accept_once(void)
{
    static struct checks checks;
    struct session *server CLEANUP(session_freep) = NULL;
    struct stream *b = NULL;
    pthread_t t;
    TRY(stream_pair(&accept_from, &b));
    checks = (struct checks){0};
    assert_int_equal(pthread_create(&t, NULL, connect_aside, &checks), 0);
    status s = channel_accept(b, &world.identity, NULL, &server);
    (void)pthread_join(t, NULL);
    return s;
}

static void lack_of_memory_is_an_error_and_no_more(void **state)
{
    (void)state;
    static const struct fault_row CLIENT = {"a client's handshake", connect_once};
    static const struct fault_row SERVER = {"a server's handshake", accept_once};
    world.policy->freshness_mask = 2; /* the platform's own allocations are tested elsewhere */
    fault_walk_all(&CLIENT);
    fault_walk_own(&SERVER);
    fault_walk_all(&SERVER);
    world.policy->freshness_mask = 3;
}

static void every_check_is_on_the_list(void **state)
{
    (void)state;
    static const char *const IDS[] = {"channel.hello",     "channel.freshness",
                                      "channel.signature", "channel.confirmation",
                                      "measurements",      "nonce"};
    struct channel_ends e = channel_open(&world);
    assert_int_equal(checks_verdict(&world.checks), VERDICT_ACCEPT);
    for (size_t i = 0; i < sizeof(IDS) / sizeof(IDS[0]); i++) {
        const struct check *c = checks_find(&world.checks, IDS[i]);
        assert_non_null(c);
        assert_int_equal(c->result, CHECK_PASS);
    }
    channel_ends_done(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_suites_and_both_kinds_of_freshness),
        cmocka_unit_test(lies_of_a_server),
        cmocka_unit_test(no_common_freshness),
        cmocka_unit_test(servers_by_hand),
        cmocka_unit_test(clients_by_hand),
        cmocka_unit_test(silence_times_out_on_both_sides),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(each_side_tells_its_message_limit),
        cmocka_unit_test(every_check_is_on_the_list),
        cmocka_unit_test(lack_of_memory_is_an_error_and_no_more),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
