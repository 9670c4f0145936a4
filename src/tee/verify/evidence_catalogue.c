#include "tee/verify/evidence_catalogue.h"

#include "tee/verify/evidence_job.h"

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

bool evidence_catalogue_rule(enum evidence_type t, size_t i, struct evidence_rule *out)
{
    const struct evidence_kind *k = evidence_kind_of(t);
    if (k == NULL || i >= k->n_checks)
        return false;
    const struct evidence_check *c = &k->checks[i];
    *out = (struct evidence_rule){c->id, c->code, c->fix, c->source};
    return true;
}
