#include "tee/verify/evidence_catalogue.h"

#include "tee/verify/evidence_parts.h"

enum { TYPES_MAX = 64 };

bool evidence_catalogue_type(size_t i, enum evidence_type *out)
{
    for (unsigned t = 0; t < TYPES_MAX; t++) {
        if (evidence_kind_of((enum evidence_type)t) == NULL || i-- > 0)
            continue;
        *out = (enum evidence_type)t;
        return true;
    }
    return false;
}

/* The rows that are made around a kind's own, where there is something to judge. */
static const struct evidence_check *row_around(const struct evidence_kind *k, size_t i)
{
    if (k->binds != NULL && i-- == 0)
        return &evidence_parts_bundle;
    return k->type != EVIDENCE_NVIDIA_GPU && i == 0 ? &evidence_parts_devices_row : NULL;
}

bool evidence_catalogue_rule(enum evidence_type t, size_t i, struct evidence_rule *out)
{
    const struct evidence_kind *k = evidence_kind_of(t);
    if (k == NULL)
        return false;
    const struct evidence_check *c =
        i < k->n_checks ? &k->checks[i] : row_around(k, i - k->n_checks);
    if (c == NULL)
        return false;
    *out = (struct evidence_rule){c->id, c->code, c->fix, c->source};
    return true;
}
