#include "apps/eml/bench.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SESSIONS_MAX = 64, IN_FLIGHT_MAX = 8, TEXTS_MAX = 256 };

void bench_add(struct bench_samples *s, uint64_t ns)
{
    if (s->n < BENCH_SAMPLES_MAX)
        s->v[s->n++] = ns;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t bench_median(struct bench_samples *s)
{
    qsort(s->v, s->n, sizeof(s->v[0]), by_value);
    return s->n ? s->v[s->n / 2] : 0;
}

uint64_t bench_min(struct bench_samples *s)
{
    qsort(s->v, s->n, sizeof(s->v[0]), by_value);
    return s->n ? s->v[0] : 0;
}

static status alloc_engine_rows(struct bench_engine *e, size_t max_batch_tokens)
{
    e->ids = calloc(max_batch_tokens, sizeof(*e->ids));
    e->out = calloc((size_t)TEXTS_MAX * embedder_dim(e->embedder), sizeof(*e->out));
    REQUIRE(e->ids != NULL && e->out != NULL, ST_NOMEM, "no memory for the benchmark");
    return embedder_work_new(e->embedder, max_batch_tokens, pool_size(e->pool), &e->work);
}

status bench_engine_open(const char *model_dir, uint32_t threads, size_t max_batch_tokens,
                         struct bench_engine *out)
{
    *out = (struct bench_engine){0};
    TRY(pool_new(threads, &out->pool));
    const struct embedder_options o = {.pool = out->pool};
    TRY(embedder_open_folder(model_dir, &o, &out->embedder));
    return alloc_engine_rows(out, max_batch_tokens);
}

void bench_engine_done(struct bench_engine *e)
{
    free(e->ids);
    free(e->out);
    embedder_work_freep(&e->work);
    embedder_freep(&e->embedder);
    pool_free(e->pool);
    *e = (struct bench_engine){0};
}

status bench_text(const struct bench_engine *e, size_t n_tokens, char room[static BENCH_TEXT_ROOM],
                  struct bytes *out)
{
    static const char word[] = "the ";
    size_t n_words = n_tokens - 2; /* [CLS] and [SEP] */
    REQUIRE(n_tokens > 2 && n_tokens <= embedder_max_tokens(e->embedder) &&
                n_words * (sizeof(word) - 1) < BENCH_TEXT_ROOM,
            ST_USAGE, "this model takes 3 to %u tokens, not %zu", embedder_max_tokens(e->embedder),
            n_tokens);
    for (size_t i = 0; i < n_words; i++)
        memcpy(room + i * (sizeof(word) - 1), word, sizeof(word) - 1);
    *out = bytes_of(room, n_words * (sizeof(word) - 1));
    size_t n = 0;
    bool is_truncated = false;
    TRY(embedder_tokenize(e->embedder, *out, true, e->ids, &n, &is_truncated));
    REQUIRE(n == n_tokens, ST_UNSUPPORTED, "this tokenizer makes %zu tokens of %zu words", n,
            n_words);
    return OK;
}

status bench_engine_run(struct bench_engine *e, struct bytes text, size_t n_texts, uint64_t *out_ns)
{
    uint32_t offsets[TEXTS_MAX + 1] = {0};
    uint64_t start = clock_mono_ns();
    for (size_t i = 0; i < n_texts; i++) {
        size_t n = 0;
        bool is_truncated = false;
        TRY(embedder_tokenize(e->embedder, text, true, e->ids + offsets[i], &n, &is_truncated));
        offsets[i + 1] = offsets[i] + (uint32_t)n;
    }
    const struct embedder_batch batch = {
        .ids = e->ids, .offsets = offsets, .n_texts = n_texts, .normalize = true};
    TRY(embedder_encode(e->embedder, e->work, e->pool, &batch, e->out));
    *out_ns = clock_mono_ns() - start;
    return OK;
}

/* ---- load from several sessions ---- */

struct loader {
    const struct client *client;
    const struct bench_load *load;
    pthread_barrier_t *ready;
    atomic_bool *stop;
    uint64_t n_texts; /* answered and verified */
    status outcome;
};

static status fill_window(struct loader *l, struct session *s, struct query *window,
                          struct query **open, size_t *n)
{
    struct bytes texts[TEXTS_MAX];
    for (size_t i = 0; i < l->load->texts_per_request; i++)
        texts[i] = l->load->text;
    while (*n < l->load->in_flight) {
        size_t at = 0;
        while (window[at].stream_id != 0)
            at++;
        TRY(query_send(s, texts, l->load->texts_per_request, true, true, NULL, &window[at]));
        open[(*n)++] = &window[at];
    }
    return OK;
}

static void drop(struct query **open, size_t *n, struct query *x)
{
    size_t i = 0;
    while (open[i] != x)
        i++;
    open[i] = open[--*n];
    query_done(x);
}

static status one_answer(struct loader *l, struct session *s, struct query **open, size_t *n)
{
    struct query *done = NULL;
    struct checks checks = {0};
    struct embed_response res;
    while (done == NULL)
        TRY(query_receive(s, l->client->timeout_ms, open, *n, &done));
    TRY(query_verify(s, done, &checks, &res));
    drop(open, n, done);
    l->n_texts += l->load->texts_per_request;
    return OK;
}

static status load_session(struct loader *l, struct session *s)
{
    struct query window[IN_FLIGHT_MAX] = {0};
    struct query *open[IN_FLIGHT_MAX];
    size_t n = 0;
    status outcome = OK;
    while (ok(outcome) && !atomic_load(l->stop)) {
        outcome = fill_window(l, s, window, open, &n);
        if (ok(outcome))
            outcome = one_answer(l, s, open, &n);
    }
    while (ok(outcome) && n > 0)
        outcome = one_answer(l, s, open, &n);
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
        query_done(&window[i]);
    return ok(outcome) ? session_end(s) : outcome;
}

static void *loader_main(void *arg)
{
    struct loader *l = arg;
    struct session *s = NULL;
    struct checks checks = {0};
    l->outcome = client_connect_another(l->client, &checks, &s);
    pthread_barrier_wait(l->ready);
    if (ok(l->outcome))
        l->outcome = load_session(l, s);
    session_freep(&s);
    return NULL;
}

static status sum_up(const struct loader *l, size_t n, double seconds, double *out)
{
    uint64_t n_texts = 0;
    for (size_t i = 0; i < n; i++) {
        REQUIRE(ok(l[i].outcome), l[i].outcome.code, "session %zu of the load failed", i + 1);
        n_texts += l[i].n_texts;
    }
    *out = (double)n_texts / seconds;
    return OK;
}

status bench_throughput(const struct client *c, const struct bench_load *load,
                        double *out_texts_per_s)
{
    struct loader l[SESSIONS_MAX];
    pthread_t threads[SESSIONS_MAX];
    pthread_barrier_t ready;
    atomic_bool stop = false;
    REQUIRE(load->n_sessions >= 1 && load->n_sessions <= SESSIONS_MAX &&
                load->in_flight <= IN_FLIGHT_MAX && load->texts_per_request <= TEXTS_MAX,
            ST_USAGE, "1 to %d sessions", SESSIONS_MAX);
    (void)pthread_barrier_init(&ready, NULL, (unsigned)load->n_sessions + 1);
    for (size_t i = 0; i < load->n_sessions; i++) {
        l[i] = (struct loader){.client = c, .load = load, .ready = &ready, .stop = &stop};
        int e = pthread_create(&threads[i], NULL, loader_main, &l[i]);
        REQUIRE(e == 0, ST_NOMEM, "cannot start thread %zu of the load", i + 1);
    }
    pthread_barrier_wait(&ready);
    uint64_t start = clock_mono_ns();
    const struct timespec pause = {.tv_sec = (time_t)(load->duration_ms / 1000),
                                   .tv_nsec = (long)(load->duration_ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
    atomic_store(&stop, true);
    /* To the last answer: requests of all sessions end in bursts, and half a burst would not count.
     */
    for (size_t i = 0; i < load->n_sessions; i++)
        pthread_join(threads[i], NULL);
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    pthread_barrier_destroy(&ready);
    return sum_up(l, load->n_sessions, seconds, out_texts_per_s);
}
