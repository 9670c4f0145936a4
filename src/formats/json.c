#include "formats/json.h"

#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

/* The library has macros of these names; here they are functions that take const nodes. */
#undef json_is_object
#undef json_is_number
#undef json_is_null

struct json_doc {
    json_t *root;
};

/* jansson's readers do not write but some are declared as if they did. */
static json_t *unconst(const json_t *node)
{
    union {
        const json_t *in;
        json_t *out;
    } p = {.in = node};
    return p.out;
}

/* Depth is checked before parsing: the library's parser recurses, up to 2048 deep. */
static status check_depth(struct bytes in)
{
    unsigned depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '[' || c == '{'))
            depth++;
        else if (!in_text && (c == ']' || c == '}') && depth > 0)
            depth--;
        REQUIRE(depth <= JSON_DEPTH_MAX, ST_LIMIT, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
    }
    return OK;
}

/* jansson up to 2.14 overlooks that a token's buffer could not grow, and reads past its end when
 * the next allocation succeeds. So after one failure all further ones
 * of that parse fail too: then it gives up before it looks at the buffer. */
static _Thread_local bool no_memory;

static void *latching_malloc(size_t n)
{
    void *p = no_memory ? NULL : malloc(n);
    no_memory = p == NULL;
    return p;
}

static void set_alloc_funcs(void)
{
    json_set_alloc_funcs(latching_malloc, free);
}

static json_t *load(struct bytes in, json_error_t *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_alloc_funcs);
    no_memory = false;
    return json_loadb((const char *)in.p, in.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, e);
}

status json_parse(struct bytes in, size_t max_bytes, struct json_doc **out)
{
    json_error_t e = {0};
    REQUIRE(in.n <= max_bytes, ST_LIMIT, "JSON of %zu bytes; the limit is %zu", in.n, max_bytes);
    REQUIRE(in.n > 0, ST_FORMAT, "JSON is empty");
    TRY(check_depth(in));
    struct json_doc *d = calloc(1, sizeof(*d));
    REQUIRE(d != NULL, ST_NOMEM, "no memory for JSON");
    d->root = load(in, &e);
    if (d->root == NULL) {
        free(d);
        bool is_memory = no_memory || json_error_code(&e) == json_error_out_of_memory;
        return FAIL(is_memory ? ST_NOMEM : ST_FORMAT, "JSON line %d column %d: %s", e.line,
                    e.column, e.text);
    }
    *out = d;
    return OK;
}

void json_doc_freep(struct json_doc **d)
{
    if (*d == NULL)
        return;
    json_decref((*d)->root);
    free(*d);
    *d = NULL;
}

const json_t *json_root(const struct json_doc *d)
{
    return d->root;
}

bool json_is_text(const json_t *node, struct bytes *out)
{
    if (!json_is_string(node))
        return false;
    *out = bytes_of(json_string_value(node), json_string_length(node));
    return true;
}

bool json_is_int(const json_t *node, int64_t *out)
{
    if (!json_is_integer(node))
        return false;
    *out = json_integer_value(node);
    return true;
}

bool json_is_number(const json_t *node, double *out)
{
    if (!json_is_integer(node) && !json_is_real(node))
        return false;
    *out = json_number_value(node);
    return true;
}

bool json_is_object(const json_t *node)
{
    return node != NULL && json_typeof(node) == JSON_OBJECT;
}

bool json_is_null(const json_t *node)
{
    return node != NULL && json_typeof(node) == JSON_NULL;
}

size_t json_len(const json_t *array)
{
    return json_array_size(array);
}

const json_t *json_at(const json_t *array, size_t i)
{
    return json_array_get(array, i);
}

bool json_member(const json_t *object, void **it, struct bytes *out_key, const json_t **out_value)
{
    *it = *it == NULL ? json_object_iter(unconst(object))
                      : json_object_iter_next(unconst(object), *it);
    if (*it == NULL)
        return false;
    *out_key = bytes_of(json_object_iter_key(*it), json_object_iter_key_len(*it));
    *out_value = json_object_iter_value(*it);
    return true;
}

void json_error(struct json_obj *o, enum status_code code, const char *fmt, ...)
{
    if (o->error != ST_OK)
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(o->reason, sizeof(o->reason), fmt, ap);
    va_end(ap);
    o->error = code;
}

struct json_obj json_obj_of(const json_t *node, const char *path)
{
    struct json_obj o = {.node = json_is_object(node) ? node : NULL};
    (void)snprintf(o.path, sizeof(o.path), "%s", path);
    if (o.node == NULL)
        json_error(&o, ST_FORMAT, "must be an object");
    return o;
}

