#include "base/file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 64 << 10 };

void fd_close(struct fd *fd)
{
    if (fd->v >= 0)
        (void)close(fd->v);
    fd->v = -1;
}

static status open_for_read(const char *path, struct fd *out, struct stat *st)
{
    struct fd fd CLEANUP(fd_close) = {open(path, O_RDONLY | O_CLOEXEC)};
    REQUIRE(fd.v >= 0, errno == ENOENT ? ST_NOTFOUND : ST_IO, "cannot open %s: %s", path,
            strerror(errno));
    REQUIRE(fstat(fd.v, st) == 0, ST_IO, "cannot stat %s: %s", path, strerror(errno));
    REQUIRE(!S_ISDIR(st->st_mode), ST_IO, "%s is a folder, not a file", path);
    *out = fd;
    fd = FD_NONE;
    return OK;
}

/* One byte beyond the limit is asked for, so that a file which is too large is noticed. */
static status read_step(int fd, const char *path, struct buf *out, bool *out_end)
{
    size_t room = out->max - out->n;
    size_t want = room < READ_STEP ? room : READ_STEP;
    uint8_t extra;
    if (want > 0)
        TRY(buf_reserve(out, want));
    ssize_t got = read(fd, want ? out->p + out->n : &extra, want ? want : 1);
    if (got < 0 && errno == EINTR)
        return OK;
    REQUIRE(got >= 0, ST_IO, "cannot read %s: %s", path, strerror(errno));
    REQUIRE(got == 0 || want > 0, ST_LIMIT, "%s is larger than %zu bytes", path, out->max);
    out->n += want ? (size_t)got : 0;
    *out_end = got == 0;
    return OK;
}

status file_read(const char *path, struct buf *out)
{
    struct fd fd CLEANUP(fd_close) = FD_NONE;
    struct stat st;
    TRY(open_for_read(path, &fd, &st));
    if (S_ISREG(st.st_mode)) {
        REQUIRE((uint64_t)st.st_size <= out->max - out->n, ST_LIMIT, "%s is larger than %zu bytes",
                path, out->max);
        if (st.st_size > 0)
            TRY(buf_reserve(out, (size_t)st.st_size));
    }
    for (bool end = false; !end;)
        TRY(read_step(fd.v, path, out, &end));
    return OK;
}

static status put_all(int fd, const char *path, struct bytes in)
{
    while (in.n > 0) {
        ssize_t put = write(fd, in.p, in.n);
        if (put < 0 && errno == EINTR)
            continue;
        REQUIRE(put > 0, ST_IO, "cannot write %s: %s", path, strerror(errno));
        in.p += put;
        in.n -= (size_t)put;
    }
    return OK;
}

static status write_all(int fd, const char *path, struct bytes in)
{
    TRY(put_all(fd, path, in));
    REQUIRE(fsync(fd) == 0 || errno == EINVAL, ST_IO, "cannot sync %s: %s", path, strerror(errno));
    return OK;
}

