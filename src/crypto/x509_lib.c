#include "crypto/x509_lib.h"

#include <time.h>

#include "crypto/der.h"
#include "crypto/lib.h"
#include "crypto/x509.h"
#include "crypto/x509_alg.h"
#include "crypto/x509_memo.h"

void x509_lib_cert_freep(X509 **cert)
{
    X509_free(*cert);
    *cert = NULL;
}

void x509_lib_crl_freep(X509_CRL **crl)
{
    X509_CRL_free(*crl);
    *crl = NULL;
}

/* The key that libcrypto read must be the one that x509_read() found: two parsers, one meaning. */
static status check_same_spki(const X509 *cert, struct bytes spki)
{
    uint8_t *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    if (n <= 0)
        return lib_fail_as(ST_FORMAT, "a certificate without a public key");
    bool is_same = bytes_equal(bytes_of(der, (size_t)n), spki);
    OPENSSL_free(der);
    REQUIRE(is_same, ST_FORMAT, "the public key is not in DER");
    return OK;
}

/* x509_read() says that one item fills der, so libcrypto reads all of it or fails. */
static status parse(struct bytes der, X509 **out)
{
    struct x509_fields fields;
    TRY(x509_read(der, &fields));
    const uint8_t *p = der.p;
    X509 *cert CLEANUP(x509_lib_cert_freep) = d2i_X509(NULL, &p, (long)der.n);
    if (cert == NULL)
        return lib_fail_as(ST_FORMAT, "not an X.509 certificate");
    TRY(check_same_spki(cert, fields.spki));
    *out = cert;
    cert = NULL;
    return OK;
}

status x509_lib_cert(struct bytes der, X509 **out)
{
    uint8_t digest[SHA256_LEN];
    REQUIRE(der.n <= X509_CERT_MAX_BYTES, ST_LIMIT, "a certificate of %zu bytes", der.n);
    TRY(sha256(der, digest));
    *out = x509_memo_find(digest);
    if (*out != NULL)
        return OK;
    TRY(parse(der, out));
    x509_memo_keep(digest, *out);
    return OK;
}

static bool is_allowed(const X509_ALGOR *algorithm)
{
    uint8_t *der = NULL;
    int n = i2d_X509_ALGOR(algorithm, &der);
    bool allowed = n > 0 && x509_alg_is_allowed(bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return allowed;
}

static status check_crl(const X509_CRL *crl)
{
    const X509_ALGOR *algorithm = NULL;
    X509_CRL_get0_signature(crl, NULL, &algorithm);
    REQUIRE(is_allowed(algorithm), ST_CERT, "a CRL with a signature algorithm that is not allowed");
    REQUIRE(X509_CRL_get0_nextUpdate(crl) != NULL, ST_CERT, "a CRL that says no end");
    REQUIRE(X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) >= 0, ST_CERT, "a CRL without number");
    return OK;
}

status x509_lib_crl(struct bytes der, X509_CRL **out)
{
    struct x509_crl fields;
    REQUIRE(der.n <= X509_CRL_MAX_BYTES, ST_LIMIT, "a CRL of %zu bytes", der.n);
    TRY(status_context(der_check(der), "CRL"));
    const uint8_t *p = der.p;
    X509_CRL *crl CLEANUP(x509_lib_crl_freep) = d2i_X509_CRL(NULL, &p, (long)der.n);
    if (crl == NULL)
        return lib_fail_as(ST_FORMAT, "not an X.509 CRL");
    TRY(check_crl(crl));
    TRY(x509_read_crl(der, &fields));
    *out = crl;
    crl = NULL;
    return OK;
}

static bool key_is_allowed(X509 *cert)
{
    uint8_t *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    bool allowed = n > 0 && x509_alg_key_is_allowed(bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return allowed;
}

status x509_lib_check_algorithms(X509 *cert)
{
    const X509_ALGOR *algorithm = NULL;
    X509_get0_signature(NULL, &algorithm, cert);
    REQUIRE(key_is_allowed(cert), ST_CERT, "the key is not a P-256, P-384 or RSA key in use here");
    REQUIRE(is_allowed(algorithm), ST_CERT, "the signature algorithm is not allowed");
    return OK;
}

status x509_lib_time(const ASN1_TIME *t, int64_t *out_unix_s)
{
    struct tm tm;
    REQUIRE(ASN1_TIME_to_tm(t, &tm) == 1, ST_FORMAT, "a time that cannot be read");
    *out_unix_s = (int64_t)timegm(&tm);
    return OK;
}
