/* json - strict JSON (RFC 8259) on jansson: no duplicate key, no NUL, UTF-8 only, bounded size and
 * depth.
 *
 * Objects are read with a sticky reader: ask for every key that the format knows, then
 * json_obj_end() reports the first missing, mistyped or unknown key by its path. Views live as long
 * as the document. A document of n bytes costs at most about 80 n bytes of memory ("[{},{},...").
 */
#ifndef FORMATS_JSON_H
#define FORMATS_JSON_H

#include "base/buf.h"

struct json_doc;              /* owns the tree */
typedef struct json_t json_t; /* a node; jansson's own type, borrowed from its document */

enum { JSON_DEPTH_MAX = 32 }; /* nested arrays and objects */

/* One value and nothing after it. ST_FORMAT with line and column, ST_LIMIT above max_bytes or
 * JSON_DEPTH_MAX. */
NODISCARD status json_parse(struct bytes in, size_t max_bytes, struct json_doc **out);
void json_doc_freep(struct json_doc **d);
const json_t *json_root(const struct json_doc *d);

enum { JSON_KEYS_MAX = 64, JSON_PATH_MAX = 96 };

/* A reader of one object. Plain data. `path` is for error texts: "policy.nitro". */
struct json_obj {
    const json_t *node;
    char path[JSON_PATH_MAX];
    const char *asked[JSON_KEYS_MAX];
    size_t n_asked;
    enum status_code error;
    char reason[160];
};

struct json_obj json_obj_of(const json_t *node, const char *path); /* error if it is no object */
bool json_has(struct json_obj *o, const char *key);                /* counts as asked */
/* Each: absent optional keys give the default; a wrong type or a missing required key is an error.
 */
struct bytes json_text(struct json_obj *o, const char *key,
                       bool required); /* {NULL,0} when absent */
/* Same, NUL-terminated (JSON text never holds a NUL here); fallback when absent and not NULL. */
const char *json_str(struct json_obj *o, const char *key, bool required, const char *fallback);
int64_t json_int(struct json_obj *o, const char *key, bool required, int64_t min, int64_t max,
                 int64_t fallback);
double json_number(struct json_obj *o, const char *key, bool required, double fallback);
bool json_bool(struct json_obj *o, const char *key, bool required, bool fallback);
/* Hexadecimal text of exactly n bytes into out (zeroes when absent); returns whether it was there.
 */
bool json_hex(struct json_obj *o, const char *key, bool required, uint8_t *out, size_t n);
const json_t *json_node(struct json_obj *o, const char *key,
                        bool required);                        /* any type; NULL absent */
struct json_obj json_sub(struct json_obj *o, const char *key); /* required sub-object */
/* Arrays: the node of the array, or NULL; length and elements below. */
const json_t *json_list(struct json_obj *o, const char *key, bool required, size_t max_items);
size_t json_len(const json_t *array);
const json_t *json_at(const json_t *array, size_t i);
bool json_is_text(const json_t *node, struct bytes *out);
bool json_is_int(const json_t *node, int64_t *out);
bool json_is_number(const json_t *node, double *out);
bool json_is_object(const json_t *node);
bool json_is_null(const json_t *node); /* the literal null; false for an absent node */
/* Iterates over the members of an object whose keys are data; start with *it = NULL. */
bool json_member(const json_t *object, void **it, struct bytes *out_key, const json_t **out_value);
void json_error(struct json_obj *o, enum status_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* First error, or ST_CONFIG-free success when every key present was asked for; unknown keys:
 * ST_FORMAT. */
NODISCARD status json_obj_end(const struct json_obj *o);
/* The same but keys that nobody asked for are let pass: for foreign formats (Hugging Face) only. */
NODISCARD status json_obj_end_foreign(const struct json_obj *o);

/* Writing: small emitters on a buf. The caller writes commas by means of json_w's state. */
struct json_w {
    struct buf *out;
    bool need_comma;
};
void json_w_open(struct json_w *w, const char *key,
                 char bracket);                    /* '{' or '['; key NULL inside an array */
void json_w_close(struct json_w *w, char bracket); /* '}' or ']' */
void json_w_text(struct json_w *w, const char *key,
                 struct bytes v); /* escapes; invalid UTF-8 becomes U+FFFD */
void json_w_str(struct json_w *w, const char *key, const char *v);
void json_w_int(struct json_w *w, const char *key, int64_t v);
void json_w_bool(struct json_w *w, const char *key, bool v);
void json_w_hex(struct json_w *w, const char *key, struct bytes v);
/* The shortest decimal that reads back to the same bits, always with a point or an exponent so that
 * it stays a float in every language; NaN and infinities, which JSON cannot say, become null. */
void json_w_f32(struct json_w *w, const char *key, float v);
void json_w_null(struct json_w *w, const char *key);
/* JSON that a json_w wrote, with a line for each member and element, for people who edit it. */
void json_pretty(struct bytes compact, struct buf *out);

#endif
