/* verdict - how the outcome of a verification is shown: for people and as JSON.
 *
 * Text of a check may quote what an attacker wrote (a model id, say). Terminal control bytes never
 * get through: text output is printable ASCII with everything else escaped as \xNN.
 */
#ifndef FORMATS_VERDICT_H
#define FORMATS_VERDICT_H

#include "base/checks.h"
#include "formats/json.h"

/* {"verdict":"accept","checks":[{"id":"SIG","status":"PASS","code":null,"reason":"","fix":null}]}
 * code and fix are null when there is none; "source" says where the rule stands, when it is told.
 */
void verdict_put_json(struct buf *out, const struct checks *c);
/* The same two members inside an object that the caller has opened and closes. */
void verdict_json_members(struct json_w *w, const struct checks *c);

/* One line a check; neighbouring SKIPs with one reason share a line. */
void verdict_put_checks(struct buf *out, const struct checks *c, bool colour);
/* "verdict: accept (20 passed, 0 failed, 6 skipped)" */
void verdict_put_summary(struct buf *out, const struct checks *c, bool colour);
/* Both. */
void verdict_put_text(struct buf *out, const struct checks *c, bool colour);
/* Appends text from outside with everything but printable ASCII escaped. */
void verdict_put_safe(struct buf *out, struct bytes text);

#endif
