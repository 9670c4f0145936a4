#include "tee/verify/dcap/dcap_job.h"

#include <stdio.h>

#define NO_TCB "there is no TCB info to believe"
#define NO_QE  "there is no QE identity to believe"

void dcap_check_qe_match(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    const struct quote_enclave *qe = &d->certification.qe;
    if (!dcap_stands_on(j, d->qe.doc != NULL, NO_QE))
        return;
    evidence_shows(j, "QE MRSIGNER", qe->mrsigner);
    evidence_shows(j, "QE ATTRIBUTES", qe->attributes);
    if (failed(qe_identity_check(&d->qe, qe)))
        evidence_fail(j, NULL, "%s", status_detail());
    else
        evidence_pass(j, "MRSIGNER, ISVPRODID, MISCSELECT and ATTRIBUTES are those of Intel's QE");
}

void dcap_check_qe_level(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    uint16_t isvsvn = d->certification.qe.isvsvn;
    if (!dcap_stands_on(j, d->qe.doc != NULL, NO_QE))
        return;
    d->qe_level = qe_identity_level(&d->qe, isvsvn);
    evidence_fact(j, "qe_isvsvn", "%u", isvsvn);
    evidence_shows(j, "QE report", d->certification.qe_report);
    if (d->qe_level == NULL) {
        evidence_fail(j, NULL, "the quoting enclave's ISVSVN %u is below every level", isvsvn);
        return;
    }
    evidence_fact(j, "qe_status", "%s", tcb_status_name(d->qe_level->word.status));
    evidence_pass(j, "ISVSVN %u is %s", isvsvn, tcb_status_name(d->qe_level->word.status));
}

/* ---- TDX module ---- */

void dcap_check_module(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->tcb.doc != NULL, NO_TCB))
        return;
    evidence_shows(j, "TEE_TCB_SVN", d->quote.td.tee_tcb_svn);
    evidence_shows(j, "MRSIGNERSEAM", d->quote.td.mrsignerseam);
    const struct tcb_info_module *m = tcb_match_module(&d->tcb, &d->quote.td);
    if (m == NULL) {
        evidence_fail(j, "TDX_MODULE_UNKNOWN", "the TCB info names no module of major version %u",
                      d->quote.td.tee_tcb_svn.p[1]);
        return;
    }
    if (failed(tcb_match_check_module(m, &d->quote.td))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    d->module = m;
    evidence_fact(j, "tdx_module", "TDX_%02X", d->quote.td.tee_tcb_svn.p[1]);
    evidence_pass(j, "the TDX module is that of %.*s", m->id.n ? (int)m->id.n : 9,
                  m->id.n ? (const char *)m->id.p : "tdxModule");
}

void dcap_check_module_level(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->module != NULL, "the TDX module's identity did not hold"))
        return;
    if (!tcb_match_has_module_levels(&d->quote.td)) {
        evidence_pass(j, "a module of before 1.5: the platform's levels judge it");
        return;
    }
    evidence_shows(j, "TEE_TCB_SVN", d->quote.td.tee_tcb_svn);
    d->module_level = tcb_match_module_level(d->module, &d->quote.td);
    if (d->module_level == NULL) {
        evidence_fail(j, NULL, "the TDX module's SVN %u is below every level",
                      d->quote.td.tee_tcb_svn.p[0]);
        return;
    }
    const char *name = tcb_status_name(d->module_level->word.status);
    evidence_fact(j, "tdx_module_status", "%s", name);
    evidence_pass(j, "SVN %u is %s", d->quote.td.tee_tcb_svn.p[0], name);
}

/* A TD outlives an update of the module: a TD 1.5 report tells the SVN of the one that launched it,
 * and of the one that runs now. Both are judged. */
static bool find_current(struct dcap_state *d)
{
    struct quote_td now = d->quote.td;
    now.tee_tcb_svn = d->quote.td.tee_tcb_svn2;
    const struct tcb_info_module *m = tcb_match_module(&d->tcb, &now);
    if (m == NULL || failed(tcb_match_check_module(m, &now)))
        return false;
    d->current_level = tcb_match_level(&d->tcb, &d->pck, &now);
    if (tcb_match_has_module_levels(&now))
        d->current_module_level = tcb_match_module_level(m, &now);
    return d->current_level != NULL &&
           (d->current_module_level != NULL || !tcb_match_has_module_levels(&now));
}

