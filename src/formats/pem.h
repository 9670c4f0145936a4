/* pem - RFC 7468 text to DER. Untrusted: labels and base64 are strict, explanatory text is refused.
 */
#ifndef FORMATS_PEM_H
#define FORMATS_PEM_H

#include "base/buf.h"

/* Appends the DER of the next block and moves *text behind it. ST_NOTFOUND when only white space is
 * left; ST_FORMAT for another label or any text outside a block. */
NODISCARD status pem_next(struct bytes *text, const char *label, struct buf *out_der);
void pem_put(struct buf *out, const char *label, struct bytes der);

#endif
