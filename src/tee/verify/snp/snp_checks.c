#include "tee/verify/snp/snp_job.h"

#define ABI "AMD 56860 (SEV-SNP firmware ABI) "
#define KDS "AMD 57230 (VCEK certificates and KDS interface) "

#define FORGED  "The report was altered or made up: do not use this service."
#define OTHER   "Another guest runs there. If it is a release that you trust, add it to the policy."
#define UPDATE  "Ask the operator to update the machine's firmware, or lower the policy's floor."
#define DEFINED "The guest was launched in another way than the policy asks for: do not use it."

/* Order matters: each stage stands on the ones before it. docs/ATTESTATION.md has the same rows. */
static const struct evidence_check CHECKS[] = {
    {"report", NEEDS_NOTHING, snp_check_report, "SNP_REPORT_MALFORMED",
     "Fetch the evidence again; it must be the 1184 bytes of a report of version 2, 3 or 5.",
     ABI "section 7.3, ATTESTATION_REPORT"},
    {"vek", NEEDS_PARSED, snp_check_vek, "SNP_CERT_MALFORMED",
     "Give the VCEK or VLEK certificate of the machine (--certs): the host's certificate table or "
     "AMD's key distribution service has it.",
     KDS "certificate extensions"},
    {"vek.key", SNP_NEEDS_LEAF, snp_check_key, "SNP_SIGNING_KEY_MISMATCH",
     "Give the certificate of the key that signed this report.", ABI "section 7.3, SIGNING_KEY"},
    {"product", SNP_NEEDS_LEAF, snp_check_product, "SNP_PRODUCT_MISMATCH",
     "The certificate is not of the processor that made this report: do not use this service.",
     KDS "certificate extensions, productName; " ABI "section 7.3, CPUID_FAM_ID"},
    {"ark", NEEDS_ROOT, snp_check_ark, "SNP_ROOT_UNTRUSTED",
     "The certificates do not come from AMD: do not use this service.", KDS "certificate chain"},
    {"vek.time", NEEDS_ROOT, snp_check_time, "SNP_CERT_TIME_INVALID",
     "Check the clock; to judge old evidence at its own time, give that time.",
     "RFC 5280 section 6.1.3"},
    {"vek.chain", NEEDS_TIME, snp_check_chain, "SNP_CERT_CHAIN_INVALID",
     "The certificates do not lead to AMD's root: do not use this service.",
     "RFC 5280 section 6.1; " KDS "certificate chain"},
    {"vek.revocation", NEEDS_CHAIN, snp_check_revocation, "SNP_CRL_INVALID",
     "Give the current CRL of the product's ARK, from AMD's key distribution service.",
     "RFC 5280 section 6.3; " KDS "CRL"},
    {"report.signature", NEEDS_CHAIN, snp_check_signature, "SNP_REPORT_SIG_INVALID", FORGED,
     ABI "section 7.3, SIGNATURE; chapter 10, ECDSA P-384"},
    {"vek.hwid", NEEDS_SIGNED, snp_check_hwid, "SNP_HWID_MISMATCH",
     "Give the certificate of the chip that made this report.",
     KDS "certificate extensions, hwID; " ABI "section 7.3, CHIP_ID"},
    {"tcb", NEEDS_SIGNED, snp_check_tcb, "SNP_TCB_MALFORMED", FORGED, ABI "section 2.2"},
    {"vek.tcb", NEEDS_SIGNED, snp_check_vek_tcb, "SNP_VEK_TCB_MISMATCH",
     "Give the certificate for the firmware that the report names (REPORTED_TCB).",
     KDS "certificate extensions, blSPL to ucodeSPL; " ABI "section 7.3, REPORTED_TCB"},
    {"guest.policy", NEEDS_SIGNED, snp_check_guest_policy, "SNP_GUEST_POLICY_INVALID",
     "The guest uses features that are not judged here: do not use this service.",
     ABI "section 4.3, guest policy"},
    {"guest.debug", NEEDS_SIGNED, snp_check_debug, "SNP_DEBUG_MODE",
     "Launch the guest without the DEBUG bit: the host reads a debug guest's memory.",
     ABI "section 4.3, DEBUG"},
    EVIDENCE_POLICY_ROW,
    {"product.allowed", NEEDS_SIGNED, snp_check_product_allowed, "SNP_PRODUCT_REFUSED",
     "Use a machine of an accepted product line, or add its line to the policy's products.",
     "docs/POLICY.md"},
    {"report.version", NEEDS_SIGNED, snp_check_version, "SNP_REPORT_VERSION_LOW", UPDATE,
     ABI "section 7.3, VERSION"},
    {"vek.allowed", NEEDS_SIGNED, snp_check_key_allowed, "SNP_SIGNING_KEY_REFUSED",
     "Add the kind of key to signing_keys, and a provider to csp_ids, if you trust it.",
     KDS "certificate extensions, cspID"},
    {"chip", NEEDS_SIGNED, snp_check_chip, "SNP_CHIP_REFUSED",
     "Use a chip that the policy names, or add its id to chip_ids.", ABI "section 7.3, CHIP_ID"},
    {"tcb.reported", NEEDS_SIGNED, snp_check_tcb_reported, "SNP_TCB_REPORTED_LOW", UPDATE,
     ABI "section 7.3, REPORTED_TCB"},
    {"tcb.committed", NEEDS_SIGNED, snp_check_tcb_committed, "SNP_TCB_COMMITTED_LOW", UPDATE,
     ABI "section 7.3, COMMITTED_TCB"},
    {"tcb.launch", NEEDS_SIGNED, snp_check_tcb_launch, "SNP_TCB_LAUNCH_LOW",
     "Launch the guest again on updated firmware, or lower the policy's floor.",
     ABI "section 7.3, LAUNCH_TCB"},
    {"firmware", NEEDS_SIGNED, snp_check_firmware, "SNP_FIRMWARE_LOW", UPDATE,
     ABI "section 7.3, COMMITTED_MAJOR to COMMITTED_BUILD"},
    {"mitigations", NEEDS_SIGNED, snp_check_mitigations, "SNP_MITIGATION_MISSING", UPDATE,
     ABI "section 7.3 (revision 1.58), LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR"},
    {"platform_info", NEEDS_SIGNED, snp_check_platform_info, "SNP_PLATFORM_INFO_MISMATCH",
     "Use a machine that is set up as the policy's platform_info asks.",
     ABI "section 7.3, PLATFORM_INFO"},
    {"vmpl", NEEDS_SIGNED, snp_check_vmpl, "SNP_VMPL_REFUSED",
     "The policy's vmpl must be the level at which the attesting code runs.",
     ABI "section 7.3, VMPL"},
    {"guest.migration", NEEDS_SIGNED, snp_check_migration, "SNP_MIGRATION_AGENT",
     "Launch the guest without a migration agent, or set allow_migration_agent.",
     ABI "section 4.3, MIGRATE_MA; section 7.3, REPORT_ID_MA"},
    {"guest.abi", NEEDS_SIGNED, snp_check_abi, "SNP_GUEST_ABI_LOW", DEFINED,
     ABI "section 4.3, ABI_MAJOR and ABI_MINOR"},
    {"guest.flags", NEEDS_SIGNED, snp_check_guest_flags, "SNP_GUEST_FLAGS_MISMATCH", DEFINED,
     ABI "section 4.3, guest policy"},
    {"launch.measurement", NEEDS_SIGNED, snp_check_measurement, "SNP_MEASUREMENT_MISMATCH", OTHER,
     ABI "section 7.3, MEASUREMENT"},
    {"launch.host_data", NEEDS_SIGNED, snp_check_host_data, "SNP_HOST_DATA_MISMATCH", OTHER,
     ABI "section 7.3, HOST_DATA"},
    {"launch.id_key", NEEDS_SIGNED, snp_check_id_key, "SNP_ID_KEY_MISMATCH", OTHER,
     ABI "section 7.3, ID_KEY_DIGEST"},
    {"launch.author_key", NEEDS_SIGNED, snp_check_author_key, "SNP_AUTHOR_KEY_MISMATCH", OTHER,
     ABI "section 7.3, AUTHOR_KEY_DIGEST and AUTHOR_KEY_EN"},
    {"launch.family_id", NEEDS_SIGNED, snp_check_family_id, "SNP_FAMILY_ID_MISMATCH", OTHER,
     ABI "section 7.3, FAMILY_ID"},
    {"launch.image_id", NEEDS_SIGNED, snp_check_image_id, "SNP_IMAGE_ID_MISMATCH", OTHER,
     ABI "section 7.3, IMAGE_ID"},
    {"launch.guest_svn", NEEDS_SIGNED, snp_check_guest_svn, "SNP_GUEST_SVN_LOW", OTHER,
     ABI "section 7.3, GUEST_SVN"},
    {"report_data", NEEDS_SIGNED, snp_check_report_data, "SNP_REPORT_DATA_MISMATCH",
     "The report was made for somebody else or replayed: connect again; do not use it.",
     ABI "section 7.3, REPORT_DATA"},
    EVIDENCE_STATEMENT_ROWS(
        "SNP_STATEMENT_INVALID",
        "The guest must run this software and put its statement's binding into REPORT_DATA.",
        "SNP_NONCE_MISMATCH", "SNP_PUBKEY_BINDING_MISMATCH"),
};

static bool has_rules(const struct evidence_policy *p)
{
    return p->snp.is_present;
}

static bool binds(const struct evidence_job *j, const struct statement *s,
                  const uint8_t binding[static STATEMENT_BINDING_LEN])
{
    (void)s;
    return bytes_equal(snp_signed(j)->report_data, bytes_of(binding, STATEMENT_BINDING_LEN));
}

const struct evidence_kind snp_kind = {
    .type = EVIDENCE_SNP,
    .name = "snp",
    .platform = STATEMENT_PLATFORM_SNP,
    .checks = CHECKS,
    .n_checks = sizeof(CHECKS) / sizeof(CHECKS[0]),
    .state_bytes = sizeof(struct snp_state),
    .has_rules = has_rules,
    .has_report_data = true,
    .binds = binds,
    .done = snp_origin_done,
};
