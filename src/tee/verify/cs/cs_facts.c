#include "tee/verify/cs/cs_job.h"

#include <inttypes.h>

static void tell_text(struct evidence_job *j, const char *name, struct bytes v)
{
    if (v.p != NULL)
        evidence_fact(j, name, "%.*s", (int)v.n, (const char *)v.p);
}

static void tell_time(struct evidence_job *j, const char *name, struct cs_time t)
{
    if (t.is_present)
        evidence_fact(j, name, "%" PRId64, t.unix_s);
}

static void tell_flag(struct evidence_job *j, const char *name, struct cs_flag f)
{
    if (f.is_present)
        evidence_fact(j, name, "%s", f.value ? "true" : "false");
}

/* Joined by commas. Of pairs the names: values may be anything, and long. */
static void tell_all(struct evidence_job *j, const char *name, const struct bytes *v, size_t n)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(EVIDENCE_FACT_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_put_str(&text, i ? "," : "");
        buf_put(&text, v[i]);
    }
    if (n > 0)
        evidence_fact(j, name, "%.*s", (int)text.n, (const char *)text.p);
}

static void tell_list(struct evidence_job *j, const char *name, const struct cs_list *l)
{
    tell_all(j, name, l->v, l->n);
}

static void tell_machine(struct evidence_job *j, const struct cs_claims *c)
{
    tell_text(j, "hwmodel", c->hwmodel);
    tell_text(j, "swname", c->swname);
    tell_list(j, "swversion", &c->swversion);
    tell_text(j, "dbgstat", c->dbgstat);
    tell_flag(j, "secboot", c->secboot);
    if (c->has_oemid)
        evidence_fact(j, "oemid", "%" PRId64, c->oemid);
    tell_list(j, "support_attributes", &c->space.support_attributes);
    tell_flag(j, "monitoring_enabled.memory", c->space.memory_monitoring);
    tell_list(j, "attester_tcb", &c->attester_tcb);
    tell_text(j, "gcp_attester_tcb_status", c->tdx.tcb_status);
    tell_text(j, "gcp_attester_tcb_date", c->tdx.tcb_date);
}

static void tell_workload(struct evidence_job *j, const struct cs_claims *c)
{
    tell_text(j, "image_reference", c->container.image_reference);
    tell_text(j, "image_digest", c->container.image_digest);
    tell_text(j, "image_id", c->container.image_id);
    tell_text(j, "restart_policy", c->container.restart_policy);
    tell_list(j, "args", &c->container.args);
    tell_list(j, "cmd_override", &c->container.cmd_override);
    tell_all(j, "env", c->container.env.name, c->container.env.n);
    tell_all(j, "env_override", c->container.env_override.name, c->container.env_override.n);
    tell_list(j, "image_signatures", &c->container.signer_key_ids);
}

static void tell_place(struct evidence_job *j, const struct cs_claims *c)
{
    tell_text(j, "project_id", c->gce.project_id);
    tell_text(j, "project_number", c->gce.project_number);
    tell_text(j, "zone", c->gce.zone);
    tell_text(j, "instance_name", c->gce.instance_name);
    tell_text(j, "instance_id", c->gce.instance_id);
    tell_list(j, "google_service_accounts", &c->service_accounts);
}

static void tell_gpus(struct evidence_job *j, const struct cs_claims *c)
{
    struct bytes models[CS_GPUS_MAX], drivers[CS_GPUS_MAX], vbios[CS_GPUS_MAX];
    size_t n = c->nvidia_gpu.n_gpus;
    if (!c->nvidia_gpu.is_present)
        return;
    for (size_t i = 0; i < n; i++) {
        models[i] = c->nvidia_gpu.gpus[i].hwmodel;
        drivers[i] = c->nvidia_gpu.gpus[i].driver_version;
        vbios[i] = c->nvidia_gpu.gpus[i].vbios_version;
    }
    tell_text(j, "nvidia_gpu.cc_mode", c->nvidia_gpu.cc_mode);
    tell_text(j, "nvidia_gpu.cc_feature", c->nvidia_gpu.cc_feature);
    evidence_fact(j, "nvidia_gpu.count", "%zu", n);
    tell_all(j, "nvidia_gpu.hwmodel", models, n);
    tell_all(j, "nvidia_gpu.driver_version", drivers, n);
    tell_all(j, "nvidia_gpu.vbios_version", vbios, n);
}

void cs_tell_facts(struct evidence_job *j)
{
    struct cs_state *s = cs_state_of(j);
    const struct cs_claims *c = &s->claims;
    evidence_fact(j, "token_type", "%s", s->is_pki ? "PKI" : "OIDC");
    tell_text(j, "kid", s->token.kid);
    tell_text(j, "iss", c->iss);
    tell_text(j, "sub", c->sub);
    tell_list(j, "aud", &c->aud);
    tell_time(j, "iat", c->iat);
    tell_time(j, "nbf", c->nbf);
    tell_time(j, "exp", c->exp);
    tell_text(j, "eat_profile", c->eat_profile);
    tell_list(j, "eat_nonce", &c->nonces);
    tell_machine(j, c);
    tell_workload(j, c);
    tell_place(j, c);
    tell_gpus(j, c);
}
