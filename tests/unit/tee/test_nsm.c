#include "tee/nsm.h"

#include "support/fake_nsm.h"
#include "tee/verify/nitro/nitro.h"

struct scene {
    struct forge forge;
    struct fake_nsm fake;
    struct nsm nsm;
};

static void scene_init(struct scene *s)
{
    *s = (struct scene){0};
    forge_init(&s->forge);
    s->fake.forge = &s->forge;
    s->nsm = fake_nsm(&s->fake);
}

static void scene_done(struct scene *s)
{
    forge_done(&s->forge);
}

static void attestation_carries_the_fields(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct nitro_unverified d;
    scene_init(&s);
    const struct nsm_attestation a = {.user_data = BYTES_LIT("data"),
                                      .nonce = BYTES_LIT("nonce"),
                                      .public_key = BYTES_LIT("key")};
    struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    assert_ok(nsm_attest(&s.nsm, &a, &document));
    assert_ok(nitro_parse(buf_view(&document), &d));
    assert_bytes_equal(d.claims_.user_data.value, a.user_data);
    assert_bytes_equal(d.claims_.nonce.value, a.nonce);
    assert_bytes_equal(d.claims_.public_key.value, a.public_key);
}

static void absent_fields_are_sent_as_null(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct nitro_unverified d;
    scene_init(&s);
    struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    assert_ok(nsm_attest(&s.nsm, &(struct nsm_attestation){0}, &document));
    assert_ok(nitro_parse(buf_view(&document), &d));
    assert_false(d.claims_.user_data.is_present);
    assert_false(d.claims_.nonce.is_present);
    assert_false(d.claims_.public_key.is_present);
}

static void oversize_fields_are_refused_before_the_device(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    uint8_t big[NSM_FIELD_MAX + 1] = {0};
    scene_init(&s);
    for (unsigned i = 0; i < 3; i++) {
        struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
        struct nsm_attestation a = {0};
        struct bytes *fields[] = {&a.user_data, &a.nonce, &a.public_key};
        *fields[i] = BYTES_OF(big);
        assert_code(nsm_attest(&s.nsm, &a, &document), ST_LIMIT);
        assert_int_equal(s.fake.n_requests, 0);
    }
    struct nsm_attestation fits = {.user_data = bytes_of(big, NSM_FIELD_MAX),
                                   .nonce = bytes_of(big, NSM_FIELD_MAX),
                                   .public_key = bytes_of(big, NSM_FIELD_MAX)};
    struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    assert_ok(nsm_attest(&s.nsm, &fits, &document));
}

static void describes_pcrs(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct nsm_pcr pcr;
    scene_init(&s);
    assert_ok(nsm_describe_pcr(&s.nsm, 1, &pcr));
    assert_true(pcr.is_locked);
    assert_memory_equal(pcr.value, s.forge.measurements.pcr[1], MEASUREMENT_LEN);
    assert_ok(nsm_describe_pcr(&s.nsm, 16, &pcr));
    assert_false(pcr.is_locked);
    assert_code(nsm_describe_pcr(&s.nsm, 32, &pcr), ST_IO);
    assert_non_null(strstr(status_detail(), "InvalidIndex"));
}

static void describes_itself(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct nsm_description d;
    scene_init(&s);
    assert_ok(nsm_describe(&s.nsm, &d));
    assert_int_equal(d.version_major, 1);
    assert_int_equal(d.version_minor, 2);
    assert_int_equal(d.version_patch, 3);
    assert_int_equal(d.max_pcrs, 32);
    assert_int_equal(d.locked_pcrs, 0x8001);
    assert_int_equal(d.module_id_n, 8);
}

static void random_fills_at_most_what_fits(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    uint8_t out[300];
    size_t n = 0;
    scene_init(&s);
    assert_ok(nsm_random(&s.nsm, out, 10, &n));
    assert_int_equal(n, 10);
    assert_ok(nsm_random(&s.nsm, out, sizeof(out), &n));
    assert_int_equal(n, 256);
    s.fake.trouble = FAKE_STUCK_RANDOM;
    assert_code(nsm_random(&s.nsm, out, sizeof(out), &n), ST_IO);
}

