#include "apps/eml-verify/show.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "apps/common/app.h"
#include "base/text.h"
#include "formats/verdict.h"

enum { OUTPUT_ROOM = 1 << 20 };

#define SIMULATED_NOTICE \
    "SIMULATED: this evidence comes from a simulated platform. No hardware protects anything."

static const char *const NOT_PROVEN[] = {
    "that the output is right, or that the model is a good one",
    "that any data was deleted",
    "that no other receipt exists: gaps in sequence numbers show within one session only",
    "anything against an attacker who breaks the hardware or has it in his hands",
};

enum { N_NOT_PROVEN = sizeof(NOT_PROVEN) / sizeof(NOT_PROVEN[0]) };

static bool is_simulated(const struct show *s)
{
    return s->evidence != NULL && s->evidence->type == EVIDENCE_SIMULATED;
}

/* Who signed, in words: the role of the key and the hop at which it signs. */
static void put_signer(const struct show *s, struct buf *out)
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
    buf_put_str(out, is_simulated(s) ? "SIMULATED: the receipt key of service \""
                                     : "the receipt key of service \"");
    verdict_put_safe(out, e->verified.statement.service);
    buf_printf(out, "\", born inside the attested enclave (%s, release \"",
               evidence_type_platform(e->type));
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

static void put_evidence(const struct show *s, struct buf *out)
{
    struct statement st;
    const struct evidence_step *e = s->evidence;
    if (!e->claimed.is_signed)
        return;
    put_hex_line(out, "evidence", BYTES_OF(e->sha256));
    buf_printf(out, "%-14s", "made");
    put_time(out, e->claimed.timestamp_ms / 1000);
    buf_printf(out, "\n%-14s", "module");
    verdict_put_safe(out, e->claimed.module_id);
    buf_put_str(out, "\n");
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char label[8];
        (void)snprintf(label, sizeof(label), "PCR%u", i);
        struct bytes v = measurements_at(&e->claimed.measurements, i);
        if (v.n > 0 && !bytes_all_zero(v))
            put_hex_line(out, label, v);
    }
    if (evidence_step_statement(e, &st)) {
        put_hex_line(out, "receipt key", BYTES_OF(st.receipt_key));
        put_hex_line(out, "model", BYTES_OF(st.model_digest));
        put_hex_line(out, "configuration", BYTES_OF(st.config_digest));
    }
}

static void put_text(const struct show *s, struct buf *out)
{
    bool colour = app_has_colour(STDOUT_FILENO);
    bool is_receipt = strcmp(s->kind, "receipt") == 0;
    if (is_simulated(s))
        buf_put_str(out, SIMULATED_NOTICE "\n");
    verdict_put_checks(out, s->checks, colour);
    if (!is_receipt)
        put_evidence(s, out);
    if (s->claims != NULL)
        put_claims(s->claims, out);
    if (is_receipt) {
        buf_printf(out, "%-14s", "signer");
        put_signer(s, out);
        buf_put_str(out, "\n");
    }
    for (size_t i = 0; s->claims != NULL && i < N_NOT_PROVEN; i++)
        buf_printf(out, "%-14s%s\n", i == 0 ? "not proven" : "", NOT_PROVEN[i]);
    verdict_put_summary(out, s->checks, colour);
    if (is_simulated(s))
        buf_put_str(out, SIMULATED_NOTICE "\n");
}

/* For programs. */

static void json_measurements(struct json_w *w, const struct measurements *m)
{
    json_w_open(w, "measurements", '{');
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char key[8];
        (void)snprintf(key, sizeof(key), "pcr%u", i);
        if (measurements_has(m, i))
            json_w_hex(w, key, measurements_at(m, i));
    }
    json_w_close(w, '}');
}

static void json_statement(struct json_w *w, const struct evidence_step *e)
{
    struct statement st;
    if (!evidence_step_statement(e, &st)) {
        json_w_null(w, "statement");
        return;
    }
    json_w_open(w, "statement", '{');
    json_w_text(w, "platform", st.platform);
    json_w_text(w, "service", st.service);
    json_w_str(w, "freshness", st.freshness == FRESH_EPOCH ? "epoch" : "session");
    json_w_hex(w, "nonce", BYTES_OF(st.nonce));
    json_w_hex(w, "identity_key", BYTES_OF(st.identity_key));
    json_w_hex(w, "receipt_key", BYTES_OF(st.receipt_key));
    json_w_hex(w, "config_digest", BYTES_OF(st.config_digest));
    json_w_hex(w, "model_digest", BYTES_OF(st.model_digest));
    json_w_hex(w, "device_digest", BYTES_OF(st.device_digest));
    json_w_close(w, '}');
}

