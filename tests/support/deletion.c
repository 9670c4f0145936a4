/* The deletion lane: one check at a time has no effect, and some test has to notice.
 *
 * The linker puts these two in front of checks_fail() and checks_status() in the test programs of
 * that lane, and nowhere else (cmake/flags.cmake): the verifier's own objects stay what is shipped.
 *
 *     EML_DELETE=id:CODE     the failure of that check with that code becomes a pass
 *     EML_FAILURES=1         each failure is told on standard output, between cmocka's lines, so
 *                            that it is known which test could notice
 *     EML_TEST=NAME          only this test runs
 *
 * scripts/deletions.sh drives it and writes docs/DELETIONS.md.
 */
#ifdef EML_DELETION

#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/checks.h"

enum { NAME_MAX_BYTES = 160 };

void __real_checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                        const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void __wrap_checks_fail(struct checks *c, const char *id, const char *code, const char *fix,
                        const char *fmt, ...) __attribute__((format(printf, 5, 6)));
bool __wrap_checks_status(struct checks *c, const char *id, const char *code, const char *fix,
                          status s, const char *passed);

/* The same failure again and again, as a test of flipped bits makes it, is told once. */
static void tell(const char *name)
{
    static char last[NAME_MAX_BYTES];
    if (getenv("EML_FAILURES") == NULL || strcmp(last, name) == 0)
        return;
    memcpy(last, name, sizeof(last));
    (void)printf("[ FAILURE  ] %s\n", name);
}

__attribute__((constructor)) static void choose_test(void)
{
    if (getenv("EML_TEST") != NULL)
        cmocka_set_test_filter(getenv("EML_TEST"));
}

static bool is_deleted(const char *id, const char *code)
{
    char name[NAME_MAX_BYTES] = {0};
    const char *wanted = getenv("EML_DELETE");
    (void)snprintf(name, sizeof(name), "%s:%s", id, code != NULL ? code : "-");
    tell(name);
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
