#include "support/faults.h"

#include <errno.h>
#include <stdio.h>
#include <sys/types.h>

#include "support/test.h"

enum { RUNS_MAX = 100000 };

static _Thread_local unsigned countdown[FAULT_KINDS];
static _Thread_local bool has_struck[FAULT_KINDS];

void fault_arm(enum fault kind, unsigned nth)
{
    countdown[kind] = nth;
    has_struck[kind] = false;
}

bool fault_struck(enum fault kind)
{
    bool struck = has_struck[kind];
    fault_arm(kind, 0);
    return struck;
}

static bool strikes(enum fault kind)
{
    if (countdown[kind] == 0 || --countdown[kind] > 0)
        return false;
    has_struck[kind] = true;
    return true;
}

unsigned fault_each(enum fault kind, enum status_code code, status (*fn)(void *ctx), void *ctx)
{
    for (unsigned n = 1; n < RUNS_MAX; n++) {
        fault_arm(kind, n);
        status s = fn(ctx);
        if (!fault_struck(kind)) {
            assert_ok(s);
            assert_true(n > 1);
            return n - 1;
        }
        if (s.code != code)
            fail_msg("fault %u gave %s, not %s", n, status_name(s.code), status_name(code));
    }
    fail_msg("no end after %d faults", RUNS_MAX);
    return 0;
}

/* The names are the linker's: --wrap=malloc sends a call of malloc() to __wrap_malloc(). */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
ssize_t __real_read(int fd, void *out, size_t n);
ssize_t __real_write(int fd, const void *in, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
ssize_t __wrap_read(int fd, void *out, size_t n);
ssize_t __wrap_write(int fd, const void *in, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static int io_error(void)
{
    errno = EIO;
    return -1;
}

void *__wrap_malloc(size_t n)
{
    return strikes(FAULT_ALLOC) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return strikes(FAULT_ALLOC) ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return strikes(FAULT_ALLOC) ? NULL : __real_realloc(p, n);
}

ssize_t __wrap_read(int fd, void *out, size_t n)
{
    return strikes(FAULT_READ) ? io_error() : __real_read(fd, out, n);
}

ssize_t __wrap_write(int fd, const void *in, size_t n)
{
    return strikes(FAULT_WRITE) ? io_error() : __real_write(fd, in, n);
}

int __wrap_fsync(int fd)
{
    return strikes(FAULT_FSYNC) ? io_error() : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return strikes(FAULT_RENAME) ? io_error() : __real_rename(from, to);
}
