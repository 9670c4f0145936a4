#include "apps/eml-verify/evidence_step.h"

#include "base/file.h"
#include "crypto/hash.h"
#include "formats/pem.h"

enum { EVIDENCE_ROOM = 1 << 20, CRL_ROOM = 16 << 20 };

void evidence_step_init(struct evidence_step *e)
{
    *e = (struct evidence_step){.evidence = BUF_MAX(EVIDENCE_ROOM)};
    for (size_t i = 0; i < EVIDENCE_STEP_CRLS_MAX; i++)
        e->crl_storage[i] = BUF_MAX(CRL_ROOM);
}

void evidence_step_done(struct evidence_step *e)
{
    buf_done(&e->evidence);
    evidence_policy_freep(&e->policy);
    for (size_t i = 0; i < EVIDENCE_STEP_CRLS_MAX; i++)
        buf_done(&e->crl_storage[i]);
}

static status load_policy(struct evidence_step *e, const char *path)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    if (path == NULL)
        return OK;
    TRY(status_context(file_read(path, &text), "--policy"));
    return status_context(evidence_policy_parse(buf_view(&text), &e->policy), "%s", path);
}

/* DER, or PEM with one block. */
static status load_crl(struct evidence_step *e, const char *path)
{
    struct buf *der = &e->crl_storage[e->n_crls];
    struct buf raw CLEANUP(buf_done) = BUF_MAX(CRL_ROOM);
    TRY(status_context(file_read(path, &raw), "--crl"));
    struct bytes text = buf_view(&raw);
    if (raw.n > 0 && raw.p[0] == '-')
        TRY(status_context(pem_next(&text, "X509 CRL", der), "%s", path));
    else
        buf_put(der, text);
    TRY(buf_status(der));
    e->crls[e->n_crls++] = buf_view(der);
    return OK;
}

status evidence_step_load(struct evidence_step *e, const char *path, const struct cli *args)
{
    size_t n_crls = cli_count(args, "crl");
    if (n_crls > EVIDENCE_STEP_CRLS_MAX)
        return cli_wrong("--crl is given %zu times, at most %d are taken", n_crls,
                         EVIDENCE_STEP_CRLS_MAX);
    TRY(file_read(path, &e->evidence));
    TRY(load_policy(e, cli_value(args, "policy")));
    for (size_t i = 0; i < n_crls; i++)
        TRY(load_crl(e, cli_nth(args, "crl", i)));
    return sha256(buf_view(&e->evidence), e->sha256);
}

void evidence_step_judge(struct evidence_step *e, int64_t at_unix_s, struct bytes nonce,
                         struct checks *out_checks)
{
    const struct evidence_expect expect = {
        .at_unix_s = at_unix_s,
        .nonce = nonce,
        .beside.crls = e->crls,
        .beside.n_crls = e->n_crls,
    };
    e->is_accepted = ok(evidence_verify(buf_view(&e->evidence), e->type, e->policy, &expect,
                                        out_checks, &e->claimed, &e->verified));
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
