#include "tee/verify/dcap/dcap.h"

#include "tee/verify/dcap/dcap_job.h"

#define QVL    "Intel TDX DCAP Quoting Library API, appendix A.3, "
#define SGX_QL "Intel SGX ECDSA Quote Library Reference, "
#define PCS    "Intel SGX and TDX PCS API version 4, "
#define PCK    "Intel SGX PCK Certificate and CRL Profile, "
#define TDX    "Intel TDX Module 1.5 ABI, "
#define SDM    "Intel SDM volume 3D, "
#define POLICY "docs/POLICY.md"

#define FETCH_FIX    "Fetch the quote again; it must be the platform's own bytes."
#define FORGED_FIX   "The quote was altered or made up: do not use this service."
#define NO_USE_FIX   "Do not use this service."
#define GIVE_FIX     "Give Intel's current collateral for this platform (--collateral)."
#define PLATFORM_FIX "Its operator must update the platform's firmware and TDX module."
#define TABLE_FIX    "The collateral was altered or is not Intel's: fetch it again."

/* clang-format off */

/* The first rows of both tables: did an Intel platform make it? */
#define QUOTE_ROWS \
    {"quote", NEEDS_NOTHING, dcap_check_quote, "DCAP_QUOTE_MALFORMED", FETCH_FIX, QVL \
     "quote header and body; " SGX_QL "appendix A.4"}, \
    {"quote.certification", NEEDS_PARSED, dcap_check_certification, \
     "DCAP_CERTIFICATION_MALFORMED", \
     "The platform must give its PCK certificates in the quote (type 5), or beside it " \
     "(type 1).", QVL "QE certification data; " SGX_QL "appendix A.4"}, \
    {"collateral", NEEDS_PARSED, dcap_check_collateral, "DCAP_COLLATERAL_MALFORMED", GIVE_FIX, \
     PCS "Get TCB Info, Get QE Identity, Get CRL"}, \
    {"qe.vendor", DCAP_CERTIFIED, dcap_check_vendor, "DCAP_QE_VENDOR_UNKNOWN", NO_USE_FIX, QVL \
     "quote header, QE vendor id"}, \
    {"pck.root", DCAP_CERTIFIED, dcap_check_pck_root, "DCAP_ROOT_UNTRUSTED", \
     "A quote of an Intel platform chains to the Intel SGX Root CA.", PCK "Intel SGX Root CA"}, \
    {"pck.time", NEEDS_ROOT, dcap_check_pck_time, "DCAP_PCK_TIME_INVALID", \
     "Check the clock; to judge an old quote at its own time, give that time.", \
     "RFC 5280, section 6.1.3 (a)(2)"}, \
    {"pck.chain", NEEDS_TIME, dcap_check_pck_chain, "DCAP_PCK_CHAIN_INVALID", FORGED_FIX, PCK \
     "PCK certificate; RFC 5280, section 6.1"}, \
    {"pck.extension", DCAP_PCK_PROVEN, dcap_check_pck_extension, "DCAP_PCK_EXTENSION_INVALID", \
     FORGED_FIX, PCK "SGX extensions"}, \
    {"qe.signature", NEEDS_CHAIN, dcap_check_qe_signature, "DCAP_QE_SIG_INVALID", FORGED_FIX, \
     QVL "QE report certification data"}, \
    {"qe.binding", DCAP_QE_SIGNED, dcap_check_qe_binding, "DCAP_QE_BINDING_MISMATCH", \
     FORGED_FIX, QVL "QE report certification data"}, \
    {"quote.signature", DCAP_QE_BOUND, dcap_check_quote_signature, "DCAP_QUOTE_SIG_INVALID", \
     FORGED_FIX, QVL "ECDSA quote signature data"}

