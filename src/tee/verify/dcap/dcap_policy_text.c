/* A policy in sentences, and a policy from what was seen. */
#include "base/text.h"
#include "tee/verify/dcap/dcap_policy.h"
#include "tee/verify/evidence_facts.h"

#include <stdio.h>

static void explain_release(const struct dcap_policy_release *r, struct buf *out)
{
    buf_printf(out, "Release %s:", r->name);
    for (unsigned i = 0; i < DCAP_PIN_COUNT; i++) {
        size_t n = dcap_policy_pin_len((enum dcap_policy_pin)i);
        if ((r->pinned >> i & 1u) == 0)
            continue;
        buf_printf(out, " %s ", dcap_policy_pin_name((enum dcap_policy_pin)i));
        hex_put(out, bytes_of(r->v[i], n));
    }
    if ((r->pinned >> DCAP_PIN_MRSIGNER & 1u) != 0)
        buf_printf(out, " product %u, version at least %u", r->isvprodid, r->min_isvsvn);
    buf_put_str(out, ".\n");
}

static void explain_statuses(const struct dcap_policy *p, struct buf *out)
{
    buf_put_str(out, "Accepted TCB statuses:");
    for (unsigned i = 0; i < TCB_STATUS_COUNT; i++) {
        if (dcap_policy_accepts_status(p, (enum tcb_status)i))
            buf_printf(out, " %s", tcb_status_name((enum tcb_status)i));
    }
    buf_put_str(out, ".\nAdvisories that a platform may be subject to:");
    for (size_t i = 0; i < p->n_advisories; i++)
        buf_printf(out, " %s", p->advisories[i]);
    buf_put_str(out, p->n_advisories ? ".\n" : " none.\n");
}

static void explain_list(const struct dcap_policy_list *list, const char *what, struct buf *out)
{
    if (!list->has)
        return;
    buf_printf(out, "Only these %s:", what);
    for (size_t i = 0; i < list->n; i++) {
        buf_put_str(out, " ");
        hex_put(out, bytes_of(list->v + i * list->each, list->each));
    }
    buf_put_str(out, ".\n");
}

static void explain_tdx(const struct dcap_policy *p, struct buf *out)
{
    explain_list(&p->mrseams, "TDX modules (MRSEAM)", out);
    if (!bytes_all_zero(BYTES_OF(p->min_tee_tcb_svn))) {
        buf_put_str(out,
                    "Each byte of TEE_TCB_SVN, and of TEE_TCB_SVN_2 where a quote has it, is at "
                    "least that of ");
        hex_put(out, BYTES_OF(p->min_tee_tcb_svn));
        buf_put_str(out, ".\n");
    }
    if (p->has_xfam) {
        buf_put_str(out, "XFAM is exactly ");
        hex_put(out, BYTES_OF(p->xfam));
        buf_put_str(out, ".\n");
    }
    buf_printf(out,
               "Debug is never accepted; migration is %saccepted, performance monitoring %s, "
               "key locker %s.\n",
               p->allow_migration ? "" : "not ", p->allow_perfmon ? "is" : "is not",
               p->allow_key_locker ? "is" : "is not");
    if (p->is_event_log_required)
        buf_put_str(out, "The event log must be given and must replay into the registers.\n");
}

static void explain_sgx(const struct dcap_policy *p, struct buf *out)
{
    buf_put_str(out, "Debug enclaves are never accepted.\n");
    if (!p->has_attributes)
        return;
    buf_put_str(out, "ATTRIBUTES under the mask ");
    hex_put(out, BYTES_OF(p->attributes_mask));
    buf_put_str(out, " are ");
    hex_put(out, BYTES_OF(p->attributes));
    buf_put_str(out, ".\n");
}

void dcap_policy_explain(const struct dcap_policy *p, struct buf *out)
{
    if (!p->is_present)
        return;
    for (size_t i = 0; i < p->n_releases; i++)
        explain_release(&p->releases[i], out);
    explain_statuses(p, out);
    if (p->min_evaluation > 0)
        buf_printf(out, "Intel's tables have evaluation number %u or higher.\n",
                   (unsigned)p->min_evaluation);
    if (p->has_max_age)
        buf_printf(out, "No part of Intel's tables is older than %lld seconds.\n",
                   (long long)p->max_age_s);
    explain_list(&p->fmspcs, "processor families (FMSPC)", out);
    explain_list(&p->ppids, "machines (PPID)", out);
    if (p->tee == QUOTE_TDX)
        explain_tdx(p, out);
    else
        explain_sgx(p, out);
}

/* ---- from what was seen ---- */

static bool is_zero_text(const char *hex)
{
    return strspn(hex, "0") == strlen(hex);
}

static bool is_worth_pinning(unsigned pin, const char *value)
{
    bool is_default = dcap_policy_is_zero_unless_pinned((enum dcap_policy_pin)pin);
    return value != NULL && value[0] != 0 && !(is_default && is_zero_text(value));
}

void dcap_policy_pin(const struct evidence_facts *seen, enum quote_tee tee,
                     const char *release_name, struct json_w *w)
{
    unsigned from = tee == QUOTE_TDX ? DCAP_PIN_MRTD : DCAP_PIN_MRENCLAVE;
    unsigned to = tee == QUOTE_TDX ? DCAP_PIN_MRENCLAVE : DCAP_PIN_COUNT;
    json_w_open(w, tee == QUOTE_TDX ? "tdx" : "sgx", '{');
    json_w_open(w, "releases", '[');
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", release_name);
    for (unsigned i = from; i < to; i++) {
        const char *name = dcap_policy_pin_name((enum dcap_policy_pin)i);
        const char *value = evidence_facts_find(seen, name);
        if (i != DCAP_PIN_MRSIGNER && is_worth_pinning(i, value))
            json_w_str(w, name, value);
    }
    json_w_close(w, '}');
    json_w_close(w, ']');
    json_w_close(w, '}');
}
