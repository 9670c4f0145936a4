#include "crypto/x509.h"

#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/lib.h"
#include "crypto/x509_lib.h"

/* Level 2 is 112 bits, what RSA of 2048 bits gives; check_algorithms() then asks for SHA-256 and
 * for P-256 at least. */
enum { SECURITY_LEVEL = 2 };

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

static status add_untrusted(struct parsed *p, struct bytes der)
{
    X509 *cert = NULL;
    TRY(x509_lib_cert(der, &cert));
    if (sk_X509_push(p->untrusted, cert) > 0)
        return OK;
    X509_free(cert);
    return lib_fail_as(ST_NOMEM, "no memory for a certificate");
}

static status add_crl(struct parsed *p, struct bytes der)
{
    X509_CRL *crl = NULL;
    TRY(x509_lib_crl(der, &crl));
    if (sk_X509_CRL_push(p->crls, crl) > 0)
        return OK;
    X509_CRL_free(crl);
    return lib_fail_as(ST_NOMEM, "no memory for a CRL");
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
    TRY(status_context(x509_lib_cert(chain->root, &out->root), "root"));
    TRY(status_context(x509_lib_cert(chain->leaf, &out->leaf), "leaf"));
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

/* RFC 5280 section 4.1.2.5 counts the second of notAfter in; libcrypto does not. The same for a
 * CRL's nextUpdate, so that x509_verify_crl() says the same. */
static bool is_last_second(X509_STORE_CTX *ctx)
{
    const struct x509_chain *chain = X509_STORE_CTX_get_app_data(ctx);
    const ASN1_TIME *end = NULL;
    int64_t end_unix_s = 0;
    if (X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_HAS_EXPIRED)
        end = X509_get0_notAfter(X509_STORE_CTX_get_current_cert(ctx));
    else if (X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CRL_HAS_EXPIRED)
        end = X509_CRL_get0_nextUpdate(X509_STORE_CTX_get0_current_crl(ctx));
    return end != NULL && ok(x509_lib_time(end, &end_unix_s)) && end_unix_s == chain->at_unix_s;
}

/* The certificates of Nitro and AMD carry no key identifiers, which RFC 5280 demands. They are
 * hints for finding the issuer and no part of the proof. */
static bool is_hint_missing(X509_STORE_CTX *ctx)
{
    int error = X509_STORE_CTX_get_error(ctx);
    return error == X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER ||
           error == X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER;
}

/* Nothing else is let pass. */
static int on_verify(int held, X509_STORE_CTX *ctx)
{
    if (held || (!is_hint_missing(ctx) && !needs_no_crl(ctx) && !is_last_second(ctx)))
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

/* RFC 5280 section 4.1.2.2: positive, which x509_read() sees to but for zero. That section's limit
 * of 20 bytes is not kept by Nitro's certificates, and nothing rests on it. */
static status check_serial(const X509 *cert, bool is_zero_allowed)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    struct bytes v = bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    REQUIRE(is_zero_allowed || !bytes_all_zero(v), ST_CERT, "the serial number is zero");
    return OK;
}

static void purposes_freep(EXTENDED_KEY_USAGE **e)
{
    EXTENDED_KEY_USAGE_free(*e);
    *e = NULL;
}

/* RFC 5280 sections 4.2.1.10 and 4.2.1.12: which purposes are named is the caller's matter, but a
 * list of none means nothing, and what constrains names stands in CA certificates. */
static status check_leaf_extensions(const X509 *cert)
{
    int critical = 0;
    EXTENDED_KEY_USAGE *purposes CLEANUP(purposes_freep) =
        X509_get_ext_d2i(cert, NID_ext_key_usage, &critical, NULL);
    lib_errors_drop();
    REQUIRE(critical == -1 || (purposes != NULL && sk_ASN1_OBJECT_num(purposes) > 0), ST_CERT,
            "the extended key usage names nothing");
    REQUIRE(X509_get_ext_by_NID(cert, NID_name_constraints, -1) < 0, ST_CERT,
            "name constraints in a certificate that is no CA's");
    return OK;
}

/* For CA certificates libcrypto's strict mode asks the same; it does not say so in its manual. */
static status check_usage(X509 *cert, bool is_leaf)
{
    bool is_ca = X509_check_ca(cert) != 0 || (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
    uint32_t usage = X509_get_key_usage(cert); /* all ones when absent */
    if (is_leaf) {
        REQUIRE(!is_ca, ST_CERT, "a CA certificate in the place of the leaf");
        REQUIRE(usage & KU_DIGITAL_SIGNATURE, ST_CERT, "the key is not for signatures");
        return check_leaf_extensions(cert);
    }
    REQUIRE(X509_check_ca(cert) == 1, ST_CERT, "no CA certificate");
    REQUIRE(usage != UINT32_MAX && (usage & KU_KEY_CERT_SIGN), ST_CERT,
            "the key is not for signing certificates");
    return OK;
}

/* libcrypto takes an entry with the reason removeFromCRL for no revocation. It has a meaning in
 * delta CRLs alone, which are refused: an entry is an entry. */
static status check_not_listed(const struct parsed *p, X509 *cert)
{
    for (int i = 0; i < sk_X509_CRL_num(p->crls); i++) {
        X509_CRL *crl = sk_X509_CRL_value(p->crls, i);
        X509_REVOKED *entry = NULL;
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(cert)) != 0)
            continue;
        REQUIRE(X509_CRL_get0_by_cert(crl, &entry, cert) == 0, ST_REVOKED, "certificate revoked");
    }
    return OK;
}

