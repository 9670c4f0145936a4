/* Every allocation on the way of a Confidential Space token fails once. */
#include "support/fault_walk.h"
#include "support/forge_cs.h"

#include "formats/jwk.h"
#include "formats/jwt.h"
#include "tee/verify/cs/cs_claims.h"

static struct forge_cs forge;
static struct buf token, claims;
static struct evidence_policy *policy;

struct bytes cs_root(void)
{
    return buf_view(&forge.certs[0]);
}

static status read_token(void)
{
    struct jwt_unverified t CLEANUP(jwt_done) = {0};
    return jwt_parse(buf_view(&token), &t);
}

static status read_keys(void)
{
    struct jwk_set set CLEANUP(jwk_set_done) = {0};
    return jwk_set_parse(buf_view(&forge.jwks), &set);
}

static status read_claims(void)
{
    struct cs_claims c CLEANUP(cs_claims_done) = {0};
    const struct jwt_verified v = {.claims = buf_view(&claims)};
    return cs_claims_parse(&v, &c);
}

static status read_policy(void)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    return evidence_policy_parse(BYTES_LIT(FORGE_CS_POLICY), &p);
}

static status verify(void)
{
    static struct checks checks;
    static struct evidence_claimed claimed;
    static struct evidence_verified verified;
    const struct evidence_expect expect = forge_cs_expect(&forge);
    checks = (struct checks){0};
    return evidence_verify(buf_view(&token), EVIDENCE_CS_TOKEN, policy, &expect, &checks, &claimed,
                           &verified);
}

static void test_own(void **state)
{
    (void)state;
    static const struct fault_row ROWS[] = {
        {"a token", read_token},
        {"keys", read_keys},
        {"claims", read_claims},
        {"a policy", read_policy},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        fault_walk_own(&ROWS[i]);
}

/* A verdict under lack of memory may be any refusal. */
static void test_verdict(void **state)
{
    (void)state;
    static const struct fault_row ROW = {"a verdict", verify};
    fault_walk_all(&ROW);
}

static int set_up(void **state)
{
    if (fault_walk_set_up(state) != 0)
        return 1;
    forge_cs_init(&forge);
    claims = forge_cs_claims(&forge, NULL, NULL);
    token = forge_cs_pki(&forge, buf_view(&claims));
    policy = forge_cs_policy(NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    evidence_policy_freep(&policy);
    buf_done(&token);
    buf_done(&claims);
    forge_cs_done(&forge);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_verdict),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
