#include "base/buf.h"

#include "base/checked.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 256 };

void buf_done(struct buf *b)
{
    wipe(b->p, b->cap);
    free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    wipe(b->p, b->n);
    b->n = 0;
    b->error = ST_OK;
}

static size_t grown_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    return cap;
}

/* realloc() would leave the old bytes behind, so move and wipe by hand. */
static bool grow(struct buf *b, size_t need)
{
    size_t cap = grown_cap(b, need);
    uint8_t *p = malloc(cap);
    if (p == NULL)
        return false;
    if (b->n > 0)
        memcpy(p, b->p, b->n);
    wipe(b->p, b->cap);
    free(b->p);
    b->p = p;
    b->cap = cap;
    return true;
}

static bool make_room(struct buf *b, size_t n_more)
{
    size_t need = 0;
    if (b->error != ST_OK)
        return false;
    if (!checked_add(b->n, n_more, &need) || need > b->max) {
        b->error = ST_LIMIT;
        return false;
    }
    if (need > b->cap && !grow(b, need)) {
        b->error = ST_NOMEM;
        return false;
    }
    return true;
}

status buf_reserve(struct buf *b, size_t n_more)
{
    (void)make_room(b, n_more);
    return buf_status(b);
}

uint8_t *buf_extend(struct buf *b, size_t n)
{
    if (!make_room(b, n))
        return NULL;
    b->n += n;
    return b->p ? b->p + (b->n - n) : NULL;
}

void buf_put(struct buf *b, struct bytes in)
{
    uint8_t *at = buf_extend(b, in.n);
    if (at != NULL && in.n > 0)
        memcpy(at, in.p, in.n);
}

void buf_put_u8(struct buf *b, uint8_t v)
{
    buf_put(b, bytes_of(&v, 1));
}

void buf_put_u16be(struct buf *b, uint16_t v)
{
    uint8_t w[2];
    put_u16be(w, v);
    buf_put(b, BYTES_OF(w));
}

void buf_put_u32be(struct buf *b, uint32_t v)
{
    uint8_t w[4];
    put_u32be(w, v);
    buf_put(b, BYTES_OF(w));
}

void buf_put_u64be(struct buf *b, uint64_t v)
{
    uint8_t w[8];
    put_u64be(w, v);
    buf_put(b, BYTES_OF(w));
}

void buf_put_str(struct buf *b, const char *text)
{
    buf_put(b, bytes_str(text));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    /* One more byte for the terminator, which is not counted as content. */
    if (n >= 0 && make_room(b, (size_t)n + 1)) {
        (void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

status buf_status(const struct buf *b)
{
    if (b->error == ST_OK)
        return OK;
    if (b->error == ST_LIMIT)
        return FAIL(ST_LIMIT, "more than %zu bytes", b->max);
    return FAIL(b->error, "no memory for a buffer of %zu bytes", b->n);
}

struct buf buf_take(struct buf *b)
{
    struct buf out = *b;
    *b = (struct buf){.max = b->max};
    return out;
}
