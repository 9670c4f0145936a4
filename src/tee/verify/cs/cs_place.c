#include "tee/verify/cs/cs_job.h"

#define SELF_LINK "https://www.googleapis.com/compute/v1/projects/"

static bool take(struct rd *r, struct bytes want)
{
    return want.p != NULL && want.n > 0 && bytes_equal(rd_take(r, want.n), want);
}

/* sub is the machine's selfLink: the gce claims must name the same machine. */
static bool is_same_machine(const struct cs_claims *c)
{
    struct rd r = rd_over(c->sub);
    return take(&r, BYTES_LIT(SELF_LINK)) && take(&r, c->gce.project_id) &&
           take(&r, BYTES_LIT("/zones/")) && take(&r, c->gce.zone) &&
           take(&r, BYTES_LIT("/instances/")) && take(&r, c->gce.instance_name) && rd_left(&r) == 0;
}

void cs_check_subject(struct evidence_job *j)
{
    const struct cs_claims *c = &cs_state_of(j)->claims;
    cs_shows_claims(j);
    if (c->sub.p == NULL || !c->gce.is_present)
        evidence_fail(j, NULL, "no sub or no gce claims");
    else if (!is_same_machine(c))
        evidence_fail(j, NULL, "sub and the gce claims name different machines");
    else
        evidence_pass(j, "machine %.*s", CS_QUOTE(c->gce.instance_name));
}

/* A project has an id and a number; either may be listed. */
void cs_check_project(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes id = c->claims.gce.project_id;
    struct bytes number = c->claims.gce.project_number;
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->projects.is_given)
        cs_not_asked(j, "projects", id);
    else if (number.p != NULL && cs_texts_have(&c->rules->projects, number))
        evidence_pass(j, "project %.*s", CS_QUOTE(number));
    else
        cs_judge_text(j, "project_id", &c->rules->projects, id);
}

void cs_check_zone(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->zones.is_given)
        cs_not_asked(j, "zones", c->claims.gce.zone);
    else
        cs_judge_text(j, "zone", &c->rules->zones, c->claims.gce.zone);
}

/* By its number, which is never given again, or by its name. */
void cs_check_instance(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes id = c->claims.gce.instance_id;
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->instances.is_given)
        cs_not_asked(j, "instances", id);
    else if (id.p != NULL && cs_texts_have(&c->rules->instances, id))
        evidence_pass(j, "instance %.*s", CS_QUOTE(id));
    else
        cs_judge_text(j, "instance_name", &c->rules->instances, c->claims.gce.instance_name);
}

/* All of them: an account that is not listed is somebody else's right to act as this workload. */
void cs_check_accounts(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_list *got = &c->claims.service_accounts;
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->service_accounts.is_given) {
        cs_not_asked(j, "service_accounts", got->n > 0 ? got->v[0] : (struct bytes){0});
        return;
    }
    if (got->n == 0) {
        evidence_fail(j, NULL, "no service account");
        return;
    }
    for (size_t i = 0; i < got->n; i++) {
        if (cs_texts_have(&c->rules->service_accounts, got->v[i]))
            continue;
        evidence_fail(j, NULL, "the policy does not list %.*s", CS_QUOTE(got->v[i]));
        return;
    }
    evidence_pass(j, "runs as %.*s", CS_QUOTE(got->v[0]));
}