static status check_cert(const struct parsed *p, const struct x509_chain *chain, X509 *cert,
                         bool is_leaf)
{
    TRY(x509_lib_check_algorithms(cert));
    TRY(check_serial(cert, chain->is_zero_serial_allowed));
    TRY(check_usage(cert, is_leaf));
    return check_not_listed(p, cert);
}

static status narrow(X509 *cert, struct x509_verified *v)
{
    int64_t not_before = 0;
    int64_t not_after = 0;
    TRY(x509_lib_time(X509_get0_notBefore(cert), &not_before));
    TRY(x509_lib_time(X509_get0_notAfter(cert), &not_after));
    if (not_before > v->not_before_unix_s)
        v->not_before_unix_s = not_before;
    if (not_after < v->not_after_unix_s)
        v->not_after_unix_s = not_after;
    v->n_crl_named += names_crl(cert);
    return OK;
}

/* What libcrypto's verification leaves to its caller. */
static status check_chain(const struct x509_chain *chain, const struct parsed *p,
                          X509_STORE_CTX *ctx, struct x509_verified *out)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
    struct x509_verified v = {.not_before_unix_s = INT64_MIN, .not_after_unix_s = INT64_MAX};
    int n = sk_X509_num(built);
    REQUIRE(n >= 2 && X509_cmp(sk_X509_value(built, n - 1), p->root) == 0, ST_CERT,
            "the chain does not end in the pinned root");
    for (int i = 0; i < n; i++) {
        X509 *cert = sk_X509_value(built, i);
        TRY(status_context(check_cert(p, chain, cert, i == 0), "certificate %d above the leaf", i));
        TRY(narrow(cert, &v));
    }
    v.n_certs = (size_t)n;
    *out = v;
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
    return check_chain(chain, p, ctx, out);
}

status x509_verify_chain(const struct x509_chain *chain, struct x509_verified *out)
{
    struct parsed p CLEANUP(parsed_done) = {0};
    struct x509_verified result = {0};
    struct x509_fields leaf;
    TRY(lib_init());
    TRY(parse_all(chain, &p));
    TRY(verify(chain, &p, &result));
    TRY(x509_read(chain->leaf, &leaf));
    result.leaf_spki = leaf.spki;
    *out = result;
    return OK;
}

status x509_spki(struct bytes der, struct bytes *out_spki)
{
    X509 *cert CLEANUP(x509_lib_cert_freep) = NULL;
    struct x509_fields fields;
    TRY(lib_init());
    TRY(x509_lib_cert(der, &cert));
    TRY(x509_read(der, &fields));
    *out_spki = fields.spki;
    return OK;
}

status x509_validity(struct bytes der, int64_t *out_not_before, int64_t *out_not_after)
{
    X509 *cert CLEANUP(x509_lib_cert_freep) = NULL;
    struct x509_verified v = {.not_before_unix_s = INT64_MIN, .not_after_unix_s = INT64_MAX};
    TRY(lib_init());
    TRY(x509_lib_cert(der, &cert));
    TRY(narrow(cert, &v));
    *out_not_before = v.not_before_unix_s;
    *out_not_after = v.not_after_unix_s;
    return OK;
}
