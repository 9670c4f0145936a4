#include "support/test.h"

#include "channel/record.h"
#include "channel/session.h"
#include "crypto/hkdf.h"

static const struct traffic_secret SECRET = {{0x42}};

struct ends {
    struct record_key out;
    struct record_key in;
};

static struct ends ends_of(enum aead_alg alg)
{
    struct ends e = {0};
    assert_ok(record_key_start(alg, &SECRET, &e.out));
    assert_ok(record_key_start(alg, &SECRET, &e.in));
    return e;
}

static void ends_done(struct ends *e)
{
    record_key_done(&e->out);
    record_key_done(&e->in);
}

static struct buf sealed(struct ends *e, enum record_type type, struct bytes plain)
{
    struct buf b = BUF_MAX(2 * RECORD_MAX);
    assert_ok(record_seal(&e->out, type, (struct bytes){0}, plain, 0, &b));
    return b;
}

/* Opens a copy, so that the record stays whole. */
static status open_copy(struct ends *e, struct bytes record, struct bytes want)
{
    struct record_header h;
    struct bytes plain;
    uint8_t *copy = malloc(record.n);
    assert_non_null(copy);
    memcpy(copy, record.p, record.n);
    status s = record_header_parse(copy, &h);
    if (ok(s) && record.n != RECORD_HEADER_LEN + (size_t)h.length)
        s = FAIL(ST_FORMAT, "another length");
    if (ok(s))
        s = record_open(&e->in, &h, copy, record.n, &plain);
    if (ok(s))
        assert_bytes_equal(plain, want);
    free(copy);
    return s;
}

static void bytes_are_those_of_the_page(void **state)
{
    (void)state;
    struct ends e = ends_of(AEAD_CHACHA20_POLY1305);
    struct buf first CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("zero"));
    struct buf second CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("one"));
    assert_int_equal(first.n, RECORD_HEADER_LEN + 4 + AEAD_TAG_LEN);
    struct aead_key key = {.alg = AEAD_CHACHA20_POLY1305};
    struct aead *aead CLEANUP(aead_freep) = NULL;
    uint8_t iv[12];
    uint8_t want[3 + 16];
    static const uint8_t HEADER[] = {0x80, 0, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 1};
    assert_ok(
        hkdf_expand(HASH_SHA256, BYTES_OF(SECRET.b), BYTES_LIT("eml-channel-v1 key"), key.b, 32));
    assert_ok(hkdf_expand(HASH_SHA256, BYTES_OF(SECRET.b), BYTES_LIT("eml-channel-v1 iv"), iv, 12));
    assert_ok(aead_new(&key, &aead));
    iv[11] ^= 1; /* sequence 1 */
    assert_ok(aead_seal(aead, iv, BYTES_OF(HEADER), BYTES_LIT("one"), want));
    assert_int_equal(second.n, sizeof(HEADER) + sizeof(want));
    assert_memory_equal(second.p, HEADER, sizeof(HEADER));
    assert_memory_equal(second.p + sizeof(HEADER), want, sizeof(want));
    ends_done(&e);
}

static void head_body_and_zeroes_are_joined(void **state)
{
    (void)state;
    struct ends e = ends_of(AEAD_AES_256_GCM);
    struct buf b CLEANUP(buf_done) = BUF_MAX(4 * RECORD_MAX);
    assert_ok(record_seal(&e.out, RECORD_DATA, BYTES_LIT("head"), BYTES_LIT("body"), 3, &b));
    assert_ok(open_copy(&e, buf_view(&b), bytes_of("headbody\0\0\0", 11)));
    assert_code(
        record_seal(&e.out, RECORD_DATA, BYTES_LIT("x"), BYTES_LIT("y"), RECORD_PLAIN_MAX, &b),
        ST_LIMIT);
    ends_done(&e);
}

static void each_bit_counts(void **state)
{
    (void)state;
    static const enum aead_alg ALGS[] = {AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305};
    for (size_t a = 0; a < 2; a++) {
        struct ends e = ends_of(ALGS[a]);
        struct buf b CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("some plaintext"));
        for (size_t bit = 0; bit < 8 * b.n; bit++) {
            b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_true(failed(open_copy(&e, buf_view(&b), (struct bytes){0})));
            b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_ok(open_copy(&e, buf_view(&b), BYTES_LIT("some plaintext")));
        ends_done(&e);
    }
}

