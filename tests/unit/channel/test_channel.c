/* The handshake: what both sides agree on, and what the client refuses. */
#include "support/channel.h"

#include "base/clock.h"

static struct channel_world world;

static int open_world(void **state)
{
    (void)state;
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
    assert_ok(session_recv(to, clock_deadline_ms(2000), &m));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_suites_and_both_kinds_of_freshness),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
