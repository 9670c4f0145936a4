#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

/* About 20-50 microseconds: longer than the gap between two kernels of one forward pass. */
enum { SPINS_BEFORE_PARK = 2000 };

struct job {
    pool_task_fn fn;
    void *ctx;
    uint32_t n_tasks;
};

struct worker {
    struct pool *pool;
    uint32_t index;
    pthread_t thread;
};

struct pool {
    uint32_t n_threads;
    uint32_t n_started;
    struct worker *workers;
    struct job job; /* written by the caller before `round` moves on */
    _Alignas(64) atomic_uint next_task;
    _Alignas(64) atomic_uint round;
    _Alignas(64) atomic_uint n_busy;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards: the wait on `wake`; round and stop change under it */
    pthread_cond_t wake;
};

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void run_tasks(struct pool *p, uint32_t worker)
{
    const struct job job = p->job;
    for (;;) {
        uint32_t task = atomic_fetch_add_explicit(&p->next_task, 1, memory_order_relaxed);
        if (task >= job.n_tasks)
            return;
        job.fn(job.ctx, task, worker);
    }
}

/* Returns the new round, or the old one when the pool stops. */
static unsigned wait_round(struct pool *p, unsigned seen)
{
    for (unsigned i = 0; i < SPINS_BEFORE_PARK; i++) {
        unsigned now = atomic_load_explicit(&p->round, memory_order_acquire);
        if (now != seen)
            return now;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    unsigned now;
    while ((now = atomic_load_explicit(&p->round, memory_order_acquire)) == seen &&
           !atomic_load_explicit(&p->stop, memory_order_relaxed))
        pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return now;
}

static void *worker_main(void *arg)
{
    const struct worker *w = arg;
    unsigned seen = 0;
    for (;;) {
        unsigned now = wait_round(w->pool, seen);
        if (now == seen)
            return NULL;
        seen = now;
        run_tasks(w->pool, w->index);
        atomic_fetch_sub_explicit(&w->pool->n_busy, 1, memory_order_release);
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
    struct pool *p = NULL;
    size_t n = (sizeof(*p) + 63) & ~(size_t)63;
    p = aligned_alloc(64, n);
    REQUIRE(p != NULL, ST_NOMEM, "no memory for a thread pool");
    *p = (struct pool){.n_threads = n_threads,
                       .lock = PTHREAD_MUTEX_INITIALIZER,
                       .wake = PTHREAD_COND_INITIALIZER};
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
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}

uint32_t pool_size(const struct pool *p)
{
    return p->n_threads;
}

static void publish(struct pool *p, struct job job)
{
    p->job = job;
    atomic_store_explicit(&p->next_task, 0, memory_order_relaxed);
    atomic_store_explicit(&p->n_busy, p->n_threads - 1, memory_order_relaxed);
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add_explicit(&p->round, 1, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void pool_run(struct pool *p, uint32_t n_tasks, pool_task_fn fn, void *ctx)
{
    struct job job = {.fn = fn, .ctx = ctx, .n_tasks = n_tasks};
    if (p->n_threads == 1 || n_tasks <= 1) {
        for (uint32_t i = 0; i < n_tasks; i++)
            fn(ctx, i, 0);
        return;
    }
    publish(p, job);
    run_tasks(p, 0);
    /* Workers hold a view of the job: it must not change before the last of them is through. */
    for (unsigned spins = 0; atomic_load_explicit(&p->n_busy, memory_order_acquire) != 0; spins++) {
        if (spins > SPINS_BEFORE_PARK)
            sched_yield();
        else
            relax();
    }
}
