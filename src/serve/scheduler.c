#include "serve/scheduler.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

struct row {
    struct scheduler_job *job;
    uint32_t text;
};

/* The batch under construction and in flight: the engine thread's own, in an arena that is wiped.
 */
struct batch {
    struct row *rows;
    uint32_t *ids;
    uint32_t *offsets;
    float *out;
    uint32_t n_rows;
    uint32_t n_ids;
    bool normalize;
};

struct scheduler {
    struct scheduler_limits limits;
    scheduler_encode_fn encode;
    void *ctx;
    struct arena *arena;
    struct batch batch;
    pthread_t thread;
    pthread_mutex_t lock; /* guards: head, tail, n_queued, stop */
    pthread_cond_t wake;
    struct scheduler_job *head;
    struct scheduler_job *tail;
    uint32_t n_queued;
    bool stop;
};

static uint32_t text_tokens(const struct scheduler_job *j, uint32_t text)
{
    return j->offsets[text + 1] - j->offsets[text];
}

static bool batch_has_room(const struct scheduler *s, const struct scheduler_job *j)
{
    const struct batch *b = &s->batch;
    return b->n_rows < s->limits.max_batch_texts && b->normalize == j->normalize &&
           text_tokens(j, j->n_taken) <= s->limits.max_batch_tokens - b->n_ids;
}

static void take_row(struct scheduler *s, struct scheduler_job *j)
{
    struct batch *b = &s->batch;
    uint32_t n = text_tokens(j, j->n_taken);
    memcpy(b->ids + b->n_ids, j->ids + j->offsets[j->n_taken], n * sizeof(*b->ids));
    b->rows[b->n_rows] = (struct row){j, j->n_taken};
    b->normalize = j->normalize;
    b->n_rows++;
    b->n_ids += n;
    b->offsets[b->n_rows] = b->n_ids;
    j->n_taken++;
}

static void push(struct scheduler *s, struct scheduler_job *j)
{
    j->next = NULL;
    if (s->tail != NULL)
        s->tail->next = j;
    else
        s->head = j;
    s->tail = j;
    s->n_queued++;
}

static bool has_rows(const struct scheduler_job *j)
{
    return j->n_taken < j->n_texts;
}

/* A cancelled job takes no further rows; those already in a batch finish with it. */
static void drop_rows_of_cancelled(struct scheduler *s)
{
    for (struct scheduler_job *j = s->head; j != NULL; j = j->next) {
        if (!atomic_load_explicit(&j->is_cancelled, memory_order_relaxed))
            continue;
        j->n_finished += j->n_texts - j->n_taken;
        j->n_taken = j->n_texts;
    }
}

/* Takes jobs that have no row left out of the queue, and links those that have ended without a row
 * in the batch to *out_ended. */
static void sweep(struct scheduler *s, struct scheduler_job **out_ended)
{
    struct scheduler_job **at = &s->head;
    s->tail = NULL;
    while (*at != NULL) {
        struct scheduler_job *j = *at;
        if (has_rows(j)) {
            s->tail = j;
            at = &j->next;
            continue;
        }
        *at = j->next;
        s->n_queued--;
        if (j->n_finished == j->n_texts) {
            j->next = *out_ended;
            *out_ended = j;
        }
    }
}

static bool is_half_full(const struct scheduler *s)
{
    return s->batch.n_ids >= s->limits.max_batch_tokens / 2 ||
           s->batch.n_rows >= s->limits.max_batch_texts / 2;
}

static void take_first_rows(struct scheduler *s)
{
    for (struct scheduler_job *j = s->head; j != NULL && !is_half_full(s); j = j->next) {
        if (j->n_taken == 0 && batch_has_room(s, j))
            take_row(s, j);
    }
}

static void take_oldest(struct scheduler *s)
{
    for (struct scheduler_job *j = s->head; j != NULL; j = j->next) {
        while (has_rows(j) && batch_has_room(s, j))
            take_row(s, j);
    }
}

/* A batch is all normalized or all not; when jobs of both kinds wait, they take turns. */
static struct scheduler_job *oldest_of_next_kind(const struct scheduler *s)
{
    struct scheduler_job *j = s->head;
    while (j != NULL && j->normalize == s->batch.normalize)
        j = j->next;
    return j != NULL ? j : s->head;
}

/* The oldest job has a row in every batch of its kind. Up to half of a batch goes to jobs that have
 * had none yet, one each, so that a long request does not keep a short one waiting. The rest goes
 * to the oldest, so that requests end one after the other: their answers are signed and sent while
 * the next batch runs. */
static void fill_batch(struct scheduler *s, struct scheduler_job **out_ended)
{
    s->batch.n_rows = 0;
    s->batch.n_ids = 0;
    drop_rows_of_cancelled(s);
    sweep(s, out_ended);
    if (s->head == NULL)
        return;
    take_row(s, oldest_of_next_kind(s));
    take_first_rows(s);
    take_oldest(s);
    sweep(s, out_ended);
}

static bool is_last_row_of_job(const struct batch *b, uint32_t i)
{
    for (uint32_t k = i + 1; k < b->n_rows; k++) {
        if (b->rows[k].job == b->rows[i].job)
            return false;
    }
    return true;
}

static void finish_row(struct scheduler *s, uint32_t i, status result)
{
    struct row row = s->batch.rows[i];
    size_t dim = s->limits.hidden;
    if (ok(result))
        memcpy(row.job->out + row.text * dim, s->batch.out + i * dim, dim * sizeof(float));
    row.job->n_finished++;
}

/* The rows that the job still waits for are dropped as if it had been cancelled. */
static void fail_job(struct scheduler_job *j, enum status_code code)
{
    j->error = code;
    atomic_store(&j->is_cancelled, true);
}

