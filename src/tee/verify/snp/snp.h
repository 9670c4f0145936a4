/* snp - AMD SEV-SNP evidence: an attestation report, and beside it the certificate of the key that
 * signed it. docs/ATTESTATION.md lists every check.
 *
 * The anchors are AMD's root keys (ARK), one for each product line, embedded. The certificate comes
 * beside the report as PEM, DER, or the GHCB's certificate table (auxblob of configfs-tsm); the
 * intermediates may come with it and are embedded too.
 *
 * Untrusted: the report, the certificates and the CRLs.
 */
#ifndef TEE_VERIFY_SNP_SNP_H
#define TEE_VERIFY_SNP_SNP_H

#include "tee/verify/snp/snp_product.h"

struct evidence_kind;
extern const struct evidence_kind snp_kind;

enum { SNP_INTERMEDIATES_MAX = 2 };

/* The pinned root of a product line, DER. */
struct bytes snp_root(enum snp_product p);

/* Embedded ASK and ASVK certificates of a product line, DER; proven under the root like others. */
size_t snp_intermediates(enum snp_product p, struct bytes out[static SNP_INTERMEDIATES_MAX]);

#endif
