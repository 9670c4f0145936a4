/* What a policy may say of TDX and SGX, and what is refused when it is read. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tee/verify/dcap/dcap_policy.h"
#include "tee/verify/evidence_facts.h"
#include "tee/verify/evidence_policy.h"

#define A48 \
    "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define Z48 \
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define A32    "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define KERNEL ",\"rtmr1\":\"" A48 "\",\"rtmr2\":\"" Z48 "\""
#define TD     "{\"name\":\"r\",\"mrtd\":\"" A48 "\"" KERNEL "}"
#define ENC    "{\"name\":\"r\",\"mrenclave\":\"" A32 "\"}"

enum { HAS_KERNEL = 1u << DCAP_PIN_MRTD | 1u << DCAP_PIN_RTMR1 | 1u << DCAP_PIN_RTMR2 };

static status read_policy(const char *member, const char *body, struct evidence_policy **out)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    buf_printf(&text, "{\"version\":1,\"%s\":%s}", member, body);
    return evidence_policy_parse(buf_view(&text), out);
}

static void refused(void **state)
{
    (void)state;
    const struct {
        const char *rule, *member, *body;
    } rows[] = {
        {"no releases", "tdx", "{}"},
        {"no release", "tdx", "{\"releases\":[]}"},
        {"not an object", "tdx", "[]"},
        {"unknown key", "tdx", "{\"releases\":[" TD "],\"allow_debug\":true}"},
        {"key of the other TEE", "tdx", "{\"releases\":[" TD "],\"attributes\":\"00\"}"},
        {"key of the other TEE", "sgx", "{\"releases\":[" ENC "],\"xfam\":\"0000000000000000\"}"},
        {"release of the other TEE", "tdx", "{\"releases\":[" ENC "]}"},
        {"release of the other TEE", "sgx", "{\"releases\":[" TD "]}"},
        {"no MRTD", "tdx", "{\"releases\":[{\"name\":\"r\"" KERNEL "}]}"},
        {"MRTD is zero", "tdx", "{\"releases\":[{\"name\":\"r\",\"mrtd\":\"" Z48 "\"" KERNEL "}]}"},
        {"MRTD is short", "tdx", "{\"releases\":[{\"name\":\"r\",\"mrtd\":\"a0\"" KERNEL "}]}"},
        {"any kernel", "tdx",
         "{\"releases\":[{\"name\":\"r\",\"mrtd\":\"" A48 "\",\"rtmr2\":\"" A48 "\"}]}"},
        {"any command line", "tdx",
         "{\"releases\":[{\"name\":\"r\",\"mrtd\":\"" A48 "\",\"rtmr1\":\"" A48 "\"}]}"},
        {"no name", "tdx", "{\"releases\":[{\"mrtd\":\"" A48 "\"" KERNEL "}]}"},
        {"a name twice", "tdx", "{\"releases\":[" TD "," TD "]}"},
        {"a name with a space", "tdx",
         "{\"releases\":[{\"name\":\"a b\",\"mrtd\":\"" A48 "\"" KERNEL "}]}"},
        {"neither enclave nor signer", "sgx", "{\"releases\":[{\"name\":\"r\"}]}"},
        {"signer without product", "sgx",
         "{\"releases\":[{\"name\":\"r\",\"mrsigner\":\"" A32 "\",\"min_isvsvn\":1}]}"},
        {"signer without version", "sgx",
         "{\"releases\":[{\"name\":\"r\",\"mrsigner\":\"" A32 "\",\"isvprodid\":1}]}"},
        {"product without signer", "sgx",
         "{\"releases\":[{\"name\":\"r\",\"mrenclave\":\"" A32 "\",\"isvprodid\":1}]}"},
        {"Revoked accepted", "tdx", "{\"releases\":[" TD "],\"statuses\":[\"Revoked\"]}"},
        {"an unknown status", "tdx", "{\"releases\":[" TD "],\"statuses\":[\"Fine\"]}"},
        {"no status", "tdx", "{\"releases\":[" TD "],\"statuses\":[]}"},
        {"a status that is a number", "sgx", "{\"releases\":[" ENC "],\"statuses\":[1]}"},
        {"an advisory of another form", "tdx", "{\"releases\":[" TD "],\"advisories\":[\"*\"]}"},
        {"advisories is a text", "tdx",
         "{\"releases\":[" TD "],\"advisories\":\"INTEL-SA-00001\"}"},
        {"a negative floor", "tdx", "{\"releases\":[" TD "],\"min_tcb_evaluation\":-1}"},
        {"an age of nothing", "tdx", "{\"releases\":[" TD "],\"max_collateral_age_s\":0}"},
        {"an empty list of machines", "tdx", "{\"releases\":[" TD "],\"ppids\":[]}"},
        {"a short FMSPC", "tdx", "{\"releases\":[" TD "],\"fmspcs\":[\"00\"]}"},
        {"a module that is a number", "tdx", "{\"releases\":[" TD "],\"mrseams\":[0]}"},
        {"a mask alone", "sgx",
         "{\"releases\":[" ENC "],\"attributes_mask\":\"ff000000000000000000000000000000\"}"},
        {"a mask that compares nothing", "sgx",
         "{\"releases\":[" ENC "],\"attributes\":\"00000000000000000000000000000000\","
         "\"attributes_mask\":\"00000000000000000000000000000000\"}"},
        {"attributes outside the mask", "sgx",
         "{\"releases\":[" ENC "],\"attributes\":\"05000000000000000000000000000000\","
         "\"attributes_mask\":\"04000000000000000000000000000000\"}"},
        {"a word for a bool", "tdx", "{\"releases\":[" TD "],\"allow_migration\":\"no\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct evidence_policy *p = NULL;
        status s = read_policy(rows[i].member, rows[i].body, &p);
        if (ok(s))
            fail_msg("%s: accepted", rows[i].rule);
        assert_null(p);
    }
}

static void everything_at_once(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    assert_ok(read_policy(
        "tdx",
        "{\"releases\":[" TD ",{\"name\":\"r2\",\"mrtd\":\"" A48 "\"" KERNEL ",\"rtmr3\":\"" Z48
        "\",\"mrconfigid\":\"" A48 "\",\"mrowner\":\"" A48 "\",\"mrownerconfig\":\"" A48
        "\",\"mrservicetd\":\"" A48 "\"}],\"statuses\":[\"UpToDate\",\"OutOfDate\"],"
        "\"advisories\":[\"INTEL-SA-00837\"],\"min_tcb_evaluation\":17,"
        "\"max_collateral_age_s\":86400,\"fmspcs\":[\"b0c06f000000\"],"
        "\"ppids\":[\"01010101010101010101010101010101\"],\"mrseams\":[\"" A48 "\"],"
        "\"min_tee_tcb_svn\":\"05010200000000000000000000000000\",\"xfam\":\"e702060000000000\","
        "\"allow_migration\":true,\"allow_perfmon\":true,\"allow_key_locker\":true,"
        "\"event_log_required\":true}",
        &p));
    const struct dcap_policy *t = &p->tdx;
    assert_true(t->is_present && !p->sgx.is_present);
    assert_int_equal(t->n_releases, 2);
    assert_int_equal(t->releases[0].pinned, HAS_KERNEL);
    assert_int_equal(t->releases[1].pinned,
                     HAS_KERNEL | 1u << DCAP_PIN_RTMR3 | 0xfu << DCAP_PIN_MRCONFIGID);
    assert_true(dcap_policy_accepts_status(t, TCB_OUT_OF_DATE));
    assert_false(dcap_policy_accepts_status(t, TCB_CONFIGURATION_NEEDED));
    assert_true(dcap_policy_accepts_advisory(t, BYTES_LIT("INTEL-SA-00837")));
    assert_false(dcap_policy_accepts_advisory(t, BYTES_LIT("INTEL-SA-00838")));
    assert_int_equal(t->min_evaluation, 17);
    assert_int_equal(t->max_age_s, 86400);
    assert_true(t->is_event_log_required && t->allow_key_locker && t->has_xfam);
}

/* Without a policy the same as with one that says nothing about them. */
static void defaults(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    assert_ok(read_policy("sgx", "{\"releases\":[" ENC "]}", &p));
    const struct dcap_policy *both[] = {&p->sgx, NULL};
    for (size_t i = 0; i < 2; i++) {
        assert_true(dcap_policy_accepts_status(both[i], TCB_UP_TO_DATE));
        for (int s = TCB_SW_HARDENING_NEEDED; s < TCB_STATUS_COUNT; s++)
            assert_false(dcap_policy_accepts_status(both[i], (enum tcb_status)s));
        assert_false(dcap_policy_accepts_advisory(both[i], BYTES_LIT("INTEL-SA-00837")));
    }
    assert_true(dcap_policy_lists(&p->sgx.fmspcs, BYTES_LIT("any")));
}

