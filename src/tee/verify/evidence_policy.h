/* evidence_policy - which code, which service and which platforms a client accepts: docs/POLICY.md.
 *
 * JSON, version 1, unknown keys refused. A policy that would accept nothing or anything is refused
 * when it is read: at least one release, and at least PCR0 in each. Programs open policies by
 * evidence_policy_file.h, which knows of signatures; this is the JSON alone.
 */
#ifndef TEE_VERIFY_EVIDENCE_POLICY_H
#define TEE_VERIFY_EVIDENCE_POLICY_H

#include "tee/verify/cs/cs_policy.h"
#include "tee/verify/dcap/dcap_policy.h"
#include "tee/verify/measurements.h"
#include "tee/verify/nvidia/nvidia_policy.h"
#include "tee/verify/snp/snp_policy.h"
#include "tee/verify/statement.h"

enum {
    POLICY_MAX_BYTES = 1 << 20,
    POLICY_RELEASES_MAX = 64,
    POLICY_DIGESTS_MAX = 256,
    POLICY_NAME_MAX = 64,
    POLICY_DEFAULT_MAX_AGE_S = 300,
    POLICY_DEFAULT_MAX_FUTURE_S = 60,
};

/* One named release: every measurement that it lists must match, all in the same release. */
struct policy_release {
    char name[POLICY_NAME_MAX + 1];
    struct measurements want;
};

/* What is accepted of one platform. */
struct policy_platform {
    bool is_present;
    struct policy_release *releases;
    size_t n_releases;
    bool has_max_age;
    int64_t max_age_s;
    int64_t max_future_s;
    bool is_crl_required;
};

/* SHA-256 digests to choose from; none: anything goes. */
struct policy_digests {
    uint8_t (*v)[32];
    size_t n;
};

/* Plain data behind evidence_policy_parse(); read only for everybody else. */
struct evidence_policy {
    char service[STATEMENT_SERVICE_MAX + 1]; /* empty: not pinned */
    unsigned freshness_mask;                 /* 1 << enum freshness */
    struct policy_platform nitro;
    struct policy_platform simulated;
    struct dcap_policy tdx, sgx;
    struct snp_policy snp;
    struct nvidia_policy nvidia_gpu;
    struct cs_policy confidential_space;
    bool trusts_simulated_root;
    uint8_t simulated_root_sha256[32];
    struct policy_digests configs; /* of the enclave's configuration file */
    struct policy_digests models;  /* of model manifests */
    uint32_t serial;               /* grows with each version, from 1; 0: none given */
    bool has_end;
    int64_t not_after_unix_s; /* the last second at which it is accepted */
    uint8_t sha256[32];       /* of the policy's own bytes */
    bool is_signed;           /* evidence_policy_file.h sets these two */
    uint8_t signer[32];       /* its Ed25519 key */
};

/* ST_FORMAT not JSON, unknown key, wrong type; ST_CONFIG a policy that says nothing or contradicts
 * itself; ST_LIMIT. */
NODISCARD status evidence_policy_parse(struct bytes json, struct evidence_policy **out);
void evidence_policy_freep(struct evidence_policy **p);
/* ST_EXPIRED past the policy's end. */
NODISCARD status evidence_policy_check_end(const struct evidence_policy *p, int64_t at_unix_s);

/* The first release that the measurements match as a whole, or NULL. */
const struct policy_release *evidence_policy_match(const struct policy_platform *p,
                                                   const struct measurements *got);
bool evidence_policy_lists(const struct policy_digests *d, const uint8_t digest[static 32]);

#endif
