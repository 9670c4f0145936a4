/* selftest - shows that the verifier bites: evidence that it accepts is damaged in hundreds of
 * ways, and each damage has to be noticed by a check that looked at the damaged bytes.
 *
 * The bytes are those of the trace that --explain prints, so nothing here knows a format; a check
 * that looked at something decoded counts as one that looked at all it was decoded from. A damage
 * that is noticed turns a check into a failure, or into a required SKIP. One that is not noticed is
 * let pass only where no check looked, and only when every result and every fact stays the same
 * (bytes behind the end of a quote, say).
 */
#ifndef APPS_EML_VERIFY_SELFTEST_H
#define APPS_EML_VERIFY_SELFTEST_H

#include "apps/common/evidence_files.h"

enum { SELFTEST_MISSES_MAX = 32, SELFTEST_TEXT_MAX = 192 };

enum selftest_kind {
    SELFTEST_BIT,    /* one bit */
    SELFTEST_PART,   /* a whole part zeroed, or every bit of it turned */
    SELFTEST_CUT,    /* the end cut off */
    SELFTEST_MORE,   /* bytes behind */
    SELFTEST_SWAP,   /* two parts change places */
    SELFTEST_ABSENT, /* an input left out, or empty */
    SELFTEST_EXPECT, /* another time, nonce or REPORTDATA than the caller's */
    SELFTEST_POLICY, /* a digest of the policy changed */
    SELFTEST_TYPE,   /* judged as another type */
    SELFTEST_KINDS,
};

struct selftest_count {
    const char *check;
    unsigned n;
};

struct selftest {
    struct evidence_files *files; /* loaded */
    struct bytes policy_text;     /* .p NULL: no policy */
    /* out */
    struct checks checks; /* of the undamaged evidence */
    unsigned n_tried, n_noticed, n_without_effect, n_missed;
    unsigned by_kind[SELFTEST_KINDS];
    struct selftest_count by_check[CHECKS_MAX];
    size_t n_checks;
    char misses[SELFTEST_MISSES_MAX][SELFTEST_TEXT_MAX]; /* the first of n_missed */
};

const char *selftest_kind_name(enum selftest_kind k);
/* ST_POLICY when the undamaged evidence has a failed check: nothing can be shown with it. */
NODISCARD status selftest_run(struct selftest *t);

#endif
