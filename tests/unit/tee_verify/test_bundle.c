#include "tee/verify/bundle.h"

#include "formats/cbor.h"
#include "support/test.h"

#include <string.h>

static struct bundle sample(void)
{
    return (struct bundle){
        .platform = BYTES_LIT("intel-tdx"),
        .evidence = BYTES_LIT("quote"),
        .statement = BYTES_LIT("statement"),
        .collateral = BYTES_LIT("{}"),
        .certs = BYTES_LIT("certs"),
        .event_log = BYTES_LIT("log"),
        .devices = BYTES_LIT("[]"),
    };
}

static struct buf encoded(const struct bundle *b)
{
    struct buf out = BUF_MAX(BUNDLE_MAX_BYTES + 1024);
    assert_ok(bundle_encode(b, &out));
    return out;
}

static status parse_exact(struct bytes in, struct bundle *out)
{
    struct bytes exact = test_exact(in);
    status s = bundle_parse(exact, out);
    test_exact_free(exact);
    return s;
}

static void check_same(const struct bundle *a, const struct bundle *b)
{
    assert_bytes_equal(a->platform, b->platform);
    assert_bytes_equal(a->evidence, b->evidence);
    assert_bytes_equal(a->statement, b->statement);
    assert_bytes_equal(a->collateral, b->collateral);
    assert_bytes_equal(a->certs, b->certs);
    assert_bytes_equal(a->event_log, b->event_log);
    assert_bytes_equal(a->devices, b->devices);
}

static void every_set_of_parts_reads_back(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 32; mask++) {
        struct bundle in = sample(), out;
        struct bytes *optional[] = {&in.statement, &in.collateral, &in.certs, &in.event_log,
                                    &in.devices};
        for (unsigned i = 0; i < 5; i++)
            if ((mask >> i & 1u) == 0)
                *optional[i] = (struct bytes){0};
        struct buf b CLEANUP(buf_done) = encoded(&in);
        assert_true(bundle_is(buf_view(&b)));
        assert_ok(bundle_parse(buf_view(&b), &out));
        check_same(&in, &out);
    }
}

static void absent_parts_have_no_pointer(void **state)
{
    (void)state;
    struct bundle in = {.platform = BYTES_LIT("p"), .evidence = BYTES_LIT("e")}, out;
    struct buf b CLEANUP(buf_done) = encoded(&in);
    assert_bytes_equal(buf_view(&b), BYTES_LIT("\xa3\x01\x01\x02\x61p\x03\x41"
                                               "e"));
    assert_ok(bundle_parse(buf_view(&b), &out));
    assert_null(out.statement.p);
    assert_null(out.devices.p);
}

static void evidence_of_no_platform_looks_like_a_bundle(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct bytes in;
    } ROWS[] = {
        {"nothing", {0}},
        {"two bytes", BYTES_LIT("\xa3\x01")},
        {"TDX quote v4", BYTES_LIT("\x04\x00\x02\x00\x81\x00\x00\x00")},
        {"SNP report v3", BYTES_LIT("\x03\x00\x00\x00")},
        {"token", BYTES_LIT("eyJhbGci")},
        {"list", BYTES_LIT("[{\"arch\":")},
        {"object", BYTES_LIT("{\"evidence_list\":")},
        {"Nitro document", BYTES_LIT("\x84\x44\xa1\x01")},
        {"tagged Nitro document", BYTES_LIT("\xd2\x84\x44\xa1")},
        {"empty map", BYTES_LIT("\xa0\x01\x01")},
        {"map of 9", BYTES_LIT("\xa9\x01\x01")},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        if (bundle_is(ROWS[i].in))
            fail_msg("%s is taken for a bundle", ROWS[i].name);
}

static void parts_have_limits(void **state)
{
    (void)state;
    static uint8_t room[BUNDLE_MAX_BYTES + 1] = {1};
    static const struct {
        const char *name;
        size_t offset, max;
    } ROWS[] = {
        {"evidence", offsetof(struct bundle, evidence), BUNDLE_EVIDENCE_MAX},
        {"statement", offsetof(struct bundle, statement), 512},
        {"collateral", offsetof(struct bundle, collateral), BUNDLE_COLLATERAL_MAX},
        {"certs", offsetof(struct bundle, certs), BUNDLE_CERTS_MAX},
        {"event log", offsetof(struct bundle, event_log), BUNDLE_EVENT_LOG_MAX},
        {"devices", offsetof(struct bundle, devices), BUNDLE_DEVICES_MAX},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct bundle in = {.platform = BYTES_LIT("p"), .evidence = BYTES_LIT("e")}, out;
        struct bytes *part = (struct bytes *)(void *)((uint8_t *)&in + ROWS[i].offset);
        *part = bytes_of(room, ROWS[i].max);
        struct buf b CLEANUP(buf_done) = encoded(&in);
        if (failed(bundle_parse(buf_view(&b), &out)))
            fail_msg("%s at its limit: %s", ROWS[i].name, status_detail());
        part->n++;
        assert_code(bundle_encode(&in, &b), ST_LIMIT);
    }
    assert_code(bundle_parse(bytes_of(room, BUNDLE_MAX_BYTES + 1), &(struct bundle){0}), ST_LIMIT);
}

