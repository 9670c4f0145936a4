/* How a job goes round, and why a late worker does no harm.
 *
 * `ticket` holds the number of the round (high half) and the next task to claim (low half). The
 * caller closes the old round, writes the job, then opens the new round. A worker reads the ticket,
 * then the job, then claims by compare-and-swap on the ticket that it read: if the round has been
 * closed in between, the swap fails and what it read of the job is forgotten. A job is over when as
 * many tasks are done as it has; a worker that is asleep, parked or off its core holds no task, so
 * nobody waits for it. */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"

/* Longer than the gap between two kernels of one forward pass, shorter than a time slice. */
enum { SPIN_NS = 50 * 1000, SPINS_BETWEEN_CLOCKS = 16 };

static const uint32_t CLOSED = UINT32_MAX; /* in the low half: no task to claim */

struct worker {
    struct pool *pool;
    uint32_t index;
    pthread_t thread;
};

struct pool {
    uint32_t n_threads;
    uint32_t n_started;
    struct worker *workers;
    pthread_mutex_t lock; /* guards: the waits on `wake` and `finished` */
    pthread_cond_t wake, finished;
    /* The job. Atomic because a late worker may read it while the next one is written. */
    _Alignas(64) _Atomic(pool_task_fn) fn;
    _Atomic(void *) ctx;
    _Atomic uint32_t n_tasks;
    atomic_bool stop;
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic uint32_t n_done; /* tasks of this round */
    _Alignas(64) _Atomic uint32_t n_parked;
    atomic_bool caller_waits;
};

static inline uint32_t round_of(uint64_t ticket)
{
    return (uint32_t)(ticket >> 32);
}

static inline uint32_t task_of(uint64_t ticket)
{
    return (uint32_t)ticket;
}

static inline uint64_t ticket_of(uint32_t round, uint32_t task)
{
    return (uint64_t)round << 32 | task;
}

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Time to give up spinning? Reads the clock at the first call and then now and then. */
struct spin {
    uint32_t n;
    uint64_t until_ns;
};

static bool spin_is_over(struct spin *s)
{
    relax();
    if (s->n++ % SPINS_BETWEEN_CLOCKS != 0)
        return false;
    uint64_t now = clock_mono_ns();
    if (s->until_ns == 0)
        s->until_ns = now + SPIN_NS;
    return now >= s->until_ns;
}

static void finish_task(struct pool *p, uint32_t n_tasks)
{
    /* Sequentially consistent with wait_done(): either it sees the last count or we see it wait. */
    if (atomic_fetch_add(&p->n_done, 1) + 1 != n_tasks || !atomic_load(&p->caller_waits))
        return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_signal(&p->finished);
    pthread_mutex_unlock(&p->lock);
}

