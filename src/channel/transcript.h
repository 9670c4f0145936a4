/* transcript - a running digest over labelled handshake frames. docs/PROTOCOL.md section 2.
 *
 *     SHA-256( lp("eml-channel-v1") lp(field) lp(bytes) lp(field) lp(bytes) ... )
 */
#ifndef CHANNEL_TRANSCRIPT_H
#define CHANNEL_TRANSCRIPT_H

#include "crypto/hash.h"

struct transcript; /* the fields so far */

NODISCARD status transcript_new(struct transcript **out);
void transcript_freep(struct transcript **t);
NODISCARD status transcript_add(struct transcript *t, const char *field, struct bytes frame);
/* The digest of what was added, and of one field more that is not kept. */
NODISCARD status transcript_digest(const struct transcript *t, uint8_t out[static SHA256_LEN]);
NODISCARD status transcript_digest_with(const struct transcript *t, const char *field,
                                        struct bytes frame, uint8_t out[static SHA256_LEN]);

#endif
