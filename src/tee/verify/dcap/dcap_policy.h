/* dcap_policy - what a policy says about TDX or SGX: "tdx": {...} or "sgx": {...}.
 *
 *     releases               1..64 whole tuples, each with a name of its own. TDX: mrtd,
 *                            rtmr1, rtmr2, and where pinned rtmr0 and rtmr3; mrconfigid, mrowner,
 *                            mrownerconfig and mrservicetd are zero unless pinned. SGX: mrenclave,
 *                            or mrsigner with isvprodid and min_isvsvn; config_id is zero unless
 *                            pinned, and so are ext_prod_id and family_id without mrenclave
 *     statuses               TCB statuses accepted; ["UpToDate"] when absent; never "Revoked"
 *     advisories             ids (INTEL-SA-00615) that a platform may be subject to; none when
 *                            absent
 *     min_tcb_evaluation     least tcbEvaluationDataNumber of TCB info and QE identity
 *     max_collateral_age_s   most seconds since the issue date of any part of the collateral
 *     fmspcs, ppids          platforms allowed; any when absent
 *   TDX:
 *     mrseams                digests of the TDX modules allowed; any signed by Intel when absent
 *     min_tee_tcb_svn        32 digits: least value of each byte of TEE_TCB_SVN and TEE_TCB_SVN_2
 *     xfam                   16 digits: exactly this; any with Intel's fixed bits when absent
 *     allow_migration, allow_perfmon, allow_key_locker   TD attributes; false when absent
 *     event_log_required     the event log must come and replay into RTMR0 to RTMR3
 *   SGX:
 *     attributes, attributes_mask   32 digits each: the enclave's under the mask
 *
 * Unknown keys are refused, and so is a policy that pins no release.
 */
#ifndef TEE_VERIFY_DCAP_DCAP_POLICY_H
#define TEE_VERIFY_DCAP_DCAP_POLICY_H

#include "formats/json.h"
#include "tee/verify/dcap/pck.h"
#include "tee/verify/dcap/quote.h"
#include "tee/verify/dcap/tcb_status.h"

struct evidence_facts;

enum {
    DCAP_POLICY_RELEASES_MAX = 64,
    DCAP_POLICY_NAME_MAX = 64,
    DCAP_POLICY_LIST_MAX = 64,
    DCAP_POLICY_MEASUREMENT_LEN = 48,
    DCAP_POLICY_PIN_MAX = 64,
};

/* What a release may pin; the bits of dcap_release.pinned. */
enum dcap_policy_pin {
    DCAP_PIN_MRTD,
    DCAP_PIN_RTMR0,
    DCAP_PIN_RTMR1,
    DCAP_PIN_RTMR2,
    DCAP_PIN_RTMR3,
    DCAP_PIN_MRCONFIGID, /* this one and the next three: zero unless pinned */
    DCAP_PIN_MROWNER,
    DCAP_PIN_MROWNERCONFIG,
    DCAP_PIN_MRSERVICETD,
    DCAP_PIN_MRENCLAVE,
    DCAP_PIN_MRSIGNER,
    DCAP_PIN_CONFIGID,    /* zero unless pinned */
    DCAP_PIN_EXT_PROD_ID, /* this one and the next: zero unless pinned, or MRENCLAVE is */
    DCAP_PIN_FAMILY_ID,
    DCAP_PIN_COUNT
};

struct dcap_policy_release {
    char name[DCAP_POLICY_NAME_MAX + 1];
    uint32_t pinned;                                /* bit i: v[i] */
    uint8_t v[DCAP_PIN_COUNT][DCAP_POLICY_PIN_MAX]; /* dcap_policy_pin_len() bytes each */
    uint16_t isvprodid, min_isvsvn;                 /* with MRSIGNER */
};

/* A list of byte strings of one length; absent: has is false, and everything is allowed. */
struct dcap_policy_list {
    bool has;
    size_t n, each;
    uint8_t *v;
};

struct dcap_policy {
    bool is_present;
    enum quote_tee tee;
    struct dcap_policy_release *releases;
    size_t n_releases;
    uint32_t statuses; /* bit: enum tcb_status */
    size_t n_advisories;
    char advisories[DCAP_POLICY_LIST_MAX][TCB_STATUS_ADVISORY_MAX_LEN];
    uint32_t min_evaluation;
    bool has_max_age;
    int64_t max_age_s;
    struct dcap_policy_list fmspcs, ppids, mrseams;
    uint8_t min_tee_tcb_svn[16];
    bool has_xfam;
    uint8_t xfam[8];
    bool allow_migration, allow_perfmon, allow_key_locker, is_event_log_required;
    bool has_attributes;
    uint8_t attributes[16], attributes_mask[16];
};

/* The member `key` of a policy; absent: is_present is false. ST_FORMAT, ST_LIMIT, ST_CONFIG. The
 * caller ends with dcap_policy_done(), also after a failure. */
NODISCARD status dcap_policy_read(struct json_obj *policy, const char *key, enum quote_tee tee,
                                  struct dcap_policy *out);
void dcap_policy_done(struct dcap_policy *p);

/* Plain sentences, one a line. */
void dcap_policy_explain(const struct dcap_policy *p, struct buf *out);

/* Writes "tdx": {...} or "sgx": {...} that pins what was seen, as one release. */
void dcap_policy_pin(const struct evidence_facts *seen, enum quote_tee tee,
                     const char *release_name, struct json_w *w);

/* Whether the statuses and advisories of a result are accepted; p NULL: the defaults. */
bool dcap_policy_accepts_status(const struct dcap_policy *p, enum tcb_status s);
bool dcap_policy_accepts_advisory(const struct dcap_policy *p, struct bytes id);
bool dcap_policy_lists(const struct dcap_policy_list *list, struct bytes v);

size_t dcap_policy_pin_len(enum dcap_policy_pin pin);
bool dcap_policy_is_zero_unless_pinned(enum dcap_policy_pin pin);
const char *dcap_policy_pin_name(enum dcap_policy_pin pin); /* "mrtd": also the fact's name */

/* The first release that the quote fits; NULL for none. */
const struct dcap_policy_release *dcap_policy_match(const struct dcap_policy *p,
                                                    const struct quote *q);

#endif
