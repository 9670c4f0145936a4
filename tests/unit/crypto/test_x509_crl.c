/* CRLs, in a chain and by themselves. */
#include "unit/crypto/rsa_pki.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/der.h"
#include "crypto/lib.h"

static struct x509_crl_request root_crl(void)
{
    return (struct x509_crl_request){.issuer_name = "root",
                                     .this_update_unix_s = NOW - 10,
                                     .next_update_unix_s = NOW + 10,
                                     .signer = by_root(RSA_PS384)};
}

static struct buf issued_crl(const struct x509_crl_request *r)
{
    struct buf out = BUF_MAX(DER_MAX);
    assert_ok(x509_issue_crl(r, &out));
    return out;
}

/* AMD: the root's list names intermediates; leaves name no CRL and have none. */
static void the_roots_crl_covers_intermediates(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    struct x509_crl_request req = root_crl();
    struct buf empty = issued_crl(&req);
    struct bytes ca = buf_view(&pki.ca), list = buf_view(&empty);
    c.crls = &list;
    c.n_crls = 1;
    c.is_crl_where_named = true;
    assert_int_equal(verify(&c), ST_OK);
    c.is_crl_where_named = false; /* the leaf then needs its issuer's */
    assert_int_equal(verify(&c), ST_CERT);
    c.is_crl_where_named = true;
    req.revoked = &ca;
    req.n_revoked = 1;
    /* unspecified, keyCompromise, certificateHold, removeFromCRL, privilegeWithdrawn */
    static const int reasons[] = {0, 1, 6, 8, 9};
    for (size_t i = 0; i < 5; i++) {
        req.reason = reasons[i];
        struct buf crl = issued_crl(&req);
        list = buf_view(&crl);
        assert_int_equal(verify(&c), ST_REVOKED);
        buf_done(&crl);
    }
    buf_done(&empty);
}

static void a_crl_is_of_its_issuer_and_time(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    struct x509_crl_request req = root_crl();
    struct bytes list;
    c.crls = &list;
    c.n_crls = 1;
    c.is_crl_where_named = true;
    req.omits_next_update = true;
    struct buf endless = issued_crl(&req);
    list = buf_view(&endless);
    assert_int_equal(verify(&c), ST_CERT);
    req.omits_next_update = false;
    req.signer = by_ca(RSA_PS384);
    struct buf foreign = issued_crl(&req);
    list = buf_view(&foreign);
    assert_int_equal(verify(&c), ST_CERT);
    req.signer = by_root(RSA_PS384);
    req.next_update_unix_s = NOW - 1;
    struct buf old = issued_crl(&req);
    list = buf_view(&old);
    assert_int_equal(verify(&c), ST_EXPIRED);
    buf_done(&endless);
    buf_done(&foreign);
    buf_done(&old);
}

static void crls_are_told_apart_by_their_issuers(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    struct x509_crls got;
    struct x509_crl_request req = root_crl();
    struct buf of_root CLEANUP(buf_done) = issued_crl(&req);
    req.issuer_name = "ca";
    struct buf of_ca CLEANUP(buf_done) = issued_crl(&req);
    req.issuer_name = "elsewhere";
    struct buf foreign CLEANUP(buf_done) = issued_crl(&req);
    const struct bytes lists[] = {buf_view(&foreign), buf_view(&of_ca), BYTES_LIT("garbage"),
                                  buf_view(&of_root)};
    struct bytes many[X509_CHAIN_MAX + 1];
    assert_ok(x509_crls_of(&c, lists, 4, &got));
    assert_int_equal(got.n, 3); /* garbage may be anybody's */
    for (size_t i = 0; i < got.n; i++)
        assert_ptr_equal(got.v[i].p, lists[i + 1].p);
    assert_ok(x509_crls_of(&c, NULL, 0, &got));
    assert_int_equal(got.n, 0);
    for (size_t i = 0; i <= X509_CHAIN_MAX; i++)
        many[i] = lists[3];
    assert_code(x509_crls_of(&c, many, X509_CHAIN_MAX + 1, &got), ST_LIMIT);
}

