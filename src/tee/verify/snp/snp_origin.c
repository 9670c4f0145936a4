#include "tee/verify/snp/snp_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"

static const char *report_code(status s)
{
    if (s.code == ST_ALG)
        return "SNP_SIGNATURE_ALGORITHM";
    return s.code == ST_UNSUPPORTED ? "SNP_REPORT_VERSION" : NULL;
}

static void note_unreadable(struct evidence_job *j, status s)
{
    evidence_fail(j, report_code(s), "%s", status_detail());
    if (s.code == ST_UNSUPPORTED || s.code == ST_ALG)
        checks_mark_unsupported(j->checks);
    else
        j->checks->is_malformed = true;
}

static void take_measurement(struct evidence_job *j, const struct snp_fields *f)
{
    j->measurements = (struct measurements){.kind = MEASUREMENT_SNP, .present_mask = 1};
    memcpy(j->measurements.pcr[0], f->measurement.p, f->measurement.n);
}

void snp_check_report(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    const struct snp_fields *f = &s->report.fields_;
    s->rules = j->policy != NULL && j->policy->snp.is_present ? &j->policy->snp : NULL;
    evidence_shows(j, "report", j->evidence);
    status parsed = snp_report_parse(j->evidence, &s->report);
    if (failed(parsed)) {
        note_unreadable(j, parsed);
        return;
    }
    take_measurement(j, f);
    snp_tell_report(j, f);
    evidence_pass(j, "an attestation report, version %" PRIu32, f->version);
    evidence_reach(j, NEEDS_PARSED);
}

/* ---- the certificate ---- */

static void read_leaf(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    evidence_shows(j, "certificate", s->leaf_der);
    status read = snp_cert_read(s->leaf_der, &s->leaf);
    if (failed(read)) {
        evidence_fail(j, read.code == ST_UNSUPPORTED ? "SNP_CERT_UNSUPPORTED" : NULL, "%s",
                      status_detail());
        return;
    }
    snp_tell_certificate(j, &s->leaf);
    evidence_pass(j, "a %s certificate of %.*s", s->leaf.kind == SNP_KEY_VLEK ? "VLEK" : "VCEK",
                  (int)s->leaf.product_name.n, (const char *)s->leaf.product_name.p);
    evidence_reach(j, SNP_NEEDS_LEAF);
}

