#include "formats/cbor.h"

#include "base/text.h"

/* Major types and the additional information of RFC 8949 section 3. */
enum {
    MAJOR_UINT,
    MAJOR_NINT,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE
};
enum { INFO_U8 = 24, INFO_U64 = 27, INFO_INDEFINITE = 31 };
enum { BYTE_FALSE = 0xf4, BYTE_TRUE = 0xf5, BYTE_NULL = 0xf6, BYTE_BREAK = 0xff };

struct head {
    unsigned major;
    bool indefinite;
    uint64_t arg;
};

struct cbor_rd cbor_rd_over(struct bytes in, enum cbor_mode mode)
{
    return (struct cbor_rd){.in = in, .mode = mode};
}

void cbor_fail(struct cbor_rd *r, enum status_code code, const char *reason)
{
    if (r->error != ST_OK)
        return;
    r->error = code;
    r->reason = reason;
    r->error_at = r->at;
}

static size_t left_of(const struct cbor_rd *r)
{
    return r->error == ST_OK ? r->in.n - r->at : 0;
}

/* The argument that follows the first byte, 1 to 8 bytes big-endian. */
static uint64_t wide_arg(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* The smallest value that needs a head of this form (section 4.2.1). */
static uint64_t least_of(unsigned info)
{
    static const uint64_t LEAST[] = {24, 1u << 8, 1u << 16, (uint64_t)1 << 32};
    return LEAST[info - INFO_U8];
}

static bool read_wide(struct cbor_rd *r, unsigned info, uint64_t *out)
{
    size_t n = (size_t)1 << (info - INFO_U8);
    if (left_of(r) < 1 + n) {
        cbor_fail(r, ST_TRUNCATED, "the input ends inside a head");
        return false;
    }
    *out = wide_arg(r->in.p + r->at + 1, n);
    if (*out < least_of(info)) {
        cbor_fail(r, ST_FORMAT, "a head that is not the shortest");
        return false;
    }
    r->at += 1 + n;
    return true;
}

/* Reads one head of the wanted major type; false after an error. */
static bool read_head(struct cbor_rd *r, unsigned major, const char *expected, struct head *out)
{
    if (left_of(r) == 0) {
        cbor_fail(r, ST_TRUNCATED, "the input ends where an item should start");
        return false;
    }
    uint8_t first = r->in.p[r->at];
    unsigned info = first & 31;
    if (first >> 5 != major) {
        cbor_fail(r, ST_FORMAT, expected);
        return false;
    }
    *out = (struct head){.major = major, .arg = info};
    if (info < INFO_U8) {
        r->at++;
        return true;
    }
    if (info <= INFO_U64)
        return read_wide(r, info, &out->arg);
    out->indefinite = info == INFO_INDEFINITE;
    if (!out->indefinite || (major != MAJOR_ARRAY && major != MAJOR_MAP)) {
        cbor_fail(r, ST_FORMAT, "an additional information that is not allowed here");
        return false;
    }
    if (r->mode == CBOR_DETERMINISTIC) {
        cbor_fail(r, ST_FORMAT, "an indefinite length");
        return false;
    }
    r->at++;
    return true;
}

static enum cbor_type simple_type(uint8_t first)
{
    if (first == BYTE_FALSE || first == BYTE_TRUE)
        return CBOR_BOOL;
    return first == BYTE_NULL ? CBOR_NULL : CBOR_END;
}

enum cbor_type cbor_peek(const struct cbor_rd *r)
{
    static const enum cbor_type TYPES[] = {CBOR_UINT,  CBOR_NINT, CBOR_BYTES, CBOR_TEXT,
                                           CBOR_ARRAY, CBOR_MAP,  CBOR_TAG};
    if (left_of(r) == 0)
        return CBOR_END;
    uint8_t first = r->in.p[r->at];
    return first >> 5 == MAJOR_SIMPLE ? simple_type(first) : TYPES[first >> 5];
}

uint64_t cbor_uint(struct cbor_rd *r)
{
    struct head h;
    return read_head(r, MAJOR_UINT, "not an unsigned integer", &h) ? h.arg : 0;
}

int64_t cbor_int(struct cbor_rd *r)
{
    struct head h;
    bool is_negative = cbor_peek(r) == CBOR_NINT;
    size_t at = r->at;
    if (!read_head(r, is_negative ? MAJOR_NINT : MAJOR_UINT, "not an integer", &h))
        return 0;
    if (h.arg > INT64_MAX) {
        r->at = at;
        cbor_fail(r, ST_LIMIT, "an integer outside 64 bits with sign");
        return 0;
    }
    return is_negative ? -1 - (int64_t)h.arg : (int64_t)h.arg;
}

static uint8_t simple(struct cbor_rd *r, enum cbor_type type, const char *expected)
{
    if (cbor_peek(r) != type) {
        cbor_fail(r, left_of(r) == 0 ? ST_TRUNCATED : ST_FORMAT, expected);
        return 0;
    }
    return r->in.p[r->at++];
}

bool cbor_bool(struct cbor_rd *r)
{
    return simple(r, CBOR_BOOL, "not a boolean") == BYTE_TRUE;
}

void cbor_null(struct cbor_rd *r)
{
    (void)simple(r, CBOR_NULL, "not null");
}

static struct bytes string(struct cbor_rd *r, unsigned major, const char *expected)
{
    struct head h;
    if (!read_head(r, major, expected, &h))
        return (struct bytes){0};
    if (h.arg > left_of(r)) {
        cbor_fail(r, ST_TRUNCATED, "the input ends inside a string");
        return (struct bytes){0};
    }
    struct bytes out = bytes_of(r->in.p + r->at, (size_t)h.arg);
    r->at += out.n;
    return out;
}

struct bytes cbor_bytes(struct cbor_rd *r)
{
    return string(r, MAJOR_BYTES, "not a byte string");
}

struct bytes cbor_text(struct cbor_rd *r)
{
    struct bytes out = string(r, MAJOR_TEXT, "not a text string");
    if (utf8_is_valid(out))
        return out;
    cbor_fail(r, ST_FORMAT, "text that is not UTF-8");
    return (struct bytes){0};
}

uint64_t cbor_tag(struct cbor_rd *r)
{
    struct head h;
    return read_head(r, MAJOR_TAG, "not a tag", &h) ? h.arg : 0;
}

/* Every item takes a byte, so a count above what is left is known to be wrong before anyone
 * allocates by it. */
static struct cbor_iter container(struct cbor_rd *r, unsigned major, const char *expected)
{
    struct head h;
    bool is_map = major == MAJOR_MAP;
    if (!read_head(r, major, expected, &h))
        return (struct cbor_iter){.is_map = is_map};
    if (!h.indefinite && h.arg > left_of(r) / (is_map ? 2 : 1)) {
        cbor_fail(r, ST_TRUNCATED, "more items than the input can hold");
        return (struct cbor_iter){.is_map = is_map};
    }
    return (struct cbor_iter){.is_map = is_map,
                              .indefinite = h.indefinite,
                              .left = h.indefinite ? 0 : h.arg,
                              .first_at = r->at};
}

struct cbor_iter cbor_array(struct cbor_rd *r)
{
    return container(r, MAJOR_ARRAY, "not an array");
}

struct cbor_iter cbor_map(struct cbor_rd *r)
{
    return container(r, MAJOR_MAP, "not a map");
}

/* The encoding of the key that comes next, which stays unread. */
static struct bytes peek_key(struct cbor_rd *r)
{
    struct cbor_rd probe = *r;
    switch (cbor_peek(&probe)) {
    case CBOR_UINT:
        (void)cbor_uint(&probe);
        break;
    case CBOR_NINT: {
        struct head h;
        (void)read_head(&probe, MAJOR_NINT, "", &h);
        break;
    }
    case CBOR_BYTES:
        (void)cbor_bytes(&probe);
        break;
    case CBOR_TEXT:
        (void)cbor_text(&probe);
        break;
    default:
        cbor_fail(&probe, left_of(&probe) == 0 ? ST_TRUNCATED : ST_FORMAT,
                  "a map key of a kind that is not allowed");
        break;
    }
    if (probe.error != ST_OK) {
        *r = probe;
        return (struct bytes){0};
    }
    return bytes_of(r->in.p + r->at, probe.at - r->at);
}

static void skip(struct cbor_rd *r, unsigned depth, bool check_keys);

/* Looks back over the pairs already read, which are known to be well-formed: their own keys are not
 * checked again, or nested maps would cost the product of their sizes. */
static bool key_was_seen(const struct cbor_rd *r, const struct cbor_iter *it, struct bytes key)
{
    struct cbor_rd back = *r;
    back.at = it->first_at;
    for (uint64_t i = 0; i < it->n_seen && back.error == ST_OK; i++) {
        if (bytes_equal(peek_key(&back), key))
            return true;
        skip(&back, 0, false);
        skip(&back, 0, false);
    }
    /* A caller that reads by types may go deeper than skip() does: what cannot be searched is
     * refused. */
    return back.error != ST_OK;
}

static void check_key(struct cbor_rd *r, struct cbor_iter *it)
{
    struct bytes key = peek_key(r);
    if (r->error != ST_OK)
        return;
    if (r->mode == CBOR_DETERMINISTIC) {
        int order = it->n_seen == 0 ? -1 : bytes_compare(it->last_key, key);
        if (order >= 0)
            cbor_fail(r, ST_FORMAT, order == 0 ? "a duplicate map key" : "map keys out of order");
    } else if (it->n_seen >= CBOR_LENIENT_PAIRS_MAX) {
        cbor_fail(r, ST_LIMIT, "too many pairs in a map");
    } else if (key_was_seen(r, it, key)) {
        cbor_fail(r, ST_FORMAT, "a duplicate map key");
    }
    it->last_key = key;
}

static bool at_end(struct cbor_rd *r, struct cbor_iter *it)
{
    if (!it->indefinite)
        return it->left == 0;
    if (left_of(r) == 0 || r->in.p[r->at] != BYTE_BREAK)
        return false;
    r->at++;
    *it = (struct cbor_iter){.is_map = it->is_map, .first_at = it->first_at, .n_seen = it->n_seen};
    return true;
}

static bool next(struct cbor_rd *r, struct cbor_iter *it, bool check_keys)
{
    if (r->error != ST_OK || at_end(r, it))
        return false;
    if (left_of(r) == 0) {
        cbor_fail(r, ST_TRUNCATED, "the input ends inside an array or a map");
        return false;
    }
    if (it->is_map && check_keys)
        check_key(r, it);
    it->left -= it->indefinite ? 0 : 1;
    it->n_seen++;
    return r->error == ST_OK;
}

bool cbor_next(struct cbor_rd *r, struct cbor_iter *it)
{
    return next(r, it, true);
}

static void skip_container(struct cbor_rd *r, unsigned depth, bool check_keys)
{
    struct cbor_iter it = cbor_peek(r) == CBOR_MAP ? cbor_map(r) : cbor_array(r);
    while (next(r, &it, check_keys)) {
        if (it.is_map)
            skip(r, depth, check_keys);
        skip(r, depth, check_keys);
    }
}

static void skip_scalar(struct cbor_rd *r)
{
    struct head h;
    switch (cbor_peek(r)) {
    case CBOR_UINT:
        (void)cbor_uint(r);
        break;
    case CBOR_NINT:
        (void)read_head(r, MAJOR_NINT, "", &h);
        break;
    case CBOR_BYTES:
        (void)cbor_bytes(r);
        break;
    case CBOR_TEXT:
        (void)cbor_text(r);
        break;
    case CBOR_BOOL:
    case CBOR_NULL:
        r->at++;
        break;
    default:
        cbor_fail(r, left_of(r) == 0 ? ST_TRUNCATED : ST_FORMAT, "an item that is not supported");
        break;
    }
}

/* depth counts the arrays, maps and tags around the item. */
static void skip(struct cbor_rd *r, unsigned depth, bool check_keys)
{
    enum cbor_type type = cbor_peek(r);
    bool nests = type == CBOR_ARRAY || type == CBOR_MAP || type == CBOR_TAG;
    if (!nests) {
        skip_scalar(r);
        return;
    }
    if (depth >= CBOR_DEPTH_MAX) {
        cbor_fail(r, ST_LIMIT, "items nested too deeply");
        return;
    }
    if (type != CBOR_TAG) {
        skip_container(r, depth + 1, check_keys);
        return;
    }
    (void)cbor_tag(r);
    skip(r, depth + 1, check_keys);
}

struct bytes cbor_item(struct cbor_rd *r)
{
    size_t at = r->at;
    skip(r, 0, true);
    if (r->error != ST_OK)
        return (struct bytes){0};
    return bytes_of(r->in.p + at, r->at - at);
}

status cbor_status(const struct cbor_rd *r)
{
    REQUIRE(r->error == ST_OK, r->error, "%s at byte %zu", r->reason, r->error_at);
    return OK;
}

status cbor_end(const struct cbor_rd *r)
{
    TRY(cbor_status(r));
    REQUIRE(r->at == r->in.n, ST_FORMAT, "%zu bytes after the CBOR item", r->in.n - r->at);
    return OK;
}

static void put_head(struct buf *b, unsigned major, uint64_t arg)
{
    uint8_t first = (uint8_t)(major << 5);
    if (arg < INFO_U8) {
        buf_put_u8(b, (uint8_t)(first | arg));
        return;
    }
    unsigned info = arg <= UINT8_MAX ? 24 : arg <= UINT16_MAX ? 25 : arg <= UINT32_MAX ? 26 : 27;
    uint8_t wide[8];
    size_t n = (size_t)1 << (info - INFO_U8);
    put_u64be(wide, arg);
    buf_put_u8(b, (uint8_t)(first | info));
    buf_put(b, bytes_of(wide + 8 - n, n));
}

void cbor_put_uint(struct buf *b, uint64_t v)
{
    put_head(b, MAJOR_UINT, v);
}

void cbor_put_int(struct buf *b, int64_t v)
{
    if (v >= 0)
        put_head(b, MAJOR_UINT, (uint64_t)v);
    else
        put_head(b, MAJOR_NINT, (uint64_t)(-(v + 1)));
}

void cbor_put_bytes(struct buf *b, struct bytes v)
{
    put_head(b, MAJOR_BYTES, v.n);
    buf_put(b, v);
}

void cbor_put_text(struct buf *b, struct bytes v)
{
    put_head(b, MAJOR_TEXT, v.n);
    buf_put(b, v);
}

void cbor_put_str(struct buf *b, const char *text)
{
    cbor_put_text(b, bytes_str(text));
}

void cbor_put_array(struct buf *b, uint64_t n)
{
    put_head(b, MAJOR_ARRAY, n);
}

void cbor_put_map(struct buf *b, uint64_t n_pairs)
{
    put_head(b, MAJOR_MAP, n_pairs);
}

void cbor_put_tag(struct buf *b, uint64_t tag)
{
    put_head(b, MAJOR_TAG, tag);
}

void cbor_put_bool(struct buf *b, bool v)
{
    buf_put_u8(b, v ? BYTE_TRUE : BYTE_FALSE);
}

void cbor_put_null(struct buf *b)
{
    buf_put_u8(b, BYTE_NULL);
}
