#include "tee/verify/statement.h"

#include "support/test.h"

#include <string.h>

#include "crypto/hash.h"
#include "formats/cbor.h"

static struct statement sample(void)
{
    struct statement s = {
        .platform = BYTES_LIT("aws-nitro"),
        .service = BYTES_LIT("embeddings.example"),
        .freshness = FRESH_EPOCH,
    };
    memset(s.nonce, 1, 32);
    memset(s.identity_key, 2, 32);
    memset(s.receipt_key, 3, 32);
    memset(s.config_digest, 4, 32);
    memset(s.model_digest, 5, 32);
    memset(s.device_digest, 6, 32);
    return s;
}

static struct buf encoded(const struct statement *s)
{
    struct buf b = BUF_MAX(4096);
    assert_ok(statement_encode(s, &b));
    return b;
}

static bool is_same(const struct statement *a, const struct statement *b)
{
    return bytes_equal(a->platform, b->platform) && bytes_equal(a->service, b->service) &&
           a->freshness == b->freshness && memcmp(a->nonce, b->nonce, 6 * (size_t)32) == 0;
}

static status parse_exact(struct bytes in, struct statement *out)
{
    struct bytes exact = test_exact(in);
    status s = statement_parse(exact, out);
    test_exact_free(exact);
    return s;
}

static void round_trip(void **state)
{
    (void)state;
    struct statement s = sample(), back;
    struct buf b CLEANUP(buf_done) = encoded(&s);
    assert_ok(statement_parse(buf_view(&b), &back));
    assert_true(is_same(&s, &back));
    struct buf again CLEANUP(buf_done) = encoded(&back);
    assert_bytes_equal(buf_view(&b), buf_view(&again));
}

/* The bytes, once and for all: docs/ATTESTATION.md section 1. */
static void bytes_are_the_documented_ones(void **state)
{
    (void)state;
    struct statement s = sample();
    struct buf b CLEANUP(buf_done) = encoded(&s);
    struct buf want CLEANUP(buf_done) =
        test_hex("aa010102696177732d6e6974726f0372656d62656464696e67732e6578616d706c650401055820");
    assert_memory_equal(b.p, want.p, want.n);
    assert_int_equal(b.n, want.n + 32 + 5 * 35);
}

static void largest_fits_its_limit(void **state)
{
    (void)state;
    char platform[STATEMENT_PLATFORM_MAX], service[STATEMENT_SERVICE_MAX];
    struct statement s = sample();
    memset(platform, 'p', sizeof(platform));
    memset(service, 's', sizeof(service));
    s.platform = BYTES_OF(platform);
    s.service = BYTES_OF(service);
    struct buf b CLEANUP(buf_done) = encoded(&s);
    assert_true(b.n <= STATEMENT_MAX_BYTES);
    assert_ok(statement_parse(buf_view(&b), &s));
}

