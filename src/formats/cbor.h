/* cbor - RFC 8949: a pull reader over borrowed bytes, and a writer of the deterministic form.
 *
 * The reader is sticky like struct rd: after the first violation every read yields zero and
 * cbor_end() tells what was wrong first. CBOR_DETERMINISTIC enforces section 4.2.1 (shortest heads,
 * definite lengths, bytewise sorted unique keys); CBOR_LENIENT also takes indefinite lengths and
 * unsorted keys, as Nitro's NSM writes them, and still refuses duplicate keys. In both modes: heads
 * are the shortest, map keys are integers, text or byte strings, no strings in chunks, no floats,
 * no simple values but false, true and null, depth at most CBOR_DEPTH_MAX. Text must be UTF-8.
 */
#ifndef FORMATS_CBOR_H
#define FORMATS_CBOR_H

#include "base/buf.h"

enum {
    CBOR_DEPTH_MAX = 16,
    /* Without an order a duplicate is found by looking back, so lenient maps are kept short. */
    CBOR_LENIENT_PAIRS_MAX = 64,
};

enum cbor_mode { CBOR_DETERMINISTIC, CBOR_LENIENT };

enum cbor_type {
    CBOR_UINT,
    CBOR_NINT,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_BOOL,
    CBOR_NULL,
    CBOR_END, /* no item left, or an error */
};

struct cbor_rd {
    struct bytes in;
    size_t at;
    enum cbor_mode mode;
    enum status_code error;
    const char *reason; /* static text for the first error */
    size_t error_at;
};

/* Iterates over a map or an array; plain data owned by the caller. */
struct cbor_iter {
    bool is_map;
    bool indefinite;
    uint64_t left;   /* items (pairs in a map) still to come, when definite */
    size_t first_at; /* where the first item starts: duplicate search in lenient mode */
    uint64_t n_seen;
    struct bytes last_key; /* encoded key before this one */
};

struct cbor_rd cbor_rd_over(struct bytes in, enum cbor_mode mode);
enum cbor_type cbor_peek(const struct cbor_rd *r);
uint64_t cbor_uint(struct cbor_rd *r);
int64_t cbor_int(struct cbor_rd *r); /* ST_LIMIT outside int64 */
bool cbor_bool(struct cbor_rd *r);
void cbor_null(struct cbor_rd *r);
struct bytes cbor_bytes(struct cbor_rd *r); /* definite only, in both modes */
struct bytes cbor_text(struct cbor_rd *r);
uint64_t cbor_tag(struct cbor_rd *r);
struct cbor_iter cbor_array(struct cbor_rd *r);
struct cbor_iter cbor_map(struct cbor_rd *r);
/* True when another item (in a map: key and value) follows; checks key order and uniqueness. The
 * caller then reads key and value. False at the end, having consumed a break, or after an error. */
bool cbor_next(struct cbor_rd *r, struct cbor_iter *it);
/* The encoded bytes of the next item, which is skipped; checked for well-formedness all the way
 * down. */
struct bytes cbor_item(struct cbor_rd *r);
void cbor_fail(struct cbor_rd *r, enum status_code code, const char *reason); /* first one wins */
/* ST_OK only when there was no error and no byte is left; otherwise ST_TRUNCATED, ST_FORMAT or
 * ST_LIMIT. */
NODISCARD status cbor_end(const struct cbor_rd *r);
/* The same without the demand that nothing is left. */
NODISCARD status cbor_status(const struct cbor_rd *r);

/* Writer: appends to a buffer, whose own sticky error is asked once at the end with buf_status().
 * The caller writes map keys in bytewise order of their encodings; tests read everything back in
 * deterministic mode. */
void cbor_put_uint(struct buf *b, uint64_t v);
void cbor_put_int(struct buf *b, int64_t v);
void cbor_put_bytes(struct buf *b, struct bytes v);
void cbor_put_text(struct buf *b, struct bytes v);
void cbor_put_str(struct buf *b, const char *text);
void cbor_put_array(struct buf *b, uint64_t n);
void cbor_put_map(struct buf *b, uint64_t n_pairs);
void cbor_put_tag(struct buf *b, uint64_t tag);
void cbor_put_bool(struct buf *b, bool v);
void cbor_put_null(struct buf *b);

#endif
