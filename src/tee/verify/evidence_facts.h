/* evidence_facts - what a piece of evidence says, as named texts: for people, for JSON, and for a
 * policy that pins what was seen. No decision is made from them.
 */
#ifndef TEE_VERIFY_EVIDENCE_FACTS_H
#define TEE_VERIFY_EVIDENCE_FACTS_H

#include "base/bytes.h"

enum { EVIDENCE_FACTS_MAX = 128, EVIDENCE_FACT_MAX = 320 };

struct evidence_fact {
    const char *name;              /* static text */
    char value[EVIDENCE_FACT_MAX]; /* may quote what an attacker wrote */
};

struct evidence_facts {
    size_t n;
    struct evidence_fact v[EVIDENCE_FACTS_MAX];
};

/* The value, or NULL. */
const char *evidence_facts_find(const struct evidence_facts *f, const char *name);

#endif
