#include "tee/verify/cs/cs_job.h"

#include "base/text.h"

#define CLAIMS   "Google Cloud, Confidential Space, Attestation token claims: "
#define EXTERNAL "Google Cloud, Confidential Space, Connect external resources: "

/* Order matters: each stage stands on the ones before it. docs/ATTESTATION.md has the same rows. */
static const struct evidence_check CHECKS[] = {
    {"token", NEEDS_NOTHING, cs_check_token, "CS_TOKEN_MALFORMED",
     "Fetch the token again; it must be the compact form, without a byte around it.",
     "RFC 7515, section 7.1; RFC 7519, section 7.2"},
    {"token.key", NEEDS_PARSED, cs_check_key, "CS_KEY_UNNAMED",
     "Ask the launcher for a PKI token, or give Google's key set of the token's day.",
     EXTERNAL "verify tokens; RFC 7517"},
    {"token.root", NEEDS_ROOT, cs_check_root, "CS_ROOT_UNTRUSTED",
     "Only the Confidential Space root that Google publishes is an anchor: do not use this "
     "service.",
     EXTERNAL "PKI tokens; RFC 7515, section 4.1.6"},
    {"token.chain", NEEDS_TIME, cs_check_chain, "CS_CHAIN_INVALID",
     "The certificates do not lead to the pinned root, or not at this time: check the clock.",
     EXTERNAL "PKI tokens; RFC 5280, section 6.1"},
    {"token.revocation", CS_NEEDS_SIGNATURE, cs_check_revocation, "CS_REVOCATION_UNAVAILABLE",
     "Give current CRLs of every certificate that names one, or a policy without crl_required.",
     "RFC 5280, section 6.3"},
    {"token.signature", CS_NEEDS_SIGNATURE, cs_check_signature, "CS_SIGNATURE_INVALID",
     "The token was altered or made up: do not use this service.",
     "RFC 7515, section 5.2; RFC 7518, section 3.3"},
    {"token.claims", CS_NEEDS_CLAIMS, cs_check_claims, "CS_CLAIMS_MALFORMED",
     "The claims are not what Google documents: look for a newer version of this program.",
     CLAIMS "top-level and submods claims"},
    {"token.issuer", NEEDS_SIGNED, cs_check_issuer, "CS_ISSUER_MISMATCH",
     "Only tokens of " CS_ISSUER " are judged.", CLAIMS "iss"},
    {"token.audience", NEEDS_SIGNED, cs_check_audience, "CS_AUDIENCE_MISMATCH",
     "The token was made for somebody else: add the audience to the policy's audiences if it is "
     "yours.",
     CLAIMS "aud; RFC 7519, section 4.1.3"},
    {"token.expiry", NEEDS_SIGNED, cs_check_expiry, "CS_EXPIRED",
     "Check the clock; to judge an old token at its own time, give that time.",
     CLAIMS "exp; RFC 7519, section 4.1.4"},
    {"token.not_before", NEEDS_SIGNED, cs_check_not_before, "CS_NOT_YET_VALID",
     "Check both clocks.", CLAIMS "nbf; RFC 7519, section 4.1.5"},
    {"token.issued", NEEDS_SIGNED, cs_check_issued, "CS_TOKEN_STALE",
     "Check both clocks, fetch a fresh token, or raise max_age_s in the policy.",
     CLAIMS "iat; RFC 7519, section 4.1.6"},
    {"token.hardware", NEEDS_SIGNED, cs_check_hardware, "CS_HARDWARE_MISMATCH",
     "Use a machine of a kind that the policy's hwmodels list; GCP_SHIELDED_VM is none.",
     CLAIMS "hwmodel"},
    {"token.oem", NEEDS_SIGNED, cs_check_oem, "CS_OEM_MISMATCH",
     "The token speaks of a machine that is not Google's: do not use it.", CLAIMS "oemid"},
    {"token.secure_boot", NEEDS_SIGNED, cs_check_secure_boot, "CS_SECURE_BOOT_OFF",
     "Start the machine with Secure Boot.", CLAIMS "secboot"},
    {"token.debug", NEEDS_SIGNED, cs_check_debug, "CS_DEBUG_IMAGE",
     "Run the production image (confidential-space), not confidential-space-debug.",
     CLAIMS "dbgstat"},
    {"token.software", NEEDS_SIGNED, cs_check_software, "CS_SOFTWARE_MISMATCH",
     "Run a Confidential Space image.", CLAIMS "swname"},
    {"token.version", NEEDS_SIGNED, cs_check_version, "CS_VERSION_TOO_OLD",
     "Restart the machine on a newer image, or lower min_swversion in the policy.",
     CLAIMS "swversion"},
    {"token.support", NEEDS_SIGNED, cs_check_support, "CS_SUPPORT_MISSING",
     "Restart the machine on an image that Google supports.",
     CLAIMS "confidential_space.support_attributes; Confidential Space image lifecycle"},
    {"token.monitoring", NEEDS_SIGNED, cs_check_monitoring, "CS_MONITORING_MISMATCH",
     "Start the machine with tee-monitoring-memory-enable as the policy's memory_monitoring says.",
     CLAIMS "confidential_space.monitoring_enabled"},
    {"token.attester", NEEDS_SIGNED, cs_check_attester, "CS_ATTESTER_MISMATCH",
     "The token contradicts itself: do not use it.", CLAIMS "attester_tcb"},
    {"token.tdx", NEEDS_SIGNED, cs_check_tdx, "CS_TDX_TCB_REFUSED",
     "Move the machine to a host with newer firmware, or add the status to tdx_tcb_statuses.",
     CLAIMS "Intel TDX claims"},
    {"token.gpu", NEEDS_SIGNED, cs_check_gpu, "CS_GPU_NOT_CONFIDENTIAL",
     "Start the machine with a GPU in confidential mode, as the policy's nvidia_gpu says.",
     CLAIMS "nvidia_gpu"},
    EVIDENCE_POLICY_ROW,
    {"token.image", NEEDS_SIGNED, cs_check_image, "CS_IMAGE_MISMATCH",
     "Another image runs there. If it is a release that you trust, add it to the policy's "
     "releases.",
     CLAIMS "Workload container claims"},
    {"token.image_signers", NEEDS_SIGNED, cs_check_signers, "CS_IMAGE_UNSIGNED",
     "Sign the image with a key of the policy's image_signers, and name the signature's repository "
     "to the launcher.",
     CLAIMS "Container image signature claims"},
    {"token.env", NEEDS_SIGNED, cs_check_env, "CS_ENV_MISMATCH",
     "The workload runs with other variables than the policy's env.", CLAIMS "env"},
    {"token.env_override", NEEDS_SIGNED, cs_check_env_override, "CS_ENV_OVERRIDDEN",
     "Start the machine without these variables, or allow them in the policy's env_override.",
     CLAIMS "env_override"},
    {"token.cmd_override", NEEDS_SIGNED, cs_check_cmd_override, "CS_CMD_OVERRIDDEN",
     "Start the machine without tee-cmd, or allow that command in the policy's cmd_override.",
     CLAIMS "cmd_override"},
    {"token.restart", NEEDS_SIGNED, cs_check_restart, "CS_RESTART_POLICY_MISMATCH",
     "Start the machine with tee-restart-policy as the policy's restart_policies say.",
     CLAIMS "restart_policy"},
    {"token.subject", NEEDS_SIGNED, cs_check_subject, "CS_SUBJECT_MISMATCH",
     "The token contradicts itself: do not use it.", CLAIMS "sub; Compute Engine claims"},
    {"token.project", NEEDS_SIGNED, cs_check_project, "CS_PROJECT_MISMATCH",
     "The machine is in another project than the policy names.", CLAIMS "gce.project_id"},
    {"token.zone", NEEDS_SIGNED, cs_check_zone, "CS_ZONE_MISMATCH",
     "The machine is in another zone than the policy names.", CLAIMS "gce.zone"},
    {"token.instance", NEEDS_SIGNED, cs_check_instance, "CS_INSTANCE_MISMATCH",
     "This is another machine than the policy names.", CLAIMS "gce.instance_id"},
    {"token.accounts", NEEDS_SIGNED, cs_check_accounts, "CS_SERVICE_ACCOUNT_MISMATCH",
     "The workload runs as an account that the policy's service_accounts do not list.",
     CLAIMS "google_service_accounts"},
    EVIDENCE_STATEMENT_ROWS(
        "CS_STATEMENT_INVALID",
        "The enclave must run this software, and send the statement whose digest is in eat_nonce.",
        "CS_NONCE_MISMATCH", "CS_PUBKEY_BINDING_MISMATCH"),
};

