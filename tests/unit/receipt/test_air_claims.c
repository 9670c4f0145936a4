#include "receipt/air_claims.h"

#include "sample.h"

static struct buf payload_of(const struct air_claims *c)
{
    struct buf out = BUF_MAX(AIR_RECEIPT_MAX);
    air_claims_encode(c, &out);
    assert_ok(buf_status(&out));
    return out;
}

static void full_claims(struct air_claims *c)
{
    *c = sample_claims();
    c->nonce = BYTES_LIT("01234567");
    c->scheme = AIR_SHA256_CONCAT;
    c->mode = AIR_EVALUATION;
    c->measurements.present = 0x11f;
    for (unsigned i = 3; i < AIR_N_PCR; i++)
        memset(c->measurements.pcr[i], (int)i + 1, AIR_MEASUREMENT_LEN);
}

static void come_back_equal(void **state)
{
    struct air_claims want;
    struct air_claims got;
    struct air_unverified u;
    const char *code = NULL;
    (void)state;
    full_claims(&want);
    struct buf payload CLEANUP(buf_done) = payload_of(&want);
    assert_ok(air_claims_decode(buf_view(&payload), &u, &code));
    air_claims_publish(&u, &got);
    assert_int_equal(got.iat_unix_s, want.iat_unix_s);
    assert_int_equal(got.measurements.present, want.measurements.present);
    for (unsigned i = 0; i < AIR_N_PCR; i++) {
        if ((want.measurements.present >> i & 1) != 0)
            assert_memory_equal(got.measurements.pcr[i], want.measurements.pcr[i],
                                AIR_MEASUREMENT_LEN);
    }
    assert_false(got.measurements.is_attested);
    assert_bytes_equal(got.nonce, want.nonce);
    assert_int_equal(got.mode, AIR_EVALUATION);
    assert_int_equal(got.scheme, AIR_SHA256_CONCAT);
    struct buf again CLEANUP(buf_done) = payload_of(&got);
    assert_bytes_equal(buf_view(&again), buf_view(&payload));
}

static void every_truncation_names_the_encoding(void **state)
{
    struct air_claims c;
    (void)state;
    full_claims(&c);
    struct buf payload CLEANUP(buf_done) = payload_of(&c);
    for (size_t n = 0; n < payload.n; n++) {
        struct air_unverified u;
        const char *code = NULL;
        struct bytes exact = test_exact(bytes_of(payload.p, n));
        assert_true(failed(air_claims_decode(exact, &u, &code)));
        assert_string_equal(code, n == 0 ? "PAYLOAD_NOT_MAP" : "CLAIMS_DECODE_FAILED");
        test_exact_free(exact);
    }
}

/* One byte string for one set of claims: whatever still decodes after a bit flip, and is of known
 * words and sizes, encodes to the flipped bytes. A failure always has a code. */
static void every_bit_flip_is_refused_or_canonical(void **state)
{
    struct air_claims c;
    (void)state;
    full_claims(&c);
    struct buf payload CLEANUP(buf_done) = payload_of(&c);
    for (size_t bit = 0; bit < 8 * payload.n; bit++) {
        struct air_unverified u;
        const char *code = NULL;
        payload.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        status s = air_claims_decode(buf_view(&payload), &u, &code);
        assert_int_equal(failed(s), code != NULL);
        payload.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void out_stays_on_failure(void **state)
{
    struct air_unverified u;
    struct air_unverified untouched;
    const char *code = NULL;
    (void)state;
    memset(&u, 0x5a, sizeof(u));
    untouched = u;
    assert_true(failed(air_claims_decode(BYTES_LIT("\xa1\x01\x60"), &u, &code)));
    assert_memory_equal(&u, &untouched, sizeof(u));
    assert_string_equal(code, "MISSING_CLAIM:iat");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_back_equal),
        cmocka_unit_test(every_truncation_names_the_encoding),
        cmocka_unit_test(every_bit_flip_is_refused_or_canonical),
        cmocka_unit_test(out_stays_on_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
