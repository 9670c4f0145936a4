#include "crypto/x509.h"

#include "crypto/x509_issue.h"
#include "support/test.h"

enum { DER_MAX = 1 << 20 };
static const int64_t BEGIN = 1600000000, NOW = 1700000000, END = 1800000000;

/* root -> intermediate -> leaf, all sound; a test spoils one thing. */
struct pki {
    struct ecdsa_secret *root_key, *ca_key, *leaf_key;
    struct buf root, ca, leaf, root_crl, ca_crl;
    struct bytes intermediates[1], crls[2];
    struct x509_chain chain;
};

static struct x509_request request(const char *name, const char *issuer,
                                   const struct ecdsa_secret *key,
                                   const struct ecdsa_secret *issuer_key)
{
    return (struct x509_request){.common_name = name,
                                 .issuer_name = issuer,
                                 .path_len = -1,
                                 .not_before_unix_s = BEGIN,
                                 .not_after_unix_s = END,
                                 .subject_key = key,
                                 .issuer_key = issuer_key};
}

static struct x509_request root_request(const struct pki *p)
{
    struct x509_request r = request("root", "root", p->root_key, p->root_key);
    r.is_ca = true;
    return r;
}

static struct x509_request ca_request(const struct pki *p)
{
    struct x509_request r = request("ca", "root", p->ca_key, p->root_key);
    r.is_ca = true;
    r.path_len = 0;
    return r;
}

static struct x509_request leaf_request(const struct pki *p)
{
    struct x509_request r = request("leaf", "ca", p->leaf_key, p->ca_key);
    r.not_after_unix_s = END - 5;
    return r;
}

static struct x509_crl_request crl_request(const char *issuer, const struct ecdsa_secret *key)
{
    return (struct x509_crl_request){.issuer_name = issuer,
                                     .this_update_unix_s = NOW - 10,
                                     .next_update_unix_s = NOW + 10,
                                     .issuer_key = key};
}

static void issue(const struct x509_request *req, struct buf *out)
{
    buf_clear(out);
    assert_ok(x509_issue(req, out));
}

static void link_chain(struct pki *p)
{
    p->intermediates[0] = buf_view(&p->ca);
    p->crls[0] = buf_view(&p->root_crl);
    p->crls[1] = buf_view(&p->ca_crl);
    p->chain = (struct x509_chain){.root = buf_view(&p->root),
                                   .intermediates = p->intermediates,
                                   .n_intermediates = 1,
                                   .leaf = buf_view(&p->leaf),
                                   .at_unix_s = NOW};
}

static int pki_new(void **state)
{
    struct pki *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->root = p->ca = p->leaf = p->root_crl = p->ca_crl = BUF_MAX(DER_MAX);
    assert_ok(ecdsa_generate(ECDSA_ES384, &p->root_key));
    assert_ok(ecdsa_generate(ECDSA_ES384, &p->ca_key));
    assert_ok(ecdsa_generate(ECDSA_ES256, &p->leaf_key));
    struct x509_request root = root_request(p), ca = ca_request(p), leaf = leaf_request(p);
    issue(&root, &p->root);
    issue(&ca, &p->ca);
    issue(&leaf, &p->leaf);
    struct x509_crl_request root_crl = crl_request("root", p->root_key);
    struct x509_crl_request ca_crl = crl_request("ca", p->ca_key);
    assert_ok(x509_issue_crl(&root_crl, &p->root_crl));
    assert_ok(x509_issue_crl(&ca_crl, &p->ca_crl));
    link_chain(p);
    *state = p;
    return 0;
}

static int pki_free(void **state)
{
    struct pki *p = *state;
    ecdsa_secret_freep(&p->root_key);
    ecdsa_secret_freep(&p->ca_key);
    ecdsa_secret_freep(&p->leaf_key);
    buf_done(&p->root);
    buf_done(&p->ca);
    buf_done(&p->leaf);
    buf_done(&p->root_crl);
    buf_done(&p->ca_crl);
    free(p);
    return 0;
}

static status verify(const struct pki *p)
{
    struct x509_verified untouched = {.not_after_unix_s = -7}, v = untouched;
    status s = x509_verify_chain(&p->chain, &v);
    if (failed(s))
        assert_memory_equal(&v, &untouched, sizeof(v));
    return s;
}

static void a_sound_chain_holds(void **state)
{
    struct pki *p = *state;
    struct x509_verified v;
    struct buf spki = BUF_MAX(256);
    assert_ok(x509_verify_chain(&p->chain, &v));
    assert_ok(ecdsa_public_spki(p->leaf_key, &spki));
    assert_bytes_equal(v.leaf_spki, buf_view(&spki));
    assert_true(v.leaf_spki.p > p->leaf.p && v.leaf_spki.p < p->leaf.p + p->leaf.n);
    assert_int_equal(v.not_after_unix_s, END - 5);
    buf_done(&spki);
}