enum { N_CHECKS = sizeof(CHECKS) / sizeof(CHECKS[0]) };

status cs_nonce_text(const uint8_t binding[static STATEMENT_BINDING_LEN],
                     char out[static CS_NONCE_TEXT_LEN + 1])
{
    uint8_t digest[SHA256_LEN];
    TRY(sha256(bytes_of(binding, STATEMENT_BINDING_LEN), digest));
    hex_encode(BYTES_OF(digest), out);
    return OK;
}

static bool has_rules(const struct evidence_policy *p)
{
    return p->confidential_space.is_present;
}

static bool binds(const struct evidence_job *j, const struct statement *s,
                  const uint8_t binding[static STATEMENT_BINDING_LEN])
{
    char text[CS_NONCE_TEXT_LEN + 1];
    (void)s;
    return ok(cs_nonce_text(binding, text)) &&
           cs_list_has(&cs_state_of(j)->claims.nonces, bytes_str(text));
}

static void done(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    jwt_done(&c->token);
    jwk_set_done(&c->keys);
    cs_claims_done(&c->claims);
}

const struct evidence_kind cs_token_kind = {
    .type = EVIDENCE_CS_TOKEN,
    .name = "cs-token",
    .platform = STATEMENT_PLATFORM_CS,
    .checks = CHECKS,
    .n_checks = N_CHECKS,
    .state_bytes = sizeof(struct cs_state),
    .has_rules = has_rules,
    .binds = binds,
    .done = done,
};
