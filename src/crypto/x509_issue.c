#include "crypto/x509_issue.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/hash.h"
#include "crypto/lib.h"
#include "crypto/rand.h"

enum { SERIAL_BYTES = 16, KEY_ID_BYTES = 20, SPKI_MAX_BYTES = 2048 };
enum { DIST_POINT_FULL_NAME = 0 }; /* the first choice of DistributionPointName, RFC 5280 */
enum { BIT_DIGITAL_SIGNATURE = 0, BIT_CERT_SIGN = 5, BIT_CRL_SIGN = 6 };

static void x509_ptr_freep(X509 **x)
{
    X509_free(*x);
    *x = NULL;
}

static void crl_freep(X509_CRL **c)
{
    X509_CRL_free(*c);
    *c = NULL;
}

static void name_freep(X509_NAME **n)
{
    X509_NAME_free(*n);
    *n = NULL;
}

static void key_id_freep(ASN1_OCTET_STRING **s)
{
    ASN1_OCTET_STRING_free(*s);
    *s = NULL;
}

static void authority_freep(AUTHORITY_KEYID **a)
{
    AUTHORITY_KEYID_free(*a);
    *a = NULL;
}

static void constraints_freep(BASIC_CONSTRAINTS **c)
{
    BASIC_CONSTRAINTS_free(*c);
    *c = NULL;
}

static void bits_freep(ASN1_BIT_STRING **b)
{
    ASN1_BIT_STRING_free(*b);
    *b = NULL;
}

static void integer_freep(ASN1_INTEGER **i)
{
    ASN1_INTEGER_free(*i);
    *i = NULL;
}

static void revoked_freep(X509_REVOKED **r)
{
    X509_REVOKED_free(*r);
    *r = NULL;
}

static void points_freep(CRL_DIST_POINTS **p)
{
    CRL_DIST_POINTS_free(*p);
    *p = NULL;
}

static void object_freep(ASN1_OBJECT **o)
{
    ASN1_OBJECT_free(*o);
    *o = NULL;
}

static void extension_freep(X509_EXTENSION **e)
{
    X509_EXTENSION_free(*e);
    *e = NULL;
}

static void time_freep(ASN1_TIME **t)
{
    ASN1_TIME_free(*t);
    *t = NULL;
}

static EVP_PKEY *pkey_of(const struct x509_signer *s)
{
    return s->rsa != NULL ? rsa_secret_pkey(s->rsa) : ecdsa_secret_pkey(s->ecdsa);
}

/* With EC keys the digest follows the curve. */
static const EVP_MD *digest_of(const struct x509_signer *s)
{
    if (s->rsa == NULL)
        return ecdsa_secret_alg(s->ecdsa) == ECDSA_ES256 ? EVP_sha256() : EVP_sha384();
    switch (s->rsa_alg) {
    case RSA_RS256:
        return EVP_sha256();
    case RSA_RS512:
        return EVP_sha512();
    default:
        return EVP_sha384();
    }
}

static status signer_spki(const struct x509_signer *s, struct buf *out)
{
    return s->rsa != NULL ? rsa_public_spki(s->rsa, out) : ecdsa_public_spki(s->ecdsa, out);
}

/* A context that X509_sign_ctx() or X509_CRL_sign_ctx() takes; PSS writes its parameters. */
static status signing(const struct x509_signer *s, EVP_MD_CTX **out)
{
    EVP_PKEY_CTX *key = NULL;
    *out = EVP_MD_CTX_new();
    if (*out == NULL || EVP_DigestSignInit(*out, &key, digest_of(s), NULL, pkey_of(s)) != 1)
        return lib_fail("X.509 signing");
    if (s->rsa == NULL || s->rsa_alg != RSA_PS384)
        return OK;
    if (EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) != 1)
        return lib_fail("X.509 signing");
    return OK;
}

static struct x509_signer signer_of(struct x509_signer given, const struct ecdsa_secret *usual)
{
    return given.rsa != NULL || given.ecdsa != NULL ? given : (struct x509_signer){.ecdsa = usual};
}

static status name_of(const char *common_name, struct bytes der, X509_NAME **out)
{
    const uint8_t *p = der.p;
    if (der.n > 0) {
        *out = d2i_X509_NAME(NULL, &p, (long)der.n);
        return *out != NULL ? OK : lib_fail("X.509 name");
    }
    *out = X509_NAME_new();
    if (*out == NULL ||
        X509_NAME_add_entry_by_NID(*out, NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)common_name, -1, -1, 0) != 1)
        return lib_fail("X.509 name");
    return OK;
}

