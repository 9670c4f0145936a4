#include "tee/verify/evidence_job.h"

#include "base/text.h"

#define NO_STATEMENT_FIX "Nothing to do, if this is evidence of other software than this project's."
#define NO_POLICY_FIX    "Give a policy that says what to accept: docs/POLICY.md."
#define UNPINNED_FIX     "Name what you accept in the policy, to have it checked: docs/POLICY.md."

static bool field_is(struct bytes field, struct bytes want)
{
    return field.p != NULL && bytes_equal(field, want);
}

/* For the checks that speak about the statement, when there is none. A policy that pins what only a
 * statement tells does not accept a document without one. */
static bool has_statement(struct evidence_job *j, bool is_pinned)
{
    if (!j->has_statement)
        evidence_skip(j, j->expect->is_session || is_pinned, NO_STATEMENT_FIX,
                      "the document carries no statement");
    return j->has_statement;
}

static bool has_policy(struct evidence_job *j)
{
    if (j->policy == NULL)
        evidence_skip(j, false, NO_POLICY_FIX, "no policy was given");
    return j->policy != NULL;
}

void evidence_check_policy(struct evidence_job *j)
{
    if (j->policy == NULL)
        evidence_skip(j, true, NULL,
                      "no policy was given: authentic, but nobody says what to accept");
    else if (!j->kind->has_rules(j->policy))
        evidence_fail(j, NULL, "the policy has no rules for %s", j->kind->name);
    else
        evidence_pass(j, "the policy has rules for %s", j->kind->name);
}

/* Where the statement stands: inside what was signed, or beside it. */
static struct bytes stated(const struct evidence_job *j)
{
    return j->kind->binds == NULL ? j->user_data : j->expect->beside.statement;
}

/* A statement beside the evidence says nothing until what was signed carries its binding. */
static status read_statement(struct evidence_job *j)
{
    struct bytes beside = j->expect->beside.statement;
    evidence_shows(j, "statement", stated(j));
    TRY(statement_parse(stated(j), &j->statement));
    TRY(statement_binding(&j->statement, j->binding));
    if (j->kind->binds != NULL)
        REQUIRE(j->kind->binds(j, &j->statement, j->binding), ST_MISMATCH,
                "the evidence was not made for this statement");
    else
        REQUIRE(beside.p == NULL || bytes_equal(beside, j->user_data), ST_MISMATCH,
                "the statement given beside the evidence is not the one inside");
    return OK;
}

static void no_statement(struct evidence_job *j)
{
    const char *why =
        j->kind->binds == NULL ? "user_data is absent" : "no statement came with the evidence";
    if (j->expect->is_session)
        evidence_fail(j, NULL, "%s", why);
    else
        evidence_skip(j, false, NO_STATEMENT_FIX, "%s", why);
}

/* A live session needs the statement; a document of somebody else's enclave has none. Whoever gives
 * a statement beside the evidence says that it is the evidence's. */
void evidence_check_statement(struct evidence_job *j)
{
    if (stated(j).p == NULL && j->expect->beside.statement.p == NULL) {
        no_statement(j);
        return;
    }
    j->has_statement = ok(read_statement(j));
    if (j->has_statement)
        evidence_pass(j, "%s a statement of %.*s",
                      j->kind->binds == NULL ? "user_data is" : "the evidence is bound to",
                      (int)j->statement.service.n, (const char *)j->statement.service.p);
    else if (j->expect->is_session || j->expect->beside.statement.p != NULL)
        evidence_fail(j, NULL, "%s", status_detail());
    else
        evidence_skip(j, false, NO_STATEMENT_FIX, "user_data is not a statement (%s)",
                      status_detail());
}

void evidence_check_platform(struct evidence_job *j)
{
    if (!has_statement(j, false))
        return;
    const char *want = j->kind->platform;
    if (!bytes_equal(j->statement.platform, bytes_str(want)))
        evidence_fail(j, NULL, "the statement says %.*s, the evidence is of %s",
                      (int)j->statement.platform.n, (const char *)j->statement.platform.p, want);
    else
        evidence_pass(j, "the statement says %s", want);
}

/* An epoch is good for as long as the policy's max_age_s says, and evidence without a time does not
 * say how old it is. A live session then has to ask for its own. */
static bool is_of_any_age(const struct evidence_job *j)
{
    return j->statement.freshness == FRESH_EPOCH && j->expect->is_session && j->timestamp_ms == 0;
}

void evidence_check_freshness(struct evidence_job *j)
{
    if (!has_statement(j, false) || !has_policy(j))
        return;
    const char *name = j->statement.freshness == FRESH_EPOCH ? "epoch" : "session";
    if ((j->policy->freshness_mask >> j->statement.freshness & 1u) == 0)
        evidence_fail(j, NULL, "the evidence is fresh by %s, which the policy does not list", name);
    else if (is_of_any_age(j))
        evidence_fail(j, NULL, "evidence of %s tells no time: an epoch may be of any age",
                      j->kind->platform);
    else
        evidence_pass(j, "fresh by %s", name);
}

