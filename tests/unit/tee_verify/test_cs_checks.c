/* The checks of tee/verify/cs, over tokens that are forged under a root of this program's own. Each
 * (id, code) of the table in cs_kind.c has a row that expects exactly it. */
#include "support/forge_cs.h"

#include "formats/jwk.h"

static struct forge_cs forge;

/* In place of the pinned root: this object stands before the archive's. */
struct bytes cs_root(void)
{
    return buf_view(&forge.certs[0]);
}

static void expect_two(const char *name, const struct checks *c, const char *id, const char *code,
                       const char *also)
{
    const struct check *got = id != NULL ? checks_find(c, id) : NULL;
    if (id == NULL && checks_verdict(c) == VERDICT_ACCEPT)
        return;
    for (size_t i = 0; i < c->n; i++) {
        const struct check *v = &c->v[i];
        if (v->result == CHECK_FAIL && v != got && (also == NULL || strcmp(v->id, also) != 0))
            fail_msg("%s: %s fails as well: %s (%s)", name, v->id, v->code, v->reason);
    }
    if (id == NULL)
        fail_msg("%s: not accepted", name);
    if (got == NULL || got->result != CHECK_FAIL || strcmp(got->code, code) != 0)
        fail_msg("%s: %s is %s (%s)", name, id,
                 got == NULL                 ? "absent"
                 : got->result == CHECK_PASS ? "passed"
                 : got->code                 ? got->code
                                             : "skipped",
                 got ? got->reason : "");
}

static void expect_only(const char *name, const struct checks *c, const char *id, const char *code)
{
    expect_two(name, c, id, code, NULL);
}

struct judged {
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    status status;
};

static void judge(struct bytes token, const struct evidence_policy *policy,
                  const struct evidence_expect *expect, struct judged *out)
{
    struct bytes in = test_exact(token);
    *out = (struct judged){.checks = {.n = 0}};
    out->status = evidence_verify(in, EVIDENCE_CS_TOKEN, policy, expect, &out->checks,
                                  &out->claimed, &out->verified);
    test_exact_free(in);
}

struct row {
    const char *name;
    const char *from, *to;               /* in the claims */
    const char *policy_from, *policy_to; /* in the policy */
    const char *id, *code;               /* NULL: accepted */
    const char *also;                    /* the check that fails with it, if there is one */
};

#define IN_POLICY(from, to) .policy_from = (from), .policy_to = (to)

