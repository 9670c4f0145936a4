#include "tee/verify/evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tee/verify/evidence_parts.h"

/* The outcome that was just appended is of j->now. */
static void name_source(struct evidence_job *j)
{
    j->checks->v[j->checks->n - 1].source = j->now->source;
}

void evidence_pass(struct evidence_job *j, const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    checks_pass(j->checks, j->now->id, "%s%s",
                j->kind->type == EVIDENCE_SIMULATED ? "SIMULATED: " : "", text);
    name_source(j);
}

void evidence_fail(struct evidence_job *j, const char *code, const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    checks_fail(j->checks, j->now->id, code ? code : j->now->code, j->now->fix, "%s", text);
    name_source(j);
}

void evidence_skip(struct evidence_job *j, bool is_required, const char *fix, const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    checks_skip(j->checks, j->now->id, is_required, fix ? fix : j->now->fix, "%s", text);
    name_source(j);
}

void evidence_reach(struct evidence_job *j, int stage)
{
    if (stage > j->reached)
        j->reached = stage;
}

void evidence_unreadable(struct evidence_job *j, status s)
{
    evidence_fail(j, NULL, "%s", status_detail());
    if (s.code == ST_UNSUPPORTED)
        checks_mark_unsupported(j->checks);
    else
        j->checks->is_malformed = true;
}

static bool is_inside(struct bytes part, struct bytes whole, size_t *out_offset)
{
    uintptr_t from = (uintptr_t)part.p, at = (uintptr_t)whole.p;
    if (whole.p == NULL || from < at || from - at > whole.n || part.n > whole.n - (from - at))
        return false;
    *out_offset = from - at;
    return true;
}

void evidence_shows(struct evidence_job *j, const char *label, struct bytes view)
{
    const struct evidence_inputs *in = &j->expect->beside;
    const struct {
        const char *name;
        struct bytes bytes;
    } inputs[] = {
        {j->is_device ? "devices" : "evidence", j->evidence},
        {"statement", in->statement},
        {"collateral", in->collateral},
        {"certs", in->certs},
        {"jwks", in->jwks},
        {"event_log", in->event_log},
        {"reference_values", in->reference_values},
        {"devices", in->devices},
    };
    const char *input = NULL;
    size_t offset = 0;
    if (j->expect->trace == NULL || view.p == NULL)
        return;
    for (size_t i = 0; input == NULL && i < sizeof(inputs) / sizeof(inputs[0]); i++)
        input = is_inside(view, inputs[i].bytes, &offset) ? inputs[i].name : NULL;
    for (size_t i = 0; input == NULL && i < in->n_crls; i++)
        input = is_inside(view, in->crls[i], &offset) ? "crl" : NULL;
    evidence_trace_add(j->expect->trace, j->now->id, label, input, offset, view);
}

/* The place for a fact, or NULL when nobody asked or the list is full. */
static char *fact_place(struct evidence_job *j, const char *name)
{
    struct evidence_facts *f = j->facts;
    if (f == NULL)
        return NULL;
    size_t i = 0;
    while (i < f->n && strcmp(f->v[i].name, name) != 0)
        i++;
    if (i == EVIDENCE_FACTS_MAX)
        return NULL;
    if (i == f->n)
        f->v[f->n++].name = name;
    return f->v[i].value;
}

void evidence_fact(struct evidence_job *j, const char *name, const char *fmt, ...)
{
    char *place = fact_place(j, name);
    if (place == NULL)
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(place, EVIDENCE_FACT_MAX, fmt, ap);
    va_end(ap);
}

void evidence_fact_hex(struct evidence_job *j, const char *name, struct bytes v)
{
    char *place = fact_place(j, name);
    enum { ROOM = (EVIDENCE_FACT_MAX - 1) / 2 };
    if (place != NULL)
        hex_encode(bytes_of(v.p, v.n < ROOM ? v.n : ROOM), place);
}

/* A device is judged under a policy that is known to speak of it. */
static bool is_told_before(const struct evidence_job *j, const struct evidence_check *row)
{
    return j->is_device && row->run == evidence_check_policy;
}

