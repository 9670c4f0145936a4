/* sim_document - writes attestation documents of the NSM's form, tee/verify/nitro/nitro.h the reader.
 *
 * Only the simulated platform and tests link it.
 */
#ifndef TEE_SIM_SIM_DOCUMENT_H
#define TEE_SIM_SIM_DOCUMENT_H

#include "crypto/ecdsa.h"
#include "tee/verify/measurements.h"

struct sim_document {
    struct bytes module_id;
    uint64_t timestamp_ms;
    const struct measurements *measurements;
    struct bytes certificate;     /* leaf, DER */
    const struct bytes *cabundle; /* DER, root first */
    size_t n_cabundle;
    struct bytes public_key, user_data, nonce; /* .p NULL: null */
};

/* The signed map alone, in the NSM's key order. */
NODISCARD status sim_document_payload(const struct sim_document *d, struct buf *out);
/* Untagged COSE_Sign1 over the payload, ES384, by the leaf's key. */
NODISCARD status sim_document_sign(struct bytes payload, const struct ecdsa_secret *key,
                                   struct buf *out);

#endif
