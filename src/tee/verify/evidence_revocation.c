#include "tee/verify/evidence_job.h"

static status prove(struct x509_chain *chain, const struct x509_crls *crls, size_t *out_n_named)
{
    struct x509_verified proven = {0};
    chain->crls = crls->v;
    chain->n_crls = crls->n;
    chain->is_crl_where_named = true;
    TRY(x509_verify_chain(chain, &proven));
    *out_n_named = proven.n_crl_named;
    return OK;
}

/* CRLs of other platforms may stand in the same list: evidence of a CPU and its GPUs comes
 * together.
 */
void evidence_judge_revocation(struct evidence_job *j, struct x509_chain chain, bool is_required,
                               const char *revoked_code)
{
    const struct evidence_inputs *beside = &j->expect->beside;
    struct x509_crls fitting;
    size_t n_named = 0;
    status s = x509_crls_of(&chain, beside->crls, beside->n_crls, &fitting);
    if (ok(s) && fitting.n == 0) {
        evidence_skip(j, is_required, NULL, "no CRL of this chain's authorities was given");
        return;
    }
    if (ok(s))
        s = prove(&chain, &fitting, &n_named);
    if (failed(s))
        evidence_fail(j, s.code == ST_REVOKED ? revoked_code : NULL, "%s", status_detail());
    else if (n_named == 0)
        evidence_skip(j, is_required, NULL, "no certificate of this chain names a CRL");
    else
        evidence_pass(j, "%zu certificates are on none of %zu CRLs", n_named, fitting.n);
}