static void run_rows(struct evidence_job *j)
{
    for (size_t i = 0; i < j->kind->n_checks; i++) {
        j->now = &j->kind->checks[i];
        if (is_told_before(j, j->now))
            continue;
        if (j->reached >= j->now->need)
            j->now->run(j);
        else
            evidence_skip(j, true, "See the first check that failed.",
                          "not judged, because an earlier check did not hold");
    }
}

status evidence_run(struct evidence_job *j)
{
    j->state = calloc(1, j->kind->state_bytes);
    REQUIRE(j->state != NULL, ST_NOMEM, "evidence state");
    run_rows(j);
    if (j->kind->done != NULL)
        j->kind->done(j);
    wipe(j->state, j->kind->state_bytes);
    free(j->state);
    j->state = NULL;
    return OK;
}

static void tell(const struct evidence_job *j, struct evidence_claimed *out)
{
    if (j->reached < NEEDS_PARSED)
        return;
    out->is_signed = j->reached >= NEEDS_SIGNED;
    out->has_devices = j->are_devices_signed;
    out->has_statement = j->has_statement;
    out->statement = j->statement;
    out->measurements = j->measurements;
    out->timestamp_ms = j->timestamp_ms;
    out->module_id = j->module_id;
    out->nonce = j->nonce;
    out->public_key = j->public_key;
    out->user_data = j->user_data;
}

static status publish(const struct evidence_job *j, struct bytes given,
                      struct evidence_verified *out)
{
    struct evidence_verified v = {
        .type = j->kind->type,
        .is_simulated = j->kind->type == EVIDENCE_SIMULATED,
        .has_devices = j->has_devices,
        .evidence = given,
        .has_statement = j->has_statement,
        .statement = j->statement,
        .measurements = j->measurements,
        .timestamp_ms = j->timestamp_ms,
        .module_id = j->module_id,
        .nonce = j->nonce,
        .public_key = j->public_key,
        .user_data = j->user_data,
        .release = j->release,
    };
    TRY(sha256(given, v.evidence_sha256));
    memcpy(v.binding, j->binding, sizeof(v.binding));
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++)
        evidence_memory_raise(j->expect->memory, (enum evidence_memory_of)i, j->seen[i]);
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

static status judge(struct evidence_job *j, struct evidence_expect *filled,
                    struct evidence_claimed *out_claimed, struct evidence_verified *out)
{
    struct bytes given = j->evidence;
    evidence_parts_open(j, filled);
    TRY(evidence_run(j));
    TRY(evidence_parts_devices(j));
    if (out_claimed != NULL)
        tell(j, out_claimed);
    if (checks_verdict(j->checks) != VERDICT_ACCEPT)
        return refusal(j->checks);
    /* Accept implies these; a mistake in a table must not turn into trust. */
    REQUIRE(j->reached >= NEEDS_SIGNED && j->release != NULL, ST_INTERNAL, "evidence: no release");
    REQUIRE(j->has_devices || !j->policy->nvidia_gpu.is_present ||
                j->kind->type == EVIDENCE_NVIDIA_GPU,
            ST_INTERNAL, "evidence: no devices");
    return publish(j, given, out);
}

status evidence_verify(struct bytes evidence, enum evidence_type type,
                       const struct evidence_policy *policy, const struct evidence_expect *expect,
                       struct checks *out_checks, struct evidence_claimed *out_claimed,
                       struct evidence_verified *out)
{
    struct evidence_expect filled = *expect;
    struct evidence_job j = {
        .kind = evidence_kind_of(type),
        .evidence = evidence,
        .policy = policy,
        .expect = &filled,
        .checks = out_checks,
        .facts = out_claimed != NULL ? &out_claimed->facts : NULL,
    };
    if (out_claimed != NULL)
        *out_claimed = (struct evidence_claimed){0};
    if (j.kind == NULL) {
        out_checks->is_unsupported = true;
        return FAIL(ST_UNSUPPORTED, "evidence of an unknown type");
    }
    return judge(&j, &filled, out_claimed, out);
}
