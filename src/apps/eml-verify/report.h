/* report - the verdict over evidence as one HTML file: for a reader, a printer and an archive.
 *
 * Self-contained: no script, no picture, nothing from elsewhere, and a content security policy that
 * says so. It opens offline, follows the reader's light or dark setting, and prints in black.
 *
 * Untrusted: everything that the evidence says. It passes through formats/html.h.
 */
#ifndef APPS_EML_VERIFY_REPORT_H
#define APPS_EML_VERIFY_REPORT_H

#include "apps/eml-verify/show.h"

enum { REPORT_MAX_BYTES = 8 << 20 };

NODISCARD status report_html(const struct show *s, struct buf *out);

#endif
