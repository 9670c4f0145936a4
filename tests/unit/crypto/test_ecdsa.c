#include "crypto/ecdsa.h"

#include "base/buf.h"
#include "support/test.h"

static const enum ecdsa_alg ALGS[] = {ECDSA_ES256, ECDSA_ES384};

struct pair {
    struct ecdsa_secret *secret;
    struct buf spki;
};

static struct pair pair_of(enum ecdsa_alg alg)
{
    struct pair p = {.spki = BUF_MAX(256)};
    assert_ok(ecdsa_generate(alg, &p.secret));
    assert_ok(ecdsa_public_spki(p.secret, &p.spki));
    return p;
}

static void pair_done(struct pair *p)
{
    ecdsa_secret_freep(&p->secret);
    buf_done(&p->spki);
}

static void signs_and_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ALGS[i]);
        enum ecdsa_alg found = ALGS[1 - i];
        uint8_t sig[ECDSA_SIG_MAX];
        struct bytes view = bytes_of(sig, ecdsa_sig_len(ALGS[i]));
        assert_int_equal(ecdsa_secret_alg(p.secret), ALGS[i]);
        assert_true(ecdsa_spki_is_known(buf_view(&p.spki), &found));
        assert_int_equal(found, ALGS[i]);
        for (unsigned round = 0; round < 20; round++) { /* r or s short now and then */
            assert_ok(ecdsa_sign(p.secret, bytes_of(&round, sizeof(round)), sig));
            assert_ok(ecdsa_verify_spki(ALGS[i], buf_view(&p.spki), bytes_of(&round, sizeof(round)),
                                        view));
        }
        assert_code(ecdsa_verify_spki(ALGS[i], buf_view(&p.spki), BYTES_LIT("other"), view),
                    ST_AUTH);
        pair_done(&p);
    }
}

static void each_flipped_byte_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(ECDSA_ES256);
    uint8_t sig[ECDSA_ES256_SIG_LEN];
    assert_ok(ecdsa_sign(p.secret, BYTES_LIT("m"), sig));
    for (size_t i = 0; i < sizeof(sig); i++) {
        sig[i] ^= 0x10;
        assert_code(
            ecdsa_verify_spki(ECDSA_ES256, buf_view(&p.spki), BYTES_LIT("m"), BYTES_OF(sig)),
            ST_AUTH);
        sig[i] ^= 0x10;
    }
    for (size_t i = 0; i < p.spki.n; i++) {
        p.spki.p[i] ^= 0x01;
        assert_true(failed(
            ecdsa_verify_spki(ECDSA_ES256, buf_view(&p.spki), BYTES_LIT("m"), BYTES_OF(sig))));
        p.spki.p[i] ^= 0x01;
    }
    pair_done(&p);
}

static void sizes_other_than_the_one_are_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(ECDSA_ES384);
    uint8_t sig[ECDSA_SIG_MAX + 1] = {0};
    assert_ok(ecdsa_sign(p.secret, BYTES_LIT("m"), sig));
    for (size_t n = 0; n <= sizeof(sig); n++) {
        struct bytes in = test_exact(bytes_of(sig, n));
        status s = ecdsa_verify_spki(ECDSA_ES384, buf_view(&p.spki), BYTES_LIT("m"), in);
        assert_int_equal(s.code, n == ECDSA_ES384_SIG_LEN ? ST_OK : ST_FORMAT);
        test_exact_free(in);
    }
    for (size_t n = 0; n < p.spki.n; n++) {
        struct bytes in = test_exact(bytes_of(p.spki.p, n));
        enum ecdsa_alg alg;
        assert_false(ecdsa_spki_is_known(in, &alg));
        status s = ecdsa_verify_spki(ECDSA_ES384, in, BYTES_LIT("m"), bytes_of(sig, 96));
        assert_int_equal(s.code, n < 23 ? ST_ALG : ST_FORMAT);
        test_exact_free(in);
    }
    buf_put_u8(&p.spki, 0);
    assert_code(
        ecdsa_verify_spki(ECDSA_ES384, buf_view(&p.spki), BYTES_LIT("m"), bytes_of(sig, 96)),
        ST_FORMAT);
    pair_done(&p);
}

static void a_key_of_another_curve_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(ECDSA_ES256);
    uint8_t sig[ECDSA_SIG_MAX] = {0};
    assert_code(ecdsa_verify_spki(ECDSA_ES384, buf_view(&p.spki), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_ALG);
    pair_done(&p);
}