/* The CRL says SHA-256 in what is signed; it is signed with SHA-384, as it says beside that. */
static struct buf of_two_algorithms(void)
{
    static const uint8_t sha384[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c};
    struct x509_crl_request req = root_crl();
    struct der_item whole, tbs;
    struct buf sig CLEANUP(buf_done) = BUF_MAX(RSA_SIG_MAX);
    req.signer = by_root(RSA_RS384);
    struct buf crl = issued_crl(&req);
    uint8_t *inside = memmem(crl.p, crl.n, sha384, sizeof(sha384));
    assert_non_null(inside);
    inside[sizeof(sha384) - 1] = 0x0b;
    assert_ok(der_only(buf_view(&crl), DER_SEQUENCE, &whole));
    struct rd r = rd_over(whole.content);
    assert_ok(der_next(&r, &tbs));
    assert_ok(rsa_sign(pki.root_key, RSA_RS384, tbs.all, &sig));
    memcpy(crl.p + crl.n - sig.n, sig.p, sig.n);
    return crl;
}

static void a_crl_says_its_algorithm_once(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    struct x509_crl fields;
    struct buf crl CLEANUP(buf_done) = of_two_algorithms();
    struct bytes list = buf_view(&crl);
    c.crls = &list;
    c.n_crls = 1;
    c.is_crl_where_named = true;
    assert_code(x509_verify_crl(list, buf_view(&pki.root), NOW, &fields), ST_FORMAT);
    assert_int_equal(verify(&c), ST_FORMAT);
}

struct crl_row {
    const char *rule;
    int64_t from, to, at;
    const char *issuer;
    bool is_by_ca, omits_next_update, ca_is_issuer;
    enum status_code code;
};

static const struct crl_row CRL_ROWS[] = {
    {"in its time", 100, 200, 150, "root", false, false, false, ST_OK},
    {"the first second", 100, 200, 100, "root", false, false, false, ST_OK},
    {"the last second", 100, 200, 200, "root", false, false, false, ST_OK},
    {"too early", 100, 200, 99, "root", false, false, false, ST_EXPIRED},
    {"too late", 100, 200, 201, "root", false, false, false, ST_EXPIRED},
    {"no end", 100, 200, 150, "root", false, true, false, ST_CERT},
    {"another's name", 100, 200, 150, "other", false, false, false, ST_CERT},
    {"another's key", 100, 200, 150, "root", true, false, false, ST_CERT},
    {"the intermediate's own", 100, 200, 150, "ca", true, false, true, ST_OK},
    {"another's certificate", 100, 200, 150, "root", false, false, true, ST_CERT},
};

static void a_crl_by_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(CRL_ROWS) / sizeof(CRL_ROWS[0]); i++) {
        const struct crl_row *row = &CRL_ROWS[i];
        struct x509_crl untouched = {.this_update_unix_s = -7}, c = untouched;
        struct x509_crl_request req = {.issuer_name = row->issuer,
                                       .this_update_unix_s = NOW + row->from,
                                       .next_update_unix_s = NOW + row->to,
                                       .signer =
                                           row->is_by_ca ? by_ca(RSA_RS256) : by_root(RSA_PS384),
                                       .omits_next_update = row->omits_next_update};
        struct buf crl = issued_crl(&req);
        struct bytes in = test_exact(buf_view(&crl));
        struct bytes issuer = buf_view(row->ca_is_issuer ? &pki.ca : &pki.root);
        status s = x509_verify_crl(in, issuer, NOW + row->at, &c);
        if (s.code != row->code)
            fail_msg("%s: %s (%s)", row->rule, status_name(s.code),
                     failed(s) ? status_detail() : "");
        if (failed(s))
            assert_memory_equal(&c, &untouched, sizeof(c));
        test_exact_free(in);
        buf_done(&crl);
    }
}

/* The same CRL under a good signature of another kind, which x509_issue does not make. */
static struct buf signed_with(const struct buf *der, const EVP_MD *digest)
{
    const uint8_t *p = der->p;
    uint8_t *again = NULL;
    struct buf out = BUF_MAX(DER_MAX);
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der->n);
    assert_non_null(crl);
    assert_true(X509_CRL_sign(crl, rsa_secret_pkey(pki.root_key), digest) > 0);
    int n = i2d_X509_CRL(crl, &again);
    assert_true(n > 0);
    buf_put(&out, bytes_of(again, (size_t)n));
    OPENSSL_free(again);
    X509_CRL_free(crl);
    return out;
}

