/* nitro - the provider inside an AWS Nitro enclave: statements signed by the NSM.
 *
 * user_data = the statement's CBOR, nonce = the statement's nonce, public_key = the identity key.
 */
#ifndef TEE_NITRO_H
#define TEE_NITRO_H

#include "tee/nsm.h"
#include "tee/provider.h"

/* Opens /dev/nsm, reads the PCRs once and mixes the NSM's random bytes into the generator.
 * ST_NOTFOUND outside a Nitro enclave; ST_POLICY in debug mode, whose evidence no client accepts.
 */
NODISCARD status nitro_provider_open(struct tee_provider **out);
/* The same over another device; n is copied, its ctx borrowed. */
NODISCARD status nitro_provider_over(const struct nsm *n, struct tee_provider **out);

#endif