static void the_root_may_be_among_the_intermediates(void **state)
{
    struct pki *p = *state;
    struct x509_verified v;
    struct bytes both[] = {buf_view(&p->root), buf_view(&p->ca)};
    p->chain.intermediates = both;
    p->chain.n_intermediates = 2;
    assert_ok(x509_verify_chain(&p->chain, &v));
    assert_int_equal(v.n_certs, 3); /* what was needed, not what was given */
}

static void time_is_an_argument(void **state)
{
    struct pki *p = *state;
    static const struct {
        int64_t at;
        enum status_code code;
    } rows[] = {{1600000000 - 1, ST_EXPIRED},
                {1600000000, ST_OK},
                {1800000000 - 6, ST_OK},
                {1800000000 - 5, ST_OK},
                {1800000000 - 4, ST_EXPIRED},
                {0, ST_EXPIRED},
                {-1, ST_EXPIRED},
                {INT64_C(1) << 40, ST_EXPIRED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        p->chain.at_unix_s = rows[i].at;
        assert_int_equal(verify(p).code, rows[i].code);
    }
}

static void an_intermediate_must_be_there(void **state)
{
    struct pki *p = *state;
    p->chain.n_intermediates = 0;
    assert_code(verify(p), ST_CERT);
}

static void another_root_with_the_same_name_is_refused(void **state)
{
    struct pki *p = *state;
    struct ecdsa_secret *other = NULL;
    struct buf root = BUF_MAX(DER_MAX);
    assert_ok(ecdsa_generate(ECDSA_ES384, &other));
    struct x509_request req = root_request(p);
    req.subject_key = req.issuer_key = other;
    issue(&req, &root);
    p->chain.root = buf_view(&root);
    assert_code(verify(p), ST_CERT);
    buf_done(&root);
    ecdsa_secret_freep(&other);
}

/* A self-signed chain that brings its own root: what is not pinned is not trusted. */
static void a_root_among_the_intermediates_is_not_trusted(void **state)
{
    struct pki *p = *state;
    struct ecdsa_secret *key = NULL;
    struct buf pinned = BUF_MAX(DER_MAX);
    assert_ok(ecdsa_generate(ECDSA_ES384, &key));
    struct x509_request req = root_request(p);
    req.common_name = req.issuer_name = "pinned";
    req.subject_key = req.issuer_key = key;
    issue(&req, &pinned);
    struct bytes both[] = {buf_view(&p->root), buf_view(&p->ca)};
    p->chain.root = buf_view(&pinned);
    p->chain.intermediates = both;
    p->chain.n_intermediates = 2;
    assert_code(verify(p), ST_CERT);
    buf_done(&pinned);
    ecdsa_secret_freep(&key);
}

/* An intermediate in the place of the root is no anchor: partial chains are off. */
static void an_intermediate_is_no_anchor(void **state)
{
    struct pki *p = *state;
    p->chain.root = buf_view(&p->ca);
    p->chain.n_intermediates = 0;
    assert_code(verify(p), ST_CERT);
}

static void the_root_is_no_leaf(void **state)
{
    struct pki *p = *state;
    p->chain.leaf = buf_view(&p->root);
    assert_code(verify(p), ST_CERT);
}

/* Pinned or not: what signs itself proves nothing. */
static void a_leaf_that_is_its_own_root_is_refused(void **state)
{
    struct pki *p = *state;
    struct x509_request own = request("self", "self", p->leaf_key, p->leaf_key);
    issue(&own, &p->leaf);
    link_chain(p);
    p->chain.root = p->chain.leaf;
    p->chain.n_intermediates = 0;
    assert_code(verify(p), ST_CERT);
}

static void a_ca_is_no_leaf(void **state)
{
    struct pki *p = *state;
    p->chain.leaf = buf_view(&p->ca);
    p->chain.n_intermediates = 0;
    assert_code(verify(p), ST_CERT);
    assert_non_null(strstr(status_detail(), "in the place of the leaf"));
}

static void a_leaf_signs_no_certificate(void **state)
{
    struct pki *p = *state;
    struct x509_request ca = ca_request(p);
    ca.is_ca = false;
    issue(&ca, &p->ca);
    link_chain(p);
    assert_code(verify(p), ST_CERT);
}

static void path_length_is_kept(void **state)
{
    struct pki *p = *state;
    struct ecdsa_secret *key = NULL;
    struct buf second = BUF_MAX(DER_MAX);
    assert_ok(ecdsa_generate(ECDSA_ES384, &key));
    struct x509_request sub = request("sub", "ca", key, p->ca_key);
    sub.is_ca = true;
    issue(&sub, &second);
    struct x509_request leaf = leaf_request(p);
    leaf.issuer_name = "sub";
    leaf.issuer_key = key;
    issue(&leaf, &p->leaf);
    link_chain(p);
    struct bytes both[] = {buf_view(&second), buf_view(&p->ca)};
    p->chain.intermediates = both;
    p->chain.n_intermediates = 2;
    assert_code(verify(p), ST_CERT); /* the CA allows no CA below it */
    struct x509_request ca = ca_request(p);
    ca.path_len = 1;
    issue(&ca, &p->ca);
    both[1] = buf_view(&p->ca);
    assert_ok(verify(p));
    buf_done(&second);
    ecdsa_secret_freep(&key);
}

static void each_flipped_bit_of_a_certificate_is_refused(void **state)
{
    struct pki *p = *state;
    struct buf *certs[] = {&p->leaf, &p->ca};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < certs[k]->n; i++) {
            certs[k]->p[i] ^= (uint8_t)(1u << i % 8);
            assert_true(failed(verify(p)));
            certs[k]->p[i] ^= (uint8_t)(1u << i % 8);
        }
    }
    assert_ok(verify(p));
}

