#include "apps/eml-verify/report.h"

#include <stdio.h>

#include "apps/eml-verify/explain.h"
#include "apps/eml-verify/report_style.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/html.h"
#include "formats/verdict.h"

/* Of one part that a check looked at; --explain shows all of it. */
enum { DUMP_MAX = 256 };

static void put_row(struct buf *out, const char *name, const char *value)
{
    buf_put_str(out, "<tr><th scope=\"row\">");
    html_put_str(out, name);
    buf_put_str(out, "</th><td>");
    html_put_str(out, value);
    buf_put_str(out, "</td></tr>\n");
}

static void put_code_row(struct buf *out, const char *name, struct bytes value)
{
    buf_put_str(out, "<tr><th scope=\"row\">");
    html_put_str(out, name);
    buf_put_str(out, "</th><td><code>");
    html_put(out, value);
    buf_put_str(out, "</code></td></tr>\n");
}

static void put_hex_row(struct buf *out, const char *name, struct bytes v)
{
    buf_put_str(out, "<tr><th scope=\"row\">");
    html_put_str(out, name);
    buf_put_str(out, "</th><td><code>");
    hex_put(out, v);
    buf_put_str(out, "</code></td></tr>\n");
}

static void open_table(struct buf *out, const char *caption)
{
    buf_put_str(out, "<table>\n<caption>");
    html_put_str(out, caption);
    buf_put_str(out, "</caption>\n<tbody>\n");
}

static void close_table(struct buf *out)
{
    buf_put_str(out, "</tbody>\n</table>\n");
}

static void put_head(struct buf *out)
{
    buf_put_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>Verification of evidence</title>\n<style>" REPORT_STYLE
                     "</style>\n</head>\n<body>\n<main>\n"
                     "<h1>Verification of hardware evidence</h1>\n");
}

static const char *word_of(enum verdict v)
{
    switch (v) {
    case VERDICT_ACCEPT:
        return "Accepted";
    case VERDICT_INCOMPLETE:
        return "Not decided";
    case VERDICT_MALFORMED:
        return "Malformed";
    case VERDICT_REJECT:
        break;
    }
    return "Rejected";
}

static void put_verdict(const struct show *s, struct buf *out)
{
    enum verdict v = checks_verdict(s->checks);
    const struct check *first = checks_first_failure(s->checks);
    struct buf counts CLEANUP(buf_done) = BUF_MAX(256);
    verdict_put_summary(&counts, s->checks, false);
    buf_printf(out, "<div class=\"verdict %s\">\n<p class=\"word\">%s</p>\n<p>", verdict_name(v),
               word_of(v));
    html_put_str(out, show_meaning(s));
    buf_put_str(out, "</p>\n");
    if (first != NULL) {
        buf_put_str(out, "<p>First failure: <strong>");
        html_put_str(out, first->id);
        buf_put_str(out, "</strong>: ");
        html_put_str(out, first->reason);
        buf_put_str(out, "</p>\n");
    }
    buf_put_str(out, "<p><small>");
    html_put(out, bytes_of(counts.p, counts.n > 0 ? counts.n - 1 : 0));
    buf_put_str(out, "</small></p>\n</div>\n");
    if (show_is_simulated(s))
        buf_put_str(out, "<p><strong>" SHOW_SIMULATED_NOTICE "</strong></p>\n");
}

static void put_time_row(struct buf *out, const char *name, int64_t unix_s)
{
    char text[CLOCK_TEXT_LEN];
    char both[2 * CLOCK_TEXT_LEN];
    clock_text(unix_s, text);
    (void)snprintf(both, sizeof(both), "%s (%lld)", text, (long long)unix_s);
    put_row(out, name, both);
}

static void put_policy(const struct evidence_policy *p, struct buf *out)
{
    char serial[16];
    if (p == NULL) {
        put_row(out, "policy", "none: nothing was pinned");
        return;
    }
    put_hex_row(out, "policy, SHA-256", BYTES_OF(p->sha256));
    if (!p->is_signed)
        return;
    (void)snprintf(serial, sizeof(serial), "%u", p->serial);
    put_hex_row(out, "policy, signed by", BYTES_OF(p->signer));
    put_row(out, "policy, serial", serial);
}

