/* air_judge - the checks of layers 3 (claims) and 4 (the caller's expectations) of AIR v1.
 *
 * Each check is a row with a stable id and appends exactly one result. The verifier runs them on
 * the claims of a message whose signature held; the signer runs layer 3 on what it is about to
 * sign. Internal to this folder.
 */
#ifndef RECEIPT_AIR_JUDGE_H
#define RECEIPT_AIR_JUDGE_H

#include "formats/cose.h"
#include "receipt/air_claims.h"

struct air_row;

/* A verification at work. */
struct air_judge {
    struct bytes receipt;
    const struct air_expect *expect;
    struct checks *out;
    const struct air_row *row; /* the check that runs */
    struct cose_unverified message;
    struct air_unverified claims;
    const char *stopped_by; /* id of the check behind which nothing runs; NULL while all is well */
};

struct air_row {
    const char *id;
    const char *fix; /* for who meets its failure */
    void (*run)(struct air_judge *j);
};

#define AIR_PASS(j, ...) checks_pass((j)->out, (j)->row->id, __VA_ARGS__)
#define AIR_FAIL(j, code, ...) \
    checks_fail((j)->out, (j)->row->id, (code), (j)->row->fix, __VA_ARGS__)
#define AIR_SKIP(j, ...) checks_skip((j)->out, (j)->row->id, false, NULL, __VA_ARGS__)

/* Runs the rows in order; behind a stop each becomes a required SKIP that names the cause. */
void air_judge_rows(struct air_judge *j, const struct air_row *rows, size_t n);
void air_judge_claims(struct air_judge *j); /* layer 3 */
void air_judge_policy(struct air_judge *j); /* layer 4 */

#endif