static void each_truncation_and_a_tail_are_refused(void **state)
{
    struct pki *p = *state;
    int64_t a = 0, b = 0;
    struct bytes spki;
    for (size_t n = 0; n < p->leaf.n; n++) {
        struct bytes in = test_exact(bytes_of(p->leaf.p, n));
        assert_true(failed(x509_spki(in, &spki)));
        assert_true(failed(x509_validity(in, &a, &b)));
        p->chain.leaf = in;
        assert_true(failed(verify(p)));
        test_exact_free(in);
    }
    buf_put_u8(&p->leaf, 0);
    link_chain(p);
    assert_code(x509_spki(buf_view(&p->leaf), &spki), ST_FORMAT);
    assert_code(verify(p), ST_FORMAT);
}

/* The same certificate with its outer length in the long form that BER allows: to libcrypto alone
 * it is the same certificate. */
static void ber_is_refused(void **state)
{
    struct pki *p = *state;
    struct buf ber = BUF_MAX(DER_MAX);
    assert_int_equal(p->leaf.p[1], 0x82);
    buf_put(&ber, BYTES_LIT("\x30\x83\x00"));
    buf_put(&ber, bytes_of(p->leaf.p + 2, p->leaf.n - 2));
    p->chain.leaf = buf_view(&ber);
    assert_code(verify(p), ST_FORMAT);
    buf_done(&ber);
}

/* Bits behind the end of the key's bit string: DER in its frame, and not what libcrypto reads. */
static void a_key_not_in_der_is_refused(void **state)
{
    struct pki *p = *state;
    struct bytes spki;
    assert_ok(x509_spki(buf_view(&p->leaf), &spki));
    size_t at = (size_t)(spki.p - p->leaf.p);
    assert_int_equal(p->leaf.p[at + 25], 0); /* unused bits, before the point */
    p->leaf.p[at + 25] = 1;
    p->leaf.p[at + spki.n - 1] |= 1;
    assert_code(x509_spki(buf_view(&p->leaf), &spki), ST_FORMAT);
}

/* The outer algorithm identifier, which no signature covers, with its length in the long form: the
 * same certificate or CRL to libcrypto, and another file. */
static struct buf with_long_form(struct bytes der)
{
    struct buf out = BUF_MAX(DER_MAX);
    size_t tbs = 8 + ((size_t)der.p[6] << 8 | der.p[7]);
    assert_int_equal(der.p[1], 0x82);
    assert_int_equal(der.p[5], 0x82);
    assert_int_equal(der.p[tbs], 0x30);
    buf_put(&out, bytes_of(der.p, tbs + 1));
    buf_put_u8(&out, 0x81);
    buf_put(&out, bytes_of(der.p + tbs + 1, der.n - tbs - 1));
    assert_ok(buf_status(&out));
    put_u16be(out.p + 2, (uint16_t)(out.n - 4));
    return out;
}

static void ber_inside_a_certificate_is_refused(void **state)
{
    struct pki *p = *state;
    struct buf ber = with_long_form(buf_view(&p->leaf));
    p->chain.leaf = buf_view(&ber);
    assert_code(verify(p), ST_FORMAT);
    buf_done(&ber);
}

