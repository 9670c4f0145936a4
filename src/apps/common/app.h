/* app - what every program does at its start and at its failures.
 *
 * A failure is one line on standard error, PROGRAM: what: detail; fix, and an exit code that
 * follows from the status (docs/ERRORS.md). Nothing secret is ever part of a status' detail.
 */
#ifndef APPS_COMMON_APP_H
#define APPS_COMMON_APP_H

#include "base/status.h"

/* Remembers the program's name for the lines below, ignores SIGPIPE. cli_main() calls it. */
void app_init(const char *program);
/* The command at work ("model pack"), for the hint of a wrong use. Borrowed. */
void app_name_command(const char *command);
const char *app_name(void);

/* Prints the failure's line with the usual fix for its code, returns its exit code. */
int app_fail(status s);
/* The same with a fix that the caller knows better; NULL for none. */
int app_fail_fix(status s, const char *fix);
/* The last act: writes out what is left for standard output. When that fails there is one line, as
 * for any failure, unless one has been printed already, and 0 becomes 1. */
int app_finish(int code);
/* What to do about a failure of that kind; NULL when only the detail can tell. */
const char *app_fix(enum status_code code);

/* No core file and no ptrace by the same user: for the programs that hold keys or prompts. */
NODISCARD status app_forbid_dumps(void);

/* Colours and progress go only to a terminal, and never under NO_COLOR or CI. */
bool app_has_colour(int fd);
bool app_has_terminal(int fd);

#endif
