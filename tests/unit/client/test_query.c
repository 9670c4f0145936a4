/* What the client believes of an answer: the right messages in the right order, and a receipt over
 * exactly this request and response, signed by the attested key. The server is a liar made here. */
#include "client/query.h"

#include "base/clock.h"
#include "channel/session_state.h"
#include "crypto/hash.h"
#include "receipt/air.h"
#include "support/channel.h"
#include "tee/verify/attested.h"

enum { ROOM = 4096, TIMEOUT_MS = 60000, DIM = 3 };

static struct channel_world world;
static struct ed25519_secret receipt_key;

static int open_world(void **state)
{
    (void)state;
    channel_world_open(&world);
    assert_ok(ed25519_generate(&receipt_key));
    memcpy(world.identity.receipt_key, receipt_key.public_key, ED25519_PUBLIC_LEN);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    channel_world_close(&world);
    return 0;
}

/* A session with one request sent and taken. */
struct scene {
    struct channel_ends ends;
    struct query query;
    struct message request;
};

static void open_scene(struct scene *x)
{
    const struct bytes text = BYTES_LIT("secret prompt");
    *x = (struct scene){.ends = channel_open(&world)};
    assert_ok(query_send(x->ends.client, &text, 1, true, true, NULL, &x->query));
    assert_ok(session_recv(x->ends.server, clock_deadline_ms(TIMEOUT_MS), &x->request));
}

static void close_scene(struct scene *x)
{
    query_done(&x->query);
    message_done(&x->request);
    channel_ends_done(&x->ends);
}

static status receive(struct scene *x, struct query **out_done)
{
    struct query *open = &x->query;
    return query_receive(x->ends.client, TIMEOUT_MS, &open, 1, out_done);
}

static void send(struct scene *x, uint8_t type, bool is_last, struct bytes body)
{
    assert_ok(session_send(x->ends.server, x->query.stream_id, type, is_last, body));
}

/* --- the order of messages --- */

struct step {
    uint8_t type;
    bool is_last;
};

static void messages_out_of_order(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        struct step first, second;
        enum status_code code; /* of the last */
    } ROWS[] = {
        {"response, then receipt", {MSG_RESPONSE, false}, {MSG_RECEIPT, true}, ST_OK},
        {"a receipt first", {MSG_RECEIPT, true}, {0, false}, ST_PROTOCOL},
        {"a receipt first, not last", {MSG_RECEIPT, false}, {0, false}, ST_PROTOCOL},
        {"a response that is the last", {MSG_RESPONSE, true}, {0, false}, ST_PROTOCOL},
        {"two responses", {MSG_RESPONSE, false}, {MSG_RESPONSE, false}, ST_PROTOCOL},
        {"a receipt that is not the last",
         {MSG_RESPONSE, false},
         {MSG_RECEIPT, false},
         ST_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct scene x;
        struct query *done = NULL;
        open_scene(&x);
        send(&x, ROWS[i].first.type, ROWS[i].first.is_last, BYTES_LIT("one"));
        if (ROWS[i].second.type != 0) {
            assert_ok(receive(&x, &done));
            assert_null(done);
            send(&x, ROWS[i].second.type, ROWS[i].second.is_last, BYTES_LIT("two"));
        }
        status s = receive(&x, &done);
        if (s.code != ROWS[i].code || (done != NULL) != ok(s))
            fail_msg("%s: %s", ROWS[i].rule, status_name(s.code));
        close_scene(&x);
    }
}

static void an_answer_to_another_stream(void **state)
{
    (void)state;
    const struct bytes text = BYTES_LIT("x");
    struct scene x;
    struct query *done = NULL;
    struct query second CLEANUP(query_done) = {0};
    struct message taken CLEANUP(message_done) = {0};
    open_scene(&x);
    assert_ok(query_send(x.ends.client, &text, 1, true, true, NULL, &second));
    assert_ok(session_recv(x.ends.server, clock_deadline_ms(TIMEOUT_MS), &taken));
    /* The client waits for the first alone. */
    assert_ok(session_send(x.ends.server, second.stream_id, MSG_RESPONSE, false, text));
    assert_code(receive(&x, &done), ST_PROTOCOL);
    assert_null(x.query.response.p);
    close_scene(&x);
}

static void a_complete_answer_takes_nothing_more(void **state)
{
    (void)state;
    struct scene x;
    struct query *done = NULL;
    open_scene(&x);
    x.query.is_complete = true;
    send(&x, MSG_RESPONSE, false, BYTES_LIT("late"));
    assert_code(receive(&x, &done), ST_PROTOCOL);
    close_scene(&x);
}

/* --- the receipt --- */

enum lie {
    NONE,
    MODEL,
    REQUEST,
    RESPONSE,
    EVIDENCE,
    MEASUREMENTS,
    NONCE,
    KEY,
    N_LIES,
};