static void garbage_in_any_place_is_refused(void **state)
{
    struct pki *p = *state;
    struct bytes garbage = BYTES_LIT("garbage");
    struct bytes both[] = {buf_view(&p->ca), garbage};
    p->chain.intermediates = both;
    p->chain.n_intermediates = 2;
    assert_code(verify(p), ST_TRUNCATED);
    link_chain(p);
    p->chain.root = garbage;
    assert_code(verify(p), ST_TRUNCATED);
    link_chain(p);
    p->chain.crls = &garbage;
    p->chain.n_crls = 1;
    assert_code(verify(p), ST_TRUNCATED);
    p->chain.crls = &p->chain.leaf; /* well-formed, and no CRL */
    assert_code(verify(p), ST_FORMAT);
}

static void sizes_and_counts_are_limited(void **state)
{
    struct pki *p = *state;
    struct bytes many[X509_CHAIN_MAX + 1];
    for (size_t i = 0; i < X509_CHAIN_MAX + 1; i++)
        many[i] = buf_view(&p->ca);
    p->chain.intermediates = many;
    p->chain.n_intermediates = X509_CHAIN_MAX;
    assert_ok(verify(p));
    p->chain.n_intermediates = X509_CHAIN_MAX + 1;
    assert_code(verify(p), ST_LIMIT);
    p->chain.n_intermediates = 1;
    p->chain.crls = many;
    p->chain.n_crls = X509_CHAIN_MAX + 1;
    assert_code(verify(p), ST_LIMIT);
    link_chain(p);
    p->chain.leaf = bytes_of(p->leaf.p, X509_CERT_MAX_BYTES + 1); /* never read */
    assert_code(verify(p), ST_LIMIT);
    p->chain.leaf = (struct bytes){0};
    assert_code(verify(p), ST_TRUNCATED);
    link_chain(p);
    struct bytes crl = bytes_of(p->leaf.p, X509_CRL_MAX_BYTES + 1); /* never read */
    p->chain.crls = &crl;
    p->chain.n_crls = 1;
    assert_code(verify(p), ST_LIMIT);
}

static void with_crls(struct pki *p, size_t n)
{
    link_chain(p);
    p->chain.crls = p->crls;
    p->chain.n_crls = n;
}

static void revocation_lists_are_used(void **state)
{
    struct pki *p = *state;
    with_crls(p, 2);
    assert_ok(verify(p));
    with_crls(p, 1); /* none for the leaf's issuer */
    assert_code(verify(p), ST_CERT);
    p->crls[0] = buf_view(&p->ca_crl); /* none for the root */
    assert_code(verify(p), ST_CERT);
}

static void revoked_certificates_are_refused(void **state)
{
    struct pki *p = *state;
    struct bytes leaf = buf_view(&p->leaf), ca = buf_view(&p->ca);
    struct x509_crl_request req = crl_request("ca", p->ca_key);
    req.revoked = &leaf;
    req.n_revoked = 1;
    buf_clear(&p->ca_crl);
    assert_ok(x509_issue_crl(&req, &p->ca_crl));
    with_crls(p, 2);
    assert_code(verify(p), ST_REVOKED);
    req = crl_request("ca", p->ca_key);
    buf_clear(&p->ca_crl);
    assert_ok(x509_issue_crl(&req, &p->ca_crl));
    req = crl_request("root", p->root_key);
    req.revoked = &ca;
    req.n_revoked = 1;
    buf_clear(&p->root_crl);
    assert_ok(x509_issue_crl(&req, &p->root_crl));
    with_crls(p, 2);
    assert_code(verify(p), ST_REVOKED);
}

/* Only the root's CRL is there: enough when the leaf names none, not when it does, and a leaf that
 * is on a list is revoked whether it names one or not. */
static void a_crl_may_be_asked_for_where_one_is_named(void **state)
{
    struct pki *p = *state;
    struct x509_verified v;
    with_crls(p, 1);
    assert_code(verify(p), ST_CERT);
    p->chain.is_crl_where_named = true;
    assert_ok(x509_verify_chain(&p->chain, &v));
    assert_int_equal(v.n_crl_named, 0);
    struct x509_request leaf = leaf_request(p);
    leaf.crl_url = "http://crl.example/ca.crl";
    issue(&leaf, &p->leaf);
    with_crls(p, 1);
    p->chain.is_crl_where_named = true;
    assert_code(verify(p), ST_CERT);
    with_crls(p, 2);
    p->chain.is_crl_where_named = true;
    assert_ok(x509_verify_chain(&p->chain, &v));
    assert_int_equal(v.n_crl_named, 1);
}

