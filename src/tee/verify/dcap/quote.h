/* quote - Intel's ECDSA quotes: SGX version 3, SGX and TDX versions 4 and 5.
 *
 * Sources: "Intel SGX: ECDSA QuoteLib Reference (DCAP API)" appendix A.4 (version 3); "Intel TDX
 * DCAP: Quote Generation Library and Quote Verification Library" appendix A.3 (versions 4 and 5);
 * "Intel 64 and IA-32 SDM" volume 3D, REPORT. Integers are little-endian:
 *
 *     0   2   version, 3 4 or 5             48  384  version 3 and 4, SGX: enclave report
 *     2   2   attestation key type, 2       48  584  version 4, TDX: TD report 1.0
 *     4   4   TEE, 0 SGX or 0x81 TDX        48  2    version 5: body type, 1 2 or 3
 *     8   4   QE and PCE SVN, or zero       50  4    version 5: its size, 384 584 or 648
 *     12  16  vendor of the quoting enclave 54  ..   version 5: the body
 *     28  20  user data
 *
 * then u32 n and n bytes of signature data; what follows those is padding and never read.
 *
 *     0   64  signature r || s over all before n
 *     64  64  attestation key x || y
 *     128     version 4 and 5: u16 6, u32 size of all that follows; version 3: nothing
 *         384 report of the quoting enclave (QE)
 *         64  its signature r || s
 *         ..  u16 n, n bytes of QE authentication data
 *         ..  u16 type, u32 n, n bytes: certification data, which fill the signature data
 *
 * Untrusted: all of it. Views borrow from the input.
 */
#ifndef TEE_VERIFY_DCAP_QUOTE_H
#define TEE_VERIFY_DCAP_QUOTE_H

#include "base/bytes.h"

enum {
    QUOTE_MAX_BYTES = 16 << 10,
    QUOTE_HEADER_LEN = 48,
    QUOTE_ENCLAVE_LEN = 384,
    QUOTE_TD10_LEN = 584,
    QUOTE_TD15_LEN = 648,
    QUOTE_KEY_LEN = 64,
    QUOTE_SIG_LEN = 64,
    QUOTE_REPORT_DATA_LEN = 64,
    QUOTE_RTMRS = 4,
};

enum quote_tee { QUOTE_SGX = 0, QUOTE_TDX = 0x81 };
enum quote_body { QUOTE_BODY_ENCLAVE = 1, QUOTE_BODY_TD10 = 2, QUOTE_BODY_TD15 = 3 };
enum quote_certification_type {
    QUOTE_CERT_PPID = 1,      /* the platform's id in clear; its certificates come beside it */
    QUOTE_CERT_PCK_CHAIN = 5, /* PEM: leaf, intermediate, root */
};

/* An SGX REPORT body: of an application's enclave, or of the quoting enclave. */
struct quote_enclave {
    struct bytes cpusvn, attributes, mrenclave, mrsigner, report_data;
    struct bytes config_id, family_id, ext_prod_id;
    uint32_t miscselect;
    uint16_t isvprodid, isvsvn, config_svn;
};

/* A TD report body. */
struct quote_td {
    struct bytes tee_tcb_svn, mrseam, mrsignerseam, mrtd, mrconfigid, mrowner, mrownerconfig;
    struct bytes rtmr[QUOTE_RTMRS], report_data;
    struct bytes tee_tcb_svn2, mrservicetd; /* 1.5 only, else empty */
    struct bytes seam_attributes_view, attributes_view, xfam_view;
    uint64_t seam_attributes, attributes, xfam;
};

struct quote {
    uint16_t version;
    enum quote_tee tee;
    enum quote_body body_type;
    struct bytes vendor_id, user_data;
    struct bytes signed_part;     /* what the attestation key signs */
    struct bytes body;            /* the report in it */
    struct bytes signature_data;  /* for quote_read_certification() */
    size_t n_trailing;            /* padding after the signature data */
    struct quote_enclave enclave; /* when tee is SGX */
    struct quote_td td;           /* when tee is TDX */
};

struct quote_certification {
    struct bytes signature, key;
    struct bytes qe_report, qe_signature, qe_auth;
    struct quote_enclave qe;
    enum quote_certification_type type;
    struct bytes data;
    struct bytes ppid; /* type PPID: 16 bytes */
    struct bytes pem;  /* type PCK_CHAIN: the text, without the NUL that may end it */
};

/* Header, body and the frame of the signature data. ST_TRUNCATED, ST_FORMAT, ST_LIMIT;
 * ST_UNSUPPORTED for a version, TEE, body type or key type that is not listed above. */
NODISCARD status quote_parse(struct bytes in, struct quote *out);

/* The signature data of a quote. ST_TRUNCATED or ST_FORMAT; ST_UNSUPPORTED, with its name in the
 * detail, for a type of certification data other than the two. */
NODISCARD status quote_read_certification(const struct quote *q, struct quote_certification *out);

/* The report data of either body. */
struct bytes quote_report_data(const struct quote *q);

/* The quoting enclave of Intel: 939a7233-f79c-4ca9-940a-0db3957f0607. */
bool quote_is_intel_qe(const struct quote *q);

#endif
