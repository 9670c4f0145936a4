#include "tee/verify/cs/cs_job.h"

#include "base/text.h"

static bool has_hash(const struct cs_hashes *want, struct bytes hex)
{
    uint8_t got[CS_HASH_LEN];
    if (failed(hex_decode(hex, got, sizeof(got))))
        return false;
    for (size_t i = 0; i < want->n; i++) {
        if (memcmp(want->v[i], got, sizeof(got)) == 0)
            return true;
    }
    return false;
}

static bool is_signed_by(const struct cs_hashes *want, const struct cs_claims *c)
{
    const struct cs_list *ids = &c->container.signer_key_ids;
    for (size_t i = 0; i < ids->n; i++) {
        if (has_hash(want, ids->v[i]))
            return true;
    }
    return false;
}

static bool text_is(const char *want, struct bytes got)
{
    return want[0] == 0 || bytes_equal(got, bytes_str(want));
}

/* Same texts in the same order. */
static bool list_is(const struct cs_texts *want, const struct cs_list *got)
{
    if (want->n != got->n)
        return false;
    for (size_t i = 0; i < want->n; i++) {
        if (!bytes_equal(got->v[i], bytes_str(want->v[i].value)))
            return false;
    }
    return true;
}

static bool is_release(const struct cs_release *r, const struct cs_claims *c)
{
    return text_is(r->image_digest, c->container.image_digest) &&
           text_is(r->image_id, c->container.image_id) &&
           text_is(r->image_reference, c->container.image_reference) &&
           (r->signed_by.n == 0 || is_signed_by(&r->signed_by, c)) &&
           (!r->args.is_given || list_is(&r->args, &c->container.args));
}

void cs_check_image(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes digest = c->claims.container.image_digest;
    cs_shows_claims(j);
    if (c->rules == NULL) {
        evidence_skip(j, true, "Give a policy that says what to accept: docs/POLICY.md.",
                      "no release to compare with; image_digest is %.*s", CS_QUOTE(digest));
        return;
    }
    for (size_t i = 0; i < c->rules->n_releases; i++) {
        if (!is_release(&c->rules->releases[i], &c->claims))
            continue;
        j->release = c->rules->releases[i].name;
        evidence_pass(j, "release %s: %.*s", j->release, CS_QUOTE(digest));
        return;
    }
    evidence_fail(j, NULL, "no release of the policy is this image: %.*s", CS_QUOTE(digest));
}

void cs_check_signers(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_list *ids = &c->claims.container.signer_key_ids;
    cs_shows_claims(j);
    if (c->rules == NULL || c->rules->image_signers.n == 0)
        cs_not_asked(j, "image_signers", ids->n > 0 ? ids->v[0] : (struct bytes){0});
    else if (!is_signed_by(&c->rules->image_signers, &c->claims))
        evidence_fail(j, NULL, "none of %zu image signatures is by a key that the policy lists",
                      ids->n);
    else
        evidence_pass(j, "the image is signed by a key that the policy lists");
}

static const struct cs_text *find_pair(const struct cs_texts *t, struct bytes name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (bytes_equal(name, bytes_str(t->v[i].name)))
            return &t->v[i];
    }
    return NULL;
}

static bool has_pair(const struct cs_pairs *got, const struct cs_text *want)
{
    for (size_t i = 0; i < got->n; i++) {
        if (bytes_equal(got->name[i], bytes_str(want->name)))
            return bytes_equal(got->value[i], bytes_str(want->value));
    }
    return false;
}

void cs_check_env(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->env.is_given) {
        cs_not_asked(j, "env", (struct bytes){0});
        return;
    }
    for (size_t i = 0; i < c->rules->env.n; i++) {
        if (has_pair(&c->claims.container.env, &c->rules->env.v[i]))
            continue;
        evidence_fail(j, NULL, "%.80s is not what the policy says", c->rules->env.v[i].name);
        return;
    }
    evidence_pass(j, "%zu variables are as the policy says", c->rules->env.n);
}

/* What the operator sets when the machine starts is outside the image's digest: with a policy,
 * nothing that it does not name. */
void cs_check_env_override(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_pairs *got = &c->claims.container.env_override;
    cs_shows_claims(j);
    if (c->rules == NULL) {
        cs_not_asked(j, "env_override", got->n > 0 ? got->name[0] : (struct bytes){0});
        return;
    }
    for (size_t i = 0; i < got->n; i++) {
        const struct cs_text *may = find_pair(&c->rules->env_override, got->name[i]);
        if (may != NULL && (may->is_any || bytes_equal(got->value[i], bytes_str(may->value))))
            continue;
        evidence_fail(j, NULL, "the operator has set %.*s, which the policy does not allow",
                      CS_QUOTE(got->name[i]));
        return;
    }
    evidence_pass(j, "%zu variables set by the operator", got->n);
}

void cs_check_cmd_override(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_list *got = &c->claims.container.cmd_override;
    cs_shows_claims(j);
    if (c->rules == NULL)
        cs_not_asked(j, "cmd_override", got->n > 0 ? got->v[0] : (struct bytes){0});
    else if (!list_is(&c->rules->cmd_override, got))
        evidence_fail(j, NULL, "the operator's command of %zu texts is not the policy's of %zu",
                      got->n, c->rules->cmd_override.n);
    else
        evidence_pass(j, "%s",
                      got->n > 0 ? "the operator's command is the policy's"
                                 : "the operator has set no command");
}

void cs_check_restart(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes got = c->claims.container.restart_policy;
    cs_shows_claims(j);
    if (c->rules == NULL || !c->rules->restart_policies.is_given)
        cs_not_asked(j, "restart_policies", got);
    else
        cs_judge_text(j, "restart_policy", &c->rules->restart_policies, got);
}