static status set_names(X509 *cert, const struct x509_request *req)
{
    X509_NAME *subject CLEANUP(name_freep) = NULL;
    X509_NAME *issuer CLEANUP(name_freep) = NULL;
    TRY(name_of(req->common_name, req->subject_der, &subject));
    TRY(name_of(req->issuer_name, req->issuer_der, &issuer));
    if (X509_set_subject_name(cert, subject) != 1 || X509_set_issuer_name(cert, issuer) != 1)
        return lib_fail("X.509 names");
    return OK;
}

static status set_serial(X509 *cert, struct bytes given)
{
    uint8_t serial[SERIAL_BYTES];
    TRY(rand_bytes(serial, sizeof(serial)));
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); /* positive, and always of the same length */
    struct bytes magnitude = given.n > 0 ? given : BYTES_OF(serial);
    BIGNUM *number = BN_bin2bn(magnitude.p, (int)magnitude.n, NULL);
    bool is_set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return is_set ? OK : lib_fail("X.509 serial number");
}

static status set_times(X509 *cert, const struct x509_request *req)
{
    if (ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)req->not_before_unix_s) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)req->not_after_unix_s) == NULL)
        return lib_fail("X.509 times");
    return OK;
}

static status add_constraints(X509 *cert, const struct x509_request *req)
{
    BASIC_CONSTRAINTS *c CLEANUP(constraints_freep) = BASIC_CONSTRAINTS_new();
    if (c == NULL)
        return lib_fail("X.509 constraints");
    c->ca = req->is_ca ? 0xff : 0;
    if (req->is_ca && req->path_len >= 0) {
        c->pathlen = ASN1_INTEGER_new();
        if (c->pathlen == NULL || ASN1_INTEGER_set(c->pathlen, req->path_len) != 1)
            return lib_fail("X.509 path length");
    }
    if (X509_add1_ext_i2d(cert, NID_basic_constraints, c, 1, 0) != 1)
        return lib_fail("X.509 constraints");
    return OK;
}

static status add_usage(X509 *cert, bool is_ca)
{
    ASN1_BIT_STRING *usage CLEANUP(bits_freep) = ASN1_BIT_STRING_new();
    bool is_set =
        usage != NULL && (is_ca ? ASN1_BIT_STRING_set_bit(usage, BIT_CERT_SIGN, 1) &&
                                      ASN1_BIT_STRING_set_bit(usage, BIT_CRL_SIGN, 1)
                                : ASN1_BIT_STRING_set_bit(usage, BIT_DIGITAL_SIGNATURE, 1));
    if (!is_set || X509_add1_ext_i2d(cert, NID_key_usage, usage, 1, 0) != 1)
        return lib_fail("X.509 key usage");
    return OK;
}

/* RFC 7093 section 2, method 4: a truncated SHA-256 of the SubjectPublicKeyInfo. */
static status key_id_of(struct bytes spki, ASN1_OCTET_STRING **out)
{
    uint8_t digest[SHA256_LEN];
    TRY(sha256(spki, digest));
    *out = ASN1_OCTET_STRING_new();
    if (*out == NULL || ASN1_OCTET_STRING_set(*out, digest, KEY_ID_BYTES) != 1)
        return lib_fail("X.509 key identifier");
    return OK;
}

static status authority_of(const struct x509_signer *signer, AUTHORITY_KEYID **out)
{
    ASN1_OCTET_STRING *id CLEANUP(key_id_freep) = NULL;
    struct buf spki CLEANUP(buf_done) = BUF_MAX(SPKI_MAX_BYTES);
    TRY(signer_spki(signer, &spki));
    TRY(key_id_of(buf_view(&spki), &id));
    *out = AUTHORITY_KEYID_new();
    if (*out == NULL)
        return lib_fail("X.509 authority key identifier");
    (*out)->keyid = id;
    id = NULL;
    return OK;
}

static status add_key_ids(X509 *cert, struct bytes subject_spki, const struct x509_signer *signer)
{
    ASN1_OCTET_STRING *id CLEANUP(key_id_freep) = NULL;
    AUTHORITY_KEYID *authority CLEANUP(authority_freep) = NULL;
    TRY(key_id_of(subject_spki, &id));
    TRY(authority_of(signer, &authority));
    if (X509_add1_ext_i2d(cert, NID_subject_key_identifier, id, 0, 0) != 1 ||
        X509_add1_ext_i2d(cert, NID_authority_key_identifier, authority, 0, 0) != 1)
        return lib_fail("X.509 key identifiers");
    return OK;
}

