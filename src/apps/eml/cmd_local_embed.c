/* eml local embed - texts to vectors on this machine: the engine alone, no enclave, no receipt. */
#include "apps/common/app.h"
#include "apps/common/progress.h"
#include "apps/eml/commands.h"
#include "apps/eml/model_option.h"
#include "apps/eml/vectors_out.h"
#include "apps/eml/lines.h"

#include <stdlib.h>

enum {
    BATCH_TOKENS = 1024, /* enough rows for the kernels, small enough for the caches */
    BATCH_TEXTS = 256,
    LINE_ROOM = 4 << 20,
};

/* All texts as ids, one after another. */
struct tokens {
    uint32_t *ids;
    size_t cap;
    size_t n_ids;
    size_t *starts; /* n_texts + 1 */
    bool *is_truncated;
    size_t n_texts;
};

static void tokens_done(struct tokens *t)
{
    if (t->ids != NULL)
        wipe(t->ids, t->cap * sizeof(*t->ids));
    free(t->ids);
    free(t->starts);
    free(t->is_truncated);
    *t = (struct tokens){0};
}

static status tokens_init(struct tokens *t, size_t n_texts)
{
    t->starts = calloc(n_texts + 1, sizeof(*t->starts));
    t->is_truncated = calloc(n_texts + 1, sizeof(*t->is_truncated));
    REQUIRE(t->starts != NULL && t->is_truncated != NULL, ST_NOMEM, "no memory for %zu texts",
            n_texts);
    return OK;
}

/* Room for n more ids; the old ones are wiped when they move. */
static status tokens_room(struct tokens *t, size_t n)
{
    if (t->cap - t->n_ids >= n)
        return OK;
    size_t cap = 2 * t->cap + n;
    uint32_t *ids = calloc(cap, sizeof(*ids));
    REQUIRE(ids != NULL, ST_NOMEM, "no memory for %zu tokens", cap);
    if (t->ids != NULL) {
        memcpy(ids, t->ids, t->n_ids * sizeof(*ids));
        wipe(t->ids, t->cap * sizeof(*ids));
    }
    free(t->ids);
    t->ids = ids;
    t->cap = cap;
    return OK;
}

static status tokens_add(struct tokens *t, const struct embedder *e, struct bytes text,
                         bool no_truncate)
{
    size_t n = 0;
    TRY(tokens_room(t, embedder_max_tokens(e)));
    TRY(embedder_tokenize(e, text, no_truncate, t->ids + t->n_ids, &n,
                          &t->is_truncated[t->n_texts]));
    t->n_ids += n;
    t->starts[++t->n_texts] = t->n_ids;
    return OK;
}

/* Everything is tokenized before anything is printed, so that a text which is refused leaves no
 * half of an output. */
static status tokenize_all(const struct embedder *e, const struct lines *texts, bool no_truncate,
                           struct tokens *out)
{
    TRY(tokens_init(out, texts->n));
    for (size_t i = 0; i < texts->n; i++)
        TRY(status_context(tokens_add(out, e, texts->v[i], no_truncate), "text %zu", i));
    return OK;
}

struct embedding {
    const struct embedder *embedder;
    struct embedder_work *work;
    struct pool *pool;
    const struct tokens *tokens;
    float *out; /* BATCH_TEXTS rows */
    size_t out_n;
    struct buf line;
    bool normalize;
    bool is_json;
};

static void embedding_done(struct embedding *e)
{
    embedder_work_freep(&e->work);
    if (e->out != NULL)
        wipe(e->out, e->out_n * sizeof(*e->out));
    free(e->out);
    buf_done(&e->line);
}

static status embedding_init(struct embedding *e, const struct model_option *m)
{
    size_t max = embedder_max_tokens(m->embedder);
    e->embedder = m->embedder;
    e->pool = m->pool;
    e->line = BUF_MAX(LINE_ROOM);
    e->out_n = (size_t)BATCH_TEXTS * embedder_dim(m->embedder);
    e->out = calloc(e->out_n, sizeof(*e->out));
    REQUIRE(e->out != NULL, ST_NOMEM, "no memory for %d vectors", BATCH_TEXTS);
    return embedder_work_new(m->embedder, max > BATCH_TOKENS ? max : BATCH_TOKENS,
                             pool_size(m->pool), &e->work);
}

