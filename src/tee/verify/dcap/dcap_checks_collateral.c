#include "tee/verify/dcap/dcap_job.h"

#include <inttypes.h>

#include "base/clock.h"
#include "tee/verify/dcap/dcap_root.h"

/* Each step stands on the one before it; the parsed table is there only when all held. */
#define TCB_CHAIN  "the chain of the TCB info did not hold"
#define QE_CHAIN   "the chain of the QE identity did not hold"
#define TCB_SIGNED "the TCB info's signature did not hold"
#define QE_SIGNED  "the QE identity's signature did not hold"
#define NO_TCB     "there is no TCB info to believe"
#define NO_QE      "there is no QE identity to believe"

/* ---- chains of the two tables ---- */

struct table_codes {
    const char *untrusted, *expired;
};

static const char *table_chain_trouble(const struct evidence_job *j, const struct cert_list *certs,
                                       const struct table_codes *codes, const char **out_code,
                                       struct dcap_proof *proof)
{
    struct bytes cn;
    int64_t at = j->expect->at_unix_s;
    *out_code = codes->untrusted;
    if (certs->n != DCAP_TCB_CERTS)
        return "the chain is not two certificates";
    if (!bytes_equal(certs->der[DCAP_TCB_ROOT], dcap_root()))
        return "the chain does not end in the Intel SGX Root CA";
    *out_code = NULL;
    dcap_proof_chain(certs->der, certs->n, at, j->expect->cache, proof);
    if (proof->has_validity &&
        (at < proof->chain.not_before_unix_s || at > proof->chain.not_after_unix_s)) {
        *out_code = codes->expired;
        proof->is_proven = false;
        return "the clock lies outside the certificates' validity";
    }
    if (!proof->is_proven)
        return proof->trouble;
    if (failed(x509_subject_cn(certs->der[DCAP_TCB_LEAF], &cn)) ||
        !bytes_equal(cn, BYTES_LIT("Intel SGX TCB Signing"))) {
        proof->is_proven = false;
        return "the leaf is no TCB signing certificate";
    }
    return NULL;
}

static void check_table_chain(struct evidence_job *j, const struct cert_list *certs,
                              const struct table_codes *codes, struct dcap_proof *proof)
{
    const char *code = NULL;
    const char *trouble = table_chain_trouble(j, certs, codes, &code, proof);
    for (size_t i = 0; i < certs->n; i++)
        evidence_shows(j, i == DCAP_TCB_LEAF ? "TCB signing certificate" : "its issuer",
                       certs->der[i]);
    if (trouble != NULL) {
        evidence_fail(j, code, "%s", trouble);
        return;
    }
    evidence_pass(j, "the TCB signing certificate leads to the pinned root%s",
                  proof->was_known ? " (proven before)" : "");
}

void dcap_check_tcb_info_chain(struct evidence_job *j)
{
    static const struct table_codes CODES = {"DCAP_TCB_INFO_ROOT_UNTRUSTED",
                                             "DCAP_TCB_INFO_CHAIN_EXPIRED"};
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_has_collateral(j))
        return;
    dcap_shows_member(j, "chain as JSON has it", "\"tcb_info_issuer_chain\"");
    check_table_chain(j, &d->collateral.tcb_info_chain, &CODES, &d->tcb_proof);
}

void dcap_check_qe_identity_chain(struct evidence_job *j)
{
    static const struct table_codes CODES = {"DCAP_QE_IDENTITY_ROOT_UNTRUSTED",
                                             "DCAP_QE_IDENTITY_CHAIN_EXPIRED"};
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_has_collateral(j))
        return;
    dcap_shows_member(j, "chain as JSON has it", "\"qe_identity_issuer_chain\"");
    check_table_chain(j, &d->collateral.qe_identity_chain, &CODES, &d->qe_proof);
}

/* ---- signatures over the exact text ---- */

static void check_table_signature(struct evidence_job *j, struct dcap_proof *proof,
                                  struct bytes text, struct bytes sig)
{
    evidence_shows(j, "signed text", text);
    evidence_shows(j, "signature", sig);
    proof->is_proven = ok(dcap_proof_signature(proof->leaf_spki, text, sig, j->expect->cache));
    if (proof->is_proven)
        evidence_pass(j, "ES256 signature over the %zu bytes as they came", text.n);
    else
        evidence_fail(j, NULL, "%s", status_detail());
}

