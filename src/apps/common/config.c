#include "apps/common/config.h"

#include <string.h>

#include "base/file.h"

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
