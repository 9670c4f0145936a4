/* tcb_info - Intel's table of what each level of a platform's TCB is worth, version 3 (SGX and TDX)
 * and version 2 (SGX).
 *
 * "Intel SGX/TDX PCS API version 4 (3): Get TCB Info". Every key that is not listed there is
 * refused: Intel has added keys with a meaning without a new version before.
 *
 * Untrusted until the signature over its exact text holds. Views borrow from the parsed document,
 * which the structure owns.
 */
#ifndef TEE_VERIFY_DCAP_TCB_INFO_H
#define TEE_VERIFY_DCAP_TCB_INFO_H

#include "tee/verify/dcap/pck.h"
#include "tee/verify/dcap/quote.h"
#include "tee/verify/dcap/tcb_status.h"

enum {
    TCB_INFO_MAX_BYTES = 64 << 10,
    TCB_INFO_LEVELS_MAX = 64,
    TCB_INFO_MODULES_MAX = 16,
    TCB_INFO_MODULE_LEVELS_MAX = 32,
    TCB_INFO_MODULE_ID_MAX = 8, /* "TDX_01" */
};

struct tcb_info_level {
    uint8_t sgx[PCK_COMPONENTS];
    uint8_t tdx[PCK_COMPONENTS]; /* TDX only */
    uint16_t pcesvn;
    struct tcb_status_word word;
};

struct tcb_info_module_level {
    uint8_t isvsvn;
    struct tcb_status_word word;
};

/* What the TDX module's measurements must be. */
struct tcb_info_module {
    struct bytes id; /* empty for "tdxModule", the module of before 1.5 */
    uint8_t mrsigner[48];
    uint8_t attributes[8], mask[8];
    size_t n_levels;
    struct tcb_info_module_level levels[TCB_INFO_MODULE_LEVELS_MAX];
};

struct tcb_info {
    struct json_doc *doc;
    enum quote_tee tee;
    unsigned version;
    struct bytes issue_text, next_text;
    int64_t issue_unix_s, next_unix_s;
    uint8_t fmspc[PCK_FMSPC_LEN], pceid[PCK_PCEID_LEN];
    uint32_t evaluation;           /* tcbEvaluationDataNumber */
    struct tcb_info_module module; /* TDX only */
    size_t n_modules;
    struct tcb_info_module modules[TCB_INFO_MODULES_MAX];
    size_t n_levels;
    struct tcb_info_level levels[TCB_INFO_LEVELS_MAX];
};

/* ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for another version, id or tcbType. */
NODISCARD status tcb_info_parse(struct bytes json, struct tcb_info *out);
void tcb_info_done(struct tcb_info *t);

#endif
