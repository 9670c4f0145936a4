#include "model/source.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

status source_read_at(struct model_source *s, uint64_t offset, uint8_t *out, size_t n)
{
    REQUIRE(offset <= s->n_bytes && n <= s->n_bytes - offset, ST_TRUNCATED,
            "the package ends at byte %llu; %zu bytes were wanted at %llu",
            (unsigned long long)s->n_bytes, n, (unsigned long long)offset);
    return s->ops->read_at(s, offset, out, n);
}

void source_freep(struct model_source **s)
{
    if (*s != NULL)
        (*s)->ops->free(*s);
    *s = NULL;
}

struct file_source {
    struct model_source base;
    struct fd fd;
};

static status file_read_at(struct model_source *s, uint64_t offset, uint8_t *out, size_t n)
{
    const struct file_source *self = (const struct file_source *)s;
    for (size_t at = 0; at < n;) {
        ssize_t got = pread(self->fd.v, out + at, n - at, (off_t)(offset + at));
        if (got < 0 && errno == EINTR)
            continue;
        REQUIRE(got >= 0, ST_IO, "cannot read: %s", strerror(errno));
        REQUIRE(got > 0, ST_TRUNCATED, "the file became shorter while it was read");
        at += (size_t)got;
    }
    return OK;
}

static void file_source_free(struct model_source *s)
{
    struct file_source *self = (struct file_source *)s;
    fd_close(&self->fd);
    free(self);
}

static const struct model_source_ops FILE_OPS = {.read_at = file_read_at, .free = file_source_free};

status source_open_file(const char *path, struct model_source **out)
{
    struct fd fd CLEANUP(fd_close) = {open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    REQUIRE(fd.v >= 0, errno == ENOENT ? ST_NOTFOUND : ST_IO, "cannot open %s: %s", path,
            strerror(errno));
    struct stat st;
    REQUIRE(fstat(fd.v, &st) == 0, ST_IO, "cannot stat %s: %s", path, strerror(errno));
    REQUIRE(S_ISREG(st.st_mode), ST_IO, "%s is not a regular file", path);
    struct file_source *self = calloc(1, sizeof(*self));
    REQUIRE(self != NULL, ST_NOMEM, "no memory for a source");
    *self =
        (struct file_source){.base = {.ops = &FILE_OPS, .n_bytes = (uint64_t)st.st_size}, .fd = fd};
    fd = FD_NONE;
    *out = &self->base;
    return OK;
}

struct bytes_source {
    struct model_source base;
    const uint8_t *p;
};

static status bytes_read_at(struct model_source *s, uint64_t offset, uint8_t *out, size_t n)
{
    const struct bytes_source *self = (const struct bytes_source *)s;
    if (n > 0)
        memcpy(out, self->p + offset, n);
    return OK;
}

static void bytes_source_free(struct model_source *s)
{
    free(s);
}

static const struct model_source_ops BYTES_OPS = {.read_at = bytes_read_at,
                                                  .free = bytes_source_free};

status source_open_bytes(struct bytes in, struct model_source **out)
{
    struct bytes_source *self = calloc(1, sizeof(*self));
    REQUIRE(self != NULL, ST_NOMEM, "no memory for a source");
    *self = (struct bytes_source){.base = {.ops = &BYTES_OPS, .n_bytes = in.n}, .p = in.p};
    *out = &self->base;
    return OK;
}
