#include "tee/verify/cs/cs_job.h"

/* The machines whose memory the host cannot read; GCP_SHIELDED_VM is the one that is not. */
static const char *const CONFIDENTIAL[] = {
    "GCP_INTEL_TDX",
    "GCP_AMD_SEV_SNP",
    "GCP_AMD_SEV_ES",
    "GCP_AMD_SEV",
};

void cs_not_asked(struct evidence_job *j, const char *key, struct bytes seen)
{
    evidence_skip(j, false,
                  "Name what you accept in the policy, to have it checked: docs/POLICY.md.",
                  "no policy pins %s: %.*s", key, CS_QUOTE(seen));
}

bool cs_texts_have(const struct cs_texts *t, struct bytes text)
{
    for (size_t i = 0; i < t->n; i++) {
        if (bytes_equal(text, bytes_str(t->v[i].value)))
            return true;
    }
    return false;
}

void cs_judge_text(struct evidence_job *j, const char *name, const struct cs_texts *want,
                   struct bytes got)
{
    if (got.p == NULL)
        evidence_fail(j, NULL, "no %s", name);
    else if (!cs_texts_have(want, got))
        evidence_fail(j, NULL, "%s is %.*s, which the policy does not list", name, CS_QUOTE(got));
    else
        evidence_pass(j, "%s is %.*s", name, CS_QUOTE(got));
}

static bool is_confidential(struct bytes model)
{
    for (size_t i = 0; i < sizeof(CONFIDENTIAL) / sizeof(CONFIDENTIAL[0]); i++) {
        if (bytes_equal(model, bytes_str(CONFIDENTIAL[i])))
            return true;
    }
    return false;
}

void cs_check_hardware(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes model = c->claims.hwmodel;
    cs_shows_claims(j);
    if (model.p == NULL || !is_confidential(model))
        evidence_fail(j, "CS_HARDWARE_NOT_CONFIDENTIAL", "hwmodel is %.*s", CS_QUOTE(model));
    else if (c->rules == NULL)
        cs_not_asked(j, "hwmodels", model);
    else
        cs_judge_text(j, "hwmodel", &c->rules->hwmodels, model);
}

void cs_check_oem(struct evidence_job *j)
{
    const struct cs_claims *c = &cs_state_of(j)->claims;
    cs_shows_claims(j);
    if (!c->has_oemid || c->oemid != CS_GOOGLE_OEM)
        evidence_fail(j, NULL, "oemid is not Google's, %d", CS_GOOGLE_OEM);
    else
        evidence_pass(j, "oemid is Google's");
}

void cs_check_secure_boot(struct evidence_job *j)
{
    struct cs_flag f = cs_state_of(j)->claims.secboot;
    cs_shows_claims(j);
    if (!f.is_present || !f.value)
        evidence_fail(j, NULL, "secboot is %s", f.is_present ? "false" : "absent");
    else
        evidence_pass(j, "booted with Secure Boot");
}

/* In a debug image the operator logs in and reads what the workload holds. Only a policy that lists
 * that status by its name takes one. */
void cs_check_debug(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes got = c->claims.dbgstat;
    bool is_listed = c->rules != NULL ? cs_texts_have(&c->rules->dbgstat, got)
                                      : bytes_equal(got, bytes_str(CS_NOT_DEBUG));
    cs_shows_claims(j);
    if (got.p == NULL)
        evidence_fail(j, NULL, "no dbgstat");
    else if (!is_listed)
        evidence_fail(j, NULL, "dbgstat is %.*s: the operator can log in", CS_QUOTE(got));
    else if (bytes_equal(got, bytes_str(CS_NOT_DEBUG)))
        evidence_pass(j, "a production image");
    else
        evidence_pass(j, "DEBUG: dbgstat is %.*s, which the policy lists; the operator can log in",
                      CS_QUOTE(got));
}

void cs_check_software(struct evidence_job *j)
{
    struct bytes got = cs_state_of(j)->claims.swname;
    cs_shows_claims(j);
    if (!bytes_equal(got, bytes_str(CS_SOFTWARE)))
        evidence_fail(j, NULL, "swname is %.*s", CS_QUOTE(got));
    else
        evidence_pass(j, "a Confidential Space image");
}

static bool is_number(struct bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    }
    return v.n > 0;
}

