#include "formats/json.h"

/* Where the writer stands in the text. */
struct pretty {
    struct buf *out;
    size_t depth;
    bool is_text;    /* between quotes */
    bool is_escaped; /* after a backslash */
};

static void new_line(struct pretty *p)
{
    buf_put_u8(p->out, '\n');
    for (size_t i = 0; i < p->depth; i++)
        buf_put_str(p->out, "  ");
}

static void put_in_text(struct pretty *p, uint8_t c)
{
    buf_put_u8(p->out, c);
    p->is_text = c != '"' || p->is_escaped;
    p->is_escaped = c == '\\' && !p->is_escaped;
}

static void put_open(struct pretty *p, uint8_t c, bool is_empty)
{
    buf_put_u8(p->out, c);
    p->depth++;
    if (!is_empty)
        new_line(p);
}

static void put_close(struct pretty *p, uint8_t c, bool is_empty)
{
    p->depth -= p->depth > 0;
    if (!is_empty)
        new_line(p);
    buf_put_u8(p->out, c);
}

static void put(struct pretty *p, uint8_t before, uint8_t c, uint8_t after)
{
    if (c == '{' || c == '[') {
        put_open(p, c, after == '}' || after == ']');
        return;
    }
    if (c == '}' || c == ']') {
        put_close(p, c, before == '{' || before == '[');
        return;
    }
    buf_put_u8(p->out, c);
    p->is_text = c == '"';
    if (c == ',')
        new_line(p);
    if (c == ':')
        buf_put_u8(p->out, ' ');
}

void json_pretty(struct bytes compact, struct buf *out)
{
    struct pretty p = {.out = out};
    for (size_t i = 0; i < compact.n; i++) {
        if (p.is_text)
            put_in_text(&p, compact.p[i]);
        else
            put(&p, i > 0 ? compact.p[i - 1] : 0, compact.p[i],
                i + 1 < compact.n ? compact.p[i + 1] : 0);
    }
    buf_put_u8(out, '\n');
}
