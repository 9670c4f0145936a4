#include "apps/eml-verify/show.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "apps/common/app.h"
#include "apps/eml-verify/explain.h"
#include "apps/eml-verify/unproven.h"
#include "base/text.h"
#include "formats/verdict.h"

enum { OUTPUT_ROOM = 8 << 20, FACT_COLUMN = 28 };

bool show_is_simulated(const struct show *s)
{
    return s->evidence != NULL && s->evidence->files.type == EVIDENCE_SIMULATED;
}

/* Who signed, in words: the role of the key and the hop at which it signs. */
void show_put_signer(const struct show *s, struct buf *out)
{
    const struct evidence_step *e = s->evidence;
    enum verdict v = checks_verdict(s->checks);
    if ((v != VERDICT_ACCEPT && v != VERDICT_INCOMPLETE) || s->signer_key == NULL) {
        buf_put_str(out, "not established");
        return;
    }
    if (e == NULL) {
        buf_put_str(out, "the key given with --key. Whose key it is must be known from elsewhere: "
                         "no hardware evidence was looked at");
        return;
    }
    if (!e->is_accepted || !s->is_signer_attested) {
        buf_put_str(out, "a key named in genuine evidence, of code that no policy vouches for");
        return;
    }
    buf_put_str(out, show_is_simulated(s) ? "SIMULATED: the receipt key of service \""
                                          : "the receipt key of service \"");
    verdict_put_safe(out, e->verified.statement.service);
    buf_printf(out, "\", born inside the attested enclave (%s, release \"",
               evidence_type_platform(e->files.type));
    verdict_put_safe(out, bytes_str(e->verified.release));
    buf_put_str(out, "\"): the enclave itself signed, no gateway or relay");
}

/* For people. */

static void put_time(struct buf *out, uint64_t unix_s)
{
    struct tm t;
    char text[32] = "";
    time_t v = (time_t)unix_s;
    if (unix_s <= 253402300799 && gmtime_r(&v, &t) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ ", &t);
    buf_printf(out, "%s(%llu)", text, (unsigned long long)unix_s);
}

static void put_hex_line(struct buf *out, const char *label, struct bytes v)
{
    buf_printf(out, "%-14s", label);
    hex_put(out, v);
    buf_put_str(out, "\n");
}

static void put_claims(const struct air_claims *c, struct buf *out)
{
    put_hex_line(out, "receipt", BYTES_OF(c->cti));
    buf_printf(out, "%-14s", "issuer");
    verdict_put_safe(out, c->iss);
    buf_printf(out, "\n%-14s", "issued");
    put_time(out, c->iat_unix_s);
    buf_printf(out, "\n%-14s", "model");
    verdict_put_safe(out, c->model_id);
    buf_put_str(out, " ");
    verdict_put_safe(out, c->model_version);
    buf_put_str(out, "\n");
    put_hex_line(out, "model hash", BYTES_OF(c->model_hash));
    put_hex_line(out, "request", BYTES_OF(c->request_hash));
    put_hex_line(out, "response", BYTES_OF(c->response_hash));
    put_hex_line(out, "evidence", BYTES_OF(c->attestation_doc_hash));
    buf_printf(out, "%-14s%s, %s mode, policy ", "platform",
               air_platform_name(c->measurements.platform), air_mode_name(c->mode));
    verdict_put_safe(out, c->policy_version);
    buf_printf(out, "\n%-14ssequence %llu, %llu ms, %llu MB\n", "execution",
               (unsigned long long)c->sequence_number, (unsigned long long)c->execution_time_ms,
               (unsigned long long)c->memory_peak_mb);
}

static void put_registers(const struct measurements *m, struct buf *out)
{
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char label[MEASUREMENTS_NAME_MAX];
        struct bytes v = measurements_at(m, i);
        measurements_name(m, i, label);
        if (v.n > 0 && !bytes_all_zero(v))
            put_hex_line(out, label, v);
    }
}

static void put_facts(const struct evidence_facts *f, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++) {
        buf_printf(out, "%-*s ", FACT_COLUMN, f->v[i].name);
        verdict_put_safe(out, bytes_str(f->v[i].value));
        buf_put_str(out, "\n");
    }
}

