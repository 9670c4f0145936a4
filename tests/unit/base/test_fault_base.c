/* Every allocation of the base layer fails once. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/pool.h"
#include "support/fault.h"

static status append_everything(void)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 16);
    for (unsigned i = 0; i < 300; i++) {
        buf_put(&b, BYTES_LIT("some bytes"));
        buf_put_u64be(&b, i);
        buf_printf(&b, "%u", i);
        (void)buf_extend(&b, 3);
    }
    return buf_status(&b);
}

static status reserve(void)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 16);
    TRY(buf_reserve(&b, 5000));
    return buf_reserve(&b, 1 << 16);
}

static status make_an_arena(void)
{
    struct arena *a CLEANUP(arena_freep) = NULL;
    void *p = NULL;
    TRY(arena_new(4096, 0, &a));
    return arena_alloc(a, 100, &p);
}

static status make_a_pool(void)
{
    struct pool *p = NULL;
    TRY(pool_new(1, &p));
    pool_free(p);
    return OK;
}

static const struct fault_row ROWS[] = {
    {"append", append_everything},
    {"reserve", reserve},
    {"arena", make_an_arena},
    {"pool", make_a_pool},
};

static void own_allocations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        fault_walk_own(&ROWS[i]);
}

/* The error stays, and what was written before it is still there. */
static void a_failed_append_is_sticky(void **state)
{
    (void)state;
    struct buf b = BUF_MAX(1 << 16);
    buf_put_str(&b, "before");
    fault_at(1);
    (void)buf_extend(&b, 4096);
    fault_at(0);
    buf_put_str(&b, "after");
    assert_code(buf_status(&b), ST_NOMEM);
    assert_bytes_equal(buf_view(&b), BYTES_LIT("before"));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_allocations),
        cmocka_unit_test(a_failed_append_is_sticky),
    };
    return cmocka_run_group_tests(tests, fault_set_up, NULL);
}
