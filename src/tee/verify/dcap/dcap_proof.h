/* dcap_proof - certificate chains, CRLs and signatures of Intel, each proven once: what held is
 * remembered by a digest of all its bytes, with the time in which it holds.
 *
 * Only an outcome that does not depend on the clock is remembered; the caller compares the times
 * anew on each use.
 */
#ifndef TEE_VERIFY_DCAP_DCAP_PROOF_H
#define TEE_VERIFY_DCAP_DCAP_PROOF_H

#include "crypto/x509.h"
#include "tee/verify/evidence_cache.h"

enum { DCAP_PROOF_TROUBLE_MAX = 200 };

struct dcap_proof {
    struct evidence_chain chain; /* its validity, also when the proof failed */
    bool has_validity;
    bool is_proven;
    bool was_known;                       /* by the cache */
    struct bytes leaf_spki;               /* when proven; borrows from the leaf */
    char trouble[DCAP_PROOF_TROUBLE_MAX]; /* when not */
};

/* certs: leaf first, the pinned root last; the last one is compared by the caller. cache may be
 * NULL. */
void dcap_proof_chain(const struct bytes *certs, size_t n, int64_t at_unix_s,
                      struct evidence_cache *cache, struct dcap_proof *out);

/* A CRL of this issuer, proven by the caller. Codes of x509_verify_crl(). */
NODISCARD status dcap_proof_crl(struct bytes crl, struct bytes issuer_der, int64_t at_unix_s,
                                struct evidence_cache *cache, struct x509_crl *out);

/* ES256 over the text. Codes of ecdsa_verify_spki(). */
NODISCARD status dcap_proof_signature(struct bytes spki, struct bytes text, struct bytes sig,
                                      struct evidence_cache *cache);

#endif
