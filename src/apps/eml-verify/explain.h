/* explain - the exact bytes that each check looked at: as a hex dump, and as JSON.
 *
 * Untrusted: the bytes. Labels and ids are the program's own.
 */
#ifndef APPS_EML_VERIFY_EXPLAIN_H
#define APPS_EML_VERIFY_EXPLAIN_H

#include "formats/json.h"
#include "tee/verify/evidence_trace.h"

/* Lines "offset  hexadecimal  |text|", 16 bytes each; at most n_max bytes of v. */
void explain_put_hex(struct buf *out, size_t offset, struct bytes v, size_t n_max);
/* One block a check: "signature", then for each part "evidence 5 +1024 payload" and its bytes. */
void explain_put_text(struct buf *out, const struct evidence_trace *t);
/* "explain": [{"check","label","input","offset","length","sha256","hex"}]; input and offset are
 * null for what was computed, hex is null for what was left out. */
void explain_put_json(struct json_w *w, const struct evidence_trace *t);

#endif