static enum status_code ask(const struct scene *s, unsigned i)
{
    struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct nsm_pcr pcr;
    struct nsm_description d;
    uint8_t random[16];
    size_t n;
    switch (i) {
    case 0:
        return nsm_attest(&s->nsm, &(struct nsm_attestation){0}, &document).code;
    case 1:
        return nsm_describe_pcr(&s->nsm, 0, &pcr).code;
    case 2:
        return nsm_describe(&s->nsm, &d).code;
    default:
        return nsm_random(&s->nsm, random, sizeof(random), &n).code;
    }
}

static void device_failures_reach_the_caller(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    for (unsigned i = 0; i < 4; i++) {
        s.fake.trouble = FAKE_IO;
        assert_int_equal(ask(&s, i), ST_IO);
        s.fake.trouble = FAKE_HUGE;
        assert_int_equal(ask(&s, i), ST_LIMIT);
    }
}

static void documented_errors_are_named(void **state)
{
    (void)state;
    static const char *const names[] = {
        "InvalidArgument",  "InvalidIndex",   "InvalidResponse", "ReadOnlyIndex",
        "InvalidOperation", "BufferTooSmall", "InputTooLarge",   "InternalError",
    };
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    s.fake.trouble = FAKE_RAW;
    for (size_t k = 0; k < 8; k++) {
        struct buf raw CLEANUP(buf_done) = BUF_MAX(256);
        fake_answer_error(&raw, names[k]);
        s.fake.raw = buf_view(&raw);
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(ask(&s, i), ST_IO);
            assert_non_null(strstr(status_detail(), names[k]));
        }
    }
    struct buf raw CLEANUP(buf_done) = BUF_MAX(256);
    fake_answer_error(&raw, "\x1b[2JMadeUp");
    s.fake.raw = buf_view(&raw);
    assert_int_equal(ask(&s, 0), ST_IO);
    assert_null(strstr(status_detail(), "MadeUp")); /* not repeated into a log */
}

/* Responses that no NSM sends: {rule, CBOR in hexadecimal, which request}. */
static const struct row {
    const char *rule;
    const char *hex;
    unsigned request;
} GARBAGE[] = {
    {"nothing", "", 0},
    {"an unsigned", "01", 0},
    {"an empty map", "a0", 0},
    {"an unknown name", "a16341424301", 0},
    {"another answer", "a16947657452616e646f6da16672616e646f6d4101", 0},
    {"another answer with the right field", "a16947657452616e646f6da168646f63756d656e744101", 0},
    {"Attestation null", "a16b4174746573746174696f6ef6", 0},
    {"no document", "a16b4174746573746174696f6ea0", 0},
    {"empty document", "a16b4174746573746174696f6ea168646f63756d656e7440", 0},
    {"document as text", "a16b4174746573746174696f6ea168646f63756d656e746161", 0},
    {"another field", "a16b4174746573746174696f6ea168646f63756d656e784101", 0},
    {"document twice", "a16b4174746573746174696f6ea268646f63756d656e74410168646f63756d656e744101",
     0},
    {"bytes after it", "a16b4174746573746174696f6ea168646f63756d656e74410100", 0},
    {"two responses", "a26b4174746573746174696f6ea168646f63756d656e744101654572726f726141", 0},
    {"error is no text", "a1654572726f7201", 0},
    {"truncated", "a16b4174746573746174696f6ea168646f63756d656e744201", 0},
    {"PCR of 47 bytes",
     "a16b44657363726962655043 52a2646c6f636bf56464617461582f"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
     1},
    {"PCR without lock",
     "a16b4465736372696265504352a164646174615830000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000",
     1},
    {"lock as number", "a16b4465736372696265504352a2646c6f636b016464617461 40", 1},
    {"random too long", NULL, 3},
    {"random empty", "a16947657452616e646f6da16672616e646f6d40", 3},
    {"description without fields", "a16b44657363726962654e534da0", 2},
    {"version above 16 bits", "a16b44657363726962654e534da16d76657273696f6e5f6d616a6f721a00010000",
     2},
    {"locked index 32", "a16b44657363726962654e534da16b6c6f636b65645f70637273811820", 2},
    {"digest SHA512", "a16b44657363726962654e534da16664696765737466534841353132", 2},
};