static void type_is_authenticated(void **state)
{
    (void)state;
    struct ends e = ends_of(AEAD_AES_256_GCM);
    struct buf b CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("x"));
    b.p[0] = RECORD_CLOSE;
    assert_code(open_copy(&e, buf_view(&b), (struct bytes){0}), ST_AUTH);
    ends_done(&e);
}

static void sequence_is_exactly_the_next(void **state)
{
    (void)state;
    struct ends e = ends_of(AEAD_AES_256_GCM);
    struct buf r0 CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("0"));
    struct buf r1 CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("1"));
    struct buf r2 CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("2"));
    assert_code(open_copy(&e, buf_view(&r1), (struct bytes){0}), ST_SEQUENCE);
    assert_ok(open_copy(&e, buf_view(&r0), BYTES_LIT("0")));
    assert_code(open_copy(&e, buf_view(&r0), (struct bytes){0}), ST_SEQUENCE);
    assert_code(open_copy(&e, buf_view(&r2), (struct bytes){0}), ST_SEQUENCE);
    /* A header that claims the right number does not help. */
    put_u64be(r2.p + 6, 1);
    assert_code(open_copy(&e, buf_view(&r2), (struct bytes){0}), ST_AUTH);
    assert_ok(open_copy(&e, buf_view(&r1), BYTES_LIT("1")));
    ends_done(&e);
}

static void key_update_changes_everything_but_the_sequence(void **state)
{
    (void)state;
    struct ends e = ends_of(AEAD_AES_256_GCM);
    struct buf r0 CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("0"));
    struct traffic_secret before = e.out.secret;
    uint8_t iv[12];
    memcpy(iv, e.out.iv, 12);
    assert_ok(record_key_update(&e.out));
    assert_memory_not_equal(&before, &e.out.secret, sizeof(before));
    assert_memory_not_equal(iv, e.out.iv, 12);
    assert_int_equal(e.out.sequence, 1);
    assert_int_equal(e.out.n_records, 0);
    struct buf r1 CLEANUP(buf_done) = sealed(&e, RECORD_DATA, BYTES_LIT("1"));
    assert_ok(open_copy(&e, buf_view(&r0), BYTES_LIT("0")));
    assert_code(open_copy(&e, buf_view(&r1), (struct bytes){0}), ST_AUTH);
    assert_ok(record_key_update(&e.in));
    assert_ok(open_copy(&e, buf_view(&r1), BYTES_LIT("1")));
    ends_done(&e);
}

static void counters_end(void **state)
{
    (void)state;
    struct ends e = ends_of(AEAD_AES_256_GCM);
    struct buf b CLEANUP(buf_done) = BUF_MAX(RECORD_MAX);
    e.out.sequence = ((uint64_t)1 << 48) - 1;
    e.in.sequence = e.out.sequence;
    assert_ok(record_seal(&e.out, RECORD_DATA, (struct bytes){0}, BYTES_LIT("x"), 0, &b));
    e.in.n_records = RECORD_KEY_RECORDS_MAX;
    assert_code(open_copy(&e, buf_view(&b), BYTES_LIT("x")), ST_LIMIT);
    e.in.n_records--;
    assert_ok(open_copy(&e, buf_view(&b), BYTES_LIT("x")));
    assert_code(record_seal(&e.out, RECORD_DATA, (struct bytes){0}, BYTES_LIT("x"), 0, &b),
                ST_LIMIT);
    ends_done(&e);
}

struct header_row {
    const char *rule;
    const char *hex;
    enum status_code code;
};

static const struct header_row HEADERS[] = {
    {"data", "8000000000100000000000000000", ST_OK},
    {"key update", "8100000000100000000000000000", ST_OK},
    {"close", "8200000000110000000000000000", ST_OK},
    {"longest", "8000000080100000000000000000", ST_OK},
    {"type below", "7f00000000100000000000000000", ST_PROTOCOL},
    {"type above", "8300000000100000000000000000", ST_PROTOCOL},
    {"a handshake frame in the clear", "454d010500000001090000000000", ST_PROTOCOL},
    {"flags", "8001000000100000000000000000", ST_PROTOCOL},
    {"one byte too long", "8000000080110000000000000000", ST_LIMIT},
    {"huge", "8000ffffffff0000000000000000", ST_LIMIT},
    {"shorter than a tag", "80000000000f0000000000000000", ST_FORMAT},
};

