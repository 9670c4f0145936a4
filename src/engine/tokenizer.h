/* tokenizer - text to ids for BERT models, from a Hugging Face tokenizer.json (WordPiece).
 *
 * The ids are those of Hugging Face's `tokenizers` for every valid UTF-8 text, and the same on
 * every machine: the Unicode tables are part of the source (unicode_tables.h), not of a system
 * library.
 *
 *     text -> literal special tokens cut out -> BertNormalizer (clean_text, handle_chinese_chars,
 *     strip_accents, lowercase) -> BertPreTokenizer (white space, punctuation) -> WordPiece
 *     (greedy, longest first) -> [CLS] ids [SEP]
 *
 * Untrusted: the file and the text. A file that asks for anything else (another normalizer, model,
 * template, stripping or single-word added tokens) is refused with ST_UNSUPPORTED. Two settings of
 * the file are ignored by design: `truncation` and `padding`. The limit comes from the caller, and
 * nothing is ever padded.
 *
 * Invalid UTF-8 is refused with ST_FORMAT, as Hugging Face refuses it: a replacement character
 * would make two different texts one.
 *
 * Memory while encoding is bounded and on the stack; there is no allocation. An object is read-only
 * once made, so any number of threads may use it.
 */
#ifndef ENGINE_TOKENIZER_H
#define ENGINE_TOKENIZER_H

#include "base/bytes.h"

enum {
    TOKENIZER_JSON_MAX = 16 << 20, /* the largest in use has 10 MB */
    TOKENIZER_TOKENS_MIN = 2,      /* [CLS] and [SEP] */
};

struct tokenizer;

/* tokenizer_json is not kept. ST_FORMAT, ST_LIMIT, ST_UNSUPPORTED, ST_NOMEM. */
NODISCARD status tokenizer_new(struct bytes tokenizer_json, struct tokenizer **out);
void tokenizer_freep(struct tokenizer **t);

/* Every id that encode can give is below this: compare with the model's vocab_size. */
uint32_t tokenizer_id_bound(const struct tokenizer *t);

/*
 * Encodes one text.
 *
 *   max_tokens      room in out_ids, [CLS] and [SEP] included; ST_USAGE below TOKENIZER_TOKENS_MIN
 *   out_n           ids written: 2 .. max_tokens
 *   out_truncated   whether the text has more tokens: the first max_tokens - 2 are kept
 *
 * ST_FORMAT when text is not UTF-8; out_ids is then undefined, the others untouched.
 */
NODISCARD status tokenizer_encode(const struct tokenizer *t, struct bytes text, size_t max_tokens,
                                  uint32_t *out_ids, size_t *out_n, bool *out_truncated);

#endif