/* How many texts from `first` on make up a batch: at least one. */
static size_t batch_size(const struct tokens *t, size_t first)
{
    size_t n = 1;
    while (first + n < t->n_texts && n < BATCH_TEXTS &&
           t->starts[first + n + 1] - t->starts[first] <= BATCH_TOKENS)
        n++;
    return n;
}

static status encode_batch(struct embedding *e, size_t first, size_t n)
{
    uint32_t offsets[BATCH_TEXTS + 1];
    size_t base = e->tokens->starts[first];
    for (size_t i = 0; i <= n; i++)
        offsets[i] = (uint32_t)(e->tokens->starts[first + i] - base);
    const struct embedder_batch in = {
        .ids = e->tokens->ids + base, .offsets = offsets, .n_texts = n, .normalize = e->normalize};
    return embedder_encode(e->embedder, e->work, e->pool, &in, e->out);
}

static status print_one(struct embedding *e, size_t text, const float *v)
{
    const struct tokens *t = e->tokens;
    const struct vector_line line = {.text_index = text,
                                     .n_tokens = (uint32_t)(t->starts[text + 1] - t->starts[text]),
                                     .is_truncated = t->is_truncated[text],
                                     .v = v,
                                     .dim = embedder_dim(e->embedder)};
    buf_clear(&e->line);
    TRY(e->is_json ? vector_put_json(&e->line, &line) : vector_put_text(&e->line, &line));
    REQUIRE(fwrite(e->line.p, 1, e->line.n, stdout) == e->line.n, ST_IO,
            "standard output cannot be written");
    return OK;
}

static status embed_all(struct embedding *e)
{
    const struct tokens *t = e->tokens;
    struct progress p CLEANUP(progress_end);
    progress_start(&p, "embedding", "texts", t->n_texts);
    for (size_t first = 0; first < t->n_texts;) {
        size_t n = batch_size(t, first);
        TRY(encode_batch(e, first, n));
        for (size_t i = 0; i < n; i++)
            TRY(print_one(e, first + i, e->out + i * embedder_dim(e->embedder)));
        first += n;
        progress_set(&p, first);
    }
    return OK;
}

static status work(const struct cli *args)
{
    struct lines texts CLEANUP(lines_done) = {0};
    struct model_option model CLEANUP(model_option_done) = {0};
    struct tokens tokens CLEANUP(tokens_done) = {0};
    struct embedding e CLEANUP(embedding_done) = {.normalize = !cli_has(args, "no-normalize"),
                                                  .is_json = cli_has(args, "json"),
                                                  .tokens = &tokens};
    TRY(lines_open(args, "lines", &texts));
    TRY(model_option_open(args, &model));
    if (cli_has(args, "stats"))
        model_option_stats(&model);
    TRY(tokenize_all(model.embedder, &texts, cli_has(args, "no-truncate"), &tokens));
    TRY(embedding_init(&e, &model));
    return embed_all(&e);
}

static int run(const struct cli *args)
{
    status s = work(args);
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    MODEL_OPTION_SOURCES,
    {"text", "T", false, true, "a text; may be given again"},
    {"lines", "F", false, false, "one text a line; - for standard input"},
    {"json", NULL, false, false, "one JSON object a line for each text"},
    {"no-normalize", NULL, false, false, "do not scale vectors to unit length"},
    {"stats", NULL, false, false, "print time to ready and peak memory on standard error"},
    {"no-truncate", NULL, false, false, "refuse a text beyond the model's limit"},
    MODEL_OPTION_ENGINE,
};

struct cli_command local_embed_command(void)
{
    return (struct cli_command){
        .name = "local embed",
        .summary = "Embed texts on this machine, without an enclave.",
        CLI_OPTIONS(OPTIONS),
        .notes =
            "JSON: {\"text_index\", \"tokens\", \"truncated\", \"embedding\": [...], \"sha256\"}; "
            "the digest is that\nof the vector's f32 little-endian bytes. The bits do not depend "
            "on threads, kernels or batch.",
        .run = run,
    };
}
