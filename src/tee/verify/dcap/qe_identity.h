/* qe_identity - what Intel's quoting enclave must be, version 2.
 *
 * "Intel SGX/TDX PCS API: Get SGX QE Identity, Get TDX QE Identity": MRSIGNER and ISVPRODID equal,
 * MISCSELECT and ATTRIBUTES equal under masks, and by ISVSVN one of the levels.
 *
 * Untrusted until the signature over its exact text holds. Views borrow from the parsed document,
 * which the structure owns.
 */
#ifndef TEE_VERIFY_DCAP_QE_IDENTITY_H
#define TEE_VERIFY_DCAP_QE_IDENTITY_H

#include "tee/verify/dcap/quote.h"
#include "tee/verify/dcap/tcb_status.h"

enum { QE_IDENTITY_MAX_BYTES = 16 << 10, QE_IDENTITY_LEVELS_MAX = 32 };

struct qe_identity_level {
    uint16_t isvsvn;
    struct tcb_status_word word;
};

struct qe_identity {
    struct json_doc *doc;
    enum quote_tee tee; /* "QE": SGX; "TD_QE": TDX */
    unsigned version;
    struct bytes issue_text, next_text;
    int64_t issue_unix_s, next_unix_s;
    uint32_t evaluation;
    uint8_t miscselect[4], miscselect_mask[4]; /* as written: little-endian */
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isvprodid;
    size_t n_levels;
    struct qe_identity_level levels[QE_IDENTITY_LEVELS_MAX];
};

/* ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for another version or id. */
NODISCARD status qe_identity_parse(struct bytes json, struct qe_identity *out);
void qe_identity_done(struct qe_identity *q);

/* All but the ISVSVN. ST_MISMATCH, with the field's name in the detail. */
NODISCARD status qe_identity_check(const struct qe_identity *q, const struct quote_enclave *qe);

/* The first level whose ISVSVN is not above the enclave's; NULL when there is none. */
const struct qe_identity_level *qe_identity_level(const struct qe_identity *q, uint16_t isvsvn);

#endif
