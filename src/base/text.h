/* text - hexadecimal, base64 and strict numbers, for what people and JSON files hold. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

void hex_encode(struct bytes in, char *out); /* writes 2*in.n digits and a NUL, lower case */
/* Exactly out_n bytes from exactly 2*out_n digits; ST_FORMAT otherwise. */
NODISCARD status hex_decode(struct bytes text, uint8_t *out, size_t out_n);
NODISCARD status hex_decode_buf(struct bytes text, struct buf *out); /* any even length */
void hex_put(struct buf *out, struct bytes in);

void base64_put(struct buf *out, struct bytes in); /* RFC 4648 section 4, padded */
NODISCARD status base64_decode(struct bytes text,
                               struct buf *out); /* strict: no space, exact padding */
/* RFC 4648 section 5 as JOSE uses it: no padding, no space, no bit to spare. */
void base64url_put(struct buf *out, struct bytes in);
NODISCARD status base64url_decode(struct bytes text, struct buf *out);

/* Decimal digits only, no sign, no space; ST_FORMAT or ST_LIMIT above max. */
NODISCARD status text_parse_u64(const char *text, uint64_t max, uint64_t *out);

/* Only ASCII from 0x21 to 0x7e; true when empty. */
bool text_is_visible(struct bytes text);

/* UTF-8 of RFC 3629: no surrogate, no overlong form, nothing above U+10FFFF. utf8_sequence() gives
 * the length, 1 to 4, of the well-formed sequence that starts the text; 0 when there is none. */
size_t utf8_sequence(struct bytes text);
bool utf8_is_valid(struct bytes text);

#endif
