/* air_subject.c: what a receipt claims to be about. */
#include "receipt/air.h"

#include "sample.h"

static void tells_the_three_hashes(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct air_claims c = sample_claims();
    struct air_subject_unverified s;
    (void)state;
    assert_ok(air_subject_unverified(buf_view(&r), &s));
    assert_memory_equal(s.model_hash, c.model_hash, AIR_HASH_LEN);
    assert_memory_equal(s.request_hash, c.request_hash, AIR_HASH_LEN);
    assert_memory_equal(s.response_hash, c.response_hash, AIR_HASH_LEN);
}

/* It proves nothing: a broken signature makes no difference. */
static void does_not_look_at_the_signature(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct air_subject_unverified s;
    (void)state;
    r.p[r.n - 1] ^= 1;
    assert_ok(air_subject_unverified(buf_view(&r), &s));
}

static void every_truncation_is_refused(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    (void)state;
    for (size_t n = 0; n < r.n; n++) {
        struct bytes exact = test_exact(bytes_of(r.p, n));
        struct air_subject_unverified s;
        struct air_subject_unverified untouched;
        memset(&s, 0x5a, sizeof(s));
        untouched = s;
        assert_true(failed(air_subject_unverified(exact, &s)));
        assert_memory_equal(&s, &untouched, sizeof(s));
        test_exact_free(exact);
    }
}

static void what_is_no_receipt_is_refused(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct air_subject_unverified s;
    uint8_t *large = calloc(1, AIR_RECEIPT_MAX + 1);
    (void)state;
    assert_code(air_subject_unverified(bytes_of(large, AIR_RECEIPT_MAX + 1), &s), ST_LIMIT);
    assert_true(failed(air_subject_unverified(BYTES_LIT("{}"), &s)));
    assert_true(failed(air_subject_unverified(bytes_of(r.p + 1, r.n - 1), &s))); /* no tag */
    buf_put_u8(&r, 0);
    assert_true(failed(air_subject_unverified(buf_view(&r), &s)));
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_three_hashes),
        cmocka_unit_test(does_not_look_at_the_signature),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(what_is_no_receipt_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
