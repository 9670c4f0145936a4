/* merkle - the tree hash of RFC 9162 section 2.1.1 with SHA-256 over fixed-size chunks.
 *
 * leaf = SHA-256(00 || chunk), node = SHA-256(01 || left || right), the left subtree being the
 * largest full one. Leaves and nodes cannot be mistaken for each other.
 */
#ifndef MODEL_MERKLE_H
#define MODEL_MERKLE_H

#include "crypto/hash.h"

NODISCARD status merkle_leaf(struct bytes chunk, uint8_t out[static SHA256_LEN]);
/* leaves: n_leaves * SHA256_LEN bytes, at least one leaf. ST_FORMAT otherwise. */
NODISCARD status merkle_root(struct bytes leaves, uint8_t out[static SHA256_LEN]);

#endif