static void json_evidence(struct json_w *w, const struct show *s)
{
    const struct evidence_step *e = s->evidence;
    if (e == NULL) {
        json_w_null(w, "evidence");
        return;
    }
    json_w_open(w, "evidence", '{');
    json_w_str(w, "type", evidence_type_name(e->type));
    json_w_str(w, "platform", evidence_type_platform(e->type));
    json_w_hex(w, "sha256", BYTES_OF(e->sha256));
    json_w_bool(w, "is_authentic", e->claimed.is_signed);
    json_w_bool(w, "is_accepted", e->is_accepted);
    if (e->claimed.is_signed) {
        json_w_int(w, "timestamp_ms", (int64_t)e->claimed.timestamp_ms);
        json_w_text(w, "module_id", e->claimed.module_id);
        json_measurements(w, &e->claimed.measurements);
        json_statement(w, e);
    }
    if (e->is_accepted && e->verified.release != NULL)
        json_w_str(w, "release", e->verified.release);
    json_w_close(w, '}');
}

/* JSON numbers are exact to 2^53 only, and json_w_int() takes 64 bits with sign. */
static void json_count(struct json_w *w, const char *key, uint64_t v)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    if (v <= (uint64_t)1 << 53)
        json_w_int(w, key, (int64_t)v);
    else
        json_w_str(w, key, text);
}

static void json_registers(struct json_w *w, const struct air_measurements *m)
{
    json_w_open(w, "enclave_measurements", '{');
    for (unsigned i = 0; i < AIR_N_PCR; i++) {
        char key[8];
        (void)snprintf(key, sizeof(key), "pcr%u", i);
        if ((m->present >> i & 1) != 0)
            json_w_hex(w, key, BYTES_OF(m->pcr[i]));
    }
    json_w_str(w, "measurement_type", air_platform_name(m->platform));
    json_w_close(w, '}');
}

static void json_claims(struct json_w *w, const struct air_claims *c)
{
    if (c == NULL) {
        json_w_null(w, "claims");
        return;
    }
    json_w_open(w, "claims", '{');
    json_w_text(w, "iss", c->iss);
    json_count(w, "iat", c->iat_unix_s);
    json_w_hex(w, "cti", BYTES_OF(c->cti));
    if (c->nonce.n > 0)
        json_w_hex(w, "eat_nonce", c->nonce);
    json_w_str(w, "eat_profile", AIR_PROFILE);
    json_w_text(w, "model_id", c->model_id);
    json_w_text(w, "model_version", c->model_version);
    json_w_hex(w, "model_hash", BYTES_OF(c->model_hash));
    json_w_hex(w, "request_hash", BYTES_OF(c->request_hash));
    json_w_hex(w, "response_hash", BYTES_OF(c->response_hash));
    json_w_hex(w, "attestation_doc_hash", BYTES_OF(c->attestation_doc_hash));
    json_registers(w, &c->measurements);
    json_w_text(w, "policy_version", c->policy_version);
    json_count(w, "sequence_number", c->sequence_number);
    json_count(w, "execution_time_ms", c->execution_time_ms);
    json_count(w, "memory_peak_mb", c->memory_peak_mb);
    json_w_str(w, "security_mode", air_mode_name(c->mode));
    if (c->scheme != AIR_SCHEME_NONE)
        json_w_str(w, "model_hash_scheme", air_scheme_name(c->scheme));
    json_w_close(w, '}');
}

static void json_signer(struct json_w *w, const struct show *s)
{
    struct buf words CLEANUP(buf_done) = BUF_MAX(4096);
    put_signer(s, &words);
    json_w_open(w, "signer", '{');
    json_w_text(w, "role", buf_view(&words));
    json_w_bool(w, "is_attested", s->is_signer_attested);
    if (s->signer_key != NULL)
        json_w_hex(w, "key", bytes_of(s->signer_key, ED25519_PUBLIC_LEN));
    else
        json_w_null(w, "key");
    json_w_close(w, '}');
}

static void put_json(const struct show *s, struct buf *out)
{
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    verdict_json_members(&w, s->checks);
    json_w_str(&w, "kind", s->kind);
    json_w_bool(&w, "simulated", is_simulated(s));
    if (is_simulated(s))
        json_w_str(&w, "notice", SIMULATED_NOTICE);
    if (strcmp(s->kind, "receipt") == 0) {
        json_signer(&w, s);
        json_claims(&w, s->claims);
    }
    json_evidence(&w, s);
    json_w_open(&w, "not_proven", '[');
    for (size_t i = 0; i < N_NOT_PROVEN; i++)
        json_w_str(&w, NULL, NOT_PROVEN[i]);
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    buf_put_str(out, "\n");
}

status show_result(const struct show *s, int *out_exit_code)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(OUTPUT_ROOM);
    if (s->is_json)
        put_json(s, &out);
    else
        put_text(s, &out);
    TRY(buf_status(&out));
    REQUIRE(fwrite(out.p, 1, out.n, stdout) == out.n, ST_IO, "cannot write the result");
    *out_exit_code = (int)checks_verdict(s->checks);
    return OK;
}
