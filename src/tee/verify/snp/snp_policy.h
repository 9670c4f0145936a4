/* snp_policy - what a policy accepts of AMD SEV-SNP: its member "snp" (docs/POLICY.md).
 *
 * A product line is accepted when it stands in "products", with the lowest firmware that will do.
 * A release is a whole tuple: its fields are matched together and never mixed with another's.
 */
#ifndef TEE_VERIFY_SNP_POLICY_H
#define TEE_VERIFY_SNP_POLICY_H

#include "formats/json.h"
#include "tee/verify/evidence_facts.h"
#include "tee/verify/snp/snp_flags.h"
#include "tee/verify/snp/snp_report.h"
#include "tee/verify/snp/snp_tcb.h"

enum {
    SNP_RELEASES_MAX = 64,
    SNP_RELEASE_NAME_MAX = 64,
    SNP_CHIPS_MAX = 1024,
    SNP_CSPS_MAX = 16,
    SNP_CSP_ID_MAX = 128,
};

/* What a release may pin. The measurement is always there. */
enum snp_pin {
    SNP_PIN_MEASUREMENT,
    SNP_PIN_HOST_DATA,
    SNP_PIN_ID_KEY,
    SNP_PIN_AUTHOR_KEY,
    SNP_PIN_FAMILY_ID,
    SNP_PIN_IMAGE_ID,
    SNP_PIN_DIGESTS, /* those above are bytes */
    SNP_PIN_GUEST_SVN = SNP_PIN_DIGESTS,
    SNP_PINS
};

struct snp_release {
    char name[SNP_RELEASE_NAME_MAX + 1];
    unsigned pinned_mask;                                 /* 1 << enum snp_pin */
    uint8_t digest[SNP_PIN_DIGESTS][SNP_MEASUREMENT_LEN]; /* the first bytes of each */
    uint32_t min_guest_svn;
};

struct snp_floors {
    bool is_accepted;
    struct snp_tcb reported, committed, launch;
};

struct snp_chips {
    uint8_t (*v)[SNP_CHIP_ID_LEN];
    size_t n;
};

struct snp_policy {
    bool is_present;
    struct snp_floors products[SNP_PRODUCTS];
    struct snp_release *releases;
    size_t n_releases;
    unsigned keys_mask; /* 1 << enum snp_signing_key */
    char csp_ids[SNP_CSPS_MAX][SNP_CSP_ID_MAX + 1];
    size_t n_csp_ids;
    struct snp_chips chips, denied_chips;
    bool is_masked_chip_allowed;
    bool is_crl_required;
    int64_t max_crl_age_s; /* 0: until the CRL's own nextUpdate */
    bool is_migration_agent_allowed;
    uint32_t vmpl;
    struct snp_pins guest_policy, platform_info;
    uint16_t min_abi; /* major << 8 | minor */
    bool has_min_firmware;
    struct snp_firmware min_firmware;
    uint32_t min_report_version;
    uint64_t launch_mitigations, current_mitigations; /* bits that must be set */
};

/* The member `key` of the policy; when it is absent, out->is_present is false. Unknown keys, a
 * policy without releases or without products, and contradictions are refused. */
NODISCARD status snp_policy_read(struct json_obj *policy, const char *key, struct snp_policy *out);
void snp_policy_done(struct snp_policy *p);

/* Length of what a release pins by bytes. */
size_t snp_pin_len(enum snp_pin pin);
/* What the report says in that place. */
struct bytes snp_pin_of(const struct snp_fields *f, enum snp_pin pin);
/* Whether the release pins it and the report does not agree. */
bool snp_release_differs(const struct snp_release *r, const struct snp_fields *f, enum snp_pin pin);
/* The release that the report matches as a whole, or NULL. */
const struct snp_release *snp_policy_match(const struct snp_policy *p, const struct snp_fields *f);
/* The release that comes closest among those with the report's measurement, or NULL. */
const struct snp_release *snp_policy_closest(const struct snp_policy *p,
                                             const struct snp_fields *f);
bool snp_chips_list(const struct snp_chips *c, struct bytes chip_id);
bool snp_policy_lists_csp(const struct snp_policy *p, struct bytes csp_id);

/* Plain sentences, one a line. */
void snp_policy_explain(const struct snp_policy *p, struct buf *out);
/* Writes the member "snp" of a policy that pins what was seen. */
void snp_policy_pin(const struct evidence_facts *seen, const char *release_name, struct json_w *w);

#endif