/* What no platform but Nitro's tells is left out. */
static void put_origin(const struct evidence_claimed *c, struct buf *out)
{
    if (c->timestamp_ms != 0) {
        buf_printf(out, "%-14s", "made");
        put_time(out, c->timestamp_ms / 1000);
        buf_put_str(out, "\n");
    }
    if (c->module_id.n > 0) {
        buf_printf(out, "%-14s", "module");
        verdict_put_safe(out, c->module_id);
        buf_put_str(out, "\n");
    }
}

static void put_evidence(const struct show *s, struct buf *out)
{
    struct statement st;
    const struct evidence_step *e = s->evidence;
    if (!e->claimed.is_signed)
        return;
    put_hex_line(out, "evidence", BYTES_OF(e->sha256));
    put_origin(&e->claimed, out);
    put_registers(&e->claimed.measurements, out);
    put_facts(&e->claimed.facts, out);
    if (evidence_step_statement(e, &st)) {
        put_hex_line(out, "receipt key", BYTES_OF(st.receipt_key));
        put_hex_line(out, "model", BYTES_OF(st.model_digest));
        put_hex_line(out, "configuration", BYTES_OF(st.config_digest));
    }
}

const char *show_unproven(const struct show *s, size_t i)
{
    if (strcmp(s->kind, "receipt") == 0)
        return unproven_of_receipt(i);
    bool has_devices = checks_find(s->checks, "gpu.evidence") != NULL;
    return unproven_of_evidence(s->evidence->files.type, has_devices, i);
}

/* Only where something was proven, so that a refusal stays short. */
static void put_unproven(const struct show *s, struct buf *out)
{
    if (s->claims == NULL && (s->evidence == NULL || !s->evidence->is_accepted))
        return;
    for (size_t i = 0; show_unproven(s, i) != NULL; i++)
        buf_printf(out, "%-14s%s\n", i == 0 ? "not proven" : "", show_unproven(s, i));
}

const char *show_meaning(const struct show *s)
{
    switch (checks_verdict(s->checks)) {
    case VERDICT_ACCEPT:
        return "The evidence is genuine, and it is what the policy asks for.";
    case VERDICT_MALFORMED:
        return "The bytes are not evidence of this type.";
    case VERDICT_REJECT:
        return "Do not trust what this evidence says.";
    case VERDICT_INCOMPLETE:
        break;
    }
    if (s->evidence->claimed.is_signed && s->evidence->files.policy == NULL)
        return "The evidence is genuine. Nothing was pinned: no policy was given, so nobody said "
               "which code, which version and which machine to accept.";
    return "Nothing failed, but what is required could not be checked.";
}

static void put_text(const struct show *s, struct buf *out)
{
    bool colour = app_has_colour(STDOUT_FILENO);
    bool is_receipt = strcmp(s->kind, "receipt") == 0;
    if (show_is_simulated(s))
        buf_put_str(out, SHOW_SIMULATED_NOTICE "\n");
    verdict_put_checks(out, s->checks, colour);
    if (!is_receipt)
        put_evidence(s, out);
    if (s->claims != NULL)
        put_claims(s->claims, out);
    if (is_receipt) {
        buf_printf(out, "%-14s", "signer");
        show_put_signer(s, out);
        buf_put_str(out, "\n");
    }
    put_unproven(s, out);
    if (s->is_explained)
        explain_put_text(out, s->trace);
    verdict_put_summary(out, s->checks, colour);
    if (!is_receipt)
        buf_printf(out, "%s\n", show_meaning(s));
    if (show_is_simulated(s))
        buf_put_str(out, SHOW_SIMULATED_NOTICE "\n");
}

status show_result(const struct show *s, int *out_exit_code)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(OUTPUT_ROOM);
    if (s->is_json)
        show_put_json(s, &out);
    else
        put_text(s, &out);
    TRY(buf_status(&out));
    REQUIRE(fwrite(out.p, 1, out.n, stdout) == out.n, ST_IO, "cannot write the result");
    *out_exit_code = (int)checks_verdict(s->checks);
    return OK;
}
