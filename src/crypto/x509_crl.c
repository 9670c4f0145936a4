/* One CRL by itself: against the certificate of its issuer, and whose it is. */
#include "crypto/x509.h"

#include <openssl/x509v3.h>

#include "crypto/lib.h"
#include "crypto/x509_lib.h"

static status check_issuer(const X509_CRL *crl, X509 *issuer)
{
    uint32_t usage = X509_get_key_usage(issuer); /* all ones when absent */
    REQUIRE(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0, ST_CERT,
            "the CRL is another issuer's");
    REQUIRE(X509_check_ca(issuer) == 1, ST_CERT, "the CRL's issuer is no CA");
    REQUIRE(usage != UINT32_MAX && (usage & KU_CRL_SIGN), ST_CERT,
            "the issuer's key is not for signing CRLs");
    return x509_lib_check_algorithms(issuer);
}

/* A critical extension can say that this is not the whole list (delta CRLs, a part of the
 * certificates, entries of other issuers): none is known here. */
static status check_extensions(const X509_CRL *crl)
{
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
        REQUIRE(!X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)), ST_CERT,
                "a CRL with a critical extension");
    return OK;
}

static status check_signature(X509_CRL *crl, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    if (key == NULL || X509_CRL_verify(crl, key) != 1)
        return lib_fail_as(ST_CERT, "the CRL's signature does not hold");
    return OK;
}

status x509_verify_crl(struct bytes crl_der, struct bytes issuer_der, int64_t at_unix_s,
                       struct x509_crl *out)
{
    X509_CRL *crl CLEANUP(x509_lib_crl_freep) = NULL;
    X509 *issuer CLEANUP(x509_lib_cert_freep) = NULL;
    struct x509_crl fields;
    TRY(lib_init());
    TRY(x509_lib_crl(crl_der, &crl));
    TRY(x509_read_crl(crl_der, &fields));
    TRY(status_context(x509_lib_cert(issuer_der, &issuer), "CRL issuer"));
    TRY(check_issuer(crl, issuer));
    TRY(check_extensions(crl));
    TRY(check_signature(crl, issuer));
    REQUIRE(fields.this_update_unix_s <= at_unix_s && at_unix_s <= fields.next_update_unix_s,
            ST_EXPIRED, "the CRL is not of this time");
    *out = fields;
    return OK;
}

static bool is_named(const X509_NAME *issuer, struct bytes authority_der)
{
    X509 *authority CLEANUP(x509_lib_cert_freep) = NULL;
    return ok(x509_lib_cert(authority_der, &authority)) &&
           X509_NAME_cmp(issuer, X509_get_subject_name(authority)) == 0;
}

static bool is_of_chain(const struct x509_chain *chain, struct bytes crl_der)
{
    X509_CRL *crl CLEANUP(x509_lib_crl_freep) = NULL;
    if (failed(x509_lib_crl(crl_der, &crl)))
        return true;
    const X509_NAME *issuer = X509_CRL_get_issuer(crl);
    bool is_found = is_named(issuer, chain->root);
    for (size_t i = 0; !is_found && i < chain->n_intermediates; i++)
        is_found = is_named(issuer, chain->intermediates[i]);
    return is_found;
}

status x509_crls_of(const struct x509_chain *chain, const struct bytes *crls, size_t n,
                    struct x509_crls *out)
{
    TRY(lib_init());
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_of_chain(chain, crls[i]))
            continue;
        REQUIRE(out->n < X509_CHAIN_MAX, ST_LIMIT, "more than %d CRLs", X509_CHAIN_MAX);
        out->v[out->n++] = crls[i];
    }
    return OK;
}
