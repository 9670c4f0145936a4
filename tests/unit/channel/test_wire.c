#include "support/test.h"

#include "channel/wire.h"

/* --- frame headers --- */

struct header_row {
    const char *rule;
    const char *hex;
    enum status_code code;
};

static const struct header_row HEADERS[] = {
    {"client hello", "454d010100000030", ST_OK},
    {"server hello", "454d010200000100", ST_OK},
    {"client key", "454d010300000040", ST_OK},
    {"server done", "454d010400000020", ST_OK},
    {"error", "454d010500000001", ST_OK},
    {"magic", "464d010100000030", ST_PROTOCOL},
    {"magic, second byte", "454e010100000030", ST_PROTOCOL},
    {"version 0", "454d000100000030", ST_PROTOCOL},
    {"version 2", "454d020100000030", ST_PROTOCOL},
    {"type 0", "454d010000000030", ST_PROTOCOL},
    {"type 6", "454d010600000030", ST_PROTOCOL},
    {"client hello above its cap", "454d010100000041", ST_LIMIT},
    {"client hello below its least", "454d010100000028", ST_FORMAT},
    {"server hello above its cap", "454d01020006006f", ST_LIMIT},
    {"server hello at its cap", "454d01020006006e", ST_OK},
    {"server hello without evidence", "454d01020000006e", ST_FORMAT},
    {"client key too long", "454d010300000041", ST_LIMIT},
    {"client key too short", "454d01030000003f", ST_FORMAT},
    {"server done too short", "454d01040000001f", ST_FORMAT},
    {"error of two bytes", "454d010500000002", ST_LIMIT},
    {"error of no byte", "454d010500000000", ST_FORMAT},
    {"huge", "454d0102ffffffff", ST_LIMIT},
};

static void header_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
        struct buf b CLEANUP(buf_done) = test_hex(HEADERS[i].hex);
        struct frame_header h;
        status s = frame_header_parse(b.p, &h);
        if (s.code != HEADERS[i].code)
            fail_msg("%s: %s", HEADERS[i].rule, status_name(s.code));
    }
}

/* --- client hello --- */

static struct client_hello hello(void)
{
    struct client_hello h = {
        .max_message = 1 << 20,
        .suites = {2, 1},
        .n_suites = 2,
        .freshness = {1, 0},
        .n_freshness = 2,
    };
    for (size_t i = 0; i < sizeof(h.nonce); i++)
        h.nonce[i] = (uint8_t)i;
    return h;
}

static struct bytes payload_of(const struct buf *frame)
{
    return bytes_of(frame->p + FRAME_HEADER_LEN, frame->n - FRAME_HEADER_LEN);
}

static void client_hello_comes_back(void **state)
{
    (void)state;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct client_hello in = hello();
    struct client_hello out;
    struct frame_header h;
    assert_ok(client_hello_encode(&in, &frame));
    assert_ok(frame_header_parse(frame.p, &h));
    assert_int_equal(h.type, FRAME_CLIENT_HELLO);
    assert_int_equal(h.length, frame.n - FRAME_HEADER_LEN);
    struct bytes exact = test_exact(payload_of(&frame));
    assert_ok(client_hello_parse(exact, &out));
    test_exact_free(exact);
    assert_memory_equal(&in, &out, sizeof(in));
    assert_true(client_hello_has_suite(&out, 1));
    assert_false(client_hello_has_suite(&out, 3));
    assert_true(client_hello_has_freshness(&out, 0));
}

static void client_hello_truncated_at_each_byte(void **state)
{
    (void)state;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct client_hello in = hello();
    struct client_hello out;
    assert_ok(client_hello_encode(&in, &frame));
    struct bytes whole = payload_of(&frame);
    for (size_t n = 0; n < whole.n; n++) {
        struct bytes exact = test_exact(bytes_of(whole.p, n));
        status s = client_hello_parse(exact, &out);
        assert_true(s.code == ST_TRUNCATED || s.code == ST_FORMAT);
        test_exact_free(exact);
    }
}

struct tail_row {
    const char *rule;
    const char *tail; /* from n_suites on */
    enum status_code code;
};

