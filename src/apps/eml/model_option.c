#include "apps/eml/model_option.h"

#include "base/clock.h"
#include "model/local_key.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_option_done(struct model_option *m)
{
    embedder_freep(&m->embedder);
    pool_free(m->pool);
    m->pool = NULL;
}

static uint32_t cpus_allowed(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (uint32_t)(n > POOL_THREADS_MAX ? POOL_THREADS_MAX : n);
}

status model_option_threads(const struct cli *args, uint32_t *out)
{
    uint64_t n = 0;
    TRY(cli_u64(args, "threads", 1, POOL_THREADS_MAX, cpus_allowed(), &n));
    *out = (uint32_t)n;
    return OK;
}

status model_option_key_path(const struct cli *args, const char *package, char *out)
{
    const char *given = cli_value(args, "key-file");
    int n = snprintf(out, PATH_MAX, "%s%s", given ? given : package, given ? "" : ".key");
    REQUIRE(n > 0 && n < PATH_MAX, ST_LIMIT, "path is too long: %s", package);
    return OK;
}

status model_option_publisher(const struct cli *args, struct model_source *src,
                              uint8_t out[static ED25519_PUBLIC_LEN], bool *out_pinned)
{
    bool is_pinned = cli_has(args, "public-key");
    TRY(is_pinned ? cli_hex(args, "public-key", out, ED25519_PUBLIC_LEN)
                  : package_claimed_publisher(src, out));
    *out_pinned = is_pinned;
    return OK;
}

static status open_package(const struct cli *args, const char *path,
                           const struct embedder_options *o, struct embedder **out)
{
    struct model_source *src CLEANUP(source_freep) = NULL;
    struct package *package CLEANUP(package_freep) = NULL;
    struct key_release *release CLEANUP(key_release_freep) = NULL;
    const struct manifest_expect expect = {.at_unix_s = clock_unix_s()};
    uint8_t publisher[ED25519_PUBLIC_LEN];
    char key_path[PATH_MAX];
    bool is_pinned = false;
    TRY(source_open_file(path, &src));
    TRY(model_option_publisher(args, src, publisher, &is_pinned));
    TRY(package_open(src, publisher, &expect, &package));
    TRY(model_option_key_path(args, path, key_path));
    TRY(local_key_open(key_path, &release));
    return embedder_open_package(package, release, o, out);
}

static status open_embedder(const struct cli *args, const struct embedder_options *o,
                            struct embedder **out)
{
    const char *folder = cli_value(args, "model-dir");
    const char *package = cli_value(args, "model");
    if ((folder != NULL) == (package != NULL))
        return cli_wrong("give either --model-dir DIR or --model PKG");
    if (folder != NULL && (cli_has(args, "key-file") || cli_has(args, "public-key")))
        return cli_wrong("--key-file and --public-key belong to --model PKG");
    if (folder != NULL)
        return status_context(embedder_open_folder(folder, o, out), "%s", folder);
    return status_context(open_package(args, package, o, out), "%s", package);
}

status model_option_kernels(const struct cli *args, const char **out)
{
    static const char *const KERNELS[] = {"auto", "reference", "avx2", "avx512", "neon", NULL};
    size_t i = 0;
    TRY(cli_choice(args, "kernels", KERNELS, 0, &i));
    *out = KERNELS[i];
    return OK;
}

status model_option_open(const struct cli *args, struct model_option *out)
{
    struct model_option m CLEANUP(model_option_done) = {0};
    uint32_t n_threads = 0;
    const char *kernels = NULL;
    uint64_t start_ns = clock_mono_ns();
    TRY(model_option_threads(args, &n_threads));
    TRY(model_option_kernels(args, &kernels));
    TRY(pool_new(n_threads, &m.pool));
    const struct embedder_options o = {.kernels = kernels, .pool = m.pool};
    TRY(open_embedder(args, &o, &m.embedder));
    m.open_ns = clock_mono_ns() - start_ns;
    *out = m;
    m = (struct model_option){0};
    return OK;
}

/* The kernel's high-water mark of this process; getrusage() would count the one that started it. */
static unsigned long peak_kib(void)
{
    char line[128];
    unsigned long kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    if (f == NULL)
        return 0;
    while (kib == 0 && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoul(line + 6, NULL, 10);
    }
    (void)fclose(f);
    return kib;
}

void model_option_stats(const struct model_option *m)
{
    (void)fprintf(stderr, "eml: ready_ms=%.1f weight_kib=%zu peak_kib=%lu kernels=%s threads=%u\n",
                  (double)m->open_ns / 1e6, embedder_weight_bytes(m->embedder) >> 10, peak_kib(),
                  embedder_kernels(m->embedder), pool_size(m->pool));
}
