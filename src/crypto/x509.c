#include "crypto/x509.h"

#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/der.h"
#include "crypto/ecdsa.h"
#include "crypto/lib.h"

/* Security level 3 is 128 bits: nothing below P-256 and SHA-256. */
enum { SECURITY_LEVEL = 3 };

/* The end of year 9999, the last that a certificate can name. */
static const int64_t LAST_TIME = INT64_C(253402300799);

struct parsed {
    X509 *root;
    X509 *leaf;
    STACK_OF(X509) * untrusted;
    STACK_OF(X509_CRL) * crls;
};

static void parsed_done(struct parsed *p)
{
    X509_free(p->root);
    X509_free(p->leaf);
    sk_X509_pop_free(p->untrusted, X509_free);
    sk_X509_CRL_pop_free(p->crls, X509_CRL_free);
}

static void x509_ptr_freep(X509 **x)
{
    X509_free(*x);
    *x = NULL;
}

static void store_freep(X509_STORE **s)
{
    X509_STORE_free(*s);
    *s = NULL;
}

static void store_ctx_freep(X509_STORE_CTX **c)
{
    X509_STORE_CTX_free(*c);
    *c = NULL;
}

/* Certificate ::= SEQUENCE { tbs SEQUENCE { [0] version, serial, signature, issuer, validity,
 * subject, subjectPublicKeyInfo, ... }, ... } (RFC 5280 section 4.1). */
static status find_spki(struct bytes der, struct bytes *out)
{
    struct der_item item;
    struct rd cert = rd_over(der);
    TRY(der_expect(&cert, DER_SEQUENCE, &item));
    struct rd body = rd_over(item.content);
    TRY(der_expect(&body, DER_SEQUENCE, &item));
    struct rd tbs = rd_over(item.content);
    TRY(der_next(&tbs, &item));
    if (item.tag == DER_CONTEXT_0)
        TRY(der_expect(&tbs, DER_INTEGER, &item));
    for (int i = 0; i < 5; i++)
        TRY(der_expect(&tbs, DER_SEQUENCE, &item));
    *out = item.all;
    return OK;
}

/* The key that libcrypto read must be the one that find_spki() found: two parsers, one meaning. */
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

/* der_check() says that one item fills der, so libcrypto reads all of it or fails. */
static status parse_cert(struct bytes der, X509 **out)
{
    REQUIRE(der.n <= X509_CERT_MAX_BYTES, ST_LIMIT, "a certificate of %zu bytes", der.n);
    TRY(status_context(der_check(der), "certificate"));
    const uint8_t *p = der.p;
    X509 *cert CLEANUP(x509_ptr_freep) = d2i_X509(NULL, &p, (long)der.n);
    if (cert == NULL)
        return lib_fail_as(ST_FORMAT, "not an X.509 certificate");
    struct bytes spki;
    TRY(status_context(find_spki(der, &spki), "certificate"));
    TRY(check_same_spki(cert, spki));
    *out = cert;
    cert = NULL;
    return OK;
}

static status parse_crl(struct bytes der, X509_CRL **out)
{
    REQUIRE(der.n <= X509_CRL_MAX_BYTES, ST_LIMIT, "a CRL of %zu bytes", der.n);
    TRY(status_context(der_check(der), "CRL"));
    const uint8_t *p = der.p;
    *out = d2i_X509_CRL(NULL, &p, (long)der.n);
    if (*out == NULL)
        return lib_fail_as(ST_FORMAT, "not an X.509 CRL");
    return OK;
}

static status add_untrusted(struct parsed *p, struct bytes der)
{
    X509 *cert = NULL;
    TRY(parse_cert(der, &cert));
    if (sk_X509_push(p->untrusted, cert) > 0)
        return OK;
    X509_free(cert);
    return lib_fail_as(ST_NOMEM, "no memory for a certificate");
}

static bool is_signed_by_allowed(int nid)
{
    return nid == NID_ecdsa_with_SHA256 || nid == NID_ecdsa_with_SHA384;
}

static status add_crl(struct parsed *p, struct bytes der)
{
    X509_CRL *crl = NULL;
    status s = parse_crl(der, &crl);
    if (ok(s) && !is_signed_by_allowed(X509_CRL_get_signature_nid(crl)))
        s = FAIL(ST_CERT, "a CRL with a signature algorithm that is not allowed");
    if (ok(s) && sk_X509_CRL_push(p->crls, crl) > 0)
        return OK;
    X509_CRL_free(crl);
    return failed(s) ? s : lib_fail_as(ST_NOMEM, "no memory for a CRL");
}

