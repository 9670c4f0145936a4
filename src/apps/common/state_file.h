/* state_file - evidence_memory on disk, where programs that run at the same time share it.
 *
 * Writing is read, raise, replace, under a lock on FILE.lock, which is made beside it and stays:
 * the file itself is replaced, so a lock on it would be on what it was. No number ever goes down.
 *
 * Trusted: the file. Whoever may write it may make it forget.
 */
#ifndef APPS_COMMON_STATE_FILE_H
#define APPS_COMMON_STATE_FILE_H

#include "tee/verify/evidence_memory.h"

/* Raises m by what the file holds; a file that is not there yet holds nothing. ST_FORMAT, ST_IO. */
NODISCARD status state_file_read(const char *path, struct evidence_memory *m);
/* Raises the file, and m, to the higher of both; the first use makes the file, mode 0600. A file
 * that knows it all already is not written. ST_FORMAT, ST_IO. */
NODISCARD status state_file_keep(const char *path, struct evidence_memory *m);

#endif
