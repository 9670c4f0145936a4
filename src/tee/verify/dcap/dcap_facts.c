/* What a quote and its collateral say, by names that docs/ATTESTATION.md lists. */
#include "tee/verify/dcap/dcap_job.h"

#include <stdio.h>

#include "base/clock.h"

static void td_facts(struct evidence_job *j, const struct quote_td *td)
{
    const struct {
        const char *name;
        struct bytes v;
    } rows[] = {
        {"tee_tcb_svn", td->tee_tcb_svn},
        {"mrseam", td->mrseam},
        {"mrsignerseam", td->mrsignerseam},
        {"seam_attributes", td->seam_attributes_view},
        {"td_attributes", td->attributes_view},
        {"xfam", td->xfam_view},
        {"mrtd", td->mrtd},
        {"mrconfigid", td->mrconfigid},
        {"mrowner", td->mrowner},
        {"mrownerconfig", td->mrownerconfig},
        {"rtmr0", td->rtmr[0]},
        {"rtmr1", td->rtmr[1]},
        {"rtmr2", td->rtmr[2]},
        {"rtmr3", td->rtmr[3]},
        {"tee_tcb_svn2", td->tee_tcb_svn2},
        {"mrservicetd", td->mrservicetd},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].v.n > 0)
            evidence_fact_hex(j, rows[i].name, rows[i].v);
    }
}

static void enclave_facts(struct evidence_job *j, const struct quote_enclave *e)
{
    evidence_fact_hex(j, "mrenclave", e->mrenclave);
    evidence_fact_hex(j, "mrsigner", e->mrsigner);
    evidence_fact_hex(j, "attributes", e->attributes);
    evidence_fact(j, "isvprodid", "%u", e->isvprodid);
    evidence_fact(j, "isvsvn", "%u", e->isvsvn);
    evidence_fact(j, "config_svn", "%u", e->config_svn);
    evidence_fact_hex(j, "config_id", e->config_id);
    evidence_fact_hex(j, "ext_prod_id", e->ext_prod_id);
    evidence_fact_hex(j, "family_id", e->family_id);
    evidence_fact(j, "miscselect", "%08x", (unsigned)e->miscselect);
}

void dcap_facts_quote(struct evidence_job *j)
{
    const struct quote *q = &dcap_state_of(j)->quote;
    evidence_fact(j, "quote_version", "%u", q->version);
    evidence_fact(j, "tee", "%s", q->tee == QUOTE_TDX ? "tdx" : "sgx");
    evidence_fact(j, "body_type", "%u", q->body_type);
    if (q->tee == QUOTE_TDX)
        td_facts(j, &q->td);
    else
        enclave_facts(j, &q->enclave);
    evidence_fact_hex(j, "report_data", quote_report_data(q));
    evidence_fact(j, "trailing_bytes", "%zu", q->n_trailing);
}

void dcap_facts_pck(struct evidence_job *j)
{
    const struct pck *p = &dcap_state_of(j)->pck;
    evidence_fact_hex(j, "fmspc", p->fmspc);
    evidence_fact_hex(j, "pce_id", p->pceid);
    evidence_fact_hex(j, "ppid", p->ppid);
    evidence_fact_hex(j, "pck_cpusvn", p->cpusvn);
    evidence_fact_hex(j, "pck_components", BYTES_OF(p->svn));
    evidence_fact(j, "pck_pcesvn", "%u", p->pcesvn);
}

static void text_fact(struct evidence_job *j, const char *name, struct bytes text)
{
    evidence_fact(j, name, "%.*s", (int)text.n, (const char *)text.p);
}

void dcap_facts_tcb_info(struct evidence_job *j)
{
    const struct tcb_info *t = &dcap_state_of(j)->tcb;
    evidence_fact(j, "tcb_info_version", "%u", t->version);
    evidence_fact(j, "tcb_info_id", "%s", t->tee == QUOTE_TDX ? "TDX" : "SGX");
    evidence_fact_hex(j, "tcb_info_fmspc", BYTES_OF(t->fmspc));
    text_fact(j, "tcb_info_issue_date", t->issue_text);
    text_fact(j, "tcb_info_next_update", t->next_text);
    evidence_fact(j, "tcb_info_evaluation", "%u", (unsigned)t->evaluation);
}

void dcap_facts_qe_identity(struct evidence_job *j)
{
    const struct qe_identity *q = &dcap_state_of(j)->qe;
    evidence_fact(j, "qe_identity_id", "%s", q->tee == QUOTE_TDX ? "TD_QE" : "QE");
    text_fact(j, "qe_identity_issue_date", q->issue_text);
    text_fact(j, "qe_identity_next_update", q->next_text);
    evidence_fact(j, "qe_identity_evaluation", "%u", (unsigned)q->evaluation);
}

static void crl_facts(struct evidence_job *j, const struct dcap_crl *crl, const char *from_name,
                      const char *to_name)
{
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN];
    if (!crl->is_good)
        return;
    clock_text(crl->fields.this_update_unix_s, from);
    clock_text(crl->fields.next_update_unix_s, to);
    evidence_fact(j, from_name, "%s", from);
    evidence_fact(j, to_name, "%s", to);
}

void dcap_facts_crl(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    crl_facts(j, &d->root_crl, "root_crl_this_update", "root_crl_next_update");
    crl_facts(j, &d->pck_crl, "pck_crl_this_update", "pck_crl_next_update");
}

/* Separated by commas; where there are more than fit, the last word is "...". */
static void list_advisories(const struct tcb_match *m, char out[static EVIDENCE_FACT_MAX])
{
    enum { ROOM = EVIDENCE_FACT_MAX - TCB_STATUS_ADVISORY_MAX_LEN };
    size_t n = 0, i = 0;
    out[0] = 0;
    for (; i < m->n_advisories && n < ROOM; i++)
        n += (size_t)snprintf(out + n, EVIDENCE_FACT_MAX - n, "%s%.*s", i ? "," : "",
                              (int)m->advisories[i].n, (const char *)m->advisories[i].p);
    if (i < m->n_advisories)
        (void)snprintf(out + n, EVIDENCE_FACT_MAX - n, ",...");
}

void dcap_facts_tcb(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    char text[EVIDENCE_FACT_MAX];
    list_advisories(&d->match, text);
    evidence_fact(j, "tcb_status", "%s", tcb_status_name(d->match.status));
    text_fact(j, "tcb_date", d->level->word.date);
    evidence_fact(j, "n_advisories", "%zu", d->match.n_advisories);
    evidence_fact(j, "advisories", "%s", text);
}