static void true_claims(const struct scene *x, struct bytes response, struct air_claims *out)
{
    const struct evidence_verified *v = session_evidence(x->ends.client);
    *out = (struct air_claims){
        .iss = BYTES_LIT("test.service"),
        .iat_unix_s = (uint64_t)clock_unix_s(),
        .model_id = BYTES_LIT("m"),
        .model_version = BYTES_LIT("1"),
        .policy_version = BYTES_LIT("p"),
        .nonce = BYTES_OF(x->query.nonce),
        .mode = AIR_EVALUATION,
        .scheme = AIR_SHA256_MANIFEST,
    };
    assert_ok(air_cti_generate(out->cti));
    memcpy(out->model_hash, v->statement.model_digest, AIR_HASH_LEN);
    memcpy(out->attestation_doc_hash, v->evidence_sha256, AIR_HASH_LEN);
    assert_ok(sha256(buf_view(&x->request.body), out->request_hash));
    assert_ok(sha256(response, out->response_hash));
    attested_measurements(&v->measurements, &out->measurements);
}

static void tell(enum lie lie, struct air_claims *c, struct ed25519_secret *key)
{
    static const uint8_t another[32] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    switch (lie) {
    case MODEL:
        c->model_hash[0] ^= 1;
        break;
    case REQUEST:
        c->request_hash[0] ^= 1;
        break;
    case RESPONSE:
        c->response_hash[0] ^= 1;
        break;
    case EVIDENCE:
        c->attestation_doc_hash[0] ^= 1;
        break;
    case MEASUREMENTS:
        c->measurements.pcr[0][0] ^= 1;
        break;
    case NONCE:
        c->nonce = BYTES_OF(another);
        break;
    case KEY:
        assert_ok(ed25519_generate(key));
        break;
    case NONE:
    case N_LIES:
        break;
    }
}

/* `on_hardware`: as if the session's evidence were of a real platform. */
static status verify_after(enum lie lie, bool on_hardware, struct bytes response)
{
    struct scene x;
    struct query *done = NULL;
    struct air_claims claims;
    struct ed25519_secret key = receipt_key;
    struct buf receipt CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct checks checks = {0};
    struct embed_response res;
    open_scene(&x);
    true_claims(&x, response, &claims);
    tell(lie, &claims, &key);
    assert_ok(air_sign(&claims, &key, &receipt));
    send(&x, MSG_RESPONSE, false, response);
    send(&x, MSG_RECEIPT, true, buf_view(&receipt));
    while (done == NULL)
        assert_ok(receive(&x, &done));
    x.ends.client->verified.is_simulated = !on_hardware;
    status s = query_verify(x.ends.client, &x.query, &checks, &res);
    close_scene(&x);
    return s;
}

static struct buf one_vector(void)
{
    static const uint8_t vector[4 * DIM] = {1};
    const struct embed_response r = {
        .record = BYTES_LIT("record"), .dim = DIM, .embeddings = BYTES_OF(vector)};
    struct buf b = BUF_MAX(ROOM);
    embed_response_encode(&r, &b);
    assert_ok(buf_status(&b));
    return b;
}

static void a_receipt_that_lies_about_one_thing(void **state)
{
    (void)state;
    struct buf response CLEANUP(buf_done) = one_vector();
    assert_ok(verify_after(NONE, false, buf_view(&response)));
    for (int lie = NONE + 1; lie < N_LIES; lie++) {
        status s = verify_after((enum lie)lie, false, buf_view(&response));
        if (s.code != ST_AUTH && s.code != ST_MISMATCH)
            fail_msg("lie %d: %s", lie, status_name(s.code));
    }
}

static void an_evaluation_receipt_of_real_hardware(void **state)
{
    (void)state;
    struct buf response CLEANUP(buf_done) = one_vector();
    assert_code(verify_after(NONE, true, buf_view(&response)), ST_AUTH);
    assert_non_null(strstr(status_detail(), "evaluation mode"));
}

static void a_signed_answer_that_is_no_answer(void **state)
{
    (void)state;
    struct buf refusal CLEANUP(buf_done) = BUF_MAX(ROOM);
    refusal_encode(ST_BUSY, &refusal);
    assert_code(verify_after(NONE, false, buf_view(&refusal)), ST_BUSY);
    assert_code(verify_after(NONE, false, BYTES_LIT("\x80")), ST_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_out_of_order),
        cmocka_unit_test(an_answer_to_another_stream),
        cmocka_unit_test(a_complete_answer_takes_nothing_more),
        cmocka_unit_test(a_receipt_that_lies_about_one_thing),
        cmocka_unit_test(an_evaluation_receipt_of_real_hardware),
        cmocka_unit_test(a_signed_answer_that_is_no_answer),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
