/* statement - what one boot of an enclave says about itself and has the hardware sign.
 *
 * Deterministic CBOR (RFC 8949 section 4.2), a map with exactly these keys, at most
 * STATEMENT_MAX_BYTES:
 *
 *     1  uint       version = 1
 *     2  tstr       platform, 1..32 characters: "aws-nitro", "simulated", "intel-tdx", ...
 *     3  tstr       service name, 1..128 characters of visible ASCII
 *     4  uint       freshness: 0 session, 1 epoch
 *     5  bstr 32    nonce: the client's (session) or the epoch's id (epoch)
 *     6  bstr 32    channel identity key, Ed25519
 *     7  bstr 32    receipt key, Ed25519
 *     8  bstr 32    digest of the configuration
 *     9  bstr 32    digest of the model (docs/PACKAGE.md section 6)
 *     10 bstr 32    digest of device evidence, zero when there is none
 *
 * Untrusted until the evidence around it has been verified: a parsed statement proves nothing.
 */
#ifndef TEE_VERIFY_STATEMENT_H
#define TEE_VERIFY_STATEMENT_H

#include "base/buf.h"

#define STATEMENT_PLATFORM_NITRO      "aws-nitro"
#define STATEMENT_PLATFORM_SIMULATED  "simulated"
#define STATEMENT_PLATFORM_TDX        "intel-tdx"
#define STATEMENT_PLATFORM_SGX        "intel-sgx"
#define STATEMENT_PLATFORM_SNP        "amd-sev-snp"
#define STATEMENT_PLATFORM_NVIDIA_GPU "nvidia-gpu"
#define STATEMENT_PLATFORM_CS         "gcp-confidential-space"

enum {
    STATEMENT_VERSION = 1,
    STATEMENT_MAX_BYTES = 512, /* user_data of older NSM firmware ends there */
    STATEMENT_PLATFORM_MAX = 32,
    STATEMENT_SERVICE_MAX = 128,
    STATEMENT_FIELD_LEN = 32,
    STATEMENT_BINDING_LEN = 64,
};

enum freshness { FRESH_SESSION = 0, FRESH_EPOCH = 1 };

struct statement {
    struct bytes platform; /* borrowed */
    struct bytes service;  /* borrowed */
    enum freshness freshness;
    uint8_t nonce[STATEMENT_FIELD_LEN];
    uint8_t identity_key[STATEMENT_FIELD_LEN];
    uint8_t receipt_key[STATEMENT_FIELD_LEN];
    uint8_t config_digest[STATEMENT_FIELD_LEN];
    uint8_t model_digest[STATEMENT_FIELD_LEN];
    uint8_t device_digest[STATEMENT_FIELD_LEN];
};

/* Appends the encoding. ST_FORMAT when platform, service or freshness breaks a rule above. */
NODISCARD status statement_encode(const struct statement *s, struct buf *out);

/* Views in *out borrow from in. ST_TRUNCATED, ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for a version
 * other than 1. */
NODISCARD status statement_parse(struct bytes in, struct statement *out);

/* SHA-512 over lp("eml-binding-v1") lp(platform) lp(service) lp(freshness, one byte) lp(nonce)
 * lp(identity key) lp(receipt key) lp(config digest) lp(model digest) lp(device digest), where
 * lp(x) = u32 big-endian length, then x. Platforms that attest 64 bytes attest this. */
NODISCARD status statement_binding(const struct statement *s,
                                   uint8_t out[static STATEMENT_BINDING_LEN]);

/* The nonce with which an enclave asks its devices: SHA-256 over lp("eml-device-nonce-v1") and the
 * same fields but the device digest, which is made from their answer. */
NODISCARD status statement_device_nonce(const struct statement *s,
                                        uint8_t out[static STATEMENT_FIELD_LEN]);

#endif
