/* der - reads the frame of DER (X.690 section 10): low tag numbers, definite and shortest lengths.
 *
 * Untrusted: certificates and CRLs go through here before libcrypto sees them, so that one encoding
 * and no other stands for each. Vendors' extensions (AMD, Intel, NVIDIA) are read with it too.
 */
#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "base/bytes.h"

enum {
    DER_DEPTH_MAX = 16,
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0xa0,
    DER_CONTEXT_3 = 0xa3
};

struct der_item {
    uint8_t tag;
    struct bytes all; /* tag, length and content */
    struct bytes content;
};

/* The next item, of any tag. ST_TRUNCATED or ST_FORMAT. */
NODISCARD status der_next(struct rd *r, struct der_item *out);
/* The same; ST_FORMAT when the tag is another. */
NODISCARD status der_expect(struct rd *r, uint8_t tag, struct der_item *out);
/* The next item when it has this tag; false, and nothing taken, when it has another or there is
 * none. */
bool der_has(const struct rd *r, uint8_t tag);
/* Exactly one item of this tag and nothing after it. */
NODISCARD status der_only(struct bytes in, uint8_t tag, struct der_item *out);
/* in is one item with nothing after it, and every constructed item inside holds whole items. */
NODISCARD status der_check(struct bytes in);

/* INTEGER: not negative, in its shortest form. The magnitude has no leading zero byte; it is one
 * byte 0 for zero. */
NODISCARD status der_unsigned(struct rd *r, struct bytes *out_magnitude);
/* INTEGER of 0 to max; ST_LIMIT above. */
NODISCARD status der_u64(struct rd *r, uint64_t max, uint64_t *out);
/* BIT STRING without unused bits. */
NODISCARD status der_bits(struct rd *r, struct bytes *out);

enum { DER_OID_MAX_BYTES = 64 };

/* True when the content of an OBJECT IDENTIFIER is this one ("2.5.29.15"), which is the code's
 * own. */
bool der_oid_is(struct bytes content, const char *dotted);

#endif
