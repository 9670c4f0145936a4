#include "apps/eml-verify/show.h"

#include <stdio.h>

#include "apps/eml-verify/explain.h"
#include "base/text.h"
#include "formats/verdict.h"

static void json_measurements(struct json_w *w, const struct measurements *m)
{
    json_w_open(w, "measurements", '{');
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char key[MEASUREMENTS_NAME_MAX];
        measurements_name(m, i, key);
        if (measurements_has(m, i))
            json_w_hex(w, key, measurements_at(m, i));
    }
    json_w_close(w, '}');
}

static void json_facts(struct json_w *w, const struct evidence_facts *f)
{
    json_w_open(w, "facts", '{');
    for (size_t i = 0; i < f->n; i++)
        json_w_str(w, f->v[i].name, f->v[i].value);
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
    json_w_str(w, "type", evidence_type_name(e->files.type));
    json_w_str(w, "platform", evidence_type_platform(e->files.type));
    json_w_hex(w, "sha256", BYTES_OF(e->sha256));
    json_w_bool(w, "is_authentic", e->claimed.is_signed);
    json_w_bool(w, "is_accepted", e->is_accepted);
    if (e->claimed.is_signed) {
        if (e->claimed.timestamp_ms != 0)
            json_w_int(w, "timestamp_ms", (int64_t)e->claimed.timestamp_ms);
        if (e->claimed.module_id.n > 0)
            json_w_text(w, "module_id", e->claimed.module_id);
        json_measurements(w, &e->claimed.measurements);
        json_facts(w, &e->claimed.facts);
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
    show_put_signer(s, &words);
    json_w_open(w, "signer", '{');
    json_w_text(w, "role", buf_view(&words));
    json_w_bool(w, "is_attested", s->is_signer_attested);
    if (s->signer_key != NULL)
        json_w_hex(w, "key", bytes_of(s->signer_key, ED25519_PUBLIC_LEN));
    else
        json_w_null(w, "key");
    json_w_close(w, '}');
}

void show_put_json(const struct show *s, struct buf *out)
{
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    verdict_json_members(&w, s->checks);
    json_w_str(&w, "kind", s->kind);
    json_w_bool(&w, "simulated", show_is_simulated(s));
    if (show_is_simulated(s))
        json_w_str(&w, "notice", SHOW_SIMULATED_NOTICE);
    if (strcmp(s->kind, "receipt") == 0) {
        json_signer(&w, s);
        json_claims(&w, s->claims);
    }
    json_evidence(&w, s);
    if (s->is_explained)
        explain_put_json(&w, s->trace);
    json_w_open(&w, "not_proven", '[');
    for (size_t i = 0; show_unproven(s, i) != NULL; i++)
        json_w_str(&w, NULL, show_unproven(s, i));
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    buf_put_str(out, "\n");
}
