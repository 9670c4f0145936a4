/* air - Attested Inference Receipts, AIR v1: sign, and verify offline.
 *
 * COSE_Sign1 (tag 18) [h'A2012703183D', {}, claims, signature]: Ed25519, content type
 * application/cwt, claims in deterministic CBOR (RFC 8949 section 4.2.1). docs/RECEIPT.md has the
 * byte tables and the table of checks.
 *
 *     key  claim          key     claim                  key     claim
 *     1    iss            -65537  model_id               -65543  enclave_measurements
 *     6    iat            -65538  model_version          -65544  policy_version
 *     7    cti            -65539  model_hash             -65545  sequence_number
 *     10   eat_nonce ?    -65540  request_hash           -65546  execution_time_ms
 *     265  eat_profile    -65541  response_hash          -65547  memory_peak_mb
 *                         -65542  attestation_doc_hash   -65548  security_mode
 *                                                        -65549  model_hash_scheme ?
 *
 * Untrusted: every byte of a receipt until air_verify() returned OK. There is no way to the claims
 * of a receipt that was not accepted.
 */
#ifndef RECEIPT_AIR_H
#define RECEIPT_AIR_H

#include "base/buf.h"
#include "base/checks.h"
#include "crypto/ed25519.h"
#include "receipt/air_seen.h"

enum {
    AIR_RECEIPT_MAX = 65536,
    AIR_HASH_LEN = 32,
    AIR_MEASUREMENT_LEN = 48,
    AIR_NONCE_MIN = 8,
    AIR_NONCE_MAX = 64,
    AIR_TEXT_MAX = 256, /* iss, model_id, policy_version */
    AIR_VERSION_MAX = 128,
    AIR_SKEW_S = 30, /* how far iat may lie in the verifier's future */
};

#define AIR_PROFILE "https://spec.cyntrisec.com/air/v1"

enum air_platform { AIR_NITRO_PCR, AIR_TDX_MRTD_RTMR };
enum air_mode { AIR_PRODUCTION, AIR_EVALUATION };
enum air_scheme { AIR_SCHEME_NONE, AIR_SHA256_SINGLE, AIR_SHA256_CONCAT, AIR_SHA256_MANIFEST };

const char *air_platform_name(enum air_platform p); /* "nitro-pcr", "tdx-mrtd-rtmr" */
bool air_platform_from_name(struct bytes name, enum air_platform *out);
const char *air_mode_name(enum air_mode m); /* "production", "evaluation" */
bool air_mode_from_name(struct bytes name, enum air_mode *out);
const char *air_scheme_name(enum air_scheme s); /* "sha256-single" ...; NULL for none */
bool air_scheme_from_name(struct bytes name, enum air_scheme *out);

/* Registers 0, 1 and 2 are required, 3 and 4 optional, 8 optional on Nitro and forbidden on TDX
 * (0 = MRTD, 1..4 = RTMR0..3); the rest of the array is unused. */
enum { AIR_N_PCR = 9, AIR_PCR_REQUIRED = 1u << 0 | 1u << 1 | 1u << 2 };

struct air_measurements {
    enum air_platform platform;
    uint8_t pcr[AIR_N_PCR][AIR_MEASUREMENT_LEN];
    uint16_t present; /* bit i: register i */
    /* Set by whoever took the values out of this enclave's own evidence, never from a config or
     * from a receipt. The signer refuses values without it; air_verify never sets it. */
    bool is_attested;
};

struct air_claims {
    struct bytes iss;
    uint64_t iat_unix_s;
    uint8_t cti[AIR_CTI_LEN]; /* receipt id, unique; the signer's caller makes it (UUID v4) */
    struct bytes nonce;       /* n == 0: claim absent */
    struct bytes model_id;
    struct bytes model_version;
    uint8_t model_hash[AIR_HASH_LEN];
    uint8_t request_hash[AIR_HASH_LEN];
    uint8_t response_hash[AIR_HASH_LEN];
    uint8_t attestation_doc_hash[AIR_HASH_LEN];
    struct air_measurements measurements;
    struct bytes policy_version;
    uint64_t sequence_number;
    uint64_t execution_time_ms;
    uint64_t memory_peak_mb;
    enum air_mode mode;
    enum air_scheme scheme; /* AIR_SCHEME_NONE: claim absent */
};

/* 16 random bytes with the version and variant bits of a UUID v4 (RFC 9562 section 5.4). */
NODISCARD status air_cti_generate(uint8_t out[static AIR_CTI_LEN]);

/* Appends the signed receipt.
 *
 * ST_POLICY when the measurements are not marked as attested or a required one is missing or all
 * zero (debug mode); ST_USAGE when a claim breaks a rule of the format. Nothing is appended then.
 */
NODISCARD status air_sign(const struct air_claims *claims, const struct ed25519_secret *key,
                          struct buf *out);
/* The same with a key that is made ready once for many receipts. */
NODISCARD status air_sign_prepared(const struct air_claims *claims,
                                   const struct ed25519_signer *signer, struct buf *out);

/* What the verifier demands. An input that is not given makes its check a SKIP that does not count
 * against the receipt, with two exceptions: without a key nothing is accepted, and evaluation mode
 * is refused unless it is allowed here. */
struct air_expect {
    const uint8_t *public_key; /* 32 bytes; NULL: signature check is a required SKIP */
    int64_t at_unix_s;         /* 0: no clock; iat is then not judged */
    int64_t max_age_s;         /* 0: any age */
    const uint8_t *model_hash; /* 32 bytes each, or NULL */
    const uint8_t *request_hash;
    const uint8_t *response_hash;
    const uint8_t *attestation_doc_hash;
    const struct air_measurements *measurements; /* the attested ones, or NULL */
    struct bytes nonce;                          /* n == 0: not expected */
    struct bytes model_id;
    struct bytes platform; /* "nitro-pcr" or "tdx-mrtd-rtmr" */
    struct bytes mode;     /* "production" or "evaluation" */
    bool allow_evaluation;
    struct air_seen *seen; /* ids accepted before; the receipt's own is added on acceptance */
};

/* Judges a receipt in four layers: 1 parse, 2 signature, 3 claims, 4 the caller's expectations.
 *
 * Appends to out_checks every check of the table, in order and once each; what lies behind a
 * failure of layer 1 or 2 is a SKIP that says so. Returns OK only when the verdict over these
 * checks is accept, and only then writes out_claims, whose views borrow from `receipt`. Otherwise
 * ST_FORMAT (malformed), ST_UNSUPPORTED (incomplete) or ST_AUTH (rejected). out_claims may be NULL.
 */
NODISCARD status air_verify(struct bytes receipt, const struct air_expect *expect,
                            struct checks *out_checks, struct air_claims *out_claims);

/* What a receipt claims to be about, unproven: the signature is not looked at. For showing a
 * receipt and for executing its request again, where the question is what was computed, not who
 * says so. */
struct air_subject_unverified {
    uint8_t model_hash[AIR_HASH_LEN];
    uint8_t request_hash[AIR_HASH_LEN];
    uint8_t response_hash[AIR_HASH_LEN];
};

/* ST_FORMAT, ST_TRUNCATED, ST_LIMIT when it is no AIR v1 receipt. */
NODISCARD status air_subject_unverified(struct bytes receipt, struct air_subject_unverified *out);

#endif
