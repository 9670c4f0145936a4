#include "model/version_record.h"

#include "base/file.h"
#include "base/text.h"

enum { LINE_MAX_BYTES = MANIFEST_ID_MAX + 1 + 20 + 1 + 2 * SHA256_LEN };

struct entry {
    struct bytes id; /* borrowed from the record's text */
    uint64_t version;
    uint8_t digest[SHA256_LEN];
};

static struct bytes until(struct bytes *rest, uint8_t sep)
{
    const uint8_t *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    struct bytes out = {rest->p, n};
    size_t skip = at ? n + 1 : n;
    *rest = bytes_of(rest->p + skip, rest->n - skip);
    return out;
}

static status parse_line(struct bytes line, struct entry *out)
{
    char number[21] = {0};
    REQUIRE(line.n <= LINE_MAX_BYTES, ST_FORMAT, "version record: a line is too long");
    out->id = until(&line, ' ');
    struct bytes version = until(&line, ' ');
    REQUIRE(out->id.n > 0 && version.n > 0 && version.n < sizeof(number), ST_FORMAT,
            "version record: a line is malformed");
    memcpy(number, version.p, version.n);
    TRY(status_context(text_parse_u64(number, MANIFEST_VERSION_MAX, &out->version),
                       "version record"));
    return status_context(hex_decode(line, out->digest, SHA256_LEN), "version record");
}

static status read_record(const char *path, struct buf *out)
{
    status s = file_read(path, out);
    return s.code == ST_NOTFOUND ? OK : s;
}

static status judge(const struct entry *e, const struct manifest *m,
                    const uint8_t digest[static SHA256_LEN])
{
    REQUIRE(m->version >= e->version, ST_ROLLBACK,
            "%s version %llu is older than version %llu, which was accepted before", m->id,
            (unsigned long long)m->version, (unsigned long long)e->version);
    REQUIRE(m->version > e->version || memcmp(digest, e->digest, SHA256_LEN) == 0, ST_MISMATCH,
            "%s version %llu is not the one that was accepted before under that number", m->id,
            (unsigned long long)m->version);
    return OK;
}

/* Judges the manifest by its own line and copies all other lines to `out`. */
static status check_lines(struct bytes text, const struct manifest *m,
                          const uint8_t digest[static SHA256_LEN], struct buf *out)
{
    while (text.n > 0) {
        struct entry e = {0};
        struct bytes line = until(&text, '\n');
        TRY(parse_line(line, &e));
        if (bytes_equal(e.id, bytes_str(m->id))) {
            TRY(judge(&e, m, digest));
            continue;
        }
        buf_put(out, line);
        buf_put_u8(out, '\n');
    }
    return buf_status(out);
}

status version_record_check(const char *path, const struct manifest *m,
                            const uint8_t digest[static SHA256_LEN])
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(VERSION_RECORD_MAX_BYTES);
    struct buf others CLEANUP(buf_done) = BUF_MAX(VERSION_RECORD_MAX_BYTES + 1);
    TRY(read_record(path, &text));
    return check_lines(buf_view(&text), m, digest, &others);
}

status version_record_update(const char *path, const struct manifest *m,
                             const uint8_t digest[static SHA256_LEN])
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(VERSION_RECORD_MAX_BYTES);
    struct buf next CLEANUP(buf_done) = BUF_MAX(VERSION_RECORD_MAX_BYTES);
    struct fd held CLEANUP(fd_close) = FD_NONE;
    TRY(file_lock(path, &held));
    TRY(read_record(path, &text));
    TRY(check_lines(buf_view(&text), m, digest, &next));
    buf_printf(&next, "%s %llu ", m->id, (unsigned long long)m->version);
    hex_put(&next, bytes_of(digest, SHA256_LEN));
    buf_put_u8(&next, '\n');
    TRY(buf_status(&next));
    return file_write(path, 0600, buf_view(&next));
}
