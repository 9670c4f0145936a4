#include "tee/verify/evidence_policy.h"

#include "support/faults.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#define R32      "11111111111111111111111111111111"
#define HEX64    R32 R32
#define PCR      R32 R32 R32
#define Z32      "00000000000000000000000000000000"
#define ZERO     Z32 Z32 Z32
#define REL      "{\"name\":\"r\",\"pcr0\":\"" PCR "\"}"
#define NITRO    "\"nitro\":{\"releases\":[" REL "]}"
#define SIM      "\"simulated\":{\"releases\":[" REL "]}"
#define AWS_ROOT "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"

/* The code does not matter, only that it fails. */
#define ANY_FAILURE STATUS_COUNT

static const struct row {
    const char *rule;
    const char *json;
    enum status_code code;
} ROWS[] = {
    {"smallest", "{\"version\":1," NITRO "}", ST_OK},
    {"both platforms", "{\"version\":1,\"trust_simulated_root\":\"" HEX64 "\"," NITRO "," SIM "}",
     ST_OK},
    {"everything",
     "{\"version\":1,\"serial\":4294967295,\"not_after\":\"2027-01-31T00:00:00Z\","
     "\"service\":\"a.b\",\"freshness\":[\"session\",\"epoch\"],"
     "\"models\":[\"" HEX64 "\"],\"configs\":[\"" HEX64
     "\"],\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" PCR "\",\"pcr1\":\"" PCR
     "\",\"pcr2\":\"" PCR "\",\"pcr3\":\"" ZERO "\",\"pcr8\":\"" PCR "\",\"pcr31\":\"" PCR
     "\"}],\"max_age_s\":1,\"max_future_s\":0,\"crl_required\":true}}",
     ST_OK},

    {"nothing", "", ST_FORMAT},
    {"not JSON", "version: 1", ST_FORMAT},
    {"an array", "[]", ST_FORMAT},
    {"empty object", "{}", ST_FORMAT},
    {"trailing text", "{\"version\":1," NITRO "} x", ST_FORMAT},
    {"no platform", "{\"version\":1}", ST_CONFIG},
    {"no platform but a service", "{\"version\":1,\"service\":\"a\"}", ST_CONFIG},
    {"no version", "{" NITRO "}", ST_FORMAT},
    {"version 2", "{\"version\":2," NITRO "}", ANY_FAILURE},
    {"version as text", "{\"version\":\"1\"," NITRO "}", ST_FORMAT},
    {"unknown key", "{\"version\":1," NITRO ",\"tdx\":{}}", ST_FORMAT},
    {"duplicate key", "{\"version\":1,\"version\":1," NITRO "}", ST_FORMAT},
    {"unknown key of a platform",
     "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"allow_debug\":true}}", ST_FORMAT},
    {"unknown key of a release",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" PCR "\",\"pcr32\":\"" PCR
     "\"}]}}",
     ST_FORMAT},
    {"no releases", "{\"version\":1,\"nitro\":{}}", ST_FORMAT},
    {"empty releases", "{\"version\":1,\"nitro\":{\"releases\":[]}}", ST_CONFIG},
    {"releases is an object", "{\"version\":1,\"nitro\":{\"releases\":{}}}", ST_FORMAT},
    {"a release is text", "{\"version\":1,\"nitro\":{\"releases\":[\"r\"]}}", ST_FORMAT},
    {"nitro is null", "{\"version\":1,\"nitro\":null}", ST_FORMAT},
    {"release without a name", "{\"version\":1,\"nitro\":{\"releases\":[{\"pcr0\":\"" PCR "\"}]}}",
     ST_FORMAT},
    {"release without PCRs", "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\"}]}}",
     ST_CONFIG},
    {"release without pcr0",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr1\":\"" PCR "\"}]}}", ST_CONFIG},
    {"pcr0 zero",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" ZERO "\"}]}}",
     ST_CONFIG},
    {"pcr1 zero",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" PCR "\",\"pcr1\":\"" ZERO
     "\"}]}}",
     ST_CONFIG},
    {"pcr2 zero",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" PCR "\",\"pcr2\":\"" ZERO
     "\"}]}}",
     ST_CONFIG},
    {"pcr0 short",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" HEX64 "\"}]}}",
     ST_FORMAT},
    {"pcr0 not hexadecimal",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" HEX64
     "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}]}}",
     ST_FORMAT},
    {"same name twice", "{\"version\":1,\"nitro\":{\"releases\":[" REL "," REL "]}}", ST_CONFIG},
    {"name with an escape",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"\\u001b[2J\",\"pcr0\":\"" PCR "\"}]}}",
     ST_FORMAT},
    {"name empty",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"\",\"pcr0\":\"" PCR "\"}]}}", ST_FORMAT},
    {"name of 65",
     "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"x" HEX64 "\",\"pcr0\":\"" PCR "\"}]}}",
     ST_FORMAT},
    {"max_age_s zero", "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"max_age_s\":0}}",
     ANY_FAILURE},
    {"max_age_s negative", "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"max_age_s\":-1}}",
     ANY_FAILURE},
    {"max_age_s huge", "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"max_age_s\":31622401}}",
     ANY_FAILURE},
    {"max_age_s a fraction", "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"max_age_s\":1.5}}",
     ST_FORMAT},
    {"max_future_s huge",
     "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"max_future_s\":86401}}", ANY_FAILURE},
    {"crl_required as text",
     "{\"version\":1,\"nitro\":{\"releases\":[" REL "],\"crl_required\":\"no\"}}", ST_FORMAT},

    {"serial zero", "{\"version\":1,\"serial\":0," NITRO "}", ANY_FAILURE},
    {"serial negative", "{\"version\":1,\"serial\":-1," NITRO "}", ANY_FAILURE},
    {"serial above 32 bits", "{\"version\":1,\"serial\":4294967296," NITRO "}", ANY_FAILURE},
    {"serial a fraction", "{\"version\":1,\"serial\":1.5," NITRO "}", ST_FORMAT},
    {"serial as text", "{\"version\":1,\"serial\":\"1\"," NITRO "}", ST_FORMAT},
    {"serial null", "{\"version\":1,\"serial\":null," NITRO "}", ST_FORMAT},
    {"not_after empty", "{\"version\":1,\"not_after\":\"\"," NITRO "}", ST_FORMAT},
    {"not_after a date", "{\"version\":1,\"not_after\":\"2027-01-31\"," NITRO "}", ST_FORMAT},
    {"not_after of another zone",
     "{\"version\":1,\"not_after\":\"2027-01-31T00:00:00+01:00\"," NITRO "}", ST_FORMAT},
    {"not_after a day that is not",
     "{\"version\":1,\"not_after\":\"2027-02-29T00:00:00Z\"," NITRO "}", ST_FORMAT},
    {"not_after a number", "{\"version\":1,\"not_after\":1801353600," NITRO "}", ST_FORMAT},
    {"not_after null", "{\"version\":1,\"not_after\":null," NITRO "}", ST_FORMAT},

    {"freshness empty", "{\"version\":1,\"freshness\":[]," NITRO "}", ST_CONFIG},
    {"freshness unknown", "{\"version\":1,\"freshness\":[\"none\"]," NITRO "}", ST_FORMAT},
    {"freshness a number", "{\"version\":1,\"freshness\":[1]," NITRO "}", ST_FORMAT},
    {"freshness text", "{\"version\":1,\"freshness\":\"session\"," NITRO "}", ST_FORMAT},
    {"service empty", "{\"version\":1,\"service\":\"\"," NITRO "}", ST_FORMAT},
    {"service null", "{\"version\":1,\"service\":null," NITRO "}", ST_FORMAT},
    {"service with a space", "{\"version\":1,\"service\":\"a b\"," NITRO "}", ST_FORMAT},
    {"models empty", "{\"version\":1,\"models\":[]," NITRO "}", ST_CONFIG},
    {"models short", "{\"version\":1,\"models\":[\"11\"]," NITRO "}", ST_FORMAT},
    {"models a number", "{\"version\":1,\"models\":[1]," NITRO "}", ST_FORMAT},
    {"configs empty", "{\"version\":1,\"configs\":[]," NITRO "}", ST_CONFIG},
    {"configs short", "{\"version\":1,\"configs\":[\"11\"]," NITRO "}", ST_FORMAT},
    {"models text", "{\"version\":1,\"models\":\"" HEX64 "\"," NITRO "}", ST_FORMAT},

    {"simulated without a root", "{\"version\":1," SIM "}", ST_CONFIG},
    {"root without simulated", "{\"version\":1,\"trust_simulated_root\":\"" HEX64 "\"," NITRO "}",
     ST_CONFIG},
    {"the root of AWS as simulated",
     "{\"version\":1,\"trust_simulated_root\":\"" AWS_ROOT "\"," SIM "}", ST_CONFIG},
    {"root short", "{\"version\":1,\"trust_simulated_root\":\"11\"," SIM "}", ST_FORMAT},
    {"root true", "{\"version\":1,\"trust_simulated_root\":true," SIM "}", ST_FORMAT},
};

