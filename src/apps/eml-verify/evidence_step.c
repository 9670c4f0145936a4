#include "apps/eml-verify/evidence_step.h"

#include "crypto/hash.h"

void evidence_step_init(struct evidence_step *e)
{
    *e = (struct evidence_step){.path = ""};
    evidence_files_init(&e->files);
}

void evidence_step_done(struct evidence_step *e)
{
    evidence_files_done(&e->files);
}

status evidence_step_load(struct evidence_step *e, const char *path, const struct cli *args)
{
    e->path = path;
    TRY(evidence_files_load(&e->files, path, args));
    return sha256(buf_view(&e->files.evidence), e->sha256);
}

void evidence_step_judge(struct evidence_step *e, struct checks *out_checks)
{
    e->is_accepted = ok(evidence_files_verify(&e->files, out_checks, &e->claimed, &e->verified));
}

bool evidence_step_statement(const struct evidence_step *e, struct statement *out)
{
    if (e->is_accepted && e->verified.has_statement) {
        *out = e->verified.statement;
        return true;
    }
    return e->claimed.is_signed && ok(statement_parse(e->claimed.user_data, out));
}

enum evidence_type evidence_step_guess_type(struct bytes evidence)
{
    const struct evidence_expect expect = {0};
    struct checks unused = {0};
    struct evidence_claimed claimed = {0};
    struct evidence_verified verified;
    struct statement s;
    /* Only the fields are of interest: no verdict of this call is used. */
    (void)ok(
        evidence_verify(evidence, EVIDENCE_SIMULATED, NULL, &expect, &unused, &claimed, &verified));
    if (failed(statement_parse(claimed.user_data, &s)))
        return EVIDENCE_NITRO;
    return bytes_equal(s.platform, bytes_str(STATEMENT_PLATFORM_SIMULATED)) ? EVIDENCE_SIMULATED
                                                                            : EVIDENCE_NITRO;
}