static struct buf garbage_of(const struct row *row)
{
    struct buf b = BUF_MAX(4096);
    if (row->hex == NULL) {
        uint8_t random[257];
        memset(random, 1, sizeof(random));
        cbor_put_map(&b, 1);
        cbor_put_str(&b, "GetRandom");
        cbor_put_map(&b, 1);
        cbor_put_str(&b, "random");
        cbor_put_bytes(&b, BYTES_OF(random));
        return b;
    }
    char clean[1024];
    size_t n = 0;
    for (const char *c = row->hex; *c != 0; c++) {
        if (*c != ' ')
            clean[n++] = *c;
    }
    clean[n] = 0;
    buf_done(&b);
    return test_hex(clean);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    s.fake.trouble = FAKE_RAW;
    for (size_t i = 0; i < sizeof(GARBAGE) / sizeof(GARBAGE[0]); i++) {
        struct buf raw CLEANUP(buf_done) = garbage_of(&GARBAGE[i]);
        s.fake.raw = test_exact(buf_view(&raw));
        if (ask(&s, GARBAGE[i].request) == ST_OK)
            fail_msg("accepted: %s", GARBAGE[i].rule);
        test_exact_free(s.fake.raw);
    }
    print_message("nsm: %zu kinds of garbage\n", sizeof(GARBAGE) / sizeof(GARBAGE[0]));
}

/* A whole description with one thing changed, so that only the rule in question can refuse it. */
struct description {
    uint64_t version, index;
    size_t module_id_n;
    const char *digest;
    bool has_extra;
};

static struct buf describe_with(const struct description *d)
{
    static const char *const numbers[] = {"version_major", "version_minor", "version_patch",
                                          "max_pcrs"};
    char id[200];
    struct buf b = BUF_MAX(1024);
    memset(id, 'i', sizeof(id));
    cbor_put_map(&b, 1);
    cbor_put_str(&b, "DescribeNSM");
    cbor_put_map(&b, d->has_extra ? 8 : 7);
    for (unsigned i = 0; i < 4; i++) {
        cbor_put_str(&b, numbers[i]);
        cbor_put_uint(&b, d->version);
    }
    cbor_put_str(&b, "module_id");
    cbor_put_text(&b, bytes_of(id, d->module_id_n));
    cbor_put_str(&b, "locked_pcrs");
    cbor_put_array(&b, 1);
    cbor_put_uint(&b, d->index);
    cbor_put_str(&b, "digest");
    cbor_put_str(&b, d->digest);
    if (d->has_extra) {
        cbor_put_str(&b, "extra");
        cbor_put_uint(&b, 1);
    }
    assert_ok(buf_status(&b));
    return b;
}

static void descriptions_keep_their_limits(void **state)
{
    (void)state;
    static const struct {
        struct description d;
        enum status_code code;
    } rows[] = {
        {{65535, 31, 128, "SHA384", false}, ST_OK},
        {{65536, 31, 128, "SHA384", false}, ST_LIMIT},
        {{1, 32, 128, "SHA384", false}, ST_LIMIT},
        {{1, 31, 129, "SHA384", false}, ST_LIMIT},
        {{1, 31, 128, "SHA512", false}, ST_UNSUPPORTED},
        {{1, 31, 128, "SHA384", true}, ST_FORMAT},
    };
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    s.fake.trouble = FAKE_RAW;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf raw CLEANUP(buf_done) = describe_with(&rows[i].d);
        s.fake.raw = buf_view(&raw);
        assert_int_equal(ask(&s, 2), rows[i].code);
    }
}

