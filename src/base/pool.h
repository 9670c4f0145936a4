/* pool - the one thread pool: runs a numbered set of tasks on all workers and the caller.
 *
 * Tasks are claimed one by one from an atomic counter, so a worker that the hypervisor has taken
 * off its core delays one task and not half of the work. Idle workers spin for a short while, then
 * park. Which worker runs which task is not defined: a task must write only what belongs to its
 * number.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/status.h"

#include <stdint.h>

struct pool;

typedef void (*pool_task_fn)(void *ctx, uint32_t task, uint32_t worker);

enum { POOL_THREADS_MAX = 256 };

/* n_threads counts the caller too: 1 makes no thread at all. ST_USAGE for 0 or above the maximum.
 */
NODISCARD status pool_new(uint32_t n_threads, struct pool **out);
void pool_free(struct pool *p); /* takes NULL; joins every thread */
uint32_t pool_size(const struct pool *p);
/* Runs fn(ctx, 0..n_tasks-1, worker < pool_size), n_tasks below 2^32 - 1, and returns when all are
 * done, without waiting for a worker that has no task. One caller at a time. */
void pool_run(struct pool *p, uint32_t n_tasks, pool_task_fn fn, void *ctx);

#endif
