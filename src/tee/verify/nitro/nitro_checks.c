#include "tee/verify/nitro/nitro_checks.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "tee/verify/nitro/nitro.h"

#define NO_POLICY_FIX "Give a policy that says what to accept: docs/POLICY.md."

struct nitro_state {
    const struct policy_platform *rules; /* the policy's for this type, or NULL */
    struct nitro_unverified document;
    struct bytes
        root; /* pinned; borrowed from the program or, simulated, equal to a pinned digest */
    uint8_t chain_key[SHA256_LEN];
    bool is_chain_known;         /* proven before, by the cache */
    struct evidence_chain chain; /* its validity, also when the proof failed */
    status proof;                /* of the chain at the given time */
    char trouble[CHECK_REASON_MAX];
    struct x509_verified leaf; /* when the proof is OK */
    struct nitro_document signed_;
};

static struct nitro_state *state_of(const struct evidence_job *j)
{
    return j->state;
}

static const struct policy_platform *rules_in(const struct evidence_policy *p,
                                              enum evidence_type type)
{
    if (p == NULL)
        return NULL;
    const struct policy_platform *rules = type == EVIDENCE_NITRO ? &p->nitro : &p->simulated;
    return rules->is_present ? rules : NULL;
}

static bool has_nitro_rules(const struct evidence_policy *p)
{
    return p->nitro.is_present;
}

static bool has_simulated_rules(const struct evidence_policy *p)
{
    return p->simulated.is_present;
}

static struct bytes field(const struct nitro_field *f)
{
    /* Empty is not absent: an empty field keeps a pointer. */
    return f->is_present ? bytes_of(f->value.p ? f->value.p : (const uint8_t *)"", f->value.n)
                         : (struct bytes){0};
}

static void take_claims(struct evidence_job *j, const struct nitro_claims *c)
{
    j->measurements = c->measurements;
    j->timestamp_ms = c->timestamp_ms;
    j->module_id = c->module_id;
    j->nonce = field(&c->nonce);
    j->public_key = field(&c->public_key);
    j->user_data = field(&c->user_data);
}

/* A field that is too long for a fact is left out, not cut. */
static void tell_field(struct evidence_job *j, const char *name, struct bytes v)
{
    if (v.p != NULL && 2 * v.n < EVIDENCE_FACT_MAX)
        evidence_fact_hex(j, name, v);
}

static void tell_claims(struct evidence_job *j)
{
    evidence_fact(j, "module_id", "%.*s", (int)j->module_id.n, (const char *)j->module_id.p);
    evidence_fact(j, "timestamp_ms", "%" PRIu64, j->timestamp_ms);
    evidence_fact(j, "certificates", "%zu", state_of(j)->document.n_cabundle + 1);
    tell_field(j, "nonce", j->nonce);
    tell_field(j, "public_key", j->public_key);
    tell_field(j, "user_data", j->user_data);
}

static void check_document(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    status s = nitro_parse(j->evidence, &n->document);
    evidence_shows(j, "document", j->evidence);
    if (ok(s) && (!n->document.cose.has_alg || n->document.cose.alg != COSE_ALG_ES384)) {
        evidence_fail(j, "NITRO_ALG_NOT_ALLOWED", "the signature algorithm is not ES384");
        return;
    }
    if (failed(s)) {
        evidence_unreadable(j, s);
        return;
    }
    n->rules = rules_in(j->policy, j->kind->type);
    take_claims(j, &n->document.claims_);
    tell_claims(j);
    evidence_pass(j, "an attestation document of %.*s, %zu bytes", (int)j->module_id.n,
                  (const char *)j->module_id.p, j->evidence.n);
    evidence_reach(j, NEEDS_PARSED);
}

/* The document's first certificate must be the pinned root itself. It is never the anchor because
 * it says so: for Nitro the anchor is the embedded one, and for the simulated platform the policy
 * holds its digest. */
static void check_nitro_root(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    if (!bytes_equal(n->document.cabundle[0], nitro_root())) {
        evidence_fail(j, NULL, "cabundle does not begin with the AWS Nitro root G1");
        return;
    }
    n->root = nitro_root();
    evidence_pass(j, "the AWS Nitro Enclaves root G1");
    evidence_reach(j, NEEDS_ROOT);
}

