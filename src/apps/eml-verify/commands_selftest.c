#include <stdio.h>

#include "apps/common/app.h"
#include "apps/eml-verify/commands.h"
#include "apps/eml-verify/outputs.h"
#include "apps/eml-verify/selftest.h"
#include "apps/eml-verify/selftest_sample.h"
#include "base/file.h"
#include "formats/json.h"
#include "formats/verdict.h"

enum { ROOM = 1 << 20 };

#define SAMPLE_NAME "built-in simulated evidence"

static void put_text(const struct selftest *t, const char *name, struct buf *out)
{
    verdict_put_safe(out, bytes_str(name));
    buf_printf(out, " (%s)\n", evidence_type_name(t->files->type));
    for (int i = 0; i < SELFTEST_KINDS; i++)
        buf_printf(out, "  %-20s %6u\n", selftest_kind_name((enum selftest_kind)i), t->by_kind[i]);
    buf_put_str(out, "  noticed by\n");
    for (size_t i = 0; i < t->n_checks; i++)
        buf_printf(out, "    %-22s %6u\n", t->by_check[i].check, t->by_check[i].n);
    for (size_t i = 0; i < t->n_missed && i < SELFTEST_MISSES_MAX; i++)
        buf_printf(out, "  MISSED %s\n", t->misses[i]);
    buf_printf(out,
               "  %u damages: %u noticed, %u where no check looks and nothing changed, %u missed\n",
               t->n_tried, t->n_noticed, t->n_without_effect, t->n_missed);
}

static void put_json(const struct selftest *t, const char *name, struct json_w *w)
{
    json_w_open(w, NULL, '{');
    json_w_str(w, "evidence", name);
    json_w_str(w, "type", evidence_type_name(t->files->type));
    json_w_int(w, "tried", t->n_tried);
    json_w_int(w, "noticed", t->n_noticed);
    json_w_int(w, "without_effect", t->n_without_effect);
    json_w_int(w, "missed", t->n_missed);
    json_w_open(w, "by_damage", '{');
    for (int i = 0; i < SELFTEST_KINDS; i++)
        json_w_int(w, selftest_kind_name((enum selftest_kind)i), t->by_kind[i]);
    json_w_close(w, '}');
    json_w_open(w, "by_check", '{');
    for (size_t i = 0; i < t->n_checks; i++)
        json_w_int(w, t->by_check[i].check, t->by_check[i].n);
    json_w_close(w, '}');
    json_w_open(w, "misses", '[');
    for (size_t i = 0; i < t->n_missed && i < SELFTEST_MISSES_MAX; i++)
        json_w_str(w, NULL, t->misses[i]);
    json_w_close(w, ']');
    json_w_close(w, '}');
}

struct session {
    const struct cli *args;
    struct buf out;
    struct json_w w;
    bool is_missed;
};

static void session_done(struct session *s)
{
    buf_done(&s->out);
}

static status test_one(struct session *s, struct evidence_files *f, struct bytes policy,
                       const char *name)
{
    struct selftest t = {.files = f, .policy_text = policy};
    TRY(status_context(selftest_run(&t), "%s", name));
    s->is_missed |= t.n_missed > 0;
    if (cli_has(s->args, "json"))
        put_json(&t, name, &s->w);
    else
        put_text(&t, name, &s->out);
    return OK;
}

static status test_file(struct session *s, const char *path)
{
    struct evidence_files f CLEANUP(evidence_files_done);
    struct buf policy CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    struct evidence_policy_verified text = {0};
    evidence_files_init(&f);
    TRY(evidence_files_load(&f, path, s->args));
    if (cli_has(s->args, "policy"))
        TRY(file_read(cli_value(s->args, "policy"), &policy));
    TRY(evidence_policy_file_verify(buf_view(&policy), f.policy_key, &text));
    return test_one(s, &f, text.json, path);
}

static status test_sample(struct session *s)
{
    struct evidence_files f CLEANUP(evidence_files_done);
    evidence_files_init(&f);
    f.type = EVIDENCE_SIMULATED;
    f.expect.at_unix_s = selftest_sample_time();
    buf_put(&f.evidence, selftest_sample_evidence());
    TRY(buf_status(&f.evidence));
    TRY(evidence_policy_parse(selftest_sample_policy(), &f.policy));
    return test_one(s, &f, selftest_sample_policy(), SAMPLE_NAME);
}

static status check_use(const struct cli *args)
{
    bool has_files = cli_n_operands(args) > 0;
    if (has_files && !cli_has(args, "type"))
        return cli_wrong("option --type NAME is missing: which evidence is it?");
    if (!has_files &&
        (cli_has(args, "type") || cli_has(args, "policy") || cli_has(args, "policy-key")))
        return cli_wrong("--type and --policy are for evidence in a FILE");
    return OK;
}

static status test_all(struct session *s)
{
    size_t n = cli_n_operands(s->args);
    TRY(check_use(s->args));
    if (n == 0)
        return test_sample(s);
    for (size_t i = 0; i < n; i++)
        TRY(test_file(s, cli_operand(s->args, i)));
    return OK;
}

static status run(const struct cli *args, bool *out_is_missed)
{
    bool is_json = cli_has(args, "json");
    struct session s CLEANUP(session_done) = {.args = args, .out = BUF_MAX(ROOM)};
    struct buf *out = &s.out;
    s.w = (struct json_w){.out = out};
    if (is_json) {
        json_w_open(&s.w, NULL, '{');
        json_w_open(&s.w, "evidence", '[');
    }
    TRY(test_all(&s));
    if (is_json) {
        json_w_close(&s.w, ']');
        json_w_str(&s.w, "verdict", s.is_missed ? "reject" : "accept");
        json_w_close(&s.w, '}');
    }
    buf_put_str(out, is_json ? "\n" : s.is_missed ? "selftest: FAILED\n" : "selftest: passed\n");
    TRY(buf_status(out));
    REQUIRE(fwrite(out->p, 1, out->n, stdout) == out->n, ST_IO, "cannot write the result");
    *out_is_missed = s.is_missed;
    return OK;
}

static int work(const void *ctx, const struct outputs *o)
{
    bool is_missed = true;
    (void)o;
    status s = run(ctx, &is_missed);
    if (failed(s))
        return app_fail(s);
    return is_missed ? VERDICT_REJECT : VERDICT_ACCEPT;
}

int commands_selftest(const struct cli *args)
{
    const char *const none[OUTPUT_N] = {NULL};
    return outputs_run(none, work, args);
}
