/* x509_issue - makes P-384 certificates: for the simulated platform and for tests, nowhere else. */
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
};

NODISCARD status x509_issue(const struct x509_request *req, struct buf *out_der);

#endif