/* The nonce that the statement must hold, or NULL when the caller knows none. */
static const uint8_t *wanted_nonce(const struct evidence_job *j)
{
    return j->statement.freshness == FRESH_EPOCH ? j->expect->epoch_id : j->expect->client_nonce;
}

/* The nonce that was signed: a field of its own, or the statement's, which the evidence binds. */
static struct bytes signed_nonce(const struct evidence_job *j)
{
    bool is_bound = j->kind->binds != NULL && j->has_statement;
    return is_bound ? BYTES_OF(j->statement.nonce) : j->nonce;
}

/* What the caller expects is compared or it fails: nobody would miss a check that is not there. */
static const char *nonce_trouble(const struct evidence_job *j)
{
    if (j->expect->report_data.p != NULL && !j->kind->has_report_data)
        return "report data is expected, and evidence of this kind has none";
    if (j->expect->nonce.p != NULL && !field_is(signed_nonce(j), j->expect->nonce))
        return "the document's nonce is not the expected one";
    if (!j->has_statement)
        return NULL;
    if (!field_is(signed_nonce(j), BYTES_OF(j->statement.nonce)))
        return "the document's nonce and the statement's differ";
    const uint8_t *want = wanted_nonce(j);
    if (want == NULL && j->expect->is_session && j->statement.freshness == FRESH_SESSION)
        return "no client nonce to compare with";
    if (want != NULL && memcmp(want, j->statement.nonce, sizeof(j->statement.nonce)) != 0)
        return "the evidence was made for another nonce";
    return NULL;
}

void evidence_check_nonce(struct evidence_job *j)
{
    evidence_shows(j, "nonce", j->nonce);
    const char *trouble = nonce_trouble(j);
    bool is_compared = j->expect->nonce.p != NULL || (j->has_statement && wanted_nonce(j) != NULL);
    if (trouble != NULL)
        evidence_fail(j, NULL, "%s", trouble);
    else if (is_compared)
        evidence_pass(j, "the expected nonce is in the evidence");
    else if (j->has_statement && j->statement.freshness == FRESH_EPOCH && j->expect->is_session)
        evidence_pass(j, "an epoch's id; the handshake proves that the key is in use now");
    else
        evidence_skip(j, j->expect->is_session, "Give the nonce that you sent, if you sent one.",
                      "no nonce to compare with: a replay looks the same");
}

void evidence_check_public_key(struct evidence_job *j)
{
    if (!has_statement(j, false))
        return;
    const uint8_t *want = j->expect->identity_key;
    struct bytes key = BYTES_OF(j->statement.identity_key);
    bool is_field = j->kind->binds == NULL;
    evidence_shows(j, "public_key", j->public_key);
    if (is_field && !field_is(j->public_key, key))
        evidence_fail(j, NULL, "public_key is not the statement's identity key");
    else if (want != NULL && memcmp(want, key.p, key.n) != 0)
        evidence_fail(j, NULL, "the peer uses another key than the attested one");
    else
        evidence_pass(j, "%s the statement's identity key",
                      is_field ? "public_key is" : "the evidence binds");
}

void evidence_check_service(struct evidence_job *j)
{
    bool is_pinned = j->policy != NULL && j->policy->service[0] != 0;
    if (!has_statement(j, is_pinned) || !has_policy(j))
        return;
    struct bytes got = j->statement.service;
    if (!is_pinned)
        evidence_skip(j, false, UNPINNED_FIX, "the policy names no service; this is %.*s",
                      (int)got.n, (const char *)got.p);
    else if (!bytes_equal(got, bytes_str(j->policy->service)))
        evidence_fail(j, NULL, "the evidence is of service %.*s", (int)got.n, (const char *)got.p);
    else
        evidence_pass(j, "service %s", j->policy->service);
}

/* `what` is for the texts: "model". */
static void check_listed(struct evidence_job *j, const char *what, bool is_pinned,
                         const uint8_t digest[static STATEMENT_FIELD_LEN],
                         const struct policy_digests *listed)
{
    char hex[2 * STATEMENT_FIELD_LEN + 1];
    hex_encode(bytes_of(digest, STATEMENT_FIELD_LEN), hex);
    if (!is_pinned)
        evidence_skip(j, false, UNPINNED_FIX, "the policy names no %s; this is %s", what, hex);
    else if (!evidence_policy_lists(listed, digest))
        evidence_fail(j, NULL, "%s %s is not in the policy", what, hex);
    else
        evidence_pass(j, "%s %s", what, hex);
}

void evidence_check_config(struct evidence_job *j)
{
    bool is_pinned = j->policy != NULL && j->policy->configs.n > 0;
    if (has_statement(j, is_pinned) && has_policy(j))
        check_listed(j, "configuration", is_pinned, j->statement.config_digest,
                     &j->policy->configs);
}

void evidence_check_model(struct evidence_job *j)
{
    bool is_pinned = j->policy != NULL && j->policy->models.n > 0;
    if (has_statement(j, is_pinned) && has_policy(j))
        check_listed(j, "model", is_pinned, j->statement.model_digest, &j->policy->models);
}
