/* bench_verify - what judging evidence costs: cold, and with the chain already proven.
 *
 *     bench_verify                      a simulated document: root, intermediate, leaf
 *     bench_verify FILE.cose UNIX_TIME  a Nitro document at a time inside its validity
 *
 * No policy is asked for a file: its authenticity is all that costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "tee/sim/sim.h"
#include "tee/verify/evidence.h"

enum { ROUNDS = 200, FILE_MAX = 1 << 16 };

struct subject {
    enum evidence_type type;
    struct buf document;
    struct evidence_policy *policy;
    struct evidence_expect expect;
};

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Processor time of this thread: unlike the clock it does not count other programs. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Median over ROUNDS; every verdict must be the first one. */
static status measure(const struct subject *s, struct evidence_cache *cache, const char *name)
{
    static uint64_t ns[ROUNDS], cpu[ROUNDS];
    struct evidence_expect expect = s->expect;
    expect.cache = cache;
    for (int i = -1; i < ROUNDS; i++) { /* round -1 fills the cache and is not counted */
        struct checks checks = {0};
        struct evidence_claimed claimed;
        struct evidence_verified verified;
        uint64_t from = clock_mono_ns(), cpu_from = cpu_ns();
        status done = evidence_verify(buf_view(&s->document), s->type, s->policy, &expect, &checks,
                                      &claimed, &verified);
        uint64_t cpu_took = cpu_ns() - cpu_from, took = clock_mono_ns() - from;
        REQUIRE(claimed.is_signed && (ok(done) || s->policy == NULL), ST_POLICY,
                "the document is not accepted");
        if (i < 0)
            continue;
        ns[i] = took;
        cpu[i] = cpu_took;
    }
    qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
    qsort(cpu, ROUNDS, sizeof(cpu[0]), by_value);
    (void)printf("%-5s median %7.1f us, least %7.1f us, processor time %7.1f us\n", name,
                 (double)ns[ROUNDS / 2] / 1e3, (double)ns[0] / 1e3, (double)cpu[ROUNDS / 2] / 1e3);
    return OK;
}

static status open_file(const char *path, const char *at, struct subject *s)
{
    uint64_t t;
    TRY(text_parse_u64(at, INT64_MAX, &t));
    TRY(file_read(path, &s->document));
    s->type = EVIDENCE_NITRO;
    s->expect.at_unix_s = (int64_t)t;
    return OK;
}

static void remove_state(const char *folder)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, SIM_ROOT_FILE);
    (void)unlink(path);
    (void)rmdir(folder);
}

static status open_simulated(struct subject *s)
{
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(FILE_MAX);
    struct statement statement = {.service = BYTES_LIT("bench")};
    char folder[] = "/tmp/eml-bench-XXXXXX";
    REQUIRE(mkdtemp(folder) != NULL, ST_IO, "no folder");
    status opened = sim_provider_open(folder, &p);
    remove_state(folder);
    TRY(opened);
    TRY(tee_attest(p, &statement, &s->document));
    TRY(sim_policy_encode(p, NULL, NULL, &text));
    TRY(evidence_policy_parse(buf_view(&text), &s->policy));
    s->type = EVIDENCE_SIMULATED;
    s->expect.at_unix_s = clock_unix_s();
    return OK;
}

static status run(int argc, char **argv, struct subject *s)
{
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    REQUIRE(argc == 1 || argc == 3, ST_USAGE, "bench_verify [FILE.cose UNIX_TIME]");
    TRY(argc == 3 ? open_file(argv[1], argv[2], s) : open_simulated(s));
    TRY(evidence_cache_new(&cache));
    (void)printf("evidence of %zu bytes, %d rounds\n", s->document.n, ROUNDS);
    TRY(measure(s, NULL, "cold"));
    return measure(s, cache, "warm");
}

int main(int argc, char **argv)
{
    struct subject s = {.document = BUF_MAX(FILE_MAX)};
    status done = run(argc, argv, &s);
    if (failed(done))
        (void)fprintf(stderr, "bench_verify: %s\n", status_detail());
    buf_done(&s.document);
    evidence_policy_freep(&s.policy);
    return status_exit_code(done.code);
}