static const struct row ROWS[] = {
    {.name = "as it should be"},
    {"claims that are no JSON", "{\"aud\"", "\"aud\"", .id = "token.claims",
     .code = "CS_CLAIMS_MALFORMED"},
    {"a claim twice", "{\"aud\"", "{\"dbgstat\":\"enabled\",\"aud\"", .id = "token.claims",
     .code = "CS_CLAIMS_MALFORMED"},
    {"a claim that is unknown", "{\"aud\"", "{\"new\":{\"a\":[1]},\"aud\"", .id = NULL},

    {"another issuer", "confidentialcomputing.googleapis.com", "confidentialcomputing.example",
     .id = "token.issuer", .code = "CS_ISSUER_MISMATCH"},
    {"no issuer", "\"iss\":", "\"isx\":", .id = "token.issuer", .code = "CS_ISSUER_MISMATCH"},
    {"an issuer with more behind", "confidentialcomputing.googleapis.com\"",
     "confidentialcomputing.googleapis.com/\"", .id = "token.issuer", .code = "CS_ISSUER_MISMATCH"},

    {"another audience", "https://forge.example\"", "https://other.example\"",
     .id = "token.audience", .code = "CS_AUDIENCE_MISMATCH"},
    {"a list of audiences", "\"aud\":\"https://forge.example\"",
     "\"aud\":[\"https://other.example\",\"https://forge.example\"]", .id = NULL},
    {"a list of other audiences", "\"aud\":\"https://forge.example\"",
     "\"aud\":[\"https://other.example\"]", .id = "token.audience", .code = "CS_AUDIENCE_MISMATCH"},
    {"no audience", "\"aud\":", "\"aux\":", .id = "token.audience", .code = "CS_AUDIENCE_MISMATCH"},
    {"an empty list of audiences", "\"aud\":\"https://forge.example\"", "\"aud\":[]",
     .id = "token.audience", .code = "CS_AUDIENCE_MISMATCH"},

    {"expired this second", "1750003540", "1750000000", .id = "token.expiry", .code = "CS_EXPIRED"},
    {"expires in a second", "1750003540", "1750000001", .id = NULL},
    {"no expiry", "\"exp\":", "\"exx\":", .id = "token.expiry", .code = "CS_EXPIRED"},
    {"lives too long", "1750003540", "1750007141", .id = "token.expiry",
     .code = "CS_LIFETIME_INVALID"},

    {"not yet valid", "\"nbf\":1749999940", "\"nbf\":1750000061", .id = "token.not_before",
     .code = "CS_NOT_YET_VALID"},
    {"not yet valid, within the leeway", "\"nbf\":1749999940", "\"nbf\":1750000060", .id = NULL},
    {"no start", "\"nbf\":", "\"nbx\":", .id = "token.not_before", .code = "CS_NOT_YET_VALID"},

    {"stale", "\"iat\":1749999940", "\"iat\":1749999699", .id = "token.issued",
     .code = "CS_TOKEN_STALE"},
    {"just not stale", "\"iat\":1749999940", "\"iat\":1749999700", .id = NULL},
    {"made in the future", "\"iat\":1749999940", "\"iat\":1750000061", .id = "token.issued",
     .code = "CS_ISSUED_IN_FUTURE"},

    {"a machine that is not confidential", "GCP_INTEL_TDX", "GCP_SHIELDED_VM",
     .id = "token.hardware", .code = "CS_HARDWARE_NOT_CONFIDENTIAL", .also = "token.attester"},
    {"no machine", "\"hwmodel\":\"GCP_INTEL_TDX\"", "\"hwx\":\"\"", .id = "token.hardware",
     .code = "CS_HARDWARE_NOT_CONFIDENTIAL", .also = "token.attester"},
    {"a machine that the policy does not list", IN_POLICY("GCP_INTEL_TDX", "GCP_AMD_SEV"),
     .id = "token.hardware", .code = "CS_HARDWARE_MISMATCH"},

    {"another maker", "\"oemid\":11129", "\"oemid\":11130", .id = "token.oem",
     .code = "CS_OEM_MISMATCH"},
    {"no maker", "\"oemid\"", "\"oemix\"", .id = "token.oem", .code = "CS_OEM_MISMATCH"},
    {"secure boot off", "\"secboot\":true", "\"secboot\":false", .id = "token.secure_boot",
     .code = "CS_SECURE_BOOT_OFF"},
    {"secure boot not told", "\"secboot\"", "\"secbotx\"", .id = "token.secure_boot",
     .code = "CS_SECURE_BOOT_OFF"},

    {"a debug image", "\"dbgstat\":\"disabled-since-boot\"", "\"dbgstat\":\"enabled\"",
     .id = "token.debug", .code = "CS_DEBUG_IMAGE"},
    {"no debug status", "\"dbgstat\"", "\"dbgstax\"", .id = "token.debug",
     .code = "CS_DEBUG_IMAGE"},
    {"disabled, but not since boot", "disabled-since-boot", "disabled", .id = "token.debug",
     .code = "CS_DEBUG_IMAGE"},
    {"a debug image that the policy lists", "\"dbgstat\":\"disabled-since-boot\"",
     "\"dbgstat\":\"enabled\"",
     IN_POLICY("\"token_types\"", "\"dbgstat\":[\"enabled\"],\"token_types\""), .id = NULL},

    {"other software", "\"swname\":\"CONFIDENTIAL_SPACE\"", "\"swname\":\"GCE\"",
     .id = "token.software", .code = "CS_SOFTWARE_MISMATCH"},
    {"no software", "\"swname\"", "\"swnamx\"", .id = "token.software",
     .code = "CS_SOFTWARE_MISMATCH"},
    {"an older version", "[\"250301\"]", "[\"250300\"]", .id = "token.version",
     .code = "CS_VERSION_TOO_OLD"},
    {"a newer version", "[\"250301\"]", "[\"260101\"]", .id = NULL},
    {"no version", "\"swversion\"", "\"swversiox\"", .id = "token.version",
     .code = "CS_VERSION_TOO_OLD"},
    {"two versions", "[\"250301\"]", "[\"250301\",\"260101\"]", .id = "token.version",
     .code = "CS_VERSION_TOO_OLD"},
    {"a longer version", "[\"250301\"]", "[\"2503011\"]", .id = "token.version",
     .code = "CS_VERSION_TOO_OLD"},
    {"a version that is no number", "[\"250301\"]", "[\"25030x\"]", .id = "token.version",
     .code = "CS_VERSION_TOO_OLD"},

    {"not stable", "\"STABLE\",", "", .id = "token.support", .code = "CS_SUPPORT_MISSING"},
    {"no support attributes", "\"support_attributes\"", "\"support_attributex\"",
     .id = "token.support", .code = "CS_SUPPORT_MISSING"},
    {"experimental", "[\"LATEST\",\"STABLE\",\"USABLE\"]", "[\"EXPERIMENTAL\"]",
     .id = "token.support", .code = "CS_SUPPORT_MISSING"},
    {"no confidential_space claims, and monitoring is not pinned", "\"confidential_space\":{",
     "\"confidential_spacx\":{", IN_POLICY("\"memory_monitoring\":false,", ""),
     .id = "token.support", .code = "CS_SUPPORT_MISSING"},
    {"an attribute more in the policy",
     IN_POLICY("\"token_types\"", "\"support_attributes\":[\"STABLE\",\"X\"],\"token_types\""),
     .id = "token.support", .code = "CS_SUPPORT_MISSING"},
    {"monitored", "{\"memory\":false}", "{\"memory\":true}", .id = "token.monitoring",
     .code = "CS_MONITORING_MISMATCH"},
    {"monitoring not told", "\"memory\":", "\"memorx\":", .id = "token.monitoring",
     .code = "CS_MONITORING_MISMATCH"},

    {"another attester", "[\"INTEL\"]", "[\"AMD\"]", .id = "token.attester",
     .code = "CS_ATTESTER_MISMATCH"},
    {"two attesters", "[\"INTEL\"]", "[\"INTEL\",\"GOOGLE\"]", .id = "token.attester",
     .code = "CS_ATTESTER_MISMATCH"},
    {"Intel attests AMD", "GCP_INTEL_TDX", "GCP_AMD_SEV", IN_POLICY("GCP_INTEL_TDX", "GCP_AMD_SEV"),
     .id = "token.attester", .code = "CS_ATTESTER_MISMATCH"},
    {"no attester", "\"attester_tcb\"", "\"attester_tcx\"", .id = NULL},
    {"a TCB out of date", "\"UpToDate\"", "\"OutOfDate\"", .id = "token.tdx",
     .code = "CS_TDX_TCB_REFUSED"},
    {"a TCB status that is not told", "gcp_attester_tcb_status", "gcp_attester_tcb_statux",
     .id = "token.tdx", .code = "CS_TDX_TCB_REFUSED"},
    {"a TCB out of date that the policy lists", "\"UpToDate\"", "\"OutOfDate\"",
     IN_POLICY("\"token_types\"", "\"tdx_tcb_statuses\":[\"OutOfDate\"],\"token_types\""),
     .id = NULL},
    {"an old TCB", "2024-03-13", "2023-08-09", .id = "token.tdx", .code = "CS_TDX_TCB_OLD"},
    {"a TCB without date", "gcp_attester_tcb_date", "gcp_attester_tcb_datx", .id = "token.tdx",
     .code = "CS_TDX_TCB_OLD"},
    {"no TDX claims, and the policy pins a date", "\"tdx\":", "\"tdy\":", .id = "token.tdx",
     .code = "CS_TDX_TCB_REFUSED"},
    {"no TDX claims", "\"tdx\":", "\"tdy\":",
     IN_POLICY(",\"min_tdx_tcb_date\":\"2024-03-13T00:00:00Z\"", ""), .id = NULL},
    {"TDX claims in a list",
     "{\"gcp_attester_tcb_status\":\"UpToDate\",\"gcp_attester_tcb_date\":\"2024-03-13T00:00:00Z\"}",
     "[{\"gcp_attester_tcb_status\":\"UpToDate\","
     "\"gcp_attester_tcb_date\":\"2024-03-13T00:00:00Z\"}]",
     .id = NULL},

    {"GPU off", "\"cc_mode\":\"ON\"", "\"cc_mode\":\"OFF\"", .id = "token.gpu",
     .code = "CS_GPU_NOT_CONFIDENTIAL"},
    {"GPU with developer tools", "\"cc_mode\":\"ON\"", "\"cc_mode\":\"DEVTOOLS\"",
     .id = "token.gpu", .code = "CS_GPU_NOT_CONFIDENTIAL"},
    {"GPU mode not told", "\"cc_mode\"", "\"cc_modx\"", .id = "token.gpu",
     .code = "CS_GPU_NOT_CONFIDENTIAL"},
    {"no GPU", "\"nvidia_gpu\"", "\"nvidia_gpx\"", .id = "token.gpu", .code = "CS_GPU_MISSING"},
    {"GPU off, and the policy asks for none", "\"cc_mode\":\"ON\"", "\"cc_mode\":\"OFF\"",
     IN_POLICY(",\"nvidia_gpu\":{\"hwmodels\":[\"GCP_NVIDIA_H100\"],\"min_driver\":\"550.90.07\","
               "\"vbios\":[\"96.00.9F\"],\"count\":1}",
               ""),
     .id = "token.gpu", .code = "CS_GPU_NOT_CONFIDENTIAL"},
    {"another GPU", "GCP_NVIDIA_H100", "GCP_NVIDIA_H200", .id = "token.gpu",
     .code = "CS_GPU_MISMATCH"},
    {"another VBIOS", "96.00.9F", "96.00.8F", .id = "token.gpu", .code = "CS_GPU_MISMATCH"},
    {"an older driver", "550.90.07", "550.9.999", .id = "token.gpu", .code = "CS_GPU_MISMATCH"},
    {"a newer driver", "550.90.07", "1550.0", .id = NULL},
    {"a shorter version of the driver", "550.90.07", "550.90", .id = "token.gpu",
     .code = "CS_GPU_MISMATCH"},
    {"a driver that is no version", "550.90.07", "551.x", .id = "token.gpu",
     .code = "CS_GPU_MISMATCH"},
    {"a driver that ends in a dot", "550.90.07", "551.", .id = "token.gpu",
     .code = "CS_GPU_MISMATCH"},
    {"a driver that is not told", "\"driver_version\"", "\"driver_versiox\"", .id = "token.gpu",
     .code = "CS_GPU_MISMATCH"},
    {"no GPU described", "\"gpus\"", "\"gpux\"", IN_POLICY(",\"count\":1", ""), .id = "token.gpu",
     .code = "CS_GPU_MISMATCH"},
    {"fewer GPUs", IN_POLICY("\"count\":1", "\"count\":2"), .id = "token.gpu",
     .code = "CS_GPU_COUNT"},

    {"another image", IN_POLICY(FORGE_CS_DIGEST, FORGE_CS_ID), .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"no image digest", "\"image_digest\"", "\"image_digesx\"", .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"another image id", "\"image_id\":\"sha256:b", "\"image_id\":\"sha256:c", .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"another place of the image", "forge/image:1", "forge/image:2", .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"other arguments", "[\"/serve\",\"x\"]", "[\"/serve\",\"y\"]", .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"an argument more", "[\"/serve\",\"x\"]", "[\"/serve\",\"x\",\"y\"]", .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"signed by another key than the release's",
     IN_POLICY("\"signed_by\":[\"c", "\"signed_by\":[\"d"), .id = "token.image",
     .code = "CS_IMAGE_MISMATCH"},
    {"signed by another key", IN_POLICY("\"image_signers\":[\"c", "\"image_signers\":[\"d"),
     .id = "token.image_signers", .code = "CS_IMAGE_UNSIGNED"},
    {"not signed", "\"image_signatures\"", "\"image_signaturex\"",
     IN_POLICY("\"signed_by\":[\"" FORGE_CS_SIGNER "\"],", ""), .id = "token.image_signers",
     .code = "CS_IMAGE_UNSIGNED"},

    {"another environment", "\"env\":{\"MODE\":\"safe\"", "\"env\":{\"MODE\":\"fast\"",
     .id = "token.env", .code = "CS_ENV_MISMATCH"},
    {"no environment", "\"env\":", "\"enx\":", .id = "token.env", .code = "CS_ENV_MISMATCH"},
    {"a variable that the operator may not set", "\"LEVEL\":\"3\"}",
     "\"LEVEL\":\"3\",\"LD_PRELOAD\":\"x\"}", .id = "token.env_override",
     .code = "CS_ENV_OVERRIDDEN"},
    {"a value that the operator may not set", "\"LEVEL\":\"3\"}", "\"LEVEL\":\"4\"}",
     .id = "token.env_override", .code = "CS_ENV_OVERRIDDEN"},
    {"any value that the operator may set", "\"env_override\":{\"MODE\":\"safe\"",
     "\"env_override\":{\"MODE\":\"\"", .id = NULL},
    {"the policy allows no variable",
     IN_POLICY("\"env_override\":{\"MODE\":null,\"LEVEL\":\"3\"},", ""), .id = "token.env_override",
     .code = "CS_ENV_OVERRIDDEN"},
    {"another command", "\"cmd_override\":[\"x\"]", "\"cmd_override\":[\"y\"]",
     .id = "token.cmd_override", .code = "CS_CMD_OVERRIDDEN"},
    {"the policy allows no command", IN_POLICY("\"cmd_override\":[\"x\"],", ""),
     .id = "token.cmd_override", .code = "CS_CMD_OVERRIDDEN"},
    {"the command is missing", "\"cmd_override\"", "\"cmd_overridx\"", .id = "token.cmd_override",
     .code = "CS_CMD_OVERRIDDEN"},
    {"another restart policy", "\"Never\"", "\"Always\"", .id = "token.restart",
     .code = "CS_RESTART_POLICY_MISMATCH"},
    {"no restart policy", "\"restart_policy\"", "\"restart_policx\"", .id = "token.restart",
     .code = "CS_RESTART_POLICY_MISMATCH"},

    {"another subject", "instances/forge-instance", "instances/other-instance",
     .id = "token.subject", .code = "CS_SUBJECT_MISMATCH"},
    {"no subject", "\"sub\":", "\"sux\":", .id = "token.subject", .code = "CS_SUBJECT_MISMATCH"},
    {"a subject with more behind", "instances/forge-instance", "instances/forge-instance/x",
     .id = "token.subject", .code = "CS_SUBJECT_MISMATCH"},
    {"another project", IN_POLICY("\"forge-project\"", "\"other\""), .id = "token.project",
     .code = "CS_PROJECT_MISMATCH"},
    {"the project by its number", IN_POLICY("\"forge-project\"", "\"42\""), .id = NULL},
    {"another zone", IN_POLICY("\"forge-zone\"", "\"other\""), .id = "token.zone",
     .code = "CS_ZONE_MISMATCH"},
    {"another instance", IN_POLICY("\"4711\"", "\"4712\""), .id = "token.instance",
     .code = "CS_INSTANCE_MISMATCH"},
    {"the instance by its name", IN_POLICY("\"4711\"", "\"forge-instance\""), .id = NULL},
    {"no instance id", "\"instance_id\"", "\"instance_ix\"", .id = "token.instance",
     .code = "CS_INSTANCE_MISMATCH"},
    {"another account", "a@forge", "b@forge", .id = "token.accounts",
     .code = "CS_SERVICE_ACCOUNT_MISMATCH"},
    {"an account more", "[\"a@forge\"]", "[\"a@forge\",\"b@forge\"]", .id = "token.accounts",
     .code = "CS_SERVICE_ACCOUNT_MISMATCH"},
    {"no account", "[\"a@forge\"]", "[]", .id = "token.accounts",
     .code = "CS_SERVICE_ACCOUNT_MISMATCH"},
    {"accounts not told", "\"google_service_accounts\"", "\"google_service_accountx\"",
     .id = "token.accounts", .code = "CS_SERVICE_ACCOUNT_MISMATCH"},

    {"another nonce", "@NONCE@", "0123456789", .id = "statement", .code = "CS_STATEMENT_INVALID"},
    {"no nonce", "\"eat_nonce\"", "\"eat_noncx\"", .id = "statement",
     .code = "CS_STATEMENT_INVALID"},
    {"a list of nonces", "\"@NONCE@\"", "[\"0123456789\",\"@NONCE@\"]", .id = NULL},
    {"another service", IN_POLICY("forge.service", "other.service"), .id = "service",
     .code = "POLICY_SERVICE_MISMATCH"},
    {"freshness by epoch alone",
     IN_POLICY("{\"version\":1", "{\"version\":1,\"freshness\":[\"epoch\"]"), .id = "freshness",
     .code = "POLICY_FRESHNESS_REFUSED"},
    {"another configuration",
     IN_POLICY("{\"version\":1", "{\"version\":1,\"configs\":[\"" FORGE_CS_SIGNER "\"]"),
     .id = "config", .code = "POLICY_CONFIG_MISMATCH"},
    {"another model",
     IN_POLICY("{\"version\":1", "{\"version\":1,\"models\":[\"" FORGE_CS_SIGNER "\"]"),
     .id = "model", .code = "POLICY_MODEL_MISMATCH"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct row *r = &ROWS[i];
        struct judged got;
        struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
            forge_cs_policy(r->policy_from, r->policy_to);
        struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, r->from, r->to);
        struct buf token CLEANUP(buf_done) = i % 2 ? forge_cs_oidc(&forge, buf_view(&claims))
                                                   : forge_cs_pki(&forge, buf_view(&claims));
        const struct evidence_expect expect = forge_cs_expect(&forge);
        judge(buf_view(&token), policy, &expect, &got);
        if (r->id != NULL && strcmp(r->id, "statement") == 0)
            assert_true(failed(got.status)); /* what depends on it is skipped */
        expect_two(r->name, &got.checks, r->id, r->code, r->also);
        assert_int_equal(ok(got.status), r->id == NULL);
    }
}

