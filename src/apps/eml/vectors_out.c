#include "apps/eml/vectors_out.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/json.h"

enum { SHOWN = 4 };

static struct bytes le_bytes(const struct vector_line *l)
{
    return bytes_of(l->v,
                    l->dim * sizeof(float)); /* little-endian machines only: serve/exchange.c */
}

status vector_put_json(struct buf *out, const struct vector_line *l)
{
    uint8_t digest[SHA256_LEN];
    TRY(sha256(le_bytes(l), digest));
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "text_index", (int64_t)l->text_index);
    json_w_int(&w, "tokens", l->n_tokens);
    json_w_bool(&w, "truncated", l->is_truncated);
    if (l->is_simulated)
        json_w_bool(&w, "simulated", true);
    json_w_open(&w, "embedding", '[');
    for (size_t i = 0; i < l->dim; i++)
        json_w_f32(&w, NULL, l->v[i]);
    json_w_close(&w, ']');
    json_w_hex(&w, "sha256", BYTES_OF(digest));
    json_w_close(&w, '}');
    buf_put_u8(out, '\n');
    return buf_status(out);
}

status vector_put_text(struct buf *out, const struct vector_line *l)
{
    uint8_t digest[SHA256_LEN];
    TRY(sha256(le_bytes(l), digest));
    buf_printf(out, "text %zu: %u tokens%s, %zu numbers [", l->text_index, l->n_tokens,
               l->is_truncated ? " (truncated)" : "", l->dim);
    for (size_t i = 0; i < SHOWN && i < l->dim; i++)
        buf_printf(out, "%s%.6f", i ? ", " : "", (double)l->v[i]);
    buf_put_str(out, " ...] sha256 ");
    hex_put(out, bytes_of(digest, 8));
    buf_put_str(out, l->is_simulated ? "... SIMULATED\n" : "...\n");
    return buf_status(out);
}