void dcap_check_tcb_info_signature(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->tcb_proof.is_proven, TCB_CHAIN))
        return;
    dcap_shows_member(j, "text as JSON has it", "\"tcb_info\"");
    check_table_signature(j, &d->tcb_proof, d->collateral.tcb_info,
                          BYTES_OF(d->collateral.tcb_info_signature));
}

void dcap_check_qe_identity_signature(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->qe_proof.is_proven, QE_CHAIN))
        return;
    dcap_shows_member(j, "text as JSON has it", "\"qe_identity\"");
    check_table_signature(j, &d->qe_proof, d->collateral.qe_identity,
                          BYTES_OF(d->collateral.qe_identity_signature));
}

/* ---- form ---- */

void dcap_check_tcb_info_form(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->tcb_proof.is_proven, TCB_SIGNED))
        return;
    if (failed(tcb_info_parse(d->collateral.tcb_info, &d->tcb))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    if (d->tcb.tee != d->quote.tee) {
        evidence_fail(j, "DCAP_TCB_INFO_TEE_MISMATCH", "the TCB info is of %s",
                      d->tcb.tee == QUOTE_TDX ? "TDX" : "SGX");
        tcb_info_done(&d->tcb);
        return;
    }
    dcap_facts_tcb_info(j);
    evidence_pass(j, "TCB info of version %u with %zu levels, evaluation number %u", d->tcb.version,
                  d->tcb.n_levels, (unsigned)d->tcb.evaluation);
}

void dcap_check_qe_identity_form(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->qe_proof.is_proven, QE_SIGNED))
        return;
    if (failed(qe_identity_parse(d->collateral.qe_identity, &d->qe))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    if (d->qe.tee != d->quote.tee) {
        evidence_fail(j, "DCAP_QE_IDENTITY_TEE_MISMATCH", "the QE identity is of %s",
                      d->qe.tee == QUOTE_TDX ? "TDX" : "SGX");
        qe_identity_done(&d->qe);
        return;
    }
    dcap_facts_qe_identity(j);
    evidence_pass(j, "QE identity of version %u with %zu levels, evaluation number %u",
                  d->qe.version, d->qe.n_levels, (unsigned)d->qe.evaluation);
}

/* ---- dates ---- */

static void check_dates(struct evidence_job *j, const char *code_early, int64_t issue, int64_t next)
{
    int64_t at = j->expect->at_unix_s;
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    clock_text(issue, from);
    clock_text(next, to);
    clock_text(at, now);
    if (at < issue)
        evidence_fail(j, code_early, "issued at %s, the clock says %s", from, now);
    else if (at > next)
        evidence_fail(j, NULL, "collateral expired: to be updated by %s, the clock says %s", to,
                      now);
    else
        evidence_pass(j, "issued at %s, to be updated by %s", from, to);
}

void dcap_check_tcb_info_time(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    evidence_shows(j, "issueDate", d->tcb.issue_text);
    evidence_shows(j, "nextUpdate", d->tcb.next_text);
    if (dcap_stands_on(j, d->tcb.doc != NULL, NO_TCB))
        check_dates(j, "DCAP_TCB_INFO_NOT_YET", d->tcb.issue_unix_s, d->tcb.next_unix_s);
}

void dcap_check_qe_identity_time(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    evidence_shows(j, "issueDate", d->qe.issue_text);
    evidence_shows(j, "nextUpdate", d->qe.next_text);
    if (dcap_stands_on(j, d->qe.doc != NULL, NO_QE))
        check_dates(j, "DCAP_QE_IDENTITY_NOT_YET", d->qe.issue_unix_s, d->qe.next_unix_s);
}

/* Intel's table speaks about one processor family and one PCE; another's says nothing here. */
void dcap_check_tcb_info_platform(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->tcb.doc != NULL, NO_TCB))
        return;
    evidence_shows(j, "FMSPC", d->pck.fmspc);
    evidence_shows(j, "PCE id", d->pck.pceid);
    if (!bytes_equal(d->pck.fmspc, BYTES_OF(d->tcb.fmspc)))
        evidence_fail(j, NULL, "the TCB info is of another processor family (FMSPC)");
    else if (!bytes_equal(d->pck.pceid, BYTES_OF(d->tcb.pceid)))
        evidence_fail(j, "DCAP_PCEID_MISMATCH", "the TCB info is of another PCE");
    else
        evidence_pass(j, "FMSPC and PCE id are those of the PCK certificate");
}