void snp_check_vek(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    struct bytes given = j->expect->beside.certs;
    if (failed(snp_certs_read(given, &s->certs))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    s->leaf_der = snp_certs_leaf(&s->certs, s->report.fields_.signing_key);
    if (s->leaf_der.p == NULL)
        evidence_skip(j, true, NULL, "no VCEK or VLEK certificate came with the report");
    else
        read_leaf(j);
}

/* The firmware says in the report which kind of key it signed with. */
void snp_check_key(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    const struct snp_fields *f = &s->report.fields_;
    evidence_shows(j, "key flags", bytes_of(j->evidence.p + 0x48, 4));
    if (f->is_chip_key_masked || f->signing_key == SNP_KEY_NONE)
        evidence_fail(j, "SNP_REPORT_UNSIGNED", "the firmware says that it signed with no key");
    else if (f->signing_key > SNP_KEY_VLEK)
        evidence_fail(j, "SNP_SIGNING_KEY_RESERVED", "signing key %u is not assigned",
                      f->signing_key);
    else if (f->signing_key != s->leaf.kind)
        evidence_fail(j, NULL, "the report names another kind of key than the certificate's");
    else
        evidence_pass(j, "signed with the %s", s->leaf.kind == SNP_KEY_VLEK ? "VLEK" : "VCEK");
}

/* Before version 3 a report does not name its processor; the certificate alone does. */
static bool is_processor_told(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    const struct snp_fields *f = &s->report.fields_;
    enum snp_product product;
    if (!f->has_cpuid)
        return true;
    evidence_shows(j, "CPUID", bytes_of(j->evidence.p + 0x188, 3));
    if (!snp_product_of_cpu(f->family, f->model, &product))
        evidence_fail(j, "SNP_PRODUCT_UNKNOWN", "CPUID family 0x%02x model 0x%02x is not known",
                      f->family, f->model);
    else if (product != s->leaf.product)
        evidence_fail(j, NULL, "the report is of %s, the certificate of %s",
                      snp_product_line(product), snp_product_line(s->leaf.product));
    else
        return true;
    return false;
}

void snp_check_product(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    if (!is_processor_told(j))
        return;
    s->root = snp_root(s->leaf.product);
    evidence_pass(j, "%s, by the certificate%s", snp_product_line(s->leaf.product),
                  s->report.fields_.has_cpuid ? " and by CPUID" : "");
    evidence_reach(j, NEEDS_ROOT);
}

/* ---- the chain ---- */

static bool is_pinned(struct bytes der)
{
    for (unsigned p = 0; p < SNP_PRODUCTS; p++) {
        if (bytes_equal(der, snp_root((enum snp_product)p)))
            return true;
    }
    return false;
}

/* A root that was given is never the anchor; that it is another one tells who made the chain. */
void snp_check_ark(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    for (size_t i = 0; i < s->certs.n_others; i++) {
        struct x509_fields x;
        struct bytes der = s->certs.others[i];
        if (failed(x509_read(der, &x))) {
            evidence_fail(j, NULL, "%s", status_detail());
            return;
        }
        if (!bytes_equal(x.issuer, x.subject) || is_pinned(der))
            continue;
        evidence_shows(j, "root given", der);
        evidence_fail(j, NULL, "a root certificate was given that is none of AMD's");
        return;
    }
    evidence_pass(j, "the pinned ARK of %s", snp_product_line(s->leaf.product));
}

static void narrow(struct evidence_chain *c, struct bytes der)
{
    int64_t from = INT64_MIN, to = INT64_MAX;
    if (failed(x509_validity(der, &from, &to)))
        return;
    c->not_before_unix_s = from > c->not_before_unix_s ? from : c->not_before_unix_s;
    c->not_after_unix_s = to < c->not_after_unix_s ? to : c->not_after_unix_s;
}

/* The validity of a chain that does not hold, to tell a wrong clock from a wrong chain. */
static void guess_validity(struct snp_state *s, struct bytes issuer)
{
    s->chain =
        (struct evidence_chain){.not_before_unix_s = INT64_MIN, .not_after_unix_s = INT64_MAX};
    narrow(&s->chain, s->leaf_der);
    narrow(&s->chain, s->root);
    if (issuer.p != NULL)
        narrow(&s->chain, issuer);
}

static status prove_now(struct evidence_job *j, struct bytes issuer,
                        const uint8_t key[static SHA256_LEN])
{
    struct snp_state *s = snp_state_of(j);
    struct x509_verified leaf;
    struct x509_chain chain = {
        .root = s->root,
        .intermediates = &issuer,
        .n_intermediates = 1,
        .leaf = s->leaf_der,
        .is_zero_serial_allowed = true,
        .at_unix_s = j->expect->at_unix_s,
    };
    TRY(x509_verify_chain(&chain, &leaf));
    s->chain = (struct evidence_chain){
        .not_before_unix_s = leaf.not_before_unix_s,
        .not_after_unix_s = leaf.not_after_unix_s,
        .spki_at = (size_t)(leaf.leaf_spki.p - s->leaf_der.p),
        .spki_n = leaf.leaf_spki.n,
    };
    evidence_cache_keep(j->expect->cache, key, &s->chain);
    return OK;
}

static status prove_by(struct evidence_job *j, struct bytes issuer)
{
    struct snp_state *s = snp_state_of(j);
    const struct bytes parts[] = {s->root, issuer, s->leaf_der};
    uint8_t key[SHA256_LEN];
    TRY(evidence_cache_key("snp chain", parts, 3, key));
    s->is_chain_known = evidence_cache_find(j->expect->cache, key, &s->chain);
    if (!s->is_chain_known)
        TRY(prove_now(j, issuer, key));
    s->leaf_spki = bytes_of(s->leaf_der.p + s->chain.spki_at, s->chain.spki_n);
    s->issuer = issuer;
    return OK;
}

static bool is_named(struct bytes der, struct bytes subject)
{
    struct x509_fields x;
    return ok(x509_read(der, &x)) && bytes_equal(x.subject, subject);
}

/* Those that were given and bear the issuer's name, then the embedded ones. */
static size_t find_issuers(const struct snp_state *s, struct bytes name, struct bytes *out,
                           size_t max)
{
    struct bytes embedded[SNP_INTERMEDIATES_MAX];
    size_t n_embedded = snp_intermediates(s->leaf.product, embedded);
    size_t n = 0;
    for (size_t i = 0; i < s->certs.n_others && n < max; i++) {
        if (is_named(s->certs.others[i], name))
            out[n++] = s->certs.others[i];
    }
    for (size_t i = 0; i < n_embedded && n < max; i++) {
        if (is_named(embedded[i], name))
            out[n++] = embedded[i];
    }
    return n;
}

/* A product's signing key may have had more than one certificate; whichever proves the leaf is the
 * one that must not be revoked. */
static void prove(struct evidence_job *j)
{
    enum { ISSUERS_MAX = 4 };
    struct snp_state *s = snp_state_of(j);
    struct bytes issuers[ISSUERS_MAX];
    struct x509_fields x;
    size_t n = 0;
    s->proof = x509_read(s->leaf_der, &x);
    if (ok(s->proof)) {
        n = find_issuers(s, x.issuer, issuers, ISSUERS_MAX);
        s->proof = FAIL(ST_CERT, "the certificate that issued the leaf's was not given");
    }
    for (size_t i = 0; i < n && failed(s->proof); i++)
        s->proof = prove_by(j, issuers[i]);
    if (failed(s->proof)) {
        (void)snprintf(s->trouble, sizeof(s->trouble), "%s", status_detail());
        guess_validity(s, n > 0 ? issuers[0] : (struct bytes){0});
    }
}

/* One proof serves both checks: the time is judged first, so that a wrong clock is called so. */
void snp_check_time(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    int64_t at = j->expect->at_unix_s;
    prove(j);
    clock_text(s->chain.not_before_unix_s, from);
    clock_text(s->chain.not_after_unix_s, to);
    clock_text(at, now);
    if (at < s->chain.not_before_unix_s || at > s->chain.not_after_unix_s) {
        evidence_fail(j, NULL, "certificates are valid from %s to %s, the clock says %s", from, to,
                      now);
        return;
    }
    evidence_pass(j, "all certificates are valid at %s (until %s)", now, to);
    evidence_reach(j, NEEDS_TIME);
}

/* ASK signs chips' certificates, ASVK those of keys that are lent to providers. */
static bool is_issuer_of_kind(const struct snp_state *s)
{
    char want[64];
    struct bytes name;
    (void)snprintf(want, sizeof(want), "SEV-%s%s", s->leaf.kind == SNP_KEY_VLEK ? "VLEK-" : "",
                   snp_product_line(s->leaf.product));
    return ok(x509_subject_cn(s->issuer, &name)) && bytes_equal(name, bytes_str(want));
}

void snp_check_chain(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    if (failed(s->proof)) {
        evidence_fail(j, NULL, "%s", s->trouble);
        return;
    }
    evidence_shows(j, "issuer", s->issuer);
    if (!is_issuer_of_kind(s)) {
        evidence_fail(j, "SNP_ISSUER_MISMATCH", "the issuer does not sign keys of this kind");
        return;
    }
    evidence_pass(j, "3 certificates lead to the pinned ARK%s",
                  s->is_chain_known ? " (proven before)" : "");
    evidence_reach(j, NEEDS_CHAIN);
}

/* ---- revocation ---- */

struct crl_search {
    size_t n_fitting, n_held;
    bool is_revoked;
    status trouble;
    char why[CHECK_REASON_MAX];
};

static void note_trouble(struct crl_search *c, status s)
{
    c->trouble = s;
    (void)snprintf(c->why, sizeof(c->why), "%s", status_detail());
}

static bool is_too_old(const struct evidence_job *j, const struct x509_crl *crl)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    return rules != NULL && rules->max_crl_age_s > 0 &&
           j->expect->at_unix_s - crl->this_update_unix_s > rules->max_crl_age_s;
}

