/* x509 - certificate chains verified to a pinned root at a given time (RFC 5280).
 *
 * Untrusted: every certificate but the pinned root. Nothing is taken from a system store; time is
 * an argument, so that old evidence can be judged at its own time.
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include "base/buf.h"

enum { X509_CERT_MAX_BYTES = 16 << 10, X509_CHAIN_MAX = 10, X509_CRL_MAX_BYTES = 1 << 20 };

struct x509_chain {
    struct bytes root;                 /* DER, pinned by the caller: the only trust anchor */
    const struct bytes *intermediates; /* DER, any order */
    size_t n_intermediates;
    struct bytes leaf;        /* DER */
    const struct bytes *crls; /* DER; with n_crls > 0 every certificate below the root is checked */
    size_t n_crls;
    /* A certificate that names no CRL distribution point then needs none. Short-lived certificates
     * (Nitro's instance and enclave ones) are of that kind: nobody publishes a CRL for them. */
    bool is_crl_where_named;
    int64_t at_unix_s;
};

/* A proof that a chain held: only x509_verify_chain makes one. Views borrow from the caller's leaf.
 */
struct x509_verified {
    struct bytes leaf_spki;    /* SubjectPublicKeyInfo, DER */
    int64_t not_before_unix_s; /* the latest notBefore of the chain, root included */
    int64_t not_after_unix_s;  /* the earliest notAfter of the chain */
    size_t n_crl_named;        /* certificates that name a CRL; all were checked if n_crls > 0 */
};

/* ST_FORMAT or ST_TRUNCATED not a certificate or CRL; ST_LIMIT too large or too many; ST_CERT
 * chain, usage or signature, or a CRL that is missing or does not fit; ST_REVOKED; ST_EXPIRED time
 * of a certificate or CRL. */
NODISCARD status x509_verify_chain(const struct x509_chain *chain, struct x509_verified *out);

/* Exactly one DER certificate and nothing after it. Views borrow from der. */
NODISCARD status x509_spki(struct bytes der, struct bytes *out_spki);
NODISCARD status x509_validity(struct bytes der, int64_t *out_not_before, int64_t *out_not_after);

#endif
