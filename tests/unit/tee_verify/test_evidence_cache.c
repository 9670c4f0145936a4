#include "tee/verify/evidence_cache.h"

#include "support/test.h"

#include <pthread.h>
#include <string.h>

static void key_of(unsigned i, uint8_t out[static SHA256_LEN])
{
    memset(out, 0, SHA256_LEN);
    out[0] = (uint8_t)i;
    out[31] = 1;
}

static void finds_what_was_kept_and_nothing_else(void **state)
{
    (void)state;
    struct evidence_cache *c CLEANUP(evidence_cache_freep) = NULL;
    struct evidence_chain w = {0};
    uint8_t key[SHA256_LEN], zero[SHA256_LEN] = {0};
    assert_ok(evidence_cache_new(&c));
    key_of(1, key);
    assert_false(evidence_cache_find(c, key, &w));
    assert_false(evidence_cache_find(c, zero, &w)); /* an unused place is no entry */
    evidence_cache_keep(c, key, &(struct evidence_chain){10, 20, 0, 0});
    assert_true(evidence_cache_find(c, key, &w));
    assert_int_equal(w.not_before_unix_s, 10);
    assert_int_equal(w.not_after_unix_s, 20);
    key[31] ^= 1;
    assert_false(evidence_cache_find(c, key, &w));
}

static void oldest_makes_room(void **state)
{
    (void)state;
    struct evidence_cache *c CLEANUP(evidence_cache_freep) = NULL;
    struct evidence_chain w = {0};
    uint8_t key[SHA256_LEN];
    assert_ok(evidence_cache_new(&c));
    for (unsigned i = 0; i <= EVIDENCE_CACHE_CHAINS; i++) {
        key_of(i, key);
        evidence_cache_keep(c, key, &w);
        evidence_cache_keep(c, key, &w); /* takes no second place */
    }
    key_of(0, key);
    assert_false(evidence_cache_find(c, key, &w));
    for (unsigned i = 1; i <= EVIDENCE_CACHE_CHAINS; i++) {
        key_of(i, key);
        assert_true(evidence_cache_find(c, key, &w));
    }
}

static void no_cache_knows_nothing(void **state)
{
    (void)state;
    struct evidence_chain w = {0};
    uint8_t key[SHA256_LEN] = {0};
    evidence_cache_keep(NULL, key, &w);
    assert_false(evidence_cache_find(NULL, key, &w));
}

static void *use(void *arg)
{
    struct evidence_cache *c = arg;
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t key[SHA256_LEN];
        struct evidence_chain w = {i % 40, i % 40, 0, 0};
        key_of(i % 40, key);
        evidence_cache_keep(c, key, &w);
        if (evidence_cache_find(c, key, &w))
            assert_int_equal(w.not_before_unix_s, i % 40);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    struct evidence_cache *c CLEANUP(evidence_cache_freep) = NULL;
    pthread_t t[4];
    assert_ok(evidence_cache_new(&c));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, use, c), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_kept_and_nothing_else),
        cmocka_unit_test(oldest_makes_room),
        cmocka_unit_test(no_cache_knows_nothing),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
