/* evidence_policy_text - a policy in plain sentences, and a policy from what was seen.
 *
 * Both are for people: nothing is decided from them. What was seen is pinned as it was, also where
 * nobody should trust it; a person reads the draft before it becomes a policy.
 */
#ifndef TEE_VERIFY_EVIDENCE_POLICY_TEXT_H
#define TEE_VERIFY_EVIDENCE_POLICY_TEXT_H

#include "tee/verify/evidence.h"

/* One sentence a line. */
void evidence_policy_explain(const struct evidence_policy *p, struct buf *out);

/* Appends a whole policy (JSON) that pins what evidence with a good signature says: its release by
 * this name and, where it carries a statement, service, model and configuration. ST_MISMATCH when
 * the signature did not hold; ST_UNSUPPORTED for the simulated platform, whose programs write their
 * own. */
NODISCARD status evidence_policy_pin(enum evidence_type type, const struct evidence_claimed *seen,
                                     const char *release_name, struct buf *out);

#endif
