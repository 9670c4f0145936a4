#include "receipt/air_seen.h"

#include "support/test.h"

enum { N = 300 };

/* Ids in no order: the first bytes run through all values by a step that is odd. */
static void id_of(size_t i, uint8_t out[static AIR_CTI_LEN])
{
    memset(out, 7, AIR_CTI_LEN);
    out[0] = (uint8_t)(i * 37);
    out[15] = (uint8_t)(i >> 8);
}

static void holds_what_was_added(void **state)
{
    static uint8_t storage[N][AIR_CTI_LEN];
    struct air_seen s = air_seen_over(storage, N);
    uint8_t id[AIR_CTI_LEN];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        id_of(i, id);
        assert_false(air_seen_has(&s, id));
        assert_ok(air_seen_add(&s, id));
        assert_true(air_seen_has(&s, id));
    }
    for (size_t i = 0; i < N; i++) {
        id_of(i, id);
        assert_true(air_seen_has(&s, id));
        assert_code(air_seen_add(&s, id), ST_MISMATCH);
    }
    for (size_t i = 1; i < N; i++)
        assert_true(memcmp(storage[i - 1], storage[i], AIR_CTI_LEN) < 0);
}

static void full_set_refuses(void **state)
{
    uint8_t storage[1][AIR_CTI_LEN];
    struct air_seen s = air_seen_over(storage, 1);
    uint8_t id[AIR_CTI_LEN] = {1};
    (void)state;
    assert_ok(air_seen_add(&s, id));
    id[0] = 2;
    assert_code(air_seen_add(&s, id), ST_LIMIT);
    assert_false(air_seen_has(&s, id));
    assert_int_equal(s.n, 1);
}

static void every_byte_counts(void **state)
{
    uint8_t storage[2 * AIR_CTI_LEN][AIR_CTI_LEN];
    struct air_seen s = air_seen_over(storage, 2 * AIR_CTI_LEN);
    (void)state;
    for (size_t i = 0; i < AIR_CTI_LEN; i++) {
        uint8_t id[AIR_CTI_LEN] = {0};
        id[i] = 1;
        assert_false(air_seen_has(&s, id));
        assert_ok(air_seen_add(&s, id));
    }
}

static void empty_set(void **state)
{
    struct air_seen s = air_seen_over(NULL, 0);
    const uint8_t id[AIR_CTI_LEN] = {1};
    (void)state;
    assert_false(air_seen_has(&s, id));
    assert_code(air_seen_add(&s, id), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_added),
        cmocka_unit_test(full_set_refuses),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(empty_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
