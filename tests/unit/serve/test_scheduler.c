#include "serve/scheduler.h"

#include "support/test.h"

#include <pthread.h>
#include <unistd.h>

enum { HIDDEN = 2, JOBS_MAX = 64, WAIT_STEP_US = 200, WAIT_STEPS = 50000 };

/* An engine whose result for a text is (sum of its ids, its length), and which counts its batches.
 */
struct engine {
    pthread_mutex_t gate; /* held by a test to keep the engine inside a batch */
    atomic_uint n_batches;
    atomic_uint n_entered;
    atomic_uint widest;
    enum status_code result;
};

static status encode(void *ctx, const uint32_t *ids, const uint32_t *offsets, uint32_t n_texts,
                     bool normalize, float *out)
{
    struct engine *e = ctx;
    atomic_fetch_add(&e->n_entered, 1);
    pthread_mutex_lock(&e->gate);
    pthread_mutex_unlock(&e->gate);
    for (uint32_t i = 0; i < n_texts; i++) {
        float sum = 0;
        for (uint32_t k = offsets[i]; k < offsets[i + 1]; k++)
            sum += (float)ids[k];
        out[i * HIDDEN] = normalize ? -sum : sum;
        out[i * HIDDEN + 1] = (float)(offsets[i + 1] - offsets[i]);
    }
    atomic_fetch_add(&e->n_batches, 1);
    if (n_texts > atomic_load(&e->widest))
        atomic_store(&e->widest, n_texts);
    return (status){e->result};
}

struct probe {
    struct scheduler_job job; /* first, so that a job is its probe */
    uint32_t ids[64];
    uint32_t offsets[9];
    float out[8 * HIDDEN];
    atomic_int n_done;
    enum status_code code;
    unsigned after_batches; /* how many had run when it was done */
};

static struct engine *at_work;

static void on_done(struct scheduler_job *job, status s)
{
    struct probe *p = (struct probe *)(void *)job;
    p->code = s.code;
    p->after_batches = atomic_load(&at_work->n_batches);
    atomic_fetch_add(&p->n_done, 1);
}

/* n texts of `tokens` tokens each, all with the same id. */
static void make(struct probe *p, uint32_t n, uint32_t tokens, uint32_t id, bool normalize)
{
    *p = (struct probe){0};
    for (uint32_t k = 0; k < n * tokens; k++)
        p->ids[k] = id;
    for (uint32_t i = 0; i <= n; i++)
        p->offsets[i] = i * tokens;
    p->job = (struct scheduler_job){.ids = p->ids,
                                    .offsets = p->offsets,
                                    .n_texts = n,
                                    .normalize = normalize,
                                    .out = p->out,
                                    .done = on_done};
}

static void wait_done(struct probe *p)
{
    for (int i = 0; i < WAIT_STEPS && atomic_load(&p->n_done) == 0; i++)
        usleep(WAIT_STEP_US);
    assert_int_equal(atomic_load(&p->n_done), 1);
}

static void wait_entered(struct engine *e, unsigned n)
{
    for (int i = 0; i < WAIT_STEPS && atomic_load(&e->n_entered) < n; i++)
        usleep(WAIT_STEP_US);
    assert_int_equal(atomic_load(&e->n_entered), n);
}

static const struct scheduler_limits LIMITS = {
    .max_batch_tokens = 16, .max_batch_texts = 4, .max_queued_jobs = 8, .hidden = HIDDEN};

static struct scheduler *start(struct engine *e)
{
    *e = (struct engine){.gate = PTHREAD_MUTEX_INITIALIZER};
    struct scheduler *s = NULL;
    at_work = e;
    assert_ok(scheduler_new(&LIMITS, encode, e, &s));
    return s;
}

static void test_each_text_gets_its_own_result(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe a, b;
    make(&a, 8, 3, 5, false);
    make(&b, 2, 7, 11, true);
    assert_ok(scheduler_submit(s, &a.job));
    assert_ok(scheduler_submit(s, &b.job));
    wait_done(&a);
    wait_done(&b);
    for (int i = 0; i < 8; i++)
        assert_true(a.out[i * HIDDEN] == 15.0f && a.out[i * HIDDEN + 1] == 3.0f);
    for (int i = 0; i < 2; i++)
        assert_true(b.out[i * HIDDEN] == -77.0f && b.out[i * HIDDEN + 1] == 7.0f);
    scheduler_freep(&s);
}

