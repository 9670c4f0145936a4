/* evidence_catalogue - every check of every platform, as a list that programs can print.
 *
 * The rows are the verifier's own tables (evidence_job.h), so that what is printed is what is done.
 */
#ifndef TEE_VERIFY_EVIDENCE_CATALOGUE_H
#define TEE_VERIFY_EVIDENCE_CATALOGUE_H

#include "tee/verify/evidence.h"

struct evidence_rule {
    const char *id;
    const char *code; /* with which it fails, unless a finer one is told */
    const char *fix;
    const char *source; /* vendor document and section */
};

/* The i-th type that is judged here, in the order of their numbers; false after the last. */
bool evidence_catalogue_type(size_t i, enum evidence_type *out);
/* The i-th check of that type, in the order in which they are made, and after them those that are
 * made of a bundle and of devices that come with it; false after the last. */
bool evidence_catalogue_rule(enum evidence_type t, size_t i, struct evidence_rule *out);

#endif