static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof(folder))
        return;
    memcpy(folder, path, n);
    folder[n] = 0;
    struct fd fd CLEANUP(fd_close) = {
        open(slash == NULL ? "." : (n ? folder : "/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (fd.v >= 0)
        (void)fsync(fd.v);
}

/* The descriptor that a path names ("/dev/stdout", "/dev/fd/3"), or -1. */
static int descriptor_of(const char *path)
{
    static const char *const FOLDERS[] = {"/dev/fd/", "/proc/self/fd/"};
    uint64_t n = 0;
    if (strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        size_t len = strlen(FOLDERS[i]);
        if (strncmp(path, FOLDERS[i], len) == 0 && ok(text_parse_u64(path + len, INT_MAX, &n)))
            return (int)n;
    }
    return -1;
}

/* A device, a pipe or a descriptor is written in place: it cannot be replaced. A descriptor may
 * stand for a regular file, and then the path is not that of the file. */
static bool is_special(const char *path)
{
    struct stat st;
    return descriptor_of(path) >= 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static status write_in_place(const char *path, struct bytes content)
{
    int named = descriptor_of(path);
    struct fd fd CLEANUP(fd_close) = {named >= 0 ? fcntl(named, F_DUPFD_CLOEXEC, 0)
                                                 : open(path, O_WRONLY | O_CLOEXEC)};
    REQUIRE(fd.v >= 0, ST_IO, "cannot open %s: %s", path, strerror(errno));
    return write_all(fd.v, path, content);
}

status file_write(const char *path, mode_t mode, struct bytes content)
{
    if (is_special(path))
        return write_in_place(path, content);
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path);
    REQUIRE(n > 0 && (size_t)n < sizeof(tmp), ST_LIMIT, "path is too long: %s", path);
    struct fd fd CLEANUP(fd_close) = {mkostemp(tmp, O_CLOEXEC)};
    REQUIRE(fd.v >= 0, ST_IO, "cannot create a file beside %s: %s", path, strerror(errno));
    status s = write_all(fd.v, path, content);
    if (ok(s) && fchmod(fd.v, mode) != 0)
        s = FAIL(ST_IO, "cannot set the mode of %s: %s", path, strerror(errno));
    if (ok(s) && rename(tmp, path) != 0)
        s = FAIL(ST_IO, "cannot rename to %s: %s", path, strerror(errno));
    if (failed(s))
        (void)unlink(tmp);
    else
        sync_folder_of(path);
    return s;
}

status file_out_open(const char *path, mode_t mode, struct file_out *out)
{
    REQUIRE(!is_special(path), ST_USAGE, "%s is no regular file and cannot be replaced", path);
    struct file_out f CLEANUP(file_out_close) = FILE_OUT_NONE;
    size_t n = strlen(path);
    f.path = malloc(n + 1);
    char *tmp = malloc(n + sizeof(".XXXXXX"));
    f.tmp = NULL;
    if (f.path == NULL || tmp == NULL) {
        free(tmp);
        return FAIL(ST_NOMEM, "no memory for a path");
    }
    memcpy(f.path, path, n + 1);
    memcpy(tmp, path, n);
    memcpy(tmp + n, ".XXXXXX", sizeof(".XXXXXX"));
    f.fd.v = mkostemp(tmp, O_CLOEXEC);
    if (f.fd.v < 0) {
        free(tmp);
        return FAIL(ST_IO, "cannot create a file beside %s: %s", path, strerror(errno));
    }
    f.tmp = tmp;
    REQUIRE(fchmod(f.fd.v, mode) == 0, ST_IO, "cannot set the mode of %s: %s", path,
            strerror(errno));
    *out = f;
    f = FILE_OUT_NONE;
    return OK;
}

status file_out_put(struct file_out *f, struct bytes in)
{
    TRY(put_all(f->fd.v, f->path, in));
    f->n_bytes += in.n;
    return OK;
}

status file_out_commit(struct file_out *f)
{
    REQUIRE(fsync(f->fd.v) == 0 || errno == EINVAL, ST_IO, "cannot sync %s: %s", f->path,
            strerror(errno));
    REQUIRE(rename(f->tmp, f->path) == 0, ST_IO, "cannot rename to %s: %s", f->path,
            strerror(errno));
    free(f->tmp);
    f->tmp = NULL;
    sync_folder_of(f->path);
    file_out_close(f);
    return OK;
}

void file_out_close(struct file_out *f)
{
    fd_close(&f->fd);
    if (f->tmp != NULL)
        (void)unlink(f->tmp);
    free(f->tmp);
    free(f->path);
    *f = FILE_OUT_NONE;
}

status file_lock(const char *path, struct fd *out)
{
    char name[PATH_MAX];
    int n = snprintf(name, sizeof(name), "%s.lock", path);
    REQUIRE(n > 0 && (size_t)n < sizeof(name), ST_LIMIT, "path is too long: %s", path);
    struct fd fd CLEANUP(fd_close) = {
        open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)};
    REQUIRE(fd.v >= 0, ST_IO, "cannot open %s: %s", name, strerror(errno));
    while (flock(fd.v, LOCK_EX) != 0)
        REQUIRE(errno == EINTR, ST_IO, "cannot lock %s: %s", name, strerror(errno));
    *out = fd;
    fd = FD_NONE;
    return OK;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

status file_join(const char *folder, const char *name, char *out, size_t out_cap)
{
    int n = snprintf(out, out_cap, "%s/%s", folder, name);
    REQUIRE(n > 0 && (size_t)n < out_cap, ST_LIMIT, "path is too long: %s/%s", folder, name);
    return OK;
}
