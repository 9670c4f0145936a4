#include "engine/unicode.h"

#include "engine/unicode_tables.h"

enum {
    BLOCK_SHIFT = 7,
    BLOCK_MASK = (1 << BLOCK_SHIFT) - 1,
    /* Hangul syllables decompose by arithmetic: The Unicode Standard, section 3.12. */
    HANGUL_FIRST = 0xac00,
    HANGUL_LAST = 0xd7a3,
    HANGUL_L = 0x1100,
    HANGUL_V = 0x1161,
    HANGUL_T = 0x11a7,
    HANGUL_N_T = 28,
    HANGUL_N_VT = 588,
    DOTTED_CAPITAL_I = 0x130,
    DOT_ABOVE = 0x307,
};

const struct unicode_record *unicode_of(uint32_t cp)
{
    uint32_t block = unicode_tables_stage1[cp >> BLOCK_SHIFT];
    return &unicode_tables_records[unicode_tables_stage2[block << BLOCK_SHIFT | (cp & BLOCK_MASK)]];
}

static uint32_t hangul_nfd(uint32_t cp, uint32_t *out)
{
    uint32_t s = cp - HANGUL_FIRST;
    out[0] = HANGUL_L + s / HANGUL_N_VT;
    out[1] = HANGUL_V + s % HANGUL_N_VT / HANGUL_N_T;
    out[2] = HANGUL_T + s % HANGUL_N_T;
    return s % HANGUL_N_T == 0 ? 2 : 3;
}

uint32_t unicode_nfd(uint32_t cp, uint32_t out[static UNICODE_NFD_MAX])
{
    if (cp >= HANGUL_FIRST && cp <= HANGUL_LAST)
        return hangul_nfd(cp, out);
    const struct unicode_record *r = unicode_of(cp);
    out[0] = cp;
    for (uint32_t i = 0; i < r->n_nfd; i++)
        out[i] = unicode_tables_nfd[r->nfd_at + i];
    return r->n_nfd ? r->n_nfd : 1;
}

uint32_t unicode_lower(uint32_t cp, uint32_t out[static UNICODE_LOWER_MAX])
{
    /* The only code point whose lower case is two. */
    if (cp == DOTTED_CAPITAL_I) {
        out[0] = 'i';
        out[1] = DOT_ABOVE;
        return 2;
    }
    out[0] = (uint32_t)((int32_t)cp + unicode_of(cp)->lower_delta);
    return 1;
}

uint32_t unicode_decode(const uint8_t **p)
{
    const uint8_t *b = *p;
    if (b[0] < 0x80) {
        *p += 1;
        return b[0];
    }
    if (b[0] < 0xe0) {
        *p += 2;
        return (uint32_t)(b[0] & 0x1f) << 6 | (b[1] & 0x3f);
    }
    if (b[0] < 0xf0) {
        *p += 3;
        return (uint32_t)(b[0] & 0x0f) << 12 | (uint32_t)(b[1] & 0x3f) << 6 | (b[2] & 0x3f);
    }
    *p += 4;
    return (uint32_t)(b[0] & 0x07) << 18 | (uint32_t)(b[1] & 0x3f) << 12 |
           (uint32_t)(b[2] & 0x3f) << 6 | (b[3] & 0x3f);
}

uint32_t unicode_encode(uint32_t cp, uint8_t out[static 4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    uint32_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (uint32_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = (uint8_t)(0x80 | (cp & 0x3f));
    out[0] = (uint8_t)((0xf00u >> n & 0xf0) | cp);
    return n;
}
