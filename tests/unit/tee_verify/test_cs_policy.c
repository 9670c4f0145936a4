#include "support/forge_cs.h"

#include <stdio.h>

#include "formats/json.h"

struct bytes cs_root(void)
{
    return (struct bytes){0};
}

struct row {
    const char *name;
    const char *from, *to; /* in FORGE_CS_POLICY */
    enum status_code code;
};

#define RELEASE_PINS                                                       \
    "\"image_digest\":\"" FORGE_CS_DIGEST "\",\"image_id\":\"" FORGE_CS_ID \
    "\",\"image_reference\":\"forge/image:1\",\"signed_by\":[\"" FORGE_CS_SIGNER "\"],"

static const struct row ROWS[] = {
    {"as it should be", NULL, NULL, ST_OK},
    {"an unknown key", "\"token_types\"", "\"x\":1,\"token_types\"", ST_FORMAT},
    {"a key twice", "\"token_types\"", "\"zones\":[\"a\"],\"token_types\"", ST_FORMAT},
    {"not an object", "\"confidential_space\":{", "\"confidential_space\":1,\"sgx\":{", ST_FORMAT},
    {"an unknown type of token", "\"PKI\",", "\"JWE\",", ST_FORMAT},
    {"a type of token that is no text", "\"PKI\",", "1,", ST_FORMAT},
    {"no type of token", "\"PKI\",\"OIDC\"", "", ST_CONFIG},
    {"keys of a type that is refused", "[\"PKI\",\"OIDC\"]",
     "[\"PKI\"],\"keys\":[\"" FORGE_CS_SIGNER "\"]", ST_CONFIG},
    {"no keys", "\"token_types\"", "\"keys\":[],\"token_types\"", ST_CONFIG},
    {"a key of 63 digits", "\"token_types\"",
     "\"keys\":[\"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\"],\"token_types\"",
     ST_FORMAT},
    {"a key that is no text", "\"token_types\"", "\"keys\":[1],\"token_types\"", ST_FORMAT},
    {"no audience", "[\"https://forge.example\"]", "[]", ST_CONFIG},
    {"an audience that is no text", "[\"https://forge.example\"]", "[1]", ST_FORMAT},
    {"an empty audience", "[\"https://forge.example\"]", "[\"\"]", ST_FORMAT},
    {"age of zero", "\"token_types\"", "\"max_age_s\":0,\"token_types\"", ST_FORMAT},
    {"age of more than a day", "\"token_types\"", "\"max_age_s\":86401,\"token_types\"", ST_FORMAT},
    {"future of more than an hour", "\"token_types\"", "\"max_future_s\":3601,\"token_types\"",
     ST_FORMAT},
    {"CRL no boolean", "\"token_types\"", "\"crl_required\":1,\"token_types\"", ST_FORMAT},
    {"no machines", "\"hwmodels\":[\"GCP_INTEL_TDX\"],\"min", "\"min", ST_CONFIG},
    {"an empty list of machines", "[\"GCP_INTEL_TDX\"]", "[]", ST_CONFIG},
    {"a machine that is not confidential", "[\"GCP_INTEL_TDX\"]", "[\"GCP_SHIELDED_VM\"]",
     ST_CONFIG},
    {"an empty list of debug states", "\"token_types\"", "\"dbgstat\":[],\"token_types\"",
     ST_CONFIG},
    {"no support attribute", "\"token_types\"", "\"support_attributes\":[],\"token_types\"", ST_OK},
    {"a version with a space", "\"250301\"", "\"2503 01\"", ST_FORMAT},
    {"an empty version", "\"250301\"", "\"\"", ST_FORMAT},
    {"no releases", "\"releases\":[{", "\"releasex\":[{", ST_FORMAT},
    {"a release without name", "\"name\":\"r1\",", "", ST_FORMAT},
    {"a release that pins no image", RELEASE_PINS, "\"image_id\":\"" FORGE_CS_ID "\",", ST_CONFIG},
    {"a release that pins a signer alone", RELEASE_PINS, "\"signed_by\":[\"" FORGE_CS_SIGNER "\"],",
     ST_OK},
    {"a digest in capitals", "sha256:aa", "sha256:AA", ST_FORMAT},
    {"a digest of another algorithm", "sha256:aa", "sha512:aa", ST_FORMAT},
    {"a digest too short", "sha256:aa", "sha256:a", ST_FORMAT},
    {"an unknown key of a release", "\"name\":\"r1\"", "\"name\":\"r1\",\"x\":1", ST_FORMAT},
    {"a release twice", "\"args\":[\"/serve\",\"x\"]}]",
     "\"args\":[\"/serve\",\"x\"]},{\"name\":\"r1\",\"image_digest\":\"" FORGE_CS_ID "\"}]",
     ST_CONFIG},
    {"another release", "\"args\":[\"/serve\",\"x\"]}]",
     "\"args\":[\"/serve\",\"x\"]},{\"name\":\"r2\",\"image_digest\":\"" FORGE_CS_ID "\"}]", ST_OK},
    {"no signers", "\"image_signers\":[\"" FORGE_CS_SIGNER "\"]", "\"image_signers\":[]",
     ST_CONFIG},
    {"environment no object", "\"env\":{\"MODE\":\"safe\"}", "\"env\":[]", ST_FORMAT},
    {"environment of a number", "\"env\":{\"MODE\":\"safe\"}", "\"env\":{\"MODE\":1}", ST_FORMAT},
    {"environment of anything", "\"env\":{\"MODE\":\"safe\"}", "\"env\":{\"MODE\":null}",
     ST_FORMAT},
    {"an override of a number", "\"LEVEL\":\"3\"", "\"LEVEL\":3", ST_FORMAT},
    {"an empty value", "\"LEVEL\":\"3\"", "\"LEVEL\":\"\"", ST_OK},
    {"an empty name", "\"LEVEL\":\"3\"", "\"\":\"3\"", ST_FORMAT},
    {"an empty command", "\"cmd_override\":[\"x\"]", "\"cmd_override\":[]", ST_OK},
    {"no restart policy", "[\"Never\"]", "[]", ST_CONFIG},
    {"monitoring no boolean", "\"memory_monitoring\":false", "\"memory_monitoring\":\"off\"",
     ST_FORMAT},
    {"no project", "[\"forge-project\"]", "[]", ST_CONFIG},
    {"no zone", "[\"forge-zone\"]", "[]", ST_CONFIG},
    {"no instance", "[\"4711\"]", "[]", ST_CONFIG},
    {"no account", "[\"a@forge\"]", "[]", ST_CONFIG},
    {"GPUs no object",
     "\"nvidia_gpu\":{\"hwmodels\":[\"GCP_NVIDIA_H100\"],\"min_driver\":"
     "\"550.90.07\",\"vbios\":[\"96.00.9F\"],\"count\":1}",
     "\"nvidia_gpu\":true", ST_FORMAT},
    {"no model of a GPU", "[\"GCP_NVIDIA_H100\"]", "[]", ST_CONFIG},
    {"no GPU at all", "\"count\":1", "\"count\":0", ST_FORMAT},
    {"an unknown key of GPUs", "\"count\":1", "\"count\":1,\"x\":1", ST_FORMAT},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
        struct buf text CLEANUP(buf_done) =
            forge_cs_edit(BYTES_LIT(FORGE_CS_POLICY), ROWS[i].from, ROWS[i].to);
        struct bytes in = test_exact(buf_view(&text));
        status s = evidence_policy_parse(in, &p);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code),
                     failed(s) ? status_detail() : "");
        test_exact_free(in);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    const struct cs_policy *c = &p->confidential_space;
    assert_true(c->is_present && c->accepts_oidc && c->accepts_pki);
    assert_int_equal(c->max_age_s, CS_DEFAULT_MAX_AGE_S);
    assert_int_equal(c->n_releases, 1);
    assert_string_equal(c->releases[0].image_digest, FORGE_CS_DIGEST);
    assert_int_equal(c->releases[0].signed_by.v[0][31], 0xcc);
    assert_int_equal(c->releases[0].args.n, 2);
    assert_string_equal(c->dbgstat.v[0].value, "disabled-since-boot");
    assert_string_equal(c->support_attributes.v[0].value, "STABLE");
    assert_string_equal(c->tdx_tcb_statuses.v[0].value, "UpToDate");
    assert_int_equal(c->env_override.n, 2);
    assert_int_equal(c->gpu.count, 1);
}

