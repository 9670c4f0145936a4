/* The deletion lane: one check at a time has no effect, and some test has to notice.
 *
 * The linker puts these two in front of checks_fail() and checks_status() in the test programs of
 * that lane, and nowhere else (cmake/flags.cmake): the verifier's own objects stay what is shipped.
 *
 *     EML_DELETE=id:CODE     the failure of that check with that code becomes a pass
 *     EML_FAILURES=FILE      each id:CODE that fails is appended, so that it is known which program
 *                            could notice
 *
 * scripts/deletions.sh drives it and writes docs/DELETIONS.md.
 */
#ifdef EML_DELETION

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checks.h"

enum { NAME_MAX_BYTES = 160, KNOWN_MAX = 1024 };

void __real_checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                        const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void __wrap_checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                        const char *fmt, ...) __attribute__((format(printf, 5, 6)));
bool __wrap_checks_status(struct checks *c, const char *id, const char *code, const char *fix,
                          status s, const char *passed);

static char known[KNOWN_MAX][NAME_MAX_BYTES];
static size_t n_known;

static bool is_known(const char *name)
{
    for (size_t i = 0; i < n_known; i++) {
        if (strcmp(known[i], name) == 0)
            return true;
    }
    if (n_known < KNOWN_MAX)
        memcpy(known[n_known++], name, NAME_MAX_BYTES);
    return false;
}

/* Not through the support's write(), which tests make fail. */
static void record(const char *name)
{
    char line[NAME_MAX_BYTES + 1];
    const char *path = getenv("EML_FAILURES");
    if (path == NULL || is_known(name))
        return;
    int n = snprintf(line, sizeof(line), "%s\n", name);
    FILE *to = fopen(path, "a");
    if (to == NULL || fwrite(line, 1, (size_t)n, to) != (size_t)n || fclose(to) != 0)
        abort();
}

static bool is_deleted(const char *id, const char *code)
{
    char name[NAME_MAX_BYTES] = {0};
    const char *wanted = getenv("EML_DELETE");
    (void)snprintf(name, sizeof(name), "%s:%s", id, code != NULL ? code : "-");
    record(name);
    return wanted != NULL && strcmp(wanted, name) == 0;
}

void __wrap_checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                        const char *fmt, ...)
{
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (is_deleted(id, code))
        checks_pass(c, id, "%s", text);
    else
        __real_checks_fail(c, id, code, fix, "%s", text);
}

bool __wrap_checks_status(struct checks *c, const char *id, const char *code, const char *fix,
                          status s, const char *passed)
{
    if (failed(s)) {
        __wrap_checks_fail(c, id, code, fix, "%s", status_detail());
        return c->v[c->n - 1].result == CHECK_PASS; /* deleted: the caller goes on */
    }
    checks_pass(c, id, "%s", passed);
    return true;
}

#else
typedef int no_deletion_in_this_lane;
#endif