static void header_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
        struct buf b CLEANUP(buf_done) = test_hex(HEADERS[i].hex);
        struct record_header h;
        assert_int_equal(b.n, RECORD_HEADER_LEN);
        status s = record_header_parse(b.p, &h);
        if (s.code != HEADERS[i].code)
            fail_msg("%s: %s", HEADERS[i].rule, status_name(s.code));
    }
}

static const struct header_row FRAGMENTS[] = {
    {"request",
     "00000001"
     "01"
     "01"
     "0000"
     "6162",
     ST_OK},
    {"first fragment",
     "00000001"
     "01"
     "00"
     "0000"
     "61",
     ST_OK},
    {"last of its stream",
     "ffffffff"
     "02"
     "03"
     "0000",
     ST_OK},
    {"padded",
     "00000001"
     "01"
     "01"
     "0003"
     "61"
     "000000",
     ST_OK},
    {"all padding",
     "00000001"
     "01"
     "01"
     "0002"
     "0000",
     ST_OK},
    {"cancel",
     "00000001"
     "05"
     "01"
     "0000",
     ST_OK},
    {"stream 0",
     "00000000"
     "01"
     "01"
     "0000",
     ST_PROTOCOL},
    {"type 0",
     "00000001"
     "00"
     "01"
     "0000",
     ST_PROTOCOL},
    {"type 6",
     "00000001"
     "06"
     "01"
     "0000",
     ST_PROTOCOL},
    {"unknown flag",
     "00000001"
     "01"
     "05"
     "0000",
     ST_PROTOCOL},
    {"end of stream inside a message",
     "00000001"
     "01"
     "02"
     "0000"
     "61",
     ST_PROTOCOL},
    {"empty fragment",
     "00000001"
     "01"
     "00"
     "0000",
     ST_PROTOCOL},
    {"empty fragment with padding",
     "00000001"
     "01"
     "00"
     "0001"
     "00",
     ST_PROTOCOL},
    {"padding longer than the record",
     "00000001"
     "01"
     "01"
     "0003"
     "6100",
     ST_TRUNCATED},
    {"padding is not zero",
     "00000001"
     "01"
     "01"
     "0002"
     "61"
     "0001",
     ST_FORMAT},
    {"cancel with a body",
     "00000001"
     "05"
     "01"
     "0000"
     "61",
     ST_PROTOCOL},
    {"cancel in fragments",
     "00000001"
     "05"
     "00"
     "0000"
     "61",
     ST_PROTOCOL},
    {"cancel that ends the stream",
     "00000001"
     "05"
     "03"
     "0000",
     ST_PROTOCOL},
};

static void fragment_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(FRAGMENTS) / sizeof(FRAGMENTS[0]); i++) {
        struct buf b CLEANUP(buf_done) = test_hex(FRAGMENTS[i].hex);
        struct bytes exact = test_exact(buf_view(&b));
        struct fragment f;
        status s = fragment_parse(exact, &f);
        if (s.code != FRAGMENTS[i].code)
            fail_msg("%s: %s", FRAGMENTS[i].rule, status_name(s.code));
        test_exact_free(exact);
    }
}

static void fragment_comes_back_and_truncation_shows(void **state)
{
    (void)state;
    const struct fragment in = {.stream_id = 0x01020304,
                                .type = MSG_RESPONSE,
                                .is_message_end = true,
                                .is_stream_end = true};
    uint8_t head[FRAGMENT_HEADER_LEN];
    struct fragment out;
    fragment_head(&in, 0, head);
    assert_ok(fragment_parse(BYTES_OF(head), &out));
    assert_int_equal(out.stream_id, in.stream_id);
    assert_int_equal(out.type, in.type);
    assert_true(out.is_message_end && out.is_stream_end);
    assert_int_equal(out.body.n, 0);
    for (size_t n = 0; n < sizeof(head); n++) {
        struct bytes exact = test_exact(bytes_of(head, n));
        assert_code(fragment_parse(exact, &out), ST_TRUNCATED);
        test_exact_free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_of_the_page),
        cmocka_unit_test(head_body_and_zeroes_are_joined),
        cmocka_unit_test(each_bit_counts),
        cmocka_unit_test(type_is_authenticated),
        cmocka_unit_test(sequence_is_exactly_the_next),
        cmocka_unit_test(key_update_changes_everything_but_the_sequence),
        cmocka_unit_test(counters_end),
        cmocka_unit_test(header_rules),
        cmocka_unit_test(fragment_rules),
        cmocka_unit_test(fragment_comes_back_and_truncation_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
