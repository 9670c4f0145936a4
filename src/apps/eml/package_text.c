#include "apps/eml/package_text.h"

#include "base/text.h"

#include <stdio.h>
#include <time.h>

enum { TEXT_ROOM = 64 << 10, DTYPES_ROOM = 32 };

static void put_dtypes(struct json_w *w, uint32_t dtypes)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(DTYPES_ROOM);
    manifest_put_dtypes(dtypes, &b);
    json_w_text(w, "dtypes", buf_view(&b));
}

static void put_files(struct json_w *w, const struct manifest *m)
{
    json_w_open(w, "files", '[');
    for (uint32_t i = 0; i < m->n_files; i++) {
        json_w_open(w, NULL, '{');
        json_w_str(w, "name", m->files[i].name);
        json_w_int(w, "bytes", (int64_t)m->files[i].n_bytes);
        json_w_hex(w, "sha256", BYTES_OF(m->files[i].sha256));
        json_w_hex(w, "merkle_root", BYTES_OF(m->files[i].root));
        json_w_close(w, '}');
    }
    json_w_close(w, ']');
}

void package_text_members(struct json_w *w, const struct manifest *m, const uint8_t *digest,
                          const uint8_t *model_hash, uint64_t package_bytes)
{
    json_w_str(w, "id", m->id);
    json_w_int(w, "version", (int64_t)m->version);
    json_w_hex(w, "manifest_digest", bytes_of(digest, SHA256_LEN));
    json_w_hex(w, "model_hash", bytes_of(model_hash, SHA256_LEN));
    json_w_hex(w, "publisher", BYTES_OF(m->publisher));
    json_w_str(w, "key_id", m->key_id);
    json_w_int(w, "created", m->created_unix_s);
    json_w_int(w, "expires", m->expires_unix_s);
    json_w_int(w, "max_tokens", m->max_tokens);
    put_dtypes(w, m->allowed_dtypes);
    json_w_int(w, "package_bytes", (int64_t)package_bytes);
    put_files(w, m);
}

static void put_time(struct buf *b, const char *name, int64_t unix_s)
{
    char text[64] = "?";
    struct tm tm;
    time_t t = (time_t)unix_s;
    if (gmtime_r(&t, &tm) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
    buf_printf(b, "%-16s %s\n", name, text);
}

static void put_hex(struct buf *b, const char *name, struct bytes v)
{
    buf_printf(b, "%-16s ", name);
    hex_put(b, v);
    buf_put_u8(b, '\n');
}

static void put_text(struct buf *b, const struct manifest *m, const uint8_t *digest,
                     const uint8_t *model_hash, uint64_t package_bytes)
{
    buf_printf(b, "%-16s %s version %llu\n", "model", m->id, (unsigned long long)m->version);
    put_hex(b, "manifest digest", bytes_of(digest, SHA256_LEN));
    put_hex(b, "model hash", bytes_of(model_hash, SHA256_LEN));
    put_hex(b, "publisher", BYTES_OF(m->publisher));
    buf_printf(b, "%-16s %s\n", "key id", m->key_id);
    put_time(b, "created", m->created_unix_s);
    put_time(b, "expires", m->expires_unix_s);
    buf_printf(b, "%-16s ", "weight types");
    manifest_put_dtypes(m->allowed_dtypes, b);
    buf_put_u8(b, '\n');
    if (m->max_tokens != 0)
        buf_printf(b, "%-16s %u\n", "max tokens", m->max_tokens);
    buf_printf(b, "%-16s %llu bytes\n", "package", (unsigned long long)package_bytes);
    for (uint32_t i = 0; i < m->n_files; i++)
        buf_printf(b, "  %-28s %12llu bytes\n", m->files[i].name,
                   (unsigned long long)m->files[i].n_bytes);
}

status package_text_print(const struct manifest *m, const uint8_t *digest, uint64_t package_bytes,
                          bool is_json)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(TEXT_ROOM);
    uint8_t model_hash[SHA256_LEN];
    TRY(content_digest(m->files, m->n_files, model_hash));
    if (is_json) {
        struct json_w w = {.out = &b};
        json_w_open(&w, NULL, '{');
        package_text_members(&w, m, digest, model_hash, package_bytes);
        json_w_close(&w, '}');
        buf_put_u8(&b, '\n');
    } else {
        put_text(&b, m, digest, model_hash, package_bytes);
    }
    TRY(buf_status(&b));
    REQUIRE(fwrite(b.p, 1, b.n, stdout) == b.n, ST_IO, "standard output cannot be written");
    return OK;
}
