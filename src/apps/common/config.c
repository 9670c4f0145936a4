#include "apps/common/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

/* What is wrong inside a configuration is one kind of failure, whatever the parser called it. */
static status as_config(status s, const char *path)
{
    if (ok(s) || s.code == ST_NOMEM)
        return s;
    status out = FAIL(ST_CONFIG, "%s", status_detail());
    return status_context(out, "%s", path);
}

status config_open(const char *path, struct config *out)
{
    *out = (struct config){.path = path, .text = BUF_MAX(CONFIG_BYTES_MAX)};
    TRY(file_read(path, &out->text));
    TRY(as_config(json_parse(buf_view(&out->text), CONFIG_BYTES_MAX, &out->doc), path));
    out->root = json_obj_of(json_root(out->doc), "");
    REQUIRE(json_is_object(out->root.node), ST_CONFIG, "%s: not a JSON object", path);
    return OK;
}

status config_end_sub(const struct config *c, const struct json_obj *o)
{
    return as_config(json_obj_end(o), c->path);
}

status config_end(const struct config *c)
{
    return config_end_sub(c, &c->root);
}

void config_done(struct config *c)
{
    json_doc_freep(&c->doc);
    buf_done(&c->text);
    *c = (struct config){0};
}

status config_path(const struct config *c, const char *given, char *out, size_t out_cap)
{
    const char *slash = strrchr(c->path, '/');
    size_t n = given[0] == '/' || slash == NULL ? 0 : (size_t)(slash - c->path) + 1;
    size_t n_given = strlen(given);
    REQUIRE(n + n_given < out_cap, ST_LIMIT, "%s: path is too long", given);
    memcpy(out, c->path, n);
    memcpy(out + n, given, n_given + 1);
    return OK;
}

static status check_private(const char *path)
{
    struct stat st;
    REQUIRE(stat(path, &st) == 0, errno == ENOENT ? ST_NOTFOUND : ST_IO, "%s: %s", path,
            strerror(errno));
    REQUIRE((st.st_mode & 077) == 0, ST_CONFIG,
            "%s holds a secret and others may read it: chmod 600 %s", path, path);
    return OK;
}

status config_secret(const char *path, uint8_t *out, size_t n)
{
    TRY(check_private(path));
    struct buf text CLEANUP(buf_done) = BUF_MAX(2 * n + 1);
    TRY(file_read(path, &text));
    if (text.n == n) {
        memcpy(out, text.p, n);
        return OK;
    }
    struct bytes digits = buf_view(&text);
    if (digits.n == 2 * n + 1 && digits.p[2 * n] == '\n')
        digits.n--;
    REQUIRE(digits.n == 2 * n && ok(hex_decode(digits, out, n)), ST_CONFIG,
            "%s: not a key of %zu bytes, raw or in hexadecimal", path, n);
    return OK;
}