/* One digest less than a chain's key hashes, so that the two are never the same. */
/* That the root signed these bytes is remembered; when and about whom they speak is not. */
static status prove_crl(struct evidence_job *j, struct bytes der, struct x509_crl *out)
{
    const struct snp_state *s = snp_state_of(j);
    int64_t at = j->expect->at_unix_s;
    const struct bytes parts[] = {s->root, der};
    uint8_t key[SHA256_LEN];
    struct evidence_chain held;
    TRY(evidence_cache_key("snp crl", parts, 2, key));
    if (!evidence_cache_find(j->expect->cache, key, &held)) {
        TRY(x509_verify_crl(der, s->root, at, out));
        held = (struct evidence_chain){.not_before_unix_s = out->this_update_unix_s,
                                       .not_after_unix_s = out->next_update_unix_s};
        evidence_cache_keep(j->expect->cache, key, &held);
        return OK;
    }
    TRY(x509_read_crl(der, out));
    REQUIRE(at >= held.not_before_unix_s && at <= held.not_after_unix_s, ST_EXPIRED,
            "the CRL is not current");
    return OK;
}

/* Leaves all have the serial number 0, so no list can name one; AMD revokes the key that issued
 * them. */
static status look_up(struct evidence_job *j, struct bytes der, struct crl_search *c)
{
    const struct snp_state *s = snp_state_of(j);
    struct bytes serial;
    struct x509_crl crl;
    bool is_listed = true;
    TRY(prove_crl(j, der, &crl));
    TRY(x509_serial(s->issuer, &serial));
    TRY(x509_crl_lists(&crl, serial, &is_listed));
    evidence_shows(j, "CRL", der);
    c->is_revoked |= is_listed;
    if (is_too_old(j, &crl)) {
        return FAIL(ST_EXPIRED, "the CRL is older than the policy's max_crl_age_s");
    }
    c->n_held++;
    return OK;
}

