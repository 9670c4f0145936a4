/* Chains as vendors make them, forged: RSA signers over EC leaves, serial number zero, foreign
 * extensions; and what a CRL may say of them. */
#include "crypto/x509.h"

#include <openssl/x509.h>

#include "crypto/lib.h"
#include "crypto/x509_issue.h"
#include "support/test.h"

enum { DER_MAX = 1 << 16 };
static const int64_t BEGIN = 1600000000, NOW = 1700000000, END = 1800000000;
static const int64_t NEVER = INT64_C(253402300799);

/* AMD's shape: an RSA root and intermediate, an EC leaf with the serial number zero. */
struct pki {
    struct rsa_secret *root_key, *ca_key;
    struct ecdsa_secret *leaf_key;
    struct buf root_spki, ca_spki, leaf_spki, root, ca, leaf;
};

static struct pki pki;

static int set_up(void **state)
{
    (void)state;
    pki.root_spki = pki.ca_spki = pki.leaf_spki = BUF_MAX(DER_MAX);
    assert_ok(rsa_generate(2048, &pki.root_key));
    assert_ok(rsa_generate(2048, &pki.ca_key));
    assert_ok(ecdsa_generate(ECDSA_ES384, &pki.leaf_key));
    assert_ok(rsa_public_spki(pki.root_key, &pki.root_spki));
    assert_ok(rsa_public_spki(pki.ca_key, &pki.ca_spki));
    assert_ok(ecdsa_public_spki(pki.leaf_key, &pki.leaf_spki));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rsa_secret_freep(&pki.root_key);
    rsa_secret_freep(&pki.ca_key);
    ecdsa_secret_freep(&pki.leaf_key);
    buf_done(&pki.root_spki);
    buf_done(&pki.ca_spki);
    buf_done(&pki.leaf_spki);
    return 0;
}

static struct x509_request request(const char *name, const char *issuer, bool is_ca,
                                   const struct buf *spki, struct x509_signer signer)
{
    return (struct x509_request){.common_name = name,
                                 .issuer_name = issuer,
                                 .is_ca = is_ca,
                                 .path_len = -1,
                                 .not_before_unix_s = BEGIN,
                                 .not_after_unix_s = END,
                                 .subject_spki = buf_view(spki),
                                 .signer = signer};
}

static struct x509_signer by_root(enum rsa_alg alg)
{
    return (struct x509_signer){.rsa = pki.root_key, .rsa_alg = alg};
}

static struct x509_signer by_ca(enum rsa_alg alg)
{
    return (struct x509_signer){.rsa = pki.ca_key, .rsa_alg = alg};
}

static struct buf issued(const struct x509_request *r)
{
    struct buf out = BUF_MAX(DER_MAX);
    assert_ok(x509_issue(r, &out));
    return out;
}

static int chain_new(void **state)
{
    (void)state;
    struct x509_request root = request("root", "root", true, &pki.root_spki, by_root(RSA_PS384));
    struct x509_request ca = request("ca", "root", true, &pki.ca_spki, by_root(RSA_PS384));
    struct x509_request leaf = request("leaf", "ca", false, &pki.leaf_spki, by_ca(RSA_PS384));
    root.crl_url = ca.crl_url = "http://crl.example/root";
    leaf.serial = BYTES_LIT("\0");
    leaf.not_after_unix_s = NEVER;
    leaf.omits_key_ids = leaf.omits_usage = true;
    pki.root = issued(&root);
    pki.ca = issued(&ca);
    pki.leaf = issued(&leaf);
    return 0;
}

static int chain_free(void **state)
{
    (void)state;
    buf_done(&pki.root);
    buf_done(&pki.ca);
    buf_done(&pki.leaf);
    return 0;
}

static struct bytes between[1];

static struct x509_chain chain(void)
{
    between[0] = buf_view(&pki.ca);
    return (struct x509_chain){.root = buf_view(&pki.root),
                               .intermediates = between,
                               .n_intermediates = 1,
                               .leaf = buf_view(&pki.leaf),
                               .is_zero_serial_allowed = true,
                               .at_unix_s = NOW};
}

static enum status_code verify(const struct x509_chain *c)
{
    struct x509_verified v;
    return x509_verify_chain(c, &v).code;
}

static void amds_shape_holds(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    assert_int_equal(verify(&c), ST_OK);
}

static void serial_zero_needs_leave(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    c.is_zero_serial_allowed = false;
    assert_int_equal(verify(&c), ST_CERT);
}

static void a_certificate_may_never_end(void **state)
{
    (void)state;
    struct x509_verified v;
    struct x509_chain c = chain();
    struct x509_request root = request("root", "root", true, &pki.root_spki, by_root(RSA_PS384));
    struct x509_request ca = request("ca", "root", true, &pki.ca_spki, by_root(RSA_PS384));
    root.not_after_unix_s = ca.not_after_unix_s = NEVER;
    struct buf r = issued(&root), i = issued(&ca);
    between[0] = buf_view(&i);
    c.root = buf_view(&r);
    c.at_unix_s = NEVER - 1;
    assert_ok(x509_verify_chain(&c, &v));
    assert_true(v.not_after_unix_s == NEVER);
    buf_done(&r);
    buf_done(&i);
}

