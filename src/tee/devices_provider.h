/* devices_provider - a provider whose evidence shows the enclave's GPUs as well.
 *
 * For each statement the devices are asked first, with the nonce that the statement gives; the
 * digest of their answers becomes the statement's device digest; the CPU's provider attests that
 * statement; and its bundle is sent on with the answers in it. docs/ATTESTATION.md, devices.
 */
#ifndef TEE_DEVICES_PROVIDER_H
#define TEE_DEVICES_PROVIDER_H

#include "tee/nvidia_device.h"
#include "tee/provider.h"

/* Takes the CPU's provider, also on failure; its evidence must be bundles (ST_UNSUPPORTED on use
 * otherwise). api is copied, its ctx borrowed. */
NODISCARD status devices_provider_over(struct tee_provider *taken,
                                       const struct nvidia_device_api *api,
                                       struct tee_provider **out);

#endif