static void test_rows_of_waiting_jobs_share_a_batch(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe p[5];
    pthread_mutex_lock(&e.gate);
    for (uint32_t i = 0; i < 5; i++) {
        make(&p[i], 1, 4, i + 1, false);
        assert_ok(scheduler_submit(s, &p[i].job));
        if (i == 0)
            wait_entered(&e, 1);
    }
    pthread_mutex_unlock(&e.gate);
    for (uint32_t i = 0; i < 5; i++) {
        wait_done(&p[i]);
        assert_true(p[i].out[0] == (float)(4 * (i + 1)));
    }
    assert_int_equal(atomic_load(&e.n_batches), 2);
    assert_int_equal(atomic_load(&e.widest), 4);
    scheduler_freep(&s);
}

static void test_a_short_job_overtakes_the_rows_of_a_long_one(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe first, longer, shorter;
    make(&first, 1, 1, 1, false);
    make(&longer, 8, 8, 1, false);
    make(&shorter, 1, 8, 1, false);
    pthread_mutex_lock(&e.gate);
    assert_ok(scheduler_submit(s, &first.job));
    wait_entered(&e, 1);
    assert_ok(scheduler_submit(s, &longer.job));
    assert_ok(scheduler_submit(s, &shorter.job));
    pthread_mutex_unlock(&e.gate);
    wait_done(&longer);
    wait_done(&shorter);
    /* 9 rows of 8 tokens, 2 a batch: the short one rides in the first, so 5 batches, not 4 + 1
     * later. */
    assert_int_equal(atomic_load(&e.n_batches), 1 + 5);
    assert_true(shorter.job.engine_ns < longer.job.engine_ns);
    scheduler_freep(&s);
}

static void test_jobs_end_one_after_the_other(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe first, p[4];
    make(&first, 1, 1, 1, false);
    pthread_mutex_lock(&e.gate);
    assert_ok(scheduler_submit(s, &first.job));
    wait_entered(&e, 1);
    for (int i = 0; i < 4; i++) {
        make(&p[i], 4, 1, 1, false);
        assert_ok(scheduler_submit(s, &p[i].job));
    }
    pthread_mutex_unlock(&e.gate);
    for (int i = 0; i < 4; i++)
        wait_done(&p[i]);
    /* 4 rows a batch: [0 1 0 0] [0 2 1 1] [1 3 2 2] [2 3 3 3] */
    static const unsigned ENDS_IN[] = {2, 3, 4, 4};
    assert_int_equal(atomic_load(&e.n_batches), 1 + 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(p[i].after_batches, 1 + ENDS_IN[i]);
    scheduler_freep(&s);
}

/* The kinds never share a batch, and new ones of one kind do not hold up the oldest of the other.
 */
static void test_kinds_take_turns(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe first, p[6];
    make(&first, 1, 1, 1, false);
    pthread_mutex_lock(&e.gate);
    assert_ok(scheduler_submit(s, &first.job));
    wait_entered(&e, 1);
    for (int i = 0; i < 6; i++) {
        make(&p[i], 2, 1, 1, i % 2 == 0);
        assert_ok(scheduler_submit(s, &p[i].job));
    }
    pthread_mutex_unlock(&e.gate);
    for (int i = 0; i < 6; i++)
        wait_done(&p[i]);
    /* [0 2 0 2] [1 3 1 3] [4 4] [5 5] */
    static const unsigned ENDS_IN[] = {1, 2, 1, 2, 3, 4};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(p[i].after_batches, 1 + ENDS_IN[i]);
        assert_true(p[i].out[0] == (i % 2 == 0 ? -1.0f : 1.0f));
    }
    scheduler_freep(&s);
}

static void test_a_short_job_of_the_other_kind_waits_for_one_batch(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe first, longer, shorter;
    make(&first, 1, 1, 1, true);
    pthread_mutex_lock(&e.gate);
    assert_ok(scheduler_submit(s, &first.job));
    wait_entered(&e, 1);
    make(&longer, 8, 8, 1, false);
    make(&shorter, 1, 1, 1, true);
    assert_ok(scheduler_submit(s, &longer.job));
    assert_ok(scheduler_submit(s, &shorter.job));
    pthread_mutex_unlock(&e.gate);
    wait_done(&longer);
    wait_done(&shorter);
    assert_int_equal(shorter.after_batches, 1 + 2);
    assert_int_equal(longer.after_batches, 1 + 5);
    scheduler_freep(&s);
}

