#include "apps/eml/bench.h"
#include "apps/eml/commands.h"

#include "apps/common/app.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS_DEFAULT = 50,
    HANDSHAKES = 30,
    BATCH_TOKENS = 1024,
    LOAD_TEXTS = 32,
    LOAD_IN_FLIGHT = 4,
    LOAD_TOKENS = 16,
    LOAD_ROUNDS = 5,
    SECONDS_DEFAULT = 3,
};

static const size_t LENGTHS[] = {16, 128};
static const size_t SESSIONS[] = {1, 2, 4, 8};
enum { N_LOADS = sizeof(SESSIONS) / sizeof(SESSIONS[0]) };

struct bench_run {
    const struct cli *args;
    struct client client;
    struct bench_engine engine;
    uint64_t rounds;
    uint64_t seconds;
    char text_room[BENCH_TEXT_ROOM];
};

static status one_request(struct bench_run *r, struct bytes text, uint64_t *out_ns)
{
    struct query x CLEANUP(query_done) = {0};
    struct query *open = &x;
    struct query *done = NULL;
    struct checks checks = {0};
    struct embed_response res;
    uint64_t start = clock_mono_ns();
    TRY(query_send(r->client.session, &text, 1, true, false, NULL, &x));
    while (done == NULL)
        TRY(query_receive(r->client.session, r->client.timeout_ms, &open, 1, &done));
    TRY(query_verify(r->client.session, &x, &checks, &res));
    *out_ns = clock_mono_ns() - start;
    return OK;
}

static double us(uint64_t ns)
{
    return (double)ns / 1e3;
}

static status bench_latency(struct bench_run *r, size_t n_tokens)
{
    static struct bench_samples bare, path;
    struct bytes text;
    uint64_t ns = 0;
    bare.n = path.n = 0;
    TRY(bench_text(&r->engine, n_tokens, r->text_room, &text));
    for (uint64_t i = 0; i < r->rounds; i++) {
        TRY(bench_engine_run(&r->engine, text, 1, &ns));
        bench_add(&bare, ns);
        TRY(one_request(r, text, &ns));
        bench_add(&path, ns);
    }
    double b = us(bench_median(&bare));
    double p = us(bench_median(&path));
    printf("latency tokens=%zu bare_us=%.0f path_us=%.0f overhead_us=%.0f overhead_percent=%.1f "
           "bare_min_us=%.0f path_min_us=%.0f\n",
           n_tokens, b, p, p - b, 100.0 * (p - b) / b, us(bench_min(&bare)), us(bench_min(&path)));
    return OK;
}

static status bench_handshake(struct bench_run *r)
{
    static struct bench_samples samples;
    samples.n = 0;
    for (int i = 0; i < HANDSHAKES; i++) {
        struct session *s CLEANUP(session_freep) = NULL;
        struct checks checks = {0};
        uint64_t start = clock_mono_ns();
        TRY(client_connect_another(&r->client, &checks, &s));
        bench_add(&samples, clock_mono_ns() - start);
        TRY(session_end(s));
    }
    printf("handshake rounds=%d median_us=%.0f min_us=%.0f\n", HANDSHAKES,
           us(bench_median(&samples)), us(bench_min(&samples)));
    return OK;
}

static status bare_throughput(struct bench_run *r, struct bytes text, double *out)
{
    uint64_t end = clock_mono_ns() + r->seconds * 1000000000u;
    uint64_t total = 0;
    uint64_t n_texts = 0;
    while (clock_mono_ns() < end) {
        uint64_t ns = 0;
        TRY(bench_engine_run(&r->engine, text, BATCH_TOKENS / LOAD_TOKENS, &ns));
        total += ns;
        n_texts += BATCH_TOKENS / LOAD_TOKENS;
    }
    *out = (double)n_texts * 1e9 / (double)total;
    return OK;
}

static struct bench_samples bare_rates, path_rates[N_LOADS], ratios[N_LOADS];

/* A machine changes its speed by the minute: each load is compared with the bare engine just before
 * it. */
static status one_load(struct bench_run *r, struct bytes text, size_t i)
{
    const struct bench_load load = {.n_sessions = SESSIONS[i],
                                    .texts_per_request = LOAD_TEXTS,
                                    .in_flight = LOAD_IN_FLIGHT,
                                    .duration_ms = r->seconds * 1000,
                                    .text = text};
    double bare = 0;
    double path = 0;
    TRY(bare_throughput(r, text, &bare));
    TRY(bench_throughput(&r->client, &load, &path));
    bench_add(&bare_rates, (uint64_t)(bare * 1000));
    bench_add(&path_rates[i], (uint64_t)(path * 1000));
    bench_add(&ratios[i], (uint64_t)(1e6 * path / bare));
    return OK;
}

static status bench_loads(struct bench_run *r)
{
    struct bytes text;
    TRY(bench_text(&r->engine, LOAD_TOKENS, r->text_room, &text));
    for (int round = 0; round < LOAD_ROUNDS; round++) {
        for (size_t i = 0; i < N_LOADS; i++)
            TRY(one_load(r, text, i));
    }
    printf("throughput bare tokens=%d texts_per_s=%.0f\n", LOAD_TOKENS,
           (double)bench_median(&bare_rates) / 1000);
    for (size_t i = 0; i < N_LOADS; i++) {
        printf("throughput sessions=%zu texts_per_s=%.0f of_bare_percent=%.1f\n", SESSIONS[i],
               (double)bench_median(&path_rates[i]) / 1000,
               (double)bench_median(&ratios[i]) / 10000);
    }
    return OK;
}

static status bench(struct bench_run *r)
{
    uint64_t threads = 0;
    TRY(cli_u64(r->args, "threads", 1, POOL_THREADS_MAX, 2, &threads));
    TRY(cli_u64(r->args, "rounds", 1, BENCH_SAMPLES_MAX, ROUNDS_DEFAULT, &r->rounds));
    TRY(cli_u64(r->args, "seconds", 1, 600, SECONDS_DEFAULT, &r->seconds));
    TRY(client_open(cli_value(r->args, "config"), &r->client));
    TRY(bench_engine_open(cli_value(r->args, "model-dir"), (uint32_t)threads, BATCH_TOKENS,
                          &r->engine));
    TRY(client_connect(&r->client));
    TRY(bench_handshake(r));
    for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++)
        TRY(bench_latency(r, LENGTHS[i]));
    TRY(bench_loads(r));
    return session_end(r->client.session);
}

static int run(const struct cli *args)
{
    static struct bench_run r;
    r.args = args;
    status s = bench(&r);
    bench_engine_done(&r.engine);
    client_done(&r.client);
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "client configuration (JSON) of a running enclave"},
    {"model-dir", "DIR", true, false,
     "the same model as a folder: the bare engine to compare with"},
    {"threads", "N", false, false, "threads of the bare engine (2): give it the enclave's number"},
    {"rounds", "N", false, false, "requests for each latency figure (50)"},
    {"seconds", "N", false, false, "length of each throughput round (3)"},
};

struct cli_command bench_command(void)
{
    return (struct cli_command){
        .name = "bench",
        .summary = "Measure the confidential path against the bare engine.",
        CLI_OPTIONS(OPTIONS),
        .notes = "Prints one line a figure, name=value pairs, medians of interleaved rounds.",
        .run = run,
    };
}