/* Added as it is, twice if it is asked for twice. */
static status add_extra(X509 *cert, const struct x509_extra *extra)
{
    ASN1_OBJECT *oid CLEANUP(object_freep) = OBJ_txt2obj(extra->oid, 1);
    ASN1_OCTET_STRING *value CLEANUP(key_id_freep) = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension CLEANUP(extension_freep) = NULL;
    if (oid == NULL || value == NULL ||
        ASN1_OCTET_STRING_set(value, extra->value.p, (int)extra->value.n) != 1)
        return lib_fail("X.509 extension");
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, extra->is_critical, value);
    if (extension == NULL || X509_add_ext(cert, extension, -1) != 1)
        return lib_fail("X.509 extension");
    return OK;
}

static status set_crl_url(DIST_POINT *point, const char *url)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    point->distpoint = DIST_POINT_NAME_new();
    if (point->distpoint != NULL) {
        point->distpoint->type = DIST_POINT_FULL_NAME;
        point->distpoint->name.fullname = sk_GENERAL_NAME_new_null();
    }
    if (name == NULL || text == NULL || point->distpoint == NULL ||
        point->distpoint->name.fullname == NULL || ASN1_STRING_set(text, url, -1) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(text);
        return lib_fail("X.509 CRL distribution point");
    }
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    if (sk_GENERAL_NAME_push(point->distpoint->name.fullname, name) > 0)
        return OK;
    GENERAL_NAME_free(name);
    return lib_fail("X.509 CRL distribution point");
}

static status add_crl_url(X509 *cert, const char *url)
{
    CRL_DIST_POINTS *points CLEANUP(points_freep) = sk_DIST_POINT_new_null();
    DIST_POINT *point = DIST_POINT_new();
    if (points == NULL || point == NULL || sk_DIST_POINT_push(points, point) <= 0) {
        DIST_POINT_free(point);
        return lib_fail("X.509 CRL distribution point");
    }
    TRY(set_crl_url(point, url));
    if (X509_add1_ext_i2d(cert, NID_crl_distribution_points, points, 0, 0) != 1)
        return lib_fail("X.509 CRL distribution point");
    return OK;
}

static void pubkey_freep(X509_PUBKEY **k)
{
    X509_PUBKEY_free(*k);
    *k = NULL;
}

/* As it is: tests certify keys of every kind. */
static status set_key(X509 *cert, struct bytes spki)
{
    const uint8_t *p = spki.p;
    X509_PUBKEY *key CLEANUP(pubkey_freep) = d2i_X509_PUBKEY(NULL, &p, (long)spki.n);
    EVP_PKEY *pkey = key != NULL ? X509_PUBKEY_get0(key) : NULL;
    if (pkey == NULL || X509_set_pubkey(cert, pkey) != 1)
        return lib_fail("X.509 public key");
    return OK;
}

static status fill_extensions(X509 *cert, const struct x509_request *req)
{
    if (!req->omits_usage && !req->omits_constraints)
        TRY(add_constraints(cert, req));
    if (!req->omits_usage)
        TRY(add_usage(cert, req->is_ca));
    if (req->crl_url != NULL)
        TRY(add_crl_url(cert, req->crl_url));
    for (size_t i = 0; i < req->n_extras; i++)
        TRY(add_extra(cert, &req->extras[i]));
    return OK;
}

static status subject_spki(const struct x509_request *req, struct buf *out)
{
    if (req->subject_spki.n == 0)
        return ecdsa_public_spki(req->subject_key, out);
    buf_put(out, req->subject_spki);
    return buf_status(out);
}

static status fill(X509 *cert, const struct x509_request *req, const struct x509_signer *signer)
{
    struct buf spki CLEANUP(buf_done) = BUF_MAX(SPKI_MAX_BYTES);
    if (X509_set_version(cert, X509_VERSION_3) != 1)
        return lib_fail("X.509 version");
    TRY(set_serial(cert, req->serial));
    TRY(set_names(cert, req));
    TRY(set_times(cert, req));
    TRY(subject_spki(req, &spki));
    TRY(set_key(cert, buf_view(&spki)));
    TRY(fill_extensions(cert, req));
    return req->omits_key_ids ? OK : add_key_ids(cert, buf_view(&spki), signer);
}

static status put_der(int n, uint8_t *der, struct buf *out)
{
    if (n <= 0)
        return lib_fail("X.509 encoding");
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return buf_status(out);
}

