/* What was proven is known again by every byte of it, and never beyond its time. */
#include "support/forge_dcap.h"

#include "tee/verify/dcap/dcap_proof.h"

static struct forge_dcap f;
static struct evidence_cache *cache;
static struct bytes certs[3];
static struct dcap_proof proof;

static int set_up(void **state)
{
    (void)state;
    forge_dcap_init(&f, QUOTE_TDX);
    certs[0] = buf_view(&f.certs[FORGE_DCAP_PCK].der);
    certs[1] = buf_view(&f.certs[FORGE_DCAP_CA].der);
    certs[2] = buf_view(&f.certs[FORGE_DCAP_ROOT].der);
    return ok(evidence_cache_new(&cache)) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    evidence_cache_freep(&cache);
    forge_dcap_done(&f);
    return 0;
}

static void prove(int64_t at)
{
    dcap_proof_chain(certs, 3, at, cache, &proof);
}

static void a_chain(void **state)
{
    (void)state;
    struct bytes spki;
    prove(FORGE_DCAP_NOW);
    assert_true(proof.is_proven && !proof.was_known);
    prove(FORGE_DCAP_NOW);
    assert_true(proof.is_proven && proof.was_known);
    assert_ok(x509_spki(certs[0], &spki));
    assert_bytes_equal(proof.leaf_spki, spki);
    assert_true(proof.leaf_spki.p == spki.p);
    assert_int_equal(proof.chain.not_after_unix_s, FORGE_DCAP_NOW + 86400);
}

/* A failure is not remembered as anything, and tells the validity all the same. */
static void a_chain_out_of_time(void **state)
{
    (void)state;
    prove(FORGE_DCAP_NOW + 86401);
    assert_true(!proof.is_proven && proof.has_validity && proof.trouble[0] != 0);
    prove(FORGE_DCAP_NOW);
    assert_true(proof.is_proven && !proof.was_known);
}

static void another_byte(void **state)
{
    (void)state;
    prove(FORGE_DCAP_NOW);
    for (size_t i = 0; i < 3; i++) {
        struct bytes plain = certs[i];
        struct buf copy CLEANUP(buf_done) = BUF_MAX(1 << 14);
        buf_put(&copy, plain);
        copy.p[copy.n - 3] ^= 1;
        certs[i] = buf_view(&copy);
        prove(FORGE_DCAP_NOW);
        assert_false(proof.was_known);
        certs[i] = plain;
    }
    prove(FORGE_DCAP_NOW);
    assert_true(proof.was_known);
}

static void a_crl(void **state)
{
    (void)state;
    struct buf crl CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct x509_crl fields;
    assert_ok(x509_issue_crl(&f.pck_crl, &crl));
    for (int i = 0; i < 2; i++) {
        assert_ok(dcap_proof_crl(buf_view(&crl), certs[1], FORGE_DCAP_NOW, cache, &fields));
        assert_int_equal(fields.next_update_unix_s, FORGE_DCAP_NOW + 3600);
    }
    assert_code(dcap_proof_crl(buf_view(&crl), certs[1], FORGE_DCAP_NOW + 3601, cache, &fields),
                ST_EXPIRED);
    assert_code(dcap_proof_crl(buf_view(&crl), certs[1], FORGE_DCAP_NOW - 3601, cache, &fields),
                ST_EXPIRED);
    assert_true(failed(dcap_proof_crl(buf_view(&crl), certs[2], FORGE_DCAP_NOW, cache, &fields)));
}

static void a_signature(void **state)
{
    (void)state;
    uint8_t sig[ECDSA_SIG_MAX];
    struct bytes spki, text = BYTES_LIT("a table");
    assert_ok(x509_spki(buf_view(&f.certs[FORGE_DCAP_TCB].der), &spki));
    assert_ok(ecdsa_sign(f.certs[FORGE_DCAP_TCB].key, text, sig));
    struct bytes raw = bytes_of(sig, 64);
    for (int i = 0; i < 2; i++)
        assert_ok(dcap_proof_signature(spki, text, raw, cache));
    assert_code(dcap_proof_signature(spki, BYTES_LIT("a tablf"), raw, cache), ST_AUTH);
    assert_code(dcap_proof_signature(spki, BYTES_LIT("a table "), raw, cache), ST_AUTH);
    sig[10] ^= 1;
    assert_code(dcap_proof_signature(spki, text, raw, cache), ST_AUTH);
    sig[10] ^= 1;
    assert_ok(x509_spki(certs[0], &spki));
    assert_code(dcap_proof_signature(spki, text, raw, cache), ST_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chain_out_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crl, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signature, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
