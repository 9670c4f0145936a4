/* sim - the simulated platform: documents of the NSM's form under a root that lives in a folder.
 *
 * It protects nothing. It lets everything above the hardware run on a laptop, with its own platform
 * id ("simulated"), its own root, and clients that refuse it unless their policy names that root.
 *
 * State folder: `sim-root.pem` (root certificate and its P-384 key, mode 0600) is made on the first
 * start and kept. A file that does not hold a matching pair is refused, never repaired: a new root
 * would silently lock every client out.
 *
 * Measurements: extend(d) = SHA-384(48 zero bytes || SHA-384(d)); PCR0 = extend(the running
 * binary), PCR1 = extend("eml-sim-boot-v1"), PCR2 = extend("eml-sim-application-v1"), PCR3..15
 * zero.
 */
#ifndef TEE_SIM_SIM_H
#define TEE_SIM_SIM_H

#include "tee/provider.h"

#define SIM_ROOT_FILE "sim-root.pem"

/* Makes the folder (mode 0700) when it is not there. ST_IO; ST_CONFIG damaged state, with the
 * file's name in the detail. */
NODISCARD status sim_provider_open(const char *state_folder, struct tee_provider **out);
/* For both below the provider must be one of sim_provider_open(). SHA-256 of the root certificate's
 * DER: what a policy's trust_simulated_root holds. */
NODISCARD status sim_provider_root_sha256(const struct tee_provider *p, uint8_t out[static 32]);
/* Appends the client policy (JSON) that accepts this build under this root, and of services and
 * models these alone: NULL for any. */
NODISCARD status sim_policy_encode(struct tee_provider *p, const char *service,
                                   const uint8_t *model_sha256, struct buf *out);

#endif
