/* eml tokenize - the ids of texts: one line for each, separated by spaces. */
#include "apps/common/app.h"
#include "apps/eml/commands.h"
#include "apps/eml/lines.h"
#include "base/file.h"
#include "engine/tokenizer.h"
#include "model/content.h"

#include <limits.h>
#include <stdlib.h>

enum { FIRST_ROOM = 16, TOKENS_LIMIT = 1 << 30 };

struct ids {
    uint32_t *v;
    size_t n;
    size_t cap;
    bool is_truncated;
};

static void ids_done(struct ids *ids)
{
    if (ids->v != NULL)
        wipe(ids->v, ids->cap * sizeof(*ids->v));
    free(ids->v);
    *ids = (struct ids){0};
}

static status ids_room(struct ids *ids, size_t n)
{
    if (n <= ids->cap)
        return OK;
    ids_done(ids);
    ids->v = calloc(n, sizeof(*ids->v));
    REQUIRE(ids->v != NULL, ST_NOMEM, "no memory for %zu tokens", n);
    ids->cap = n;
    return OK;
}

/* Without a limit every token is wanted: a byte is hardly ever more than one, and if it is, there
 * is a next round. */
static status encode(const struct tokenizer *t, struct bytes text, size_t limit, struct ids *ids)
{
    size_t room = limit ? limit : text.n + FIRST_ROOM;
    for (;; room *= 2) {
        REQUIRE(room <= TOKENS_LIMIT, ST_LIMIT, "a text of %zu bytes has too many tokens", text.n);
        TRY(ids_room(ids, room));
        TRY(tokenizer_encode(t, text, room, ids->v, &ids->n, &ids->is_truncated));
        if (limit || !ids->is_truncated)
            return OK;
    }
}

static void print_ids(const struct ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        printf("%s%u", i ? " " : "", ids->v[i]);
    printf("\n");
}

static status print_all(const struct tokenizer *t, const struct lines *texts, size_t limit)
{
    struct ids ids CLEANUP(ids_done) = {0};
    for (size_t i = 0; i < texts->n; i++) {
        TRY(status_context(encode(t, texts->v[i], limit, &ids), "text %zu", i));
        print_ids(&ids);
    }
    return OK;
}

static status load(const char *folder, struct tokenizer **out)
{
    char path[PATH_MAX];
    struct buf json CLEANUP(buf_done) = BUF_MAX(TOKENIZER_JSON_MAX);
    TRY(file_join(folder, CONTENT_TOKENIZER, path, sizeof(path)));
    TRY(file_read(path, &json));
    return status_context(tokenizer_new(buf_view(&json), out), "%s", path);
}

static status work(const struct cli *args)
{
    struct lines texts CLEANUP(lines_done) = {0};
    struct tokenizer *t CLEANUP(tokenizer_freep) = NULL;
    uint64_t limit = 0;
    TRY(cli_u64(args, "max-tokens", TOKENIZER_TOKENS_MIN, 1 << 20, 0, &limit));
    TRY(lines_open(args, "file", &texts));
    TRY(load(cli_value(args, "model-dir"), &t));
    return print_all(t, &texts, (size_t)limit);
}

static int run(const struct cli *args)
{
    status s = work(args);
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"model-dir", "DIR", true, false, "folder that holds tokenizer.json"},
    {"text", "T", false, true, "a text; may be given again"},
    {"file", "F", false, false, "one text a line; - for standard input"},
    {"max-tokens", "N", false, false, "cut each text to N tokens, special tokens included"},
};

struct cli_command tokenize_command(void)
{
    return (struct cli_command){
        .name = "tokenize",
        .summary = "Print the token ids of texts, one line for each text.",
        CLI_OPTIONS(OPTIONS),
        .notes = "The special tokens are included. Nothing is cut unless --max-tokens is given.",
        .run = run,
    };
}
