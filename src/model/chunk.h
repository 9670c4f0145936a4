/* chunk - how one piece of a package is sealed: AES-256-GCM in the STREAM construction.
 *
 *     nonce  0  2  file        number of the file, from 1, in the manifest's order
 *            2  1  kind        1 = leaf table, 2 = chunk
 *            3  8  index       of the chunk, from 0; 0 for a leaf table
 *            11 1  last        1 for the file's last chunk and for a leaf table, otherwise 0
 *     aad    "eml-package-chunk-v1" || manifest digest (32) || the nonce (12)
 *
 * The DEK is born for one package, so no nonce comes twice under it. A piece opens in its own place
 * and nowhere else: not in another file, position, version or package.
 */
#ifndef MODEL_CHUNK_H
#define MODEL_CHUNK_H

#include "crypto/aead.h"
#include "crypto/hash.h"

enum chunk_kind { CHUNK_LEAVES = 1, CHUNK_DATA = 2 };

struct chunk_place {
    const uint8_t *manifest_digest; /* SHA256_LEN */
    uint16_t file;                  /* from 1 */
    enum chunk_kind kind;
    uint64_t index;
    bool is_last;
};

/* As aead_seal and aead_open; in place when out is the input. */
NODISCARD status chunk_seal(struct aead *a, const struct chunk_place *at, struct bytes plain,
                            uint8_t *out);
NODISCARD status chunk_open(struct aead *a, const struct chunk_place *at, struct bytes sealed,
                            uint8_t *out);

#endif
