/* air_seen - the receipt ids (cti) that a verifier has accepted: a replayed receipt is refused.
 *
 * Storage belongs to the caller. A full set refuses further receipts: forgetting one would let it
 * be replayed.
 */
#ifndef RECEIPT_AIR_SEEN_H
#define RECEIPT_AIR_SEEN_H

#include "base/bytes.h"

enum { AIR_CTI_LEN = 16 };

struct air_seen {
    uint8_t (*ids)[AIR_CTI_LEN]; /* sorted; room for cap of them */
    size_t n;
    size_t cap;
};

struct air_seen air_seen_over(uint8_t (*storage)[AIR_CTI_LEN], size_t cap);
bool air_seen_has(const struct air_seen *s, const uint8_t cti[static AIR_CTI_LEN]);
/* ST_MISMATCH when it is there already, ST_LIMIT when the set is full. */
NODISCARD status air_seen_add(struct air_seen *s, const uint8_t cti[static AIR_CTI_LEN]);

#endif
