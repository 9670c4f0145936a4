/* checks - the outcome of a verification: a list of named checks, and the verdict that follows from
 * it.
 *
 * A check that did not run is a SKIP with its reason, never a silent pass; a required SKIP does not
 * accept.
 */
#ifndef BASE_CHECKS_H
#define BASE_CHECKS_H

#include "base/status.h"

enum check_result { CHECK_PASS, CHECK_FAIL, CHECK_SKIP };

/* Exit codes of the verify commands are the values of the verdict. */
enum verdict {
    VERDICT_ACCEPT = 0,
    VERDICT_REJECT = 10,
    VERDICT_INCOMPLETE = 20, /* a required check was skipped, or the format is not supported */
    VERDICT_MALFORMED = 30,
};

enum { CHECKS_MAX = 192, CHECK_REASON_MAX = 224 };

struct check {
    const char *id; /* stable name, static text */
    enum check_result result;
    bool is_required;    /* matters for SKIP */
    bool is_unsupported; /* matters for FAIL: not judged here, which is not the same as wrong */
    const char *code;    /* stable failure code, static text; NULL when passed */
    char reason[CHECK_REASON_MAX];
    const char *fix;    /* what to do, static text; NULL when passed */
    const char *source; /* where the rule stands, static text, or NULL */
};

struct checks {
    struct check v[CHECKS_MAX];
    size_t n;
    bool is_malformed;   /* the input could not be parsed at all */
    bool is_unsupported; /* the input is of a kind that is not judged here */
};

void checks_pass(struct checks *c, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void checks_skip(struct checks *c, const char *id, bool is_required, const char *fix,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The last check failed for its input is of a kind that is not judged here: not accepted, and no
 * reason to reject. Other failures stay what they are. */
void checks_mark_unsupported(struct checks *c);
/* PASS when ok(s); otherwise FAIL with the detail of s as its reason. Returns ok(s). */
bool checks_status(struct checks *c, const char *id, const char *code, const char *fix, status s,
                   const char *passed);

enum verdict checks_verdict(const struct checks *c); /* an empty list is INCOMPLETE */
const char *verdict_name(enum verdict v); /* "accept" "reject" "incomplete" "malformed" */
const struct check *checks_first_failure(const struct checks *c); /* NULL when none failed */
const struct check *checks_find(const struct checks *c, const char *id);

#endif
