/* scheduler - one matrix from the rows of many sessions.
 *
 * Jobs wait in one queue. The engine thread fills a batch of at most max_batch_tokens, half of it
 * with first rows of new jobs and the rest with the oldest job's, runs it as one matrix, and hands
 * each job back when its last row is done. Row bits do not depend on what they were batched with (docs/NUMERICS.md), so who else is
 * connected shows in time alone.
 */
#ifndef SERVE_SCHEDULER_H
#define SERVE_SCHEDULER_H

#include "base/status.h"

#include <stdatomic.h>
#include <stdint.h>

/* Texts of one request, tokenised. Owned by the caller; not touched between submit and its done
 * call. */
struct scheduler_job {
    const uint32_t *ids;     /* all texts, one after the other */
    const uint32_t *offsets; /* n_texts + 1 */
    uint32_t n_texts;
    bool normalize;
    float *out;               /* [n_texts, hidden] */
    atomic_bool is_cancelled; /* set by anyone: rows not yet started are dropped */
    void (*done)(struct scheduler_job *job, status s); /* on the engine thread: must not block */

    /* The scheduler's own. */
    uint32_t n_taken;
    uint32_t n_finished;
    enum status_code error;
    uint64_t engine_ns; /* time of the batches that held rows of this job */
    struct scheduler_job *next;
};

/* Runs one batch: the texts' ids one after the other, n_texts + 1 offsets, out [n_texts, hidden].
 */
typedef status (*scheduler_encode_fn)(void *ctx, const uint32_t *ids, const uint32_t *offsets,
                                      uint32_t n_texts, bool normalize, float *out);

struct scheduler_limits {
    uint32_t max_batch_tokens; /* no text may have more */
    uint32_t max_batch_texts;
    uint32_t max_queued_jobs;
    uint32_t hidden;
};

struct scheduler;
NODISCARD status scheduler_new(const struct scheduler_limits *limits, scheduler_encode_fn encode,
                               void *ctx, struct scheduler **out);
/* Ends after the running batch; queued jobs are done with ST_CANCELLED. Takes a pointer to NULL. */
void scheduler_freep(struct scheduler **s);
/* ST_BUSY when the queue is full, ST_LIMIT for a text beyond the batch: the done call then does not
 * come. */
NODISCARD status scheduler_submit(struct scheduler *s, struct scheduler_job *job);

#endif
