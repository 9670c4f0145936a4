#include "crypto/x509_issue.h"

#include "crypto/x509.h"
#include "support/test.h"

enum { DER_MAX = 1 << 14 };

static struct x509_request request(const char *name, bool is_ca, int64_t from, int64_t to,
                                   const struct ecdsa_secret *key,
                                   const struct ecdsa_secret *issuer_key)
{
    return (struct x509_request){.common_name = name,
                                 .issuer_name = "r",
                                 .is_ca = is_ca,
                                 .path_len = is_ca ? 1 : -1,
                                 .not_before_unix_s = from,
                                 .not_after_unix_s = to,
                                 .subject_key = key,
                                 .issuer_key = issuer_key};
}

/* What is issued is judged by test_x509.c; here: the variants that the simulated platform uses. */
static void both_curves_and_a_root_alone(void **state)
{
    (void)state;
    static const enum ecdsa_alg algs[] = {ECDSA_ES256, ECDSA_ES384};
    for (size_t i = 0; i < 2; i++) {
        struct ecdsa_secret *root = NULL, *leaf = NULL;
        struct buf root_der = BUF_MAX(DER_MAX), leaf_der = BUF_MAX(DER_MAX);
        assert_ok(ecdsa_generate(algs[i], &root));
        assert_ok(ecdsa_generate(algs[1 - i], &leaf));
        struct x509_request r = request("r", true, 1000, 2000, root, root);
        struct x509_request l = request("l", false, 1000, 2000, leaf, root);
        assert_ok(x509_issue(&r, &root_der));
        assert_ok(x509_issue(&l, &leaf_der));
        struct x509_chain chain = {
            .root = buf_view(&root_der), .leaf = buf_view(&leaf_der), .at_unix_s = 1500};
        struct x509_verified v;
        assert_ok(x509_verify_chain(&chain, &v));
        assert_int_equal(v.not_after_unix_s, 2000);
        buf_done(&root_der);
        buf_done(&leaf_der);
        ecdsa_secret_freep(&root);
        ecdsa_secret_freep(&leaf);
    }
}

static void times_beyond_2050_round_trip(void **state)
{
    (void)state;
    struct ecdsa_secret *key = NULL;
    struct buf der = BUF_MAX(DER_MAX);
    int64_t from = 0, to = 0;
    assert_ok(ecdsa_generate(ECDSA_ES384, &key));
    struct x509_request r = request("r", true, 0, INT64_C(4102444800), key, key);
    assert_ok(x509_issue(&r, &der));
    assert_ok(x509_validity(buf_view(&der), &from, &to));
    assert_int_equal(from, 0);
    assert_int_equal(to, INT64_C(4102444800));
    buf_done(&der);
    ecdsa_secret_freep(&key);
}

static void two_certificates_differ(void **state)
{
    (void)state;
    struct ecdsa_secret *key = NULL;
    struct buf a = BUF_MAX(DER_MAX), b = BUF_MAX(DER_MAX);
    assert_ok(ecdsa_generate(ECDSA_ES256, &key));
    struct x509_request r = request("r", true, 0, 1000, key, key);
    assert_ok(x509_issue(&r, &a));
    assert_ok(x509_issue(&r, &b));
    assert_false(bytes_equal(buf_view(&a), buf_view(&b)));
    buf_done(&a);
    buf_done(&b);
    ecdsa_secret_freep(&key);
}

static void a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct ecdsa_secret *key = NULL;
    struct buf der = BUF_MAX(100);
    assert_ok(ecdsa_generate(ECDSA_ES256, &key));
    struct x509_request r = request("r", true, 0, 1000, key, key);
    assert_code(x509_issue(&r, &der), ST_LIMIT);
    buf_done(&der);
    ecdsa_secret_freep(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_curves_and_a_root_alone),
        cmocka_unit_test(times_beyond_2050_round_trip),
        cmocka_unit_test(two_certificates_differ),
        cmocka_unit_test(a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
