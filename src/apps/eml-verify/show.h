/* show - prints the outcome of a verification: on standard output for people or as JSON, and as a
 * report in one HTML file.
 *
 * Whatever comes from a file is escaped. Facts are told as facts only after they were proven.
 */
#ifndef APPS_EML_VERIFY_SHOW_H
#define APPS_EML_VERIFY_SHOW_H

#include "apps/eml-verify/evidence_step.h"
#include "receipt/air.h"

#define SHOW_SIMULATED_NOTICE \
    "SIMULATED: this evidence comes from a simulated platform. No hardware protects anything."

struct show {
    const char *kind; /* "receipt" or "evidence" */
    const struct checks *checks;
    const struct evidence_step *evidence; /* NULL when none was looked at */
    const struct evidence_trace *trace;   /* NULL when none was kept */
    bool is_explained;                    /* the trace goes to standard output */
    const struct air_claims *claims;      /* NULL unless the receipt was accepted */
    const uint8_t *signer_key;            /* 32 bytes; NULL when no key is known */
    bool is_signer_attested;
    bool is_json;
};

/* Returns the exit code, which is the verdict's. */
NODISCARD status show_result(const struct show *s, int *out_exit_code);

/* What the parts of the output share. */
bool show_is_simulated(const struct show *s);
/* What the verdict means, in one sentence; not for receipts. */
const char *show_meaning(const struct show *s);
/* The i-th sentence about what is not proven, or NULL. */
const char *show_unproven(const struct show *s, size_t i);
/* Who signed a receipt, in words. */
void show_put_signer(const struct show *s, struct buf *out);
/* show_json.c */
void show_put_json(const struct show *s, struct buf *out);

#endif
