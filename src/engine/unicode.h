/* unicode - what a BERT tokenizer has to know about a code point.
 *
 * The data is generated and committed (unicode_tables.c): ids are part of a reproducible result, so
 * they must not change with the Unicode version of a system library. It records what Hugging Face
 * tokenizers 0.23.3 does, which mixes several Unicode versions: categories older than its lower
 * case, for instance.
 */
#ifndef ENGINE_UNICODE_H
#define ENGINE_UNICODE_H

#include "base/bytes.h"

enum unicode_flag {
    UNICODE_DROP = 1,        /* clean_text removes it: control, format, private use, U+FFFD */
    UNICODE_SPACE = 2,       /* clean_text makes it a space */
    UNICODE_CJK = 4,         /* handle_chinese_chars puts spaces around it */
    UNICODE_MARK = 8,        /* strip_accents removes it: nonspacing marks */
    UNICODE_PUNCT = 16,      /* a word by itself */
    UNICODE_WHITE = 32,      /* ends a word */
    UNICODE_CASED = 64,      /* for final_sigma.h: a cased letter ... */
    UNICODE_IGNORABLE = 128, /* ... or what may stand between letters of one word */
};

struct unicode_record {
    uint8_t flags;
    uint8_t combining;   /* canonical combining class; 0 for a starter */
    uint8_t n_nfd;       /* 0 when the code point is its own decomposition */
    uint16_t nfd_at;     /* in the pool of decompositions */
    int32_t lower_delta; /* lower case, as a distance */
};

enum { UNICODE_NFD_MAX = 4, UNICODE_LOWER_MAX = 2 };

/* cp is a scalar value: below 0x110000. */
const struct unicode_record *unicode_of(uint32_t cp);

/* Full canonical decomposition, Hangul included; returns 1 .. UNICODE_NFD_MAX. */
uint32_t unicode_nfd(uint32_t cp, uint32_t out[static UNICODE_NFD_MAX]);

/* Lower case of one code point without context (no final sigma); returns 1 or 2. */
uint32_t unicode_lower(uint32_t cp, uint32_t out[static UNICODE_LOWER_MAX]);

/* Decodes the code point at *p, which is well-formed UTF-8, and moves *p behind it. */
uint32_t unicode_decode(const uint8_t **p);
/* Writes 1 .. 4 bytes and returns how many. */
uint32_t unicode_encode(uint32_t cp, uint8_t out[static 4]);

#endif
