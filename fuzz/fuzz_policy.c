/* Policies: what is accepted names a platform, and for each at least one release or floor, with a
 * measurement that is not zero; and it can be said in sentences. */
#include <stdlib.h>

#include "tee/verify/evidence_policy_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_platform(const struct policy_platform *p)
{
    struct measurements none = {0};
    if (!p->is_present)
        return;
    if (p->n_releases == 0 || p->max_age_s < 1 || evidence_policy_match(p, &none) != NULL)
        abort();
    for (size_t i = 0; i < p->n_releases; i++) {
        if (bytes_all_zero(measurements_at(&p->releases[i].want, 0)))
            abort();
        if (evidence_policy_match(p, &p->releases[i].want) == NULL)
            abort();
    }
}

static void check_quotes(const struct dcap_policy *p)
{
    if (!p->is_present)
        return;
    if (p->n_releases == 0 || p->statuses == 0 || (p->statuses >> TCB_REVOKED & 1u) != 0)
        abort();
    for (size_t i = 0; i < p->n_releases; i++) {
        if (p->releases[i].pinned == 0)
            abort();
    }
}

static void check_reports(const struct snp_policy *p)
{
    if (p->is_present && (p->n_releases == 0 || p->keys_mask == 0))
        abort();
}

static void check_tokens(const struct cs_policy *p)
{
    if (!p->is_present)
        return;
    if (p->n_releases == 0 || p->hwmodels.n == 0 || !(p->accepts_oidc || p->accepts_pki))
        abort();
}

static void check_devices(const struct nvidia_policy *p)
{
    if (p->is_present && (p->n_gpus + p->n_switches == 0 || p->mode_mask == 0))
        abort();
}

static bool names_a_platform(const struct evidence_policy *p)
{
    return p->nitro.is_present || p->simulated.is_present || p->tdx.is_present ||
           p->sgx.is_present || p->snp.is_present || p->confidential_space.is_present ||
           p->nvidia_gpu.is_present;
}

static void check_text(const struct evidence_policy *p)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(8 * POLICY_MAX_BYTES);
    evidence_policy_explain(p, &text);
    if (text.n == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    if (failed(evidence_policy_parse(bytes_of(data, size), &p)))
        return 0;
    if (!names_a_platform(p))
        abort();
    if (p->simulated.is_present != p->trusts_simulated_root || p->freshness_mask == 0)
        abort();
    check_platform(&p->nitro);
    check_platform(&p->simulated);
    check_quotes(&p->tdx);
    check_quotes(&p->sgx);
    check_reports(&p->snp);
    check_tokens(&p->confidential_space);
    check_devices(&p->nvidia_gpu);
    check_text(p);
    return 0;
}
