/* cs_job - the state of one verification of a token, and its checks. Private to tee/verify/cs. */
#ifndef TEE_VERIFY_CS_CS_JOB_H
#define TEE_VERIFY_CS_CS_JOB_H

#include "crypto/x509.h"
#include "formats/jwk.h"
#include "tee/verify/cs/cs.h"
#include "tee/verify/cs/cs_claims.h"
#include "tee/verify/cs/cs_policy.h"

/* Between the common stages. */
enum { CS_NEEDS_SIGNATURE = NEEDS_CHAIN, CS_NEEDS_CLAIMS = NEEDS_CHAIN + 10 };

struct cs_state {
    const struct cs_policy *rules; /* the policy's, or NULL */
    struct jwt_unverified token;
    bool is_pki;
    struct bytes chain[JWT_X5C_MAX]; /* leaf first, without the root */
    size_t n_chain;
    struct x509_verified leaf; /* when its proof held */
    struct jwk_set keys;
    struct bytes spki; /* the key that is to verify the token, proven */
    struct jwt_verified verified;
    struct cs_claims claims; /* from NEEDS_SIGNED on */
};

static inline struct cs_state *cs_state_of(const struct evidence_job *j)
{
    return j->state;
}

/* cs_origin.c: did Google sign it. */
void cs_check_token(struct evidence_job *j);
void cs_check_key(struct evidence_job *j);
void cs_check_root(struct evidence_job *j);
void cs_check_chain(struct evidence_job *j);
void cs_check_revocation(struct evidence_job *j);
void cs_check_signature(struct evidence_job *j);
void cs_check_claims(struct evidence_job *j);

/* cs_time.c: for whom and when. */
void cs_check_issuer(struct evidence_job *j);
void cs_check_audience(struct evidence_job *j);
void cs_check_expiry(struct evidence_job *j);
void cs_check_not_before(struct evidence_job *j);
void cs_check_issued(struct evidence_job *j);

/* cs_machine.c: on what machine. */
void cs_check_hardware(struct evidence_job *j);
void cs_check_oem(struct evidence_job *j);
void cs_check_secure_boot(struct evidence_job *j);
void cs_check_debug(struct evidence_job *j);
void cs_check_software(struct evidence_job *j);
void cs_check_version(struct evidence_job *j);
void cs_check_support(struct evidence_job *j);
void cs_check_monitoring(struct evidence_job *j);
void cs_check_attester(struct evidence_job *j);
void cs_check_tdx(struct evidence_job *j);
void cs_check_gpu(struct evidence_job *j);

/* cs_workload.c: what runs there. */
void cs_check_image(struct evidence_job *j);
void cs_check_signers(struct evidence_job *j);
void cs_check_env(struct evidence_job *j);
void cs_check_env_override(struct evidence_job *j);
void cs_check_cmd_override(struct evidence_job *j);
void cs_check_restart(struct evidence_job *j);

/* cs_place.c: whose machine it is. */
void cs_check_subject(struct evidence_job *j);
void cs_check_project(struct evidence_job *j);
void cs_check_zone(struct evidence_job *j);
void cs_check_instance(struct evidence_job *j);
void cs_check_accounts(struct evidence_job *j);

/* cs_facts.c */
void cs_tell_facts(struct evidence_job *j);

/* cs_explain.c: the claims that j->now looks at, where they stand in the token, and decoded. */
void cs_shows_claims(struct evidence_job *j);

/* For a check that a policy may ask for and does not. */
void cs_not_asked(struct evidence_job *j, const char *key, struct bytes seen);
/* Fails unless one of the policy's texts is the claim; a claim that is absent is none of them. */
void cs_judge_text(struct evidence_job *j, const char *name, const struct cs_texts *want,
                   struct bytes got);
bool cs_texts_have(const struct cs_texts *t, struct bytes text);

/* A claim in a reason, "%.*s": at most so much of it, or that it is absent. */
enum { CS_QUOTE_MAX = 80 };
#define CS_QUOTE(b) cs_quote_n(b), cs_quote_p(b)

static inline int cs_quote_n(struct bytes b)
{
    size_t n = b.p != NULL ? b.n : 6;
    return (int)(n < CS_QUOTE_MAX ? n : CS_QUOTE_MAX);
}

static inline const char *cs_quote_p(struct bytes b)
{
    return b.p != NULL ? (const char *)b.p : "absent";
}

#endif