status x509_issue(const struct x509_request *req, struct buf *out_der)
{
    TRY(lib_init());
    X509 *cert CLEANUP(x509_ptr_freep) = X509_new();
    if (cert == NULL)
        return lib_fail("X.509 certificate");
    struct x509_signer signer = signer_of(req->signer, req->issuer_key);
    EVP_MD_CTX *ctx CLEANUP(lib_md_ctx_freep) = NULL;
    TRY(fill(cert, req, &signer));
    TRY(signing(&signer, &ctx));
    if (X509_sign_ctx(cert, ctx) <= 0)
        return lib_fail("X.509 signing");
    uint8_t *der = NULL;
    int n = i2d_X509(cert, &der);
    return put_der(n, der, out_der);
}

static status set_crl_times(X509_CRL *crl, const struct x509_crl_request *req)
{
    ASN1_TIME *from CLEANUP(time_freep) = ASN1_TIME_set(NULL, (time_t)req->this_update_unix_s);
    ASN1_TIME *to CLEANUP(time_freep) = ASN1_TIME_set(NULL, (time_t)req->next_update_unix_s);
    if (from == NULL || to == NULL || X509_CRL_set1_lastUpdate(crl, from) != 1 ||
        (!req->omits_next_update && X509_CRL_set1_nextUpdate(crl, to) != 1))
        return lib_fail("CRL times");
    return OK;
}

static void enumerated_freep(ASN1_ENUMERATED **e)
{
    ASN1_ENUMERATED_free(*e);
    *e = NULL;
}

static status set_reason(X509_REVOKED *entry, int reason)
{
    ASN1_ENUMERATED *value CLEANUP(enumerated_freep) = ASN1_ENUMERATED_new();
    if (value == NULL || ASN1_ENUMERATED_set(value, reason) != 1 ||
        X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) != 1)
        return lib_fail("CRL reason");
    return OK;
}

static status revoke(X509_CRL *crl, const struct x509_crl_request *req, struct bytes cert_der)
{
    ASN1_TIME *at CLEANUP(time_freep) = ASN1_TIME_set(NULL, (time_t)req->this_update_unix_s);
    const uint8_t *p = cert_der.p;
    X509 *cert CLEANUP(x509_ptr_freep) = d2i_X509(NULL, &p, (long)cert_der.n);
    X509_REVOKED *entry CLEANUP(revoked_freep) = X509_REVOKED_new();
    if (at == NULL || cert == NULL || entry == NULL ||
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) != 1 ||
        X509_REVOKED_set_revocationDate(entry, at) != 1)
        return lib_fail("CRL entry");
    if (req->reason != 0)
        TRY(set_reason(entry, req->reason));
    if (X509_CRL_add0_revoked(crl, entry) != 1)
        return lib_fail("CRL entry");
    entry = NULL;
    return OK;
}

static status add_crl_extensions(X509_CRL *crl, const struct x509_signer *signer)
{
    AUTHORITY_KEYID *authority CLEANUP(authority_freep) = NULL;
    ASN1_INTEGER *number CLEANUP(integer_freep) = ASN1_INTEGER_new();
    TRY(authority_of(signer, &authority));
    if (number == NULL || ASN1_INTEGER_set(number, 1) != 1 ||
        X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0, 0) != 1 ||
        X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) != 1)
        return lib_fail("CRL extensions");
    return OK;
}

static status fill_crl(X509_CRL *crl, const struct x509_crl_request *req,
                       const struct x509_signer *signer)
{
    X509_NAME *issuer CLEANUP(name_freep) = NULL;
    TRY(name_of(req->issuer_name, req->issuer_der, &issuer));
    if (X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl, issuer) != 1)
        return lib_fail("CRL issuer");
    TRY(set_crl_times(crl, req));
    for (size_t i = 0; i < req->n_revoked; i++)
        TRY(revoke(crl, req, req->revoked[i]));
    (void)X509_CRL_sort(crl);
    return add_crl_extensions(crl, signer);
}

status x509_issue_crl(const struct x509_crl_request *req, struct buf *out_der)
{
    TRY(lib_init());
    X509_CRL *crl CLEANUP(crl_freep) = X509_CRL_new();
    if (crl == NULL)
        return lib_fail("CRL");
    struct x509_signer signer = signer_of(req->signer, req->issuer_key);
    EVP_MD_CTX *ctx CLEANUP(lib_md_ctx_freep) = NULL;
    TRY(fill_crl(crl, req, &signer));
    TRY(signing(&signer, &ctx));
    if (X509_CRL_sign_ctx(crl, ctx) <= 0)
        return lib_fail("CRL signing");
    uint8_t *der = NULL;
    int n = i2d_X509_CRL(crl, &der);
    return put_der(n, der, out_der);
}
