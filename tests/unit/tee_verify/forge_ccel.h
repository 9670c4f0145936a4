/* forge_ccel - writes event logs of the CCEL form. */
#ifndef TEE_VERIFY_FORGE_CCEL_H
#define TEE_VERIFY_FORGE_CCEL_H

#include "support/test.h"

#include <string.h>

#include "crypto/hash.h"

enum { CCEL_SHA256 = 0x000b, CCEL_SHA384 = 0x000c };

static inline void ccel_put(struct buf *b, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_put_u8(b, (uint8_t)(v >> (8 * i)));
}

/* The first event, which announces SHA-384, and SHA-256 when asked. */
static inline void ccel_put_head(struct buf *b, bool has_sha256)
{
    static const uint8_t zero[20] = {0};
    ccel_put(b, 0, 4);
    ccel_put(b, 3, 4);
    buf_put(b, BYTES_OF(zero));
    ccel_put(b, 16 + 8 + 4 + (has_sha256 ? 8 : 4) + 1, 4);
    buf_put(b, bytes_of("Spec ID Event03", 16));
    ccel_put(b, 0, 4); /* class */
    ccel_put(b, 0, 1);
    ccel_put(b, 2, 1);
    ccel_put(b, 0, 1);
    ccel_put(b, 2, 1);
    ccel_put(b, has_sha256 ? 2 : 1, 4);
    if (has_sha256) {
        ccel_put(b, CCEL_SHA256, 2);
        ccel_put(b, 32, 2);
    }
    ccel_put(b, CCEL_SHA384, 2);
    ccel_put(b, 48, 2);
    ccel_put(b, 0, 1);
}

/* An event whose SHA-384 digest is all `fill`. */
static inline void ccel_put_event(struct buf *b, uint32_t index, uint32_t type, bool has_sha256,
                                  uint8_t fill)
{
    uint8_t digest[48];
    memset(digest, fill, sizeof(digest));
    ccel_put(b, index, 4);
    ccel_put(b, type, 4);
    ccel_put(b, has_sha256 ? 2 : 1, 4);
    if (has_sha256) {
        ccel_put(b, CCEL_SHA256, 2);
        buf_put(b, bytes_of(digest, 32));
    }
    ccel_put(b, CCEL_SHA384, 2);
    buf_put(b, BYTES_OF(digest));
    ccel_put(b, 5, 4);
    buf_put_str(b, "event");
}

/* What a register holds after one more event. */
static inline void ccel_extend(uint8_t rtmr[static 48], uint8_t fill)
{
    uint8_t digest[48];
    struct bytes parts[] = {bytes_of(rtmr, 48), BYTES_OF(digest)};
    uint8_t next[48];
    memset(digest, fill, sizeof(digest));
    assert_ok(hash_parts(HASH_SHA384, parts, 2, next));
    memcpy(rtmr, next, sizeof(next));
}

#endif
