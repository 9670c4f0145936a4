/* nsm - requests to the Nitro Security Module: CBOR over one ioctl on /dev/nsm.
 *
 * Wire: a request is a text string ("DescribeNSM", "GetRandom") or a map of one pair
 * {"Attestation": {"user_data", "nonce", "public_key"}}, {"DescribePCR": {"index"}}; a response is
 * a map of one pair with the same name, or {"Error": text}.
 *
 * The device is a narrow function from bytes to bytes, so that tests put a fake one there.
 * Untrusted: the response is checked like any input, although it comes from the hypervisor.
 */
#ifndef TEE_NSM_H
#define TEE_NSM_H

#include "base/buf.h"
#include "tee/verify/measurements.h"

enum {
    NSM_REQUEST_MAX = 0x1000,
    NSM_RESPONSE_MAX = 0x3000,
    NSM_RANDOM_MAX = 256,
    NSM_FIELD_MAX = 1024,
    NSM_PCRS_MAX = 32,
};

/* One request, one response of at most NSM_RESPONSE_MAX bytes appended to out. */
typedef status (*nsm_request_fn)(void *ctx, struct bytes request, struct buf *out_response);

struct nsm {
    nsm_request_fn request;
    void *ctx;
};

/* The kernel's device. ST_NOTFOUND when there is none: this is not a Nitro enclave. */
struct nsm_device;
NODISCARD status nsm_device_open(const char *path, struct nsm_device **out);
void nsm_device_closep(struct nsm_device **d);
struct nsm nsm_over_device(struct nsm_device *d); /* borrows */

/* A field whose .p is NULL is sent as null. Appends the document (COSE_Sign1). ST_IO with the NSM's
 * error name when it refuses; ST_LIMIT for a field or document that is too large; ST_FORMAT. */
struct nsm_attestation {
    struct bytes user_data, nonce, public_key;
};
NODISCARD status nsm_attest(const struct nsm *n, const struct nsm_attestation *a,
                            struct buf *out_document);
/* At least one byte; may be fewer than out_cap. */
NODISCARD status nsm_random(const struct nsm *n, uint8_t *out, size_t out_cap, size_t *out_n);
struct nsm_pcr {
    bool is_locked;
    uint8_t value[MEASUREMENT_LEN];
};
NODISCARD status nsm_describe_pcr(const struct nsm *n, uint16_t index, struct nsm_pcr *out);
struct nsm_description {
    uint16_t version_major, version_minor, version_patch;
    uint8_t module_id[128];
    size_t module_id_n;
    uint16_t max_pcrs;
    uint32_t locked_pcrs; /* bit i */
};
NODISCARD status nsm_describe(const struct nsm *n, struct nsm_description *out);

#endif
