/* package_header - the 16 bytes at the start of a package, both directions; for src/model alone. */
#ifndef MODEL_PACKAGE_HEADER_H
#define MODEL_PACKAGE_HEADER_H

#include "base/buf.h"

/* Not text, and damaged by a transfer that rewrites line ends: like PNG's. */
#define PACKAGE_MAGIC \
    "\x89"            \
    "EMLPKG\n"

struct package_header {
    uint16_t wrapped_bytes;
    uint32_t manifest_bytes;
};

void package_header_put(const struct package_header *h, struct buf *out);
/* Exactly PACKAGE_HEADER_BYTES. ST_TRUNCATED, ST_FORMAT, ST_UNSUPPORTED, ST_LIMIT. */
NODISCARD status package_header_parse(struct bytes in, struct package_header *out);

#endif