static void a_crl_is_signed_with_an_allowed_algorithm(void **state)
{
    (void)state;
    struct x509_crl_request req = root_crl();
    struct buf crl = issued_crl(&req);
    struct buf sha256 = signed_with(&crl, EVP_sha256()), sha224 = signed_with(&crl, EVP_sha224());
    struct bytes list = buf_view(&sha256);
    struct x509_crl out;
    struct x509_chain c = chain();
    c.crls = &list;
    c.n_crls = 1;
    c.is_crl_where_named = true;
    assert_int_equal(verify(&c), ST_OK);
    assert_ok(x509_verify_crl(list, buf_view(&pki.root), NOW, &out));
    list = buf_view(&sha224);
    assert_int_equal(verify(&c), ST_CERT);
    assert_code(x509_verify_crl(list, buf_view(&pki.root), NOW, &out), ST_CERT);
    buf_done(&crl);
    buf_done(&sha256);
    buf_done(&sha224);
}

/* Who may sign a CRL: each row breaks one rule, the name and the key are right. */
struct issuer_row {
    const char *rule, *constraints, *usage; /* values of the extensions; NULL: without */
    enum status_code code;
};

static const struct issuer_row ISSUERS[] = {
    {"a CA for certificates and CRLs", "30030101ff", "03020106", ST_OK},
    {"a CA that issues no certificates", "30030101ff", "03020102", ST_CERT},
    {"a CA for certificates alone", "30030101ff", "03020204", ST_CERT},
    {"a CA that does not say for what", "30030101ff", NULL, ST_CERT},
    {"for both, and no CA", "3000", "03020106", ST_CERT},
    {"for both, without constraints", NULL, "03020106", ST_CERT},
};

static struct buf issuer_of(const struct issuer_row *row)
{
    struct buf constraints = test_hex(row->constraints ? row->constraints : "");
    struct buf usage = test_hex(row->usage ? row->usage : "");
    struct x509_extra extras[2];
    struct x509_request r = request("root", "root", true, &pki.root_spki, by_root(RSA_RS256));
    r.omits_usage = true;
    r.extras = extras;
    if (row->constraints != NULL)
        extras[r.n_extras++] = (struct x509_extra){"2.5.29.19", true, buf_view(&constraints)};
    if (row->usage != NULL)
        extras[r.n_extras++] = (struct x509_extra){"2.5.29.15", true, buf_view(&usage)};
    struct buf out = issued(&r);
    buf_done(&constraints);
    buf_done(&usage);
    return out;
}

static void a_crl_is_signed_by_who_may(void **state)
{
    (void)state;
    struct x509_crl_request req = root_crl();
    struct buf crl = issued_crl(&req);
    for (size_t i = 0; i < sizeof(ISSUERS) / sizeof(ISSUERS[0]); i++) {
        struct x509_crl out;
        struct buf issuer = issuer_of(&ISSUERS[i]);
        status s = x509_verify_crl(buf_view(&crl), buf_view(&issuer), NOW, &out);
        if (s.code != ISSUERS[i].code)
            fail_msg("%s: %s", ISSUERS[i].rule, status_name(s.code));
        buf_done(&issuer);
    }
    buf_done(&crl);
}

static void an_issuer_itself_is_held_to_the_algorithms(void **state)
{
    (void)state;
    struct x509_crl out;
    struct x509_crl_request req = root_crl();
    struct buf crl = issued_crl(&req), issuer = BUF_MAX(DER_MAX);
    const uint8_t *p = pki.root.p;
    uint8_t *again = NULL;
    X509 *root = d2i_X509(NULL, &p, (long)pki.root.n);
    assert_non_null(root);
    assert_true(X509_sign(root, rsa_secret_pkey(pki.root_key), EVP_sha224()) > 0);
    int n = i2d_X509(root, &again);
    assert_true(n > 0);
    buf_put(&issuer, bytes_of(again, (size_t)n));
    assert_code(x509_verify_crl(buf_view(&crl), buf_view(&issuer), NOW, &out), ST_CERT);
    OPENSSL_free(again);
    X509_free(root);
    buf_done(&crl);
    buf_done(&issuer);
}