static void every_scheme_holds(void **state)
{
    (void)state;
    static const enum rsa_alg algs[] = {RSA_RS256, RSA_RS384, RSA_RS512, RSA_PS384};
    for (size_t i = 0; i < 4; i++) {
        struct x509_chain c = chain();
        struct x509_request ca = request("ca", "root", true, &pki.ca_spki, by_root(algs[i]));
        struct x509_request leaf = request("leaf", "ca", false, &pki.leaf_spki, by_ca(algs[i]));
        struct buf a = issued(&ca), b = issued(&leaf);
        between[0] = buf_view(&a);
        c.leaf = buf_view(&b);
        assert_int_equal(verify(&c), ST_OK);
        b.p[b.n - 1] ^= 1; /* the signature */
        assert_int_equal(verify(&c), ST_CERT);
        buf_done(&a);
        buf_done(&b);
    }
}

static void an_rsa_leaf_holds(void **state)
{
    (void)state;
    struct x509_verified v;
    struct x509_chain c = chain();
    struct x509_request leaf = request("leaf", "ca", false, &pki.root_spki, by_ca(RSA_RS256));
    struct buf b = issued(&leaf);
    c.leaf = buf_view(&b);
    assert_ok(x509_verify_chain(&c, &v));
    assert_bytes_equal(v.leaf_spki, buf_view(&pki.root_spki));
    buf_done(&b);
}

static void another_ca_of_the_same_name_is_refused(void **state)
{
    (void)state;
    struct x509_chain c = chain();
    struct x509_request ca = request("ca", "root", true, &pki.root_spki, by_root(RSA_PS384));
    struct buf b = issued(&ca);
    between[0] = buf_view(&b);
    assert_int_equal(verify(&c), ST_CERT);
    buf_done(&b);
}

static void a_ca_needs_its_usage(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct x509_chain c = chain();
        struct x509_request ca = request("ca", "root", true, &pki.ca_spki, by_root(RSA_PS384));
        ca.omits_usage = i == 0;
        ca.omits_constraints = i == 1;
        struct buf b = issued(&ca);
        between[0] = buf_view(&b);
        assert_int_equal(verify(&c), ST_CERT);
        buf_done(&b);
    }
}

static void a_foreign_critical_extension_is_refused(void **state)
{
    (void)state;
    for (int is_critical = 0; is_critical < 2; is_critical++) {
        struct x509_chain c = chain();
        struct x509_extra extra = {"1.3.6.1.4.1.3704.1.2", is_critical, BYTES_LIT("\x16\x01M")};
        struct x509_request leaf = request("leaf", "ca", false, &pki.leaf_spki, by_ca(RSA_PS384));
        leaf.extras = &extra;
        leaf.n_extras = 1;
        struct buf b = issued(&leaf);
        c.leaf = buf_view(&b);
        assert_int_equal(verify(&c), is_critical ? ST_CERT : ST_OK);
        buf_done(&b);
    }
}

/* --- RSA keys that are refused, whoever certified them
 * --------------------------------------------
 */

static void refused_key(struct bytes spki)
{
    struct x509_chain c = chain();
    struct x509_request leaf = request("leaf", "ca", false, &pki.leaf_spki, by_ca(RSA_RS256));
    leaf.subject_spki = spki;
    struct buf b = issued(&leaf);
    c.leaf = buf_view(&b);
    assert_int_equal(verify(&c), ST_CERT);
    buf_done(&b);
}

static void rsa_keys_have_bounds(void **state)
{
    (void)state;
    static uint8_t n[1024];
    struct buf spki = BUF_MAX(RSA_SPKI_MAX_BYTES);
    memset(n, 0xff, sizeof(n));
    assert_ok(rsa_spki_from_ne(BYTES_OF(n), BYTES_LIT("\x01\x00\x01"), &spki)); /* 8192 bits */
    refused_key(buf_view(&spki));
    buf_clear(&spki);
    assert_ok(rsa_spki_from_ne(bytes_of(n, 513), BYTES_LIT("\x01\x00\x01"), &spki));
    refused_key(buf_view(&spki));
    buf_clear(&spki);
    /* the last byte of the key's DER is the exponent's: 65537 to 65536, and to an even modulus */
    buf_put(&spki, buf_view(&pki.root_spki));
    spki.p[spki.n - 1] = 0;
    refused_key(buf_view(&spki));
    buf_done(&spki);
}

/* --- CRLs ----------------------------------------------------------------------------------------
 */

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

#define EACH(test) cmocka_unit_test_setup_teardown(test, chain_new, chain_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(amds_shape_holds),
        EACH(serial_zero_needs_leave),
        EACH(a_certificate_may_never_end),
        EACH(every_scheme_holds),
        EACH(an_rsa_leaf_holds),
        EACH(another_ca_of_the_same_name_is_refused),
        EACH(a_ca_needs_its_usage),
        EACH(a_foreign_critical_extension_is_refused),
        EACH(rsa_keys_have_bounds),
        EACH(the_roots_crl_covers_intermediates),
        EACH(a_crl_is_of_its_issuer_and_time),
        EACH(a_crl_by_itself),
        EACH(a_crl_is_signed_with_an_allowed_algorithm),
        EACH(a_leaf_issues_no_crl),
        EACH(listed_serials_are_found),
        EACH(each_flipped_byte_of_a_crl_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