static status parse_exact(struct bytes json, struct evidence_policy **out)
{
    struct bytes exact = test_exact(json);
    status s = evidence_policy_parse(exact, out);
    test_exact_free(exact);
    return s;
}

static void every_rule_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
        status s = parse_exact(bytes_str(ROWS[i].json), &p);
        bool is_right = ROWS[i].code == ANY_FAILURE ? failed(s) : s.code == ROWS[i].code;
        if (!is_right)
            fail_msg("%s: %s (%s)", ROWS[i].rule, status_name(s.code),
                     failed(s) ? status_detail() : "");
        assert_int_equal(p != NULL, ok(s));
        if (failed(s))
            assert_true(strlen(status_detail()) > 5);
    }
    print_message("policy: %zu rows\n", sizeof(ROWS) / sizeof(ROWS[0]));
}

static void defaults_are_strict(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    assert_ok(evidence_policy_parse(BYTES_LIT("{\"version\":1," NITRO "}"), &p));
    assert_int_equal(p->freshness_mask, 1u << FRESH_SESSION);
    assert_int_equal(p->nitro.max_age_s, 300);
    assert_int_equal(p->nitro.max_future_s, 60);
    assert_false(p->nitro.has_max_age);
    assert_false(p->simulated.is_present);
    assert_false(p->trusts_simulated_root);
    assert_int_equal(p->models.n, 0);
    assert_string_equal(p->service, "");
    assert_int_equal(p->serial, 0);
    assert_false(p->has_end);
    assert_ok(evidence_policy_check_end(p, INT64_MAX));
}

