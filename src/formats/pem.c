#include "formats/pem.h"

#include "base/text.h"

enum { LINE_CHARS = 64, LINE_BYTES = 48 };

static struct bytes skip_space(struct bytes t)
{
    while (t.n > 0 && (*t.p == '\n' || *t.p == '\r' || *t.p == ' ' || *t.p == '\t'))
        t = bytes_of(t.p + 1, t.n - 1);
    return t;
}

/* Takes one line off the text, without its LF or CR LF. */
static struct bytes take_line(struct bytes *t)
{
    const uint8_t *lf = t->n ? memchr(t->p, '\n', t->n) : NULL;
    struct bytes line = bytes_of(t->p, lf ? (size_t)(lf - t->p) : t->n);
    size_t used = line.n + (lf ? 1 : 0);
    *t = bytes_of(t->n ? t->p + used : t->p, t->n - used);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* "-----BEGIN LABEL-----" or the same with END. */
static bool is_boundary(struct bytes line, const char *kind, const char *label)
{
    struct bytes parts[] = {BYTES_LIT("-----"), bytes_str(kind), BYTES_LIT(" "), bytes_str(label),
                            BYTES_LIT("-----")};
    struct rd r = rd_over(line);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!bytes_equal(rd_take(&r, parts[i].n), parts[i]))
            return false;
    }
    return ok(rd_end(&r));
}

/* RFC 7468 section 3, strict form: every line but the last holds 64 characters. */
static status read_body(struct bytes *text, const char *label, struct buf *base64)
{
    bool is_last = false;
    while (text->n > 0) {
        struct bytes line = take_line(text);
        if (is_boundary(line, "END", label))
            return buf_status(base64);
        REQUIRE(!is_last && line.n > 0 && line.n <= LINE_CHARS, ST_FORMAT,
                "PEM: a line of %zu characters", line.n);
        is_last = line.n < LINE_CHARS;
        buf_put(base64, line);
    }
    return FAIL(ST_TRUNCATED, "PEM: no END %s line", label);
}

status pem_next(struct bytes *text, const char *label, struct buf *out_der)
{
    struct bytes left = skip_space(*text);
    REQUIRE(left.n > 0, ST_NOTFOUND, "no further %s block", label);
    REQUIRE(is_boundary(take_line(&left), "BEGIN", label), ST_FORMAT,
            "PEM: a line that is not BEGIN %s", label);
    struct buf base64 CLEANUP(buf_done) = BUF_MAX(left.n);
    TRY(read_body(&left, label, &base64));
    REQUIRE(base64.n > 0, ST_FORMAT, "PEM: an empty %s block", label);
    TRY(status_context(base64_decode(buf_view(&base64), out_der), "PEM"));
    *text = left;
    return OK;
}

static void put_boundary(struct buf *out, const char *kind, const char *label)
{
    buf_put_str(out, "-----");
    buf_put_str(out, kind);
    buf_put_str(out, " ");
    buf_put_str(out, label);
    buf_put_str(out, "-----\n");
}

void pem_put(struct buf *out, const char *label, struct bytes der)
{
    put_boundary(out, "BEGIN", label);
    for (size_t i = 0; i < der.n; i += LINE_BYTES) {
        base64_put(out, bytes_of(der.p + i, der.n - i < LINE_BYTES ? der.n - i : LINE_BYTES));
        buf_put_u8(out, '\n');
    }
    put_boundary(out, "END", label);
}
