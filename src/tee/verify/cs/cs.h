/* cs - tokens of Google Confidential Space: a JWT in which Google's attestation service says what
 * runs on which machine.
 *
 * Two kinds, told apart by the token's header:
 *
 *     PKI    x5c leads to the pinned Confidential Space root
 *     OIDC   kid names a key of the JWKS that the caller gives (evidence_inputs.jwks). Whoever
 *            supplies that set decides what is genuine: fetch it from Google oneself, or pin its
 *            keys in the policy. A peer's bundle cannot carry one.
 *
 * Binding: eat_nonce holds the lower-case hexadecimal SHA-256 of the statement's binding.
 *
 * Every claim is Google's word. The hardware's own evidence is not in a token: for that, there are
 * TDX quotes and SNP reports.
 */
#ifndef TEE_VERIFY_CS_CS_H
#define TEE_VERIFY_CS_CS_H

#include "tee/verify/evidence_job.h"

extern const struct evidence_kind cs_token_kind;

#define CS_ISSUER     "https://confidentialcomputing.googleapis.com"
#define CS_SOFTWARE   "CONFIDENTIAL_SPACE"
#define CS_GOOGLE_OEM 11129 /* Google's IANA private enterprise number */
#define CS_NOT_DEBUG  "disabled-since-boot"

enum {
    CS_NONCE_TEXT_LEN = 64,
    CS_LIFETIME_MAX_S = 2 * 3600, /* Google's tokens live for an hour */
};

/* The Confidential Space root CA, DER: the certificate that Google publishes with the PKI tokens'
 * documentation. */
struct bytes cs_root(void);

/* What eat_nonce holds for this binding: 64 digits and a NUL. */
NODISCARD status cs_nonce_text(const uint8_t binding[static STATEMENT_BINDING_LEN],
                               char out[static CS_NONCE_TEXT_LEN + 1]);

#endif
