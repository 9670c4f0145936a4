#include "formats/verdict.h"

static const char *const WORDS[] = {
    [CHECK_PASS] = "PASS",
    [CHECK_FAIL] = "FAIL",
    [CHECK_SKIP] = "SKIP",
};

static void json_optional(struct json_w *w, const char *key, const char *v)
{
    if (v == NULL)
        json_w_null(w, key);
    else
        json_w_str(w, key, v);
}

static void json_check(struct json_w *w, const struct check *k)
{
    json_w_open(w, NULL, '{');
    json_w_str(w, "id", k->id);
    json_w_str(w, "status", WORDS[k->result]);
    json_optional(w, "code", k->code);
    json_w_text(w, "reason", bytes_str(k->reason));
    json_optional(w, "fix", k->fix);
    if (k->source != NULL)
        json_w_str(w, "source", k->source);
    json_w_close(w, '}');
}

void verdict_json_members(struct json_w *w, const struct checks *c)
{
    json_w_str(w, "verdict", verdict_name(checks_verdict(c)));
    json_w_open(w, "checks", '[');
    for (size_t i = 0; i < c->n; i++)
        json_check(w, &c->v[i]);
    json_w_close(w, ']');
}

void verdict_put_json(struct buf *out, const struct checks *c)
{
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    verdict_json_members(&w, c);
    json_w_close(&w, '}');
}

void verdict_put_safe(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] >= 0x20 && text.p[i] < 0x7f)
            buf_put_u8(out, text.p[i]);
        else
            buf_printf(out, "\\x%02x", text.p[i]);
    }
}

static const char *colour_of(enum check_result result)
{
    if (result == CHECK_PASS)
        return "\033[32m";
    return result == CHECK_FAIL ? "\033[31m" : "\033[33m";
}

static void put_word(struct buf *out, const char *word, const char *before)
{
    if (before != NULL)
        buf_put_str(out, before);
    buf_put_str(out, word);
    if (before != NULL)
        buf_put_str(out, "\033[0m");
}

/* Neighbours that were skipped for one reason are told together. */
static bool is_same_skip(const struct check *a, const struct check *b)
{
    return a->result == CHECK_SKIP && b->result == CHECK_SKIP && a->is_required == b->is_required &&
           strcmp(a->reason, b->reason) == 0;
}

/* The checks from `first` on that share its line. */
static size_t group_size(const struct checks *c, size_t first)
{
    size_t n = 1;
    while (first + n < c->n && is_same_skip(&c->v[first], &c->v[first + n]))
        n++;
    return n;
}

static void put_group(struct buf *out, const struct check *k, size_t n, bool colour)
{
    put_word(out, WORDS[k->result], colour ? colour_of(k->result) : NULL);
    buf_put_str(out, "  ");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", k[i].id);
    if (k->code != NULL)
        buf_printf(out, " [%s]", k->code);
    buf_put_str(out, ": ");
    verdict_put_safe(out, bytes_str(k->reason));
    if (k->result == CHECK_SKIP && k->is_required)
        buf_put_str(out, " (required)");
    if (k->fix != NULL)
        buf_printf(out, "; %s", k->fix);
    buf_put_str(out, "\n");
}

static size_t count(const struct checks *c, enum check_result result)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->v[i].result == result;
    return n;
}

void verdict_put_checks(struct buf *out, const struct checks *c, bool colour)
{
    for (size_t i = 0; i < c->n; i += group_size(c, i))
        put_group(out, &c->v[i], group_size(c, i), colour);
}

void verdict_put_summary(struct buf *out, const struct checks *c, bool colour)
{
    enum verdict v = checks_verdict(c);
    buf_put_str(out, "verdict: ");
    put_word(out, verdict_name(v),
             colour ? colour_of(v == VERDICT_ACCEPT ? CHECK_PASS : CHECK_FAIL) : NULL);
    buf_printf(out, " (%zu passed, %zu failed, %zu skipped)\n", count(c, CHECK_PASS),
               count(c, CHECK_FAIL), count(c, CHECK_SKIP));
}

void verdict_put_text(struct buf *out, const struct checks *c, bool colour)
{
    verdict_put_checks(out, c, colour);
    verdict_put_summary(out, c, colour);
}
