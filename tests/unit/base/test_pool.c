#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "support/test.h"

enum { TASKS = 500, ROUNDS = 2000, STALL_MS = 600 };

struct tally {
    atomic_uint runs[TASKS];
    atomic_uint worst_worker;
};

static void count(void *ctx, uint32_t task, uint32_t worker)
{
    struct tally *t = ctx;
    atomic_fetch_add(&t->runs[task], 1);
    if (worker > atomic_load(&t->worst_worker))
        atomic_store(&t->worst_worker, worker);
}

static void check_rounds(struct pool *p, uint32_t n_rounds, uint32_t n_tasks)
{
    for (uint32_t round = 0; round < n_rounds; round++) {
        struct tally t = {0};
        pool_run(p, n_tasks, count, &t);
        for (uint32_t k = 0; k < TASKS; k++)
            assert_int_equal(atomic_load(&t.runs[k]), k < n_tasks ? 1 : 0);
        assert_true(atomic_load(&t.worst_worker) < pool_size(p));
    }
}

static void test_each_task_runs_once(void **state)
{
    (void)state;
    static const uint32_t threads[] = {1, 2, 3, 7, 16};
    static const uint32_t tasks[] = {0, 1, 2, 3, 7, TASKS};
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        struct pool *p = NULL;
        assert_ok(pool_new(threads[i], &p));
        assert_int_equal(pool_size(p), threads[i]);
        for (size_t j = 0; j < sizeof(tasks) / sizeof(tasks[0]); j++)
            check_rounds(p, 3, tasks[j]);
        pool_free(p);
    }
}

static void add_one(void *ctx, uint32_t task, uint32_t worker)
{
    (void)worker;
    atomic_uint *sums = ctx;
    atomic_fetch_add(&sums[task % 4], 1);
}

/* A context lives only as long as its round: a worker that is late must not touch the old one. */
static void test_rounds_do_not_mix(void **state)
{
    (void)state;
    struct pool *p = NULL;
    assert_ok(pool_new(4, &p));
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t n = 2 + round % 13, total = 0;
        atomic_uint *sums = calloc(4, sizeof(*sums));
        assert_non_null(sums);
        pool_run(p, n, add_one, sums);
        for (size_t i = 0; i < 4; i++)
            total += atomic_load(&sums[i]);
        assert_int_equal(total, n);
        free(sums);
    }
    pool_free(p);
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0)
        ;
}

static void test_parked_workers_wake(void **state)
{
    (void)state;
    struct pool *p = NULL;
    assert_ok(pool_new(3, &p));
    for (int i = 0; i < 20; i++) {
        pause_ms(2); /* far longer than they spin */
        check_rounds(p, 1, 50);
    }
    pool_free(p);
}

struct meeting {
    pthread_t other; /* the worker that is not the caller */
    atomic_uint n_here;
};

static void meet(void *ctx, uint32_t task, uint32_t worker)
{
    (void)task;
    struct meeting *m = ctx;
    if (worker == 1)
        m->other = pthread_self();
    atomic_fetch_add(&m->n_here, 1);
    while (atomic_load(&m->n_here) < 2) /* both tasks run at once, so each worker has one */
        pause_ms(1);
}

static atomic_bool is_stalled;

static void stall(int signal_number)
{
    (void)signal_number;
    atomic_store(&is_stalled, true);
    pause_ms(STALL_MS);
}

/* As when the hypervisor takes a core away: the worker stands still between two tasks. */
static void test_stalled_worker_delays_nobody(void **state)
{
    (void)state;
    struct pool *p = NULL;
    struct sigaction act = {.sa_handler = stall}, old;
    struct meeting m = {0};
    assert_int_equal(sigaction(SIGUSR1, &act, &old), 0);
    assert_ok(pool_new(2, &p));
    pool_run(p, 2, meet, &m);
    pause_ms(5);
    assert_int_equal(pthread_kill(m.other, SIGUSR1), 0);
    while (!atomic_load(&is_stalled))
        pause_ms(1);
    uint64_t before = clock_mono_ns();
    check_rounds(p, 10, TASKS);
    assert_true((clock_mono_ns() - before) / 1000000 < STALL_MS / 2);
    pool_free(p);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void long_elsewhere(void *ctx, uint32_t task, uint32_t worker)
{
    (void)task;
    atomic_uint *n = ctx;
    if (worker != 0)
        pause_ms(20);
    atomic_fetch_add(n, 1);
}

/* The caller parks when another's last task is long, and its end wakes the caller. */
static void test_caller_waits_for_a_long_task(void **state)
{
    (void)state;
    struct pool *p = NULL;
    assert_ok(pool_new(2, &p));
    for (int i = 0; i < 5; i++) {
        atomic_uint n = 0;
        pool_run(p, 40, long_elsewhere, &n);
        assert_int_equal(atomic_load(&n), 40);
    }
    pool_free(p);
}

static void test_bad_sizes(void **state)
{
    (void)state;
    struct pool *p = NULL;
    assert_code(pool_new(0, &p), ST_USAGE);
    assert_code(pool_new(POOL_THREADS_MAX + 1, &p), ST_USAGE);
    assert_null(p);
    pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_task_runs_once),
        cmocka_unit_test(test_rounds_do_not_mix),
        cmocka_unit_test(test_parked_workers_wake),
        cmocka_unit_test(test_stalled_worker_delays_nobody),
        cmocka_unit_test(test_caller_waits_for_a_long_task),
        cmocka_unit_test(test_bad_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