static void a_point_off_the_curve_or_compressed_is_refused(void **state)
{
    (void)state;
    uint8_t point[65] = {4, 1, 2, 3};
    uint8_t sig[ECDSA_ES256_SIG_LEN] = {[31] = 1, [63] = 1};
    assert_code(ecdsa_verify_point(ECDSA_ES256, BYTES_OF(point), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_FORMAT);
    point[0] = 2;
    assert_code(ecdsa_verify_point(ECDSA_ES256, BYTES_OF(point), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_FORMAT);
    assert_code(ecdsa_verify_point(ECDSA_ES256, bytes_of(point, 33), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_FORMAT);
    assert_code(ecdsa_verify_point(ECDSA_ES256, BYTES_LIT("\0"), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_FORMAT);
}

static void zero_r_or_s_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(ECDSA_ES256);
    uint8_t sig[ECDSA_ES256_SIG_LEN] = {0};
    assert_code(ecdsa_verify_spki(ECDSA_ES256, buf_view(&p.spki), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_AUTH);
    sig[31] = 1;
    assert_code(ecdsa_verify_spki(ECDSA_ES256, buf_view(&p.spki), BYTES_LIT("m"), BYTES_OF(sig)),
                ST_AUTH);
    pair_done(&p);
}

static void secrets_round_trip_as_pkcs8(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ALGS[i]);
        struct ecdsa_secret *again = NULL;
        struct buf der = BUF_MAX(512), spki = BUF_MAX(256);
        assert_ok(ecdsa_secret_to_der(p.secret, &der));
        assert_ok(ecdsa_secret_from_der(buf_view(&der), &again));
        assert_ok(ecdsa_public_spki(again, &spki));
        assert_bytes_equal(buf_view(&spki), buf_view(&p.spki));
        ecdsa_secret_freep(&again);
        for (size_t n = 0; n < der.n; n++) {
            struct bytes in = test_exact(bytes_of(der.p, n));
            assert_code(ecdsa_secret_from_der(in, &again), ST_FORMAT);
            test_exact_free(in);
        }
        buf_put_u8(&der, 0);
        assert_code(ecdsa_secret_from_der(buf_view(&der), &again), ST_FORMAT);
        assert_null(again);
        buf_done(&der);
        buf_done(&spki);
        pair_done(&p);
    }
}

/* RFC 8410 section 10.3: an Ed25519 key in the same frame. */
static void a_secret_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct ecdsa_secret *s = NULL;
    struct buf der = test_hex("302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad"
                              "3afe7c28cbf1d4fbe097a88f44755842");
    assert_code(ecdsa_secret_from_der(buf_view(&der), &s), ST_ALG);
    buf_done(&der);
}

/* secp256k1 in PKCS#8: an EC key, and neither of our curves. */
static void a_secret_of_another_curve_is_refused(void **state)
{
    (void)state;
    struct ecdsa_secret *s = NULL;
    struct buf der = test_hex("308184020100301006072a8648ce3d020106052b8104000a046d306b02010104"
                              "2007e00f92e77617a244e19e772f8a08e9fbe829345fcf7b3b9a7010dc4973d7"
                              "d9a14403420004d313c44a791ceb25b1385cac34a8e8e95850372d0ca6a10b7d"
                              "c0730d1086547270cf17b22454407e6c2c860c208599635fab7b58cb6ff6b209"
                              "82456c248caf72");
    assert_code(ecdsa_secret_from_der(buf_view(&der), &s), ST_ALG);
    assert_null(s);
    buf_done(&der);
}

struct der_row {
    const char *rule, *hex;
    enum status_code code;
};

static const struct der_row DER_SIGS[] = {
    {"r 1, s 2", "3006020101020102", ST_OK},
    {"zeros", "3006020100020100", ST_OK}, /* refused when it is verified */
    {"a zero byte for the sign", "300702020080020101", ST_OK},
    {"a zero byte too many", "300702020001020101", ST_FORMAT},
    {"a negative number", "3006020181020101", ST_FORMAT},
    {"an empty number", "30050200020101", ST_FORMAT},
    {"a third number", "3009020101020101020101", ST_FORMAT},
    {"one number", "3003020101", ST_TRUNCATED},
    {"a tail", "300602010102010200", ST_FORMAT},
    {"a long length where a short would do", "308106020101020102", ST_FORMAT},
    {"another tag", "3106020101020102", ST_FORMAT},
    {"a number of 33 bytes",
     "30260221010000000000000000000000000000000000000000000000000000000000000000020101", ST_FORMAT},
    {"nothing", "", ST_TRUNCATED},
};

static void der_signatures_are_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(DER_SIGS) / sizeof(DER_SIGS[0]); i++) {
        uint8_t sig[ECDSA_SIG_MAX] = {7};
        struct buf b = test_hex(DER_SIGS[i].hex);
        struct bytes in = test_exact(buf_view(&b));
        status s = ecdsa_sig_from_der(ECDSA_ES256, in, sig);
        if (s.code != DER_SIGS[i].code)
            fail_msg("%s: %s", DER_SIGS[i].rule, status_name(s.code));
        assert_int_equal(sig[0], ok(s) ? 0 : 7);
        test_exact_free(in);
        buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_and_verifies),
        cmocka_unit_test(each_flipped_byte_is_refused),
        cmocka_unit_test(sizes_other_than_the_one_are_refused),
        cmocka_unit_test(a_key_of_another_curve_is_refused),
        cmocka_unit_test(a_point_off_the_curve_or_compressed_is_refused),
        cmocka_unit_test(zero_r_or_s_is_refused),
        cmocka_unit_test(secrets_round_trip_as_pkcs8),
        cmocka_unit_test(a_secret_of_another_kind_is_refused),
        cmocka_unit_test(a_secret_of_another_curve_is_refused),
        cmocka_unit_test(der_signatures_are_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