static void names_keep_their_rules(void **state)
{
    (void)state;
    char long_name[STATEMENT_SERVICE_MAX + 1];
    memset(long_name, 's', sizeof(long_name));
    const struct {
        const char *rule;
        struct bytes platform, service;
    } rows[] = {
        {"service empty", BYTES_LIT("aws-nitro"), BYTES_LIT("")},
        {"service of 129", BYTES_LIT("aws-nitro"), BYTES_OF(long_name)},
        {"service with a space", BYTES_LIT("aws-nitro"), BYTES_LIT("a b")},
        {"service with an escape", BYTES_LIT("aws-nitro"), BYTES_LIT("a\x1b[2J")},
        {"service with a newline", BYTES_LIT("aws-nitro"), BYTES_LIT("a\n")},
        {"service not ASCII", BYTES_LIT("aws-nitro"), BYTES_LIT("\xc3\xa9")},
        {"platform empty", BYTES_LIT(""), BYTES_LIT("a")},
        {"platform of 33", bytes_of(long_name, STATEMENT_PLATFORM_MAX + 1), BYTES_LIT("a")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct statement s = sample();
        struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
        uint8_t binding[STATEMENT_BINDING_LEN];
        s.platform = rows[i].platform;
        s.service = rows[i].service;
        if (statement_encode(&s, &b).code != ST_FORMAT)
            fail_msg("encode: %s", rows[i].rule);
        if (statement_binding(&s, binding).code != ST_FORMAT)
            fail_msg("binding: %s", rows[i].rule);
    }
}

static void unknown_freshness_is_not_encoded(void **state)
{
    (void)state;
    struct statement s = sample();
    struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
    s.freshness = (enum freshness)7;
    assert_code(statement_encode(&s, &b), ST_FORMAT);
}

/* ---- hostile input ---- */

static void every_truncation_and_a_tail_are_refused(void **state)
{
    (void)state;
    struct statement s = sample(), out = s;
    struct buf b CLEANUP(buf_done) = encoded(&s);
    for (size_t n = 0; n < b.n; n++)
        assert_code(parse_exact(bytes_of(b.p, n), &out), ST_TRUNCATED);
    buf_put_u8(&b, 0);
    assert_code(parse_exact(buf_view(&b), &out), ST_FORMAT);
    assert_true(is_same(&s, &out)); /* untouched by failures */
}

/* A flipped bit is refused or gives another statement with another binding: never the same. */
static void every_bit_counts(void **state)
{
    (void)state;
    struct statement s = sample();
    struct buf b CLEANUP(buf_done) = encoded(&s);
    uint8_t want[STATEMENT_BINDING_LEN], got[STATEMENT_BINDING_LEN];
    assert_ok(statement_binding(&s, want));
    for (size_t i = 0; i < 8 * b.n; i++) {
        struct statement out;
        b.p[i / 8] ^= (uint8_t)(1u << i % 8);
        struct bytes exact = test_exact(buf_view(&b));
        if (ok(statement_parse(exact, &out))) {
            assert_ok(statement_binding(&out, got));
            assert_memory_not_equal(want, got, sizeof(want));
        }
        test_exact_free(exact);
        b.p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

/* The head that the rows below change: map, version, platform, service, freshness. */
static void put_head(struct buf *b, unsigned n, unsigned version, uint64_t freshness)
{
    cbor_put_map(b, n);
    cbor_put_uint(b, 1);
    cbor_put_uint(b, version);
    cbor_put_uint(b, 2);
    cbor_put_str(b, "simulated");
    cbor_put_uint(b, 3);
    cbor_put_str(b, "s");
    cbor_put_uint(b, 4);
    cbor_put_uint(b, freshness);
}

static void put_fields(struct buf *b, unsigned from, unsigned to, size_t size)
{
    uint8_t v[64] = {0};
    for (unsigned key = from; key <= to; key++) {
        cbor_put_uint(b, key);
        cbor_put_bytes(b, bytes_of(v, size));
    }
}

static void assert_parse(const char *rule, struct buf *b, enum status_code code)
{
    struct statement out;
    status s = parse_exact(buf_view(b), &out);
    if (s.code != code)
        fail_msg("%s: %s (%s)", rule, status_name(s.code), failed(s) ? status_detail() : "");
    buf_done(b);
}

static void closed_map_with_exact_fields(void **state)
{
    (void)state;
    struct buf b = BUF_MAX(4096);

    put_head(&b, 10, 1, 0);
    put_fields(&b, 5, 10, 32);
    assert_parse("good", &b, ST_OK);
    put_head(&b, 10, 2, 0);
    put_fields(&b, 5, 10, 32);
    assert_parse("version 2", &b, ST_UNSUPPORTED);
    put_head(&b, 10, 1, 2);
    put_fields(&b, 5, 10, 32);
    assert_parse("freshness 2", &b, ST_FORMAT);
    put_head(&b, 10, 1, 0);
    put_fields(&b, 5, 10, 31);
    assert_parse("fields of 31 bytes", &b, ST_FORMAT);
    put_head(&b, 10, 1, 0);
    put_fields(&b, 5, 10, 33);
    assert_parse("fields of 33 bytes", &b, ST_FORMAT);
    put_head(&b, 9, 1, 0);
    put_fields(&b, 5, 9, 32);
    assert_parse("key 10 missing", &b, ST_FORMAT);
    put_head(&b, 11, 1, 0);
    put_fields(&b, 5, 11, 32);
    assert_parse("key 11", &b, ST_FORMAT);
    put_head(&b, 10, 1, 0);
    put_fields(&b, 5, 9, 32);
    put_fields(&b, 11, 11, 32);
    assert_parse("key 11 in place of 10", &b, ST_FORMAT);
    put_head(&b, 10, 1, 0);
    put_fields(&b, 5, 9, 32);
    put_fields(&b, 9, 9, 32);
    assert_parse("key 9 twice", &b, ST_FORMAT);
    cbor_put_array(&b, 0);
    assert_parse("an array", &b, ST_FORMAT);
    assert_parse("nothing", &b, ST_TRUNCATED);
    for (unsigned i = 0; i <= STATEMENT_MAX_BYTES; i++)
        buf_put_u8(&b, 0);
    assert_parse("513 bytes", &b, ST_LIMIT);
}

/* ---- binding ---- */

static void binding_is_the_documented_hash(void **state)
{
    (void)state;
    struct statement s = sample();
    struct buf b CLEANUP(buf_done) = test_hex("0000000e");
    uint8_t want[64], got[64];
    buf_put_str(&b, "eml-binding-v1");
    buf_put_u32be(&b, 9);
    buf_put_str(&b, "aws-nitro");
    buf_put_u32be(&b, 18);
    buf_put_str(&b, "embeddings.example");
    buf_put_u32be(&b, 1);
    buf_put_u8(&b, 1);
    for (uint8_t i = 1; i <= 6; i++) {
        buf_put_u32be(&b, 32);
        for (int k = 0; k < 32; k++)
            buf_put_u8(&b, i);
    }
    struct bytes all = buf_view(&b);
    assert_ok(hash_parts(HASH_SHA512, &all, 1, want));
    assert_ok(statement_binding(&s, got));
    assert_memory_equal(want, got, 64);
}

static void binding_depends_on_every_field(void **state)
{
    (void)state;
    struct statement s = sample();
    uint8_t want[64], got[64];
    uint8_t *fields[] = {s.nonce,         s.identity_key, s.receipt_key,
                         s.config_digest, s.model_digest, s.device_digest};
    assert_ok(statement_binding(&s, want));
    for (size_t i = 0; i < 6; i++) {
        fields[i][31] ^= 1;
        assert_ok(statement_binding(&s, got));
        assert_memory_not_equal(want, got, 64);
        fields[i][31] ^= 1;
    }
    s.freshness = FRESH_SESSION;
    assert_ok(statement_binding(&s, got));
    assert_memory_not_equal(want, got, 64);
    s.freshness = FRESH_EPOCH;
    /* A byte that moves from one name to the next is another list of fields. */
    s.platform = BYTES_LIT("aws-nitroe");
    s.service = BYTES_LIT("mbeddings.example");
    assert_ok(statement_binding(&s, got));
    assert_memory_not_equal(want, got, 64);
}

static void device_nonce_depends_on_every_field_but_the_answer(void **state)
{
    (void)state;
    struct statement s = sample();
    uint8_t want[32], got[32], binding[64];
    uint8_t *fields[] = {s.nonce, s.identity_key, s.receipt_key, s.config_digest, s.model_digest};
    assert_ok(statement_device_nonce(&s, want));
    for (size_t i = 0; i < 5; i++) {
        fields[i][31] ^= 1;
        assert_ok(statement_device_nonce(&s, got));
        assert_memory_not_equal(want, got, 32);
        fields[i][31] ^= 1;
    }
    s.device_digest[31] ^= 1;
    assert_ok(statement_device_nonce(&s, got));
    assert_memory_equal(want, got, 32);
    assert_ok(statement_binding(&s, binding));
    assert_memory_not_equal(want, binding, 32);
    s.freshness = FRESH_SESSION;
    assert_ok(statement_device_nonce(&s, got));
    assert_memory_not_equal(want, got, 32);
    s.platform = BYTES_LIT("");
    assert_code(statement_device_nonce(&s, got), ST_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_nonce_depends_on_every_field_but_the_answer),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(bytes_are_the_documented_ones),
        cmocka_unit_test(largest_fits_its_limit),
        cmocka_unit_test(names_keep_their_rules),
        cmocka_unit_test(unknown_freshness_is_not_encoded),
        cmocka_unit_test(every_truncation_and_a_tail_are_refused),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(closed_map_with_exact_fields),
        cmocka_unit_test(binding_is_the_documented_hash),
        cmocka_unit_test(binding_depends_on_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
