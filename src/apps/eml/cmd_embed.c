#include "apps/eml/client.h"
#include "apps/eml/commands.h"
#include "apps/eml/evidence_out.h"
#include "apps/eml/lines.h"
#include "apps/eml/vectors_out.h"

#include "apps/common/app.h"
#include "apps/common/progress.h"
#include "base/file.h"
#include "formats/verdict.h"
#include "receipt/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A request is a bound on what one answer can cost; several are in flight so that the enclave never
 * waits. */
enum { BATCH_TEXTS = 64, BATCH_BYTES = 256 << 10, IN_FLIGHT = 4, LINE_ROOM = 256 << 10 };

struct embed_run {
    const struct cli *args;
    struct client client;
    struct lines lines;
    bool normalize;
    bool allow_truncation;
    bool is_json;
    size_t n_sent;    /* texts */
    size_t n_printed; /* texts */
    unsigned n_exchanges;
    struct query window[IN_FLIGHT]; /* oldest first */
    size_t n_window;
    struct progress progress;
};

static size_t batch_size(const struct embed_run *r)
{
    size_t n = 0;
    size_t n_bytes = 0;
    while (r->n_sent + n < r->lines.n && n < BATCH_TEXTS && n_bytes < BATCH_BYTES)
        n_bytes += r->lines.v[r->n_sent + n++].n;
    return n;
}

static status send_batches(struct embed_run *r)
{
    while (r->n_window < IN_FLIGHT && r->n_sent < r->lines.n) {
        size_t n = batch_size(r);
        TRY(query_send(r->client.session, r->lines.v + r->n_sent, n, r->normalize,
                       r->allow_truncation, NULL, &r->window[r->n_window++]));
        r->n_sent += n;
    }
    return OK;
}

static status receive_oldest(struct embed_run *r)
{
    struct query *open[IN_FLIGHT];
    struct query *completed;
    for (size_t i = 0; i < r->n_window; i++)
        open[i] = &r->window[i];
    while (!r->window[0].is_complete)
        TRY(query_receive(r->client.session, r->client.timeout_ms, open, r->n_window, &completed));
    return OK;
}

/* OUT.cbor for the first request, OUT.2.cbor and so on for the next ones. */
static status save_receipt(struct embed_run *r, const struct query *x)
{
    char path[PATH_MAX];
    const char *out = cli_value(r->args, "receipt");
    const char *dot = strrchr(out, '.');
    int stem = dot && !strchr(dot, '/') ? (int)(dot - out) : (int)strlen(out);
    int n = r->n_exchanges == 1
                ? snprintf(path, sizeof(path), "%s", out)
                : snprintf(path, sizeof(path), "%.*s.%u%s", stem, out, r->n_exchanges, out + stem);
    REQUIRE(n > 0 && (size_t)n < sizeof(path), ST_LIMIT, "path is too long: %s", out);
    return file_write(path, 0644, buf_view(&x->receipt));
}

static status save(struct embed_run *r, const struct query *x)
{
    r->n_exchanges++;
    if (cli_has(r->args, "receipt"))
        TRY(save_receipt(r, x));
    if (cli_has(r->args, "save-evidence"))
        TRY(evidence_save_exchange(cli_value(r->args, "save-evidence"), r->n_exchanges, x));
    return OK;
}

static status print_line(const struct embed_run *r, const struct vector_line *line)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(LINE_ROOM);
    TRY(r->is_json ? vector_put_json(&out, line) : vector_put_text(&out, line));
    REQUIRE(fwrite(out.p, 1, out.n, stdout) == out.n, ST_IO, "cannot write to standard output");
    return OK;
}

static status print_vectors(struct embed_run *r, const struct query *x,
                            const struct embed_response *res)
{
    struct record_text texts[BATCH_TEXTS];
    struct record record;
    TRY(status_context(record_parse(res->record, texts, BATCH_TEXTS, &record), "record"));
    REQUIRE(record.n_texts == x->n_texts, ST_FORMAT, "the record is not about these texts");
    for (size_t i = 0; i < x->n_texts; i++) {
        float v[MESSAGE_DIM_MAX];
        memcpy(v, res->embeddings.p + i * res->dim * sizeof(float), res->dim * sizeof(float));
        const struct vector_line line = {
            .text_index = r->n_printed++,
            .n_tokens = texts[i].n_tokens,
            .is_truncated = texts[i].is_truncated,
            .is_simulated = session_evidence(r->client.session)->is_simulated,
            .v = v,
            .dim = res->dim,
        };
        TRY(print_line(r, &line));
    }
    return OK;
}

