/* cert_list - certificates or CRLs one after another, as PEM or as DER, to views of DER.
 *
 * Untrusted: order, count and content. Only the frame is judged here (each item one whole DER
 * SEQUENCE, in strict PEM of the one label); x509 judges what is in it.
 */
#ifndef FORMATS_CERT_LIST_H
#define FORMATS_CERT_LIST_H

#include "base/buf.h"

enum { CERT_LIST_ITEMS_MAX = 32, CERT_LIST_MAX_BYTES = 1 << 20 };

struct cert_list {
    size_t n;
    struct bytes der[CERT_LIST_ITEMS_MAX]; /* borrow from the input (DER) or from storage (PEM) */
    struct buf storage;
};

/* in begins with "-----BEGIN" after white space, or is DER. One NUL byte after PEM text is let
 * pass: Intel's quotes hold their PEM chain as a C string. ST_FORMAT, ST_TRUNCATED; ST_LIMIT too
 * many items or bytes; an empty input gives an empty list. */
NODISCARD status cert_list_read(struct bytes in, struct cert_list *out);
/* The same for "X509 CRL" blocks. */
NODISCARD status cert_list_read_crls(struct bytes in, struct cert_list *out);
void cert_list_done(struct cert_list *l);

#endif
