/* gpu_reference - reference values of GPU firmware, taken over from NVIDIA's signed RIM files.
 *
 * `eml rim import` verifies the XML and writes this; a signed policy pins its SHA-256, so that no
 * XML reaches a verifier. Deterministic CBOR (RFC 8949 section 4.2), at most
 * GPU_REFERENCE_MAX_BYTES; docs/REFERENCE-VALUES.md shows an example.
 *
 *     {1: 1,                              version
 *      2: [manifest, ...]}                1 to 32, ascending by kind, product, version; no two
 * equal manifest = {1: 0 | 1,                          kind: driver, VBIOS 2: tstr 1..15, product,
 * "GH100" 3: tstr 1..31,                     version, "550.144.03", "96.00.5E.00.01" 4: bstr 32,
 * SHA-256 of the RIM file 5: uint,                           until when the RIM's certificates are
 * valid, Unix seconds 6: {index: [bstr 48, ...], ...}}   0..63: the values that are right there, 1
 * to 16
 *
 * Untrusted until its digest is the policy's.
 */
#ifndef TEE_VERIFY_NVIDIA_GPU_REFERENCE_H
#define TEE_VERIFY_NVIDIA_GPU_REFERENCE_H

#include "base/buf.h"
#include "formats/cbor.h"
#include "tee/verify/nvidia/gpu_version.h"

enum {
    GPU_REFERENCE_MAX_BYTES = 256 << 10,
    GPU_REFERENCE_MANIFESTS_MAX = 32,
    GPU_REFERENCE_VALUES_MAX = 16,
    GPU_REFERENCE_INDEX_MAX = 63,
    GPU_REFERENCE_VALUE_LEN = 48,
    GPU_REFERENCE_PRODUCT_MAX = 15,
};

enum gpu_manifest_kind { GPU_MANIFEST_DRIVER, GPU_MANIFEST_VBIOS };

struct gpu_manifest {
    enum gpu_manifest_kind kind;
    struct bytes product;
    struct bytes version_text;
    struct gpu_version version;
    struct bytes source_sha256;
    int64_t not_after_unix_s;
    struct bytes entries; /* encoded map, checked when the file was parsed */
    size_t n_entries;
};

struct gpu_reference {
    struct gpu_manifest v[GPU_REFERENCE_MANIFESTS_MAX];
    size_t n;
};

/* Views borrow from in. ST_FORMAT, ST_TRUNCATED, ST_LIMIT; ST_UNSUPPORTED for another version. */
NODISCARD status gpu_reference_parse(struct bytes in, struct gpu_reference *out);

/* The manifest of exactly this product and version, or NULL. Underscores of the product do not
 * count: a switch calls itself LS_10. */
const struct gpu_manifest *gpu_reference_find(const struct gpu_reference *r,
                                              enum gpu_manifest_kind kind, struct bytes product,
                                              const struct gpu_version *version);

/* One index and the values that are right there. */
struct gpu_reference_entry {
    unsigned index;
    struct bytes values[GPU_REFERENCE_VALUES_MAX];
    size_t n_values;
};

/* Walks the entries of a manifest in ascending order. */
struct gpu_reference_walk {
    struct cbor_rd rd;
    struct cbor_iter it;
};
struct gpu_reference_walk gpu_reference_entries(const struct gpu_manifest *m);
bool gpu_reference_next(struct gpu_reference_walk *w, struct gpu_reference_entry *out);

/* One manifest to write: what an importer has found and proven. */
struct gpu_reference_draft {
    enum gpu_manifest_kind kind;
    char product[GPU_REFERENCE_PRODUCT_MAX + 1];
    char version[GPU_VERSION_TEXT_MAX + 1];
    uint8_t source_sha256[32];
    int64_t not_after_unix_s;
    struct gpu_reference_entry entries[GPU_REFERENCE_INDEX_MAX + 1]; /* ascending */
    size_t n_entries;
};

/* Appends the file; sorts the drafts (an array of pointers) into its order. ST_FORMAT when it would
 * not be read back: two manifests of one kind, product and version, for one. */
NODISCARD status gpu_reference_write(const struct gpu_reference_draft **drafts, size_t n,
                                     struct buf *out);

#endif