/* Nothing is printed or kept before the receipt has been verified. */
static status finish_oldest(struct embed_run *r)
{
    struct checks checks = {0};
    struct embed_response res;
    struct query *x = &r->window[0];
    TRY(query_verify(r->client.session, x, &checks, &res));
    TRY(save(r, x));
    TRY(print_vectors(r, x, &res));
    query_done(x);
    r->n_window--;
    memmove(&r->window[0], &r->window[1], r->n_window * sizeof(r->window[0]));
    progress_set(&r->progress, r->n_printed);
    return OK;
}

static status embed_all(struct embed_run *r)
{
    progress_start(&r->progress, "embedding", "texts", r->lines.n);
    status s = OK;
    while (ok(s) && r->n_printed < r->lines.n) {
        s = send_batches(r);
        if (ok(s))
            s = receive_oldest(r);
        if (ok(s))
            s = finish_oldest(r);
    }
    progress_end(&r->progress);
    return s;
}

static void say_simulated(const struct embed_run *r)
{
    if (session_evidence(r->client.session)->is_simulated)
        (void)fprintf(stderr, "%s: SIMULATED platform: it protects nothing\n", app_name());
}

/* The checks are shown when they do not hold: the reason is among them. */
static void show_checks(const struct checks *c)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 20);
    if (!client_has_verdict(c) || checks_verdict(c) == VERDICT_ACCEPT)
        return;
    verdict_put_text(&out, c, app_has_colour(STDERR_FILENO));
    (void)fwrite(out.p, 1, out.n, stderr);
}

static status embed(struct embed_run *r)
{
    TRY(lines_open(r->args, "lines", &r->lines));
    TRY(client_open(cli_value(r->args, "config"), &r->client));
    status s = client_connect(&r->client);
    show_checks(&r->client.checks);
    TRY(s);
    say_simulated(r);
    if (cli_has(r->args, "save-evidence"))
        TRY(evidence_save(cli_value(r->args, "save-evidence"), &r->client));
    TRY(embed_all(r));
    return session_end(r->client.session);
}

static void run_done(struct embed_run *r)
{
    for (size_t i = 0; i < r->n_window; i++)
        query_done(&r->window[i]);
    lines_done(&r->lines);
    client_done(&r->client);
}

static int run(const struct cli *args)
{
    struct embed_run r CLEANUP(run_done) = {
        .args = args,
        .normalize = !cli_has(args, "no-normalize"),
        .allow_truncation = !cli_has(args, "no-truncate"),
        .is_json = cli_has(args, "json"),
    };
    status s = embed(&r);
    return failed(s) ? client_fail(&r.client.checks, s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "client configuration (JSON): where to connect, which policy"},
    {"text", "TEXT", false, true, "a text to embed; may be given many times"},
    {"lines", "FILE", false, false, "a file with one text a line; - for standard input"},
    {"json", NULL, false, false, "one JSON object a text"},
    {"no-normalize", NULL, false, false, "leave vectors as pooled, not of length 1"},
    {"no-truncate", NULL, false, false, "refuse a text beyond the model's limit, do not cut it"},
    {"receipt", "OUT.cbor", false, false, "keep the receipt; OUT.2.cbor ... for further requests"},
    {"save-evidence", "DIR", false, false,
     "keep evidence, policy, requests, responses and receipts for an auditor"},
};

struct cli_command embed_command(void)
{
    return (struct cli_command){
        .name = "embed",
        .summary = "Embed texts in an attested session; verify every receipt before printing.",
        CLI_OPTIONS(OPTIONS),
        .notes = "Texts go in requests of up to 64, each with a receipt of its own.",
        .run = run,
    };
}
