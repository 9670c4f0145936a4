/* gpu_list - the evidence of one or more devices, in the forms in which it travels.
 *
 *     JSON   [{"arch": "HOPPER", "nonce": hex, "evidence": base64 of the report,
 *              "certificate": base64 of the PEM chain, leaf first}, ...], 1 to 16 devices; the form
 *            that NVIDIA's attestation service takes; unknown keys are refused
 *     raw    one report, as bytes or as one line of hexadecimal or base64; its chain comes beside
 * it
 *
 * Untrusted: all of it. Sizes are bounded before anything is decoded.
 */
#ifndef TEE_VERIFY_NVIDIA_GPU_LIST_H
#define TEE_VERIFY_NVIDIA_GPU_LIST_H

#include "formats/cert_list.h"

enum {
    GPU_LIST_MAX_BYTES = 256 << 10,
    GPU_DEVICES_MAX = 16,
    GPU_NONCE_LEN = 32,
    GPU_CERTS_MAX = 6,
    GPU_CHAIN_MAX_BYTES = 16 << 10,
};

struct gpu_evidence {
    struct bytes arch;  /* as the list says; .p NULL for a raw report */
    struct bytes nonce; /* as the list says; .p NULL for a raw report */
    struct bytes report;
    struct cert_list certs; /* leaf first; .n 0: none came */
};

struct gpu_list {
    struct gpu_evidence v[GPU_DEVICES_MAX];
    size_t n;
    struct buf storage[GPU_DEVICES_MAX]; /* nonce, report and arch, where they had to be decoded */
};

/* certs: PEM or DER, for a raw report only. Views borrow from the inputs and from the list itself,
 * which the caller ends with gpu_list_done() also after a failure. ST_FORMAT, ST_TRUNCATED,
 * ST_LIMIT. */
NODISCARD status gpu_list_read(struct bytes in, struct bytes certs, struct gpu_list *out);
void gpu_list_done(struct gpu_list *l);

/* Appends the JSON form; the device provider writes it. */
struct gpu_list_item {
    const char *arch;
    struct bytes nonce, report, certs_pem;
};
NODISCARD status gpu_list_write(const struct gpu_list_item *items, size_t n, struct buf *out);

#endif
