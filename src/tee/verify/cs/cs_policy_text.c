#include "tee/verify/cs/cs_policy.h"

#include <stdio.h>

#include "base/text.h"
#include "formats/json.h"
#include "formats/verdict.h"

/* ---- sentences ---- */

/* Texts of a policy may hold anything: whoever wrote it adds no sentence of his own to these. */
static void put_text(const char *between, const char *text, struct buf *out)
{
    buf_put_str(out, between);
    verdict_put_safe(out, bytes_str(text));
}

static void put_list(const char *before, const struct cs_texts *t, const char *after,
                     struct buf *out)
{
    buf_put_str(out, before);
    for (size_t i = 0; i < t->n; i++)
        put_text(i ? ", " : "", t->v[i].value, out);
    buf_put_str(out, t->n ? after : "nothing");
    buf_put_str(out, ".\n");
}

static void explain_list(const char *what, const struct cs_texts *t, struct buf *out)
{
    char before[96];
    (void)snprintf(before, sizeof(before), "The %s must be one of: ", what);
    if (t->is_given)
        put_list(before, t, "", out);
    else
        buf_printf(out, "The %s is not asked for.\n", what);
}

static void put_hashes(const struct cs_hashes *h, struct buf *out)
{
    for (size_t i = 0; i < h->n; i++) {
        buf_put_str(out, i ? ", " : "");
        hex_put(out, bytes_of(h->v[i], CS_HASH_LEN));
    }
}

static void explain_release(const struct cs_release *r, struct buf *out)
{
    buf_printf(out, "Release %s is accepted as a whole:", r->name);
    if (r->image_digest[0] != 0)
        buf_printf(out, " image %s", r->image_digest);
    if (r->image_id[0] != 0)
        buf_printf(out, ", image id %s", r->image_id);
    if (r->image_reference[0] != 0)
        buf_printf(out, ", from %s", r->image_reference);
    if (r->signed_by.n > 0) {
        buf_put_str(out, ", signed by one of ");
        put_hashes(&r->signed_by, out);
    }
    if (r->args.is_given)
        put_list(", run as ", &r->args, "", out);
    else
        buf_put_str(out, ".\n");
}

static void explain_token(const struct cs_policy *p, struct buf *out)
{
    buf_printf(out, "Confidential Space tokens of these types are accepted:%s%s.\n",
               p->accepts_pki ? " PKI (pinned Google root)" : "",
               p->accepts_oidc ? " OIDC (by the key set that the verifier is given)" : "");
    if (p->keys.n > 0) {
        buf_put_str(out, "An OIDC token's key must have one of these thumbprints: ");
        put_hashes(&p->keys, out);
        buf_put_str(out, ".\n");
    }
    explain_list("audience", &p->audiences, out);
    buf_printf(out, "A token of a live session may be %lld s old and %lld s ahead.\n",
               (long long)p->max_age_s, (long long)p->max_future_s);
    buf_put_str(out, p->is_crl_required ? "Revocation lists are required.\n"
                                        : "Revocation lists are used when they are given.\n");
}

static void explain_machine(const struct cs_policy *p, struct buf *out)
{
    explain_list("machine", &p->hwmodels, out);
    explain_list("debug status", &p->dbgstat, out);
    put_list("The image must have the support attributes: ", &p->support_attributes, "", out);
    if (p->min_swversion[0] != 0)
        buf_printf(out, "The image must be of version %s or newer.\n", p->min_swversion);
    explain_list("TCB status of a TDX platform, where told,", &p->tdx_tcb_statuses, out);
    if (p->min_tdx_tcb_date[0] != 0)
        buf_printf(out, "A TDX platform's TCB must be of %s or newer.\n", p->min_tdx_tcb_date);
    if (p->has_memory_monitoring)
        buf_printf(out, "Memory monitoring must be %s.\n", p->memory_monitoring ? "on" : "off");
    if (!p->gpu.is_present) {
        buf_put_str(out, "No NVIDIA GPU is asked for; one that is told of must be confidential.\n");
        return;
    }
    buf_put_str(out, "NVIDIA GPUs must be there and in confidential mode.\n");
    explain_list("GPU's model", &p->gpu.hwmodels, out);
    explain_list("GPU's VBIOS", &p->gpu.vbios, out);
    if (p->gpu.min_driver[0] != 0)
        buf_printf(out, "The GPU's driver must be %s or newer.\n", p->gpu.min_driver);
    if (p->gpu.count > 0)
        buf_printf(out, "There must be exactly %lld GPUs.\n", (long long)p->gpu.count);
}

