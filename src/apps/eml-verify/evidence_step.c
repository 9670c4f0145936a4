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
    if (!e->claimed.has_statement)
        return false;
    *out = e->claimed.statement;
    return true;
}
