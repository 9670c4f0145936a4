#include "serve/message.h"

#include "formats/cbor.h"
#include "support/test.h"

enum { ROOM = 1 << 20, REQUEST_SALT_AT = 12 };

static struct bytes texts[MESSAGE_TEXTS_MAX];

static struct buf request(const struct bytes *t, size_t n, struct bytes nonce)
{
    struct buf b = BUF_MAX(ROOM);
    struct embed_request r = {
        .texts = t, .n_texts = n, .normalize = true, .allow_truncation = false, .nonce = nonce};
    memset(r.salt, 0x5a, sizeof(r.salt));
    embed_request_encode(&r, &b);
    assert_ok(buf_status(&b));
    return b;
}

static void test_request_round_trip(void **state)
{
    (void)state;
    const struct bytes in[] = {BYTES_LIT("one"), BYTES_LIT(""), BYTES_LIT("drei \xc3\xa4")};
    const uint8_t nonce[MESSAGE_NONCE_MIN] = {1, 2, 3};
    for (int with_nonce = 0; with_nonce < 2; with_nonce++) {
        struct buf b CLEANUP(buf_done) =
            request(in, 3, with_nonce ? BYTES_OF(nonce) : (struct bytes){0});
        struct embed_request r;
        assert_ok(embed_request_parse(buf_view(&b), texts, &r));
        assert_int_equal(r.n_texts, 3);
        for (size_t i = 0; i < 3; i++)
            assert_bytes_equal(r.texts[i], in[i]);
        assert_true(r.normalize);
        assert_false(r.allow_truncation);
        assert_int_equal(r.nonce.n, with_nonce ? sizeof(nonce) : 0);
        assert_int_equal(r.salt[31], 0x5a);
    }
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    const struct bytes in[] = {BYTES_LIT("some text"), BYTES_LIT("more")};
    const uint8_t nonce[32] = {9};
    struct buf b CLEANUP(buf_done) = request(in, 2, BYTES_OF(nonce));
    for (size_t n = 0; n < b.n; n++) {
        struct bytes cut = test_exact(bytes_of(b.p, n));
        struct embed_request r;
        assert_true(failed(embed_request_parse(cut, texts, &r)));
        test_exact_free(cut);
    }
}

struct row {
    const char *rule;
    const char *hex; /* "S" stands for 32 bytes of salt */
    enum status_code code;
};

#define SALT "58205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define HEAD "01010265656d626564"

static const struct row BAD_REQUESTS[] = {
    {"not a map", "80", ST_FORMAT},
    {"empty map", "a0", ST_FORMAT},
    {"unknown version", "a601020265656d62656403" SALT "0481616105f506f5", ST_UNSUPPORTED},
    {"unknown operation", "a601010264656d626503" SALT "0481616105f506f5", ST_UNSUPPORTED},
    {"salt is short", "a6" HEAD "03415a0481616105f506f5", ST_FORMAT},
    {"no text", "a6" HEAD "03" SALT "048005f506f5", ST_FORMAT},
    {"text is bytes", "a6" HEAD "03" SALT "0481416105f506f5", ST_FORMAT},
    {"text is not UTF-8", "a6" HEAD "03" SALT "048161ff05f506f5", ST_FORMAT},
    {"flag is a number", "a6" HEAD "03" SALT "04816161050106f5", ST_FORMAT},
    {"keys out of order", "a6" HEAD "03" SALT "0481616106f505f5", ST_FORMAT},
    {"duplicate key", "a6" HEAD "03" SALT "0481616105f505f5", ST_FORMAT},
    {"field is missing", "a5" HEAD "03" SALT "0481616105f5", ST_FORMAT},
    {"unknown field", "a7" HEAD "03" SALT "0481616105f506f508f5", ST_FORMAT},
    {"nonce is short",
     "a7" HEAD "03" SALT "0481616105f506f50747"
     "01020304050607",
     ST_FORMAT},
    {"a nonce under another key",
     "a7" HEAD "03" SALT "0481616105f506f50848"
     "0102030405060708",
     ST_FORMAT},
    {"field after the nonce",
     "a8" HEAD "03" SALT "0481616105f506f50748"
     "0102030405060708"
     "08f5",
     ST_FORMAT},
    {"trailing byte", "a6" HEAD "03" SALT "0481616105f506f500", ST_FORMAT},
    {"indefinite map", "bf" HEAD "03" SALT "0481616105f506f5ff", ST_FORMAT},
    {"version is not shortest", "a60118010265656d62656403" SALT "0481616105f506f5", ST_FORMAT},
};

static void test_requests_that_break_a_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD_REQUESTS) / sizeof(BAD_REQUESTS[0]); i++) {
        struct buf b CLEANUP(buf_done) = test_hex(BAD_REQUESTS[i].hex);
        struct bytes in = test_exact(buf_view(&b));
        struct embed_request r;
        status s = embed_request_parse(in, texts, &r);
        if (s.code != BAD_REQUESTS[i].code)
            fail_msg("%s: %s", BAD_REQUESTS[i].rule, status_name(s.code));
        test_exact_free(in);
    }
    struct buf good CLEANUP(buf_done) = test_hex("a6" HEAD "03" SALT "0481616105f506f5");
    struct embed_request r;
    assert_ok(embed_request_parse(buf_view(&good), texts, &r));
}

