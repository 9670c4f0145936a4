/* evidence_step - reads evidence, its policy and CRLs from files and has the evidence judged.
 *
 * Untrusted: the evidence and the CRLs. Trusted: the policy and what stands on the command line.
 */
#ifndef APPS_EML_VERIFY_EVIDENCE_STEP_H
#define APPS_EML_VERIFY_EVIDENCE_STEP_H

#include "apps/common/cli.h"
#include "base/buf.h"
#include "tee/verify/evidence.h"

enum { EVIDENCE_STEP_CRLS_MAX = 8 };

struct evidence_step {
    struct buf evidence;
    struct evidence_policy *policy; /* NULL when none was given */
    struct buf crl_storage[EVIDENCE_STEP_CRLS_MAX];
    struct bytes crls[EVIDENCE_STEP_CRLS_MAX];
    size_t n_crls;
    enum evidence_type type;
    uint8_t sha256[EVIDENCE_SHA256_LEN];
    bool is_accepted;
    struct evidence_verified verified; /* when is_accepted */
    struct evidence_claimed claimed;
};

void evidence_step_init(struct evidence_step *e);
void evidence_step_done(struct evidence_step *e);

/* Reads `path`, --policy and every --crl. Fails only for what is no verdict: files, the policy. */
NODISCARD status evidence_step_load(struct evidence_step *e, const char *path,
                                    const struct cli *args);
/* Judges it as e->type; results go to out_checks. nonce.p is NULL when none is expected. */
void evidence_step_judge(struct evidence_step *e, int64_t at_unix_s, struct bytes nonce,
                         struct checks *out_checks);

/* The statement in evidence whose signature held, whether or not a policy accepted it. */
bool evidence_step_statement(const struct evidence_step *e, struct statement *out);
/* The type that evidence without --type is judged as: simulated when its statement says so, which
 * then must hold under the simulated root of the policy; nitro otherwise. */
enum evidence_type evidence_step_guess_type(struct bytes evidence);

#endif