void dcap_check_module_current(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->tcb.doc != NULL, NO_TCB))
        return;
    evidence_shows(j, "TEE_TCB_SVN_2", d->quote.td.tee_tcb_svn2);
    d->has_current = d->quote.td.tee_tcb_svn2.n == 0 || find_current(d);
    if (!d->has_current)
        evidence_fail(j, NULL, "the TDX module that runs now is below every level");
    else if (d->current_level == NULL)
        evidence_pass(j, "a TD 1.0 report tells of one module only");
    else
        evidence_pass(j, "the TDX module that runs now has a level");
}

/* ---- level, status, advisories ---- */

static const struct quote_td *td_of(const struct dcap_state *d)
{
    return d->quote.tee == QUOTE_TDX ? &d->quote.td : NULL;
}

void dcap_check_level(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->tcb.doc != NULL, NO_TCB))
        return;
    evidence_shows(j, "component SVNs of the PCK", BYTES_OF(d->pck.svn));
    evidence_shows(j, "TEE_TCB_SVN", d->quote.td.tee_tcb_svn);
    d->level = tcb_match_level(&d->tcb, &d->pck, td_of(d));
    if (d->level == NULL) {
        evidence_fail(j, NULL, "the platform is below every level of the TCB info");
        return;
    }
    evidence_fact(j, "platform_status", "%s", tcb_status_name(d->level->word.status));
    evidence_pass(j, "level %zu of %zu: %s, of %.*s", (size_t)(d->level - d->tcb.levels) + 1,
                  d->tcb.n_levels, tcb_status_name(d->level->word.status),
                  (int)d->level->word.date.n, (const char *)d->level->word.date.p);
}

/* All parts that have a status must have one before it is merged. */
static bool merge(struct dcap_state *d)
{
    bool needs_module = d->quote.tee == QUOTE_TDX && tcb_match_has_module_levels(&d->quote.td);
    if (d->level == NULL || d->qe_level == NULL || (needs_module && d->module_level == NULL) ||
        (d->quote.tee == QUOTE_TDX && !d->has_current))
        return false;
    /* The tables go from the best level down: of two, the later is the worse. */
    const struct tcb_info_level *worse = d->current_level > d->level ? d->current_level : d->level;
    const struct tcb_status_word *parts[] = {
        &d->qe_level->word,
        d->module_level != NULL ? &d->module_level->word : NULL,
        d->current_module_level != NULL ? &d->current_module_level->word : NULL,
    };
    tcb_match_merge(&worse->word, parts, sizeof(parts) / sizeof(parts[0]), &d->match);
    d->is_matched = true;
    return true;
}

void dcap_check_status(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, merge(d), "a part of the platform has no level"))
        return;
    dcap_facts_tcb(j);
    const char *name = tcb_status_name(d->match.status);
    if (dcap_policy_accepts_status(d->rules, d->match.status))
        evidence_pass(j, "platform, quoting enclave%s together are %s",
                      d->module_level != NULL ? " and TDX module" : "", name);
    else
        evidence_fail(j, NULL, "the platform is %s, which %s", name,
                      d->rules != NULL ? "the policy does not accept" : "is not accepted");
}

void dcap_check_advisories(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->is_matched, "a part of the platform has no level"))
        return;
    for (size_t i = 0; i < d->match.n_advisories; i++) {
        struct bytes id = d->match.advisories[i];
        evidence_shows(j, "advisory", id);
        if (dcap_policy_accepts_advisory(d->rules, id))
            continue;
        evidence_fail(j, NULL, "the platform is subject to %.*s, which the policy does not list",
                      (int)id.n, (const char *)id.p);
        return;
    }
    if (d->match.n_advisories == 0)
        evidence_pass(j, "no advisory concerns this platform");
    else
        evidence_pass(j, "%zu advisories, all of them listed in the policy", d->match.n_advisories);
}

void dcap_check_allowed(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    bool is_pinned = d->rules != NULL && (d->rules->fmspcs.has || d->rules->ppids.has);
    evidence_shows(j, "FMSPC", d->pck.fmspc);
    evidence_shows(j, "PPID", d->pck.ppid);
    if (!is_pinned)
        evidence_skip(j, false, "Set fmspcs or ppids in the policy, to have it checked.",
                      "the policy names no machines");
    else if (!dcap_policy_lists(&d->rules->fmspcs, d->pck.fmspc))
        evidence_fail(j, NULL, "the policy does not list this processor family (FMSPC)");
    else if (!dcap_policy_lists(&d->rules->ppids, d->pck.ppid))
        evidence_fail(j, "DCAP_PPID_REFUSED", "the policy does not list this machine (PPID)");
    else
        evidence_pass(j, "the policy lists this machine");
}
