/* The Nitro provider over a device that behaves as the NSM API documents. */
#include "tee/nitro.h"

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

static struct statement statement(void)
{
    struct statement s = {.service = BYTES_LIT("test.service")};
    memset(s.nonce, 7, sizeof(s.nonce));
    memset(s.identity_key, 8, sizeof(s.identity_key));
    return s;
}

static void document_holds_statement_nonce_and_key(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf doc CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct statement want = statement(), got;
    struct nitro_unverified d;
    scene_init(&s);
    assert_ok(nitro_provider_over(&s.nsm, &p));
    assert_string_equal(tee_platform(p), "aws-nitro");
    assert_ok(tee_attest(p, &want, &doc));
    assert_ok(nitro_parse(buf_view(&doc), &d));
    assert_ok(statement_parse(d.claims_.user_data.value, &got));
    assert_bytes_equal(got.platform, BYTES_LIT("aws-nitro"));
    assert_bytes_equal(d.claims_.nonce.value, BYTES_OF(want.nonce));
    assert_bytes_equal(d.claims_.public_key.value, BYTES_OF(want.identity_key));
}

static void statement_of_another_platform_is_refused(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf doc CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct statement simulated = statement();
    scene_init(&s);
    assert_ok(nitro_provider_over(&s.nsm, &p));
    simulated.platform = BYTES_LIT("simulated");
    unsigned before = s.fake.n_requests;
    assert_code(tee_attest(p, &simulated, &doc), ST_USAGE);
    assert_int_equal(s.fake.n_requests, before);
}

static void measurements_are_the_documents(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct measurements m;
    scene_init(&s);
    assert_ok(nitro_provider_over(&s.nsm, &p));
    assert_ok(tee_measurements(p, &m));
    assert_memory_equal(&m, &s.forge.measurements, sizeof(m));
}

static void registers_that_differ_from_the_document_are_refused(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct tee_provider *p = NULL;
    scene_init(&s);
    s.fake.trouble = FAKE_OTHER_PCR;
    assert_code(nitro_provider_over(&s.nsm, &p), ST_MISMATCH);
    assert_null(p);
}

static void random_comes_in_pieces(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    uint8_t out[1000] = {0};
    scene_init(&s);
    assert_ok(nitro_provider_over(&s.nsm, &p));
    unsigned before = s.fake.n_requests;
    assert_ok(tee_random(p, out, sizeof(out)));
    assert_int_equal(s.fake.n_requests - before, 4);
    assert_false(bytes_all_zero(bytes_of(out + 990, 10)));
}

static void broken_device_opens_no_provider(void **state)
{
    (void)state;
    static const enum fake_trouble troubles[] = {FAKE_IO, FAKE_HUGE, FAKE_RAW, FAKE_STUCK_RANDOM};
    for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
        struct scene s CLEANUP(scene_done);
        struct tee_provider *p = NULL;
        scene_init(&s);
        s.fake.trouble = troubles[i];
        s.fake.raw = BYTES_LIT("garbage");
        assert_true(failed(nitro_provider_over(&s.nsm, &p)));
        assert_null(p);
    }
}

static void debug_mode_opens_with_a_warning_only(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    scene_init(&s);
    memset(s.forge.measurements.pcr, 0, sizeof(s.forge.measurements.pcr));
    assert_ok(nitro_provider_over(&s.nsm, &p));
}

static void outside_an_enclave_there_is_none(void **state)
{
    (void)state;
    struct tee_provider *p = NULL;
    assert_code(nitro_provider_open(&p), ST_NOTFOUND);
    assert_null(p);
    tee_provider_freep(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_holds_statement_nonce_and_key),
        cmocka_unit_test(statement_of_another_platform_is_refused),
        cmocka_unit_test(measurements_are_the_documents),
        cmocka_unit_test(registers_that_differ_from_the_document_are_refused),
        cmocka_unit_test(random_comes_in_pieces),
        cmocka_unit_test(broken_device_opens_no_provider),
        cmocka_unit_test(debug_mode_opens_with_a_warning_only),
        cmocka_unit_test(outside_an_enclave_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
