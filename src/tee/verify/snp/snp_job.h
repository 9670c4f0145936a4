/* snp_job - one verification of an SNP report in progress. Private to tee/verify/snp.
 */
#ifndef TEE_VERIFY_SNP_SNP_JOB_H
#define TEE_VERIFY_SNP_SNP_JOB_H

#include "crypto/x509.h"
#include "tee/verify/evidence_job.h"
#include "tee/verify/snp/snp_cert.h"
#include "tee/verify/snp/snp_certs.h"
#include "tee/verify/snp/snp_policy.h"

#define SNP_NO_POLICY_FIX "Give a policy that says what to accept: docs/POLICY.md."
#define SNP_UNPINNED_FIX  "Name what you accept in the policy, to have it checked: docs/POLICY.md."

/* Between NEEDS_PARSED and NEEDS_ROOT: the certificate of the signing key was read. */
enum { SNP_NEEDS_LEAF = 15 };

struct snp_state {
    const struct snp_policy *rules; /* the policy's, or NULL */
    struct snp_unverified report;
    struct snp_report signed_; /* from NEEDS_SIGNED on */
    struct snp_certs certs;
    struct bytes leaf_der;
    struct snp_cert leaf; /* from SNP_NEEDS_LEAF on; believed from NEEDS_CHAIN on */
    struct bytes root;    /* the pinned one of the leaf's product; from NEEDS_ROOT on */

    struct bytes issuer;         /* the leaf's, when the proof is OK */
    bool is_chain_known;         /* proven before, by the cache */
    struct evidence_chain chain; /* validity, also when the proof failed */
    status proof;
    char trouble[CHECK_REASON_MAX];
    struct bytes leaf_spki; /* when the proof is OK */

    struct snp_tcb current, reported, committed, launch; /* from NEEDS_SIGNED on, when has_tcb */
    bool has_tcb;
    const struct snp_release *closest; /* has the report's measurement */
};

static inline struct snp_state *snp_state_of(const struct evidence_job *j)
{
    return (struct snp_state *)j->state;
}

/* What was signed: for checks from NEEDS_SIGNED on. */
static inline const struct snp_fields *snp_signed(const struct evidence_job *j)
{
    return &snp_state_of(j)->signed_.fields;
}

/* snp_origin.c: did AMD's hardware make it. */
void snp_check_report(struct evidence_job *j);
void snp_check_vek(struct evidence_job *j);
void snp_check_key(struct evidence_job *j);
void snp_check_product(struct evidence_job *j);
void snp_check_ark(struct evidence_job *j);
void snp_check_time(struct evidence_job *j);
void snp_check_chain(struct evidence_job *j);
void snp_check_revocation(struct evidence_job *j);
void snp_check_signature(struct evidence_job *j);
void snp_origin_done(struct evidence_job *j);

/* snp_platform.c: which chip with which firmware. */
void snp_check_hwid(struct evidence_job *j);
void snp_check_tcb(struct evidence_job *j);
void snp_check_vek_tcb(struct evidence_job *j);
void snp_check_product_allowed(struct evidence_job *j);
void snp_check_version(struct evidence_job *j);
void snp_check_key_allowed(struct evidence_job *j);
void snp_check_chip(struct evidence_job *j);
void snp_check_tcb_reported(struct evidence_job *j);
void snp_check_tcb_committed(struct evidence_job *j);
void snp_check_tcb_launch(struct evidence_job *j);
void snp_check_firmware(struct evidence_job *j);
void snp_check_mitigations(struct evidence_job *j);
void snp_check_platform_info(struct evidence_job *j);

/* snp_guest.c: which guest. */
void snp_check_guest_policy(struct evidence_job *j);
void snp_check_debug(struct evidence_job *j);
void snp_check_vmpl(struct evidence_job *j);
void snp_check_migration(struct evidence_job *j);
void snp_check_abi(struct evidence_job *j);
void snp_check_guest_flags(struct evidence_job *j);
void snp_check_measurement(struct evidence_job *j);
void snp_check_host_data(struct evidence_job *j);
void snp_check_id_key(struct evidence_job *j);
void snp_check_author_key(struct evidence_job *j);
void snp_check_family_id(struct evidence_job *j);
void snp_check_image_id(struct evidence_job *j);
void snp_check_guest_svn(struct evidence_job *j);
void snp_check_report_data(struct evidence_job *j);

/* snp_facts.c */
void snp_tell_report(struct evidence_job *j, const struct snp_fields *f);
void snp_tell_certificate(struct evidence_job *j, const struct snp_cert *c);

#endif
