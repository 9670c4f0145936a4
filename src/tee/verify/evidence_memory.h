/* evidence_memory - the highest numbers of collateral and of policies that were ever believed, so
 * that older ones, genuine as they are, are not accepted again.
 *
 * Intel counts each re-evaluation of its TCB: tcbEvaluationDataNumber, in TCB info and in the QE
 * identity. Such a number is remembered only from evidence that was accepted. A policy's signer
 * counts its versions: evidence_policy_file.h remembers that number once the signature held.
 *
 * On disk it is JSON, {"version":1,"tdx_tcb":17,"tdx_qe":17,"sgx_tcb":17,"sgx_qe":17,
 * "policy_serial":3}, written by the programs; a number that is left out is 0. Trusted as a plain
 * policy is: whoever may write it may make it forget.
 */
#ifndef TEE_VERIFY_EVIDENCE_MEMORY_H
#define TEE_VERIFY_EVIDENCE_MEMORY_H

#include "base/buf.h"

enum evidence_memory_of {
    EVIDENCE_MEMORY_TDX_TCB,
    EVIDENCE_MEMORY_TDX_QE,
    EVIDENCE_MEMORY_SGX_TCB,
    EVIDENCE_MEMORY_SGX_QE,
    EVIDENCE_MEMORY_POLICY_SERIAL,
    EVIDENCE_MEMORY_N,
};

enum { EVIDENCE_MEMORY_MAX_BYTES = 4096 };

struct evidence_memory;

/* Thread-safe. All numbers are 0 at first: anything is new. */
NODISCARD status evidence_memory_new(struct evidence_memory **out);
void evidence_memory_freep(struct evidence_memory **m);

/* m may be NULL: 0 is the answer then, and nothing is kept. */
uint32_t evidence_memory_get(struct evidence_memory *m, enum evidence_memory_of what);
/* Never goes down. */
void evidence_memory_raise(struct evidence_memory *m, enum evidence_memory_of what,
                           uint32_t number);

/* Raises m by what the JSON holds. ST_FORMAT, ST_LIMIT. */
NODISCARD status evidence_memory_read(struct bytes json, struct evidence_memory *m);
void evidence_memory_put(struct evidence_memory *m, struct buf *out);

#endif
