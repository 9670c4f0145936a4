/* Chains as vendors make them, forged: RSA signers over EC leaves, serial number zero, foreign
 * extensions. */
#include "unit/crypto/rsa_pki.h"

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

struct leaf_row {
    const char *rule, *oid, *value; /* of an extension; hexadecimal */
    enum status_code code;
};

static const struct leaf_row LEAVES[] = {
    {"a purpose", "2.5.29.37", "300a06082b06010505070303", ST_OK},
    {"any purpose", "2.5.29.37", "30060604551d2500", ST_OK},
    {"no purpose", "2.5.29.37", "3000", ST_CERT},
    {"purposes that cannot be read", "2.5.29.37", "040100", ST_CERT},
    {"name constraints", "2.5.29.30", "300ea00c300a8208646e732e74657374", ST_CERT},
};

static void extensions_of_a_leaf_mean_something(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(LEAVES) / sizeof(LEAVES[0]); i++) {
        struct x509_chain c = chain();
        struct buf value = test_hex(LEAVES[i].value);
        struct x509_extra extra = {LEAVES[i].oid, false, buf_view(&value)};
        struct x509_request leaf = request("leaf", "ca", false, &pki.leaf_spki, by_ca(RSA_RS256));
        leaf.extras = &extra;
        leaf.n_extras = 1;
        struct buf b = issued(&leaf);
        c.leaf = buf_view(&b);
        enum status_code code = verify(&c);
        if (code != LEAVES[i].code)
            fail_msg("%s: %s", LEAVES[i].rule, status_name(code));
        buf_done(&b);
        buf_done(&value);
    }
}

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
        EACH(extensions_of_a_leaf_mean_something),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