/* An extension that must be understood: here it says that the list is another's as well. */
static void a_crl_has_no_critical_extension(void **state)
{
    (void)state;
    for (int is_critical = 0; is_critical < 2; is_critical++) {
        struct x509_crl out;
        struct x509_crl_request req = root_crl();
        struct buf crl = issued_crl(&req);
        const uint8_t *p = crl.p;
        X509_CRL *c = d2i_X509_CRL(NULL, &p, (long)crl.n);
        ISSUING_DIST_POINT *point = ISSUING_DIST_POINT_new();
        uint8_t *again = NULL;
        assert_true(c != NULL && point != NULL);
        point->indirectCRL = 0xff;
        assert_int_equal(
            X509_CRL_add1_ext_i2d(c, NID_issuing_distribution_point, point, is_critical, 0), 1);
        assert_true(X509_CRL_sign(c, rsa_secret_pkey(pki.root_key), EVP_sha256()) > 0);
        int n = i2d_X509_CRL(c, &again);
        status s = x509_verify_crl(bytes_of(again, (size_t)n), buf_view(&pki.root), NOW, &out);
        assert_int_equal(s.code, is_critical ? ST_CERT : ST_OK);
        OPENSSL_free(again);
        ISSUING_DIST_POINT_free(point);
        X509_CRL_free(c);
        buf_done(&crl);
    }
}

static void a_leaf_issues_no_crl(void **state)
{
    (void)state;
    struct x509_crl c;
    struct x509_crl_request req = root_crl();
    req.issuer_name = "leaf";
    req.signer = (struct x509_signer){.ecdsa = pki.leaf_key};
    struct buf crl = issued_crl(&req);
    assert_code(x509_verify_crl(buf_view(&crl), buf_view(&pki.leaf), NOW, &c), ST_CERT);
    buf_done(&crl);
}

static void listed_serials_are_found(void **state)
{
    (void)state;
    struct x509_crl c;
    struct bytes serial, other;
    bool is_listed = false;
    struct bytes revoked[] = {buf_view(&pki.ca), buf_view(&pki.leaf)};
    struct x509_crl_request req = root_crl();
    req.revoked = revoked;
    req.n_revoked = 2;
    struct buf crl = issued_crl(&req);
    assert_ok(x509_verify_crl(buf_view(&crl), buf_view(&pki.root), NOW, &c));
    assert_bytes_equal(c.number, BYTES_LIT("\x01"));
    assert_ok(x509_serial(revoked[0], &serial));
    assert_ok(x509_serial(buf_view(&pki.root), &other));
    assert_ok(x509_crl_lists(&c, serial, &is_listed));
    assert_true(is_listed);
    assert_ok(x509_crl_lists(&c, BYTES_LIT("\0"), &is_listed));
    assert_true(is_listed);
    assert_ok(x509_crl_lists(&c, other, &is_listed));
    assert_false(is_listed);
    buf_done(&crl);
}

static void each_flipped_byte_of_a_crl_is_refused(void **state)
{
    (void)state;
    struct x509_crl_request req = root_crl();
    struct bytes ca = buf_view(&pki.ca);
    req.revoked = &ca;
    req.n_revoked = 1;
    struct buf crl = issued_crl(&req);
    for (size_t i = 0; i < crl.n; i++) {
        struct x509_crl c;
        crl.p[i] ^= 0x01;
        assert_true(failed(x509_verify_crl(buf_view(&crl), buf_view(&pki.root), NOW, &c)));
        crl.p[i] ^= 0x01;
    }
    for (size_t n = 0; n < crl.n; n++) {
        struct x509_crl c;
        struct bytes in = test_exact(bytes_of(crl.p, n));
        assert_code(x509_read_crl(in, &c), ST_TRUNCATED);
        test_exact_free(in);
    }
    buf_done(&crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(the_roots_crl_covers_intermediates),
        EACH(a_crl_is_of_its_issuer_and_time),
        EACH(crls_are_told_apart_by_their_issuers),
        EACH(a_crl_says_its_algorithm_once),
        EACH(a_crl_by_itself),
        EACH(a_crl_is_signed_with_an_allowed_algorithm),
        EACH(a_crl_is_signed_by_who_may),
        EACH(an_issuer_itself_is_held_to_the_algorithms),
        EACH(a_crl_has_no_critical_extension),
        EACH(a_leaf_issues_no_crl),
        EACH(listed_serials_are_found),
        EACH(each_flipped_byte_of_a_crl_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
