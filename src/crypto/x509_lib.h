/* x509_lib - certificates and CRLs as libcrypto's objects, once they have passed the strict walk.
 * Private to src/crypto. */
#ifndef CRYPTO_X509_LIB_H
#define CRYPTO_X509_LIB_H

#include <openssl/x509.h>

#include "base/bytes.h"

/* The caller frees *out. ST_FORMAT, ST_TRUNCATED, ST_LIMIT; ST_CERT for a CRL with an algorithm
 * that is not allowed, without an end or without a number (RFC 5280 sections 5.1.2.5, 5.2.3). */
NODISCARD status x509_lib_cert(struct bytes der, X509 **out);
NODISCARD status x509_lib_crl(struct bytes der, X509_CRL **out);

/* ST_CERT when the key or the signature's algorithm is none of those allowed. */
NODISCARD status x509_lib_check_algorithms(X509 *cert);
NODISCARD status x509_lib_time(const ASN1_TIME *t, int64_t *out_unix_s);

void x509_lib_cert_freep(X509 **cert);
void x509_lib_crl_freep(X509_CRL **crl);

#endif
