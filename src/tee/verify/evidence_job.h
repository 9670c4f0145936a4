/* evidence_job - one verification in progress: what the stages of evidence.c share.
 *
 * Private to the evidence_*.c files. The order of the stages is the order of trust: nothing of the
 * document is read into a decision before its signature held, except what is needed to check that
 * signature.
 */
#ifndef TEE_VERIFY_EVIDENCE_JOB_H
#define TEE_VERIFY_EVIDENCE_JOB_H

#include "tee/verify/evidence.h"
#include "tee/verify/nitro.h"

/* What must hold before a check is judged; otherwise it is a SKIP that says so. */
enum evidence_need {
    NEEDS_NOTHING,
    NEEDS_PARSED,
    NEEDS_ROOT,
    NEEDS_TIME,
    NEEDS_CHAIN,
    NEEDS_SIGNED
};

struct evidence_job;

/* One row of the table in evidence.c, and of docs/ATTESTATION.md. */
struct evidence_check {
    const char *id;
    enum evidence_need need;
    void (*run)(struct evidence_job *j);
    const char *code; /* failure code, unless the check has a finer one */
    const char *fix;
};

struct evidence_job {
    struct bytes evidence;
    enum evidence_type type;
    const struct evidence_policy *policy; /* or NULL */
    const struct policy_platform *rules;  /* the policy's for this type, or NULL */
    const struct evidence_expect *expect;
    struct checks *checks;
    const struct evidence_check *now; /* the check that is being judged */

    enum evidence_need reached; /* all stages below this one held */
    struct nitro_unverified document;
    struct bytes
        root; /* pinned; borrowed from the program or, simulated, equal to a pinned digest */
    uint8_t chain_key[SHA256_LEN];
    bool is_chain_known;         /* proven before, by the cache */
    struct evidence_chain chain; /* its validity, also when the proof failed */
    status proof;                /* of the chain at the given time */
    char trouble[CHECK_REASON_MAX];
    struct x509_verified leaf; /* when the proof is OK */
    struct nitro_document signed_;

    bool has_statement;
    struct statement statement;
    const struct policy_release *release;
};

/* Outcomes of j->now. A pass of simulated evidence says so in its text. */
void evidence_pass(struct evidence_job *j, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void evidence_fail(struct evidence_job *j, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4))); /* code NULL: the table's */
/* fix NULL: the table's. */
void evidence_skip(struct evidence_job *j, bool is_required, const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* evidence_origin.c: is it authentic, and made when it says. */
void evidence_check_document(struct evidence_job *j);
void evidence_check_root(struct evidence_job *j);
void evidence_check_time(struct evidence_job *j);
void evidence_check_chain(struct evidence_job *j);
void evidence_check_revocation(struct evidence_job *j);
void evidence_check_signature(struct evidence_job *j);
void evidence_check_timestamp(struct evidence_job *j);
void evidence_check_age(struct evidence_job *j);
void evidence_check_debug(struct evidence_job *j);

/* evidence_rules.c: is it what the policy and the caller ask for. */
void evidence_check_policy(struct evidence_job *j);
void evidence_check_measurements(struct evidence_job *j);
void evidence_check_statement(struct evidence_job *j);
void evidence_check_platform(struct evidence_job *j);
void evidence_check_freshness(struct evidence_job *j);
void evidence_check_nonce(struct evidence_job *j);
void evidence_check_public_key(struct evidence_job *j);
void evidence_check_service(struct evidence_job *j);
void evidence_check_config(struct evidence_job *j);
void evidence_check_model(struct evidence_job *j);

#endif
