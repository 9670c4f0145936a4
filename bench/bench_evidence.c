/* bench_evidence - what judging real evidence of each platform costs: time without and with a cache
 * of chains that held, and memory.
 *
 *     bench_evidence VECTORS_FOLDER      writes a Markdown table
 *
 * No policy is asked: authenticity is what costs. Cold and warm runs alternate; medians of
 * processor time, which unlike the clock does not count other programs.
 */
#include "support/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/real_evidence.h"
#include "tee/verify/evidence_catalogue.h"

enum { ROUNDS = 101 };

struct times {
    uint64_t cold[ROUNDS], warm[ROUNDS];
};

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static enum verdict judge(const struct real_evidence *r, struct evidence_cache *cache,
                          uint64_t *out_ns)
{
    static struct checks checks;
    static struct evidence_claimed claimed;
    static struct evidence_verified verified;
    struct evidence_expect expect = r->expect;
    expect.cache = cache;
    checks = (struct checks){0};
    uint64_t from = cpu_ns();
    (void)ok(evidence_verify(buf_view(&r->evidence), r->c->type, NULL, &expect, &checks, &claimed,
                             &verified));
    *out_ns = cpu_ns() - from;
    return checks_verdict(&checks);
}

static struct heap_use memory_of(const struct real_evidence *r)
{
    uint64_t unused;
    (void)judge(r, NULL, &unused);
    heap_begin();
    (void)judge(r, NULL, &unused);
    return heap_end();
}

static bool is_judged(enum evidence_type t)
{
    struct evidence_rule unused;
    return evidence_catalogue_rule(t, 0, &unused);
}

static size_t bytes_of_case(const struct real_evidence *r)
{
    return r->evidence.n + r->collateral.n + r->certs.n + r->crl.n + r->jwks.n;
}

static status measure(const char *folder, const struct real_case *c)
{
    static struct times t;
    struct real_evidence r CLEANUP(real_evidence_done);
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    uint64_t unused;
    TRY(real_evidence_open(folder, c, &r));
    TRY(evidence_cache_new(&cache));
    REQUIRE(judge(&r, cache, &unused) == c->verdict, ST_POLICY, "%s: another verdict", c->name);
    for (int i = 0; i < ROUNDS; i++) {
        (void)judge(&r, NULL, &t.cold[i]);
        (void)judge(&r, cache, &t.warm[i]);
    }
    qsort(t.cold, ROUNDS, sizeof(t.cold[0]), by_value);
    qsort(t.warm, ROUNDS, sizeof(t.warm[0]), by_value);
    struct heap_use heap = memory_of(&r);
    (void)printf("| %s | %zu | %.2f | %.2f | %.2f | %.2f | %.0f | %.0f |\n", c->name,
                 bytes_of_case(&r), (double)t.cold[ROUNDS / 2] / 1e6, (double)t.cold[0] / 1e6,
                 (double)t.warm[ROUNDS / 2] / 1e6, (double)t.warm[0] / 1e6,
                 (double)heap.peak / 1024, (double)heap.largest / 1024);
    return OK;
}

static status run(const char *folder)
{
    (void)printf(
        "| evidence | bytes in | cold median, ms | least | warm median, ms | least | heap at "
        "one time, KiB | largest block, KiB |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < REAL_CASES_N; i++) {
        if (is_judged(REAL_CASES[i].type))
            TRY(measure(folder, &REAL_CASES[i]));
    }
    return OK;
}

int main(int argc, char **argv)
{
    status done = argc == 2 ? run(argv[1]) : FAIL(ST_USAGE, "bench_evidence VECTORS_FOLDER");
    if (failed(done))
        (void)fprintf(stderr, "bench_evidence: %s\n", status_detail());
    return status_exit_code(done.code);
}
