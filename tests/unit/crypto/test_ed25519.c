#include "crypto/ed25519.h"

#include "support/test.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
struct row {
    const char *seed, *public_key, *message, *sig;
};

static const struct row ROWS[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void run_row(const struct row *row)
{
    struct buf seed = test_hex(row->seed), key = test_hex(row->public_key);
    struct buf message = test_hex(row->message), want = test_hex(row->sig);
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN];
    assert_ok(ed25519_from_seed(seed.p, &s));
    assert_bytes_equal(BYTES_OF(s.public_key), buf_view(&key));
    assert_ok(ed25519_sign(&s, buf_view(&message), sig));
    assert_bytes_equal(BYTES_OF(sig), buf_view(&want));
    assert_ok(ed25519_verify(key.p, buf_view(&message), buf_view(&want)));
    buf_done(&seed);
    buf_done(&key);
    buf_done(&message);
    buf_done(&want);
}

static void rfc8032(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        run_row(&ROWS[i]);
}

static void each_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN], message[] = {1, 2, 3};
    assert_ok(ed25519_generate(&s));
    assert_ok(ed25519_sign(&s, BYTES_OF(message), sig));
    for (size_t bit = 0; bit < 8 * sizeof(sig); bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(ed25519_verify(s.public_key, BYTES_OF(message), BYTES_OF(sig)), ST_AUTH);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(ed25519_verify(s.public_key, BYTES_OF(message), BYTES_OF(sig)), ST_AUTH);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(s.public_key); bit++) {
        s.public_key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(failed(ed25519_verify(s.public_key, BYTES_OF(message), BYTES_OF(sig))));
        s.public_key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(ed25519_verify(s.public_key, BYTES_OF(message), BYTES_OF(sig)));
    ed25519_secret_wipe(&s);
    assert_true(bytes_all_zero(bytes_of(&s, sizeof(s))));
}

static void a_signature_of_another_size_is_refused(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN + 1] = {0};
    assert_ok(ed25519_generate(&s));
    assert_ok(ed25519_sign(&s, BYTES_LIT("m"), sig));
    for (size_t n = 0; n <= sizeof(sig); n++) {
        struct bytes in = test_exact(bytes_of(sig, n));
        assert_int_equal(ed25519_verify(s.public_key, BYTES_LIT("m"), in).code,
                         n == ED25519_SIG_LEN ? ST_OK : ST_FORMAT);
        test_exact_free(in);
    }
}

/* Every encoding of a point of small order, with either sign, and every y that is not reduced. */
static const char *const SMALL_ORDER[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void small_order_points_are_refused(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN], forged[ED25519_SIG_LEN];
    assert_ok(ed25519_generate(&s));
    assert_ok(ed25519_sign(&s, BYTES_LIT("m"), sig));
    for (size_t i = 0; i < 2 * sizeof(SMALL_ORDER) / sizeof(SMALL_ORDER[0]); i++) {
        struct buf point = test_hex(SMALL_ORDER[i / 2]);
        point.p[31] = (uint8_t)(point.p[31] | (i % 2 ? 0x80 : 0));
        assert_code(ed25519_verify(point.p, BYTES_LIT("m"), BYTES_OF(sig)), ST_ALG);
        memcpy(forged, sig, sizeof(forged));
        memcpy(forged, point.p, point.n);
        assert_code(ed25519_verify(s.public_key, BYTES_LIT("m"), BYTES_OF(forged)), ST_AUTH);
        buf_done(&point);
    }
}

/* Under the neutral point as key, R = neutral and S = 0 hold for every message: libcrypto says yes.
 */
static void one_signature_for_all_messages_is_refused(void **state)
{
    (void)state;
    uint8_t key[32] = {1}, sig[64] = {1};
    assert_code(ed25519_verify(key, BYTES_LIT("any message"), BYTES_OF(sig)), ST_ALG);
}