static void values_are_read(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    uint8_t model[32];
    assert_ok(evidence_policy_parse(bytes_str(ROWS[2].json), &p));
    assert_string_equal(p->service, "a.b");
    assert_int_equal(p->freshness_mask, 3);
    assert_int_equal(p->nitro.max_age_s, 1);
    assert_true(p->nitro.has_max_age);
    assert_int_equal(p->nitro.max_future_s, 0);
    assert_true(p->nitro.is_crl_required);
    assert_int_equal(p->nitro.n_releases, 1);
    assert_string_equal(p->nitro.releases[0].name, "r");
    assert_int_equal(p->nitro.releases[0].want.present_mask, 0x8000010fu);
    assert_int_equal(p->serial, UINT32_MAX);
    assert_ok(evidence_policy_check_end(p, 1801353600));
    assert_code(evidence_policy_check_end(p, 1801353601), ST_EXPIRED);
    memset(model, 0x11, sizeof(model));
    assert_true(evidence_policy_lists(&p->models, model));
    model[31] = 0;
    assert_false(evidence_policy_lists(&p->models, model));
}

/* Limits of the lists: one more than allowed is refused. */
static void lists_are_bounded(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
        struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 20);
        buf_put_str(&b, "{\"version\":1,\"nitro\":{\"releases\":[");
        for (unsigned i = 0; i < POLICY_RELEASES_MAX + more; i++)
            buf_printf(&b, "%s{\"name\":\"r%u\",\"pcr0\":\"%s\"}", i ? "," : "", i, PCR);
        buf_put_str(&b, "]}}");
        assert_int_equal(ok(evidence_policy_parse(buf_view(&b), &p)), more == 0);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct bytes json = bytes_str(ROWS[2].json);
    for (size_t n = 0; n < json.n; n++) {
        struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
        assert_true(failed(parse_exact(bytes_of(json.p, n), &p)));
    }
}

static void examples_are_accepted(void **state)
{
    (void)state;
    static const char *const names[] = {"examples/policy-nvidia-gpu.json",
                                        "examples/policy-nitro.json",
                                        "examples/policy-simulated.json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
        struct buf text CLEANUP(buf_done) = test_file(names[i]);
        assert_ok(evidence_policy_parse(buf_view(&text), &p));
    }
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    struct evidence_policy *p = NULL;
    evidence_policy_freep(&p);
    assert_null(p);
}

static status parse_everything(void *ctx)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    (void)ctx;
    return evidence_policy_parse(bytes_str(ROWS[2].json), &p);
}

static void failing_memory_is_reported(void **state)
{
    (void)state;
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, parse_everything, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_holds),
        cmocka_unit_test(defaults_are_strict),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(examples_are_accepted),
        cmocka_unit_test(freeing_nothing_is_fine),
        cmocka_unit_test(failing_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