/* A claim that both time checks need: two failures, so a row of its own. */
static void test_no_time_of_issue(void **state)
{
    (void)state;
    struct judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, "\"iat\":", "\"iax\":");
    struct buf token CLEANUP(buf_done) = forge_cs_pki(&forge, buf_view(&claims));
    const struct evidence_expect expect = forge_cs_expect(&forge);
    judge(buf_view(&token), policy, &expect, &got);
    assert_string_equal(checks_find(&got.checks, "token.issued")->code, "CS_ISSUED_MISSING");
    assert_string_equal(checks_find(&got.checks, "token.expiry")->code, "CS_LIFETIME_INVALID");
}

/* ---- the key ---- */

struct origin_row {
    const char *name;
    const char *header; /* @LEAF@ @INTER@ @ROOT@ @OTHER@ stand for certificates in base64 */
    const char *id, *code;
};

#define HEAD "{\"alg\":\"RS256\",\"typ\":\"JWT\""

static const struct origin_row ORIGINS[] = {
    {"chain with its root", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\",\"@ROOT@\"]}", NULL, NULL},
    {"chain without its root", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\"]}", NULL, NULL},
    {"chain with a kid as well", HEAD ",\"kid\":\"x\",\"x5c\":[\"@LEAF@\",\"@INTER@\"]}", NULL,
     NULL},
    {"key of the set", HEAD ",\"kid\":\"" FORGE_KID "\"}", NULL, NULL},
    {"no key", HEAD "}", "token.key", "CS_KEY_UNNAMED"},
    {"a key that is not in the set", HEAD ",\"kid\":\"forge-key-2\"}", "token.key",
     "CS_KEY_UNKNOWN"},
    {"a kid that begins like one", HEAD ",\"kid\":\"forge-key-\"}", "token.key", "CS_KEY_UNKNOWN"},
    {"alg none", "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"x\"}", "token", "CS_ALG_NOT_ALLOWED"},
    {"a key in the header", HEAD ",\"jwk\":{}}", "token", "CS_TOKEN_MALFORMED"},
    {"another root", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\",\"@OTHER@\"]}", "token.root",
     "CS_ROOT_UNTRUSTED"},
    {"a root as the leaf", HEAD ",\"x5c\":[\"@OTHER@\"]}", "token.root", "CS_ROOT_UNTRUSTED"},
    {"the root alone", HEAD ",\"x5c\":[\"@ROOT@\"]}", "token.root", "CS_ROOT_UNTRUSTED"},
    {"the root in front", HEAD ",\"x5c\":[\"@ROOT@\",\"@LEAF@\",\"@INTER@\"]}", "token.root",
     "CS_ROOT_UNTRUSTED"},
    {"no certificate", HEAD ",\"x5c\":[\"AAAA\"]}", "token.root", "CS_ROOT_UNTRUSTED"},
    {"no intermediate", HEAD ",\"x5c\":[\"@LEAF@\",\"@ROOT@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
    {"another order", HEAD ",\"x5c\":[\"@INTER@\",\"@LEAF@\",\"@ROOT@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
    {"the intermediate twice", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\",\"@INTER@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
    {"the intermediate as the leaf", HEAD ",\"x5c\":[\"@INTER@\",\"@ROOT@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
};

static struct buf put_certificate(struct bytes header, const char *name, struct bytes der)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    base64_put(&text, der);
    buf_put_u8(&text, 0);
    struct buf out = {.max = 1 << 16};
    buf_put(&out, header);
    while (memmem(out.p, out.n, name, strlen(name)) != NULL) {
        struct buf next = forge_cs_edit(buf_view(&out), name, (const char *)text.p);
        buf_done(&out);
        out = next;
    }
    return out;
}

static struct buf origin_token(const char *header, struct bytes other)
{
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct buf a CLEANUP(buf_done) =
        put_certificate(bytes_str(header), "@LEAF@", buf_view(&forge.certs[2]));
    struct buf b CLEANUP(buf_done) =
        put_certificate(buf_view(&a), "@INTER@", buf_view(&forge.certs[1]));
    struct buf c CLEANUP(buf_done) =
        put_certificate(buf_view(&b), "@ROOT@", buf_view(&forge.certs[0]));
    struct buf d CLEANUP(buf_done) = put_certificate(buf_view(&c), "@OTHER@", other);
    return forge_jwt_sign(forge.keys[2], buf_view(&d), buf_view(&claims));
}

/* The root's name and key under another serial number. */
static struct buf other_root(void)
{
    struct buf out = BUF_MAX(1 << 14);
    struct x509_request r = forge_cs_request(&forge, 0);
    forge_cs_issue(&forge, 0, &r, &out);
    return out;
}

static void test_origins(void **state)
{
    (void)state;
    struct buf other CLEANUP(buf_done) = other_root();
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    for (size_t i = 0; i < sizeof(ORIGINS) / sizeof(ORIGINS[0]); i++) {
        struct judged got;
        struct buf token CLEANUP(buf_done) = origin_token(ORIGINS[i].header, buf_view(&other));
        const struct evidence_expect expect = forge_cs_expect(&forge);
        judge(buf_view(&token), policy, &expect, &got);
        expect_only(ORIGINS[i].name, &got.checks, ORIGINS[i].id, ORIGINS[i].code);
    }
}

static struct buf good_token(bool is_pki)
{
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    return is_pki ? forge_cs_pki(&forge, buf_view(&claims))
                  : forge_cs_oidc(&forge, buf_view(&claims));
}

static void judge_good(const char *name, bool is_pki, const char *policy_from,
                       const char *policy_to, const struct evidence_expect *expect, const char *id,
                       const char *code)
{
    struct judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
        forge_cs_policy(policy_from, policy_to);
    struct buf token CLEANUP(buf_done) = good_token(is_pki);
    judge(buf_view(&token), policy, expect, &got);
    expect_only(name, &got.checks, id, code);
}

static void test_keys(void **state)
{
    (void)state;
    struct evidence_expect expect = forge_cs_expect(&forge);
    judge_good("OIDC refused", false, "\"PKI\",\"OIDC\"", "\"PKI\"", &expect, "token.key",
               "CS_TOKEN_TYPE_REFUSED");
    judge_good("PKI refused", true, "\"PKI\",\"OIDC\"", "\"OIDC\"", &expect, "token.key",
               "CS_TOKEN_TYPE_REFUSED");
    judge_good("key not pinned", false, "\"token_types\"",
               "\"keys\":[\"" FORGE_CS_SIGNER "\"],\"token_types\"", &expect, "token.key",
               "CS_KEY_NOT_PINNED");
    expect.beside.jwks = BYTES_LIT("{\"keys\":[]}");
    judge_good("no set of keys", false, NULL, NULL, &expect, "token.key", "CS_JWKS_MALFORMED");
}

static void test_pinned_key(void **state)
{
    (void)state;
    char pin[128] = "\"keys\":[\"";
    struct jwk_set *set = calloc(1, sizeof(*set));
    struct evidence_expect expect = forge_cs_expect(&forge);
    assert_non_null(set);
    assert_ok(jwk_set_parse(buf_view(&forge.jwks), set));
    hex_encode(BYTES_OF(set->v[0].thumbprint), pin + strlen(pin));
    strncat(pin, "\"],\"token_types\"", sizeof(pin) - strlen(pin) - 1);
    judge_good("key pinned", false, "\"token_types\"", pin, &expect, NULL, NULL);
    jwk_set_done(set);
    free(set);
}

/* Without the issuer's keys nothing can be said, and nothing is. */
static void test_no_jwks(void **state)
{
    (void)state;
    struct judged got;
    struct evidence_expect expect = forge_cs_expect(&forge);
    expect.beside.jwks = (struct bytes){0};
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = good_token(false);
    judge(buf_view(&token), policy, &expect, &got);
    assert_code(got.status, ST_UNSUPPORTED);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_true(checks_find(&got.checks, "token.key")->is_required);
    assert_null(checks_first_failure(&got.checks));
}

/* ---- chains ---- */

static void judge_chain(const char *name, const struct x509_request *leaf, const char *code)
{
    struct judged got;
    struct buf cert CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    forge_cs_issue(&forge, 2, leaf, &cert);
    const struct bytes chain[] = {buf_view(&cert), buf_view(&forge.certs[1])};
    struct buf header CLEANUP(buf_done) = forge_cs_header(chain, 2);
    struct buf token CLEANUP(buf_done) =
        forge_jwt_sign(forge.keys[2], buf_view(&header), buf_view(&claims));
    const struct evidence_expect expect = forge_cs_expect(&forge);
    judge(buf_view(&token), policy, &expect, &got);
    expect_only(name, &got.checks, code ? "token.chain" : NULL, code);
}

static void test_chains(void **state)
{
    (void)state;
    struct x509_request r = forge_cs_request(&forge, 2);
    judge_chain("as it should be", &r, NULL);
    r.not_after_unix_s = FORGE_CS_NOW - 1;
    judge_chain("leaf expired", &r, "CS_CERT_TIME_INVALID");
    r = forge_cs_request(&forge, 2);
    r.not_before_unix_s = FORGE_CS_NOW + 1;
    judge_chain("leaf not yet valid", &r, "CS_CERT_TIME_INVALID");
    r = forge_cs_request(&forge, 2);
    r.is_ca = true;
    judge_chain("leaf is a CA", &r, "CS_CHAIN_INVALID");
    r = forge_cs_request(&forge, 2);
    r.signer.rsa = forge.keys[2];
    judge_chain("leaf signed by its own key", &r, "CS_CHAIN_INVALID");
    r = forge_cs_request(&forge, 2);
    r.issuer_name = "somebody";
    judge_chain("leaf of another issuer", &r, "CS_CHAIN_INVALID");
}

/* ---- revocation ---- */

static struct buf make_crl(bool revokes, int64_t next_update)
{
    struct buf out = BUF_MAX(1 << 14);
    const struct bytes revoked[] = {buf_view(&forge.certs[1])};
    struct x509_crl_request r = {
        .issuer_name = "forge root",
        .this_update_unix_s = FORGE_CS_NOW - 3600,
        .next_update_unix_s = next_update,
        .revoked = revoked,
        .n_revoked = revokes,
        .signer = {.rsa = forge.keys[0], .rsa_alg = RSA_RS256},
    };
    assert_ok(x509_issue_crl(&r, &out));
    return out;
}

static void test_revocation(void **state)
{
    (void)state;
    struct buf fresh CLEANUP(buf_done) = make_crl(false, FORGE_CS_NOW + 3600);
    struct buf old CLEANUP(buf_done) = make_crl(false, FORGE_CS_NOW - 60);
    struct buf revoking CLEANUP(buf_done) = make_crl(true, FORGE_CS_NOW + 3600);
    const struct bytes views[] = {buf_view(&fresh), buf_view(&old), buf_view(&revoking)};
    static const char *const codes[] = {NULL, "CS_REVOCATION_UNAVAILABLE", "CS_CERT_REVOKED"};
    for (size_t i = 0; i < 3; i++) {
        struct evidence_expect expect = forge_cs_expect(&forge);
        expect.beside.crls = &views[i];
        expect.beside.n_crls = 1;
        judge_good("with a CRL", true, NULL, NULL, &expect, codes[i] ? "token.revocation" : NULL,
                   codes[i]);
    }
}

static void test_required_crl_is_missing(void **state)
{
    (void)state;
    struct judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
        forge_cs_policy("\"token_types\"", "\"crl_required\":true,\"token_types\"");
    struct buf token CLEANUP(buf_done) = good_token(true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    judge(buf_view(&token), policy, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_true(checks_find(&got.checks, "token.revocation")->is_required);
}

/* ---- signature ---- */

static void test_signature(void **state)
{
    (void)state;
    struct judged got;
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = forge_jwt_sign(
        forge.keys[1], BYTES_LIT(HEAD ",\"kid\":\"" FORGE_KID "\"}"), buf_view(&claims));
    const struct evidence_expect expect = forge_cs_expect(&forge);
    judge(buf_view(&token), policy, &expect, &got);
    expect_only("signed by another key", &got.checks, "token.signature", "CS_SIGNATURE_INVALID");
}

/* Any bit of a token, header, claims or signature: never accepted. */
static void test_bit_flips(void **state)
{
    (void)state;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = good_token(false);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    for (size_t bit = 0; bit < 8 * token.n; bit += 7) {
        struct judged got;
        token.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        judge(buf_view(&token), policy, &expect, &got);
        if (ok(got.status))
            fail_msg("bit %zu", bit);
        token.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_truncations(void **state)
{
    (void)state;
    struct buf token CLEANUP(buf_done) = good_token(true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    for (size_t n = 0; n < token.n; n += n < 64 || n + 64 > token.n ? 1 : 37) {
        struct judged got;
        judge(bytes_of(token.p, n), NULL, &expect, &got);
        assert_int_equal(got.claimed.is_signed, false);
        assert_true(failed(got.status));
    }
}

/* ---- what the caller knows ---- */

static void test_expectations(void **state)
{
    (void)state;
    uint8_t other[32] = {9};
    struct evidence_expect expect = forge_cs_expect(&forge);
    expect.client_nonce = other;
    judge_good("another client's nonce", true, NULL, NULL, &expect, "nonce", "CS_NONCE_MISMATCH");
    expect = forge_cs_expect(&forge);
    expect.identity_key = other;
    judge_good("another key in use", true, NULL, NULL, &expect, "public_key",
               "CS_PUBKEY_BINDING_MISMATCH");
    expect = forge_cs_expect(&forge);
    expect.beside.statement = (struct bytes){0};
    judge_good("no statement", true, NULL, NULL, &expect, "statement", "CS_STATEMENT_INVALID");
}

/* Each field of the statement is bound: another one of any is another nonce. */
static void test_binding(void **state)
{
    (void)state;
    uint8_t *const fields[] = {forge.statement.nonce,        forge.statement.identity_key,
                               forge.statement.receipt_key,  forge.statement.config_digest,
                               forge.statement.model_digest, forge.statement.device_digest};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct buf text CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
        struct evidence_expect expect = forge_cs_expect(&forge);
        fields[i][31] ^= 1;
        assert_ok(statement_encode(&forge.statement, &text));
        fields[i][31] ^= 1;
        expect.beside.statement = buf_view(&text);
        judge_good("another statement", i % 2, NULL, NULL, &expect, "statement",
                   "CS_STATEMENT_INVALID");
    }
}

static void test_statement_of_another_platform(void **state)
{
    (void)state;
    struct evidence_expect expect;
    forge.statement.platform = BYTES_LIT("intel-tdx");
    forge_cs_bind(&forge);
    expect = forge_cs_expect(&forge);
    judge_good("another platform", true, NULL, NULL, &expect, "platform",
               "STATEMENT_PLATFORM_MISMATCH");
    forge.statement.platform = BYTES_LIT("gcp-confidential-space");
    forge_cs_bind(&forge);
}

/* Somebody else's workload: no statement of ours, the nonce is given as it is. */
static void test_foreign_token(void **state)
{
    (void)state;
    struct evidence_expect expect = {
        .at_unix_s = FORGE_CS_NOW,
        .beside = {.jwks = buf_view(&forge.jwks)},
    };
    expect.nonce = bytes_str(forge.nonce);
    judge_good("its nonce", false, "\"service\":\"forge.service\",", "", &expect, NULL, NULL);
    uint8_t digest[SHA256_LEN];
    assert_ok(hex_decode(bytes_str(forge.nonce), digest, sizeof(digest)));
    expect.nonce = BYTES_OF(digest);
    judge_good("its nonce, which is hexadecimal", false, "\"service\":\"forge.service\",", "",
               &expect, NULL, NULL);
    digest[0] ^= 1;
    judge_good("one bit of it", false, "\"service\":\"forge.service\",", "", &expect, "nonce",
               "CS_NONCE_MISMATCH");
    expect.nonce = BYTES_LIT("0123456789");
    judge_good("another nonce", false, "\"service\":\"forge.service\",", "", &expect, "nonce",
               "CS_NONCE_MISMATCH");
}

static void test_policy_without_rules(void **state)
{
    (void)state;
    struct judged got;
    struct evidence_policy policy = {.freshness_mask = 1};
    struct buf token CLEANUP(buf_done) = good_token(true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    judge(buf_view(&token), &policy, &expect, &got);
    expect_only("no rules", &got.checks, "policy", "POLICY_PLATFORM_REFUSED");
}

/* Authentic, and nobody says what to accept. */
static void test_no_policy(void **state)
{
    (void)state;
    struct judged got;
    struct buf token CLEANUP(buf_done) = good_token(true);
    const struct evidence_expect expect = {.at_unix_s = FORGE_CS_NOW};
    judge(buf_view(&token), NULL, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_null(checks_first_failure(&got.checks));
    assert_true(got.claimed.is_signed);
    assert_string_equal(evidence_facts_find(&got.claimed.facts, "image_digest"), FORGE_CS_DIGEST);
    assert_string_equal(evidence_facts_find(&got.claimed.facts, "support_attributes"),
                        "LATEST,STABLE,USABLE");
    assert_string_equal(evidence_facts_find(&got.claimed.facts, "nvidia_gpu.count"), "1");
}

/* Without a policy what a production image must have is judged all the same. */
static void test_no_policy_defaults(void **state)
{
    (void)state;
    static const struct row DEFAULTS[] = {
        {"debug", "disabled-since-boot", "enabled", .id = "token.debug", .code = "CS_DEBUG_IMAGE"},
        {"not stable", "\"STABLE\",", "", .id = "token.support", .code = "CS_SUPPORT_MISSING"},
        {"TCB", "UpToDate", "Revoked", .id = "token.tdx", .code = "CS_TDX_TCB_REFUSED"},
        {"GPU", "\"ON\"", "\"OFF\"", .id = "token.gpu", .code = "CS_GPU_NOT_CONFIDENTIAL"},
    };
    const struct evidence_expect expect = {.at_unix_s = FORGE_CS_NOW};
    for (size_t i = 0; i < sizeof(DEFAULTS) / sizeof(DEFAULTS[0]); i++) {
        struct judged got;
        struct buf claims CLEANUP(buf_done) =
            forge_cs_claims(&forge, DEFAULTS[i].from, DEFAULTS[i].to);
        struct buf token CLEANUP(buf_done) = forge_cs_pki(&forge, buf_view(&claims));
        judge(buf_view(&token), NULL, &expect, &got);
        expect_only(DEFAULTS[i].name, &got.checks, DEFAULTS[i].id, DEFAULTS[i].code);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    struct judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = good_token(true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    judge(buf_view(&token), policy, &expect, &got);
    assert_ok(got.status);
    assert_string_equal(got.verified.release, "r1");
    assert_true(got.verified.has_statement);
    assert_int_equal(got.verified.timestamp_ms, UINT64_C(1749999940000));
    assert_memory_equal(got.verified.statement.receipt_key, forge.statement.receipt_key, 32);
}

static int set_up(void **state)
{
    (void)state;
    forge_cs_init(&forge);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_cs_done(&forge);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_no_time_of_issue),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_pinned_key),
        cmocka_unit_test(test_no_jwks),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_required_crl_is_missing),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_statement_of_another_platform),
        cmocka_unit_test(test_foreign_token),
        cmocka_unit_test(test_policy_without_rules),
        cmocka_unit_test(test_no_policy),
        cmocka_unit_test(test_no_policy_defaults),
        cmocka_unit_test(test_accepted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