static const struct tail_row TAILS[] = {
    {"good",
     "0200010002"
     "020001",
     ST_OK},
    {"unknown suites are passed over by the parser",
     "01ffff"
     "0100",
     ST_OK},
    {"no suite",
     "00"
     "0100"
     "000000",
     ST_FORMAT},
    {"nine suites",
     "09000100020003000400050006000700080009"
     "0100",
     ST_FORMAT},
    {"a suite twice",
     "0200010001"
     "0100",
     ST_FORMAT},
    {"no freshness",
     "0200010002"
     "00",
     ST_FORMAT},
    {"three kinds of freshness", "020001000203000100", ST_FORMAT},
    {"freshness twice",
     "020001000202"
     "0000",
     ST_FORMAT},
    {"unknown freshness", "02000100020102", ST_FORMAT},
    {"a byte more", "020001000202000100", ST_FORMAT},
};

static void client_hello_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(TAILS) / sizeof(TAILS[0]); i++) {
        struct buf b CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
        struct buf tail CLEANUP(buf_done) = test_hex(TAILS[i].tail);
        struct client_hello out;
        assert_non_null(buf_extend(&b, HELLO_NONCE_LEN + 4));
        buf_put(&b, buf_view(&tail));
        struct bytes exact = test_exact(buf_view(&b));
        status s = client_hello_parse(exact, &out);
        test_exact_free(exact);
        if (s.code != TAILS[i].code)
            fail_msg("%s: %s", TAILS[i].rule, status_name(s.code));
    }
}

/* --- server hello --- */

static void make_server_hello(struct bytes evidence, struct buf *frame)
{
    struct server_hello h = {
        .suite = 2,
        .freshness = 1,
        .evidence_type = 2,
        .max_message = 4096,
        .max_streams = 64,
        .evidence = evidence,
    };
    memset(h.hpke_key, 7, sizeof(h.hpke_key));
    memset(h.signature, 9, sizeof(h.signature));
    assert_ok(server_hello_encode_unsigned(&h, frame));
    buf_put(frame, BYTES_OF(h.signature));
    assert_ok(buf_status(frame));
}

static void server_hello_comes_back(void **state)
{
    (void)state;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct server_hello out;
    struct frame_header h;
    make_server_hello(BYTES_LIT("evidence"), &frame);
    assert_ok(frame_header_parse(frame.p, &h));
    assert_int_equal(h.length, frame.n - FRAME_HEADER_LEN);
    assert_ok(server_hello_parse(payload_of(&frame), &out));
    assert_int_equal(out.suite, 2);
    assert_int_equal(out.freshness, 1);
    assert_int_equal(out.evidence_type, 2);
    assert_int_equal(out.max_message, 4096);
    assert_int_equal(out.max_streams, 64);
    assert_int_equal(out.hpke_key[31], 7);
    assert_int_equal(out.signature[63], 9);
    assert_bytes_equal(out.evidence, BYTES_LIT("evidence"));
}

static void server_hello_truncated_at_each_byte(void **state)
{
    (void)state;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct server_hello out;
    make_server_hello(BYTES_LIT("evidence"), &frame);
    struct bytes whole = payload_of(&frame);
    for (size_t n = 0; n < whole.n; n++) {
        struct bytes exact = test_exact(bytes_of(whole.p, n));
        assert_code(server_hello_parse(exact, &out), ST_TRUNCATED);
        test_exact_free(exact);
    }
}

static void server_hello_rules(void **state)
{
    (void)state;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(2 * FRAME_MAX);
    struct buf big CLEANUP(buf_done) = BUF_MAX(2 * FRAME_MAX);
    struct server_hello h = {0};
    struct server_hello out;
    assert_code(server_hello_encode_unsigned(&h, &frame), ST_LIMIT);
    assert_non_null(buf_extend(&big, CHANNEL_EVIDENCE_MAX + 1));
    h.evidence = buf_view(&big);
    assert_code(server_hello_encode_unsigned(&h, &frame), ST_LIMIT);

    make_server_hello(BYTES_LIT("evidence"), &frame);
    buf_put_u8(&frame, 0);
    assert_code(server_hello_parse(payload_of(&frame), &out), ST_FORMAT); /* a byte more */
    frame.n--;
    uint8_t *p = frame.p + FRAME_HEADER_LEN;
    put_u16be(p + 40, 0);
    assert_code(server_hello_parse(payload_of(&frame), &out), ST_FORMAT); /* no stream */
    put_u16be(p + 40, 1);
    put_u32be(p + 42, 0);
    assert_code(server_hello_parse(payload_of(&frame), &out), ST_FORMAT); /* no evidence */
    put_u32be(p + 42, UINT32_MAX);
    assert_code(server_hello_parse(payload_of(&frame), &out), ST_TRUNCATED);
}

