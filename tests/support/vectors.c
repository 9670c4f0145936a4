#include "support/vectors.h"

#include "base/text.h"

struct vectors vectors_open(const char *name)
{
    struct buf text = test_vector(name);
    struct vectors v = {0};
    const char *at = (const char *)text.p;
    v.root = json_loadb(at, text.n, JSON_REJECT_DUPLICATES, NULL);
    if (v.root == NULL) /* an integer beyond 64 bits somewhere */
        v.root = json_loadb(at, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    v.blocks = calloc(VECTOR_BLOCKS_MAX, sizeof(*v.blocks));
    assert_non_null(v.root);
    assert_non_null(v.blocks);
    buf_done(&text);
    return v;
}

void vectors_close(struct vectors *v)
{
    for (size_t i = 0; i < v->n_blocks; i++)
        test_exact_free(v->blocks[i]);
    free(v->blocks);
    json_decref(v->root);
    *v = (struct vectors){0};
}

void vectors_report(const struct vectors *v, const char *name)
{
    print_message("%s: %u cases run, %u out of scope\n", name, v->n_run, v->n_out_of_scope);
    assert_true(v->n_run > 0);
}

const json_t *vector_at(const json_t *object, const char *key)
{
    const json_t *at = json_object_get(object, key);
    if (at == NULL)
        fail_msg("the vector has no field %s", key);
    return at;
}

bool vector_has(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

const char *vector_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(vector_at(object, key));
    if (text == NULL)
        fail_msg("the vector's field %s is no text", key);
    return text;
}

int64_t vector_int(const json_t *object, const char *key)
{
    return (int64_t)json_number_value(vector_at(object, key));
}

struct bytes vector_keep(struct vectors *v, struct bytes in)
{
    assert_true(v->n_blocks < VECTOR_BLOCKS_MAX);
    struct bytes kept = test_exact(in);
    v->blocks[v->n_blocks++] = kept;
    return kept;
}

struct bytes vector_hex(struct vectors *v, const json_t *object, const char *key)
{
    struct buf b = test_hex(vector_str(object, key));
    struct bytes kept = vector_keep(v, buf_view(&b));
    buf_done(&b);
    return kept;
}
