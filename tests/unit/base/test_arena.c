#include "support/faults.h"
#include "support/test.h"

#include "base/arena.h"

static void test_blocks_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    struct arena *a CLEANUP(arena_freep) = NULL;
    void *x = NULL;
    void *y = NULL;
    assert_ok(arena_new(4096, ARENA_LOCKED, &a));
    assert_ok(arena_alloc(a, 1, &x));
    assert_ok(arena_alloc(a, 65, &y));
    assert_int_equal((uintptr_t)x % 64, 0);
    assert_int_equal((uint8_t *)y - (uint8_t *)x, 64);
    assert_true(bytes_all_zero(bytes_of(y, 65)));
    assert_int_equal(arena_used(a), 64 + 128);
}

static void test_capacity_is_a_limit(void **state)
{
    (void)state;
    struct arena *a CLEANUP(arena_freep) = NULL;
    void *x = NULL;
    assert_ok(arena_new(128, 0, &a));
    assert_code(arena_alloc(a, 129, &x), ST_LIMIT);
    assert_code(arena_alloc(a, SIZE_MAX, &x), ST_LIMIT);
    assert_null(x);
    assert_ok(arena_alloc(a, 128, &x));
    assert_code(arena_alloc(a, 1, &x), ST_LIMIT);
}

static void test_reset_wipes_what_came_later(void **state)
{
    (void)state;
    struct arena *a CLEANUP(arena_freep) = NULL;
    void *first = NULL;
    void *later = NULL;
    assert_ok(arena_new(4096, 0, &a));
    assert_ok(arena_alloc(a, 64, &first));
    size_t mark = arena_used(a);
    assert_ok(arena_alloc(a, 64, &later));
    memset(first, 1, 64);
    memset(later, 2, 64);
    arena_reset(a, mark);
    assert_true(bytes_all_zero(bytes_of(later, 64)));
    assert_int_equal(((uint8_t *)first)[63], 1);
    arena_reset(a, 4000);
    assert_int_equal(arena_used(a), mark);
}

static void test_huge_pages_are_only_a_wish(void **state)
{
    (void)state;
    struct arena *a CLEANUP(arena_freep) = NULL;
    void *x = NULL;
    assert_ok(arena_new(3 << 20, ARENA_HUGE, &a));
    assert_ok(arena_alloc(a, 3 << 20, &x));
    memset(x, 7, 3 << 20);
}

static void test_what_cannot_be_had(void **state)
{
    (void)state;
    struct arena *a = NULL;
    assert_code(arena_new(SIZE_MAX, 0, &a), ST_LIMIT);
    assert_code(arena_new(SIZE_MAX / 2, 0, &a), ST_NOMEM);
    fault_arm(FAULT_ALLOC, 1);
    assert_code(arena_new(64, 0, &a), ST_NOMEM);
    assert_true(fault_struck(FAULT_ALLOC));
    assert_null(a);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_aligned_zeroed_and_apart),
        cmocka_unit_test(test_capacity_is_a_limit),
        cmocka_unit_test(test_reset_wipes_what_came_later),
        cmocka_unit_test(test_huge_pages_are_only_a_wish),
        cmocka_unit_test(test_what_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
