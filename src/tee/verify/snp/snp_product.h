/* snp_product - the processor lines whose reports are judged. Bergamo and Siena are of Genoa's
 * line: they share its root, its TCB layout and its identifiers. Sources: AMD 57230 (VCEK
 * certificate and KDS interface), productName; AMD 56860 (SEV-SNP firmware ABI) section 7.3.
 *
 * Untrusted: names of certificates and CPUID values of reports.
 */
#ifndef TEE_VERIFY_SNP_PRODUCT_H
#define TEE_VERIFY_SNP_PRODUCT_H

#include "base/bytes.h"

enum snp_product { SNP_MILAN, SNP_GENOA, SNP_TURIN };

enum { SNP_PRODUCTS = 3 };

const char *snp_product_name(enum snp_product p); /* "milan", as policies write it */
const char *snp_product_line(enum snp_product p); /* "Milan", as AMD writes it */

/* By the CPUID family and model, extended parts added in. False for every other processor. */
bool snp_product_of_cpu(uint8_t family, uint8_t model, enum snp_product *out);

/* By the product name of a VCEK or VLEK certificate: "Milan", or with a stepping, "Milan-B0". */
bool snp_product_of_certificate(struct bytes name, enum snp_product *out);

#endif