static void put_pairs(const char *before, const struct cs_texts *t, struct buf *out)
{
    buf_put_str(out, before);
    for (size_t i = 0; i < t->n; i++) {
        put_text(i ? ", " : "", t->v[i].name, out);
        put_text("=", t->v[i].is_any ? "(anything)" : t->v[i].value, out);
    }
    buf_put_str(out, t->n ? ".\n" : "nothing.\n");
}

static void explain_workload(const struct cs_policy *p, struct buf *out)
{
    for (size_t i = 0; i < p->n_releases; i++)
        explain_release(&p->releases[i], out);
    if (p->image_signers.n > 0) {
        buf_put_str(out, "Every image must be signed by one of: ");
        put_hashes(&p->image_signers, out);
        buf_put_str(out, ".\n");
    }
    if (p->env.is_given)
        put_pairs("The workload must run with: ", &p->env, out);
    put_pairs("The operator may set the variables: ", &p->env_override, out);
    put_list("The operator may set the command: ", &p->cmd_override, "", out);
    explain_list("restart policy", &p->restart_policies, out);
    explain_list("project", &p->projects, out);
    explain_list("zone", &p->zones, out);
    explain_list("instance", &p->instances, out);
    explain_list("service account", &p->service_accounts, out);
}

void cs_policy_explain(const struct cs_policy *p, struct buf *out)
{
    if (!p->is_present) {
        buf_put_str(out, "Confidential Space tokens are refused.\n");
        return;
    }
    explain_token(p, out);
    explain_machine(p, out);
    explain_workload(p, out);
}

/* ---- a policy from what was seen ---- */

/* What was cut short is not pinned: it would match nothing. */
static const char *find(const struct evidence_facts *seen, const char *name)
{
    const char *v = evidence_facts_find(seen, name);
    return v != NULL && v[0] != 0 && strlen(v) < EVIDENCE_FACT_MAX - 1 ? v : NULL;
}

/* Facts join lists by commas; none of the claims that are pinned so holds one. */
static void pin_list(const struct evidence_facts *seen, const char *fact, const char *key,
                     struct json_w *w)
{
    const char *v = find(seen, fact);
    if (v == NULL)
        return;
    json_w_open(w, key, '[');
    while (*v != 0) {
        size_t n = strcspn(v, ",");
        json_w_text(w, NULL, bytes_of(v, n));
        v += n + (v[n] == ',');
    }
    json_w_close(w, ']');
}

static void pin_text(const struct evidence_facts *seen, const char *fact, const char *key,
                     struct json_w *w)
{
    const char *v = find(seen, fact);
    if (v != NULL)
        json_w_str(w, key, v);
}

static void pin_release(const struct evidence_facts *seen, const char *name, struct json_w *w)
{
    json_w_open(w, "releases", '[');
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", name);
    pin_text(seen, "image_digest", "image_digest", w);
    pin_text(seen, "image_id", "image_id", w);
    pin_text(seen, "image_reference", "image_reference", w);
    json_w_close(w, '}');
    json_w_close(w, ']');
}

/* What the operator has set is listed by name for the reader of the draft to judge: as anything. */
static void pin_overrides(const struct evidence_facts *seen, struct json_w *w)
{
    const char *v = find(seen, "env_override");
    if (v == NULL)
        return;
    json_w_open(w, "env_override", '{');
    while (*v != 0) {
        char name[EVIDENCE_FACT_MAX];
        size_t n = strcspn(v, ",");
        (void)snprintf(name, sizeof(name), "%.*s", (int)n, v);
        json_w_null(w, name);
        v += n + (v[n] == ',');
    }
    json_w_close(w, '}');
}

static void pin_gpus(const struct evidence_facts *seen, struct json_w *w)
{
    const char *model = find(seen, "nvidia_gpu.hwmodel");
    if (find(seen, "nvidia_gpu.cc_mode") == NULL)
        return;
    json_w_open(w, "nvidia_gpu", '{');
    if (model != NULL)
        pin_list(seen, "nvidia_gpu.hwmodel", "hwmodels", w);
    json_w_close(w, '}');
}

/* Debug status and support attributes are pinned as a production image has them: a draft made from
 * a debug machine does not accept it. */
void cs_policy_pin(const struct evidence_facts *seen, const char *release_name, struct json_w *w)
{
    json_w_open(w, "confidential_space", '{');
    pin_list(seen, "token_type", "token_types", w);
    pin_list(seen, "aud", "audiences", w);
    pin_list(seen, "hwmodel", "hwmodels", w);
    pin_text(seen, "swversion", "min_swversion", w);
    pin_release(seen, release_name, w);
    pin_overrides(seen, w);
    pin_list(seen, "cmd_override", "cmd_override", w);
    pin_list(seen, "project_id", "projects", w);
    pin_list(seen, "google_service_accounts", "service_accounts", w);
    pin_gpus(seen, w);
    json_w_close(w, '}');
}
