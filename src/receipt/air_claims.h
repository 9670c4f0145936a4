/* air_claims - the claims map of a receipt in both directions.
 *
 * Decoding checks what the wire schema says about each claim by itself: known key, type, size,
 * order, once each, all required ones there. What the values mean is judged by air_judge.h. The
 * measurements' sizes and the names of platform, mode and scheme are values in this sense.
 *
 * Untrusted: all of it. Internal to this folder.
 */
#ifndef RECEIPT_AIR_CLAIMS_H
#define RECEIPT_AIR_CLAIMS_H

#include "receipt/air.h"

/* Decoded, not believed. Views borrow from the payload. */
struct air_unverified {
    struct bytes iss;
    uint64_t iat_unix_s;
    struct bytes cti;
    struct bytes nonce; /* has_nonce */
    struct bytes profile;
    struct bytes model_id;
    struct bytes model_version;
    struct bytes model_hash;
    struct bytes request_hash;
    struct bytes response_hash;
    struct bytes attestation_doc_hash;
    struct bytes pcr[AIR_N_PCR];
    uint16_t present; /* bit i: pcr[i] is there */
    struct bytes measurement_type;
    bool has_measurement_type;
    struct bytes policy_version;
    uint64_t sequence_number;
    uint64_t execution_time_ms;
    uint64_t memory_peak_mb;
    struct bytes mode;
    struct bytes scheme; /* has_scheme */
    bool has_nonce;
    bool has_scheme;
};

/* out_code gets the stable code of a failure (static text). out is written only on success. */
NODISCARD status air_claims_decode(struct bytes payload, struct air_unverified *out,
                                   const char **out_code);

/* Appends the map. Judges nothing: air_sign() decodes and judges the result before it signs. */
void air_claims_encode(const struct air_claims *c, struct buf *out);

/* To the type that callers see; only for claims that were judged. */
void air_claims_publish(const struct air_unverified *u, struct air_claims *out);

#endif
