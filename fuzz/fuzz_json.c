/* Any bytes: parse, and what was accepted is walked and written again, and must parse again. */
#include "formats/json.h"

#include <stdlib.h>

static void write_node(struct json_w *w, const char *key, const json_t *node)
{
    struct bytes text;
    double number;
    void *it = NULL;
    const json_t *value;
    if (json_is_text(node, &text)) {
        json_w_text(w, key, text);
    } else if (json_is_number(node, &number)) {
        json_w_f32(w, key, (float)number);
    } else if (json_is_object(node)) {
        json_w_open(w, key, '{');
        while (json_member(node, &it, &text, &value))
            write_node(w, (const char *)text.p, value);
        json_w_close(w, '}');
    } else if (json_len(node) > 0) {
        json_w_open(w, key, '[');
        for (size_t i = 0; i < json_len(node); i++)
            write_node(w, NULL, json_at(node, i));
        json_w_close(w, ']');
    } else {
        json_w_null(w, key);
    }
}

static void read_members(const struct json_doc *d)
{
    uint8_t hex[4];
    struct json_obj o = json_obj_of(json_root(d), "fuzz");
    (void)json_text(&o, "t", false);
    (void)json_int(&o, "i", false, -10, 10, 0);
    (void)json_bool(&o, "b", false, false);
    (void)json_hex(&o, "h", false, hex, sizeof(hex));
    (void)json_list(&o, "l", false, 4);
    struct json_obj sub = json_sub(&o, "s");
    (void)json_number(&sub, "n", true, 0);
    (void)json_str(&sub, "t", false, "x");
    status ends[] = {json_obj_end(&sub), json_obj_end(&o), json_obj_end_foreign(&o)};
    (void)ends;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct json_doc *d CLEANUP(json_doc_freep) = NULL;
    struct json_doc *again CLEANUP(json_doc_freep) = NULL;
    if (failed(json_parse(bytes_of(data, n), 1 << 16, &d)))
        return 0;
    read_members(d);
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 20);
    struct json_w w = {.out = &b};
    write_node(&w, NULL, json_root(d));
    if (failed(buf_status(&b)) || failed(json_parse(buf_view(&b), 1 << 20, &again)))
        abort();
    return 0;
}
