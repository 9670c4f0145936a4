/* Policies: what is accepted names at least one release with a measurement that is not zero. */
#include <stdlib.h>

#include "tee/verify/evidence_policy.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    if (failed(evidence_policy_parse(bytes_of(data, size), &p)))
        return 0;
    if (!p->nitro.is_present && !p->simulated.is_present)
        abort();
    if (p->simulated.is_present != p->trusts_simulated_root || p->freshness_mask == 0)
        abort();
    check_platform(&p->nitro);
    check_platform(&p->simulated);
    return 0;
}
