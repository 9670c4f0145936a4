#include "support/test.h"

#include "model/keywrap.h"

static const struct aead_key KEK = {.alg = AEAD_AES_256_GCM, .b = {1}};
static const struct aead_key OTHER_KEK = {.alg = AEAD_AES_256_GCM, .b = {2}};
static const struct aead_key DEK = {.alg = AEAD_AES_256_GCM, .b = {3, 4, 5}};
static const uint8_t DIGEST[SHA256_LEN] = {6};
static const uint8_t OTHER_DIGEST[SHA256_LEN] = {7};

static struct buf wrap(void)
{
    struct buf b = BUF_MAX(KEYWRAP_BYTES);
    assert_ok(keywrap_seal(&KEK, DIGEST, &DEK, &b));
    assert_int_equal(b.n, KEYWRAP_BYTES);
    return b;
}

/* On failure the output keeps what was in it. */
static enum status_code unwrap(const struct aead_key *kek, const uint8_t *digest, struct bytes in)
{
    const struct aead_key untouched = {.alg = AEAD_CHACHA20_POLY1305, .b = {0xee}};
    struct aead_key out = untouched;
    struct bytes exact = test_exact(in);
    status s = keywrap_open(kek, digest, exact, &out);
    test_exact_free(exact);
    if (ok(s))
        assert_memory_equal(out.b, DEK.b, AEAD_KEY_LEN);
    else
        assert_memory_equal(&out, &untouched, sizeof(out));
    return s.code;
}

static void round_trip_and_fresh_nonces(void **state)
{
    (void)state;
    struct buf a CLEANUP(buf_done) = wrap();
    struct buf b CLEANUP(buf_done) = wrap();
    assert_int_equal(unwrap(&KEK, DIGEST, buf_view(&a)), ST_OK);
    assert_false(bytes_equal(buf_view(&a), buf_view(&b)));
}

static void wrong_key_and_wrong_manifest(void **state)
{
    (void)state;
    struct buf w CLEANUP(buf_done) = wrap();
    assert_int_equal(unwrap(&OTHER_KEK, DIGEST, buf_view(&w)), ST_AUTH);
    assert_int_equal(unwrap(&KEK, OTHER_DIGEST, buf_view(&w)), ST_AUTH);
}

static void every_length(void **state)
{
    (void)state;
    struct buf w CLEANUP(buf_done) = wrap();
    for (size_t n = 0; n < w.n; n++)
        assert_int_equal(unwrap(&KEK, DIGEST, bytes_of(w.p, n)), ST_TRUNCATED);
    uint8_t longer[KEYWRAP_BYTES + 1] = {0};
    memcpy(longer, w.p, w.n);
    assert_int_equal(unwrap(&KEK, DIGEST, BYTES_OF(longer)), ST_FORMAT);
}

static void every_bit(void **state)
{
    (void)state;
    struct buf w CLEANUP(buf_done) = wrap();
    for (size_t bit = 0; bit < 8 * w.n; bit++) {
        w.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum status_code want = bit < 8 ? ST_FORMAT : bit < 16 ? ST_ALG : ST_AUTH;
        assert_int_equal(unwrap(&KEK, DIGEST, buf_view(&w)), want);
        w.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_and_fresh_nonces),
        cmocka_unit_test(wrong_key_and_wrong_manifest),
        cmocka_unit_test(every_length),
        cmocka_unit_test(every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
