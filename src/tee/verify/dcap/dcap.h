/* dcap - Intel TDX and SGX as kinds of evidence: a quote, and Intel's collateral beside it.
 *
 * The evidence is the quote's bytes as the platform wrote them. Beside it: the collateral
 * (collateral.h); the PCK certificates, when the quote holds none; the boot's event log (ccel.h).
 * Without collateral a quote proves that some Intel platform signed it, and not that this platform
 * is in order: the checks that need it are required SKIPs.
 */
#ifndef TEE_VERIFY_DCAP_DCAP_H
#define TEE_VERIFY_DCAP_DCAP_H

#include "tee/verify/evidence_job.h"

extern const struct evidence_kind dcap_tdx_kind;
extern const struct evidence_kind dcap_sgx_kind;

#endif
