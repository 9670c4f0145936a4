/* dcap_job - what the checks of a quote share. Private to this folder. */
#ifndef TEE_VERIFY_DCAP_DCAP_JOB_H
#define TEE_VERIFY_DCAP_DCAP_JOB_H

#include "crypto/x509.h"
#include "tee/verify/dcap/collateral.h"
#include "tee/verify/dcap/dcap_policy.h"
#include "tee/verify/dcap/dcap_proof.h"
#include "tee/verify/dcap/tcb_match.h"
#include "tee/verify/evidence_job.h"

/* Between the common stages. */
enum {
    DCAP_CERTIFIED = NEEDS_PARSED + 5, /* the signature data could be read */
    DCAP_PCK_PROVEN = NEEDS_CHAIN - 5, /* its certificates lead to the root */
    DCAP_QE_SIGNED = NEEDS_CHAIN + 10, /* the PCK signed the quoting enclave's report */
    DCAP_QE_BOUND = NEEDS_CHAIN + 20,  /* which names the attestation key */
};

/* The certificates of a quote and of collateral, in the order in which they stand there. */
enum { DCAP_PCK_LEAF, DCAP_PCK_CA, DCAP_PCK_ROOT, DCAP_PCK_CERTS };
enum { DCAP_TCB_LEAF, DCAP_TCB_ROOT, DCAP_TCB_CERTS };

struct dcap_crl {
    bool is_good;
    struct x509_crl fields;
};

struct dcap_state {
    const struct dcap_policy *rules; /* or NULL */
    struct quote quote;
    struct quote_certification certification;
    struct cert_list certs; /* of the PCK */
    struct dcap_proof pck_proof;
    struct pck pck;

    bool has_collateral;
    struct collateral collateral;
    struct dcap_proof tcb_proof, qe_proof;
    struct dcap_crl root_crl, pck_crl;
    struct tcb_info tcb; /* when tcb.doc: its signature held */
    struct qe_identity qe;
    const struct qe_identity_level *qe_level;
    const struct tcb_info_module *module;
    const struct tcb_info_module_level *module_level;
    const struct tcb_info_level *level;
    bool has_current; /* the module that runs now was judged, or the report tells of none */
    const struct tcb_info_level *current_level;
    const struct tcb_info_module_level *current_module_level;
    bool is_matched;
    struct tcb_match match; /* when is_matched */
};

static inline struct dcap_state *dcap_state_of(const struct evidence_job *j)
{
    return j->state;
}

/* Whether `held`; if not, the check is a required SKIP that names what it stands on. */
bool dcap_stands_on(struct evidence_job *j, bool held, const char *what);
/* The same for the whole collateral. */
bool dcap_has_collateral(struct evidence_job *j);

/* For --explain: where a member of the collateral stands, escaped as JSON has it. */
void dcap_shows_member(struct evidence_job *j, const char *label, const char *quoted_key);

/* dcap_facts.c */
void dcap_facts_quote(struct evidence_job *j);
void dcap_facts_pck(struct evidence_job *j);
void dcap_facts_tcb_info(struct evidence_job *j);
void dcap_facts_qe_identity(struct evidence_job *j);
void dcap_facts_crl(struct evidence_job *j);
void dcap_facts_tcb(struct evidence_job *j);

/* dcap_checks_quote.c: did an Intel platform make it? */
void dcap_check_quote(struct evidence_job *j);
void dcap_check_certification(struct evidence_job *j);
void dcap_check_collateral(struct evidence_job *j);
void dcap_check_vendor(struct evidence_job *j);
void dcap_check_pck_root(struct evidence_job *j);
void dcap_check_pck_time(struct evidence_job *j);
void dcap_check_pck_chain(struct evidence_job *j);
void dcap_check_pck_extension(struct evidence_job *j);
void dcap_check_qe_signature(struct evidence_job *j);
void dcap_check_qe_binding(struct evidence_job *j);
void dcap_check_quote_signature(struct evidence_job *j);

/* dcap_checks_collateral.c: are Intel's tables genuine and current, is a certificate revoked? */
void dcap_check_tcb_info_chain(struct evidence_job *j);
void dcap_check_tcb_info_signature(struct evidence_job *j);
void dcap_check_tcb_info_form(struct evidence_job *j);
void dcap_check_tcb_info_time(struct evidence_job *j);
void dcap_check_tcb_info_platform(struct evidence_job *j);
void dcap_check_qe_identity_chain(struct evidence_job *j);
void dcap_check_qe_identity_signature(struct evidence_job *j);
void dcap_check_qe_identity_form(struct evidence_job *j);
void dcap_check_qe_identity_time(struct evidence_job *j);
void dcap_check_root_crl(struct evidence_job *j);
void dcap_check_pck_crl(struct evidence_job *j);
void dcap_check_revocation(struct evidence_job *j);
void dcap_check_age(struct evidence_job *j);
void dcap_check_evaluation(struct evidence_job *j);
void dcap_check_rollback(struct evidence_job *j);

/* dcap_checks_tcb.c: what is this platform worth? */
void dcap_check_qe_match(struct evidence_job *j);
void dcap_check_qe_level(struct evidence_job *j);
void dcap_check_module(struct evidence_job *j);
void dcap_check_module_level(struct evidence_job *j);
void dcap_check_module_current(struct evidence_job *j);
void dcap_check_level(struct evidence_job *j);
void dcap_check_status(struct evidence_job *j);
void dcap_check_advisories(struct evidence_job *j);
void dcap_check_allowed(struct evidence_job *j);

/* dcap_checks_td.c, dcap_checks_enclave.c: is it the right TD or enclave? */
void dcap_check_td_debug(struct evidence_job *j);
void dcap_check_td_attributes(struct evidence_job *j);
void dcap_check_td_xfam(struct evidence_job *j);
void dcap_check_td_seam(struct evidence_job *j);
void dcap_check_td_module(struct evidence_job *j);
void dcap_check_event_log(struct evidence_job *j);
void dcap_check_enclave_debug(struct evidence_job *j);
void dcap_check_enclave_attributes(struct evidence_job *j);
void dcap_check_measurements(struct evidence_job *j);
void dcap_check_report_data(struct evidence_job *j);

#endif
