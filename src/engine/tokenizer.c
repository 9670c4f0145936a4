#include "engine/tokenizer.h"

#include <stdlib.h>

#include "base/text.h"
#include "engine/bert_words.h"
#include "engine/wordpiece.h"
#include "formats/json.h"

enum { ADDED_MAX = 1024, ADDED_BYTES_MAX = 256 };

/* A token that is looked for in the text as it stands, before anything else. */
struct added {
    uint8_t text[ADDED_BYTES_MAX];
    uint32_t n;
    uint32_t id;
};

struct tokenizer {
    struct wordpiece *vocab;
    struct bert_words words;
    struct added *added; /* longest first */
    uint32_t n_added;
    bool begins_added[256]; /* by the first byte of the text */
    uint32_t unk;
    uint32_t cls;
    uint32_t sep;
    uint32_t id_bound;
};

void tokenizer_freep(struct tokenizer **t)
{
    if (*t == NULL)
        return;
    wordpiece_freep(&(*t)->vocab);
    free((*t)->added);
    free(*t);
    *t = NULL;
}

uint32_t tokenizer_id_bound(const struct tokenizer *t)
{
    return t->id_bound;
}

/* -- reading tokenizer.json -- */

static status require_type(struct json_obj *o, const char *expected)
{
    const char *type = json_str(o, "type", true, "");
    TRY(json_obj_end_foreign(o));
    REQUIRE(strcmp(type, expected) == 0, ST_UNSUPPORTED,
            "tokenizer: %s is \"%.40s\"; only %s is supported", o->path, type, expected);
    return OK;
}

static status parse_normalizer(struct json_obj *root, struct bert_words_options *out)
{
    struct json_obj o = json_sub(root, "normalizer");
    TRY(require_type(&o, "BertNormalizer"));
    out->clean_text = json_bool(&o, "clean_text", true, true);
    out->handle_chinese_chars = json_bool(&o, "handle_chinese_chars", true, true);
    out->lowercase = json_bool(&o, "lowercase", true, true);
    /* null, or absent: strip when lower case is made. */
    out->strip_accents = out->lowercase;
    if (!json_is_null(json_node(&o, "strip_accents", false)))
        out->strip_accents = json_bool(&o, "strip_accents", false, out->lowercase);
    return json_obj_end(&o);
}

static status parse_pre_tokenizer(struct json_obj *root)
{
    struct json_obj o = json_sub(root, "pre_tokenizer");
    TRY(require_type(&o, "BertPreTokenizer"));
    return json_obj_end(&o);
}

static status parse_model(struct json_obj *root, struct tokenizer *t, uint32_t *out_max_chars)
{
    struct json_obj o = json_sub(root, "model");
    if (json_has(&o, "type")) /* files of 2020 do not say it */
        TRY(require_type(&o, "WordPiece"));
    struct bytes unk = json_text(&o, "unk_token", true);
    struct bytes prefix = json_text(&o, "continuing_subword_prefix", true);
    *out_max_chars = (uint32_t)json_int(&o, "max_input_chars_per_word", true, 1,
                                        BERT_WORDS_CHARS_MAX, BERT_WORDS_CHARS_MAX);
    const json_t *vocab = json_node(&o, "vocab", true);
    TRY(json_obj_end(&o));
    TRY(wordpiece_new(vocab, prefix, &t->vocab));
    REQUIRE(wordpiece_find(t->vocab, unk, &t->unk), ST_FORMAT,
            "tokenizer: unk_token is not in the vocabulary");
    return OK;
}

static status parse_added_one(const json_t *node, struct tokenizer *t)
{
    struct added *a = &t->added[t->n_added];
    struct json_obj o = json_obj_of(node, "added_tokens");
    uint32_t in_vocab = 0;
    struct bytes text = json_text(&o, "content", true);
    a->id = (uint32_t)json_int(&o, "id", true, 0, WORDPIECE_ID_MAX, 0);
    bool is_single_word = json_bool(&o, "single_word", false, false);
    bool is_left = json_bool(&o, "lstrip", false, false);
    bool is_right = json_bool(&o, "rstrip", false, false);
    (void)json_bool(&o, "special", false, false);
    bool is_normalized = json_bool(&o, "normalized", true, true);
    TRY(json_obj_end(&o));
    REQUIRE(text.n > 0 && text.n <= ADDED_BYTES_MAX, ST_FORMAT,
            "tokenizer: an added token of %zu bytes", text.n);
    REQUIRE(!is_single_word && !is_left && !is_right && !is_normalized, ST_UNSUPPORTED,
            "tokenizer: added token \"%.64s\" is normalized, stripping or single-word",
            (const char *)text.p);
    REQUIRE(!wordpiece_find(t->vocab, text, &in_vocab) || in_vocab == a->id, ST_FORMAT,
            "tokenizer: added token \"%.64s\" has another id than in the vocabulary",
            (const char *)text.p);
    memcpy(a->text, text.p, text.n);
    a->n = (uint32_t)text.n;
    t->begins_added[a->text[0]] = true;
    t->n_added++;
    if (a->id >= t->id_bound)
        t->id_bound = a->id + 1;
    return OK;
}

