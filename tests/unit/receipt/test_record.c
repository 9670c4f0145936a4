#include "receipt/record.h"

#include "formats/cbor.h"
#include "support/test.h"

static const struct record_text TEXTS[] = {{12, false}, {256, true}, {3, false}, {256, true}};

static struct record sample(void)
{
    struct record r = {
        .profile = BYTES_LIT("eml-n1"),
        .engine_version = BYTES_LIT("eml 0.1.0"),
        .pooling = RECORD_MEAN,
        .is_normalized = true,
        .texts = TEXTS,
        .n_texts = 4,
    };
    memset(r.model_digest, 0xaa, RECORD_DIGEST_LEN);
    memset(r.tokenizer_digest, 0xbb, RECORD_DIGEST_LEN);
    return r;
}

static struct buf encoded(const struct record *r)
{
    struct buf out = BUF_MAX(1 << 20);
    assert_ok(record_encode(r, &out));
    return out;
}

static status parse(struct bytes in, struct record_text *texts, size_t cap, struct record *out)
{
    struct bytes exact = test_exact(in);
    struct record found;
    memset(&found, 0x5a, sizeof(found));
    struct record untouched = found;
    status s = record_parse(exact, texts, cap, &found);
    if (failed(s))
        assert_memory_equal(&found, &untouched, sizeof(found));
    if (ok(s) && out != NULL)
        *out = found;
    test_exact_free(exact);
    return s;
}

static void comes_back_equal(void **state)
{
    struct record want = sample();
    struct record got = {0};
    struct record_text texts[4];
    struct buf bytes CLEANUP(buf_done) = encoded(&want);
    (void)state;
    assert_ok(record_parse(buf_view(&bytes), texts, 4, &got));
    assert_bytes_equal(got.profile, want.profile);
    assert_bytes_equal(got.engine_version, want.engine_version);
    assert_memory_equal(got.model_digest, want.model_digest, RECORD_DIGEST_LEN);
    assert_memory_equal(got.tokenizer_digest, want.tokenizer_digest, RECORD_DIGEST_LEN);
    assert_int_equal(got.pooling, RECORD_MEAN);
    assert_true(got.is_normalized);
    assert_int_equal(got.n_texts, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(got.texts[i].n_tokens, TEXTS[i].n_tokens);
        assert_int_equal(got.texts[i].is_truncated, TEXTS[i].is_truncated);
    }
    struct buf again CLEANUP(buf_done) = encoded(&got);
    assert_bytes_equal(buf_view(&again), buf_view(&bytes));
}

static void bytes_of_the_table(void **state)
{
    struct record r = sample();
    struct record_text one = {5, false};
    struct buf want CLEANUP(buf_done) =
        test_hex("a9"
                 "0101"
                 "0266656d6c2d6e31"
                 "036965" /* the rest of the text */
                 "6d6c20302e312e30"
                 "045820aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                 "055820bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                 "0663636c73"
                 "07f4"
                 "088105"
                 "0980");
    (void)state;
    r.pooling = RECORD_CLS;
    r.is_normalized = false;
    r.texts = &one;
    r.n_texts = 1;
    struct buf found CLEANUP(buf_done) = encoded(&r);
    assert_bytes_equal(buf_view(&found), buf_view(&want));
}

static void most_texts(void **state)
{
    struct record_text *texts = calloc(RECORD_TEXTS_MAX, sizeof(*texts));
    struct record r = sample();
    struct record got;
    (void)state;
    for (size_t i = 0; i < RECORD_TEXTS_MAX; i++)
        texts[i] = (struct record_text){UINT32_MAX, true};
    r.texts = texts;
    r.n_texts = RECORD_TEXTS_MAX;
    struct buf bytes CLEANUP(buf_done) = encoded(&r);
    assert_ok(record_parse(buf_view(&bytes), texts, RECORD_TEXTS_MAX, &got));
    assert_code(record_parse(buf_view(&bytes), texts, RECORD_TEXTS_MAX - 1, &got), ST_LIMIT);
    free(texts);
}

static void every_truncation_is_refused(void **state)
{
    struct record r = sample();
    struct record_text texts[4];
    struct buf bytes CLEANUP(buf_done) = encoded(&r);
    (void)state;
    for (size_t n = 0; n < bytes.n; n++)
        assert_true(failed(parse(bytes_of(bytes.p, n), texts, 4, NULL)));
    buf_put_u8(&bytes, 0);
    assert_code(parse(buf_view(&bytes), texts, 4, NULL), ST_FORMAT);
}