/* Are Intel's tables genuine and current, and is a certificate revoked? */
#define COLLATERAL_ROWS \
    {"tcb_info.chain", NEEDS_SIGNED, dcap_check_tcb_info_chain, "DCAP_TCB_INFO_CHAIN_INVALID", \
     TABLE_FIX, PCS "Get TCB Info, TCB-Info-Issuer-Chain"}, \
    {"tcb_info.signature", NEEDS_SIGNED, dcap_check_tcb_info_signature, \
     "DCAP_TCB_INFO_SIG_INVALID", TABLE_FIX, PCS "Get TCB Info, signature"}, \
    {"tcb_info", NEEDS_SIGNED, dcap_check_tcb_info_form, "DCAP_TCB_INFO_MALFORMED", GIVE_FIX, \
     PCS "Get TCB Info"}, \
    {"tcb_info.time", NEEDS_SIGNED, dcap_check_tcb_info_time, "DCAP_TCB_INFO_EXPIRED", \
     GIVE_FIX, PCS "Get TCB Info, issueDate and nextUpdate"}, \
    {"tcb_info.platform", NEEDS_SIGNED, dcap_check_tcb_info_platform, "DCAP_FMSPC_MISMATCH", \
     GIVE_FIX, PCS "Get TCB Info, fmspc and pceId"}, \
    {"qe_identity.chain", NEEDS_SIGNED, dcap_check_qe_identity_chain, \
     "DCAP_QE_IDENTITY_CHAIN_INVALID", TABLE_FIX, PCS \
     "Get QE Identity, SGX-Enclave-Identity-Issuer-Chain"}, \
    {"qe_identity.signature", NEEDS_SIGNED, dcap_check_qe_identity_signature, \
     "DCAP_QE_IDENTITY_SIG_INVALID", TABLE_FIX, PCS "Get QE Identity, signature"}, \
    {"qe_identity", NEEDS_SIGNED, dcap_check_qe_identity_form, "DCAP_QE_IDENTITY_MALFORMED", \
     GIVE_FIX, PCS "Get QE Identity"}, \
    {"qe_identity.time", NEEDS_SIGNED, dcap_check_qe_identity_time, "DCAP_QE_IDENTITY_EXPIRED", \
     GIVE_FIX, PCS "Get QE Identity, issueDate and nextUpdate"}, \
    {"crl.root", NEEDS_SIGNED, dcap_check_root_crl, "DCAP_ROOT_CRL_INVALID", GIVE_FIX, PCK \
     "CRL; RFC 5280, section 6.3.3"}, \
    {"crl.pck", NEEDS_SIGNED, dcap_check_pck_crl, "DCAP_PCK_CRL_INVALID", GIVE_FIX, PCK \
     "CRL; RFC 5280, section 6.3.3"}, \
    {"crl.serials", NEEDS_SIGNED, dcap_check_revocation, "DCAP_CERT_REVOKED", \
     "Intel has withdrawn the certificate: do not use this service.", PCK \
     "CRL; RFC 5280, section 6.3.3 (j)"}, \
    {"collateral.age", NEEDS_SIGNED, dcap_check_age, "DCAP_COLLATERAL_TOO_OLD", GIVE_FIX, \
     POLICY}, \
    {"collateral.evaluation", NEEDS_SIGNED, dcap_check_evaluation, "DCAP_EVALUATION_TOO_LOW", \
     GIVE_FIX, PCS "tcbEvaluationDataNumber; " POLICY}, \
    {"collateral.rollback", NEEDS_SIGNED, dcap_check_rollback, "DCAP_COLLATERAL_ROLLBACK", \
     GIVE_FIX, PCS "tcbEvaluationDataNumber"}

/* What is this platform worth? */
#define QE_ROWS \
    {"qe.identity", NEEDS_SIGNED, dcap_check_qe_match, "DCAP_QE_IDENTITY_MISMATCH", NO_USE_FIX, \
     PCS "Get QE Identity, verification of the report"}, \
    {"qe.level", NEEDS_SIGNED, dcap_check_qe_level, "DCAP_QE_NO_LEVEL", PLATFORM_FIX, PCS \
     "Get QE Identity, tcbLevels"}

#define LEVEL_ROWS \
    {"tcb.level", NEEDS_SIGNED, dcap_check_level, "DCAP_TCB_NO_LEVEL", PLATFORM_FIX, PCS \
     "Get TCB Info, determining the TCB level"}

#define TCB_ROWS \
    {"tcb.status", NEEDS_SIGNED, dcap_check_status, "DCAP_TCB_STATUS_REFUSED", PLATFORM_FIX \
     " Or accept the status in the policy, knowing its advisories.", PCS \
     "Get TCB Info, tcbStatus"}, \
    {"tcb.advisories", NEEDS_SIGNED, dcap_check_advisories, "DCAP_ADVISORY_REFUSED", \
     PLATFORM_FIX " Or list the advisory in the policy, having read it.", PCS \
     "Get TCB Info, advisoryIDs"}, \
    {"platform.allowed", NEEDS_SIGNED, dcap_check_allowed, "DCAP_FMSPC_REFUSED", \
     "If you trust this machine, add it to the policy's fmspcs and ppids.", POLICY}

/* Is it what the policy and the caller ask for? */
#define RULE_ROWS \
    EVIDENCE_POLICY_ROW, \
    {"measurements", NEEDS_SIGNED, dcap_check_measurements, "DCAP_MEASUREMENT_MISMATCH", \
     "Another image runs there. If it is a release that you trust, add all its " \
     "measurements as one release.", POLICY}, \
    {"report_data", NEEDS_SIGNED, dcap_check_report_data, "DCAP_REPORT_DATA_MISMATCH", \
     "The quote was made for other data: do not use it.", SDM "REPORT, REPORTDATA"}, \
    EVIDENCE_STATEMENT_ROWS( \
        "DCAP_STATEMENT_INVALID", \
        "The enclave must run this software and bind its statement in REPORTDATA.", \
        "DCAP_NONCE_MISMATCH", "DCAP_PUBKEY_BINDING_MISMATCH")

/* clang-format on */

