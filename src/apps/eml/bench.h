/* bench - times of the confidential path and of the bare engine, side by side in one interleaved
 * run.
 *
 * All figures are nanoseconds of the monotonic clock on the client's side. Rounds alternate between
 * the two paths, so that a noisy minute hits both.
 */
#ifndef APPS_EML_BENCH_H
#define APPS_EML_BENCH_H

#include "apps/eml/client.h"
#include "base/pool.h"
#include "serve/embedder.h"

enum { BENCH_SAMPLES_MAX = 4096, BENCH_TEXT_ROOM = 16 << 10 };

struct bench_samples {
    uint64_t v[BENCH_SAMPLES_MAX];
    size_t n;
};

void bench_add(struct bench_samples *s, uint64_t ns);
uint64_t bench_median(struct bench_samples *s); /* sorts */
uint64_t bench_min(struct bench_samples *s);

/* The engine without anything around it: the same model, kernels and thread count. */
struct bench_engine {
    struct pool *pool;
    struct embedder *embedder;
    struct embedder_work *work;
    uint32_t *ids;
    float *out;
};

NODISCARD status bench_engine_open(const char *model_dir, uint32_t threads, size_t max_batch_tokens,
                                   struct bench_engine *out);
void bench_engine_done(struct bench_engine *e);
/* A text that this tokenizer cuts into exactly n tokens, special ones included; ST_UNSUPPORTED if
 * "the" does not become one token. The view borrows from room. */
NODISCARD status bench_text(const struct bench_engine *e, size_t n_tokens,
                            char room[static BENCH_TEXT_ROOM], struct bytes *out);
/* One call of the engine with the same text n_texts times; tokenising is part of it. */
NODISCARD status bench_engine_run(struct bench_engine *e, struct bytes text, size_t n_texts,
                                  uint64_t *out_ns);

/* Texts a second through n_sessions sessions at once, each with several requests in flight. */
struct bench_load {
    size_t n_sessions;
    size_t texts_per_request;
    size_t in_flight;
    uint64_t duration_ms;
    struct bytes text;
};
NODISCARD status bench_throughput(const struct client *c, const struct bench_load *load,
                                  double *out_texts_per_s);

#endif
