/* wordpiece - the vocabulary of a WordPiece model, and the greedy longest match of one word.
 *
 * A vocabulary entry that begins with the prefix ("##ing") stands for the rest of a word; every
 * entry also stands for the beginning of one. Both live in one hash table, keyed by place and text.
 */
#ifndef ENGINE_WORDPIECE_H
#define ENGINE_WORDPIECE_H

#include "formats/json.h"

enum {
    WORDPIECE_ENTRIES_MAX = 1 << 19, /* the largest BERT vocabulary in use has 501,153 */
    WORDPIECE_ENTRY_BYTES_MAX = 256,
    WORDPIECE_ID_MAX = (1 << 22) - 1,
};

struct wordpiece;

/* vocab: a JSON object text -> id; ids are unique. ST_FORMAT, ST_LIMIT, ST_NOMEM. */
NODISCARD status wordpiece_new(const json_t *vocab, struct bytes prefix, struct wordpiece **out);
void wordpiece_freep(struct wordpiece **w);

uint32_t wordpiece_id_bound(const struct wordpiece *w); /* the largest id, plus one */
/* The entry of exactly this text. */
bool wordpiece_find(const struct wordpiece *w, struct bytes text, uint32_t *out_id);
/* Working memory of one split. What is left in it tells about the word: the caller wipes it. */
struct wordpiece_scratch {
    uint64_t hashes[WORDPIECE_ENTRY_BYTES_MAX];
};

/* Splits one word; out_ids has room for word.n ids. Returns the number of pieces, or 0 when the
 * word cannot be made of entries. */
size_t wordpiece_split(const struct wordpiece *w, struct bytes word,
                       struct wordpiece_scratch *scratch, uint32_t *out_ids);

#endif