/* ---- revocation ---- */

static void check_crl(struct evidence_job *j, const struct buf *crl, struct bytes issuer,
                      const char *code_expired, struct dcap_crl *out)
{
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN];
    evidence_shows(j, "CRL", buf_view(crl));
    status s =
        dcap_proof_crl(buf_view(crl), issuer, j->expect->at_unix_s, j->expect->cache, &out->fields);
    if (failed(s)) {
        evidence_fail(j, s.code == ST_EXPIRED ? code_expired : NULL, "%s", status_detail());
        return;
    }
    out->is_good = true;
    clock_text(out->fields.this_update_unix_s, from);
    clock_text(out->fields.next_update_unix_s, to);
    evidence_pass(j, "signed by its issuer, of %s, to be updated by %s", from, to);
}

void dcap_check_root_crl(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_has_collateral(j))
        return;
    dcap_shows_member(j, "CRL as JSON has it", "\"root_ca_crl\"");
    check_crl(j, &d->collateral.root_crl, dcap_root(), "DCAP_ROOT_CRL_EXPIRED", &d->root_crl);
    dcap_facts_crl(j);
}

void dcap_check_pck_crl(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (!dcap_has_collateral(j))
        return;
    dcap_shows_member(j, "CRL as JSON has it", "\"pck_crl\"");
    check_crl(j, &d->collateral.pck_crl, d->certs.der[DCAP_PCK_CA], "DCAP_PCK_CRL_EXPIRED",
              &d->pck_crl);
    dcap_facts_crl(j);
}

static status is_revoked(struct evidence_job *j, const struct dcap_crl *crl, struct bytes der,
                         bool *out)
{
    struct bytes serial;
    TRY(x509_serial(der, &serial));
    evidence_shows(j, "serial number", serial);
    return x509_crl_lists(&crl->fields, serial, out);
}

/* CRLs that the caller gives count besides: one of them may be newer than the collateral's. Those
 * of other issuers are for other evidence. */
static status is_on_given(struct evidence_job *j, struct bytes issuer_der, struct bytes der,
                          bool *out)
{
    const struct evidence_inputs *in = &j->expect->beside;
    struct x509_fields issuer, cert;
    *out = false;
    TRY(x509_read(issuer_der, &issuer));
    TRY(x509_read(der, &cert));
    for (size_t i = 0; i < in->n_crls && !*out; i++) {
        struct x509_crl crl;
        TRY(x509_read_crl(in->crls[i], &crl));
        if (!bytes_equal(crl.issuer, issuer.subject))
            continue;
        evidence_shows(j, "CRL given besides", in->crls[i]);
        TRY(dcap_proof_crl(in->crls[i], issuer_der, j->expect->at_unix_s, j->expect->cache, &crl));
        TRY(x509_crl_lists(&crl, cert.serial, out));
    }
    return OK;
}

struct signed_by {
    const char *name;
    const struct dcap_crl *crl;
    struct bytes issuer;
    const struct cert_list *list;
    size_t at;
};

static bool is_clear(struct evidence_job *j, const struct signed_by *row)
{
    struct bytes der = row->list->der[row->at];
    bool is_listed = true, is_on_another = false;
    status s = is_revoked(j, row->crl, der, &is_listed);
    if (failed(s) || is_listed) {
        evidence_fail(j, NULL, "the %s certificate is %s", row->name,
                      failed(s) ? status_detail() : "revoked");
        return false;
    }
    s = is_on_given(j, row->issuer, der, &is_on_another);
    if (failed(s))
        evidence_fail(j, "DCAP_GIVEN_CRL_INVALID", "a CRL given besides: %s", status_detail());
    else if (is_on_another)
        evidence_fail(j, NULL, "the %s certificate is revoked by a CRL given besides", row->name);
    return ok(s) && !is_on_another;
}

/* Each certificate against the CRL of its issuer: the root's for the PCK CA and the TCB signing
 * certificates, the PCK CA's for the PCK. */
