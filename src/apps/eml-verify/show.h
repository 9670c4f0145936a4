/* show - prints the outcome of a verification on standard output, for people or as JSON.
 *
 * Whatever comes from a file is escaped. Facts are told as facts only after they were accepted.
 */
#ifndef APPS_EML_VERIFY_SHOW_H
#define APPS_EML_VERIFY_SHOW_H

#include "apps/eml-verify/evidence_step.h"
#include "receipt/air.h"

struct show {
    const char *kind; /* "receipt" or "evidence" */
    const struct checks *checks;
    const struct evidence_step *evidence; /* NULL when none was looked at */
    const struct air_claims *claims;      /* NULL unless the receipt was accepted */
    const uint8_t *signer_key;            /* 32 bytes; NULL when no key is known */
    bool is_signer_attested;
    bool is_json;
};

/* Returns the exit code, which is the verdict's. */
NODISCARD status show_result(const struct show *s, int *out_exit_code);

#endif
