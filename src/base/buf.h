/* buf - bytes that are owned: grows up to a hard maximum, wiped on every free and every move.
 *
 * Declare with CLEANUP(buf_done). Appending is sticky: after the first failure nothing is written
 * and buf_status() tells why, so that an encoder reads like the format that it writes.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/bytes.h"

struct buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    size_t max;             /* hard limit for n */
    enum status_code error; /* first failure of an append, or ST_OK */
};

#define BUF_MAX(limit) ((struct buf){.max = (limit)})

void buf_done(struct buf *b);  /* wipes, frees, leaves an empty buffer with the same max */
void buf_clear(struct buf *b); /* wipes the content, keeps the storage, clears the error */
NODISCARD status buf_reserve(struct buf *b, size_t n_more);
void buf_put(struct buf *b, struct bytes in);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16be(struct buf *b, uint16_t v);
void buf_put_u32be(struct buf *b, uint32_t v);
void buf_put_u64be(struct buf *b, uint64_t v);
void buf_put_str(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for n bytes at the end, counted as written; NULL after a failure. */
uint8_t *buf_extend(struct buf *b, size_t n);
/* ST_OK, ST_LIMIT (max reached) or ST_NOMEM. */
NODISCARD status buf_status(const struct buf *b);

static inline struct bytes buf_view(const struct buf *b)
{
    return (struct bytes){b->p, b->n};
}

/* Moves the content out; the source is left empty. */
struct buf buf_take(struct buf *b);

#endif
