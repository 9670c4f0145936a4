#include "tee/verify/evidence.h"

#include <stdarg.h>
#include <stdio.h>

#include "tee/verify/evidence_job.h"

/* Order matters: each stage stands on the ones before it. docs/ATTESTATION.md has the same rows. */
static const struct evidence_check CHECKS[] = {
    {"document", NEEDS_NOTHING, evidence_check_document, "NITRO_DOC_PARSE_FAILED",
     "Fetch the evidence again; it must be the attestation document's own bytes."},
    {"root", NEEDS_PARSED, evidence_check_root, "NITRO_ROOT_UNTRUSTED",
     "Evidence of real hardware chains to the AWS Nitro root G1. Simulated evidence is accepted "
     "only by --type simulated and a policy with trust_simulated_root."},
    {"certificates.time", NEEDS_ROOT, evidence_check_time, "NITRO_CERT_TIME_INVALID",
     "Check the clock; to judge old evidence at its own time, give that time."},
    {"certificates.chain", NEEDS_TIME, evidence_check_chain, "NITRO_CERT_CHAIN_INVALID",
     "The certificates do not lead to the pinned root: do not use this service."},
    {"revocation", NEEDS_CHAIN, evidence_check_revocation, "REVOCATION_CHECK_UNAVAILABLE",
     "Give current CRLs of every certificate that names one, or a policy without crl_required."},
    {"signature", NEEDS_CHAIN, evidence_check_signature, "NITRO_DOC_SIG_INVALID",
     "The document was altered or made up: do not use this service."},
    {"timestamp", NEEDS_SIGNED, evidence_check_timestamp, "NITRO_TIMESTAMP_INVALID",
     "The document's time lies outside its certificates' validity: do not use this service."},
    {"timestamp.age", NEEDS_SIGNED, evidence_check_age, "NITRO_TIMESTAMP_STALE",
     "Check both clocks, fetch fresh evidence, or raise max_age_s in the policy."},
    {"debug", NEEDS_SIGNED, evidence_check_debug, "NITRO_DEBUG_MODE",
     "Start the enclave without --debug-mode: the host reads a debug enclave's console."},
    {"policy", NEEDS_SIGNED, evidence_check_policy, "POLICY_PLATFORM_REFUSED",
     "Give a policy (--policy) that lists releases for this platform: docs/POLICY.md."},
    {"measurements", NEEDS_SIGNED, evidence_check_measurements, "NITRO_MEASUREMENT_MISMATCH",
     "Another image runs there. If it is a release that you trust, add all its PCRs as one "
     "release."},
    {"statement", NEEDS_SIGNED, evidence_check_statement, "NITRO_STATEMENT_INVALID",
     "The enclave must run this software and attest its statement in user_data."},
    {"platform", NEEDS_SIGNED, evidence_check_platform, "STATEMENT_PLATFORM_MISMATCH",
     "The enclave claims another platform than the evidence proves: do not use this service."},
    {"freshness", NEEDS_SIGNED, evidence_check_freshness, "POLICY_FRESHNESS_REFUSED",
     "Ask the service for evidence of a kind that the policy's freshness lists."},
    {"nonce", NEEDS_SIGNED, evidence_check_nonce, "NITRO_NONCE_MISMATCH",
     "The evidence was made for somebody else or replayed: connect again; do not use it."},
    {"public_key", NEEDS_SIGNED, evidence_check_public_key, "NITRO_PUBKEY_BINDING_MISMATCH",
     "The keys in use are not the attested ones: somebody stands in between."},
    {"service", NEEDS_SIGNED, evidence_check_service, "POLICY_SERVICE_MISMATCH",
     "The evidence is of another service than the policy names: check the address."},
    {"config", NEEDS_SIGNED, evidence_check_config, "POLICY_CONFIG_MISMATCH",
     "The operator runs another configuration: add its digest to the policy's configs if you trust "
     "it."},
    {"model", NEEDS_SIGNED, evidence_check_model, "POLICY_MODEL_MISMATCH",
     "Add the model's digest to the policy's models if you trust that model."},
};

enum { N_CHECKS = sizeof(CHECKS) / sizeof(CHECKS[0]) };

static const char *const TYPE_NAMES[] = {
    [EVIDENCE_NITRO] = "nitro",
    [EVIDENCE_SIMULATED] = "simulated",
};
static const char *const TYPE_PLATFORMS[] = {
    [EVIDENCE_NITRO] = STATEMENT_PLATFORM_NITRO,
    [EVIDENCE_SIMULATED] = STATEMENT_PLATFORM_SIMULATED,
};

/* A type may come from a peer's byte. */
static bool is_known(enum evidence_type t)
{
    return t == EVIDENCE_NITRO || t == EVIDENCE_SIMULATED;
}

const char *evidence_type_name(enum evidence_type t)
{
    return is_known(t) ? TYPE_NAMES[t] : "unknown";
}

const char *evidence_type_platform(enum evidence_type t)
{
    return is_known(t) ? TYPE_PLATFORMS[t] : "unknown";
}