/* The same with an honest key's place taken by R alone: the reason must name the point. */
static void a_small_order_r_is_refused_by_name(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[64] = {1};
    assert_ok(ed25519_generate(&s));
    assert_code(ed25519_verify(s.public_key, BYTES_LIT("m"), BYTES_OF(sig)), ST_AUTH);
    assert_non_null(strstr(status_detail(), "small order"));
}

static void unreduced_points_are_refused(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN], key[32];
    assert_ok(ed25519_generate(&s));
    assert_ok(ed25519_sign(&s, BYTES_LIT("m"), sig));
    memset(key, 0xff, sizeof(key));
    for (unsigned low = 0xed; low <= 0xff; low++) {
        for (unsigned top = 0x7f; top <= 0xff; top += 0x80) {
            key[0] = (uint8_t)low;
            key[31] = (uint8_t)top;
            assert_code(ed25519_verify(key, BYTES_LIT("m"), BYTES_OF(sig)), ST_ALG);
        }
    }
    /* One below: p - 2 is reduced and goes on to the signature check. */
    key[0] = 0xeb;
    key[31] = 0x7f;
    assert_code(ed25519_verify(key, BYTES_LIT("m"), BYTES_OF(sig)), ST_AUTH);
}

/* Reduced points that share their first and last bytes with those above the prime are let pass. */
static void reduced_points_near_the_prime_are_let_pass(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN], key[32];
    assert_ok(ed25519_generate(&s));
    assert_ok(ed25519_sign(&s, BYTES_LIT("m"), sig));
    for (size_t i = 1; i < 31; i++) {
        memset(key, 0xff, sizeof(key));
        key[31] = 0x7f;
        key[i] = 0xfe;
        assert_code(ed25519_verify(key, BYTES_LIT("m"), BYTES_OF(sig)), ST_AUTH);
    }
}

static void add_group_order(uint8_t s[static 32])
{
    static const uint8_t L[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                  0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)s[i] + L[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void s_above_the_group_order_is_refused(void **state)
{
    (void)state;
    struct ed25519_secret s;
    uint8_t sig[ED25519_SIG_LEN];
    assert_ok(ed25519_generate(&s));
    assert_ok(ed25519_sign(&s, BYTES_LIT("m"), sig));
    add_group_order(sig + 32);
    assert_code(ed25519_verify(s.public_key, BYTES_LIT("m"), BYTES_OF(sig)), ST_AUTH);
}

/* Ed25519 is deterministic: both ways give the same bytes, each time. */
static void a_prepared_key_signs_the_same(void **state)
{
    (void)state;
    struct ed25519_secret key;
    struct ed25519_signer *signer = NULL;
    uint8_t a[ED25519_SIG_LEN], b[ED25519_SIG_LEN];
    assert_ok(ed25519_generate(&key));
    assert_ok(ed25519_signer_new(&key, &signer));
    for (size_t n = 0; n < 100; n += 9) {
        struct bytes message = test_exact(bytes_of(&key, n % sizeof(key)));
        assert_ok(ed25519_sign(&key, message, a));
        assert_ok(ed25519_signer_sign(signer, message, b));
        assert_memory_equal(a, b, sizeof(a));
        assert_ok(ed25519_verify(key.public_key, message, BYTES_OF(b)));
        test_exact_free(message);
    }
    ed25519_signer_freep(&signer);
    assert_null(signer);
    ed25519_signer_freep(&signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc8032),
        cmocka_unit_test(each_flipped_bit_is_refused),
        cmocka_unit_test(a_signature_of_another_size_is_refused),
        cmocka_unit_test(small_order_points_are_refused),
        cmocka_unit_test(one_signature_for_all_messages_is_refused),
        cmocka_unit_test(a_small_order_r_is_refused_by_name),
        cmocka_unit_test(unreduced_points_are_refused),
        cmocka_unit_test(reduced_points_near_the_prime_are_let_pass),
        cmocka_unit_test(s_above_the_group_order_is_refused),
        cmocka_unit_test(a_prepared_key_signs_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
