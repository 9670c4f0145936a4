/* One text, one hash: however it was batched, on however many threads, by whichever kernels.
 *
 *     repro            every combination against the hashes below; exit 1 on the first that differs
 *     repro --quick    fewer of them, for an emulator
 *     repro --print    the hashes of the reference kernels alone, on one thread
 *
 * tests/repro/matrix.sh builds this with several compilers and levels. Links no JSON parser, so
 * that a cross compiler needs nothing but libc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bert.h"
#include "engine/numerics.h"
#include "support/tiny_bert.h"

enum { TEXTS = 14, HIDDEN = 64, TOKENS_MAX = 1024 };

/* FNV-1a of each text's 64 floats as little-endian bytes. A new value here is a new profile. */
static const uint64_t GOLDEN[2][TEXTS] = {
#include "golden.inc"
};

static const uint32_t LENGTH[TEXTS] = {1, 2, 3, 5, 8, 13, 15, 16, 17, 31, 33, 64, 65, 130};

/* --- the header of the file, from a table instead of JSON ---------------------------------- */

struct safetensors {
    size_t n;
    struct safetensors_entry entry[TINY_TENSORS_MAX];
};

size_t safetensors_count(const struct safetensors *s)
{
    return s->n;
}

const struct safetensors_entry *safetensors_at(const struct safetensors *s, size_t i)
{
    return &s->entry[i];
}

const char *tensor_dtype_name(enum tensor_dtype t)
{
    return t == TENSOR_F32 ? "F32" : t == TENSOR_F16 ? "F16" : "BF16";
}

static void check(status s)
{
    if (ok(s))
        return;
    fprintf(stderr, "repro: %s\n", status_detail());
    exit(2);
}

static struct bert *load(const struct kern_ops *kern, enum tensor_dtype dtype, bool is_coarse)
{
    struct tiny_bert t = {0};
    struct safetensors header = {0};
    struct bert *b = NULL;
    tiny_bert_init(&t, dtype, is_coarse);
    tiny_bert_fill(&t);
    header.n = t.n_tensors;
    for (size_t i = 0; i < t.n_tensors; i++) {
        const struct tiny_tensor *x = &t.tensor[i];
        header.entry[i] = (struct safetensors_entry){.name = bytes_str(x->name),
                                                     .dtype = x->dtype,
                                                     .n_dims = x->n_dims,
                                                     .dims = {x->dims[0], x->dims[1]},
                                                     .begin = x->begin,
                                                     .end = x->end};
    }
    check(bert_new(&t.config, &header, kern, 1u << dtype, &b));
    check(bert_load_range(b, 0, bytes_of(t.file, t.file_bytes)));
    check(bert_ready(b));
    tiny_bert_done(&t);
    return b;
}

/* --- texts and batches --------------------------------------------------------------------- */

static uint32_t token(size_t text, uint32_t i)
{
    return (uint32_t)(text * 29 + i * 7 + i * i) % 101;
}

static uint64_t hash_of(const float *x)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < HIDDEN; i++) {
        uint32_t u = numerics_bits(x[i]);
        for (int byte = 0; byte < 4; byte++)
            h = (h ^ (u >> (8 * byte) & 255)) * 0x100000001b3u;
    }
    return h;
}

struct rig {
    const struct bert *bert;
    struct bert_work *work;
    struct pool *pool;
};

/* Texts order[0..n) in one batch; their hashes go to out[text]. */
static void encode(const struct rig *r, const size_t *order, size_t n, uint64_t *out)
{
    static uint32_t ids[TOKENS_MAX], offsets[TEXTS + 1];
    static float result[TEXTS * HIDDEN];
    uint32_t at = 0;
    for (size_t i = 0; i < n; i++) {
        offsets[i] = at;
        for (uint32_t t = 0; t < LENGTH[order[i]]; t++)
            ids[at++] = token(order[i], t);
    }
    offsets[n] = at;
    struct bert_batch batch = {.ids = ids, .offsets = offsets, .n_texts = n};
    check(bert_encode(r->bert, r->work, r->pool, &batch, true, result));
    for (size_t i = 0; i < n; i++)
        out[order[i]] = hash_of(result + i * HIDDEN);
}