/* One byte string for one meaning: what parses after a bit flip encodes to the flipped bytes. */
static void every_bit_flip_is_refused_or_canonical(void **state)
{
    struct record r = sample();
    struct record got = {0};
    struct record_text texts[4];
    struct buf bytes CLEANUP(buf_done) = encoded(&r);
    (void)state;
    for (size_t bit = 0; bit < 8 * bytes.n; bit++) {
        bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ok(record_parse(buf_view(&bytes), texts, 4, &got))) {
            struct buf again CLEANUP(buf_done) = encoded(&got);
            assert_bytes_equal(buf_view(&again), buf_view(&bytes));
        }
        bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* The record, value by value as hexadecimal, so that a row can change one. */
enum { N_FIELDS = 9 };
static const char *const FIELDS[N_FIELDS] = {
    "01",
    "66656d6c2d6e31",
    "6165",
    "5820aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "5820bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "646d65616e",
    "f5",
    "820304",
    "8101",
};

static struct buf build(size_t changed, const char *value)
{
    struct buf out = BUF_MAX(4096);
    cbor_put_map(&out, N_FIELDS);
    for (size_t i = 0; i < N_FIELDS; i++) {
        cbor_put_uint(&out, i + 1);
        struct buf v CLEANUP(buf_done) = test_hex(i == changed ? value : FIELDS[i]);
        buf_put(&out, buf_view(&v));
    }
    return out;
}

static void values_that_break_a_rule(void **state)
{
    static const struct {
        const char *name;
        size_t field;
        const char *value;
        enum status_code code;
    } ROWS[] = {
        {"version 2", 0, "02", ST_FORMAT},
        {"version 0", 0, "00", ST_FORMAT},
        {"version as text", 0, "6131", ST_FORMAT},
        {"profile empty", 1, "60", ST_FORMAT},
        {"profile as bytes", 1, "46656d6c2d6e31", ST_FORMAT},
        {"profile of 33 bytes", 1,
         "7821616161616161616161616161616161616161616161616161616161616161616161", ST_FORMAT},
        {"profile not UTF-8", 1, "61ff", ST_FORMAT},
        {"engine empty", 2, "60", ST_FORMAT},
        {"model digest of 31 bytes", 3,
         "581faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ST_FORMAT},
        {"tokenizer digest null", 4, "f6", ST_FORMAT},
        {"pooling unknown", 5, "636d6178", ST_FORMAT},
        {"pooling empty", 5, "60", ST_FORMAT},
        {"normalised as number", 6, "01", ST_FORMAT},
        {"normalised null", 6, "f6", ST_FORMAT},
        {"no text", 7, "80", ST_FORMAT},
        {"tokens indefinite", 7, "9f0304ff", ST_FORMAT},
        {"tokens not shortest", 7, "82031804", ST_FORMAT},
        {"tokens zero", 7, "820300", ST_FORMAT},
        {"tokens negative", 7, "820320", ST_FORMAT},
        {"tokens of 2^32", 7, "82031b0000000100000000", ST_FORMAT},
        {"tokens: more than the caller takes", 7, "850303030303", ST_LIMIT},
        {"tokens: more announced than there are", 7, "9affffffff03", ST_TRUNCATED},
        {"truncated: a text that is not there", 8, "8102", ST_FORMAT},
        {"truncated: twice the same", 8, "820101", ST_FORMAT},
        {"truncated: descending", 8, "820100", ST_FORMAT},
        {"truncated as bytes", 8, "4101", ST_FORMAT},
    };
    struct record_text texts[4];
    (void)state;
    struct buf good CLEANUP(buf_done) = build(N_FIELDS, NULL);
    assert_ok(parse(buf_view(&good), texts, 4, NULL));
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf bytes CLEANUP(buf_done) = build(ROWS[i].field, ROWS[i].value);
        status s = parse(buf_view(&bytes), texts, 4, NULL);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s", ROWS[i].name, status_name(s.code));
    }
}

static void structure_that_breaks_a_rule(void **state)
{
    static const struct {
        const char *name;
        const char *hex;
    } ROWS[] = {
        {"empty", ""},
        {"an empty map", "a0"},
        {"an array", "890101"},
        {"another first key", "a102"},
        {"a text key", "a1613101"},
        {"the first key twice", "a201010101"},
        {"keys out of order", "a20261650101"},
        {"indefinite", "bf0101ff"},
        {"one key only", "a10101"},
    };
    struct record_text texts[4];
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf bytes CLEANUP(buf_done) = test_hex(ROWS[i].hex);
        if (ok(parse(buf_view(&bytes), texts, 4, NULL)))
            fail_msg("%s was accepted", ROWS[i].name);
    }
}

static void unknown_key_behind(void **state)
{
    struct record_text texts[4];
    struct buf bytes CLEANUP(buf_done) = build(N_FIELDS, NULL);
    (void)state;
    bytes.p[0]++;
    cbor_put_uint(&bytes, 10);
    cbor_put_uint(&bytes, 0);
    assert_code(parse(buf_view(&bytes), texts, 4, NULL), ST_FORMAT);
}

static void encoder_refuses(void **state)
{
    static const struct record_text NO_TOKENS = {0, false};
    struct record rows[8];
    (void)state;
    for (size_t i = 0; i < 8; i++)
        rows[i] = sample();
    rows[0].profile = (struct bytes){0};
    rows[1].engine_version = (struct bytes){0};
    rows[2].n_texts = 0;
    rows[3].n_texts = RECORD_TEXTS_MAX + 1;
    rows[4].pooling = (enum record_pooling)2;
    rows[5].profile = BYTES_LIT("\xff");
    rows[6].profile = BYTES_LIT("0123456789012345678901234567890123456789");
    rows[7].texts = &NO_TOKENS;
    rows[7].n_texts = 1;
    for (size_t i = 0; i < 8; i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 20);
        assert_code(record_encode(&rows[i], &out), ST_USAGE);
        assert_int_equal(out.n, 0);
    }
    struct record r = sample();
    struct buf small CLEANUP(buf_done) = BUF_MAX(20);
    assert_code(record_encode(&r, &small), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_equal),
        cmocka_unit_test(bytes_of_the_table),
        cmocka_unit_test(most_texts),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_bit_flip_is_refused_or_canonical),
        cmocka_unit_test(values_that_break_a_rule),
        cmocka_unit_test(structure_that_breaks_a_rule),
        cmocka_unit_test(unknown_key_behind),
        cmocka_unit_test(encoder_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
