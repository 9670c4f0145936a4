/* dcap_root - the pinned anchor of every SGX and TDX quote: Intel SGX Root CA, P-256, self-signed,
 * DER. Its SHA-256 is 44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3; Intel
 * publishes it at certificates.trustedservices.intel.com. */
#ifndef TEE_VERIFY_DCAP_DCAP_ROOT_H
#define TEE_VERIFY_DCAP_DCAP_ROOT_H

#include "base/bytes.h"

struct bytes dcap_root(void);

#endif
