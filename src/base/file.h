/* file - whole files in and out. Untrusted: a file's size is bounded before it is read. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <sys/types.h>

struct fd {
    int v; /* -1 when closed */
};

#define FD_NONE ((struct fd){-1})
void fd_close(struct fd *fd); /* idempotent */

/* Reads a whole regular file or pipe; ST_NOTFOUND, ST_IO, or ST_LIMIT beyond out->max. */
NODISCARD status file_read(const char *path, struct buf *out);
/* Replaces path by content: temporary file beside it, fsync, rename, fsync of the folder. */
NODISCARD status file_write(const char *path, mode_t mode, struct bytes content);
bool file_exists(const char *path);
/* Joins folder and name into out, which holds PATH_MAX bytes; ST_LIMIT when it does not fit. */
NODISCARD status file_join(const char *folder, const char *name, char *out, size_t out_cap);

#endif
