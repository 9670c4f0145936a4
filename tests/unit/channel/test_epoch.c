#include "support/channel.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "channel/epoch.h"

static atomic_int n_made;
static bool is_broken;

/* Evidence that tells its statement and its number. */
static status attest(void *ctx, const struct statement *s, struct buf *out)
{
    (void)ctx;
    REQUIRE(!is_broken, ST_IO, "the platform refuses");
    (void)usleep(20000);
    buf_put(out, BYTES_OF(s->nonce));
    buf_put_u8(out, (uint8_t)s->freshness);
    buf_put_u8(out, (uint8_t)(atomic_fetch_add(&n_made, 1) + 1));
    return buf_status(out);
}

static const struct ed25519_secret KEY = {.public_key = {1}};
static const struct channel_identity IDENTITY = {.key = &KEY, .attest = attest};

static struct buf get(struct channel_epoch *e)
{
    struct buf b = BUF_MAX(CHANNEL_EVIDENCE_MAX);
    assert_ok(channel_epoch_evidence(e, &IDENTITY, &b));
    return b;
}

static void it_is_shared_for_its_life_and_then_new(void **state)
{
    (void)state;
    struct channel_epoch *e CLEANUP(channel_epoch_freep) = NULL;
    assert_ok(channel_epoch_new(1, &e));
    struct buf first CLEANUP(buf_done) = get(e);
    struct buf second CLEANUP(buf_done) = get(e);
    assert_bytes_equal(buf_view(&first), buf_view(&second));
    assert_int_equal(first.p[32], FRESH_EPOCH);
    assert_false(bytes_all_zero(bytes_of(first.p, 32)));
    (void)usleep(1100000);
    struct buf third CLEANUP(buf_done) = get(e);
    assert_memory_not_equal(first.p, third.p, 32); /* another epoch id */
}

static void *get_one(void *e)
{
    struct buf b CLEANUP(buf_done) = get(e);
    return b.n == 34 ? NULL : e;
}

static void many_ask_and_one_makes(void **state)
{
    (void)state;
    struct channel_epoch *e CLEANUP(channel_epoch_freep) = NULL;
    pthread_t threads[8];
    atomic_store(&n_made, 0);
    assert_ok(channel_epoch_new(3600, &e));
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_one, e), 0);
    for (int i = 0; i < 8; i++) {
        void *trouble = NULL;
        (void)pthread_join(threads[i], &trouble);
        assert_null(trouble);
    }
    assert_int_equal(atomic_load(&n_made), 1);
}

static void a_failure_is_not_kept(void **state)
{
    (void)state;
    struct channel_epoch *e CLEANUP(channel_epoch_freep) = NULL;
    struct buf b CLEANUP(buf_done) = BUF_MAX(CHANNEL_EVIDENCE_MAX);
    assert_ok(channel_epoch_new(3600, &e));
    is_broken = true;
    assert_code(channel_epoch_evidence(e, &IDENTITY, &b), ST_IO);
    is_broken = false;
    assert_ok(channel_epoch_evidence(e, &IDENTITY, &b));
    assert_code(channel_epoch_new(0, &e), ST_CONFIG);
}

static struct statement seen;

static status look(void *ctx, const struct statement *s, struct buf *out)
{
    (void)ctx;
    (void)out;
    seen = *s;
    return OK;
}

static void the_statement_says_everything_of_the_identity(void **state)
{
    (void)state;
    struct channel_identity identity = {.key = &KEY,
                                        .attest = look,
                                        .platform = BYTES_LIT("simulated"),
                                        .service = BYTES_LIT("s"),
                                        .receipt_key = {2},
                                        .config_digest = {3},
                                        .model_digest = {4},
                                        .device_digest = {5}};
    const uint8_t nonce[32] = {6};
    struct buf b CLEANUP(buf_done) = BUF_MAX(16);
    assert_ok(channel_attest(&identity, FRESH_SESSION, nonce, &b));
    assert_bytes_equal(seen.platform, identity.platform);
    assert_bytes_equal(seen.service, identity.service);
    assert_int_equal(seen.freshness, FRESH_SESSION);
    assert_int_equal(seen.identity_key[0], 1);
    assert_int_equal(seen.receipt_key[0], 2);
    assert_int_equal(seen.config_digest[0], 3);
    assert_int_equal(seen.model_digest[0], 4);
    assert_int_equal(seen.device_digest[0], 5);
    assert_int_equal(seen.nonce[0], 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_shared_for_its_life_and_then_new),
        cmocka_unit_test(many_ask_and_one_makes),
        cmocka_unit_test(a_failure_is_not_kept),
        cmocka_unit_test(the_statement_says_everything_of_the_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