static status outcome(const struct scheduler_job *j)
{
    if (j->error != ST_OK)
        return (status){j->error};
    return atomic_load(&j->is_cancelled) ? (status){ST_CANCELLED} : OK;
}

/* After its done call a job may be gone, so each is looked at for the last time just before. A
 * batch that failed fails every job in it at once: the rows that it has not taken yet are dropped.
 */
static void finish_batch(struct scheduler *s, status result, uint64_t ns)
{
    for (uint32_t i = 0; i < s->batch.n_rows; i++)
        finish_row(s, i, result);
    for (uint32_t i = 0; i < s->batch.n_rows; i++) {
        struct scheduler_job *j = s->batch.rows[i].job;
        if (!is_last_row_of_job(&s->batch, i))
            continue;
        j->engine_ns += ns;
        if (failed(result))
            fail_job(j, result.code);
        if (j->n_finished == j->n_texts)
            j->done(j, outcome(j));
    }
    wipe(s->batch.ids, s->batch.n_ids * sizeof(*s->batch.ids));
    wipe(s->batch.out, (size_t)s->batch.n_rows * s->limits.hidden * sizeof(float));
}

static void end_jobs(struct scheduler_job *list)
{
    while (list != NULL) {
        struct scheduler_job *next = list->next;
        list->done(list, (status){list->error != ST_OK ? list->error : ST_CANCELLED});
        list = next;
    }
}

/* Waits for work. False when the scheduler stops; what was queued is then handed to *out_ended. */
static bool next_batch(struct scheduler *s, struct scheduler_job **out_ended)
{
    *out_ended = NULL;
    pthread_mutex_lock(&s->lock);
    while (s->head == NULL && !s->stop)
        pthread_cond_wait(&s->wake, &s->lock);
    bool go_on = !s->stop;
    if (go_on) {
        fill_batch(s, out_ended);
    } else {
        *out_ended = s->head;
        s->head = s->tail = NULL;
        s->n_queued = 0;
    }
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void run_batch(struct scheduler *s)
{
    struct batch *b = &s->batch;
    uint64_t start = clock_mono_ns();
    status result = s->encode(s->ctx, b->ids, b->offsets, b->n_rows, b->normalize, b->out);
    finish_batch(s, result, clock_mono_ns() - start);
}

static void *engine_main(void *arg)
{
    struct scheduler *s = arg;
    struct scheduler_job *ended = NULL;
    while (next_batch(s, &ended)) {
        end_jobs(ended);
        if (s->batch.n_rows > 0)
            run_batch(s);
    }
    end_jobs(ended);
    return NULL;
}

static status alloc_batch(struct scheduler *s)
{
    const struct scheduler_limits *l = &s->limits;
    struct batch *b = &s->batch;
    size_t n_texts = l->max_batch_texts;
    size_t row_bytes = sizeof(*b->rows) + sizeof(*b->offsets) + l->hidden * sizeof(float);
    TRY(arena_new(n_texts * row_bytes + l->max_batch_tokens * sizeof(*b->ids) + 4096, ARENA_LOCKED,
                  &s->arena));
    TRY(arena_alloc(s->arena, n_texts * sizeof(*b->rows), (void **)&b->rows));
    TRY(arena_alloc(s->arena, (n_texts + 1) * sizeof(*b->offsets), (void **)&b->offsets));
    TRY(arena_alloc(s->arena, l->max_batch_tokens * sizeof(*b->ids), (void **)&b->ids));
    return arena_alloc(s->arena, n_texts * l->hidden * sizeof(float), (void **)&b->out);
}

status scheduler_new(const struct scheduler_limits *limits, scheduler_encode_fn encode, void *ctx,
                     struct scheduler **out)
{
    REQUIRE(limits->max_batch_texts > 0 && limits->max_batch_tokens > 0, ST_CONFIG,
            "a batch must hold at least one text and one token");
    struct scheduler *s = calloc(1, sizeof(*s));
    REQUIRE(s != NULL, ST_NOMEM, "no memory for the scheduler");
    *s = (struct scheduler){.limits = *limits, .encode = encode, .ctx = ctx};
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->wake, NULL);
    status made = alloc_batch(s);
    if (ok(made) && pthread_create(&s->thread, NULL, engine_main, s) != 0)
        made = FAIL(ST_NOMEM, "cannot start the engine thread");
    if (failed(made)) {
        arena_free(s->arena);
        free(s);
        return made;
    }
    *out = s;
    return OK;
}

void scheduler_freep(struct scheduler **sp)
{
    struct scheduler *s = *sp;
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    arena_free(s->arena);
    free(s);
    *sp = NULL;
}

static status check_job(const struct scheduler *s, const struct scheduler_job *j)
{
    REQUIRE(j->n_texts > 0, ST_FORMAT, "the request has no text");
    for (uint32_t i = 0; i < j->n_texts; i++) {
        REQUIRE(text_tokens(j, i) <= s->limits.max_batch_tokens, ST_LIMIT,
                "text %u has more than %u tokens", i, s->limits.max_batch_tokens);
    }
    return OK;
}

status scheduler_submit(struct scheduler *s, struct scheduler_job *job)
{
    TRY(check_job(s, job));
    job->n_taken = job->n_finished = 0;
    job->engine_ns = 0;
    job->error = ST_OK;
    pthread_mutex_lock(&s->lock);
    bool is_full = s->n_queued >= s->limits.max_queued_jobs || s->stop;
    if (!is_full) {
        push(s, job);
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
    REQUIRE(!is_full, ST_BUSY, "%u requests are waiting already", s->limits.max_queued_jobs);
    return OK;
}
