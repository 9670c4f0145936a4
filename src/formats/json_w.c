#include "formats/json.h"

#include "base/text.h"
#include "formats/json_f32.h"

#include <math.h>

static void put_u00(struct buf *out, uint8_t c)
{
    const char *hex = "0123456789abcdef";
    const uint8_t text[] = {'\\', 'u', '0', '0', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15]};
    buf_put(out, BYTES_OF(text));
}

static void put_escaped(struct buf *out, uint8_t c)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *s = SHORT; *s != 0; s += 2) {
        if ((uint8_t)s[0] != c)
            continue;
        buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)s[1]);
        return;
    }
    put_u00(out, c);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_text(struct buf *out, struct bytes v)
{
    buf_put_u8(out, '"');
    for (size_t i = 0; i < v.n;) {
        size_t run = i;
        while (run < v.n && is_plain(v.p[run]))
            run++;
        buf_put(out, bytes_of(v.p + i, run - i));
        i = run;
        if (i == v.n)
            break;
        size_t len = utf8_sequence(bytes_of(v.p + i, v.n - i));
        if (len == 1)
            put_escaped(out, v.p[i]);
        else if (len == 0)
            buf_put_str(out, "\xef\xbf\xbd");
        else
            buf_put(out, bytes_of(v.p + i, len));
        i += len ? len : 1;
    }
    buf_put_u8(out, '"');
}

static void begin(struct json_w *w, const char *key)
{
    if (w->need_comma)
        buf_put_u8(w->out, ',');
    w->need_comma = true;
    if (key == NULL)
        return;
    put_text(w->out, bytes_str(key));
    buf_put_u8(w->out, ':');
}

void json_w_open(struct json_w *w, const char *key, char bracket)
{
    begin(w, key);
    buf_put_u8(w->out, (uint8_t)bracket);
    w->need_comma = false;
}

void json_w_close(struct json_w *w, char bracket)
{
    buf_put_u8(w->out, (uint8_t)bracket);
    w->need_comma = true;
}

void json_w_text(struct json_w *w, const char *key, struct bytes v)
{
    begin(w, key);
    put_text(w->out, v);
}

void json_w_str(struct json_w *w, const char *key, const char *v)
{
    json_w_text(w, key, bytes_str(v));
}

void json_w_int(struct json_w *w, const char *key, int64_t v)
{
    begin(w, key);
    buf_printf(w->out, "%lld", (long long)v);
}

void json_w_bool(struct json_w *w, const char *key, bool v)
{
    begin(w, key);
    buf_put_str(w->out, v ? "true" : "false");
}

void json_w_hex(struct json_w *w, const char *key, struct bytes v)
{
    begin(w, key);
    buf_put_u8(w->out, '"');
    hex_put(w->out, v);
    buf_put_u8(w->out, '"');
}

void json_w_f32(struct json_w *w, const char *key, float v)
{
    char text[JSON_F32_MAX];
    begin(w, key);
    if (isfinite(v))
        buf_put(w->out, bytes_of(text, json_f32_text(v, text)));
    else
        buf_put_str(w->out, "null");
}

void json_w_null(struct json_w *w, const char *key)
{
    begin(w, key);
    buf_put_str(w->out, "null");
}