static void check_simulated_root(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    if (j->policy == NULL || !j->policy->trusts_simulated_root) {
        evidence_fail(j, "TRUST_ANCHOR_MISSING", "no policy that trusts a simulated root");
        return;
    }
    if (failed(sha256(n->document.cabundle[0], digest))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    hex_encode(BYTES_OF(digest), hex);
    if (memcmp(digest, j->policy->simulated_root_sha256, sizeof(digest)) != 0) {
        evidence_fail(j, NULL, "simulated root %s is not the policy's", hex);
        return;
    }
    n->root = n->document.cabundle[0];
    evidence_pass(j, "root %s, which the policy trusts and no hardware stands behind", hex);
    evidence_reach(j, NEEDS_ROOT);
}

static void check_root(struct evidence_job *j)
{
    evidence_shows(j, "cabundle[0], the root", state_of(j)->document.cabundle[0]);
    if (j->kind->type == EVIDENCE_NITRO)
        check_nitro_root(j);
    else
        check_simulated_root(j);
}

static status narrow(struct evidence_chain *c, struct bytes der)
{
    int64_t from, to;
    TRY(x509_validity(der, &from, &to));
    c->not_before_unix_s = from > c->not_before_unix_s ? from : c->not_before_unix_s;
    c->not_after_unix_s = to < c->not_after_unix_s ? to : c->not_after_unix_s;
    return OK;
}

/* The validity of a chain that does not hold, to tell a wrong clock from a wrong chain. */
static status read_validity(const struct nitro_unverified *d, struct bytes root,
                            struct evidence_chain *out)
{
    struct evidence_chain c = {.not_before_unix_s = INT64_MIN, .not_after_unix_s = INT64_MAX};
    TRY(narrow(&c, root));
    for (size_t i = 1; i < d->n_cabundle; i++)
        TRY(narrow(&c, d->cabundle[i]));
    TRY(narrow(&c, d->certificate));
    *out = c;
    return OK;
}

static status chain_key(const struct nitro_unverified *d, struct bytes root,
                        uint8_t out[static SHA256_LEN])
{
    struct bytes parts[NITRO_CABUNDLE_MAX + 1] = {root};
    for (size_t i = 1; i < d->n_cabundle; i++)
        parts[i] = d->cabundle[i];
    parts[d->n_cabundle] = d->certificate;
    return evidence_cache_key("nitro chain", parts, d->n_cabundle + 1, out);
}

/* The same bytes were proven before. Their time is compared with the clock by the caller. */
static void recall(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    n->leaf = (struct x509_verified){
        .leaf_spki = bytes_of(n->document.certificate.p + n->chain.spki_at, n->chain.spki_n),
        .not_before_unix_s = n->chain.not_before_unix_s,
        .not_after_unix_s = n->chain.not_after_unix_s,
    };
}

static status prove_now(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    struct x509_chain chain = nitro_chain(&n->document, n->root, j->expect->at_unix_s);
    TRY(x509_verify_chain(&chain, &n->leaf));
    n->chain = (struct evidence_chain){
        .not_before_unix_s = n->leaf.not_before_unix_s,
        .not_after_unix_s = n->leaf.not_after_unix_s,
        .spki_at = (size_t)(n->leaf.leaf_spki.p - n->document.certificate.p),
        .spki_n = n->leaf.leaf_spki.n,
    };
    evidence_cache_keep(j->expect->cache, n->chain_key, &n->chain);
    return OK;
}

static status prove_chain(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    TRY(chain_key(&n->document, n->root, n->chain_key));
    n->is_chain_known = evidence_cache_find(j->expect->cache, n->chain_key, &n->chain);
    if (!n->is_chain_known)
        return prove_now(j);
    recall(j);
    return OK;
}

/* One proof serves both checks: the time is judged first, so that a wrong clock is called so. */
static status find_validity(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    n->proof = prove_chain(j);
    if (ok(n->proof))
        return OK;
    (void)snprintf(n->trouble, sizeof(n->trouble), "%s", status_detail());
    return read_validity(&n->document, n->root, &n->chain);
}

static void show_certificates(struct evidence_job *j)
{
    const struct nitro_unverified *d = &state_of(j)->document;
    for (size_t i = 1; i < d->n_cabundle; i++)
        evidence_shows(j, "certificate of cabundle", d->cabundle[i]);
    evidence_shows(j, "certificate, the leaf", d->certificate);
}

static void check_time(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    int64_t at = j->expect->at_unix_s;
    show_certificates(j);
    if (failed(find_validity(j))) {
        evidence_fail(j, "NITRO_CERT_CHAIN_INVALID", "%s", status_detail());
        return;
    }
    const struct evidence_chain *c = &n->chain;
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    clock_text(c->not_before_unix_s, from);
    clock_text(c->not_after_unix_s, to);
    clock_text(at, now);
    if (at < c->not_before_unix_s || at > c->not_after_unix_s) {
        evidence_fail(j, NULL, "certificates are valid from %s to %s, the clock says %s", from, to,
                      now);
        return;
    }
    evidence_pass(j, "all certificates are valid at %s (until %s)", now, to);
    evidence_reach(j, NEEDS_TIME);
}

static void check_chain(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    show_certificates(j);
    if (failed(n->proof)) {
        evidence_fail(j, NULL, "%s", n->trouble);
        return;
    }
    evidence_pass(j, "%zu certificates lead to the pinned root%s", n->document.n_cabundle,
                  n->is_chain_known ? " (proven before)" : "");
    evidence_reach(j, NEEDS_CHAIN);
}

/* Regional and zonal certificates name a CRL. The instance's and the enclave's do not: they live
 * for a day and for three hours, and nobody revokes them. */
static void check_revocation(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    bool is_required = n->rules != NULL && n->rules->is_crl_required;
    evidence_judge_revocation(j, nitro_chain(&n->document, n->root, j->expect->at_unix_s),
                              is_required, "NITRO_CERT_REVOKED");
}

static void show_signed(struct evidence_job *j)
{
    const struct cose_unverified *m = &state_of(j)->document.cose;
    evidence_shows(j, "protected header", m->protected_raw);
    evidence_shows(j, "payload", cose_payload_unverified(m));
    evidence_shows(j, "signature", m->sig);
}

static void check_signature(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    show_signed(j);
    if (failed(nitro_open(&n->document, &n->leaf, &n->signed_))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    take_claims(j, &n->signed_.claims);
    evidence_pass(j, "ES384 signature by the leaf certificate's key");
    evidence_reach(j, NEEDS_SIGNED);
}

static int64_t document_time(const struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    return (int64_t)(n->signed_.claims.timestamp_ms / 1000);
}

static void check_timestamp(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    int64_t t = document_time(j);
    char made[CLOCK_TEXT_LEN];
    clock_text(t, made);
    if (t < n->chain.not_before_unix_s || t > n->chain.not_after_unix_s)
        evidence_fail(j, NULL, "made at %s, outside its certificates' validity", made);
    else
        evidence_pass(j, "made at %s", made);
}

/* A session always has bounds. Without one the certificates' three hours bound the age, and only a
 * policy that says max_age_s asks for less. */
static void check_age(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    bool has_bounds = j->expect->is_session || (n->rules != NULL && n->rules->has_max_age);
    int64_t max_age = n->rules != NULL ? n->rules->max_age_s : POLICY_DEFAULT_MAX_AGE_S;
    int64_t max_future = n->rules != NULL ? n->rules->max_future_s : POLICY_DEFAULT_MAX_FUTURE_S;
    int64_t age = j->expect->at_unix_s - document_time(j);

    if (!has_bounds)
        evidence_skip(j, false, "Set max_age_s in the policy to bound the age.",
                      "no bound was given: %" PRId64 " s old", age);
    else if (age > max_age)
        evidence_fail(j, NULL, "%" PRId64 " s old, at most %" PRId64, age, max_age);
    else if (age < -max_future)
        evidence_fail(j, "NITRO_TIMESTAMP_FUTURE", "%" PRId64 " s in the future, at most %" PRId64,
                      -age, max_future);
    else
        evidence_pass(j, "%" PRId64 " s old, at most %" PRId64, age, max_age);
}

static void check_debug(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    if (nitro_is_debug(&n->signed_.claims.measurements))
        evidence_fail(j, NULL, "PCR0, PCR1 or PCR2 is all zero or absent: debug mode");
    else
        evidence_pass(j, "not in debug mode");
}

static void check_measurements(struct evidence_job *j)
{
    struct nitro_state *n = state_of(j);
    const struct measurements *got = &n->signed_.claims.measurements;
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        if (measurements_has(got, i))
            evidence_shows(j, "a PCR, copied", measurements_at(got, i));
    }
    char pcr0[2 * MEASUREMENT_LEN + 1] = "absent";
    if (measurements_has(got, 0))
        hex_encode(measurements_at(got, 0), pcr0);
    if (n->rules == NULL) {
        evidence_skip(j, true, NO_POLICY_FIX, "no release to compare with; PCR0 is %s", pcr0);
        return;
    }
    const struct policy_release *release = evidence_policy_match(n->rules, got);
    if (release == NULL) {
        evidence_fail(j, NULL, "no release of the policy matches as a whole; PCR0 is %s", pcr0);
        return;
    }
    j->release = release->name;
    evidence_pass(j, "every measurement of release %s matches", release->name);
}

#define PROCESS "AWS, Nitro Enclaves attestation process, section "
#define OWN     "docs/ATTESTATION.md, section 2"
#define POLICY  "docs/POLICY.md"

/* Order matters: each stage stands on the ones before it. docs/ATTESTATION.md has the same rows. */
static const struct evidence_check CHECKS[] = {
    {"document", NEEDS_NOTHING, check_document, "NITRO_DOC_PARSE_FAILED",
     "Fetch the evidence again; it must be the attestation document's own bytes.",
     PROCESS "3.1, 3.2.2.1"},
    {"root", NEEDS_PARSED, check_root, "NITRO_ROOT_UNTRUSTED",
     "Evidence of real hardware chains to the AWS Nitro root G1. Simulated evidence is accepted "
     "only by --type simulated and a policy with trust_simulated_root.",
     PROCESS "3.2.3"},
    {"certificates.time", NEEDS_ROOT, check_time, "NITRO_CERT_TIME_INVALID",
     "Check the clock; to judge old evidence at its own time, give that time.",
     "RFC 5280, section 6.1.3 (a)(2)"},
    {"certificates.chain", NEEDS_TIME, check_chain, "NITRO_CERT_CHAIN_INVALID",
     "The certificates do not lead to the pinned root: do not use this service.",
     PROCESS "3.2.3; RFC 5280, section 6.1"},
    {"revocation", NEEDS_CHAIN, check_revocation, "REVOCATION_CHECK_UNAVAILABLE",
     "Give current CRLs of every certificate that names one, or a policy without crl_required.",
     PROCESS "3.2.3.4; RFC 5280, section 6.3"},
    {"signature", NEEDS_CHAIN, check_signature, "NITRO_DOC_SIG_INVALID",
     "The document was altered or made up: do not use this service.",
     PROCESS "3.2.1; RFC 9052, section 4.4"},
    {"timestamp", NEEDS_SIGNED, check_timestamp, "NITRO_TIMESTAMP_INVALID",
     "The document's time lies outside its certificates' validity: do not use this service.", OWN},
    {"timestamp.age", NEEDS_SIGNED, check_age, "NITRO_TIMESTAMP_STALE",
     "Check both clocks, fetch fresh evidence, or raise max_age_s in the policy.", POLICY},
    {"debug", NEEDS_SIGNED, check_debug, "NITRO_DEBUG_MODE",
     "Start the enclave without --debug-mode: the host reads a debug enclave's console.",
     "AWS Nitro Enclaves User Guide, nitro-cli run-enclave, --debug-mode"},
    EVIDENCE_POLICY_ROW,
    {"measurements", NEEDS_SIGNED, check_measurements, "NITRO_MEASUREMENT_MISMATCH",
     "Another image runs there. If it is a release that you trust, add all its PCRs as one "
     "release.",
     POLICY},
    EVIDENCE_STATEMENT_ROWS(
        "NITRO_STATEMENT_INVALID",
        "The enclave must run this software and attest its statement in user_data.",
        "NITRO_NONCE_MISMATCH", "NITRO_PUBKEY_BINDING_MISMATCH"),
};

enum { N_CHECKS = sizeof(CHECKS) / sizeof(CHECKS[0]) };

const struct evidence_kind nitro_kind = {
    .type = EVIDENCE_NITRO,
    .name = "nitro",
    .platform = STATEMENT_PLATFORM_NITRO,
    .checks = CHECKS,
    .n_checks = N_CHECKS,
    .state_bytes = sizeof(struct nitro_state),
    .has_rules = has_nitro_rules,
};

const struct evidence_kind nitro_simulated_kind = {
    .type = EVIDENCE_SIMULATED,
    .name = "simulated",
    .platform = STATEMENT_PLATFORM_SIMULATED,
    .checks = CHECKS,
    .n_checks = N_CHECKS,
    .state_bytes = sizeof(struct nitro_state),
    .has_rules = has_simulated_rules,
};