static void examples(void **state)
{
    (void)state;
    static const char *const names[] = {"examples/policy-tdx.json", "examples/policy-sgx.json"};
    for (size_t i = 0; i < 2; i++) {
        struct buf text CLEANUP(buf_done) = test_file(names[i]);
        struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
        assert_ok(evidence_policy_parse(buf_view(&text), &p));
        assert_true(i == 0 ? p->tdx.is_present : p->sgx.is_present);
    }
}

static bool has(const struct buf *b, const char *text)
{
    return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static void in_sentences(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    assert_ok(read_policy("tdx",
                          "{\"releases\":[" TD "],\"statuses\":[\"UpToDate\",\"OutOfDate\"],"
                          "\"advisories\":[\"INTEL-SA-00837\"],\"ppids\":"
                          "[\"01010101010101010101010101010101\"]}",
                          &p));
    dcap_policy_explain(&p->tdx, &out);
    assert_true(has(&out, "Release r: mrtd " A48));
    assert_true(has(&out, "Accepted TCB statuses: UpToDate OutOfDate."));
    assert_true(has(&out, "INTEL-SA-00837"));
    assert_true(has(&out, "machines (PPID): 01010101010101010101010101010101."));
    assert_true(has(&out, "Debug is never accepted; migration is not accepted"));
    size_t before = out.n;
    dcap_policy_explain(&p->sgx, &out);
    assert_int_equal(out.n, before);
}

static void put_fact(struct evidence_facts *f, const char *name, const char *value)
{
    f->v[f->n].name = name;
    (void)snprintf(f->v[f->n++].value, EVIDENCE_FACT_MAX, "%s", value);
}

/* What was pinned from what was seen is a policy again, and zero defaults are left out. */
static void from_what_was_seen(void **state)
{
    (void)state;
    static struct evidence_facts seen;
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct json_w w = {.out = &out};
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    put_fact(&seen, "mrtd", A48);
    put_fact(&seen, "rtmr0", A48);
    put_fact(&seen, "rtmr1", A48);
    put_fact(&seen, "rtmr2", Z48);
    put_fact(&seen, "rtmr3", Z48);
    put_fact(&seen, "mrconfigid", Z48);
    put_fact(&seen, "mrowner", A48);
    put_fact(&seen, "mrenclave", A32);
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    dcap_policy_pin(&seen, QUOTE_TDX, "seen", &w);
    dcap_policy_pin(&seen, QUOTE_SGX, "seen", &w);
    json_w_close(&w, '}');
    assert_ok(evidence_policy_parse(buf_view(&out), &p));
    assert_int_equal(p->tdx.releases[0].pinned, HAS_KERNEL | 1u << DCAP_PIN_RTMR0 |
                                                    1u << DCAP_PIN_RTMR3 | 1u << DCAP_PIN_MROWNER);
    assert_int_equal(p->sgx.releases[0].pinned, 1u << DCAP_PIN_MRENCLAVE);
    assert_string_equal(p->sgx.releases[0].name, "seen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),      cmocka_unit_test(everything_at_once),
        cmocka_unit_test(defaults),     cmocka_unit_test(examples),
        cmocka_unit_test(in_sentences), cmocka_unit_test(from_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
