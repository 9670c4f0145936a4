/* nitro_checks - the checks of AWS Nitro evidence, and of simulated evidence in the same form. */
#ifndef TEE_VERIFY_NITRO_NITRO_CHECKS_H
#define TEE_VERIFY_NITRO_NITRO_CHECKS_H

#include "tee/verify/evidence_job.h"

extern const struct evidence_kind nitro_kind;           /* pinned root */
extern const struct evidence_kind nitro_simulated_kind; /* the policy's root */

#endif