static void pcr_with_another_field_is_refused(void **state)
{
    (void)state;
    static const uint8_t zero[MEASUREMENT_LEN];
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    s.fake.trouble = FAKE_RAW;
    for (unsigned extra = 0; extra < 2; extra++) {
        struct buf raw CLEANUP(buf_done) = BUF_MAX(1024);
        cbor_put_map(&raw, 1);
        cbor_put_str(&raw, "DescribePCR");
        cbor_put_map(&raw, 2 + extra);
        cbor_put_str(&raw, "lock");
        cbor_put_bool(&raw, true);
        cbor_put_str(&raw, "data");
        cbor_put_bytes(&raw, BYTES_OF(zero));
        if (extra) {
            cbor_put_str(&raw, "date");
            cbor_put_bytes(&raw, BYTES_OF(zero));
        }
        s.fake.raw = buf_view(&raw);
        assert_int_equal(ask(&s, 1), extra ? ST_FORMAT : ST_OK);
    }
}

/* {"Attestation": {"document": h'01'}} with indefinite lengths: both maps, outer, inner. */
static void indefinite_maps_are_taken(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "bf6b4174746573746174696f6ebf68646f63756d656e744101ffff",
        "bf6b4174746573746174696f6ea168646f63756d656e744101ff",
        "a16b4174746573746174696f6ebf68646f63756d656e744101ff",
    };
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    s.fake.trouble = FAKE_RAW;
    for (size_t i = 0; i < 3; i++) {
        struct buf raw CLEANUP(buf_done) = test_hex(forms[i]);
        s.fake.raw = buf_view(&raw);
        assert_int_equal(ask(&s, 0), ST_OK);
        s.fake.raw.n--;
        assert_int_not_equal(ask(&s, 0), ST_OK);
    }
}

static void every_truncation_of_a_response_is_refused(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct buf whole CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    scene_init(&s);
    assert_ok(fake_describe(&whole));
    s.fake.trouble = FAKE_RAW;
    for (size_t n = 0; n < whole.n; n++) {
        s.fake.raw = test_exact(bytes_of(whole.p, n));
        assert_int_not_equal(ask(&s, 2), ST_OK);
        test_exact_free(s.fake.raw);
    }
    s.fake.raw = buf_view(&whole);
    assert_int_equal(ask(&s, 2), ST_OK);
}

static void no_device_is_told_apart(void **state)
{
    (void)state;
    struct nsm_device *d = NULL;
    assert_code(nsm_device_open("/dev/no-such-nsm", &d), ST_NOTFOUND);
    assert_null(d);
    nsm_device_closep(&d);
}

/* A file that is no NSM: the ioctl fails and is reported, nothing is read. */
static void another_device_is_an_error(void **state)
{
    (void)state;
    struct nsm_device *d CLEANUP(nsm_device_closep) = NULL;
    struct nsm_pcr pcr;
    assert_ok(nsm_device_open("/dev/null", &d));
    struct nsm n = nsm_over_device(d);
    assert_code(nsm_describe_pcr(&n, 0, &pcr), ST_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attestation_carries_the_fields),
        cmocka_unit_test(absent_fields_are_sent_as_null),
        cmocka_unit_test(oversize_fields_are_refused_before_the_device),
        cmocka_unit_test(describes_pcrs),
        cmocka_unit_test(describes_itself),
        cmocka_unit_test(random_fills_at_most_what_fits),
        cmocka_unit_test(device_failures_reach_the_caller),
        cmocka_unit_test(documented_errors_are_named),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(indefinite_maps_are_taken),
        cmocka_unit_test(descriptions_keep_their_limits),
        cmocka_unit_test(pcr_with_another_field_is_refused),
        cmocka_unit_test(every_truncation_of_a_response_is_refused),
        cmocka_unit_test(no_device_is_told_apart),
        cmocka_unit_test(another_device_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
