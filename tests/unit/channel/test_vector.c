/* The code against tests/vectors/channel/version-1.txt, which a second implementation wrote
 * (tests/reference/channel_vector.py). */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "channel/handshake.h"
#include "channel/session_state.h"
#include "crypto/ed25519.h"

static struct buf file;

static int read_file(void **state)
{
    (void)state;
    file = test_file("tests/vectors/channel/version-1.txt");
    buf_put_u8(&file, 0);
    return file.error != ST_OK;
}

static int drop_file(void **state)
{
    (void)state;
    buf_done(&file);
    return 0;
}

static struct buf value(unsigned suite, const char *what)
{
    char name[64];
    struct buf out = BUF_MAX(1 << 16);
    (void)snprintf(name, sizeof(name), "suite%u.%s ", suite, what);
    const char *at = strstr((const char *)file.p, name);
    assert_non_null(at);
    at += strlen(name);
    assert_ok(hex_decode_buf(bytes_of(at, strcspn(at, "\n")), &out));
    return out;
}

static void expect(unsigned suite, const char *what, const void *got, size_t n)
{
    struct buf want CLEANUP(buf_done) = value(suite, what);
    assert_bytes_equal(bytes_of(got, n), buf_view(&want));
}

static void check_hellos(const struct buf *first, const struct buf *second)
{
    struct client_hello hello;
    struct server_hello answer;
    struct buf back CLEANUP(buf_done) = FRAME_BUF;
    assert_ok(client_hello_parse(frame_payload(first), &hello));
    assert_int_equal(hello.nonce[31], 31);
    assert_ok(client_hello_encode(&hello, &back));
    assert_bytes_equal(buf_view(&back), buf_view(first));
    buf_clear(&back);
    assert_ok(server_hello_parse(frame_payload(second), &answer));
    assert_ok(server_hello_encode_unsigned(&answer, &back));
    buf_put(&back, BYTES_OF(answer.signature));
    assert_bytes_equal(buf_view(&back), buf_view(second));
}

