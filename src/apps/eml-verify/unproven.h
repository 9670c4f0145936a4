/* unproven - what an accepted verdict does not prove, in plain sentences, for each kind of
 * evidence.
 *
 * Shown beside every verdict: a reader who takes an attestation for more than it is has been
 * misled.
 */
#ifndef APPS_EML_VERIFY_UNPROVEN_H
#define APPS_EML_VERIFY_UNPROVEN_H

#include "tee/verify/evidence.h"

/* The i-th sentence, or NULL after the last: first those of the platform, then those of the GPUs
 * that were judged with it, then those that hold for all. */
const char *unproven_of_evidence(enum evidence_type t, bool has_devices, size_t i);
const char *unproven_of_receipt(size_t i);

#endif
