/* The bare engine under a stop-watch, for bench/bench_engine.py.
 *
 *     bench_engine MODEL_DIR THREADS KERNELS
 *
 * Reads lines "N_TOKENS N_TEXTS N_CALLS" and answers each with the nanoseconds of each call. Token
 * ids go in, embeddings come out; no tokenizer, no file and no allocation is inside the measured
 * time. The first line of output is the kernels' name, the bytes of weights, the milliseconds of
 * loading and the peak of memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/bert.h"

enum { FILE_MAX = 1 << 30, TOKENS_MAX = 16384, TEXTS_MAX = 1024, CHUNK = 1 << 20 };

static void check(status s)
{
    if (ok(s))
        return;
    fprintf(stderr, "bench_engine: %s\n", status_detail());
    exit(1);
}

static struct buf read_file(const char *folder, const char *name, bool is_needed)
{
    char path[4096];
    struct buf b = BUF_MAX(FILE_MAX);
    check(file_join(folder, name, path, sizeof(path)));
    if (is_needed || file_exists(path))
        check(file_read(path, &b));
    return b;
}

static struct bert_config read_config(const char *folder)
{
    struct bert_config c = {0};
    struct buf config CLEANUP(buf_done) = read_file(folder, "config.json", true);
    struct buf pooling CLEANUP(buf_done) = read_file(folder, "1_Pooling/config.json", false);
    struct buf sbert CLEANUP(buf_done) = read_file(folder, "sentence_bert_config.json", false);
    struct buf modules CLEANUP(buf_done) = read_file(folder, "modules.json", false);
    struct bert_files files = {.config = buf_view(&config),
                               .pooling = buf_view(&pooling),
                               .sbert = buf_view(&sbert),
                               .modules = buf_view(&modules)};
    check(bert_config_parse(&files, &c));
    c.max_tokens = c.max_positions; /* lengths above the model's habit are of interest here */
    return c;
}

/* Streams the file in chunks, so that the peak of memory is that of a real load. */
static struct bert *load(const char *folder, const struct bert_config *c,
                         const struct kern_ops *kern)
{
    static uint8_t chunk[CHUNK];
    char path[4096];
    struct safetensors *header = NULL;
    struct bert *b = NULL;
    uint64_t total = 0, at = 0;
    check(file_join(folder, "model.safetensors", path, sizeof(path)));
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        fprintf(stderr, "bench_engine: cannot read %s\n", path);
        exit(1);
    }
    uint64_t size = (uint64_t)ftell(f);
    rewind(f);
    size_t n = fread(chunk, 1, CHUNK, f);
    check(n >= 8 ? safetensors_header_size(chunk, size, &total)
                 : FAIL(ST_TRUNCATED, "%s is too short", path));
    check(total <= n ? safetensors_parse(bytes_of(chunk, (size_t)total), size, &header)
                     : FAIL(ST_LIMIT, "the header of %s is above %d bytes", path, CHUNK));
    check(bert_new(c, header, kern, 7, &b));
    safetensors_freep(&header);
    for (; n > 0; at += n, n = fread(chunk, 1, CHUNK, f))
        check(bert_load_range(b, at, bytes_of(chunk, n)));
    (void)fclose(f);
    check(bert_ready(b));
    return b;
}

struct rig {
    struct bert *bert;
    struct bert_work *work;
    struct pool *pool;
};

static void time_calls(const struct rig *r, uint32_t n_tokens, uint32_t n_texts, uint32_t n_calls)
{
    static uint32_t ids[TOKENS_MAX], offsets[TEXTS_MAX + 1];
    uint32_t vocabulary = bert_config_of(r->bert)->vocab_size;
    float *out = calloc((size_t)n_texts * bert_config_of(r->bert)->hidden, sizeof(*out));
    if (out == NULL)
        exit(1);
    for (uint32_t i = 0; i < n_tokens * n_texts; i++)
        ids[i] = (1000 + i % n_tokens * 37) % vocabulary;
    for (uint32_t i = 0; i <= n_texts; i++)
        offsets[i] = i * n_tokens;
    struct bert_batch batch = {.ids = ids, .offsets = offsets, .n_texts = n_texts};
    for (uint32_t i = 0; i < n_calls; i++) {
        uint64_t before = clock_mono_ns();
        check(bert_encode(r->bert, r->work, r->pool, &batch, true, out));
        printf("%llu ", (unsigned long long)(clock_mono_ns() - before));
    }
    printf("\n");
    (void)fflush(stdout);
    free(out);
}

static void serve(const struct rig *r)
{
    unsigned n_tokens = 0, n_texts = 0, n_calls = 0;
    while (scanf("%u %u %u", &n_tokens, &n_texts, &n_calls) == 3) {
        if (n_tokens == 0 || n_texts == 0 || n_texts > TEXTS_MAX ||
            n_tokens > TOKENS_MAX / n_texts) {
            fprintf(stderr, "bench_engine: %u tokens, %u texts: out of range\n", n_tokens, n_texts);
            exit(1);
        }
        time_calls(r, n_tokens, n_texts, n_calls);
    }
}

/* Not getrusage(): its peak counts the parent from before the exec. */
static long peak_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    }
    if (f != NULL)
        (void)fclose(f);
    return kib;
}

int main(int argc, char **argv)
{
    uint64_t threads = 0;
    struct rig r = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: bench_engine MODEL_DIR THREADS KERNELS\n");
        return 2;
    }
    check(text_parse_u64(argv[2], POOL_THREADS_MAX, &threads));
    struct bert_config c = read_config(argv[1]);
    uint64_t before = clock_mono_ns();
    r.bert = load(argv[1], &c, kern_select(argv[3]));
    double load_ms = (double)(clock_mono_ns() - before) / 1e6;
    long peak = peak_kib();
    check(pool_new((uint32_t)threads, &r.pool));
    check(bert_work_new(r.bert, TOKENS_MAX / 4, (uint32_t)threads, &r.work));
    printf("%s %zu %.1f %ld\n", bert_kernels_of(r.bert), bert_weight_bytes(r.bert), load_ms, peak);
    (void)fflush(stdout);
    serve(&r);
    bert_work_freep(&r.work);
    pool_free(r.pool);
    bert_freep(&r.bert);
    return 0;
}
