/* evidence_parts - evidence that comes in parts: a bundle is opened first, and the devices that an
 * enclave uses are judged after its CPU.
 *
 * Private to tee/verify. Rows of their own in the list of checks: "bundle" where there is one, and
 * "devices" where the policy, the statement or the sender speaks of devices.
 */
#ifndef TEE_VERIFY_EVIDENCE_PARTS_H
#define TEE_VERIFY_EVIDENCE_PARTS_H

#include "tee/verify/evidence_job.h"

/* The rows, for the catalogue. A device has neither. */
extern const struct evidence_check evidence_parts_bundle, evidence_parts_devices_row;

/* When j->evidence is a bundle of a kind that is bundled: judges the envelope, puts its evidence
 * into j and what came beside it where *filled, which is j->expect, has nothing. A bundle that does
 * not open leaves j->reached below every stage. */
void evidence_parts_open(struct evidence_job *j, struct evidence_expect *filled);

/* Judges the devices, with the statement that j has proven. ST_NOMEM, ST_INTERNAL. */
NODISCARD status evidence_parts_devices(struct evidence_job *j);

#endif