static void test_example(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf text CLEANUP(buf_done) = test_file("examples/policy-confidential-space.json");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    assert_false(p->confidential_space.accepts_oidc);
}

static void test_sentences(void **state)
{
    (void)state;
    static const char *const WANTED[] = {
        "types are accepted: PKI (pinned Google root) OIDC",
        "The machine must be one of: GCP_INTEL_TDX.",
        "The debug status must be one of: disabled-since-boot.",
        "support attributes: STABLE.",
        ("Release r1 is accepted as a whole: image " FORGE_CS_DIGEST),
        "run as /serve, x.",
        "The operator may set the variables: MODE=(anything), LEVEL=3.",
        "The project must be one of: forge-project.",
        "There must be exactly 1 GPUs.",
        "550.90.07 or newer",
    };
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    cs_policy_explain(&p->confidential_space, &out);
    assert_ok(buf_status(&out));
    for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
        if (memmem(out.p, out.n, WANTED[i], strlen(WANTED[i])) == NULL)
            fail_msg("nothing says: %s\n%.*s", WANTED[i], (int)out.n, (const char *)out.p);
    }
    const struct cs_policy none = {.is_present = false};
    buf_clear(&out);
    cs_policy_explain(&none, &out);
    assert_bytes_equal(buf_view(&out), BYTES_LIT("Confidential Space tokens are refused.\n"));
}

