#include "apps/eml/lines.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>

enum { FILE_ROOM = 256 << 20 };

static status from_options(const struct cli *args, struct lines *out)
{
    size_t n = cli_count(args, "text");
    out->v = calloc(n, sizeof(*out->v));
    REQUIRE(out->v != NULL, ST_NOMEM, "no memory for %zu texts", n);
    for (size_t i = 0; i < n; i++)
        out->v[i] = bytes_str(cli_nth(args, "text", i));
    out->n = n;
    return OK;
}

static size_t count_lines(struct bytes text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n + (text.n > 0 && text.p[text.n - 1] != '\n');
}

static struct bytes next_line(struct rd *r)
{
    const uint8_t *start = r->in.p + r->at;
    const uint8_t *end = memchr(start, '\n', rd_left(r));
    struct bytes line = rd_take(r, end ? (size_t)(end - start) : rd_left(r));
    if (end != NULL)
        (void)rd_u8(r);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static status from_file(const char *path, struct lines *out)
{
    out->text = BUF_MAX(FILE_ROOM);
    TRY(file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &out->text));
    struct rd r = rd_over(buf_view(&out->text));
    size_t n = count_lines(r.in);
    REQUIRE(n > 0, ST_FORMAT, "%s holds no text", path);
    out->v = calloc(n, sizeof(*out->v));
    REQUIRE(out->v != NULL, ST_NOMEM, "no memory for %zu texts", n);
    while (out->n < n)
        out->v[out->n++] = next_line(&r);
    return OK;
}

/* Before a model is loaded or an enclave asked: it could parse no request with such a text. */
static status check_utf8(const struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        REQUIRE(utf8_is_valid(l->v[i]), ST_FORMAT, "text %zu: the text is not UTF-8", i);
    return OK;
}

status lines_open(const struct cli *args, const char *file_option, struct lines *out)
{
    const char *path = cli_value(args, file_option);
    bool has_text = cli_count(args, "text") > 0;
    *out = (struct lines){0};
    if (has_text == (path != NULL))
        return cli_wrong("give texts with --text, or a file with --%s", file_option);
    TRY(has_text ? from_options(args, out) : from_file(path, out));
    return check_utf8(out);
}

void lines_done(struct lines *l)
{
    buf_done(&l->text);
    free(l->v);
    *l = (struct lines){0};
}
