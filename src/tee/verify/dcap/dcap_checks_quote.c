#include "tee/verify/dcap/dcap_job.h"

#include "base/clock.h"
#include "crypto/ecdsa.h"
#include "crypto/hash.h"
#include "tee/verify/dcap/dcap_root.h"

bool dcap_stands_on(struct evidence_job *j, bool held, const char *what)
{
    if (!held)
        evidence_skip(j, true, "See the first check that failed.", "not judged: %s", what);
    return held;
}

bool dcap_has_collateral(struct evidence_job *j)
{
    return dcap_stands_on(j, dcap_state_of(j)->has_collateral, "there is no collateral");
}

void dcap_shows_member(struct evidence_job *j, const char *label, const char *quoted_key)
{
    if (j->expect->trace != NULL)
        evidence_shows(j, label, collateral_member(j->expect->beside.collateral, quoted_key));
}

static const struct dcap_policy *rules_in(const struct evidence_policy *p, enum quote_tee tee)
{
    if (p == NULL)
        return NULL;
    const struct dcap_policy *rules = tee == QUOTE_TDX ? &p->tdx : &p->sgx;
    return rules->is_present ? rules : NULL;
}

/* What the common code shows of a TD; an enclave's measurement is in the facts. */
static void take_measurements(struct evidence_job *j, const struct quote *q)
{
    struct measurements *m = &j->measurements;
    if (q->tee != QUOTE_TDX)
        return;
    m->kind = MEASUREMENT_TDX;
    m->present_mask = 0x1f;
    memcpy(m->pcr[0], q->td.mrtd.p, MEASUREMENT_LEN);
    for (size_t i = 0; i < QUOTE_RTMRS; i++)
        memcpy(m->pcr[i + 1], q->td.rtmr[i].p, MEASUREMENT_LEN);
}

void dcap_check_quote(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    struct quote *q = &d->quote;
    enum quote_tee want = j->kind->type == EVIDENCE_TDX ? QUOTE_TDX : QUOTE_SGX;
    status s = quote_parse(j->evidence, q);
    if (failed(s)) {
        evidence_unreadable(j, s);
        return;
    }
    evidence_shows(j, "the quote, padding left out",
                   bytes_of(j->evidence.p, j->evidence.n - q->n_trailing));
    evidence_shows(j, "header and body", q->signed_part);
    dcap_facts_quote(j);
    if (q->tee != want) {
        evidence_fail(j, "DCAP_TEE_MISMATCH", "the quote is of %s",
                      q->tee == QUOTE_TDX ? "a TD" : "an SGX enclave");
        return;
    }
    d->rules = rules_in(j->policy, want);
    take_measurements(j, q);
    evidence_pass(j, "a quote of version %u, body type %u, %zu bytes of padding not read",
                  q->version, q->body_type, q->n_trailing);
    evidence_reach(j, NEEDS_PARSED);
}

void dcap_check_certification(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    struct quote_certification *c = &d->certification;
    status s = quote_read_certification(&d->quote, c);
    evidence_shows(j, "signature data", d->quote.signature_data);
    if (failed(s)) {
        evidence_fail(j, s.code == ST_UNSUPPORTED ? "DCAP_CERTIFICATION_UNSUPPORTED" : NULL, "%s",
                      status_detail());
        return;
    }
    evidence_pass(j, "%s",
                  c->type == QUOTE_CERT_PPID ? "a PPID, whose certificates come beside it"
                                             : "a chain of certificates");
    evidence_reach(j, DCAP_CERTIFIED);
}