static void a_revoked_leaf_that_names_no_crl_is_refused(void **state)
{
    struct pki *p = *state;
    struct bytes leaf = buf_view(&p->leaf);
    struct x509_crl_request req = crl_request("ca", p->ca_key);
    req.revoked = &leaf;
    req.n_revoked = 1;
    buf_clear(&p->ca_crl);
    assert_ok(x509_issue_crl(&req, &p->ca_crl));
    with_crls(p, 2);
    p->chain.is_crl_where_named = true;
    assert_code(verify(p), ST_REVOKED);
}

static void a_crl_has_its_time_and_signer(void **state)
{
    struct pki *p = *state;
    with_crls(p, 2);
    p->chain.at_unix_s = NOW + 10;
    assert_ok(verify(p));
    p->chain.at_unix_s = NOW + 11;
    assert_code(verify(p), ST_EXPIRED);
    p->chain.at_unix_s = NOW - 10;
    assert_ok(verify(p));
    p->chain.at_unix_s = NOW - 11;
    assert_code(verify(p), ST_EXPIRED);
    struct x509_crl_request req = crl_request("ca", p->root_key); /* the wrong key */
    buf_clear(&p->ca_crl);
    assert_ok(x509_issue_crl(&req, &p->ca_crl));
    with_crls(p, 2);
    assert_code(verify(p), ST_CERT);
}

static void each_flipped_byte_of_a_crl_is_refused(void **state)
{
    struct pki *p = *state;
    for (size_t i = 0; i < p->ca_crl.n; i++) {
        p->ca_crl.p[i] ^= 0x04;
        with_crls(p, 2);
        assert_true(failed(verify(p)));
        p->ca_crl.p[i] ^= 0x04;
    }
    buf_put_u8(&p->ca_crl, 0);
    with_crls(p, 2);
    assert_code(verify(p), ST_FORMAT);
}

static void ber_inside_a_crl_is_refused(void **state)
{
    struct pki *p = *state;
    with_crls(p, 2);
    struct buf ber = BUF_MAX(DER_MAX);
    assert_int_equal(p->ca_crl.p[1], 0x81);
    buf_put(&ber, BYTES_LIT("\x30\x82\x00"));
    buf_put(&ber, bytes_of(p->ca_crl.p + 2, p->ca_crl.n - 2));
    p->crls[1] = buf_view(&ber);
    assert_code(verify(p), ST_FORMAT);
    buf_done(&ber);
}

static void validity_is_read(void **state)
{
    struct pki *p = *state;
    int64_t from = 0, to = 0;
    assert_ok(x509_validity(buf_view(&p->leaf), &from, &to));
    assert_int_equal(from, BEGIN);
    assert_int_equal(to, END - 5);
}

#define WITH_PKI(f) cmocka_unit_test_setup_teardown(f, pki_new, pki_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PKI(a_sound_chain_holds),
        WITH_PKI(the_root_may_be_among_the_intermediates),
        WITH_PKI(time_is_an_argument),
        WITH_PKI(an_intermediate_must_be_there),
        WITH_PKI(another_root_with_the_same_name_is_refused),
        WITH_PKI(a_root_among_the_intermediates_is_not_trusted),
        WITH_PKI(an_intermediate_is_no_anchor),
        WITH_PKI(the_root_is_no_leaf),
        WITH_PKI(a_leaf_that_is_its_own_root_is_refused),
        WITH_PKI(a_ca_is_no_leaf),
        WITH_PKI(a_leaf_signs_no_certificate),
        WITH_PKI(path_length_is_kept),
        WITH_PKI(each_flipped_bit_of_a_certificate_is_refused),
        WITH_PKI(each_truncation_and_a_tail_are_refused),
        WITH_PKI(ber_is_refused),
        WITH_PKI(a_key_not_in_der_is_refused),
        WITH_PKI(ber_inside_a_certificate_is_refused),
        WITH_PKI(garbage_in_any_place_is_refused),
        WITH_PKI(sizes_and_counts_are_limited),
        WITH_PKI(revocation_lists_are_used),
        WITH_PKI(revoked_certificates_are_refused),
        WITH_PKI(a_crl_may_be_asked_for_where_one_is_named),
        WITH_PKI(a_revoked_leaf_that_names_no_crl_is_refused),
        WITH_PKI(a_crl_has_its_time_and_signer),
        WITH_PKI(each_flipped_byte_of_a_crl_is_refused),
        WITH_PKI(ber_inside_a_crl_is_refused),
        WITH_PKI(validity_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