static void test_refuses(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe too_long, none, p[10];
    make(&too_long, 1, 17, 1, false);
    assert_code(scheduler_submit(s, &too_long.job), ST_LIMIT);
    make(&none, 0, 0, 1, false);
    assert_code(scheduler_submit(s, &none.job), ST_FORMAT);
    pthread_mutex_lock(&e.gate);
    make(&p[0], 1, 1, 1, false);
    assert_ok(scheduler_submit(s, &p[0].job));
    wait_entered(&e, 1);
    for (int i = 1; i < 9; i++) {
        make(&p[i], 1, 1, 1, false);
        assert_ok(scheduler_submit(s, &p[i].job));
    }
    make(&p[9], 1, 1, 1, false);
    assert_code(scheduler_submit(s, &p[9].job), ST_BUSY);
    pthread_mutex_unlock(&e.gate);
    for (int i = 0; i < 9; i++)
        wait_done(&p[i]);
    assert_int_equal(atomic_load(&p[9].n_done), 0);
    scheduler_freep(&s);
}

static void test_limits_that_hold_nothing(void **state)
{
    (void)state;
    struct engine e = {.gate = PTHREAD_MUTEX_INITIALIZER};
    struct scheduler *s = NULL;
    struct scheduler_limits no_text = LIMITS, no_token = LIMITS;
    no_text.max_batch_texts = 0;
    no_token.max_batch_tokens = 0;
    assert_code(scheduler_new(&no_text, encode, &e, &s), ST_CONFIG);
    assert_code(scheduler_new(&no_token, encode, &e, &s), ST_CONFIG);
    assert_null(s);
}

static void test_cancelled_rows_do_not_run(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe first, victim;
    make(&first, 1, 1, 1, false);
    make(&victim, 8, 8, 3, false);
    pthread_mutex_lock(&e.gate);
    assert_ok(scheduler_submit(s, &first.job));
    wait_entered(&e, 1);
    assert_ok(scheduler_submit(s, &victim.job));
    atomic_store(&victim.job.is_cancelled, true);
    pthread_mutex_unlock(&e.gate);
    wait_done(&victim);
    assert_int_equal(victim.code, ST_CANCELLED);
    assert_int_equal(atomic_load(&e.n_batches), 1);
    scheduler_freep(&s);
}

static void test_an_engine_failure_ends_the_job_once_with_its_code(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    e.result = ST_LIMIT;
    struct probe p;
    make(&p, 8, 8, 3, false);
    assert_ok(scheduler_submit(s, &p.job));
    wait_done(&p);
    assert_int_equal(p.code, ST_LIMIT);
    usleep(2000);
    assert_int_equal(atomic_load(&p.n_done), 1);
    scheduler_freep(&s);
}

static void test_stop_ends_queued_jobs(void **state)
{
    (void)state;
    struct engine e;
    struct scheduler *s = start(&e);
    struct probe first, waiting;
    make(&first, 1, 1, 1, false);
    make(&waiting, 1, 1, 1, false);
    pthread_mutex_lock(&e.gate);
    assert_ok(scheduler_submit(s, &first.job));
    wait_entered(&e, 1);
    assert_ok(scheduler_submit(s, &waiting.job));
    pthread_mutex_unlock(&e.gate);
    scheduler_freep(&s);
    assert_int_equal(atomic_load(&first.n_done), 1);
    assert_int_equal(atomic_load(&waiting.n_done), 1);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_text_gets_its_own_result),
        cmocka_unit_test(test_rows_of_waiting_jobs_share_a_batch),
        cmocka_unit_test(test_a_short_job_overtakes_the_rows_of_a_long_one),
        cmocka_unit_test(test_jobs_end_one_after_the_other),
        cmocka_unit_test(test_kinds_take_turns),
        cmocka_unit_test(test_a_short_job_of_the_other_kind_waits_for_one_batch),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_limits_that_hold_nothing),
        cmocka_unit_test(test_cancelled_rows_do_not_run),
        cmocka_unit_test(test_an_engine_failure_ends_the_job_once_with_its_code),
        cmocka_unit_test(test_stop_ends_queued_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
