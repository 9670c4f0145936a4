/* Every allocation of signing, verifying and encoding fails once. */
#include "receipt/air.h"
#include "receipt/record.h"

#include "sample.h"
#include "support/faults.h"

static status sign(void *ctx)
{
    const struct ed25519_secret *key = ctx;
    struct air_claims c = sample_claims();
    struct buf out CLEANUP(buf_done) = BUF_MAX(AIR_RECEIPT_MAX);
    return air_sign(&c, key, &out);
}

static void signing(void **state)
{
    struct ed25519_secret key = sample_key();
    (void)state;
    (void)fault_each(FAULT_ALLOC, ST_NOMEM, sign, &key);
}

struct given {
    struct buf receipt;
    struct ed25519_secret key;
};

/* Lack of memory is no verdict over the receipt: incomplete, and never accepted. */
static status verify(void *ctx)
{
    const struct given *g = ctx;
    const struct air_expect e = {.public_key = g->key.public_key};
    struct checks checks = {0};
    struct air_claims claims;
    status s = air_verify(buf_view(&g->receipt), &e, &checks, &claims);
    if (failed(s))
        assert_int_equal(checks_verdict(&checks), VERDICT_INCOMPLETE);
    return s;
}

static void verifying(void **state)
{
    struct given g = {.receipt = sample_receipt(), .key = sample_key()};
    (void)state;
    (void)fault_each(FAULT_ALLOC, ST_UNSUPPORTED, verify, &g);
    buf_done(&g.receipt);
}

static status encode(void *ctx)
{
    static const struct record_text TEXTS[] = {{3, false}, {4, true}};
    const struct record r = {
        .profile = BYTES_LIT("eml-n1"),
        .engine_version = BYTES_LIT("e"),
        .texts = TEXTS,
        .n_texts = 2,
    };
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    (void)ctx;
    return record_encode(&r, &out);
}

static void encoding(void **state)
{
    (void)state;
    (void)fault_each(FAULT_ALLOC, ST_NOMEM, encode, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing),
        cmocka_unit_test(verifying),
        cmocka_unit_test(encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
