/* bert_words - text to words as Hugging Face's BertNormalizer and BertPreTokenizer make them.
 *
 *     clean_text            control characters removed, white space made ' '
 *     handle_chinese_chars  each ideograph a word by itself
 *     strip_accents         canonical decomposition and order, then nonspacing marks removed
 *     lowercase             one code point at a time, but for final sigma (final_sigma.h)
 *     split                 at white space; each punctuation character is a word by itself
 *
 * One pass over the text with fixed memory, whatever the text: a word that grows over the limit is
 * only marked as too long, and so is a run of combining characters that cannot be put in order any
 * more (it belongs to a word that is too long).
 */
#ifndef ENGINE_BERT_WORDS_H
#define ENGINE_BERT_WORDS_H

#include "base/bytes.h"

enum { BERT_WORDS_CHARS_MAX = 256, BERT_WORDS_BYTES_MAX = 4 * BERT_WORDS_CHARS_MAX };

struct bert_words_options {
    bool clean_text;
    bool handle_chinese_chars;
    bool strip_accents;
    bool lowercase;
    uint32_t max_chars; /* of one word: 1 .. BERT_WORDS_CHARS_MAX */
};

/* Plain data, read-only after bert_words_init(). */
struct bert_words {
    struct bert_words_options options;
    uint8_t ascii_kind[128];
    uint8_t ascii_lower[128];
};

void bert_words_init(struct bert_words *w, const struct bert_words_options *options);

/* Called for each word in order; word is borrowed for the call. When it has more than max_chars
 * characters it is empty and is_too_long is true. Returns false to stop. */
typedef bool (*bert_words_fn)(void *ctx, struct bytes word, bool is_too_long);

/* text is well-formed UTF-8; the caller has checked. Returns false when fn stopped it. */
bool bert_words_each(const struct bert_words *w, struct bytes text, bert_words_fn fn, void *ctx);

#endif
