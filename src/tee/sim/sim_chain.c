#include "tee/sim/sim_chain.h"

enum { DER_MAX = 4 << 10 };

#define INTERMEDIATE_NAME "simulated platform intermediate (no hardware)"

void sim_chain_done(struct sim_chain *c)
{
    ecdsa_secret_freep(&c->key);
    buf_done(&c->intermediate);
    buf_done(&c->leaf);
}

static status issue(const struct sim_root *root, const char *module_id, int64_t now,
                    struct ecdsa_secret *intermediate_key, struct sim_chain *c)
{
    struct x509_request request = {
        .common_name = INTERMEDIATE_NAME,
        .issuer_name = SIM_ROOT_NAME,
        .is_ca = true,
        .path_len = 0,
        .not_before_unix_s = now - SIM_CHAIN_SKEW_S,
        .not_after_unix_s = now + SIM_CHAIN_LIFE_S,
        .subject_key = intermediate_key,
        .issuer_key = root->key,
    };
    TRY(x509_issue(&request, &c->intermediate));
    request.common_name = module_id;
    request.issuer_name = INTERMEDIATE_NAME;
    request.is_ca = false;
    request.path_len = -1;
    request.subject_key = c->key;
    request.issuer_key = intermediate_key;
    TRY(x509_issue(&request, &c->leaf));
    c->not_after_unix_s = request.not_after_unix_s;
    return OK;
}

status sim_chain_refresh(struct sim_chain *c, const struct sim_root *root, const char *module_id,
                         int64_t now_unix_s)
{
    struct ecdsa_secret *intermediate_key CLEANUP(ecdsa_secret_freep) = NULL;
    struct sim_chain made CLEANUP(sim_chain_done) = {.intermediate = BUF_MAX(DER_MAX),
                                                     .leaf = BUF_MAX(DER_MAX)};
    if (c->key != NULL && now_unix_s <= c->not_after_unix_s - SIM_CHAIN_RENEW_S)
        return OK;
    TRY(ecdsa_generate(ECDSA_ES384, &intermediate_key));
    TRY(ecdsa_generate(ECDSA_ES384, &made.key));
    TRY(issue(root, module_id, now_unix_s, intermediate_key, &made));
    struct sim_chain old = *c;
    *c = made;
    made = old; /* wiped on return */
    return OK;
}
