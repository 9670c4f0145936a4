/* evidence_job - one verification in progress: what the checks of a platform and the common ones
 * share.
 *
 * Private to tee/verify. A platform is a struct evidence_kind: a table of checks, in the order of
 * trust. Nothing of the evidence is read into a decision before its signature held, except what is
 * needed to check that signature; `need` says what must hold before a check is judged.
 */
#ifndef TEE_VERIFY_EVIDENCE_JOB_H
#define TEE_VERIFY_EVIDENCE_JOB_H

#include "crypto/x509.h"
#include "tee/verify/evidence.h"

/* A kind may use finer stages of its own: small numbers below NEEDS_SIGNED in this order. */
enum evidence_need {
    NEEDS_NOTHING = 0,
    NEEDS_PARSED = 10,
    NEEDS_ROOT = 20,
    NEEDS_TIME = 30,
    NEEDS_CHAIN = 40,
    NEEDS_SIGNED = 100, /* every signature of the vendor over this evidence held */
};

struct evidence_job;

/* One row of docs/ATTESTATION.md. */
struct evidence_check {
    const char *id;
    int need; /* j->reached must be at least this; otherwise the check is a SKIP that says so */
    void (*run)(struct evidence_job *j);
    const char *code; /* failure code, unless the check has a finer one */
    const char *fix;
    const char *source; /* where the rule stands: vendor document and section */
};

struct evidence_kind {
    enum evidence_type type;
    const char *name, *platform;
    const struct evidence_check *checks; /* order matters: each stands on the ones before it */
    size_t n_checks;
    size_t state_bytes;   /* j->state: zeroed before, wiped after */
    bool has_report_data; /* lists a check that compares REPORTDATA with the caller's */
    bool (*has_rules)(const struct evidence_policy *p);
    /* Does signed evidence carry this statement, whose statement_binding() is given? NULL: the
     * statement itself stands in j->user_data. */
    bool (*binds)(const struct evidence_job *j, const struct statement *s,
                  const uint8_t binding[static STATEMENT_BINDING_LEN]);
    void (*done)(struct evidence_job *j); /* frees what the state holds, or NULL */
};

/* The kind of a type, or NULL: a type may come from a peer's byte. */
const struct evidence_kind *evidence_kind_of(enum evidence_type t);

struct evidence_job {
    const struct evidence_kind *kind;
    bool is_device;                       /* judged after a CPU, under the same policy */
    struct bytes evidence;                /* the hardware's own, out of its bundle */
    const struct evidence_policy *policy; /* or NULL */
    const struct evidence_expect *expect;
    struct checks *checks;
    const struct evidence_check *now; /* the check that is being judged */
    struct evidence_facts *facts;     /* or NULL: nobody asked */

    int reached; /* raised by the checks: evidence_reach() */
    void *state; /* of the kind */

    /* Set by the kind; believed from NEEDS_SIGNED on. */
    struct measurements measurements;
    uint64_t timestamp_ms;
    struct bytes module_id;
    struct bytes nonce, public_key, user_data; /* .p NULL when absent; empty keeps a pointer */
    const char *release;              /* name of the policy's release that matched as a whole */
    uint32_t seen[EVIDENCE_MEMORY_N]; /* collateral numbers, remembered on accept; 0: none */

    bool are_devices_signed; /* of evidence of the enclave's GPUs every signature held */
    bool has_devices;        /* and a release of the policy was found for them */
    bool has_statement;
    struct statement statement;
    uint8_t binding[STATEMENT_BINDING_LEN]; /* when has_statement */
};

/* Judges every check of the kind. Makes j->state, and ends it. */
NODISCARD status evidence_run(struct evidence_job *j);

/* Outcomes of j->now: exactly one for each check. A pass of simulated evidence says so in its
 * text. */