static void run_tasks(struct pool *p, uint32_t worker)
{
    uint64_t ticket = atomic_load_explicit(&p->ticket, memory_order_acquire);
    for (;;) {
        pool_task_fn fn = atomic_load_explicit(&p->fn, memory_order_acquire);
        void *ctx = atomic_load_explicit(&p->ctx, memory_order_acquire);
        uint32_t n_tasks = atomic_load_explicit(&p->n_tasks, memory_order_acquire);
        if (task_of(ticket) == CLOSED || task_of(ticket) >= n_tasks)
            return;
        if (!atomic_compare_exchange_weak_explicit(&p->ticket, &ticket, ticket + 1,
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        fn(ctx, task_of(ticket), worker);
        finish_task(p, n_tasks);
        ticket = atomic_load_explicit(&p->ticket, memory_order_acquire);
    }
}

static bool is_idle(struct pool *p, uint32_t seen)
{
    return round_of(atomic_load(&p->ticket)) == seen && !atomic_load(&p->stop);
}

static void park(struct pool *p, uint32_t seen)
{
    pthread_mutex_lock(&p->lock);
    /* Counted before the ticket is read again: open_round() writes the ticket and then counts. */
    atomic_fetch_add(&p->n_parked, 1);
    while (is_idle(p, seen))
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->n_parked, 1);
    pthread_mutex_unlock(&p->lock);
}

/* The number of the new round, or the old one when the pool stops. */
static uint32_t wait_round(struct pool *p, uint32_t seen)
{
    struct spin s = {0};
    while (is_idle(p, seen)) {
        if (!spin_is_over(&s))
            continue;
        park(p, seen);
        break;
    }
    return round_of(atomic_load_explicit(&p->ticket, memory_order_acquire));
}

static void *worker_main(void *arg)
{
    const struct worker *w = arg;
    uint32_t seen = 0;
    for (;;) {
        seen = wait_round(w->pool, seen);
        if (atomic_load(&w->pool->stop))
            return NULL;
        run_tasks(w->pool, w->index);
    }
}

static status start_workers(struct pool *p)
{
    for (uint32_t i = 1; i < p->n_threads; i++) {
        p->workers[i] = (struct worker){.pool = p, .index = i};
        int e = pthread_create(&p->workers[i].thread, NULL, worker_main, &p->workers[i]);
        REQUIRE(e == 0, ST_NOMEM, "cannot start thread %u of %u", i + 1, p->n_threads);
        p->n_started = i;
    }
    return OK;
}

status pool_new(uint32_t n_threads, struct pool **out)
{
    REQUIRE(n_threads >= 1 && n_threads <= POOL_THREADS_MAX, ST_USAGE,
            "threads must be 1 to %d, not %u", POOL_THREADS_MAX, n_threads);
    struct pool *p = aligned_alloc(64, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "no memory for a thread pool");
    *p = (struct pool){.n_threads = n_threads,
                       .lock = PTHREAD_MUTEX_INITIALIZER,
                       .wake = PTHREAD_COND_INITIALIZER,
                       .finished = PTHREAD_COND_INITIALIZER,
                       .ticket = ticket_of(0, CLOSED)};
    p->workers = calloc(n_threads, sizeof(*p->workers));
    status s = p->workers ? start_workers(p) : FAIL(ST_NOMEM, "no memory for a thread pool");
    if (failed(s)) {
        pool_free(p);
        return s;
    }
    *out = p;
    return OK;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (uint32_t i = 1; i <= p->n_started; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->finished);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}

uint32_t pool_size(const struct pool *p)
{
    return p->n_threads;
}

static void open_round(struct pool *p, uint32_t n_tasks, pool_task_fn fn, void *ctx)
{
    uint32_t round = round_of(atomic_load_explicit(&p->ticket, memory_order_relaxed));
    atomic_store_explicit(&p->ticket, ticket_of(round, CLOSED), memory_order_relaxed);
    /* Release: who reads a part of the new job can no longer claim on the old ticket. */
    atomic_store_explicit(&p->fn, fn, memory_order_release);
    atomic_store_explicit(&p->ctx, ctx, memory_order_release);
    atomic_store_explicit(&p->n_tasks, n_tasks, memory_order_release);
    atomic_store_explicit(&p->n_done, 0, memory_order_relaxed);
    atomic_store(&p->ticket, ticket_of(round + 1, 0));
    if (atomic_load(&p->n_parked) == 0)
        return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

static bool is_done(struct pool *p, uint32_t n_tasks)
{
    return atomic_load(&p->n_done) == n_tasks;
}

static void wait_done(struct pool *p, uint32_t n_tasks)
{
    struct spin s = {0};
    while (!is_done(p, n_tasks)) {
        if (!spin_is_over(&s))
            continue;
        pthread_mutex_lock(&p->lock);
        atomic_store(&p->caller_waits, true);
        while (!is_done(p, n_tasks))
            pthread_cond_wait(&p->finished, &p->lock);
        atomic_store(&p->caller_waits, false);
        pthread_mutex_unlock(&p->lock);
    }
}

void pool_run(struct pool *p, uint32_t n_tasks, pool_task_fn fn, void *ctx)
{
    if (p->n_threads == 1 || n_tasks <= 1) {
        for (uint32_t i = 0; i < n_tasks; i++)
            fn(ctx, i, 0);
        return;
    }
    open_round(p, n_tasks, fn, ctx);
    run_tasks(p, 0);
    wait_done(p, n_tasks);
}
