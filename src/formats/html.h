/* html - text from outside inside an HTML document.
 *
 * Untrusted: what is put. Only printable ASCII gets through, with the five characters that mean
 * something to a browser as entities, so that no place of a document is safe in one way and unsafe
 * in another; every other byte is shown as \xNN.
 */
#ifndef FORMATS_HTML_H
#define FORMATS_HTML_H

#include "base/buf.h"

void html_put(struct buf *out, struct bytes text);
void html_put_str(struct buf *out, const char *text); /* NULL: nothing */

#endif
