#include "tee/cs_http.h"

#include <strings.h>

enum { CHUNK_DIGITS_MAX = 5, LENGTH_DIGITS_MAX = 6 };

/* What the head says about the body. */
struct framing {
    bool has_length;
    bool is_chunked;
    size_t length;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* RFC 9110 section 5.6.2. */
static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool is_alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_alpha && !is_digit(c) && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.n > 0;
}

static bool is_field_text(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((text.p[i] < 0x20 && text.p[i] != '\t') || text.p[i] == 0x7f)
            return false;
    }
    return true;
}

static bool is_name(struct bytes name, const char *want)
{
    return name.n == strlen(want) && strncasecmp((const char *)name.p, want, name.n) == 0;
}

/* A line ends with CR LF and with nothing less; its bytes are taken without them. */
static status take_line(struct rd *r, size_t max, struct bytes *out)
{
    struct bytes left = bytes_of(r->in.p ? r->in.p + r->at : NULL, rd_left(r));
    size_t n = 0;
    while (n < left.n && left.p[n] != '\r' && left.p[n] != '\n')
        n++;
    REQUIRE(n <= max, ST_LIMIT, "HTTP: a line of %zu bytes", n);
    REQUIRE(n + 1 < left.n, ST_TRUNCATED, "HTTP: the response ends in a line");
    REQUIRE(left.p[n] == '\r' && left.p[n + 1] == '\n', ST_PROTOCOL,
            "HTTP: a line without CR LF at its end");
    *out = bytes_of(left.p, n);
    r->at += n + 2;
    return OK;
}

/* status-line = "HTTP/1.1 " 3DIGIT SP [ reason ] */
static status read_status(struct rd *r, unsigned *out)
{
    struct bytes line;
    TRY(take_line(r, CS_HTTP_HEAD_MAX, &line));
    const uint8_t *d = line.p + 9;
    REQUIRE(line.n >= 13 && memcmp(line.p, "HTTP/1.1 ", 9) == 0 && line.p[12] == ' ' &&
                is_digit(d[0]) && is_digit(d[1]) && is_digit(d[2]) && is_field_text(line),
            ST_PROTOCOL, "HTTP: no status line of HTTP/1.1");
    unsigned code = (unsigned)(d[0] - '0') * 100 + (unsigned)(d[1] - '0') * 10 + (d[2] - '0');
    REQUIRE(code >= 200 && code < 600, ST_PROTOCOL, "HTTP: status %u", code);
    *out = code;
    return OK;
}

static status read_length(struct bytes value, struct framing *f)
{
    size_t length = 0;
    REQUIRE(!f->has_length && !f->is_chunked, ST_PROTOCOL, "HTTP: the body's end is told twice");
    REQUIRE(value.n > 0 && value.n <= LENGTH_DIGITS_MAX, ST_PROTOCOL, "HTTP: Content-Length");
    for (size_t i = 0; i < value.n; i++) {
        REQUIRE(is_digit(value.p[i]), ST_PROTOCOL, "HTTP: Content-Length is no number");
        length = length * 10 + (size_t)(value.p[i] - '0');
    }
    REQUIRE(length <= CS_HTTP_BODY_MAX, ST_LIMIT, "HTTP: a body of %zu bytes", length);
    f->has_length = true;
    f->length = length;
    return OK;
}

static status read_field(struct bytes name, struct bytes value, struct framing *f)
{
    if (is_name(name, "content-length"))
        return read_length(value, f);
    if (is_name(name, "transfer-encoding")) {
        REQUIRE(!f->has_length && !f->is_chunked, ST_PROTOCOL,
                "HTTP: the body's end is told twice");
        REQUIRE(is_name(value, "chunked"), ST_PROTOCOL, "HTTP: a transfer coding that is unknown");
        f->is_chunked = true;
    }
    REQUIRE(!is_name(name, "content-encoding"), ST_PROTOCOL, "HTTP: the content is encoded");
    return OK;
}

static struct bytes trim(struct bytes v)
{
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
        v = bytes_of(v.p + 1, v.n - 1);
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
        v.n--;
    return v;
}

static status read_fields(struct rd *r, struct framing *out)
{
    for (unsigned i = 0; i <= CS_HTTP_FIELDS_MAX; i++) {
        struct bytes line;
        TRY(take_line(r, CS_HTTP_HEAD_MAX, &line));
        if (line.n == 0)
            return OK;
        const uint8_t *colon = memchr(line.p, ':', line.n);
        REQUIRE(colon != NULL, ST_PROTOCOL, "HTTP: a field without a colon");
        struct bytes name = bytes_of(line.p, (size_t)(colon - line.p));
        struct bytes value = trim(bytes_of(colon + 1, line.n - name.n - 1));
        REQUIRE(is_token(name) && is_field_text(value), ST_PROTOCOL, "HTTP: a field's form");
        TRY(read_field(name, value, out));
    }
    return FAIL(ST_LIMIT, "HTTP: more than %d fields", CS_HTTP_FIELDS_MAX);
}

static int hex_digit(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static status read_chunk_size(struct rd *r, size_t *out)
{
    struct bytes line;
    size_t n = 0;
    TRY(take_line(r, CS_HTTP_HEAD_MAX, &line));
    REQUIRE(line.n > 0 && line.n <= CHUNK_DIGITS_MAX, ST_PROTOCOL, "HTTP: the size of a chunk");
    for (size_t i = 0; i < line.n; i++) {
        int d = hex_digit(line.p[i]);
        REQUIRE(d >= 0, ST_PROTOCOL, "HTTP: the size of a chunk");
        n = n << 4 | (size_t)d;
    }
    *out = n;
    return OK;
}

static status read_chunks(struct rd *r, struct buf *out)
{
    struct bytes end;
    for (;;) {
        size_t n = 0;
        TRY(read_chunk_size(r, &n));
        buf_put(out, rd_take(r, n));
        REQUIRE(!r->short_read, ST_TRUNCATED, "HTTP: the response ends in a chunk");
        TRY(status_context(buf_status(out), "HTTP body"));
        TRY(take_line(r, CS_HTTP_HEAD_MAX, &end));
        REQUIRE(end.n == 0, ST_PROTOCOL, "HTTP: a chunk is longer than its size, or a trailer");
        if (n == 0)
            return OK;
    }
}

static status read_body(struct rd *r, const struct framing *f, struct buf *out)
{
    REQUIRE(f->has_length || f->is_chunked, ST_PROTOCOL, "HTTP: the body's end is not told");
    if (f->is_chunked)
        return read_chunks(r, out);
    buf_put(out, rd_take(r, f->length));
    REQUIRE(!r->short_read, ST_TRUNCATED, "HTTP: the response ends in its body");
    return buf_status(out);
}

status cs_http_parse(struct bytes response, struct cs_http *out)
{
    struct rd r = rd_over(response);
    struct framing f = {0};
    *out = (struct cs_http){.body = BUF_MAX(CS_HTTP_BODY_MAX)};
    TRY(read_status(&r, &out->status));
    TRY(read_fields(&r, &f));
    TRY(read_body(&r, &f, &out->body));
    REQUIRE(rd_left(&r) == 0, ST_PROTOCOL, "HTTP: %zu bytes after the response", rd_left(&r));
    return OK;
}

void cs_http_done(struct cs_http *h)
{
    buf_done(&h->body);
}