static void put_subject(const struct show *s, struct buf *out)
{
    const struct evidence_step *e = s->evidence;
    buf_put_str(out, "<h2>What was judged</h2>\n");
    open_table(out, "The evidence, the time and the policy of this verdict");
    put_code_row(out, "file", bytes_str(e->path));
    put_row(out, "type", evidence_type_name(e->files.type));
    put_row(out, "platform", evidence_type_platform(e->files.type));
    put_hex_row(out, "SHA-256", BYTES_OF(e->sha256));
    put_time_row(out, "judged for the time", e->files.expect.at_unix_s);
    put_policy(e->files.policy, out);
    if (e->is_accepted && e->verified.release != NULL)
        put_row(out, "release that matched", e->verified.release);
    put_row(out, "verified by", "eml-verify " EML_VERSION);
    close_table(out);
}

static void put_check(struct buf *out, const struct check *k)
{
    static const struct {
        const char *css, *word;
    } RESULTS[] = {
        [CHECK_PASS] = {"pass", "PASS"},
        [CHECK_FAIL] = {"fail", "FAIL"},
        [CHECK_SKIP] = {"skip", "SKIP"},
    };
    buf_printf(out, "<tr><td class=\"%s\">%s</td><th scope=\"row\">", RESULTS[k->result].css,
               RESULTS[k->result].word);
    html_put_str(out, k->id);
    buf_put_str(out, "</th><td>");
    html_put_str(out, k->reason);
    if (k->result == CHECK_SKIP && k->is_required)
        buf_put_str(out, " <strong>(required)</strong>");
    if (k->code != NULL)
        buf_printf(out, "<br><code>%s</code>", k->code);
    if (k->fix != NULL) {
        buf_put_str(out, "<br>What to do: ");
        html_put_str(out, k->fix);
    }
    if (k->source != NULL) {
        buf_put_str(out, "<br><small>");
        html_put_str(out, k->source);
        buf_put_str(out, "</small>");
    }
    buf_put_str(out, "</td></tr>\n");
}

static void put_checks(const struct show *s, struct buf *out)
{
    buf_put_str(out, "<h2>What was checked</h2>\n<table class=\"checks\">\n<caption>Every check, "
                     "in the order in which it was made; a required check that was skipped does "
                     "not accept</caption>\n<thead><tr><th scope=\"col\">Result</th>"
                     "<th scope=\"col\">Check</th><th scope=\"col\">Reason</th></tr></thead>\n"
                     "<tbody>\n");
    for (size_t i = 0; i < s->checks->n; i++)
        put_check(out, &s->checks->v[i]);
    close_table(out);
}

static void put_registers(struct buf *out, const struct measurements *m)
{
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char name[MEASUREMENTS_NAME_MAX];
        struct bytes v = measurements_at(m, i);
        measurements_name(m, i, name);
        if (v.n > 0 && !bytes_all_zero(v))
            put_hex_row(out, name, v);
    }
}

static void put_statement(const struct evidence_step *e, struct buf *out)
{
    struct statement st;
    if (!evidence_step_statement(e, &st))
        return;
    open_table(out, "The statement of this software that the evidence binds");
    put_code_row(out, "service", st.service);
    put_row(out, "freshness", st.freshness == FRESH_EPOCH ? "epoch" : "session");
    put_hex_row(out, "nonce", BYTES_OF(st.nonce));
    put_hex_row(out, "identity key", BYTES_OF(st.identity_key));
    put_hex_row(out, "receipt key", BYTES_OF(st.receipt_key));
    put_hex_row(out, "configuration, SHA-256", BYTES_OF(st.config_digest));
    put_hex_row(out, "model digest", BYTES_OF(st.model_digest));
    put_hex_row(out, "device evidence, SHA-256", BYTES_OF(st.device_digest));
    close_table(out);
}