/* CRLs of other issuers may stand in the same list; only the ARK's speak about its certificates. */
static void consider(struct evidence_job *j, struct bytes der, struct crl_search *c)
{
    struct x509_fields root;
    struct x509_crl crl;
    status s = x509_read(snp_state_of(j)->root, &root);
    if (ok(s))
        s = x509_read_crl(der, &crl);
    if (ok(s) && !bytes_equal(crl.issuer, root.subject))
        return;
    c->n_fitting++;
    if (ok(s))
        s = look_up(j, der, c);
    if (failed(s))
        note_trouble(c, s);
}

static void judge_crls(struct evidence_job *j, const struct crl_search *c)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    if (c->is_revoked)
        evidence_fail(j, "SNP_CERT_REVOKED",
                      "AMD has revoked the certificate that issued the "
                      "leaf's");
    else if (c->n_fitting == 0)
        evidence_skip(j, rules == NULL || rules->is_crl_required, NULL,
                      "no CRL of the ARK was given: a revoked certificate looks the same");
    else if (c->n_held == 0)
        evidence_fail(j, c->trouble.code == ST_EXPIRED ? "SNP_CRL_EXPIRED" : NULL, "%s", c->why);
    else
        evidence_pass(j, "the ARK's CRL is current and does not list the issuer");
}

void snp_check_revocation(struct evidence_job *j)
{
    const struct evidence_inputs *beside = &j->expect->beside;
    struct crl_search c = {0};
    for (size_t i = 0; i < beside->n_crls; i++)
        consider(j, beside->crls[i], &c);
    if (snp_state_of(j)->certs.crl.p != NULL)
        consider(j, snp_state_of(j)->certs.crl, &c);
    judge_crls(j, &c);
}

/* ---- the report's signature ---- */

void snp_check_signature(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    evidence_shows(j, "signed bytes", s->report.signed_part);
    evidence_shows(j, "signature", bytes_of(j->evidence.p + SNP_SIGNED_LEN, 2 * SNP_SIG_PART_LEN));
    if (failed(snp_report_open(&s->report, s->leaf_spki, &s->signed_))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_pass(j, "ECDSA P-384 by the certificate's key");
    evidence_reach(j, NEEDS_SIGNED);
}

void snp_origin_done(struct evidence_job *j)
{
    snp_certs_done(&snp_state_of(j)->certs);
}
