#include "base/text.h"

static const char HEX[] = "0123456789abcdef";
static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char B64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_encode(struct bytes in, char *out)
{
    for (size_t i = 0; i < in.n; i++) {
        *out++ = HEX[in.p[i] >> 4];
        *out++ = HEX[in.p[i] & 15];
    }
    *out = 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

status hex_decode(struct bytes text, uint8_t *out, size_t out_n)
{
    REQUIRE(text.n == 2 * out_n, ST_FORMAT, "expected %zu hexadecimal digits, found %zu", 2 * out_n,
            text.n);
    for (size_t i = 0; i < out_n; i++) {
        int hi = hex_digit(text.p[2 * i]);
        int lo = hex_digit(text.p[2 * i + 1]);
        REQUIRE(hi >= 0 && lo >= 0, ST_FORMAT, "not a hexadecimal digit at position %zu", 2 * i);
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return OK;
}

status hex_decode_buf(struct bytes text, struct buf *out)
{
    REQUIRE(text.n % 2 == 0, ST_FORMAT, "odd number of hexadecimal digits");
    uint8_t *p = buf_extend(out, text.n / 2);
    TRY(buf_status(out));
    return hex_decode(text, p, text.n / 2);
}

void hex_put(struct buf *out, struct bytes in)
{
    uint8_t *p = buf_extend(out, 2 * in.n);
    for (size_t i = 0; p != NULL && i < in.n; i++) {
        *p++ = (uint8_t)HEX[in.p[i] >> 4];
        *p++ = (uint8_t)HEX[in.p[i] & 15];
    }
}

void base64_put(struct buf *out, struct bytes in)
{
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)in.p[i] << 16;
        v |= left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)in.p[i + 2] : 0;
        buf_put_u8(out, (uint8_t)B64[v >> 18 & 63]);
        buf_put_u8(out, (uint8_t)B64[v >> 12 & 63]);
        buf_put_u8(out, (uint8_t)(left > 1 ? B64[v >> 6 & 63] : '='));
        buf_put_u8(out, (uint8_t)(left > 2 ? B64[v & 63] : '='));
    }
}

static int base64_digit(const char *alphabet, uint8_t c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* n digits, 2 to 4, make n - 1 bytes; the bits that are left over must be zero, so that no two
 * texts mean the same bytes. */
static status decode_digits(const char *alphabet, const uint8_t *q, unsigned n, struct buf *out)
{
    uint32_t v = 0;
    for (unsigned k = 0; k < 4; k++) {
        int d = k >= n ? 0 : base64_digit(alphabet, q[k]);
        REQUIRE(d >= 0, ST_FORMAT, "not base64");
        v = v << 6 | (uint32_t)d;
    }
    REQUIRE((v & ((1u << (8 * (4 - n))) - 1)) == 0, ST_FORMAT, "base64 with unused bits set");
    for (unsigned k = 0; k < n - 1; k++)
        buf_put_u8(out, (uint8_t)(v >> (16 - 8 * k)));
    return OK;
}

static status decode_group(const uint8_t *q, bool is_last, struct buf *out)
{
    unsigned pad = is_last ? (unsigned)(q[3] == '=') + (unsigned)(q[2] == '=' && q[3] == '=') : 0;
    return decode_digits(B64, q, 4 - pad, out);
}

status base64_decode(struct bytes text, struct buf *out)
{
    REQUIRE(text.n % 4 == 0, ST_FORMAT, "base64 length is not a multiple of four");
    for (size_t i = 0; i < text.n; i += 4)
        TRY(decode_group(text.p + i, i + 4 == text.n, out));
    return buf_status(out);
}

void base64url_put(struct buf *out, struct bytes in)
{
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)in.p[i] << 16;
        v |= left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)in.p[i + 2] : 0;
        for (unsigned k = 0; k < 4 && k <= left; k++)
            buf_put_u8(out, (uint8_t)B64URL[v >> (18 - 6 * k) & 63]);
    }
}

status base64url_decode(struct bytes text, struct buf *out)
{
    REQUIRE(text.n % 4 != 1, ST_FORMAT, "base64url of a length that no bytes have");
    for (size_t i = 0; i < text.n; i += 4) {
        size_t left = text.n - i;
        TRY(decode_digits(B64URL, text.p + i, left < 4 ? (unsigned)left : 4, out));
    }
    return buf_status(out);
}

status text_parse_u64(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    REQUIRE(*text != 0, ST_FORMAT, "a number is missing");
    for (const char *c = text; *c != 0; c++) {
        REQUIRE(*c >= '0' && *c <= '9', ST_FORMAT, "not a number: %.40s", text);
        unsigned d = (unsigned)(*c - '0');
        REQUIRE(v <= (max - (d <= max ? d : max)) / 10 && d <= max, ST_LIMIT,
                "%.40s is more than %llu", text, (unsigned long long)max);
        v = v * 10 + d;
    }
    *out = v;
    return OK;
}

bool text_is_visible(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7f)
            return false;
    }
    return true;
}

/* The table of RFC 3629 section 4. */
size_t utf8_sequence(struct bytes text)
{
    const uint8_t *p = text.p;
    if (text.n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > text.n)
        return 0;
    uint8_t lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

bool utf8_is_valid(struct bytes text)
{
    for (size_t i = 0; i < text.n;) {
        size_t len = utf8_sequence(bytes_of(text.p + i, text.n - i));
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}
