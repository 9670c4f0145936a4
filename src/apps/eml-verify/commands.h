/* commands - what eml-verify can be asked.
 *
 * Each returns the exit code: the verdict's, or that of a failure to read what was given.
 */
#ifndef APPS_EML_VERIFY_COMMANDS_H
#define APPS_EML_VERIFY_COMMANDS_H

#include "apps/common/cli.h"

int commands_receipt(const struct cli *args);
int commands_evidence(const struct cli *args);
int commands_selftest(const struct cli *args);
int commands_checks(const struct cli *args);

#endif
