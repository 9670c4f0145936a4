/* nvidia_device - evidence of the GPUs that this enclave uses, over a narrow table of functions.
 *
 * Made before the CPU's evidence: the devices answer the nonce that is made from the statement, and
 * the statement then carries the digest of what they answered (tee/verify/nvidia: gpu.bound). A
 * report does not say whether developer tools are on, so this asks the driver, and hands nothing
 * out unless confidential computing is on and they are off: that this software asked is what the
 * CPU's evidence proves.
 *
 * Untrusted: whatever the devices and the library say. Only the driver's word about modes is taken;
 * the driver is part of the measured image.
 */
#ifndef TEE_NVIDIA_DEVICE_H
#define TEE_NVIDIA_DEVICE_H

#include "base/buf.h"
#include "tee/verify/statement.h"

enum { NVIDIA_DEVICE_NONCE_LEN = 32 };

/* What the driver says about the whole system. */
struct nvidia_device_state {
    bool is_production;   /* not a simulation of confidential computing */
    bool is_confidential; /* on, or protected PCIe */
    bool has_developer_tools;
};

struct nvidia_device_api {
    void *ctx;
    status (*state)(void *ctx, struct nvidia_device_state *out);
    status (*count)(void *ctx, size_t *out);
    /* SPDM request and response; appended. */
    status (*report)(void *ctx, size_t i, const uint8_t nonce[static NVIDIA_DEVICE_NONCE_LEN],
                     struct buf *out);
    status (*chain)(void *ctx, size_t i, struct buf *out_pem); /* leaf first; appended */
};

/* Appends the JSON list of all devices, each having answered this nonce. ST_NOTFOUND no device;
 * ST_POLICY confidential computing is off, simulated, or developer tools are on; ST_MISMATCH a
 * device answered another nonce; ST_LIMIT too many; ST_IO and what the functions fail with. */
NODISCARD status nvidia_device_evidence(const struct nvidia_device_api *api,
                                        const uint8_t nonce[static NVIDIA_DEVICE_NONCE_LEN],
                                        struct buf *out);

/* The same with the nonce made from the statement, whose device_digest is then filled in. */
NODISCARD status nvidia_device_attach(const struct nvidia_device_api *api, struct statement *s,
                                      struct buf *out);

#endif
