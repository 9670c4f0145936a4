#include "apps/eml-verify/explain.h"

#include <stdio.h>

#include "crypto/hash.h"

enum { LINE = 16 };

static void put_line(struct buf *out, size_t offset, struct bytes v)
{
    buf_printf(out, "%08zx ", offset);
    for (size_t i = 0; i < LINE; i++) {
        if (i < v.n)
            buf_printf(out, " %02x", v.p[i]);
        else
            buf_put_str(out, "   ");
    }
    buf_put_str(out, "  |");
    for (size_t i = 0; i < v.n; i++)
        buf_put_u8(out, v.p[i] >= 0x20 && v.p[i] < 0x7f ? v.p[i] : '.');
    buf_put_str(out, "|\n");
}

void explain_put_hex(struct buf *out, size_t offset, struct bytes v, size_t n_max)
{
    size_t n = v.n < n_max ? v.n : n_max;
    for (size_t at = 0; at < n; at += LINE)
        put_line(out, offset + at, bytes_of(v.p + at, n - at < LINE ? n - at : LINE));
}

static void put_row(struct buf *out, const struct evidence_trace *t, size_t i)
{
    const struct evidence_trace_row *row = &t->v[i];
    struct bytes v = evidence_trace_bytes(t, i);
    if (row->input != NULL)
        buf_printf(out, "  %s, offset %zu, length %zu: %s\n", row->input, row->offset, row->n,
                   row->label);
    else
        buf_printf(out, "  computed, length %zu: %s\n", row->n, row->label);
    if (v.p == NULL)
        buf_put_str(out, "  (left out: too much to show)\n");
    else
        explain_put_hex(out, row->input != NULL ? row->offset : 0, v, v.n);
}

void explain_put_text(struct buf *out, const struct evidence_trace *t)
{
    const char *check = "";
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(check, t->v[i].check) != 0)
            buf_printf(out, "%s\n", t->v[i].check);
        check = t->v[i].check;
        put_row(out, t, i);
    }
    if (t->is_cut)
        buf_put_str(out, "not everything that was looked at is shown\n");
}

static void json_row(struct json_w *w, const struct evidence_trace *t, size_t i)
{
    const struct evidence_trace_row *row = &t->v[i];
    struct bytes v = evidence_trace_bytes(t, i);
    uint8_t digest[SHA256_LEN];
    json_w_open(w, NULL, '{');
    json_w_str(w, "check", row->check);
    json_w_str(w, "label", row->label);
    if (row->input != NULL) {
        json_w_str(w, "input", row->input);
        json_w_int(w, "offset", (int64_t)row->offset);
    } else {
        json_w_null(w, "input");
        json_w_null(w, "offset");
    }
    json_w_int(w, "length", (int64_t)row->n);
    if (v.p != NULL && ok(sha256(v, digest))) {
        json_w_hex(w, "sha256", BYTES_OF(digest));
        json_w_hex(w, "hex", v);
    } else {
        json_w_null(w, "sha256");
        json_w_null(w, "hex");
    }
    json_w_close(w, '}');
}

void explain_put_json(struct json_w *w, const struct evidence_trace *t)
{
    json_w_open(w, "explain", '[');
    for (size_t i = 0; i < t->n; i++)
        json_row(w, t, i);
    json_w_close(w, ']');
    json_w_bool(w, "explain_is_complete", !t->is_cut);
}
