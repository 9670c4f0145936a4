#include "tee/verify/evidence_policy_text.h"

#include <string.h>

#include "support/forge.h"

/* ---- in sentences ---- */

static struct buf explained(const char *json)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf out = BUF_MAX(1 << 20);
    assert_ok(evidence_policy_parse(bytes_str(json), &p));
    evidence_policy_explain(p, &out);
    buf_put_u8(&out, 0);
    return out;
}

static void expect_lines(const char *json, const char *const *lines)
{
    struct buf out CLEANUP(buf_done) = explained(json);
    for (size_t i = 0; lines[i] != NULL; i++)
        if (strstr((const char *)out.p, lines[i]) == NULL)
            fail_msg("\"%s\" is not in:\n%s", lines[i], (const char *)out.p);
}

#define PCR                                            \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NITRO  "\"nitro\":{\"releases\":[{\"name\":\"r1\",\"pcr0\":\"" PCR "\"}]"

static void what_is_open_is_said(void **state)
{
    (void)state;
    static const char *const LINES[] = {"Any service is accepted",
                                        "Any model is accepted",
                                        "Any configuration is accepted",
                                        "Release r1: PCR0 " PCR,
                                        "PCR1 or PCR2 is not pinned",
                                        "300 seconds old in a live session",
                                        "revocation is not checked",
                                        "Debug mode is never accepted",
                                        "made for each session",
                                        "Evidence of every other platform is refused",
                                        "It has no end.",
                                        NULL};
    expect_lines("{\"version\":1," NITRO "}}", LINES);
}

static void what_is_pinned_is_said(void **state)
{
    (void)state;
    static const char *const LINES[] = {"The service must be s1.",
                                        "Accepted model: " DIGEST,
                                        "Accepted configuration: " DIGEST,
                                        "7 seconds old,",
                                        "Revocation lists must be given",
                                        "once for many",
                                        "Its serial is 12: who verifies signatures",
                                        "It is refused after 2027-01-31T00:00:00Z.",
                                        NULL};
    expect_lines("{\"version\":1,\"serial\":12,\"not_after\":\"2027-01-31T00:00:00Z\","
                 "\"service\":\"s1\",\"freshness\":[\"epoch\"],\"models\":"
                 "[\"" DIGEST "\"],\"configs\":[\"" DIGEST "\"]," NITRO
                 ",\"max_age_s\":7,\"crl_required\":true}}",
                 LINES);
}

static void a_signer_is_named(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 20);
    assert_ok(evidence_policy_parse(BYTES_LIT("{\"version\":1," NITRO "}}"), &p));
    p->is_signed = true;
    memset(p->signer, 0xbb, sizeof(p->signer));
    evidence_policy_explain(p, &out);
    buf_put_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, "It is signed by the key " DIGEST ".\n"));
}

static void the_simulated_platform_is_called_so(void **state)
{
    (void)state;
    static const char *const LINES[] = {"which protects nothing, under the root " DIGEST,
                                        "for each session, or once for many", NULL};
    expect_lines("{\"version\":1,\"freshness\":[\"epoch\",\"session\"],\"trust_simulated_root\":"
                 "\"" DIGEST "\",\"simulated\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" PCR
                 "\"}]}}",
                 LINES);
}

static void every_example_is_explained_under_its_heading(void **state)
{
    (void)state;
    static const struct {
        const char *file, *heading;
    } ROWS[] = {
        {"examples/policy-nitro.json", "AWS Nitro Enclaves:"},
        {"examples/policy-tdx.json", "Intel TDX:\n  Release"},
        {"examples/policy-sgx.json", "Intel SGX:\n  Release"},
        {"examples/policy-snp.json", "AMD SEV-SNP:\n  "},
        {"examples/policy-nvidia-gpu.json", "NVIDIA GPUs, which"},
        {"examples/policy-confidential-space.json", "Google Confidential Space:\n  "},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf json CLEANUP(buf_done) = test_file(ROWS[i].file);
        buf_put_u8(&json, 0);
        const char *const lines[] = {ROWS[i].heading, NULL};
        expect_lines((const char *)json.p, lines);
    }
}

/* ---- from what was seen ---- */

static struct evidence_claimed seen(void)
{
    struct evidence_claimed c = {.is_signed = true, .has_statement = true};
    c.measurements.present_mask = 0x1f;
    memset(c.measurements.pcr[0], 0xaa, MEASUREMENT_LEN);
    memset(c.measurements.pcr[1], 0xab, MEASUREMENT_LEN);
    memset(c.measurements.pcr[4], 0xac, MEASUREMENT_LEN);
    c.statement = (struct statement){
        .platform = BYTES_LIT("aws-nitro"), .service = BYTES_LIT("s1"), .freshness = FRESH_EPOCH};
    memset(c.statement.model_digest, 0xbb, 32);
    return c;
}

static void nitro_is_pinned_without_instance_and_unused_registers(void **state)
{
    (void)state;
    struct evidence_claimed c = seen();
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 20);
    assert_ok(evidence_policy_pin(EVIDENCE_NITRO, &c, "mine", &out));
    assert_ok(evidence_policy_parse(buf_view(&out), &p));
    assert_int_equal(p->nitro.n_releases, 1);
    assert_string_equal(p->nitro.releases[0].name, "mine");
    assert_int_equal(p->nitro.releases[0].want.present_mask, 3);
    assert_non_null(evidence_policy_match(&p->nitro, &c.measurements));
    assert_string_equal(p->service, "s1");
    assert_int_equal(p->freshness_mask, 1u << FRESH_EPOCH);
    assert_int_equal(p->models.n, 1);
    assert_memory_equal(p->models.v[0], c.statement.model_digest, 32);
    assert_int_equal(p->configs.n, 0); /* of zeroes: there was none */
}

static void nothing_is_pinned_from_what_is_not_authentic(void **state)
{
    (void)state;
    struct evidence_claimed c = seen();
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 20);
    assert_code(evidence_policy_pin(EVIDENCE_SIMULATED, &c, "mine", &out), ST_UNSUPPORTED);
    c.is_signed = false;
    assert_code(evidence_policy_pin(EVIDENCE_NITRO, &c, "mine", &out), ST_MISMATCH);
    assert_int_equal(out.n, 0);
}

/* Names and values may be an attacker's: whatever they hold, the draft is JSON of this form. */
static void hostile_names_stay_text(void **state)
{
    (void)state;
    struct evidence_claimed c = seen();
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 20);
    c.statement.service = BYTES_LIT("s\",\"configs\":[");
    assert_ok(evidence_policy_pin(EVIDENCE_NITRO, &c, "a\"},{", &out));
    assert_ok(json_parse(buf_view(&out), 1 << 20, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    assert_bytes_equal(json_text(&o, "service", true), c.statement.service);
    assert_false(json_has(&o, "configs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_is_said),
        cmocka_unit_test(what_is_pinned_is_said),
        cmocka_unit_test(a_signer_is_named),
        cmocka_unit_test(the_simulated_platform_is_called_so),
        cmocka_unit_test(every_example_is_explained_under_its_heading),
        cmocka_unit_test(nitro_is_pinned_without_instance_and_unused_registers),
        cmocka_unit_test(nothing_is_pinned_from_what_is_not_authentic),
        cmocka_unit_test(hostile_names_stay_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
