/* package - one file that holds a model, encrypted in chunks and signed by its publisher.
 *
 * Wire form, version 1 (docs/PACKAGE.md section 2); integers are big-endian:
 *
 *     0     8  magic     = 89 "EMLPKG" 0A
 *     8     2  version   = 1
 *     10    2  W         = length of the wrapped key
 *     12    4  M         = length of the signed manifest
 *     16    M  manifest    COSE_Sign1 (manifest.h)
 *     16+M  W  wrapped     for the key release (key_release.h)
 *     ...      payload     for each file of the manifest, in its order:
 *                            sealed leaf table   32 * n_chunks + 16
 *                            sealed chunks       each its plaintext + 16
 *
 * The manifest fixes the payload's length to the byte: a shorter file is ST_TRUNCATED, a longer one
 * ST_FORMAT.
 *
 * Untrusted: every byte. package_open proves the manifest, package_unlock the leaf tables, and each
 * chunk is proved (AEAD, then its leaf) before the caller sees it.
 */
#ifndef MODEL_PACKAGE_H
#define MODEL_PACKAGE_H

#include "model/key_release.h"
#include "model/manifest.h"
#include "model/source.h"

enum { PACKAGE_HEADER_BYTES = 16, PACKAGE_VERSION = 1 };

struct package;
struct model_files;

/* Reads the header, verifies the manifest under the pinned publisher key, applies `expect` and
 * checks the whole layout against the source's size. `src` is borrowed and outlives the package.
 * ST_FORMAT, ST_TRUNCATED, ST_LIMIT, ST_UNSUPPORTED (another version), ST_AUTH, ST_ROLLBACK,
 * ST_EXPIRED. */
NODISCARD status package_open(struct model_source *src,
                              const uint8_t publisher[static ED25519_PUBLIC_LEN],
                              const struct manifest_expect *expect, struct package **out);
void package_freep(struct package **p);

/* The publisher key that the package claims; nothing is verified. */
NODISCARD status package_claimed_publisher(struct model_source *src,
                                           uint8_t out[static ED25519_PUBLIC_LEN]);

/* The manifest alone, its signature verified under that key, to show it: it may have expired, be
 * old, or lie before a payload that is not there. */
NODISCARD status package_peek(struct model_source *src,
                              const uint8_t publisher[static ED25519_PUBLIC_LEN],
                              struct manifest *out, uint8_t out_digest[static SHA256_LEN]);

const struct manifest *package_manifest(const struct package *p);
const uint8_t *package_manifest_digest(const struct package *p); /* SHA256_LEN bytes */

/* Obtains the DEK and verifies the leaf table of every file against the manifest's roots. The
 * package is borrowed and outlives `out`. What the release fails with; ST_AUTH for a table that
 * does not open, ST_MISMATCH for one that is not the manifest's. */
NODISCARD status package_unlock(struct package *p, struct key_release *release,
                                struct model_files **out);

#endif
