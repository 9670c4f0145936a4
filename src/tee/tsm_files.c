#include "tee/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { READ_STEP = 4096 };

struct tsm_files {
    struct fd folder;
};

status tsm_files_open(const char *path, struct tsm_files **out)
{
    struct fd folder = {open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    REQUIRE(folder.v >= 0 || (errno != ENOENT && errno != ENOTDIR), ST_NOTFOUND,
            "%s is not there: no TDX or SEV-SNP guest, or configfs is not mounted", path);
    REQUIRE(folder.v >= 0, ST_IO, "%s: errno %d", path, errno);
    struct tsm_files *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        fd_close(&folder);
        return FAIL(ST_NOMEM, "configfs-tsm");
    }
    f->folder = folder;
    *out = f;
    return OK;
}

void tsm_files_closep(struct tsm_files **f)
{
    if (*f == NULL)
        return;
    fd_close(&(*f)->folder);
    free(*f);
    *f = NULL;
}

static int make(void *ctx, const char *entry)
{
    struct tsm_files *f = ctx;
    return mkdirat(f->folder.v, entry, 0700) == 0 ? 0 : errno;
}

static int take_away(void *ctx, const char *entry)
{
    struct tsm_files *f = ctx;
    return unlinkat(f->folder.v, entry, AT_REMOVEDIR) == 0 ? 0 : errno;
}

static int open_attribute(const struct tsm_files *f, const char *entry, const char *attribute,
                          int flags, struct fd *out)
{
    char path[NAME_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", entry, attribute);
    if (n < 0 || (size_t)n >= sizeof(path))
        return ENAMETOOLONG;
    out->v = openat(f->folder.v, path, flags | O_CLOEXEC | O_NOFOLLOW);
    return out->v >= 0 ? 0 : errno;
}

/* One byte more than there is room for tells that it does not fit. */
static int read_all(int fd, struct buf *out)
{
    uint8_t step[READ_STEP];
    for (;;) {
        ssize_t n = read(fd, step, sizeof(step));
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        if ((size_t)n > out->max - out->n)
            return EFBIG;
        buf_put(out, bytes_of(step, (size_t)n));
        if (failed(buf_status(out)))
            return ENOMEM;
    }
}

static int read_attribute(void *ctx, const char *entry, const char *attribute, struct buf *out)
{
    struct fd fd CLEANUP(fd_close) = {-1};
    int error = open_attribute(ctx, entry, attribute, O_RDONLY, &fd);
    return error ? error : read_all(fd.v, out);
}

/* In one piece: a second write would be a second value. */
static int write_attribute(void *ctx, const char *entry, const char *attribute, struct bytes in)
{
    struct fd fd CLEANUP(fd_close) = {-1};
    int error = open_attribute(ctx, entry, attribute, O_WRONLY, &fd);
    if (error != 0)
        return error;
    ssize_t n = write(fd.v, in.p, in.n);
    if (n < 0)
        return errno;
    return (size_t)n == in.n ? 0 : EIO;
}

static void wait_ms(void *ctx, unsigned ms)
{
    (void)ctx;
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

struct tsm_tree tsm_over_files(struct tsm_files *f)
{
    return (struct tsm_tree){
        .make = make,
        .remove = take_away,
        .read = read_attribute,
        .write = write_attribute,
        .pause = wait_ms,
        .ctx = f,
    };
}
