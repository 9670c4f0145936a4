/* tcb_match - which level of Intel's tables a platform reaches, and what that is worth.
 *
 * "Intel SGX/TDX PCS API: Get TCB Info", algorithm for the TCB level, in its two phases for TDX: a
 * level must be reached by the SVNs of the PCK certificate and by those that the TDX module
 * reported; and the module itself, when it is 1.5 or newer, has an identity and levels of its own.
 */
#ifndef TEE_VERIFY_DCAP_TCB_MATCH_H
#define TEE_VERIFY_DCAP_TCB_MATCH_H

#include "tee/verify/dcap/qe_identity.h"
#include "tee/verify/dcap/tcb_info.h"

/* The first level that the platform reaches; td NULL for SGX. NULL when it reaches none. */
const struct tcb_info_level *tcb_match_level(const struct tcb_info *t, const struct pck *p,
                                             const struct quote_td *td);

/* The identity that the reported module must have: "tdxModule" before 1.5, else the one named
 * TDX_ and the module's major version. NULL when there is none. */
const struct tcb_info_module *tcb_match_module(const struct tcb_info *t, const struct quote_td *td);

/* MRSIGNERSEAM and the SEAM attributes against an identity. ST_MISMATCH. */
NODISCARD status tcb_match_check_module(const struct tcb_info_module *m, const struct quote_td *td);

/* Whether the module has levels of its own, and the first that it reaches; NULL for none. */
bool tcb_match_has_module_levels(const struct quote_td *td);
const struct tcb_info_module_level *tcb_match_module_level(const struct tcb_info_module *m,
                                                           const struct quote_td *td);

enum { TCB_MATCH_PARTS_MAX = 3, TCB_MATCH_ADVISORIES_MAX = 4 * TCB_STATUS_ADVISORIES_MAX };

/* The judgement over all parts. Views borrow from the tables. */
struct tcb_match {
    enum tcb_status status;
    size_t n_advisories; /* of all parts, each once, in the order of the tables */
    struct bytes advisories[TCB_MATCH_ADVISORIES_MAX];
};

/* The platform's word, then those of its parts (at most TCB_MATCH_PARTS_MAX): the quoting enclave,
 * the TDX module that launched the TD, the one that runs now. NULL among them: that part has
 * none. */
void tcb_match_merge(const struct tcb_status_word *platform,
                     const struct tcb_status_word *const *parts, size_t n_parts,
                     struct tcb_match *out);

#endif