/* Order matters: each stage stands on the ones before it. docs/ATTESTATION.md has the same rows. */
static const struct evidence_check TDX_CHECKS[] = {
    QUOTE_ROWS,
    {"td.debug", NEEDS_SIGNED, dcap_check_td_debug, "TDX_DEBUG",
     "Start the TD without debug: the host reads a debug TD's memory.", TDX "TD attributes, TUD"},
    {"td.attributes", NEEDS_SIGNED, dcap_check_td_attributes, "TDX_ATTRIBUTES_RESERVED",
     "Start the TD with SEPT_VE_DISABLE and nothing that the policy does not allow.",
     TDX "TD attributes, SEC and OTHER"},
    {"td.xfam", NEEDS_SIGNED, dcap_check_td_xfam, "TDX_XFAM_INVALID",
     "Start the TD with the extended features that the policy names.", TDX "XFAM"},
    {"td.seam", NEEDS_SIGNED, dcap_check_td_seam, "TDX_SEAM_SIGNER", NO_USE_FIX,
     TDX "TEE_TCB_INFO, MRSIGNERSEAM and ATTRIBUTES"},
    {"td.module", NEEDS_SIGNED, dcap_check_td_module, "TDX_MODULE_REFUSED",
     "If you trust this TDX module, add it to the policy's mrseams.", POLICY},
    {"event_log", NEEDS_SIGNED, dcap_check_event_log, "TDX_EVENT_LOG_MISMATCH",
     "Give the whole log of this boot (CCEL), and no other.",
     "TCG PC Client Platform Firmware Profile, section 10; UEFI Specification, section 38.4.1"},
    COLLATERAL_ROWS,
    QE_ROWS,
    {"tdx_module", NEEDS_SIGNED, dcap_check_module, "TDX_MODULE_MISMATCH", PLATFORM_FIX,
     PCS "Get TCB Info, tdxModule and tdxModuleIdentities"},
    {"tdx_module.level", NEEDS_SIGNED, dcap_check_module_level, "TDX_MODULE_NO_LEVEL", PLATFORM_FIX,
     PCS "Get TCB Info, tdxModuleIdentities, tcbLevels"},
    LEVEL_ROWS,
    {"tdx_module.current", NEEDS_SIGNED, dcap_check_module_current, "TDX_CURRENT_NO_LEVEL",
     PLATFORM_FIX, TDX "TEE_TCB_SVN_2; " PCS "Get TCB Info"},
    TCB_ROWS,
    RULE_ROWS,
};

static const struct evidence_check SGX_CHECKS[] = {
    QUOTE_ROWS,
    {"enclave.debug", NEEDS_SIGNED, dcap_check_enclave_debug, "SGX_DEBUG",
     "Build and start the enclave without debug: the host reads a debug enclave's memory.",
     SDM "ATTRIBUTES, DEBUG"},
    {"enclave.attributes", NEEDS_SIGNED, dcap_check_enclave_attributes, "SGX_ATTRIBUTES_MISMATCH",
     "Build the enclave with the attributes that the policy names.", SDM "ATTRIBUTES; " POLICY},
    COLLATERAL_ROWS,
    QE_ROWS,
    LEVEL_ROWS,
    TCB_ROWS,
    RULE_ROWS,
};

static bool has_tdx_rules(const struct evidence_policy *p)
{
    return p->tdx.is_present;
}

static bool has_sgx_rules(const struct evidence_policy *p)
{
    return p->sgx.is_present;
}

/* REPORTDATA is the binding, all 64 bytes of it. */
static bool binds(const struct evidence_job *j, const struct statement *s,
                  const uint8_t binding[static STATEMENT_BINDING_LEN])
{
    (void)s;
    return bytes_equal(quote_report_data(&dcap_state_of(j)->quote),
                       bytes_of(binding, STATEMENT_BINDING_LEN));
}

static void done(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    cert_list_done(&d->certs);
    collateral_done(&d->collateral);
    tcb_info_done(&d->tcb);
    qe_identity_done(&d->qe);
}

const struct evidence_kind dcap_tdx_kind = {
    .type = EVIDENCE_TDX,
    .name = "tdx",
    .platform = STATEMENT_PLATFORM_TDX,
    .checks = TDX_CHECKS,
    .n_checks = sizeof(TDX_CHECKS) / sizeof(TDX_CHECKS[0]),
    .state_bytes = sizeof(struct dcap_state),
    .has_rules = has_tdx_rules,
    .has_report_data = true,
    .binds = binds,
    .done = done,
};

const struct evidence_kind dcap_sgx_kind = {
    .type = EVIDENCE_SGX,
    .name = "sgx",
    .platform = STATEMENT_PLATFORM_SGX,
    .checks = SGX_CHECKS,
    .n_checks = sizeof(SGX_CHECKS) / sizeof(SGX_CHECKS[0]),
    .state_bytes = sizeof(struct dcap_state),
    .has_rules = has_sgx_rules,
    .has_report_data = true,
    .binds = binds,
    .done = done,
};
