/* x509_issue - makes certificates and CRLs with P-256, P-384 and RSA keys: for the simulated
 * platform and for tests, nowhere else. Tests forge vendors' chains with it, faults included. */
#ifndef CRYPTO_X509_ISSUE_H
#define CRYPTO_X509_ISSUE_H

#include "base/buf.h"
#include "crypto/ecdsa.h"
#include "crypto/rsa.h"

/* Who signs: exactly one of the two. */
struct x509_signer {
    const struct ecdsa_secret *ecdsa;
    const struct rsa_secret *rsa;
    enum rsa_alg rsa_alg;
};

struct x509_extra {
    const char *oid; /* dotted */
    bool is_critical;
    struct bytes value; /* content of the OCTET STRING */
};

struct x509_request {
    const char *common_name; /* subject */
    const char *issuer_name; /* equal to common_name for a root */
    bool is_ca;
    int path_len; /* -1 for none */
    int64_t not_before_unix_s;
    int64_t not_after_unix_s;
    const struct ecdsa_secret *subject_key;
    const struct ecdsa_secret *issuer_key;
    const char *crl_url; /* CRL distribution point; NULL: the certificate names none */

    /* For RSA; in place of the two keys above. */
    struct bytes subject_spki; /* any key at all; .n 0: subject_key's */
    struct x509_signer signer; /* empty: issuer_key */

    /* Beyond the usual. */
    struct bytes subject_der, issuer_der; /* whole Names; .n 0: one commonName from above */
    struct bytes serial;                  /* magnitude; .n 0: random. One byte 0 for zero */
    bool omits_key_ids;
    bool omits_usage;       /* neither basicConstraints nor keyUsage */
    bool omits_constraints; /* no basicConstraints */
    const struct x509_extra *extras;
    size_t n_extras;
};

/* Appends the DER. The digest follows the issuer's curve; key usage follows is_ca. */
NODISCARD status x509_issue(const struct x509_request *req, struct buf *out_der);

struct x509_crl_request {
    const char *issuer_name;
    int64_t this_update_unix_s;
    int64_t next_update_unix_s;
    const struct bytes *revoked; /* the certificates, DER */
    size_t n_revoked;
    const struct ecdsa_secret *issuer_key;

    struct x509_signer signer; /* empty: issuer_key */
    struct bytes issuer_der;   /* whole Name; .n 0: one commonName from above */
    int reason;                /* CRLReason of each entry; 0 none is written */
    bool omits_next_update;
};

NODISCARD status x509_issue_crl(const struct x509_crl_request *req, struct buf *out_der);

#endif
