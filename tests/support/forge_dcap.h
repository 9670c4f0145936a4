/* forge_dcap - makes SGX and TDX quotes and their collateral with any one thing wrong, under a root
 * of its own.
 *
 * A test edits the plain data, calls forge_dcap_issue() if it touched certificates, then takes
 * forge_dcap_quote() and forge_dcap_collateral(). Unedited, they are accepted by a verifier whose
 * root is forge_dcap_root(): the test program defines dcap_root() to be that.
 */
#ifndef SUPPORT_FORGE_DCAP_H
#define SUPPORT_FORGE_DCAP_H

#include "support/test.h"

#include "crypto/x509_issue.h"
#include "tee/verify/dcap/quote.h"

#define FORGE_DCAP_NOW   INT64_C(1750000000) /* 2025-06-15T15:06:40Z */
#define FORGE_DCAP_ISSUE "2025-06-10T00:00:00Z"
#define FORGE_DCAP_NEXT  "2025-07-10T00:00:00Z"

enum forge_dcap_cert { FORGE_DCAP_ROOT, FORGE_DCAP_CA, FORGE_DCAP_PCK, FORGE_DCAP_TCB };
enum { FORGE_DCAP_CERTS = 4, FORGE_DCAP_LEVELS = 3 };

struct forge_dcap_identity {
    struct x509_request request;
    struct ecdsa_secret *key;
    struct buf der;
};

struct forge_dcap_level {
    uint8_t sgx[16], tdx[16];
    uint16_t pcesvn;
    const char *status;
    const char *advisories; /* inside the brackets: "\"INTEL-SA-00001\""; NULL none */
};

struct forge_dcap_part { /* a level of the quoting enclave or of the TDX module */
    unsigned isvsvn;
    const char *status;
    const char *advisories;
};

struct forge_dcap {
    enum quote_tee tee;
    struct forge_dcap_identity certs[FORGE_DCAP_CERTS];
    struct ecdsa_secret *attestation_key;

    /* the PCK's extension */
    uint8_t ppid[16], svn[16], cpusvn[16], pceid[2], fmspc[6];
    uint16_t pcesvn;
    int omitted_field; /* of the TCB, 1..18: left out; 0 none; -1: the whole extension */

    /* the quote */
    uint16_t version;
    uint16_t key_type;
    uint16_t body_type; /* of version 5 */
    uint8_t vendor[16];
    uint8_t body[QUOTE_TD15_LEN];
    uint8_t qe_report[QUOTE_ENCLAVE_LEN]; /* report data is filled in, unless told not to */
    bool keeps_qe_report_data;
    const struct ecdsa_secret *qe_signer; /* NULL: the PCK's */
    uint16_t outer_type;                  /* 6 */
    uint16_t cert_type;                   /* 5 */
    struct bytes trailing;

    /* collateral */
    enum quote_tee tcb_tee; /* which id the tables have */
    unsigned tcb_version;
    const char *tcb_issue, *tcb_next, *qe_issue, *qe_next;
    unsigned tcb_evaluation, qe_evaluation;
    uint8_t tcb_fmspc[6], tcb_pceid[2];
    size_t n_levels;
    struct forge_dcap_level levels[FORGE_DCAP_LEVELS];
    uint8_t module_mrsigner[48], module_attributes[8];
    const char *module_id; /* "TDX_01"; NULL: no module identities at all */
    struct forge_dcap_part module_level, qe_level;
    uint8_t qe_mrsigner[32], qe_miscselect[4], qe_attributes[16];
    unsigned qe_isvprodid;
    const char *tcb_text, *qe_text; /* in place of what is written from the fields above */
    const struct ecdsa_secret *tcb_signer, *qe_id_signer; /* NULL: the TCB signing key */
    struct x509_crl_request root_crl, pck_crl;
    /* of the two issuer chains; .n 0: the TCB signing certificate and the root */
    struct bytes tcb_chain_leaf, tcb_chain_root, qe_chain_leaf, qe_chain_root;
};

void forge_dcap_init(struct forge_dcap *f, enum quote_tee tee);
void forge_dcap_done(struct forge_dcap *f);
/* Issues all certificates anew from their requests. */
void forge_dcap_issue(struct forge_dcap *f);
void forge_dcap_issue_pck(struct forge_dcap *f); /* the PCK alone */
struct bytes forge_dcap_root(const struct forge_dcap *f);

struct buf forge_dcap_pck_extension(const struct forge_dcap *f);
struct buf forge_dcap_quote(const struct forge_dcap *f);
struct buf forge_dcap_collateral(const struct forge_dcap *f);
/* PCK leaf, CA and root as PEM. */
struct buf forge_dcap_chain(const struct forge_dcap *f);
struct buf forge_dcap_tcb_info(const struct forge_dcap *f);
struct buf forge_dcap_qe_identity(const struct forge_dcap *f);

/* Writes into the body, at a field's offset in a TD report. */
enum {
    FORGE_TD_TCB_SVN = 0,
    FORGE_TD_MRSEAM = 16,
    FORGE_TD_MRSIGNERSEAM = 64,
    FORGE_TD_SEAM_ATTRIBUTES = 112,
    FORGE_TD_ATTRIBUTES = 120,
    FORGE_TD_XFAM = 128,
    FORGE_TD_MRTD = 136,
    FORGE_TD_MRCONFIGID = 184,
    FORGE_TD_MROWNER = 232,
    FORGE_TD_MROWNERCONFIG = 280,
    FORGE_TD_RTMR0 = 328,
    FORGE_TD_REPORT_DATA = 520,
    FORGE_TD_TCB_SVN_2 = 584,
    FORGE_TD_MRSERVICETD = 600,
    FORGE_SGX_MISCSELECT = 16,
    FORGE_SGX_ATTRIBUTES = 48,
    FORGE_SGX_MRENCLAVE = 64,
    FORGE_SGX_MRSIGNER = 128,
    FORGE_SGX_CONFIGID = 192,
    FORGE_SGX_ISVPRODID = 256,
    FORGE_SGX_ISVSVN = 258,
    FORGE_SGX_REPORT_DATA = 320,
};

#endif
