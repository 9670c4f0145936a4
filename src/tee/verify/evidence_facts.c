#include "tee/verify/evidence_facts.h"

const char *evidence_facts_find(const struct evidence_facts *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->v[i].name, name) == 0)
            return f->v[i].value;
    }
    return NULL;
}
