/* The bound on texts that are being worked on, of all requests together: an exchange counts from
 * its start until it is freed, so that no answer has to be waited for to see it. */
#include "serve/exchange.h"

#include "support/test.h"
#include "support/tiny_model.h"

#include <pthread.h>
#include <semaphore.h>

enum { TEXTS_MAX = 8, REQUEST_ROOM = 4096, THREADS = 8 };

static struct tiny_model model;
static struct pool *pool;
static struct embedder *embedder;
static struct scheduler *scheduler;
static atomic_uint n_open;
static sem_t n_ready;

static status encode(void *ctx, const uint32_t *ids, const uint32_t *offsets, uint32_t n_texts,
                     bool normalize, float *out)
{
    (void)ctx;
    (void)ids;
    (void)offsets;
    (void)normalize;
    memset(out, 0, n_texts * TINY_HIDDEN * sizeof(*out));
    return OK;
}

static void on_ready(void *ctx, struct scheduler_job *job)
{
    (void)ctx;
    (void)job;
    (void)sem_post(&n_ready);
}

static struct exchange_service service = {
    .max_request_tokens = 1024, .n_open_texts = &n_open, .ready = on_ready};

static int set_up(void **state)
{
    const struct scheduler_limits limits = {.max_batch_tokens = TINY_POSITIONS,
                                            .max_batch_texts = TEXTS_MAX,
                                            .max_queued_jobs = THREADS,
                                            .hidden = TINY_HIDDEN};
    (void)state;
    tiny_model_make(&model);
    assert_ok(pool_new(1, &pool));
    const struct embedder_options o = {.pool = pool};
    assert_ok(embedder_open_folder(model.folder, &o, &embedder));
    assert_ok(scheduler_new(&limits, encode, NULL, &scheduler));
    service.embedder = embedder;
    service.scheduler = scheduler;
    return sem_init(&n_ready, 0, 0);
}

static int tear_down(void **state)
{
    (void)state;
    scheduler_freep(&scheduler);
    embedder_freep(&embedder);
    pool_free(pool);
    tiny_model_remove(&model);
    return sem_destroy(&n_ready);
}

static struct buf request_of(size_t n_texts)
{
    struct bytes texts[TEXTS_MAX];
    struct buf request = BUF_MAX(REQUEST_ROOM);
    for (size_t i = 0; i < n_texts; i++)
        texts[i] = BYTES_LIT("well");
    const struct embed_request r = {.texts = texts, .n_texts = n_texts, .normalize = true};
    embed_request_encode(&r, &request);
    assert_ok(buf_status(&request));
    return request;
}

/* One that has come to its end, and is not answered yet. */
static struct exchange *open_with(size_t n_texts, enum status_code want)
{
    struct buf request CLEANUP(buf_done) = request_of(n_texts);
    struct exchange *e = NULL;
    assert_ok(exchange_new(&service, NULL, 1, &e));
    exchange_start(e, buf_view(&request));
    assert_int_equal(sem_wait(&n_ready), 0);
    assert_code(e->outcome, want);
    return e;
}

static void texts_of_all_requests_are_bounded_together(void **state)
{
    (void)state;
    service.max_open_texts = 4;
    struct exchange *first = open_with(3, ST_OK);
    struct exchange *fits = open_with(1, ST_OK);
    exchange_free(fits);
    exchange_free(open_with(2, ST_BUSY));
    exchange_free(open_with(1, ST_OK)); /* the refused one has given its count back */
    exchange_free(first);
    exchange_free(open_with(4, ST_OK));
    exchange_free(open_with(5, ST_BUSY));
    assert_int_equal(atomic_load(&n_open), 0);
}

static struct buf one_text;

static void *start_one(void *e)
{
    exchange_start(e, buf_view(&one_text));
    return NULL;
}

/* However they interleave, each of them finds another number before it. */
static void as_many_as_fit_are_taken_of_many_at_once(void **state)
{
    (void)state;
    struct exchange *e[THREADS];
    pthread_t threads[THREADS];
    size_t n_taken = 0;
    service.max_open_texts = 3;
    one_text = request_of(1);
    for (size_t i = 0; i < THREADS; i++) {
        assert_ok(exchange_new(&service, NULL, 1, &e[i]));
        assert_int_equal(pthread_create(&threads[i], NULL, start_one, e[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(sem_wait(&n_ready), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_true(ok(e[i]->outcome) || e[i]->outcome.code == ST_BUSY);
        n_taken += ok(e[i]->outcome);
        exchange_free(e[i]);
    }
    buf_done(&one_text);
    assert_int_equal(n_taken, 3);
    assert_int_equal(atomic_load(&n_open), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_all_requests_are_bounded_together),
        cmocka_unit_test(as_many_as_fit_are_taken_of_many_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
