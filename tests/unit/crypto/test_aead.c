#include "crypto/aead.h"

#include "support/test.h"

static const enum aead_alg ALGS[] = {AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305};
enum { N_ALGS = sizeof(ALGS) / sizeof(ALGS[0]) };

static const uint8_t NONCE[AEAD_NONCE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static struct aead *keyed(enum aead_alg alg)
{
    struct aead_key key = {.alg = alg};
    struct aead *a = NULL;
    memset(key.b, 0x42, sizeof(key.b));
    assert_ok(aead_new(&key, &a));
    return a;
}

static void known_algorithms_are_two(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 70000; i++)
        assert_int_equal(aead_alg_is_known(i), i == 2 || i == 3);
    struct aead_key key = {.alg = (enum aead_alg)1}; /* AES-128-GCM in HPKE's table */
    struct aead *a = NULL;
    assert_code(aead_new(&key, &a), ST_ALG);
    assert_null(a);
    aead_freep(&a);
}

static void every_length_round_trips_in_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_ALGS; k++) {
        struct aead *a = keyed(ALGS[k]);
        for (size_t n = 0; n <= 300; n++) {
            uint8_t *p = malloc(n + AEAD_TAG_LEN);
            assert_non_null(p);
            memset(p, (int)n, n);
            assert_ok(aead_seal(a, NONCE, bytes_of(NONCE, n % 12), bytes_of(p, n), p));
            assert_ok(
                aead_open(a, NONCE, bytes_of(NONCE, n % 12), bytes_of(p, n + AEAD_TAG_LEN), p));
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], (uint8_t)n);
            free(p);
        }
        aead_freep(&a);
        assert_null(a);
    }
}

static void each_flipped_bit_is_refused_and_the_output_wiped(void **state)
{
    (void)state;
    enum { N = 37 };
    for (size_t k = 0; k < N_ALGS; k++) {
        struct aead *a = keyed(ALGS[k]);
        uint8_t sealed[N + AEAD_TAG_LEN], plain[N], copy[sizeof(sealed)];
        memset(plain, 7, sizeof(plain));
        assert_ok(aead_seal(a, NONCE, BYTES_LIT("aad"), BYTES_OF(plain), sealed));
        for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
            memcpy(copy, sealed, sizeof(copy));
            memset(plain, 7, sizeof(plain));
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_code(aead_open(a, NONCE, BYTES_LIT("aad"), BYTES_OF(copy), plain), ST_AUTH);
            assert_true(bytes_all_zero(BYTES_OF(plain)));
        }
        assert_ok(aead_open(a, NONCE, BYTES_LIT("aad"), BYTES_OF(sealed), plain));
        aead_freep(&a);
    }
}

static void nonce_aad_and_key_are_bound(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_ALGS; k++) {
        struct aead *a = keyed(ALGS[k]);
        struct aead *other = keyed(ALGS[1 - k]);
        uint8_t sealed[5 + AEAD_TAG_LEN], plain[5], nonce[AEAD_NONCE_LEN];
        assert_ok(aead_seal(a, NONCE, BYTES_LIT("aad"), BYTES_LIT("hello"), sealed));
        for (size_t bit = 0; bit < 8 * sizeof(nonce); bit++) {
            memcpy(nonce, NONCE, sizeof(nonce));
            nonce[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_code(aead_open(a, nonce, BYTES_LIT("aad"), BYTES_OF(sealed), plain), ST_AUTH);
        }
        assert_code(aead_open(a, NONCE, BYTES_LIT("aae"), BYTES_OF(sealed), plain), ST_AUTH);
        assert_code(aead_open(a, NONCE, BYTES_LIT("aa"), BYTES_OF(sealed), plain), ST_AUTH);
        assert_code(aead_open(a, NONCE, (struct bytes){0}, BYTES_OF(sealed), plain), ST_AUTH);
        assert_code(aead_open(other, NONCE, BYTES_LIT("aad"), BYTES_OF(sealed), plain), ST_AUTH);
        aead_freep(&a);
        aead_freep(&other);
    }
}

static void each_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_ALGS; k++) {
        struct aead *a = keyed(ALGS[k]);
        uint8_t sealed[5 + AEAD_TAG_LEN], plain[sizeof(sealed)];
        assert_ok(aead_seal(a, NONCE, BYTES_LIT("aad"), BYTES_LIT("hello"), sealed));
        for (size_t n = 0; n < sizeof(sealed); n++) {
            struct bytes in = test_exact(bytes_of(sealed, n));
            assert_code(aead_open(a, NONCE, BYTES_LIT("aad"), in, plain),
                        n < AEAD_TAG_LEN ? ST_TRUNCATED : ST_AUTH);
            test_exact_free(in);
        }
        aead_freep(&a);
    }
}

static void sizes_beyond_the_library_are_refused(void **state)
{
    (void)state;
    struct aead *a = keyed(AEAD_AES_256_GCM);
    uint8_t out[16];
    struct bytes huge = bytes_of(out, (size_t)3 << 30); /* never read */
    assert_code(aead_seal(a, NONCE, huge, (struct bytes){0}, out), ST_LIMIT);
    assert_code(aead_seal(a, NONCE, (struct bytes){0}, huge, out), ST_LIMIT);
    assert_code(aead_open(a, NONCE, (struct bytes){0}, huge, out), ST_LIMIT);
    aead_freep(&a);
}

static void key_wipe_leaves_zeroes(void **state)
{
    (void)state;
    struct aead_key key = {.alg = AEAD_AES_256_GCM, .b = {1, 2, 3}};
    aead_key_wipe(&key);
    assert_true(bytes_all_zero(bytes_of(&key, sizeof(key))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_algorithms_are_two),
        cmocka_unit_test(every_length_round_trips_in_place),
        cmocka_unit_test(each_flipped_bit_is_refused_and_the_output_wiped),
        cmocka_unit_test(nonce_aad_and_key_are_bound),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(sizes_beyond_the_library_are_refused),
        cmocka_unit_test(key_wipe_leaves_zeroes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
