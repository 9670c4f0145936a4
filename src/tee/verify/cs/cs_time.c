#include "tee/verify/cs/cs_job.h"

#include <inttypes.h>

#include "base/clock.h"

void cs_check_issuer(struct evidence_job *j)
{
    struct bytes iss = cs_state_of(j)->claims.iss;
    cs_shows_claims(j);
    if (iss.p == NULL)
        evidence_fail(j, NULL, "no iss");
    else if (!bytes_equal(iss, bytes_str(CS_ISSUER)))
        evidence_fail(j, NULL, "issued by %.*s", CS_QUOTE(iss));
    else
        evidence_pass(j, "issued by Google Cloud Attestation");
}

void cs_check_audience(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_list *aud = &c->claims.aud;
    struct bytes first = aud->n > 0 ? aud->v[0] : BYTES_LIT("nobody");
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->audiences.is_given) {
        cs_not_asked(j, "audiences", first);
        return;
    }
    for (size_t i = 0; i < aud->n; i++) {
        if (!cs_texts_have(&c->rules->audiences, aud->v[i]))
            continue;
        evidence_pass(j, "made for %.*s", CS_QUOTE(aud->v[i]));
        return;
    }
    evidence_fail(j, NULL, "made for %.*s, which the policy does not list", CS_QUOTE(first));
}

static int64_t leeway(const struct evidence_job *j)
{
    const struct cs_policy *rules = cs_state_of(j)->rules;
    return rules != NULL ? rules->max_future_s : CS_DEFAULT_MAX_FUTURE_S;
}

/* RFC 7519 section 4.1.4: on or after exp it is no longer accepted. No leeway: a token lives for an
 * hour, and whoever has one can get another. */
void cs_check_expiry(struct evidence_job *j)
{
    const struct cs_claims *c = &cs_state_of(j)->claims;
    char end[CLOCK_TEXT_LEN];
    cs_shows_claims(j);
    clock_text(c->exp.unix_s, end);
    if (!c->exp.is_present)
        evidence_fail(j, NULL, "no exp");
    else if (j->expect->at_unix_s >= c->exp.unix_s)
        evidence_fail(j, NULL, "expired at %s", end);
    else if (!c->iat.is_present || c->exp.unix_s - c->iat.unix_s > CS_LIFETIME_MAX_S ||
             c->exp.unix_s <= c->iat.unix_s)
        evidence_fail(j, "CS_LIFETIME_INVALID",
                      "a life of %" PRId64 " s; Google's tokens live for an hour",
                      c->exp.unix_s - c->iat.unix_s);
    else
        evidence_pass(j, "valid until %s", end);
}

void cs_check_not_before(struct evidence_job *j)
{
    const struct cs_claims *c = &cs_state_of(j)->claims;
    char from[CLOCK_TEXT_LEN];
    cs_shows_claims(j);
    clock_text(c->nbf.unix_s, from);
    if (!c->nbf.is_present)
        evidence_fail(j, NULL, "no nbf");
    else if (j->expect->at_unix_s < c->nbf.unix_s - leeway(j))
        evidence_fail(j, NULL, "not valid before %s", from);
    else
        evidence_pass(j, "valid from %s", from);
}

/* A session always has bounds. Without one the token's hour bounds the age, and only a policy that
 * says max_age_s asks for less. */
void cs_check_issued(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    bool has_bounds = j->expect->is_session || (c->rules != NULL && c->rules->has_max_age);
    int64_t max_age = c->rules != NULL ? c->rules->max_age_s : CS_DEFAULT_MAX_AGE_S;
    int64_t age = j->expect->at_unix_s - c->claims.iat.unix_s;
    cs_shows_claims(j);
    if (!c->claims.iat.is_present)
        evidence_fail(j, "CS_ISSUED_MISSING", "no iat");
    else if (age < -leeway(j))
        evidence_fail(j, "CS_ISSUED_IN_FUTURE",
                      "made %" PRId64 " s in the future, at most %" PRId64, -age, leeway(j));
    else if (has_bounds && age > max_age)
        evidence_fail(j, NULL, "%" PRId64 " s old, at most %" PRId64, age, max_age);
    else if (!has_bounds)
        evidence_skip(j, false, "Set max_age_s in the policy to bound the age.",
                      "no bound was given: %" PRId64 " s old", age);
    else
        evidence_pass(j, "%" PRId64 " s old, at most %" PRId64, age, max_age);
}
