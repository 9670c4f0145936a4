/* sim_chain - what the simulated platform signs with: an intermediate and a leaf for a few hours.
 *
 * As short-lived as the certificates of AWS, so that everything above meets expiry and renewal.
 */
#ifndef TEE_SIM_SIM_CHAIN_H
#define TEE_SIM_SIM_CHAIN_H

#include "tee/sim/sim_root.h"

enum { SIM_CHAIN_LIFE_S = 3 * 3600, SIM_CHAIN_RENEW_S = 1800, SIM_CHAIN_SKEW_S = 60 };

struct sim_chain {
    struct ecdsa_secret *key; /* of the leaf */
    struct buf intermediate;  /* DER */
    struct buf leaf;          /* DER */
    int64_t not_after_unix_s;
};

/* Makes the chain when *c is empty, or anew when less than SIM_CHAIN_RENEW_S of it is left. On
 * failure *c is what it was. */
NODISCARD status sim_chain_refresh(struct sim_chain *c, const struct sim_root *root,
                                   const char *module_id, int64_t now_unix_s);
void sim_chain_done(struct sim_chain *c);

#endif