/* Every reader comes through here, so that json_obj_end() knows which keys have a meaning. */
static const json_t *ask(struct json_obj *o, const char *key, bool required)
{
    if (o->n_asked == JSON_KEYS_MAX) {
        json_error(o, ST_INTERNAL, "more than %d keys were asked for", JSON_KEYS_MAX);
        return NULL;
    }
    o->asked[o->n_asked++] = key;
    const json_t *node = o->node ? json_object_get(o->node, key) : NULL;
    if (node == NULL && required)
        json_error(o, ST_FORMAT, "\"%s\" is missing", key);
    return node;
}

static void mistyped(struct json_obj *o, const char *key, const char *expected)
{
    json_error(o, ST_FORMAT, "\"%s\" must be %s", key, expected);
}

bool json_has(struct json_obj *o, const char *key)
{
    return ask(o, key, false) != NULL;
}

const json_t *json_node(struct json_obj *o, const char *key, bool required)
{
    return ask(o, key, required);
}

struct bytes json_text(struct json_obj *o, const char *key, bool required)
{
    struct bytes text = {0};
    const json_t *node = ask(o, key, required);
    if (node != NULL && !json_is_text(node, &text))
        mistyped(o, key, "a text");
    return text;
}

const char *json_str(struct json_obj *o, const char *key, bool required, const char *fallback)
{
    const json_t *node = ask(o, key, required);
    if (node == NULL)
        return fallback;
    const char *text = json_string_value(node);
    if (text == NULL)
        mistyped(o, key, "a text");
    return text ? text : fallback;
}

int64_t json_int(struct json_obj *o, const char *key, bool required, int64_t min, int64_t max,
                 int64_t fallback)
{
    int64_t v = 0;
    const json_t *node = ask(o, key, required);
    if (node == NULL)
        return fallback;
    if (json_is_int(node, &v) && v >= min && v <= max)
        return v;
    json_error(o, ST_FORMAT, "\"%s\" must be an integer from %lld to %lld", key, (long long)min,
               (long long)max);
    return fallback;
}

double json_number(struct json_obj *o, const char *key, bool required, double fallback)
{
    double v = fallback;
    const json_t *node = ask(o, key, required);
    if (node != NULL && !json_is_number(node, &v))
        mistyped(o, key, "a number");
    return v;
}

bool json_bool(struct json_obj *o, const char *key, bool required, bool fallback)
{
    const json_t *node = ask(o, key, required);
    if (node == NULL)
        return fallback;
    if (json_is_boolean(node))
        return json_is_true(node);
    mistyped(o, key, "true or false");
    return fallback;
}

bool json_hex(struct json_obj *o, const char *key, bool required, uint8_t *out, size_t n)
{
    memset(out, 0, n);
    struct bytes text = json_text(o, key, required);
    if (text.p == NULL)
        return false;
    if (ok(hex_decode(text, out, n)))
        return true;
    memset(out, 0, n);
    json_error(o, ST_FORMAT, "\"%s\" must be %zu hexadecimal digits", key, 2 * n);
    return false;
}

struct json_obj json_sub(struct json_obj *o, const char *key)
{
    char path[JSON_PATH_MAX + 64];
    const json_t *node = ask(o, key, true);
    (void)snprintf(path, sizeof(path), "%s%s%s", o->path, o->path[0] ? "." : "", key);
    if (node != NULL && !json_is_object(node))
        mistyped(o, key, "an object");
    return json_obj_of(node, path);
}

const json_t *json_list(struct json_obj *o, const char *key, bool required, size_t max_items)
{
    const json_t *node = ask(o, key, required);
    if (node == NULL)
        return NULL;
    if (!json_is_array(node)) {
        mistyped(o, key, "a list");
        return NULL;
    }
    if (json_array_size(node) > max_items) {
        json_error(o, ST_LIMIT, "\"%s\" holds more than %zu items", key, max_items);
        return NULL;
    }
    return node;
}

static bool was_asked(const struct json_obj *o, struct bytes key)
{
    for (size_t i = 0; i < o->n_asked; i++) {
        if (bytes_equal(key, bytes_str(o->asked[i])))
            return true;
    }
    return false;
}

static status end_known(const struct json_obj *o)
{
    if (o->error == ST_OK)
        return OK;
    return FAIL(o->error, "%s%s%s", o->path, o->path[0] ? ": " : "", o->reason);
}

status json_obj_end_foreign(const struct json_obj *o)
{
    return end_known(o);
}

status json_obj_end(const struct json_obj *o)
{
    void *it = NULL;
    struct bytes key;
    const json_t *value;
    TRY(end_known(o));
    while (json_member(o->node, &it, &key, &value))
        REQUIRE(was_asked(o, key), ST_FORMAT, "%s%sunknown key \"%.*s\"", o->path,
                o->path[0] ? ": " : "", (int)(key.n < 64 ? key.n : 64), (const char *)key.p);
    return OK;
}
