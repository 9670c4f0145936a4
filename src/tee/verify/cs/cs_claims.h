/* cs_claims - the claims of a Confidential Space token, from JSON to plain data.
 *
 * The names and meanings are those of "Attestation token claims" in Google's documentation of
 * Confidential Space. A claim that is known must have its documented type, and a member twice is
 * refused; claims that are not known here are let pass, for Google adds to them. Absent is .p NULL,
 * .is_present false or n 0: whether that is in order is a check's question.
 *
 * Only a jwt_verified becomes a cs_claims: nobody reads a claim that nobody signed.
 */
#ifndef TEE_VERIFY_CS_CS_CLAIMS_H
#define TEE_VERIFY_CS_CS_CLAIMS_H

#include "formats/json.h"
#include "formats/jwt.h"

enum {
    CS_CLAIMS_MAX_BYTES = 24 << 10,
    CS_NONCES_MAX = 6,
    CS_NONCE_MIN = 8,
    CS_NONCE_MAX = 88,
    CS_ITEMS_MAX = 64, /* of any other list or object */
    CS_GPUS_MAX = 16,
};

struct cs_list {
    bool is_present;
    size_t n;
    struct bytes v[CS_ITEMS_MAX];
};

/* An object of texts. */
struct cs_pairs {
    bool is_present;
    size_t n;
    struct bytes name[CS_ITEMS_MAX], value[CS_ITEMS_MAX];
};

struct cs_flag {
    bool is_present, value;
};

struct cs_time {
    bool is_present;
    int64_t unix_s;
};

struct cs_gpu {
    struct bytes hwmodel, driver_version, vbios_version, ueid;
};

/* All views borrow from doc_. */
struct cs_claims {
    struct bytes iss, sub, swname, dbgstat, hwmodel, eat_profile;
    struct cs_time exp, iat, nbf;
    struct cs_flag secboot;
    bool has_oemid;
    int64_t oemid;
    struct cs_list aud, nonces, swversion, service_accounts, attester_tcb;
    struct {
        bool is_present;
        struct bytes tcb_status, tcb_date;
    } tdx;
    struct {
        bool is_present;
        struct cs_list support_attributes;
        struct cs_flag memory_monitoring;
    } space;
    struct {
        bool is_present;
        struct bytes image_reference, image_digest, image_id, restart_policy;
        struct cs_list args, cmd_override;
        struct cs_pairs env, env_override;
        struct cs_list signer_key_ids; /* of image_signatures */
    } container;
    struct {
        bool is_present;
        struct bytes zone, project_id, project_number, instance_name, instance_id;
    } gce;
    struct {
        bool is_present;
        struct bytes cc_mode, cc_feature;
        size_t n_gpus;
        struct cs_gpu gpus[CS_GPUS_MAX];
    } nvidia_gpu;
    struct json_doc *doc_;
};

/* Free *out with cs_claims_done() whatever the outcome. ST_FORMAT, ST_LIMIT. */
NODISCARD status cs_claims_parse(const struct jwt_verified *token, struct cs_claims *out);
void cs_claims_done(struct cs_claims *c);

bool cs_list_has(const struct cs_list *l, struct bytes text);

#endif