/* A policy that somebody else wrote is read by its sentences. */
static void test_texts_make_no_sentences(void **state)
{
    (void)state;
    static const char *const WANTED[] = {
        "The operator may set the variables: MODE\\x1b[2K=(anything), LEVEL=3.\\x0aDebug is refused",
        "The project must be one of: forge\\x0d\\x7f\\xc2\\x9b.",
    };
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf half CLEANUP(buf_done) =
        forge_cs_edit(BYTES_LIT(FORGE_CS_POLICY), "\"projects\":[\"forge-project\"]",
                      "\"projects\":[\"forge\\r\\u007f\\u009b\"]");
    struct buf text CLEANUP(buf_done) =
        forge_cs_edit(buf_view(&half), "\"env_override\":{\"MODE\":null,\"LEVEL\":\"3\"}",
                      "\"env_override\":{\"MODE\\u001b[2K\":null,"
                      "\"LEVEL\":\"3.\\nDebug is refused\"}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    cs_policy_explain(&p->confidential_space, &out);
    assert_ok(buf_status(&out));
    for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
        if (memmem(out.p, out.n, WANTED[i], strlen(WANTED[i])) == NULL)
            fail_msg("nothing says: %s\n%.*s", WANTED[i], (int)out.n, (const char *)out.p);
    }
}

/* ---- a policy from what was seen ---- */

static void see(struct evidence_facts *f, const char *name, const char *value)
{
    f->v[f->n].name = name;
    (void)snprintf(f->v[f->n++].value, EVIDENCE_FACT_MAX, "%s", value);
}

static struct evidence_policy *pin(const struct evidence_facts *seen, struct buf *text)
{
    struct evidence_policy *p = NULL;
    struct json_w w = {.out = text};
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    cs_policy_pin(seen, "seen", &w);
    json_w_close(&w, '}');
    status s = evidence_policy_parse(buf_view(text), &p);
    if (failed(s))
        fail_msg("%s: %.*s", status_detail(), (int)text->n, (const char *)text->p);
    return p;
}

static void test_pin(void **state)
{
    (void)state;
    static struct evidence_facts seen;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    see(&seen, "token_type", "PKI");
    see(&seen, "aud", "https://a.example,https://b.example");
    see(&seen, "hwmodel", "GCP_INTEL_TDX");
    see(&seen, "swversion", "250301");
    see(&seen, "dbgstat", "enabled");
    see(&seen, "image_digest", FORGE_CS_DIGEST);
    see(&seen, "env_override", "A,B");
    see(&seen, "cmd_override", "x,y");
    see(&seen, "project_id", "forge-project");
    see(&seen, "google_service_accounts", "a@forge");
    see(&seen, "nvidia_gpu.cc_mode", "ON");
    see(&seen, "nvidia_gpu.hwmodel", "GCP_NVIDIA_H100");
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = pin(&seen, &text);
    const struct cs_policy *c = &p->confidential_space;
    assert_false(c->accepts_oidc);
    assert_int_equal(c->audiences.n, 2);
    assert_string_equal(c->audiences.v[1].value, "https://b.example");
    assert_string_equal(c->dbgstat.v[0].value,
                        "disabled-since-boot"); /* never from a debug image */
    assert_string_equal(c->releases[0].name, "seen");
    assert_true(c->env_override.n == 2 && c->env_override.v[1].is_any);
    assert_int_equal(c->cmd_override.n, 2);
    assert_true(c->gpu.is_present);
}

/* What was cut short would never match. */
static void test_pin_leaves_out_what_was_cut(void **state)
{
    (void)state;
    static struct evidence_facts seen;
    char longer[EVIDENCE_FACT_MAX];
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    see(&seen, "hwmodel", "GCP_INTEL_TDX");
    see(&seen, "image_digest", FORGE_CS_DIGEST);
    see(&seen, "image_reference", longer);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = pin(&seen, &text);
    assert_string_equal(p->confidential_space.releases[0].image_reference, "");
    assert_null(memmem(text.p, text.n,
                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 65));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_texts_make_no_sentences),
        cmocka_unit_test(test_pin),
        cmocka_unit_test(test_pin_leaves_out_what_was_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
