/* sim - the simulated platform: documents of the NSM's form under a root that lives in a folder.
 *
 * It protects nothing. It lets everything above the hardware run on a laptop, with its own platform
 * id ("simulated"), its own root, and clients that refuse it unless their policy names that root.
 *
 * State folder: `sim-root.key` (P-384, DER, mode 0600) and `sim-root.der` (self-signed). Both are
 * made on the first start; a folder that holds one without the other, or a pair that does not
 * belong together, is refused, never repaired.
 */
#ifndef TEE_SIM_SIM_H
#define TEE_SIM_SIM_H

#include "tee/provider.h"

/* ST_IO, ST_CONFIG damaged state folder, with the file's name in the detail. */
NODISCARD status sim_provider_open(const char *state_folder, struct tee_provider **out);
/* SHA-256 of the root certificate's DER: what a policy's trust_simulated_root holds. */
NODISCARD status sim_provider_root_sha256(const struct tee_provider *p, uint8_t out[static 32]);

#endif