void dcap_check_revocation(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    if (!dcap_stands_on(j, d->root_crl.is_good && d->pck_crl.is_good, "a CRL did not hold"))
        return;
    const struct signed_by rows[] = {
        {"PCK", &d->pck_crl, d->certs.der[DCAP_PCK_CA], &d->certs, DCAP_PCK_LEAF},
        {"PCK CA", &d->root_crl, dcap_root(), &d->certs, DCAP_PCK_CA},
        {"TCB info's signing", &d->root_crl, dcap_root(), &d->collateral.tcb_info_chain,
         DCAP_TCB_LEAF},
        {"QE identity's signing", &d->root_crl, dcap_root(), &d->collateral.qe_identity_chain,
         DCAP_TCB_LEAF},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* A chain that is too short did not hold, which its own check says. */
        if (rows[i].at < rows[i].list->n && !is_clear(j, &rows[i]))
            return;
    }
    evidence_pass(j, "no certificate is on the CRL of its issuer");
}

/* ---- how old may collateral be ---- */

void dcap_check_age(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    bool is_pinned = d->rules != NULL && d->rules->has_max_age;
    if (!is_pinned) {
        evidence_skip(j, false, "Set max_collateral_age_s in the policy, to have it checked.",
                      "the policy bounds no age; the update dates do");
        return;
    }
    if (!dcap_stands_on(j, d->tcb.doc != NULL && d->qe.doc != NULL && d->pck_crl.is_good,
                        "a part of the collateral did not hold"))
        return;
    int64_t oldest = d->tcb.issue_unix_s;
    oldest = d->qe.issue_unix_s < oldest ? d->qe.issue_unix_s : oldest;
    oldest = d->pck_crl.fields.this_update_unix_s < oldest ? d->pck_crl.fields.this_update_unix_s
                                                           : oldest;
    int64_t age = j->expect->at_unix_s - oldest;
    if (age > d->rules->max_age_s)
        evidence_fail(j, NULL, "the oldest part is %" PRId64 " s old, at most %" PRId64, age,
                      d->rules->max_age_s);
    else
        evidence_pass(j, "the oldest part is %" PRId64 " s old, at most %" PRId64, age,
                      d->rules->max_age_s);
}

static bool has_tables(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    return dcap_stands_on(j, d->tcb.doc != NULL && d->qe.doc != NULL,
                          "a table of the collateral did not hold");
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void dcap_check_evaluation(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    uint32_t want = d->rules != NULL ? d->rules->min_evaluation : 0;
    if (want == 0) {
        evidence_skip(j, false, "Set min_tcb_evaluation in the policy, to have it checked.",
                      "the policy sets no least evaluation number");
        return;
    }
    if (!has_tables(j))
        return;
    uint32_t got = least(d->tcb.evaluation, d->qe.evaluation);
    if (got < want)
        evidence_fail(j, NULL, "evaluation number %u, at least %u", (unsigned)got, (unsigned)want);
    else
        evidence_pass(j, "evaluation number %u, at least %u", (unsigned)got, (unsigned)want);
}

void dcap_check_rollback(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    bool is_tdx = d->quote.tee == QUOTE_TDX;
    enum evidence_memory_of tcb = is_tdx ? EVIDENCE_MEMORY_TDX_TCB : EVIDENCE_MEMORY_SGX_TCB;
    enum evidence_memory_of qe = is_tdx ? EVIDENCE_MEMORY_TDX_QE : EVIDENCE_MEMORY_SGX_QE;
    if (!has_tables(j))
        return;
    j->seen[tcb] = d->tcb.evaluation;
    j->seen[qe] = d->qe.evaluation;
    uint32_t tcb_high = evidence_memory_get(j->expect->memory, tcb);
    uint32_t qe_high = evidence_memory_get(j->expect->memory, qe);
    if (j->expect->memory == NULL)
        evidence_skip(j, false, "Keep a file of what was seen (--state), to have it checked.",
                      "nothing is remembered of earlier collateral");
    else if (d->tcb.evaluation < tcb_high || d->qe.evaluation < qe_high)
        evidence_fail(j, NULL, "evaluation numbers %u and %u, after %u and %u were seen",
                      (unsigned)d->tcb.evaluation, (unsigned)d->qe.evaluation, (unsigned)tcb_high,
                      (unsigned)qe_high);
    else
        evidence_pass(j, "evaluation numbers %u and %u: none higher was seen",
                      (unsigned)d->tcb.evaluation, (unsigned)d->qe.evaluation);
}
