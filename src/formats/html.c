#include "formats/html.h"

static const char *entity_of(uint8_t c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_put(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (entity_of(c) != NULL)
            buf_put_str(out, entity_of(c));
        else if (c >= 0x20 && c < 0x7f)
            buf_put_u8(out, c);
        else
            buf_printf(out, "\\x%02x", c);
    }
}

void html_put_str(struct buf *out, const char *text)
{
    if (text != NULL)
        html_put(out, bytes_str(text));
}