status evidence_type_of(struct bytes name, enum evidence_type *out)
{
    for (unsigned t = EVIDENCE_NITRO; t <= EVIDENCE_SIMULATED; t++) {
        if (bytes_equal(name, bytes_str(TYPE_NAMES[t])) ||
            bytes_equal(name, bytes_str(TYPE_PLATFORMS[t]))) {
            *out = (enum evidence_type)t;
            return OK;
        }
    }
    return FAIL(ST_UNSUPPORTED, "evidence type is neither nitro nor simulated");
}

void evidence_pass(struct evidence_job *j, const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    checks_pass(j->checks, j->now->id, "%s%s", j->type == EVIDENCE_SIMULATED ? "SIMULATED: " : "",
                text);
}

void evidence_fail(struct evidence_job *j, const char *code, const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    checks_fail(j->checks, j->now->id, code ? code : j->now->code, j->now->fix, "%s", text);
}

void evidence_skip(struct evidence_job *j, bool is_required, const char *fix, const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    checks_skip(j->checks, j->now->id, is_required, fix ? fix : j->now->fix, "%s", text);
}

static const struct policy_platform *rules_of(const struct evidence_policy *p,
                                              enum evidence_type type)
{
    if (p == NULL)
        return NULL;
    const struct policy_platform *rules = type == EVIDENCE_NITRO ? &p->nitro : &p->simulated;
    return rules->is_present ? rules : NULL;
}

static void run(struct evidence_job *j)
{
    for (size_t i = 0; i < N_CHECKS; i++) {
        j->now = &CHECKS[i];
        if (j->reached >= j->now->need)
            j->now->run(j);
        else
            evidence_skip(j, true, "See the first check that failed.",
                          "not judged, because an earlier check did not hold");
    }
}

static struct bytes field(const struct nitro_field *f)
{
    /* Empty is not absent: an empty field keeps a pointer. */
    return f->is_present ? bytes_of(f->value.p ? f->value.p : (const uint8_t *)"", f->value.n)
                         : (struct bytes){0};
}

static void tell(const struct evidence_job *j, struct evidence_claimed *out)
{
    const struct nitro_claims *c = &j->document.claims_;
    *out = (struct evidence_claimed){0};
    if (j->reached < NEEDS_PARSED)
        return;
    *out = (struct evidence_claimed){
        .is_signed = j->reached >= NEEDS_SIGNED,
        .measurements = c->measurements,
        .timestamp_ms = c->timestamp_ms,
        .module_id = c->module_id,
        .nonce = field(&c->nonce),
        .public_key = field(&c->public_key),
        .user_data = field(&c->user_data),
    };
}

static status publish(const struct evidence_job *j, struct evidence_verified *out)
{
    const struct nitro_claims *c = &j->signed_.claims;
    struct evidence_verified v = {
        .type = j->type,
        .is_simulated = j->type == EVIDENCE_SIMULATED,
        .evidence = j->evidence,
        .has_statement = j->has_statement,
        .statement = j->statement,
        .measurements = c->measurements,
        .timestamp_ms = c->timestamp_ms,
        .module_id = c->module_id,
        .nonce = field(&c->nonce),
        .public_key = field(&c->public_key),
        .user_data = field(&c->user_data),
        .release = j->release->name,
    };
    TRY(sha256(j->evidence, v.evidence_sha256));
    if (j->has_statement)
        TRY(statement_binding(&j->statement, v.binding));
    *out = v;
    return OK;
}

static status refusal(const struct checks *c)
{
    enum verdict v = checks_verdict(c);
    const struct check *first = checks_first_failure(c);
    enum status_code code = v == VERDICT_MALFORMED    ? ST_FORMAT
                            : v == VERDICT_INCOMPLETE ? ST_UNSUPPORTED
                                                      : ST_POLICY;
    if (first == NULL)
        return FAIL(code, "evidence: a required check was not made");
    return FAIL(code, "evidence: %s: %s", first->id, first->reason);
}

status evidence_verify(struct bytes evidence, enum evidence_type type,
                       const struct evidence_policy *policy, const struct evidence_expect *expect,
                       struct checks *out_checks, struct evidence_claimed *out_claimed,
                       struct evidence_verified *out)
{
    struct evidence_job j = {
        .evidence = evidence,
        .type = type,
        .policy = policy,
        .rules = is_known(type) ? rules_of(policy, type) : NULL,
        .expect = expect,
        .checks = out_checks,
    };
    if (!is_known(type)) {
        out_checks->is_unsupported = true;
        return FAIL(ST_UNSUPPORTED, "evidence of an unknown type");
    }
    run(&j);
    if (out_claimed != NULL)
        tell(&j, out_claimed);
    if (checks_verdict(out_checks) != VERDICT_ACCEPT)
        return refusal(out_checks);
    /* Accept implies both; a mistake in the table must not turn into a wild pointer or a trust. */
    REQUIRE(j.reached == NEEDS_SIGNED && j.release != NULL, ST_INTERNAL, "evidence: no release");
    return publish(&j, out);
}
