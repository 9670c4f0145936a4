#include <stdio.h>

#include "apps/common/app.h"
#include "apps/eml-verify/commands.h"
#include "apps/eml-verify/outputs.h"
#include "formats/json.h"
#include "tee/verify/evidence_catalogue.h"

enum { LIST_ROOM = 1 << 20 };

static void put_text(enum evidence_type t, struct buf *out)
{
    struct evidence_rule r;
    buf_printf(out, "%s (%s)\n", evidence_type_name(t), evidence_type_platform(t));
    for (size_t i = 0; evidence_catalogue_rule(t, i, &r); i++)
        buf_printf(out, "  %-22s %s\n  %-22s %s\n  %-22s %s\n", r.id, r.code, "", r.source, "",
                   r.fix);
}

static void put_json(enum evidence_type t, struct json_w *w)
{
    struct evidence_rule r;
    json_w_open(w, NULL, '{');
    json_w_str(w, "type", evidence_type_name(t));
    json_w_str(w, "platform", evidence_type_platform(t));
    json_w_open(w, "checks", '[');
    for (size_t i = 0; evidence_catalogue_rule(t, i, &r); i++) {
        json_w_open(w, NULL, '{');
        json_w_str(w, "id", r.id);
        json_w_str(w, "code", r.code);
        json_w_str(w, "source", r.source);
        json_w_str(w, "fix", r.fix);
        json_w_close(w, '}');
    }
    json_w_close(w, ']');
    json_w_close(w, '}');
}

/* only == NULL: all. */
static void put_all(const enum evidence_type *only, bool is_json, struct buf *out)
{
    enum evidence_type t;
    struct json_w w = {.out = out};
    if (is_json) {
        json_w_open(&w, NULL, '{');
        json_w_open(&w, "types", '[');
    }
    for (size_t i = 0; evidence_catalogue_type(i, &t); i++) {
        if (only != NULL && *only != t)
            continue;
        is_json ? put_json(t, &w) : put_text(t, out);
    }
    if (is_json) {
        json_w_close(&w, ']');
        json_w_close(&w, '}');
        buf_put_str(out, "\n");
    }
}

static status run(const struct cli *args)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(LIST_ROOM);
    const char *name = cli_value(args, "type");
    enum evidence_type t;
    if (name != NULL && failed(evidence_type_of(bytes_str(name), &t)))
        return cli_wrong("--type: %.40s is no type of evidence that is judged here", name);
    put_all(name != NULL ? &t : NULL, cli_has(args, "json"), &out);
    TRY(buf_status(&out));
    REQUIRE(fwrite(out.p, 1, out.n, stdout) == out.n, ST_IO, "cannot write the list");
    return OK;
}

static int work(const void *ctx, const struct outputs *o)
{
    (void)o;
    status s = run(ctx);
    return ok(s) ? 0 : app_fail(s);
}

int commands_checks(const struct cli *args)
{
    const char *const none[OUTPUT_N] = {NULL};
    return outputs_run(none, work, args);
}