static int longest_first(const void *a, const void *b)
{
    const struct added *x = a;
    const struct added *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return memcmp(x->text, y->text, x->n);
}

static status parse_added(struct json_obj *root, struct tokenizer *t)
{
    const json_t *list = json_list(root, "added_tokens", false, ADDED_MAX);
    size_t n = json_len(list);
    t->added = calloc(n + 1, sizeof(*t->added));
    REQUIRE(t->added != NULL, ST_NOMEM, "no memory for added tokens");
    for (size_t i = 0; i < n; i++)
        TRY(parse_added_one(json_at(list, i), t));
    qsort(t->added, n, sizeof(*t->added), longest_first);
    for (size_t i = 1; i < n; i++)
        REQUIRE(longest_first(&t->added[i - 1], &t->added[i]) != 0, ST_FORMAT,
                "tokenizer: an added token is there twice");
    return OK;
}

static bool find_added(const struct tokenizer *t, struct bytes text, uint32_t *out_id)
{
    for (uint32_t i = 0; i < t->n_added; i++) {
        if (!bytes_equal(text, bytes_of(t->added[i].text, t->added[i].n)))
            continue;
        *out_id = t->added[i].id;
        return true;
    }
    return false;
}

static bool find_token(const struct tokenizer *t, struct bytes text, uint32_t *out_id)
{
    return find_added(t, text, out_id) || wordpiece_find(t->vocab, text, out_id);
}

/* {"SpecialToken":{"id":"[CLS]","type_id":0}} */
static status parse_template_token(const json_t *node, struct bytes *out_name)
{
    struct json_obj o = json_obj_of(node, "post_processor.single");
    struct json_obj token = json_sub(&o, "SpecialToken");
    *out_name = json_text(&token, "id", true);
    (void)json_int(&token, "type_id", true, 0, 0, 0);
    TRY(json_obj_end(&token));
    return json_obj_end(&o);
}

/* {"Sequence":{"id":"A","type_id":0}} */
static status parse_template_text(const json_t *node)
{
    struct json_obj o = json_obj_of(node, "post_processor.single");
    struct json_obj text = json_sub(&o, "Sequence");
    struct bytes id = json_text(&text, "id", true);
    (void)json_int(&text, "type_id", true, 0, 0, 0);
    TRY(json_obj_end(&text));
    REQUIRE(bytes_equal(id, BYTES_LIT("A")), ST_UNSUPPORTED,
            "tokenizer: the template's text is not A");
    return json_obj_end(&o);
}

/* "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[101],"tokens":["[CLS]"]}}; it must agree with the
 * vocabulary, or two readers of the file would disagree. */
static status check_template_ids(struct json_obj *specials, const struct tokenizer *t,
                                 struct bytes name, uint32_t *out_id)
{
    int64_t id = -1;
    struct json_obj o = json_sub(specials, (const char *)name.p);
    const json_t *ids = json_list(&o, "ids", true, 1);
    TRY(json_obj_end_foreign(&o));
    REQUIRE(find_token(t, name, out_id), ST_FORMAT,
            "tokenizer: the template's %.64s is not in the vocabulary", (const char *)name.p);
    REQUIRE(json_len(ids) == 1 && json_is_int(json_at(ids, 0), &id) && id == (int64_t)*out_id,
            ST_FORMAT, "tokenizer: the template gives %.64s another id than the vocabulary",
            (const char *)name.p);
    return OK;
}

static status parse_template(struct json_obj *o, struct tokenizer *t)
{
    struct bytes cls = {0};
    struct bytes sep = {0};
    const json_t *single = json_list(o, "single", true, 3);
    struct json_obj specials = json_sub(o, "special_tokens");
    (void)json_has(o, "pair"); /* one text at a time */
    TRY(json_obj_end(o));
    REQUIRE(json_len(single) == 3, ST_UNSUPPORTED, "tokenizer: the template is not [CLS] A [SEP]");
    TRY(parse_template_token(json_at(single, 0), &cls));
    TRY(parse_template_text(json_at(single, 1)));
    TRY(parse_template_token(json_at(single, 2), &sep));
    TRY(check_template_ids(&specials, t, cls, &t->cls));
    return check_template_ids(&specials, t, sep, &t->sep);
}

/* "cls":["[CLS]",101]: the older form of the same template. */
static status parse_bert_pair(struct json_obj *o, const char *key, const struct tokenizer *t,
                              uint32_t *out)
{
    int64_t id = -1;
    struct bytes name;
    const json_t *pair = json_list(o, key, true, 2);
    bool is_pair = json_len(pair) == 2 && json_is_text(json_at(pair, 0), &name) &&
                   json_is_int(json_at(pair, 1), &id);
    REQUIRE(is_pair && find_token(t, name, out) && id == (int64_t)*out, ST_FORMAT,
            "tokenizer: post_processor.%s does not agree with the vocabulary", key);
    return OK;
}

