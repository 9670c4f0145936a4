#include "crypto/der.h"

enum { TAG_NUMBER_MASK = 0x1f, TAG_CONSTRUCTED = 0x20, LENGTH_LONG = 0x80, LENGTH_BYTES_MAX = 3 };

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
