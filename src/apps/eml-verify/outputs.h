/* outputs - files that a verifier makes which may not write any.
 *
 * A process that reads hostile bytes opens no file for writing and renames none
 * (apps/sandbox/sandbox.h). Where a report or a state file is asked for, two processes share the
 * work: one verifies, inside the sandbox, and hands finished bytes through a pipe; the other reads
 * no evidence, waits for the verdict and puts the files in place, whole or not at all. Of a state
 * file it takes the numbers only, and only higher ones (apps/common/state_file.h).
 */
#ifndef APPS_EML_VERIFY_OUTPUTS_H
#define APPS_EML_VERIFY_OUTPUTS_H

#include "base/bytes.h"

/* Put in place in this order: what was learnt before what is shown of it. */
enum output { OUTPUT_STATE, OUTPUT_HTML, OUTPUT_N };

struct outputs {
    int to[OUTPUT_N]; /* pipes; -1: not asked for */
};

/* Enters the sandbox and runs work(), in a process of its own when a path is not NULL. A file is
 * written only when work() put its bytes, and a report only when it ended with a verdict. Returns
 * work()'s exit code, or that of a failure to write. */
int outputs_run(const char *const paths[static OUTPUT_N],
                int (*work)(const void *ctx, const struct outputs *o), const void *ctx);
/* For work(): all of a file's bytes at once. */
NODISCARD status outputs_put(const struct outputs *o, enum output which, struct bytes content);

#endif
