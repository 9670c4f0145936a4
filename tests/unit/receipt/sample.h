/* sample - one good set of claims and the key that signs it, for the tests of this folder. */
#ifndef UNIT_RECEIPT_SAMPLE_H
#define UNIT_RECEIPT_SAMPLE_H

#include "support/test.h"

#include "receipt/air.h"

enum { SAMPLE_IAT = 1740500000 };

static inline struct ed25519_secret sample_key(void)
{
    uint8_t seed[ED25519_SEED_LEN];
    struct ed25519_secret key;
    memset(seed, 0x2a, sizeof(seed));
    assert_ok(ed25519_from_seed(seed, &key));
    return key;
}

static inline struct air_measurements sample_measurements(void)
{
    struct air_measurements m = {.platform = AIR_NITRO_PCR, .present = 7, .is_attested = true};
    for (size_t i = 0; i < 3; i++)
        memset(m.pcr[i], (int)i + 1, AIR_MEASUREMENT_LEN);
    return m;
}

static inline struct air_claims sample_claims(void)
{
    struct air_claims c = {
        .iss = BYTES_LIT("example.org"),
        .iat_unix_s = SAMPLE_IAT,
        .model_id = BYTES_LIT("minilm-l6-v2"),
        .model_version = BYTES_LIT("1.0.0"),
        .measurements = sample_measurements(),
        .policy_version = BYTES_LIT("policy-1"),
        .sequence_number = 42,
        .execution_time_ms = 116,
        .memory_peak_mb = 512,
    };
    for (size_t i = 0; i < AIR_CTI_LEN; i++)
        c.cti[i] = (uint8_t)(i + 1);
    memset(c.model_hash, 0xaa, AIR_HASH_LEN);
    memset(c.request_hash, 0xbb, AIR_HASH_LEN);
    memset(c.response_hash, 0xcc, AIR_HASH_LEN);
    memset(c.attestation_doc_hash, 0xdd, AIR_HASH_LEN);
    return c;
}

static inline struct buf sample_receipt(void)
{
    struct ed25519_secret key = sample_key();
    struct air_claims c = sample_claims();
    struct buf out = BUF_MAX(AIR_RECEIPT_MAX);
    assert_ok(air_sign(&c, &key, &out));
    return out;
}

#endif
