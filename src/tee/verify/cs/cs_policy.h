/* cs_policy - what is accepted of Confidential Space: the policy's "confidential_space" object
 * (docs/POLICY.md).
 *
 *     "token_types": ["PKI", "OIDC"]            both unless given
 *     "keys": [64 hex]                          RFC 7638 thumbprints of OIDC keys; any of the JWKS
 *     "audiences": [text]                       any
 *     "max_age_s", "max_future_s", "crl_required"
 *     "hwmodels": ["GCP_INTEL_TDX"]             required
 *     "dbgstat": ["disabled-since-boot"]        this unless given
 *     "support_attributes": ["STABLE"]          this unless given; all of them must be there
 *     "min_swversion": "250301"                 any
 *     "releases": [{"name", "image_digest", "image_id", "image_reference", "signed_by": [64 hex],
 *                   "args": [text]}]            required; each pins image_digest or signed_by
 *     "image_signers": [64 hex]                 none is asked for
 *     "env": {name: text}                       must be there as given
 *     "env_override": {name: text or null}      what the operator may set; nothing unless given
 *     "cmd_override": [text]                    exactly this; nothing unless given
 *     "restart_policies", "memory_monitoring", "projects", "zones", "instances",
 *     "service_accounts"                        any
 *     "tdx_tcb_statuses": ["UpToDate"]          this unless given
 *     "min_tdx_tcb_date": "2024-03-13T00:00:00Z"
 *     "nvidia_gpu": {"hwmodels", "min_driver", "vbios", "count"}   no GPU is asked for
 *
 * Trusted: the policy. Its texts are copied, so that it outlives the JSON.
 */
#ifndef TEE_VERIFY_CS_CS_POLICY_H
#define TEE_VERIFY_CS_CS_POLICY_H

#include "base/buf.h"
#include "tee/verify/evidence_facts.h"

struct json_obj;
struct json_w;

enum {
    CS_LIST_MAX = 64,
    CS_RELEASES_MAX = 64,
    CS_TEXT_MAX = 512,
    CS_NAME_MAX = 64,
    CS_DIGEST_TEXT_LEN = 71, /* "sha256:" and 64 digits */
    CS_HASH_LEN = 32,
    CS_DEFAULT_MAX_AGE_S = 300,
    CS_DEFAULT_MAX_FUTURE_S = 60,
};

struct cs_text {
    char name[CS_TEXT_MAX + 1]; /* of a pair; else empty */
    char value[CS_TEXT_MAX + 1];
    bool is_any; /* of a pair: its value does not matter */
};

/* One or none: is_given tells an empty list from no list. */
struct cs_texts {
    bool is_given;
    size_t n;
    struct cs_text *v;
};

struct cs_hashes {
    size_t n;
    uint8_t (*v)[CS_HASH_LEN];
};

/* One named image: all that it lists must match, all in the same release. */
struct cs_release {
    char name[CS_NAME_MAX + 1];
    char image_digest[CS_DIGEST_TEXT_LEN + 1]; /* empty: not pinned */
    char image_id[CS_DIGEST_TEXT_LEN + 1];
    char image_reference[CS_TEXT_MAX + 1];
    struct cs_hashes signed_by; /* one of them */
    struct cs_texts args;
};

struct cs_gpu_policy {
    bool is_present;
    struct cs_texts hwmodels, vbios;
    char min_driver[CS_NAME_MAX + 1];
    int64_t count; /* 0: at least one */
};

struct cs_policy {
    bool is_present;
    bool accepts_oidc, accepts_pki;
    struct cs_hashes keys;
    bool has_max_age, is_crl_required;
    int64_t max_age_s, max_future_s;
    struct cs_texts audiences, hwmodels, dbgstat, support_attributes;
    char min_swversion[CS_NAME_MAX + 1];
    struct cs_release *releases;
    size_t n_releases;
    struct cs_hashes image_signers;
    struct cs_texts env, env_override, cmd_override, restart_policies;
    struct cs_texts projects, zones, instances, service_accounts;
    bool has_memory_monitoring, memory_monitoring;
    struct cs_texts tdx_tcb_statuses;
    char min_tdx_tcb_date[CS_NAME_MAX + 1];
    struct cs_gpu_policy gpu;
};

/* Reads the member `key` of the policy; without it is_present is false. Free *out with
 * cs_policy_done() whatever the outcome. ST_FORMAT unknown key or wrong type; ST_CONFIG a policy
 * that pins nothing or accepts nothing; ST_LIMIT, ST_NOMEM. */
NODISCARD status cs_policy_read(struct json_obj *policy, const char *key, struct cs_policy *out);
void cs_policy_done(struct cs_policy *p);
/* Plain sentences for people, one a line. */
void cs_policy_explain(const struct cs_policy *p, struct buf *out);
/* Writes the member "confidential_space" that accepts what was seen and nothing else. */
void cs_policy_pin(const struct evidence_facts *seen, const char *release_name, struct json_w *w);

#endif
