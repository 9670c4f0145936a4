#include "base/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A list that is full must not lose a failure: the last place then holds one. */
static struct check *append(struct checks *c, const char *id, enum check_result result)
{
    bool is_full = c->n == CHECKS_MAX;
    struct check *k = &c->v[is_full ? CHECKS_MAX - 1 : c->n++];
    *k = (struct check){.id = id, .result = is_full ? CHECK_FAIL : result};
    return k;
}

void checks_pass(struct checks *c, const char *id, const char *fmt, ...)
{
    struct check *k = append(c, id, CHECK_PASS);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(k->reason, sizeof(k->reason), fmt, ap);
    va_end(ap);
}

void checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                 const char *fmt, ...)
{
    struct check *k = append(c, id, CHECK_FAIL);
    k->is_required = true;
    k->code = code;
    k->fix = fix;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(k->reason, sizeof(k->reason), fmt, ap);
    va_end(ap);
}

void checks_skip(struct checks *c, const char *id, bool is_required, const char *fix,
                 const char *fmt, ...)
{
    struct check *k = append(c, id, CHECK_SKIP);
    k->is_required = is_required;
    k->fix = fix;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(k->reason, sizeof(k->reason), fmt, ap);
    va_end(ap);
}

void checks_mark_unsupported(struct checks *c)
{
    c->is_unsupported = true;
    if (c->n > 0)
        c->v[c->n - 1].is_unsupported = true;
}

bool checks_status(struct checks *c, const char *id, const char *code, const char *fix, status s,
                   const char *passed)
{
    if (ok(s))
        checks_pass(c, id, "%s", passed);
    else
        checks_fail(c, id, code, fix, "%s", status_detail());
    return ok(s);
}

enum verdict checks_verdict(const struct checks *c)
{
    bool is_incomplete = c->n == 0 || c->is_unsupported;
    if (c->is_malformed)
        return VERDICT_MALFORMED;
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].result == CHECK_FAIL && !c->v[i].is_unsupported)
            return VERDICT_REJECT;
        is_incomplete |= c->v[i].result == CHECK_SKIP && c->v[i].is_required;
    }
    return is_incomplete ? VERDICT_INCOMPLETE : VERDICT_ACCEPT;
}

const char *verdict_name(enum verdict v)
{
    switch (v) {
    case VERDICT_ACCEPT:
        return "accept";
    case VERDICT_REJECT:
        return "reject";
    case VERDICT_INCOMPLETE:
        return "incomplete";
    case VERDICT_MALFORMED:
        return "malformed";
    }
    return "reject";
}

const struct check *checks_first_failure(const struct checks *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].result == CHECK_FAIL)
            return &c->v[i];
    }
    return NULL;
}

const struct check *checks_find(const struct checks *c, const char *id)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->v[i].id, id) == 0)
            return &c->v[i];
    }
    return NULL;
}