/* swversion is a list of one, YYMMNN: digits of one length, so that their order is the text's. */
void cs_check_version(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_list *v = &c->claims.swversion;
    struct bytes got = v->n == 1 ? v->v[0] : (struct bytes){0};
    cs_shows_claims(j);
    if (c->rules == NULL || c->rules->min_swversion[0] == 0) {
        cs_not_asked(j, "min_swversion", got);
        return;
    }
    struct bytes least = bytes_str(c->rules->min_swversion);
    if (got.p == NULL)
        evidence_fail(j, NULL, "swversion is no list of one");
    else if (!is_number(got) || got.n != least.n || bytes_compare(got, least) < 0)
        evidence_fail(j, NULL, "version %.*s, at least %s", CS_QUOTE(got), c->rules->min_swversion);
    else
        evidence_pass(j, "version %.*s, at least %s", CS_QUOTE(got), c->rules->min_swversion);
}

/* Without a policy what a production image has is asked for. */
void cs_check_support(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_list *got = &c->claims.space.support_attributes;
    cs_shows_claims(j);
    if (c->rules == NULL && !cs_list_has(got, BYTES_LIT("STABLE"))) {
        evidence_fail(j, NULL, "support_attributes lack STABLE");
        return;
    }
    for (size_t i = 0; c->rules != NULL && i < c->rules->support_attributes.n; i++) {
        const char *want = c->rules->support_attributes.v[i].value;
        if (cs_list_has(got, bytes_str(want)))
            continue;
        evidence_fail(j, NULL, "support_attributes lack %s", want);
        return;
    }
    evidence_pass(j, "%zu support attributes, %s", got->n,
                  cs_list_has(got, BYTES_LIT("STABLE")) ? "STABLE among them"
                                                        : "of which the policy asks for none");
}

void cs_check_monitoring(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct cs_flag got = c->claims.space.memory_monitoring;
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->has_memory_monitoring)
        cs_not_asked(j, "memory_monitoring",
                     !got.is_present ? (struct bytes){0}
                     : got.value     ? BYTES_LIT("on")
                                     : BYTES_LIT("off"));
    else if (!got.is_present || got.value != c->rules->memory_monitoring)
        evidence_fail(j, NULL, "memory monitoring is %s",
                      !got.is_present ? "not told"
                      : got.value     ? "on"
                                      : "off");
    else
        evidence_pass(j, "memory monitoring is %s", got.value ? "on" : "off");
}

static bool is_tdx(const struct cs_claims *c)
{
    return bytes_equal(c->hwmodel, BYTES_LIT("GCP_INTEL_TDX"));
}

/* Where the claim is documented, on TDX, it says whose root stands behind the evidence that Google
 * judged. Tokens of the first TDX images lack it. */
void cs_check_attester(struct evidence_job *j)
{
    const struct cs_claims *c = &cs_state_of(j)->claims;
    cs_shows_claims(j);
    if (!c->attester_tcb.is_present)
        evidence_skip(j, false, "Nothing to do.", "no attester_tcb");
    else if (!is_tdx(c) || c->attester_tcb.n != 1 ||
             !bytes_equal(c->attester_tcb.v[0], BYTES_LIT("INTEL")))
        evidence_fail(j, NULL, "attester_tcb and hwmodel contradict each other");
    else
        evidence_pass(j, "attested by Intel's hardware");
}

/* The TCB is Google's judgement at its roll-out; a claim that is there is judged, and one that the
 * policy pins must be there. Dates are ISO 8601 in UTC, whose order is that of their texts. */
void cs_check_tdx(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes date = c->claims.tdx.tcb_date;
    const char *least = c->rules != NULL ? c->rules->min_tdx_tcb_date : "";
    struct bytes got = c->claims.tdx.tcb_status;
    bool is_listed = c->rules != NULL ? cs_texts_have(&c->rules->tdx_tcb_statuses, got)
                                      : bytes_equal(got, BYTES_LIT("UpToDate"));
    cs_shows_claims(j);
    if (!c->claims.tdx.is_present && least[0] == 0)
        evidence_skip(j, false, "Nothing to do, unless the policy pins min_tdx_tcb_date.",
                      "no tdx claims");
    else if (!is_listed)
        evidence_fail(j, NULL, "the platform's TCB status is %.*s", CS_QUOTE(got));
    else if (least[0] != 0 &&
             (date.n != strlen(least) || bytes_compare(date, bytes_str(least)) < 0))
        evidence_fail(j, "CS_TDX_TCB_OLD", "the platform's TCB is of %.*s, at least %s",
                      CS_QUOTE(date), least);
    else
        evidence_pass(j, "the platform's TCB was %.*s", CS_QUOTE(got));
}