static void test_length_of_the_nonce(void **state)
{
    (void)state;
    const struct bytes in[] = {BYTES_LIT("one")};
    const uint8_t nonce[MESSAGE_NONCE_MAX + 1] = {1};
    for (size_t n = 1; n <= sizeof(nonce); n++) {
        struct buf b CLEANUP(buf_done) = request(in, 1, bytes_of(nonce, n));
        struct embed_request r;
        bool is_good = n >= MESSAGE_NONCE_MIN && n <= MESSAGE_NONCE_MAX;
        assert_code(embed_request_parse(buf_view(&b), texts, &r), is_good ? ST_OK : ST_FORMAT);
    }
}

static void test_more_texts_than_the_limit(void **state)
{
    (void)state;
    static struct bytes many[MESSAGE_TEXTS_MAX + 1];
    for (size_t i = 0; i <= MESSAGE_TEXTS_MAX; i++)
        many[i] = BYTES_LIT("x");
    struct embed_request r;
    struct buf most CLEANUP(buf_done) = request(many, MESSAGE_TEXTS_MAX, (struct bytes){0});
    assert_ok(embed_request_parse(buf_view(&most), texts, &r));
    struct buf over CLEANUP(buf_done) = request(many, MESSAGE_TEXTS_MAX + 1, (struct bytes){0});
    assert_code(embed_request_parse(buf_view(&over), texts, &r), ST_LIMIT);
}

static void test_response_round_trip(void **state)
{
    (void)state;
    const uint8_t vectors[2 * 3 * 4] = {7};
    const struct embed_response in = {
        .record = BYTES_LIT("rec"), .dim = 3, .embeddings = BYTES_OF(vectors)};
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct embed_response out;
    embed_response_encode(&in, &b);
    assert_ok(embed_response_parse(buf_view(&b), 2, &out));
    assert_false(out.is_refusal);
    assert_int_equal(out.dim, 3);
    assert_bytes_equal(out.record, in.record);
    assert_bytes_equal(out.embeddings, in.embeddings);
    assert_code(embed_response_parse(buf_view(&b), 1, &out), ST_FORMAT);
    assert_code(embed_response_parse(buf_view(&b), 3, &out), ST_FORMAT);
    for (size_t n = 0; n < b.n; n++) {
        struct bytes cut = test_exact(bytes_of(b.p, n));
        assert_true(failed(embed_response_parse(cut, 2, &out)));
        test_exact_free(cut);
    }
}

static void test_dimension_of_a_response(void **state)
{
    (void)state;
    static const uint8_t zeroes[4 * (MESSAGE_DIM_MAX + 1)];
    static const struct {
        uint32_t dim;
        enum status_code code;
    } ROWS[] = {
        {0, ST_LIMIT}, {1, ST_OK}, {MESSAGE_DIM_MAX, ST_OK}, {MESSAGE_DIM_MAX + 1, ST_LIMIT}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct embed_response in = {.record = BYTES_LIT("rec"),
                                          .dim = ROWS[i].dim,
                                          .embeddings = bytes_of(zeroes, 4 * ROWS[i].dim)};
        struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
        struct embed_response out;
        embed_response_encode(&in, &b);
        assert_code(embed_response_parse(buf_view(&b), 1, &out), ROWS[i].code);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    for (unsigned code = ST_OK + 1; code < STATUS_COUNT; code++) {
        struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
        struct embed_response out;
        refusal_encode((enum status_code)code, &b);
        assert_ok(embed_response_parse(buf_view(&b), 1, &out));
        assert_true(out.is_refusal);
        assert_int_equal(out.refusal, code);
    }
    static const char *const bad[] = {
        "a40101026772656675736564"
        "06626f6b"
        "07677375636365737300", /* trailing byte */
        "a40101026772656675736564"
        "06626f6b"
        "076773756363657373", /* "ok" is no refusal */
        "a40101026772656675736564"
        "06636f6363"
        "0760", /* unknown code */
        "a40101026772656675736564"
        "066462757379"
        "076568656c6c6f", /* another sentence */
    };
    struct embed_response out;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buf b CLEANUP(buf_done) = test_hex(bad[i]);
        assert_code(embed_response_parse(buf_view(&b), 1, &out), ST_FORMAT);
    }
    struct buf other CLEANUP(buf_done) = test_hex("a2010102656f74686572");
    assert_code(embed_response_parse(buf_view(&other), 1, &out), ST_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_round_trip),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_requests_that_break_a_rule),
        cmocka_unit_test(test_length_of_the_nonce),
        cmocka_unit_test(test_more_texts_than_the_limit),
        cmocka_unit_test(test_response_round_trip),
        cmocka_unit_test(test_dimension_of_a_response),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
