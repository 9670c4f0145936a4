/* evidence_step - evidence with what comes beside it, read from files and judged: one step of
 * verifying a receipt, and all of verifying evidence.
 *
 * Untrusted: the evidence and everything beside it. Trusted: the policy and what stands on the
 * command line.
 */
#ifndef APPS_EML_VERIFY_EVIDENCE_STEP_H
#define APPS_EML_VERIFY_EVIDENCE_STEP_H

#include "apps/common/evidence_files.h"

struct evidence_step {
    const char *path;
    struct evidence_files files;
    uint8_t sha256[EVIDENCE_SHA256_LEN];
    bool is_accepted;
    struct evidence_verified verified; /* when is_accepted */
    struct evidence_claimed claimed;
};

void evidence_step_init(struct evidence_step *e);
void evidence_step_done(struct evidence_step *e);

/* Reads `path` and what the options name. Fails only for what is no verdict: files, the policy. */
NODISCARD status evidence_step_load(struct evidence_step *e, const char *path,
                                    const struct cli *args);
/* Judges it; results go to out_checks. Change files.expect before, where needed. */
void evidence_step_judge(struct evidence_step *e, struct checks *out_checks);

/* The statement in evidence whose signature held, whether or not a policy accepted it. */
bool evidence_step_statement(const struct evidence_step *e, struct statement *out);

#endif
