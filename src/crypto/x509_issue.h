/* x509_issue - makes P-256 and P-384 certificates and CRLs: for the simulated platform and for
 * tests, nowhere else. */
#ifndef CRYPTO_X509_ISSUE_H
#define CRYPTO_X509_ISSUE_H

#include "base/buf.h"
#include "crypto/ecdsa.h"

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
};

NODISCARD status x509_issue_crl(const struct x509_crl_request *req, struct buf *out_der);

#endif