static status parse_post_processor(struct json_obj *root, struct tokenizer *t)
{
    struct json_obj o = json_sub(root, "post_processor");
    const char *type = json_str(&o, "type", true, "");
    TRY(json_obj_end_foreign(&o));
    if (strcmp(type, "TemplateProcessing") == 0)
        return parse_template(&o, t);
    REQUIRE(
        strcmp(type, "BertProcessing") == 0, ST_UNSUPPORTED,
        "tokenizer: post_processor is \"%.40s\"; TemplateProcessing and BertProcessing are supported",
        type);
    TRY(parse_bert_pair(&o, "cls", t, &t->cls));
    TRY(parse_bert_pair(&o, "sep", t, &t->sep));
    return json_obj_end(&o);
}

static status parse(const json_t *node, struct tokenizer *t)
{
    struct bert_words_options options = {0};
    struct json_obj root = json_obj_of(node, "");
    TRY(parse_normalizer(&root, &options));
    TRY(parse_pre_tokenizer(&root));
    TRY(parse_model(&root, t, &options.max_chars));
    t->id_bound = wordpiece_id_bound(t->vocab);
    TRY(parse_added(&root, t));
    TRY(parse_post_processor(&root, t));
    bert_words_init(&t->words, &options);
    return json_obj_end_foreign(&root);
}

status tokenizer_new(struct bytes tokenizer_json, struct tokenizer **out)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(status_context(json_parse(tokenizer_json, TOKENIZER_JSON_MAX, &doc), "tokenizer.json"));
    struct tokenizer *t CLEANUP(tokenizer_freep) = calloc(1, sizeof(*t));
    REQUIRE(t != NULL, ST_NOMEM, "no memory for a tokenizer");
    TRY(status_context(parse(json_root(doc), t), "tokenizer.json"));
    *out = t;
    t = NULL;
    return OK;
}

/* -- encoding -- */

struct encoder {
    const struct tokenizer *t;
    uint32_t *ids;
    size_t n;
    size_t max; /* [SEP] not counted */
    bool is_truncated;
    struct wordpiece_scratch scratch;
    uint32_t pieces[BERT_WORDS_BYTES_MAX]; /* of one word */
};

static bool put_id(struct encoder *e, uint32_t id)
{
    if (e->n == e->max) {
        e->is_truncated = true;
        return false;
    }
    e->ids[e->n++] = id;
    return true;
}

/* A word is split to its end before any piece counts: only then is it known whether it is [UNK]. */
static bool put_word(void *ctx, struct bytes word, bool is_too_long)
{
    struct encoder *e = ctx;
    size_t n = is_too_long ? 0 : wordpiece_split(e->t->vocab, word, &e->scratch, e->pieces);
    if (n == 0)
        return put_id(e, e->t->unk);
    for (size_t i = 0; i < n; i++) {
        if (!put_id(e, e->pieces[i]))
            return false;
    }
    return true;
}

static const struct added *added_at(const struct tokenizer *t, struct bytes text)
{
    for (uint32_t i = 0; i < t->n_added; i++) {
        const struct added *a = &t->added[i];
        if (a->n <= text.n && memcmp(a->text, text.p, a->n) == 0)
            return a;
    }
    return NULL;
}

/* Cuts the text at the added tokens: at each place the longest one, from left to right. Between two
 * of them stands a text of its own: no word reaches over. */
static void put_text(struct encoder *e, struct bytes text)
{
    size_t from = 0;
    for (size_t at = 0; at < text.n;) {
        const struct added *a = NULL;
        if (e->t->begins_added[text.p[at]])
            a = added_at(e->t, bytes_of(text.p + at, text.n - at));
        if (a == NULL) {
            at++;
            continue;
        }
        struct bytes before = {text.p + from, at - from};
        if (!bert_words_each(&e->t->words, before, put_word, e) || !put_id(e, a->id))
            return;
        at += a->n;
        from = at;
    }
    struct bytes last = {text.p + from, text.n - from};
    (void)bert_words_each(&e->t->words, last, put_word, e);
}

status tokenizer_encode(const struct tokenizer *t, struct bytes text, size_t max_tokens,
                        uint32_t *out_ids, size_t *out_n, bool *out_truncated)
{
    REQUIRE(max_tokens >= TOKENIZER_TOKENS_MIN, ST_USAGE, "room for %zu tokens", max_tokens);
    REQUIRE(utf8_is_valid(text), ST_FORMAT, "the text is not UTF-8");
    struct encoder e;
    e.t = t;
    e.ids = out_ids;
    e.n = 0;
    e.max = max_tokens - 1;
    e.is_truncated = false;
    e.ids[e.n++] = t->cls;
    if (text.n > 0)
        put_text(&e, text);
    e.ids[e.n++] = t->sep;
    *out_n = e.n;
    *out_truncated = e.is_truncated;
    wipe(&e, sizeof(e)); /* it held pieces of the user's words */
    return OK;
}
