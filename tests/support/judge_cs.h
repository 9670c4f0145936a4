/* judge_cs - verdicts over forged Confidential Space tokens: exactly one check fails, or none.
 *
 * Header only: static functions, one user each.
 */
#ifndef SUPPORT_JUDGE_CS_H
#define SUPPORT_JUDGE_CS_H

#include "support/forge_cs.h"

static inline void forge_cs_expect_two(const char *name, const struct checks *c, const char *id,
                                       const char *code, const char *also)
{
    const struct check *got = id != NULL ? checks_find(c, id) : NULL;
    if (id == NULL && checks_verdict(c) == VERDICT_ACCEPT)
        return;
    for (size_t i = 0; i < c->n; i++) {
        const struct check *v = &c->v[i];
        if (v->result == CHECK_FAIL && v != got && (also == NULL || strcmp(v->id, also) != 0))
            fail_msg("%s: %s fails as well: %s (%s)", name, v->id, v->code, v->reason);
    }
    if (id == NULL)
        fail_msg("%s: not accepted", name);
    if (got == NULL || got->result != CHECK_FAIL || strcmp(got->code, code) != 0)
        fail_msg("%s: %s is %s (%s)", name, id,
                 got == NULL                 ? "absent"
                 : got->result == CHECK_PASS ? "passed"
                 : got->code                 ? got->code
                                             : "skipped",
                 got ? got->reason : "");
}

static inline void forge_cs_expect_only(const char *name, const struct checks *c, const char *id,
                                        const char *code)
{
    forge_cs_expect_two(name, c, id, code, NULL);
}

struct forge_cs_judged {
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    status status;
};

static inline void forge_cs_judge(struct bytes token, const struct evidence_policy *policy,
                                  const struct evidence_expect *expect, struct forge_cs_judged *out)
{
    struct bytes in = test_exact(token);
    *out = (struct forge_cs_judged){.checks = {.n = 0}};
    out->status = evidence_verify(in, EVIDENCE_CS_TOKEN, policy, expect, &out->checks,
                                  &out->claimed, &out->verified);
    test_exact_free(in);
}

static inline struct buf forge_cs_good(const struct forge_cs *f, bool is_pki)
{
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(f, NULL, NULL);
    return is_pki ? forge_cs_pki(f, buf_view(&claims)) : forge_cs_oidc(f, buf_view(&claims));
}

static inline void forge_cs_judge_good(const struct forge_cs *f, const char *name, bool is_pki,
                                       const char *policy_from, const char *policy_to,
                                       const struct evidence_expect *expect, const char *id,
                                       const char *code)
{
    struct forge_cs_judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
        forge_cs_policy(policy_from, policy_to);
    struct buf token CLEANUP(buf_done) = forge_cs_good(f, is_pki);
    forge_cs_judge(buf_view(&token), policy, expect, &got);
    forge_cs_expect_only(name, &got.checks, id, code);
}

#endif
