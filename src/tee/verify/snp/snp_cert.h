/* snp_cert - what a VCEK or VLEK certificate says of the key in it: whose chip or provider, which
 * product, which firmware. Source: AMD 57230 (VCEK certificate and KDS interface); extensions
 * below 1.3.6.1.4.1.3704.1:
 *
 *     .1 structure version   INTEGER, 0; 1 on Turin     .3.3 SNP firmware  INTEGER 0..255
 *     .2 product name        IA5String                  .3.8 microcode     INTEGER 0..255
 *     .3.1 boot loader       INTEGER 0..255             .3.9 FMC           the same, Turin only
 *     .3.2 TEE               INTEGER 0..255             .3.4 to .3.7       zero, may be absent
 *     .4 hardware id   VCEK only: 64 bytes as they are, 8 on Turin
 *     .5 provider id   VLEK only: IA5String
 *
 * Untrusted until the chain of the certificate is proven.
 */
#ifndef TEE_VERIFY_SNP_CERT_H
#define TEE_VERIFY_SNP_CERT_H

#include "tee/verify/snp/snp_report.h"
#include "tee/verify/snp/snp_tcb.h"

enum { SNP_HWID_TURIN_LEN = 8, SNP_CSP_TEXT_MAX = 128 };

struct snp_cert {
    enum snp_signing_key kind; /* VCEK or VLEK, by the subject's name and by its extensions */
    enum snp_product product;
    struct bytes product_name;
    struct snp_tcb tcb;
    struct bytes hwid;   /* VCEK; .n 0 otherwise */
    struct bytes csp_id; /* VLEK; .n 0 otherwise */
};

/* True when the subject's name says that this is a leaf: SEV-VCEK or SEV-VLEK. */
bool snp_cert_is_leaf(struct bytes der, enum snp_signing_key *out_kind);

/* Views borrow from der. ST_NOTFOUND an extension that is missing; ST_FORMAT; ST_UNSUPPORTED a
 * product or structure version that is not known. */
NODISCARD status snp_cert_read(struct bytes der, struct snp_cert *out);

#endif