/* Read early, because the PCK certificates may stand in it; believed later, part by part. */
void dcap_check_collateral(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    struct bytes in = j->expect->beside.collateral;
    if (in.p == NULL) {
        evidence_skip(j, true, NULL, "no collateral was given");
        return;
    }
    if (failed(collateral_parse(in, &d->collateral))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    d->has_collateral = true;
    evidence_shows(j, "collateral", in);
    evidence_pass(j, "collateral of %zu bytes", in.n);
}

void dcap_check_vendor(struct evidence_job *j)
{
    const struct quote *q = &dcap_state_of(j)->quote;
    evidence_shows(j, "QE vendor id", q->vendor_id);
    if (quote_is_intel_qe(q))
        evidence_pass(j, "the quoting enclave is Intel's");
    else
        evidence_fail(j, NULL, "the quoting enclave is another vendor's");
}

/* ---- the certificates of the PCK ---- */

static status read_pck_certs(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    const struct bytes beside = j->expect->beside.certs;
    if (d->certification.type == QUOTE_CERT_PCK_CHAIN)
        return cert_list_read(d->certification.pem, &d->certs);
    if (beside.p != NULL)
        return cert_list_read(beside, &d->certs);
    d->certs = d->collateral.pck_chain; /* moved: collateral_done() must not see it again */
    d->collateral.pck_chain = (struct cert_list){0};
    return OK;
}

static bool is_chain_missing(const struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    return d->certification.type == QUOTE_CERT_PPID && j->expect->beside.certs.p == NULL &&
           d->collateral.pck_chain.n == 0;
}

void dcap_check_pck_root(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (is_chain_missing(j)) {
        evidence_skip(j, true, "Give the PCK certificate, its CA's and the root (--certs).",
                      "the quote holds no certificates, and none came beside it");
        return;
    }
    if (failed(read_pck_certs(j))) {
        evidence_fail(j, "DCAP_PCK_CERTS_MALFORMED", "%s", status_detail());
        return;
    }
    if (d->certs.n != DCAP_PCK_CERTS) {
        evidence_fail(j, "DCAP_PCK_CERTS_MALFORMED", "%zu certificates: leaf, CA and root make 3",
                      d->certs.n);
        return;
    }
    evidence_shows(j, "certificates, PEM", d->certification.pem);
    evidence_shows(j, "last certificate", d->certs.der[DCAP_PCK_ROOT]);
    if (!bytes_equal(d->certs.der[DCAP_PCK_ROOT], dcap_root())) {
        evidence_fail(j, NULL, "the last certificate is not the Intel SGX Root CA");
        return;
    }
    evidence_pass(j, "the Intel SGX Root CA");
    evidence_reach(j, NEEDS_ROOT);
}

static void show_pck_certificates(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    for (size_t i = 0; i < d->certs.n; i++)
        evidence_shows(j, "certificate", d->certs.der[i]);
}

/* One proof serves both checks: the time is judged first, so that a wrong clock is called so. */
void dcap_check_pck_time(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    int64_t at = j->expect->at_unix_s;
    show_pck_certificates(j);
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    dcap_proof_chain(d->certs.der, DCAP_PCK_CERTS, at, j->expect->cache, &d->pck_proof);
    if (!d->pck_proof.has_validity) {
        evidence_fail(j, "DCAP_PCK_CERTS_MALFORMED", "%s", status_detail());
        return;
    }
    const struct evidence_chain *c = &d->pck_proof.chain;
    clock_text(c->not_before_unix_s, from);
    clock_text(c->not_after_unix_s, to);
    clock_text(at, now);
    evidence_fact(j, "pck_not_before", "%s", from);
    evidence_fact(j, "pck_not_after", "%s", to);
    if (at < c->not_before_unix_s || at > c->not_after_unix_s) {
        evidence_fail(j, NULL, "certificates are valid from %s to %s, the clock says %s", from, to,
                      now);
        return;
    }
    evidence_pass(j, "all certificates are valid at %s (until %s)", now, to);
    evidence_reach(j, NEEDS_TIME);
}

static bool has_name(struct bytes der, const char *name)
{
    struct bytes cn;
    return ok(x509_subject_cn(der, &cn)) && bytes_equal(cn, bytes_str(name));
}

static const char *role_trouble(const struct dcap_state *d)
{
    struct bytes ca = d->certs.der[DCAP_PCK_CA];
    if (!has_name(d->certs.der[DCAP_PCK_LEAF], "Intel SGX PCK Certificate"))
        return "the leaf is no PCK certificate";
    if (!has_name(ca, "Intel SGX PCK Platform CA") && !has_name(ca, "Intel SGX PCK Processor CA"))
        return "the intermediate is no PCK CA";
    return NULL;
}

void dcap_check_pck_chain(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    const char *trouble = d->pck_proof.is_proven ? role_trouble(d) : d->pck_proof.trouble;
    show_pck_certificates(j);
    if (trouble != NULL) {
        evidence_fail(j, NULL, "%s", trouble);
        return;
    }
    evidence_pass(j, "the PCK certificate leads to the pinned root%s",
                  d->pck_proof.was_known ? " (proven before)" : "");
    evidence_reach(j, DCAP_PCK_PROVEN);
}

void dcap_check_pck_extension(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    if (failed(pck_read(d->certs.der[DCAP_PCK_LEAF], &d->pck))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    dcap_facts_pck(j);
    struct bytes ppid = d->certification.ppid;
    if (ppid.p != NULL && !bytes_equal(ppid, d->pck.ppid)) {
        evidence_fail(j, "DCAP_PPID_MISMATCH", "the PCK certificate is of another platform");
        return;
    }
    evidence_shows(j, "CPUSVN", d->pck.cpusvn);
    evidence_pass(j, "all 16 component SVNs, PCESVN %u, FMSPC and PCE id are there", d->pck.pcesvn);
    evidence_reach(j, NEEDS_CHAIN);
}

/* ---- the two signatures, and what holds them together ---- */

void dcap_check_qe_signature(struct evidence_job *j)
{
    struct dcap_state *d = dcap_state_of(j);
    const struct quote_certification *c = &d->certification;
    evidence_shows(j, "QE report", c->qe_report);
    evidence_shows(j, "QE report signature", c->qe_signature);
    if (failed(ecdsa_verify_spki(ECDSA_ES256, d->pck_proof.leaf_spki, c->qe_report,
                                 c->qe_signature))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_pass(j, "the PCK signed the quoting enclave's report");
    evidence_reach(j, DCAP_QE_SIGNED);
}

/* Report data of the QE: SHA-256(attestation key || authentication data), then zeroes. */
void dcap_check_qe_binding(struct evidence_job *j)
{
    const struct quote_certification *c = &dcap_state_of(j)->certification;
    struct bytes parts[] = {c->key, c->qe_auth};
    uint8_t want[QUOTE_REPORT_DATA_LEN] = {0};
    evidence_shows(j, "attestation key", c->key);
    evidence_shows(j, "QE authentication data", c->qe_auth);
    evidence_shows(j, "QE report data", c->qe.report_data);
    if (failed(hash_parts(HASH_SHA256, parts, 2, want)) ||
        !bytes_equal(c->qe.report_data, BYTES_OF(want))) {
        evidence_fail(j, NULL, "the quoting enclave's report names another attestation key");
        return;
    }
    evidence_pass(j, "the quoting enclave's report names the attestation key");
    evidence_reach(j, DCAP_QE_BOUND);
}

void dcap_check_quote_signature(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    uint8_t point[1 + QUOTE_KEY_LEN] = {0x04};
    memcpy(point + 1, d->certification.key.p, QUOTE_KEY_LEN);
    evidence_shows(j, "signed bytes", d->quote.signed_part);
    evidence_shows(j, "signature", d->certification.signature);
    if (failed(ecdsa_verify_point(ECDSA_ES256, BYTES_OF(point), d->quote.signed_part,
                                  d->certification.signature))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_pass(j, "ES256 signature by the attestation key over header and body");
    evidence_reach(j, NEEDS_SIGNED);
}