static void put_facts(const struct show *s, struct buf *out)
{
    const struct evidence_claimed *c = &s->evidence->claimed;
    buf_put_str(out, "<h2>What the evidence says</h2>\n");
    if (!c->is_signed) {
        buf_put_str(out, "<p>Nothing that it says is shown: its signatures did not hold, so that "
                         "anybody may have written it.</p>\n");
        return;
    }
    open_table(out,
               "Signed by the hardware's vendor; whether it is what you want, the policy says");
    if (c->timestamp_ms != 0)
        put_time_row(out, "made at", (int64_t)(c->timestamp_ms / 1000));
    if (c->module_id.n > 0)
        put_code_row(out, "module", c->module_id);
    put_registers(out, &c->measurements);
    for (size_t i = 0; i < c->facts.n; i++)
        put_code_row(out, c->facts.v[i].name, bytes_str(c->facts.v[i].value));
    close_table(out);
    put_statement(s->evidence, out);
}

static void put_part(const struct evidence_trace *t, size_t i, struct buf *out)
{
    const struct evidence_trace_row *row = &t->v[i];
    struct bytes v = evidence_trace_bytes(t, i);
    struct buf dump CLEANUP(buf_done) = BUF_MAX(1 << 14);
    uint8_t digest[SHA256_LEN];
    buf_put_str(out, "<p>");
    html_put_str(out, row->label);
    if (row->input != NULL)
        buf_printf(out, ": %s, offset %zu, length %zu", row->input, row->offset, row->n);
    else
        buf_printf(out, ": computed, length %zu", row->n);
    if (v.p != NULL && ok(sha256(v, digest))) {
        buf_put_str(out, "<br><small>SHA-256 <code>");
        hex_put(out, BYTES_OF(digest));
        buf_put_str(out, "</code></small>");
    }
    buf_put_str(out, "</p>\n");
    if (v.n == 0)
        return;
    explain_put_hex(&dump, row->input != NULL ? row->offset : 0, v, DUMP_MAX);
    buf_put_str(out, "<pre>");
    for (size_t k = 0; k < dump.n; k++) /* lines stay lines */
        dump.p[k] == '\n' ? buf_put_u8(out, '\n') : html_put(out, bytes_of(dump.p + k, 1));
    if (v.n > DUMP_MAX)
        buf_printf(out, "and %zu bytes more\n", v.n - DUMP_MAX);
    buf_put_str(out, "</pre>\n");
}

static void put_trace(const struct show *s, struct buf *out)
{
    const struct evidence_trace *t = s->trace;
    const char *check = "";
    if (t == NULL)
        return;
    buf_put_str(out, "<h2>The bytes that were looked at</h2>\n<p>Offsets count from the start of "
                     "the file that is named. <code>eml-verify evidence --explain</code> prints "
                     "all of them.</p>\n");
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(check, t->v[i].check) != 0) {
            buf_put_str(out, "<h3>");
            html_put_str(out, t->v[i].check);
            buf_put_str(out, "</h3>\n");
        }
        check = t->v[i].check;
        put_part(t, i, out);
    }
}

static void put_unproven(const struct show *s, struct buf *out)
{
    buf_put_str(out, "<h2>What is not proven</h2>\n<p>Also by an accepted verdict:</p>\n<ul>\n");
    for (size_t i = 0; show_unproven(s, i) != NULL; i++) {
        buf_put_str(out, "<li>");
        html_put_str(out, show_unproven(s, i));
        buf_put_str(out, "</li>\n");
    }
    buf_put_str(out, "</ul>\n");
}

status report_html(const struct show *s, struct buf *out)
{
    put_head(out);
    put_verdict(s, out);
    put_subject(s, out);
    put_checks(s, out);
    put_facts(s, out);
    put_unproven(s, out);
    put_trace(s, out);
    buf_put_str(out, "</main>\n</body>\n</html>\n");
    return buf_status(out);
}