static status parse_all(const struct x509_chain *chain, struct parsed *out)
{
    REQUIRE(chain->n_intermediates <= X509_CHAIN_MAX && chain->n_crls <= X509_CHAIN_MAX, ST_LIMIT,
            "%zu intermediates and %zu CRLs", chain->n_intermediates, chain->n_crls);
    REQUIRE(chain->at_unix_s >= 0 && chain->at_unix_s <= LAST_TIME, ST_EXPIRED,
            "a time outside the years 1970 to 9999");
    out->untrusted = sk_X509_new_null();
    out->crls = sk_X509_CRL_new_null();
    REQUIRE(out->untrusted != NULL && out->crls != NULL, ST_NOMEM, "no memory for a chain");
    TRY(status_context(parse_cert(chain->root, &out->root), "root"));
    TRY(status_context(parse_cert(chain->leaf, &out->leaf), "leaf"));
    for (size_t i = 0; i < chain->n_intermediates; i++)
        TRY(status_context(add_untrusted(out, chain->intermediates[i]), "intermediate %zu", i));
    for (size_t i = 0; i < chain->n_crls; i++)
        TRY(status_context(add_crl(out, chain->crls[i]), "CRL %zu", i));
    return OK;
}

static enum status_code code_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return ST_EXPIRED;
    case X509_V_ERR_CERT_REVOKED:
        return ST_REVOKED;
    case X509_V_ERR_OUT_OF_MEM:
        return ST_NOMEM;
    default:
        return ST_CERT;
    }
}

static bool names_crl(const X509 *cert)
{
    return cert != NULL && X509_get_ext_by_NID(cert, NID_crl_distribution_points, -1) >= 0;
}

static bool needs_no_crl(X509_STORE_CTX *ctx)
{
    const struct x509_chain *chain = X509_STORE_CTX_get_app_data(ctx);
    return chain->is_crl_where_named &&
           X509_STORE_CTX_get_error(ctx) == X509_V_ERR_UNABLE_TO_GET_CRL &&
           !names_crl(X509_STORE_CTX_get_current_cert(ctx));
}

/* Nitro's leaf and instance certificates carry no key identifiers, which RFC 5280 demands. They are
 * hints for finding the issuer and no part of the proof; nothing else is let pass. */
static int on_verify(int held, X509_STORE_CTX *ctx)
{
    int error = X509_STORE_CTX_get_error(ctx);
    bool is_hint_missing = error == X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER ||
                           error == X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER;
    if (held || (!is_hint_missing && !needs_no_crl(ctx)))
        return held;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static void set_rules(X509_STORE_CTX *ctx, const struct x509_chain *chain)
{
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(ctx);
    unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST;
    if (chain->n_crls > 0)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_flags(rules, flags);
    X509_VERIFY_PARAM_set_time(rules, (time_t)chain->at_unix_s);
    X509_VERIFY_PARAM_set_depth(rules, X509_CHAIN_MAX);
    X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
    (void)X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_ANY);
}

static status build_chain(X509_STORE_CTX *ctx)
{
    int held = X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    lib_errors_drop();
    if (held == 1 && error == X509_V_OK)
        return OK;
    enum status_code code = error == X509_V_OK ? ST_INTERNAL : code_of(error);
    return FAIL(code, "certificate %d above the leaf: %s", X509_STORE_CTX_get_error_depth(ctx),
                X509_verify_cert_error_string(error));
}

static status spki_of(X509 *cert, enum ecdsa_alg *out_alg)
{
    uint8_t *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    bool is_known = n > 0 && ecdsa_spki_is_known(bytes_of(der, (size_t)n), out_alg);
    OPENSSL_free(der);
    REQUIRE(is_known, ST_CERT, "the key is not a P-256 or P-384 key");
    return OK;
}

static status check_algorithms(X509 *cert)
{
    enum ecdsa_alg alg;
    TRY(spki_of(cert, &alg));
    REQUIRE(is_signed_by_allowed(X509_get_signature_nid(cert)), ST_CERT,
            "the signature algorithm is not allowed");
    return OK;
}

