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
/* The same for content that comes in pieces: open, put, put ..., commit. Until the commit nothing
 * stands at `path`, and file_out_close() without one leaves nothing behind. */
struct file_out {
    struct fd fd;
    uint64_t n_bytes; /* put so far */
    char *path;
    char *tmp; /* NULL after the commit */
};

#define FILE_OUT_NONE ((struct file_out){.fd = FD_NONE})
/* ST_USAGE when path is there and is no regular file. */
NODISCARD status file_out_open(const char *path, mode_t mode, struct file_out *out);
NODISCARD status file_out_put(struct file_out *f, struct bytes in);
NODISCARD status file_out_commit(struct file_out *f);
void file_out_close(struct file_out *f); /* idempotent */

/* One process at a time holds PATH.lock, made mode 0600 and left there: what is read under it and
 * written with file_write() is not lost to another. A lock on path itself would be on the file that
 * is replaced. Waits; fd_close() lets go, and so does the end of the process. ST_IO, ST_LIMIT. */
NODISCARD status file_lock(const char *path, struct fd *out);

bool file_exists(const char *path);
/* Joins folder and name into out, which holds PATH_MAX bytes; ST_LIMIT when it does not fit. */
NODISCARD status file_join(const char *folder, const char *name, char *out, size_t out_cap);

#endif