static void check_signature(unsigned suite, struct transcript *t, const struct buf *second)
{
    const uint8_t seed[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                              1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct ed25519_secret identity;
    uint8_t t1[32];
    struct buf message CLEANUP(buf_done) = BUF_MAX(256);
    struct bytes unsigned_part = bytes_of(second->p, second->n - SERVER_SIGNATURE_LEN);
    assert_ok(ed25519_from_seed(seed, &identity));
    assert_ok(transcript_digest_with(t, "server-hello-unsigned", unsigned_part, t1));
    expect(suite, "t1", t1, 32);
    assert_ok(handshake_signed_bytes(t1, &message));
    assert_ok(ed25519_verify(identity.public_key, buf_view(&message),
                             bytes_of(unsigned_part.p + unsigned_part.n, SERVER_SIGNATURE_LEN)));
}

/* Both sides of HPKE, and both confirmations. */
static struct session_secrets check_keys(unsigned suite, struct transcript *t)
{
    struct buf third CLEANUP(buf_done) = value(suite, "client_key");
    struct buf fourth CLEANUP(buf_done) = value(suite, "server_done");
    struct x25519_secret recipient;
    struct x25519_secret ephemeral;
    struct hpke *sender CLEANUP(hpke_freep) = NULL;
    struct hpke *receiver CLEANUP(hpke_freep) = NULL;
    struct session_secrets a;
    struct session_secrets b;
    struct client_key key;
    uint8_t public_key[32];
    uint8_t enc[32];
    uint8_t d[32];
    memset(recipient.b, 2, 32);
    memset(ephemeral.b, 3, 32);
    assert_ok(transcript_digest(t, d));
    expect(suite, "t2", d, 32);
    assert_ok(client_key_parse(frame_payload(&third), &key));
    assert_ok(x25519_public(&recipient, public_key));
    assert_ok(hpke_setup_sender_with(suite_alg(suite), &ephemeral, public_key, BYTES_OF(d), enc,
                                     &sender));
    assert_memory_equal(enc, key.enc, 32);
    assert_ok(hpke_setup_receiver(suite_alg(suite), &recipient, BYTES_OF(d), enc, &receiver));
    assert_ok(schedule_export(sender, &a));
    assert_ok(schedule_export(receiver, &b));
    assert_memory_equal(&a, &b, sizeof(a));
    expect(suite, "session_id", a.session_id, 32);
    assert_ok(transcript_digest_with(t, "client-key-unconfirmed",
                                     bytes_of(third.p, third.n - CONFIRMATION_LEN), d));
    expect(suite, "t3", d, 32);
    assert_ok(confirmation_verify(&a.client_confirm, d, key.confirmation));
    assert_ok(transcript_add(t, "client-key", buf_view(&third)));
    assert_ok(transcript_digest(t, d));
    expect(suite, "t4", d, 32);
    assert_ok(confirmation_verify(&a.server_confirm, d, frame_payload(&fourth).p));
    return a;
}

static void receive(struct session *s, uint32_t id, uint8_t type, bool is_last, const char *want)
{
    struct message m CLEANUP(message_done) = {0};
    assert_ok(session_recv(s, clock_deadline_ms(TEST_PATIENCE_MS), &m));
    assert_int_equal(m.stream_id, id);
    assert_int_equal(m.type, type);
    assert_int_equal(m.is_last, is_last);
    assert_bytes_equal(buf_view(&m.body), bytes_str(want));
}

static struct session *session_fed_with(unsigned suite, bool is_client, const char *what,
                                        const struct session_secrets *secrets,
                                        struct stream **out_peer)
{
    struct buf records CLEANUP(buf_done) = value(suite, what);
    const struct channel_limits none = {0};
    struct channel_limits limits;
    struct session *s = NULL;
    struct stream *ours = NULL;
    assert_ok(channel_limits_fill(&none, &limits));
    assert_ok(stream_pair(&ours, out_peer));
    const struct session_setup setup = {
        .stream = ours,
        .limits = &limits,
        .is_client = is_client,
        .alg = suite_alg(suite),
        .secrets = secrets,
        .peer_max_message = 1 << 20,
        .peer_max_streams = 64,
        .started_ns = clock_mono_ns(),
    };
    assert_ok(session_new(&setup, &s));
    assert_ok(stream_write(*out_peer, buf_view(&records), clock_deadline_ms(TEST_PATIENCE_MS)));
    return s;
}

static void check_records(unsigned suite, const struct session_secrets *secrets)
{
    struct stream *peer = NULL;
    struct message none = {0};
    struct session *server = session_fed_with(suite, false, "up", secrets, &peer);
    receive(server, 1, MSG_REQUEST, true, "question");
    receive(server, 2, MSG_REQUEST, false, "padded");
    assert_code(session_recv(server, clock_deadline_ms(TEST_PATIENCE_MS), &none), ST_CLOSED);
    session_freep(&server);
    stream_freep(&peer);

    struct session *client = session_fed_with(suite, true, "down", secrets, &peer);
    assert_ok(session_send(client, 1, MSG_REQUEST, true, BYTES_LIT("question")));
    receive(client, 1, MSG_RESPONSE, false, "answer");
    receive(client, 1, MSG_RECEIPT, true, "receipt");
    assert_code(session_recv(client, clock_deadline_ms(TEST_PATIENCE_MS), &none), ST_CANCELLED);
    /* The other way round: what this side sealed is the vector's first record. */
    struct buf up CLEANUP(buf_done) = value(suite, "up");
    uint8_t sent[RECORD_HEADER_LEN + FRAGMENT_HEADER_LEN + 8 + AEAD_TAG_LEN];
    assert_ok(stream_read(peer, sent, sizeof(sent), clock_deadline_ms(TEST_PATIENCE_MS)));
    assert_memory_equal(sent, up.p, sizeof(sent));
    session_freep(&client);
    stream_freep(&peer);
}

static void check_suite(unsigned suite)
{
    struct transcript *t CLEANUP(transcript_freep) = NULL;
    struct buf first CLEANUP(buf_done) = value(suite, "client_hello");
    struct buf second CLEANUP(buf_done) = value(suite, "server_hello");
    check_hellos(&first, &second);
    assert_ok(transcript_new(&t));
    assert_ok(transcript_add(t, "client-hello", buf_view(&first)));
    check_signature(suite, t, &second);
    assert_ok(transcript_add(t, "server-hello", buf_view(&second)));
    struct session_secrets secrets = check_keys(suite, t);
    check_records(suite, &secrets);
}

static void aes_256_gcm(void **state)
{
    (void)state;
    check_suite(SUITE_AES_256_GCM);
}

static void chacha20_poly1305(void **state)
{
    (void)state;
    check_suite(SUITE_CHACHA20_POLY1305);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_256_gcm),
        cmocka_unit_test(chacha20_poly1305),
    };
    return cmocka_run_group_tests(tests, read_file, drop_file);
}