static status check_usage(X509 *cert, bool is_leaf)
{
    bool is_ca = X509_check_ca(cert) != 0 || (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
    uint32_t usage = X509_get_key_usage(cert); /* all ones when absent */
    if (is_leaf) {
        REQUIRE(!is_ca, ST_CERT, "a CA certificate in the place of the leaf");
        REQUIRE(usage & KU_DIGITAL_SIGNATURE, ST_CERT, "the key is not for signatures");
        return OK;
    }
    REQUIRE(X509_check_ca(cert) == 1, ST_CERT, "no CA certificate");
    REQUIRE(usage != UINT32_MAX && (usage & KU_KEY_CERT_SIGN), ST_CERT,
            "the key is not for signing certificates");
    return OK;
}

static status time_of(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    REQUIRE(ASN1_TIME_to_tm(t, &tm) == 1, ST_FORMAT, "a time that cannot be read");
    *out = (int64_t)timegm(&tm);
    return OK;
}

/* What libcrypto's verification leaves to its caller. */
static status check_chain(const struct parsed *p, X509_STORE_CTX *ctx, struct x509_verified *out)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
    int n = sk_X509_num(built);
    REQUIRE(n >= 2 && X509_cmp(sk_X509_value(built, n - 1), p->root) == 0, ST_CERT,
            "the chain does not end in the pinned root");
    int64_t latest = INT64_MIN;
    int64_t earliest = INT64_MAX;
    size_t n_crl_named = 0;
    for (int i = 0; i < n; i++) {
        X509 *cert = sk_X509_value(built, i);
        int64_t not_before = 0;
        int64_t not_after = 0;
        TRY(status_context(check_algorithms(cert), "certificate %d above the leaf", i));
        TRY(status_context(check_usage(cert, i == 0), "certificate %d above the leaf", i));
        TRY(time_of(X509_get0_notBefore(cert), &not_before));
        TRY(time_of(X509_get0_notAfter(cert), &not_after));
        latest = not_before > latest ? not_before : latest;
        earliest = not_after < earliest ? not_after : earliest;
        n_crl_named += names_crl(cert);
    }
    out->not_before_unix_s = latest;
    out->not_after_unix_s = earliest;
    out->n_crl_named = n_crl_named;
    return OK;
}

static void *unconst(const struct x509_chain *chain)
{
    union {
        const struct x509_chain *in;
        void *out;
    } p = {.in = chain};
    return p.out;
}

static status verify(const struct x509_chain *chain, const struct parsed *p,
                     struct x509_verified *out)
{
    X509_STORE *store CLEANUP(store_freep) = X509_STORE_new();
    X509_STORE_CTX *ctx CLEANUP(store_ctx_freep) = X509_STORE_CTX_new();
    if (store == NULL || ctx == NULL || X509_STORE_add_cert(store, p->root) != 1 ||
        X509_STORE_CTX_init(ctx, store, p->leaf, p->untrusted) != 1 ||
        X509_STORE_CTX_set_app_data(ctx, unconst(chain)) != 1)
        return lib_fail_as(ST_NOMEM, "no memory for a chain");
    X509_STORE_CTX_set0_crls(ctx, p->crls);
    X509_STORE_CTX_set_verify_cb(ctx, on_verify);
    set_rules(ctx, chain);
    TRY(build_chain(ctx));
    return check_chain(p, ctx, out);
}

status x509_verify_chain(const struct x509_chain *chain, struct x509_verified *out)
{
    struct parsed p CLEANUP(parsed_done) = {0};
    struct x509_verified result = {0};
    TRY(lib_init());
    TRY(parse_all(chain, &p));
    TRY(verify(chain, &p, &result));
    TRY(find_spki(chain->leaf, &result.leaf_spki));
    *out = result;
    return OK;
}

status x509_spki(struct bytes der, struct bytes *out_spki)
{
    X509 *cert CLEANUP(x509_ptr_freep) = NULL;
    TRY(lib_init());
    TRY(parse_cert(der, &cert));
    return find_spki(der, out_spki);
}

status x509_validity(struct bytes der, int64_t *out_not_before, int64_t *out_not_after)
{
    X509 *cert CLEANUP(x509_ptr_freep) = NULL;
    int64_t not_before = 0;
    int64_t not_after = 0;
    TRY(lib_init());
    TRY(parse_cert(der, &cert));
    TRY(time_of(X509_get0_notBefore(cert), &not_before));
    TRY(time_of(X509_get0_notAfter(cert), &not_after));
    *out_not_before = not_before;
    *out_not_after = not_after;
    return OK;
}