void evidence_pass(struct evidence_job *j, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void evidence_fail(struct evidence_job *j, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4))); /* code NULL: the table's */
/* fix NULL: the table's. */
void evidence_skip(struct evidence_job *j, bool is_required, const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* This stage held; never lowers j->reached. */
void evidence_reach(struct evidence_job *j, int stage);
/* The first check failed with s: unsupported when s says so, malformed otherwise. */
void evidence_unreadable(struct evidence_job *j, status s);

/* For --explain: the bytes that j->now looks at. Where they stand is found by their address in the
 * evidence or in what came beside it. */
void evidence_shows(struct evidence_job *j, const char *label, struct bytes view);

/* What the evidence says; the name is static text. A fact that is told again is replaced. */
void evidence_fact(struct evidence_job *j, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void evidence_fact_hex(struct evidence_job *j, const char *name, struct bytes v);

/* evidence_revocation.c: judges j->now. Is every certificate of the chain that names a CRL covered
 * by a current one of those that were given, and on none? Without any it is a SKIP. A failure has
 * the table's code, and revoked_code when a certificate is on a list. */
void evidence_judge_revocation(struct evidence_job *j, struct x509_chain chain, bool is_required,
                               const char *revoked_code);

/* evidence_rules.c: the checks that every platform has. Is it what the policy and the caller ask
 * for? */
void evidence_check_policy(struct evidence_job *j);
void evidence_check_statement(struct evidence_job *j);
void evidence_check_platform(struct evidence_job *j);
void evidence_check_freshness(struct evidence_job *j);
void evidence_check_nonce(struct evidence_job *j);
void evidence_check_public_key(struct evidence_job *j);
void evidence_check_service(struct evidence_job *j);
void evidence_check_config(struct evidence_job *j);
void evidence_check_model(struct evidence_job *j);

/* clang-format off */

#define EVIDENCE_POLICY_ROW \
    {"policy", NEEDS_SIGNED, evidence_check_policy, "POLICY_PLATFORM_REFUSED", \
     "Give a policy (--policy) that has rules for this platform: docs/POLICY.md.", "docs/POLICY.md"}

/* The last rows of every platform that carries a statement. Its own are three codes, and where the
 * statement has to stand. */
#define EVIDENCE_STATEMENT_ROWS(statement_code, statement_fix, nonce_code, public_key_code) \
    {"statement", NEEDS_SIGNED, evidence_check_statement, statement_code, statement_fix, \
     "docs/ATTESTATION.md, the statement"}, \
    {"platform", NEEDS_SIGNED, evidence_check_platform, "STATEMENT_PLATFORM_MISMATCH", \
     "The enclave claims another platform than the evidence proves: do not use this service.", \
     "docs/ATTESTATION.md, the statement"}, \
    {"freshness", NEEDS_SIGNED, evidence_check_freshness, "POLICY_FRESHNESS_REFUSED", \
     "Ask the service for evidence of a kind that the policy's freshness lists.", \
     "docs/POLICY.md"}, \
    {"nonce", NEEDS_SIGNED, evidence_check_nonce, nonce_code, \
     "The evidence was made for somebody else or replayed: connect again; do not use it.", \
     "docs/ATTESTATION.md, the statement"}, \
    {"public_key", NEEDS_SIGNED, evidence_check_public_key, public_key_code, \
     "The keys in use are not the attested ones: somebody stands in between.", \
     "docs/ATTESTATION.md, the statement"}, \
    {"service", NEEDS_SIGNED, evidence_check_service, "POLICY_SERVICE_MISMATCH", \
     "The evidence is of another service than the policy names: check the address.", \
     "docs/POLICY.md"}, \
    {"config", NEEDS_SIGNED, evidence_check_config, "POLICY_CONFIG_MISMATCH", \
     "The operator runs another configuration: add its digest to the policy's configs if you " \
     "trust it.", "docs/POLICY.md"}, \
    {"model", NEEDS_SIGNED, evidence_check_model, "POLICY_MODEL_MISMATCH", \
     "Add the model's digest to the policy's models if you trust that model.", "docs/POLICY.md"}

/* clang-format on */

#endif
