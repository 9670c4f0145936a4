#include "crypto/der.h"

enum { TAG_NUMBER_MASK = 0x1f, TAG_CONSTRUCTED = 0x20, LENGTH_LONG = 0x80, LENGTH_BYTES_MAX = 3 };
enum { SIGN_BIT = 0x80, ARC_MORE = 0x80, ARC_BYTES_MAX = 9 };

static status read_length(struct rd *r, size_t *out)
{
    uint8_t first = rd_u8(r);
    if (first < LENGTH_LONG) {
        *out = first;
        return OK;
    }
    size_t n = first & 0x7f;
    REQUIRE(n >= 1 && n <= LENGTH_BYTES_MAX, ST_FORMAT, "DER: a length of %zu bytes", n);
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        length = length << 8 | rd_u8(r);
    size_t least = n == 1 ? LENGTH_LONG : (size_t)1 << (8 * (n - 1));
    REQUIRE(r->short_read || length >= least, ST_FORMAT, "DER: a length that is not the shortest");
    *out = length;
    return OK;
}

status der_next(struct rd *r, struct der_item *out)
{
    size_t at = r->at;
    size_t n = 0;
    uint8_t tag = rd_u8(r);
    REQUIRE((tag & TAG_NUMBER_MASK) != TAG_NUMBER_MASK, ST_FORMAT, "DER: a high tag number");
    TRY(read_length(r, &n));
    struct bytes content = rd_take(r, n);
    REQUIRE(!r->short_read, ST_TRUNCATED, "DER: the input ends inside an item");
    *out = (struct der_item){
        .tag = tag, .all = bytes_of(r->in.p + at, r->at - at), .content = content};
    return OK;
}

status der_expect(struct rd *r, uint8_t tag, struct der_item *out)
{
    TRY(der_next(r, out));
    REQUIRE(out->tag == tag, ST_FORMAT, "DER: tag 0x%02x where 0x%02x is expected", out->tag, tag);
    return OK;
}

bool der_has(const struct rd *r, uint8_t tag)
{
    return rd_left(r) > 0 && r->in.p[r->at] == tag;
}

status der_only(struct bytes in, uint8_t tag, struct der_item *out)
{
    struct rd r = rd_over(in);
    struct der_item item;
    TRY(der_expect(&r, tag, &item));
    TRY(rd_end(&r));
    *out = item;
    return OK;
}

static status check_items(struct bytes in, unsigned depth)
{
    struct rd r = rd_over(in);
    REQUIRE(depth <= DER_DEPTH_MAX, ST_FORMAT, "DER: items nested too deeply");
    while (rd_left(&r) > 0) {
        struct der_item item;
        TRY(der_next(&r, &item));
        if (item.tag & TAG_CONSTRUCTED)
            TRY(check_items(item.content, depth + 1));
    }
    return OK;
}

status der_check(struct bytes in)
{
    struct rd r = rd_over(in);
    struct der_item item;
    TRY(der_next(&r, &item));
    TRY(rd_end(&r));
    return check_items(in, 0);
}

status der_unsigned(struct rd *r, struct bytes *out_magnitude)
{
    struct der_item item;
    TRY(der_expect(r, DER_INTEGER, &item));
    struct bytes v = item.content;
    REQUIRE(v.n > 0, ST_FORMAT, "DER: an integer without content");
    REQUIRE((v.p[0] & SIGN_BIT) == 0, ST_FORMAT, "DER: a negative integer");
    REQUIRE(v.n == 1 || v.p[0] != 0 || (v.p[1] & SIGN_BIT), ST_FORMAT,
            "DER: an integer that is not the shortest");
    *out_magnitude = v.n > 1 && v.p[0] == 0 ? bytes_of(v.p + 1, v.n - 1) : v;
    return OK;
}

status der_u64(struct rd *r, uint64_t max, uint64_t *out)
{
    struct bytes magnitude;
    TRY(der_unsigned(r, &magnitude));
    REQUIRE(magnitude.n <= sizeof(uint64_t), ST_LIMIT, "DER: an integer of %zu bytes", magnitude.n);
    struct rd digits = rd_over(magnitude);
    uint64_t v = rd_be_(&digits, magnitude.n);
    REQUIRE(v <= max, ST_LIMIT, "DER: an integer above its limit");
    *out = v;
    return OK;
}

status der_bits(struct rd *r, struct bytes *out)
{
    struct der_item item;
    TRY(der_expect(r, DER_BIT_STRING, &item));
    REQUIRE(item.content.n > 0 && item.content.p[0] == 0, ST_FORMAT,
            "DER: a bit string with unused bits");
    *out = bytes_of(item.content.p + 1, item.content.n - 1);
    return OK;
}

/* X.690 section 8.19: seven bits a byte, most significant first, the high bit on all but the last.
 */
static size_t put_arc(uint64_t arc, uint8_t *out, size_t room)
{
    size_t n = 1;
    while (n < ARC_BYTES_MAX && arc >> (7 * n) != 0)
        n++;
    if (n > room)
        return 0;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((arc >> (7 * (n - 1 - i)) & 0x7f) | (i + 1 < n ? ARC_MORE : 0));
    return n;
}

static uint64_t take_arc(const char **text)
{
    uint64_t arc = 0;
    while (**text >= '0' && **text <= '9')
        arc = arc * 10 + (uint64_t)(*(*text)++ - '0');
    if (**text == '.')
        (*text)++;
    return arc;
}

bool der_oid_is(struct bytes content, const char *dotted)
{
    uint8_t der[DER_OID_MAX_BYTES];
    uint64_t first = take_arc(&dotted);
    size_t n = put_arc(first * 40 + take_arc(&dotted), der, sizeof(der));
    while (*dotted != '\0') {
        size_t used = put_arc(take_arc(&dotted), der + n, sizeof(der) - n);
        if (used == 0)
            return false;
        n += used;
    }
    return bytes_equal(content, bytes_of(der, n));
}
