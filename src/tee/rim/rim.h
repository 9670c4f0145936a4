/* rim - one of NVIDIA's reference integrity manifests: verified, then read.
 *
 * A RIM is a SWID tag (ISO/IEC 19770-2:2015, TCG RIM Information Model 1.01) with an enveloped
 * XML-DSig: ECDSA P-384, SHA-384, canonical XML 1.1, one reference to the whole document. Its
 * X509Data holds the signer's chain, leaf first, root last. Read are the product, the version, and
 * of every Resource with active="True" the values at its index.
 *
 * Untrusted: the file. Trusted: the pinned root and the time.
 */
#ifndef TEE_RIM_RIM_H
#define TEE_RIM_RIM_H

#include "tee/verify/nvidia/gpu_reference.h"

enum { RIM_MAX_BYTES = 256 << 10 };

struct rim;

/* Proves and reads. ST_FORMAT, ST_LIMIT; ST_CERT chain; ST_EXPIRED; ST_AUTH signature or digest;
 * ST_ALG another algorithm or form of signature. */
NODISCARD status rim_open(struct bytes xml, int64_t at_unix_s, struct rim **out);
void rim_freep(struct rim **r);

/* What it says; lives as long as the RIM. */
const struct gpu_reference_draft *rim_draft(const struct rim *r);

#endif
