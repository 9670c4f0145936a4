/* bytes - a borrowed view of bytes, and a reader that remembers its first short read.
 *
 * A view never owns. A reader is sticky: read all fields in wire order, then ask rd_end() once,
 * then check ranges. After a short read every further read yields zeroes or an empty view.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/status.h"

#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};

#define BYTES_OF(array) ((struct bytes){(const uint8_t *)(array), sizeof(array)})
#define BYTES_LIT(text) ((struct bytes){(const uint8_t *)("" text), sizeof(text) - 1})

static inline struct bytes bytes_of(const void *p, size_t n)
{
    return (struct bytes){(const uint8_t *)p, n};
}

static inline struct bytes bytes_str(const char *text)
{
    return bytes_of(text, strlen(text));
}

/* Equality of public values; secrets are compared with ct_equal(). */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool bytes_all_zero(struct bytes a)
{
    uint8_t acc = 0;
    for (size_t i = 0; i < a.n; i++)
        acc |= a.p[i];
    return acc == 0;
}

/* Lexicographic order of unsigned bytes; a proper prefix comes first. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c != 0)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

/* Constant-time equality of n bytes: time depends on n alone. */
bool ct_equal(const void *a, const void *b, size_t n);

/* Overwrites n bytes in a way that the compiler keeps. */
void wipe(void *p, size_t n);

struct rd {
    struct bytes in;
    size_t at;
    bool short_read;
};

static inline struct rd rd_over(struct bytes in)
{
    return (struct rd){.in = in};
}

static inline size_t rd_left(const struct rd *r)
{
    return r->short_read ? 0 : r->in.n - r->at;
}

static inline struct bytes rd_take(struct rd *r, size_t n)
{
    if (r->short_read || n > r->in.n - r->at) {
        r->short_read = true;
        return (struct bytes){0};
    }
    struct bytes out = {r->in.p ? r->in.p + r->at : NULL, n};
    r->at += n;
    return out;
}

static inline void rd_copy(struct rd *r, void *out, size_t n)
{
    struct bytes b = rd_take(r, n);
    if (b.n == n && n > 0)
        memcpy(out, b.p, n);
    if (b.n != n)
        memset(out, 0, n);
}

static inline uint64_t rd_be_(struct rd *r, size_t n)
{
    struct bytes b = rd_take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; i < b.n; i++)
        v = v << 8 | b.p[i];
    return v;
}

static inline uint64_t rd_le_(struct rd *r, size_t n)
{
    struct bytes b = rd_take(r, n);
    uint64_t v = 0;
    for (size_t i = b.n; i > 0; i--)
        v = v << 8 | b.p[i - 1];
    return v;
}

static inline uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)rd_be_(r, 1);
}

static inline uint16_t rd_u16be(struct rd *r)
{
    return (uint16_t)rd_be_(r, 2);
}

static inline uint32_t rd_u32be(struct rd *r)
{
    return (uint32_t)rd_be_(r, 4);
}

static inline uint64_t rd_u64be(struct rd *r)
{
    return rd_be_(r, 8);
}

static inline uint16_t rd_u16le(struct rd *r)
{
    return (uint16_t)rd_le_(r, 2);
}

static inline uint32_t rd_u32le(struct rd *r)
{
    return (uint32_t)rd_le_(r, 4);
}

static inline uint64_t rd_u64le(struct rd *r)
{
    return rd_le_(r, 8);
}

/* Fails with ST_TRUNCATED after a short read and with ST_FORMAT when bytes are left. */
NODISCARD static inline status rd_end(const struct rd *r)
{
    REQUIRE(!r->short_read, ST_TRUNCATED, "input ends after %zu of %zu bytes", r->at, r->in.n);
    REQUIRE(r->at == r->in.n, ST_FORMAT, "%zu trailing bytes", r->in.n - r->at);
    return OK;
}

static inline void put_u16be(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put_u32be(uint8_t *p, uint32_t v)
{
    put_u16be(p, (uint16_t)(v >> 16));
    put_u16be(p + 2, (uint16_t)v);
}

static inline void put_u64be(uint8_t *p, uint64_t v)
{
    put_u32be(p, (uint32_t)(v >> 32));
    put_u32be(p + 4, (uint32_t)v);
}

#endif
