/* The checks of tee/verify/cs, over tokens that are forged under a root of this program's own. Each
 * (id, code) of the table in cs_kind.c has a row that expects exactly it. */
#include "support/judge_cs.h"

static struct forge_cs forge;

/* In place of the pinned root: this object stands before the archive's. */
struct bytes cs_root(void)
{
    return buf_view(&forge.certs[0]);
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
        struct forge_cs_judged got;
        struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
            forge_cs_policy(r->policy_from, r->policy_to);
        struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, r->from, r->to);
        struct buf token CLEANUP(buf_done) = i % 2 ? forge_cs_oidc(&forge, buf_view(&claims))
                                                   : forge_cs_pki(&forge, buf_view(&claims));
        const struct evidence_expect expect = forge_cs_expect(&forge);
        forge_cs_judge(buf_view(&token), policy, &expect, &got);
        if (r->id != NULL && strcmp(r->id, "statement") == 0)
            assert_true(failed(got.status)); /* what depends on it is skipped */
        forge_cs_expect_two(r->name, &got.checks, r->id, r->code, r->also);
        assert_int_equal(ok(got.status), r->id == NULL);
    }
}

/* A claim that both time checks need: two failures, so a row of its own. */
static void test_no_time_of_issue(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, "\"iat\":", "\"iax\":");
    struct buf token CLEANUP(buf_done) = forge_cs_pki(&forge, buf_view(&claims));
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    assert_string_equal(checks_find(&got.checks, "token.issued")->code, "CS_ISSUED_MISSING");
    assert_string_equal(checks_find(&got.checks, "token.expiry")->code, "CS_LIFETIME_INVALID");
}

/* ---- what the caller knows ---- */

static void test_expectations(void **state)
{
    (void)state;
    uint8_t other[32] = {9};
    struct evidence_expect expect = forge_cs_expect(&forge);
    expect.client_nonce = other;
    forge_cs_judge_good(&forge, "another client's nonce", true, NULL, NULL, &expect, "nonce",
                        "CS_NONCE_MISMATCH");
    expect = forge_cs_expect(&forge);
    expect.identity_key = other;
    forge_cs_judge_good(&forge, "another key in use", true, NULL, NULL, &expect, "public_key",
                        "CS_PUBKEY_BINDING_MISMATCH");
    expect = forge_cs_expect(&forge);
    expect.beside.statement = (struct bytes){0};
    forge_cs_judge_good(&forge, "no statement", true, NULL, NULL, &expect, "statement",
                        "CS_STATEMENT_INVALID");
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
        forge_cs_judge_good(&forge, "another statement", i % 2, NULL, NULL, &expect, "statement",
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
    forge_cs_judge_good(&forge, "another platform", true, NULL, NULL, &expect, "platform",
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
    forge_cs_judge_good(&forge, "its nonce", false, "\"service\":\"forge.service\",", "", &expect,
                        NULL, NULL);
    uint8_t digest[SHA256_LEN];
    assert_ok(hex_decode(bytes_str(forge.nonce), digest, sizeof(digest)));
    expect.nonce = BYTES_OF(digest);
    forge_cs_judge_good(&forge, "its nonce, which is hexadecimal", false,
                        "\"service\":\"forge.service\",", "", &expect, NULL, NULL);
    digest[0] ^= 1;
    forge_cs_judge_good(&forge, "one bit of it", false, "\"service\":\"forge.service\",", "",
                        &expect, "nonce", "CS_NONCE_MISMATCH");
    expect.nonce = BYTES_LIT("0123456789");
    forge_cs_judge_good(&forge, "another nonce", false, "\"service\":\"forge.service\",", "",
                        &expect, "nonce", "CS_NONCE_MISMATCH");
}

static void test_policy_without_rules(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct evidence_policy policy = {.freshness_mask = 1};
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), &policy, &expect, &got);
    forge_cs_expect_only("no rules", &got.checks, "policy", "POLICY_PLATFORM_REFUSED");
}

/* Authentic, and nobody says what to accept. */
static void test_no_policy(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    const struct evidence_expect expect = {.at_unix_s = FORGE_CS_NOW};
    forge_cs_judge(buf_view(&token), NULL, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_null(checks_first_failure(&got.checks));
    assert_true(got.claimed.is_signed);
    assert_string_equal(evidence_facts_find(&got.claimed.facts, "image_digest"), FORGE_CS_DIGEST);
    assert_string_equal(evidence_facts_find(&got.claimed.facts, "support_attributes"),
                        "LATEST,STABLE,USABLE");
    assert_string_equal(evidence_facts_find(&got.claimed.facts, "nvidia_gpu.count"), "1");
}

/* Any time may be asked for: no sum of times overflows (the sanitizers look). */
static void test_end_of_time(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    const struct evidence_expect expect = {.at_unix_s = INT64_MAX};
    forge_cs_judge(buf_view(&token), NULL, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_REJECT);
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
        struct forge_cs_judged got;
        struct buf claims CLEANUP(buf_done) =
            forge_cs_claims(&forge, DEFAULTS[i].from, DEFAULTS[i].to);
        struct buf token CLEANUP(buf_done) = forge_cs_pki(&forge, buf_view(&claims));
        forge_cs_judge(buf_view(&token), NULL, &expect, &got);
        forge_cs_expect_only(DEFAULTS[i].name, &got.checks, DEFAULTS[i].id, DEFAULTS[i].code);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
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
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_statement_of_another_platform),
        cmocka_unit_test(test_foreign_token),
        cmocka_unit_test(test_policy_without_rules),
        cmocka_unit_test(test_no_policy),
        cmocka_unit_test(test_end_of_time),
        cmocka_unit_test(test_no_policy_defaults),
        cmocka_unit_test(test_accepted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
