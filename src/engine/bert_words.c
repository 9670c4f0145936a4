#include "engine/bert_words.h"

#include "engine/final_sigma.h"
#include "engine/unicode.h"

/* What one ASCII character does; the general path gives the same. */
enum ascii_kind { ASCII_LETTER, ASCII_DROP, ASCII_WHITE, ASCII_PUNCT };

enum { PENDING_MAX = BERT_WORDS_CHARS_MAX + 1 };

struct pending {
    uint32_t cp;
    uint8_t combining;
};

struct split {
    const struct bert_words *w;
    bert_words_fn fn;
    void *ctx;
    bool is_stopped;
    bool is_too_long;
    uint32_t n_chars;
    uint32_t n_bytes;
    uint8_t word[BERT_WORDS_BYTES_MAX];
    /* Combining characters since the last starter, in canonical order. */
    struct pending pending[PENDING_MAX];
    uint32_t n_pending;
};

static enum ascii_kind kind_of(const struct bert_words_options *o, uint32_t cp)
{
    unsigned flags = unicode_of(cp)->flags;
    if (o->clean_text && (flags & UNICODE_DROP))
        return ASCII_DROP;
    if ((o->clean_text && (flags & UNICODE_SPACE)) || (flags & UNICODE_WHITE))
        return ASCII_WHITE;
    return flags & UNICODE_PUNCT ? ASCII_PUNCT : ASCII_LETTER;
}

void bert_words_init(struct bert_words *w, const struct bert_words_options *options)
{
    *w = (struct bert_words){.options = *options};
    for (uint32_t cp = 0; cp < 128; cp++) {
        uint32_t low[UNICODE_LOWER_MAX] = {cp};
        if (options->lowercase)
            (void)unicode_lower(cp, low);
        w->ascii_kind[cp] = (uint8_t)kind_of(options, cp);
        w->ascii_lower[cp] = (uint8_t)low[0];
    }
}

static void end_word(struct split *s)
{
    if (s->n_chars == 0 || s->is_stopped)
        return;
    struct bytes word = {s->word, s->is_too_long ? 0 : s->n_bytes};
    s->is_stopped = !s->fn(s->ctx, word, s->is_too_long);
    s->n_chars = 0;
    s->n_bytes = 0;
    s->is_too_long = false;
}

static bool has_room(struct split *s)
{
    if (s->n_chars == s->w->options.max_chars)
        s->is_too_long = true;
    if (s->is_too_long)
        return false;
    s->n_chars++;
    return true;
}

static void append(struct split *s, uint32_t cp)
{
    if (has_room(s))
        s->n_bytes += unicode_encode(cp, s->word + s->n_bytes);
}

static void put_char(struct split *s, uint32_t cp)
{
    unsigned flags = unicode_of(cp)->flags;
    if (flags & (UNICODE_WHITE | UNICODE_PUNCT))
        end_word(s);
    if (flags & UNICODE_WHITE)
        return;
    append(s, cp);
    if (flags & UNICODE_PUNCT)
        end_word(s);
}

static void put_lower(struct split *s, uint32_t cp)
{
    uint32_t low[UNICODE_LOWER_MAX] = {cp};
    uint32_t n = s->w->options.lowercase ? unicode_lower(cp, low) : 1;
    for (uint32_t i = 0; i < n; i++)
        put_char(s, low[i]);
}

static void flush_pending(struct split *s)
{
    for (uint32_t i = 0; i < s->n_pending; i++)
        put_lower(s, s->pending[i].cp);
    s->n_pending = 0;
}

/* Stable insertion by combining class: the canonical order. No combining character is white space
 * or punctuation (the generator of the tables checks it), so more of them than a word may have
 * characters make this word too long, and their order does not matter any more. */
static void add_pending(struct split *s, uint32_t cp, uint8_t combining)
{
    if (s->n_pending == PENDING_MAX)
        return;
    uint32_t at = s->n_pending++;
    for (; at > 0 && s->pending[at - 1].combining > combining; at--)
        s->pending[at] = s->pending[at - 1];
    s->pending[at] = (struct pending){cp, combining};
}

static void put_decomposed(struct split *s, uint32_t cp)
{
    const struct unicode_record *r = unicode_of(cp);
    if (r->combining == 0)
        flush_pending(s);
    if (r->flags & UNICODE_MARK)
        return;
    if (r->combining == 0)
        put_lower(s, cp);
    else
        add_pending(s, cp, r->combining);
}

static void put_stripped(struct split *s, uint32_t cp)
{
    uint32_t parts[UNICODE_NFD_MAX];
    uint32_t n = unicode_nfd(cp, parts);
    for (uint32_t i = 0; i < n; i++)
        put_decomposed(s, parts[i]);
}

static void put_space(struct split *s)
{
    flush_pending(s);
    end_word(s);
}

static void put(struct split *s, uint32_t cp)
{
    const struct bert_words_options *o = &s->w->options;
    unsigned flags = unicode_of(cp)->flags;
    bool is_apart = o->handle_chinese_chars && (flags & UNICODE_CJK);
    if (o->clean_text && (flags & UNICODE_DROP))
        return;
    if (is_apart || (o->clean_text && (flags & UNICODE_SPACE)))
        put_space(s);
    if (o->clean_text && (flags & UNICODE_SPACE))
        return;
    if (o->strip_accents)
        put_stripped(s, cp);
    else
        put_lower(s, cp);
    if (is_apart)
        put_space(s);
}

/* Every ASCII character is a starter and its own decomposition. */
static void put_ascii(struct split *s, uint8_t c)
{
    enum ascii_kind kind = (enum ascii_kind)s->w->ascii_kind[c];
    if (kind == ASCII_DROP)
        return;
    if (s->n_pending > 0)
        flush_pending(s);
    if (kind != ASCII_LETTER)
        end_word(s);
    if (kind != ASCII_WHITE && has_room(s))
        s->word[s->n_bytes++] = s->w->ascii_lower[c];
    if (kind == ASCII_PUNCT)
        end_word(s);
}

static uint32_t next_char(const struct bert_words *w, struct bytes text, const uint8_t **p)
{
    size_t at = (size_t)(*p - text.p);
    uint32_t cp = unicode_decode(p);
    if (cp == CAPITAL_SIGMA && w->options.lowercase &&
        final_sigma_is(text, at, w->options.clean_text))
        return FINAL_SIGMA;
    return cp;
}

bool bert_words_each(const struct bert_words *w, struct bytes text, bert_words_fn fn, void *ctx)
{
    struct split s;
    const uint8_t *p = text.p;
    if (text.n == 0)
        return true;
    s.w = w;
    s.fn = fn;
    s.ctx = ctx;
    s.is_stopped = s.is_too_long = false;
    s.n_chars = s.n_bytes = s.n_pending = 0;
    while (p != text.p + text.n && !s.is_stopped) {
        if (*p < 0x80)
            put_ascii(&s, *p++);
        else
            put(&s, next_char(w, text, &p));
    }
    put_space(&s);
    bool is_done = !s.is_stopped;
    wipe(&s, sizeof(s)); /* it held the user's words */
    return is_done;
}