static void encode_in_batches(const struct rig *r, size_t size, bool is_shuffled, uint64_t *out)
{
    size_t order[TEXTS];
    for (size_t i = 0; i < TEXTS; i++)
        order[i] = is_shuffled ? (i * 5 + 3) % TEXTS : i;
    for (size_t i = 0; i < TEXTS; i += size)
        encode(r, order + i, TEXTS - i < size ? TEXTS - i : size, out);
}

/* --- the matrix ---------------------------------------------------------------------------- */

static unsigned n_checked;

static void compare(const uint64_t *got, bool is_coarse, const char *what)
{
    for (size_t i = 0; i < TEXTS; i++) {
        n_checked++;
        if (got[i] == GOLDEN[is_coarse][i])
            continue;
        printf("repro: %s: text %zu (%u tokens) has %016llx, not %016llx\n", what, i, LENGTH[i],
               (unsigned long long)got[i], (unsigned long long)GOLDEN[is_coarse][i]);
        exit(1);
    }
}

static void run_batches(const struct bert *b, uint32_t threads, bool is_coarse)
{
    static const size_t sizes[] = {1, 2, 8, TEXTS};
    struct rig r = {.bert = b};
    char what[64];
    check(pool_new(threads, &r.pool));
    for (size_t i = 0; i < 5; i++) {
        uint64_t got[TEXTS] = {0};
        /* The last one is the whole in another order, with scratch so small that it is cut. */
        size_t size = i < 4 ? sizes[i] : TEXTS;
        check(bert_work_new(b, i < 4 ? TOKENS_MAX : 160, threads, &r.work));
        encode_in_batches(&r, size, i == 4, got);
        (void)snprintf(what, sizeof(what), "%s, %u threads, batch %zu%s, %s", bert_kernels_of(b),
                       threads, size, i == 4 ? " shuffled" : "", is_coarse ? "coarse" : "fine");
        compare(got, is_coarse, what);
        bert_work_freep(&r.work);
    }
    pool_free(r.pool);
}

static void run_kernels(const struct kern_ops *kern, bool is_quick)
{
    static const uint32_t threads[] = {1, 2, 3, 7};
    static const enum tensor_dtype types[] = {TENSOR_F32, TENSOR_F32, TENSOR_F16, TENSOR_BF16};
    for (size_t i = 0; i < 4; i++) {
        struct bert *b = load(kern, types[i], i > 0);
        for (size_t j = 0; j < 4; j += is_quick ? 2 : 1)
            run_batches(b, threads[j], i > 0);
        bert_freep(&b);
        if (is_quick && i == 1)
            break;
    }
    printf("repro: %s agrees\n", kern->name);
}

static void print_hashes(void)
{
    for (int coarse = 0; coarse < 2; coarse++) {
        struct bert *b = load(&kern_reference, TENSOR_F32, coarse != 0);
        struct rig r = {.bert = b};
        uint64_t got[TEXTS] = {0};
        check(bert_work_new(r.bert, TOKENS_MAX, 1, &r.work));
        encode_in_batches(&r, 1, false, got);
        printf("    {");
        for (size_t i = 0; i < TEXTS; i++)
            printf("0x%016llx,%s", (unsigned long long)got[i], i % 3 == 2 ? "\n     " : " ");
        printf("},\n");
        bert_work_freep(&r.work);
        bert_freep(&b);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"reference", "avx2", "avx512", "neon"};
    bool is_quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_hashes();
        return 0;
    }
    for (size_t i = 0; i < 4; i++) {
        const struct kern_ops *kern = kern_select(names[i]);
        if (kern != NULL)
            run_kernels(kern, is_quick);
        else
            printf("SKIP: this processor cannot run the %s kernels\n", names[i]);
    }
    printf("repro: %u hashes compared\n", n_checked);
    return 0;
}
