/* der - reads the frame of DER (X.690 section 10): low tag numbers, definite and shortest lengths.
 * Private to src/crypto.
 *
 * Untrusted: certificates and CRLs go through here before libcrypto sees them, so that one encoding
 * and no other stands for each.
 */
#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "base/bytes.h"

enum { DER_DEPTH_MAX = 16, DER_INTEGER = 0x02, DER_SEQUENCE = 0x30, DER_CONTEXT_0 = 0xa0 };

struct der_item {
    uint8_t tag;
    struct bytes all; /* tag, length and content */
    struct bytes content;
};

/* The next item, of any tag. ST_TRUNCATED or ST_FORMAT. */
NODISCARD status der_next(struct rd *r, struct der_item *out);
/* The same; ST_FORMAT when the tag is another. */
NODISCARD status der_expect(struct rd *r, uint8_t tag, struct der_item *out);
/* in is one item with nothing after it, and every constructed item inside holds whole items. */
NODISCARD status der_check(struct bytes in);

#endif
