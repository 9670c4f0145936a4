/* tcb_status - the words by which Intel's collateral judges a trusted computing base, and how the
 * judgements of several parts become one.
 *
 * "Intel SGX/TDX PCS API: Get TCB Info", tcbStatus; the merge is that of Intel's quote verification
 * library: a part that is out of date makes the whole out of date and keeps the word about its
 * configuration, a part that is revoked revokes the whole.
 */
#ifndef TEE_VERIFY_DCAP_TCB_STATUS_H
#define TEE_VERIFY_DCAP_TCB_STATUS_H

#include "formats/json.h"

enum tcb_status {
    TCB_UP_TO_DATE,
    TCB_SW_HARDENING_NEEDED,
    TCB_CONFIGURATION_NEEDED,
    TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TCB_OUT_OF_DATE,
    TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TCB_REVOKED,
};

enum {
    TCB_STATUS_COUNT = TCB_REVOKED + 1,
    TCB_STATUS_ADVISORIES_MAX = 48,   /* of one level */
    TCB_STATUS_ADVISORY_MAX_LEN = 24, /* "INTEL-SA-00837" */
};

/* What a level of any table says. Views borrow from the JSON document. */
struct tcb_status_word {
    enum tcb_status status;
    struct bytes date;        /* as written */
    const json_t *advisories; /* a list of texts in Intel's form, or NULL */
};

const char *tcb_status_name(enum tcb_status s); /* "UpToDate" */
bool tcb_status_of(struct bytes name, enum tcb_status *out);

/* Reads tcbStatus, tcbDate and advisoryIDs of a level. */
struct tcb_status_word tcb_status_read(struct json_obj *level);
/* The same for a table that has only UpToDate, OutOfDate and Revoked: enclaves and modules. */
struct tcb_status_word tcb_status_read_part(struct json_obj *level);

/* The platform's status after that of one part (quoting enclave, TDX module) is taken in. */
enum tcb_status tcb_status_merge(enum tcb_status platform, enum tcb_status part);

/* A time of base/clock.h's form, from a required key. */
int64_t tcb_status_read_time(struct json_obj *o, const char *key, struct bytes *out_text);

/* INTEL-SA- and five digits, the form of an advisory's id. */
bool tcb_status_is_advisory(struct bytes id);

#endif