static void every_truncation_and_a_tail_are_refused(void **state)
{
    (void)state;
    struct bundle in = sample(), out = in;
    struct buf b CLEANUP(buf_done) = encoded(&in);
    for (size_t n = 0; n < b.n; n++)
        assert_code(parse_exact(bytes_of(b.p, n), &out), ST_TRUNCATED);
    buf_put_u8(&b, 0);
    assert_code(parse_exact(buf_view(&b), &out), ST_FORMAT);
    check_same(&in, &out); /* untouched by failures */
}

/* There is one encoding of each bundle: what parses encodes back to the same bytes. */
static void every_bit_counts(void **state)
{
    (void)state;
    struct bundle in = sample();
    struct buf b CLEANUP(buf_done) = encoded(&in);
    for (size_t i = 0; i < 8 * b.n; i++) {
        struct bundle out;
        b.p[i / 8] ^= (uint8_t)(1u << i % 8);
        struct bytes exact = test_exact(buf_view(&b));
        if (ok(bundle_parse(exact, &out))) {
            struct buf back CLEANUP(buf_done) = encoded(&out);
            assert_bytes_equal(buf_view(&back), exact);
        }
        test_exact_free(exact);
        b.p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void hostile_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct bytes in;
        enum status_code code;
    } ROWS[] = {
        {"version 2", BYTES_LIT("\xa3\x01\x02\x02\x61p\x03\x41\x01"), ST_UNSUPPORTED},
        {"no version", BYTES_LIT("\xa2\x02\x61p\x03\x41\x01"), ST_FORMAT},
        {"no platform", BYTES_LIT("\xa2\x01\x01\x03\x41\x01"), ST_FORMAT},
        {"no evidence", BYTES_LIT("\xa2\x01\x01\x02\x61p"), ST_FORMAT},
        {"evidence is text", BYTES_LIT("\xa3\x01\x01\x02\x61p\x03\x61z"), ST_FORMAT},
        {"evidence is empty", BYTES_LIT("\xa3\x01\x01\x02\x61p\x03\x40"), ST_FORMAT},
        {"statement is empty", BYTES_LIT("\xa4\x01\x01\x02\x61p\x03\x41\x01\x04\x40"), ST_FORMAT},
        {"platform is empty", BYTES_LIT("\xa3\x01\x01\x02\x60\x03\x41\x01"), ST_FORMAT},
        {"platform with a space", BYTES_LIT("\xa3\x01\x01\x02\x61 \x03\x41\x01"), ST_FORMAT},
        {"key 9", BYTES_LIT("\xa4\x01\x01\x02\x61p\x03\x41\x01\x09\x41\x01"), ST_FORMAT},
        {"key 5 before 4", BYTES_LIT("\xa5\x01\x01\x02\x61p\x03\x41\x01\x05\x41\x01\x04\x41\x01"),
         ST_FORMAT},
        {"key 4 twice", BYTES_LIT("\xa5\x01\x01\x02\x61p\x03\x41\x01\x04\x41\x01\x04\x41\x01"),
         ST_FORMAT},
        {"indefinite map", BYTES_LIT("\xbf\x01\x01\x02\x61p\x03\x41\x01\xff"), ST_FORMAT},
        {"long head", BYTES_LIT("\xa3\x01\x18\x01\x02\x61p\x03\x41\x01"), ST_FORMAT},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct bundle out;
        status s = parse_exact(ROWS[i].in, &out);
        if (s.code != ROWS[i].code)
            fail_msg("%s: got %s", ROWS[i].name, status_name(s.code));
    }
}

static void nothing_is_encoded_without_its_core(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(1024);
    struct bundle in = sample();
    in.evidence = (struct bytes){0};
    assert_code(bundle_encode(&in, &b), ST_FORMAT);
    in = sample();
    in.platform = (struct bytes){0};
    assert_code(bundle_encode(&in, &b), ST_FORMAT);
    in.platform = BYTES_LIT("a platform with more than 32 characters");
    assert_code(bundle_encode(&in, &b), ST_FORMAT);
    assert_int_equal(b.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_of_parts_reads_back),
        cmocka_unit_test(absent_parts_have_no_pointer),
        cmocka_unit_test(evidence_of_no_platform_looks_like_a_bundle),
        cmocka_unit_test(parts_have_limits),
        cmocka_unit_test(every_truncation_and_a_tail_are_refused),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(hostile_forms_are_refused),
        cmocka_unit_test(nothing_is_encoded_without_its_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