static void server_hello_evidence_has_its_bounds(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0, 1, CHANNEL_EVIDENCE_MAX, CHANNEL_EVIDENCE_MAX + 1};
    static const enum status_code CODES[] = {ST_FORMAT, ST_OK, ST_OK, ST_LIMIT};
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        struct buf b CLEANUP(buf_done) = BUF_MAX(2 * FRAME_MAX);
        struct server_hello out;
        uint8_t *p = buf_extend(&b, SERVER_HELLO_FIXED_LEN + SIZES[i] + SERVER_SIGNATURE_LEN);
        memset(p, 0, b.n);
        p[41] = 1; /* one stream */
        put_u32be(p + 42, (uint32_t)SIZES[i]);
        assert_code(server_hello_parse(buf_view(&b), &out), CODES[i]);
    }
}

/* --- client key, reasons --- */

static void client_key_comes_back(void **state)
{
    (void)state;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct client_key out;
    uint8_t enc[32];
    uint8_t confirmation[32];
    memset(enc, 1, sizeof(enc));
    memset(confirmation, 2, sizeof(confirmation));
    client_key_encode_unconfirmed(enc, &frame);
    for (size_t n = 0; n < CLIENT_KEY_LEN - 32; n++)
        assert_code(client_key_parse(bytes_of(frame.p + 8, n), &out), ST_TRUNCATED);
    buf_put(&frame, BYTES_OF(confirmation));
    assert_ok(client_key_parse(payload_of(&frame), &out));
    assert_memory_equal(out.enc, enc, 32);
    assert_memory_equal(out.confirmation, confirmation, 32);
    buf_put_u8(&frame, 0);
    assert_code(client_key_parse(payload_of(&frame), &out), ST_FORMAT);
}

static void reasons_are_few_and_come_back(void **state)
{
    (void)state;
    static const enum status_code SAME[] = {ST_CLOSED,  ST_INTERNAL,    ST_BUSY,
                                            ST_TIMEOUT, ST_LIMIT,       ST_PROTOCOL,
                                            ST_AUTH,    ST_UNSUPPORTED, ST_CANCELLED};
    for (size_t i = 0; i < sizeof(SAME) / sizeof(SAME[0]); i++) {
        assert_int_equal(reason_of(SAME[i]), i);
        assert_int_equal(reason_code((uint8_t)i), SAME[i]);
    }
    assert_int_equal(reason_of(ST_SEQUENCE), reason_of(ST_PROTOCOL));
    assert_int_equal(reason_of(ST_FORMAT), reason_of(ST_PROTOCOL));
    assert_int_equal(reason_of(ST_MISMATCH), reason_of(ST_AUTH));
    assert_int_equal(reason_of(ST_ALG), reason_of(ST_UNSUPPORTED));
    assert_int_equal(reason_of(ST_NOMEM), reason_of(ST_INTERNAL));
    assert_int_equal(reason_code(9), ST_CLOSED);
    assert_string_equal(reason_text(9), "the enclave cannot be reached");
    assert_string_equal(reason_text(8), "the other side is stopping");
    assert_int_equal(reason_code(10), ST_INTERNAL);
    assert_int_equal(reason_code(255), ST_INTERNAL);
    assert_string_equal(reason_text(2), status_public(ST_BUSY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_rules),
        cmocka_unit_test(client_hello_comes_back),
        cmocka_unit_test(client_hello_truncated_at_each_byte),
        cmocka_unit_test(client_hello_rules),
        cmocka_unit_test(server_hello_comes_back),
        cmocka_unit_test(server_hello_truncated_at_each_byte),
        cmocka_unit_test(server_hello_rules),
        cmocka_unit_test(server_hello_evidence_has_its_bounds),
        cmocka_unit_test(client_key_comes_back),
        cmocka_unit_test(reasons_are_few_and_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
