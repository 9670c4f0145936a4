#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_MAX = 512 };

static _Thread_local char detail[DETAIL_MAX];
static _Thread_local const char *where = "";

struct row {
    const char *name;
    const char *text;
    int exit_code;
};

#define ROW_(code, name, text, exit_code) [code] = {name, text, exit_code},
static const struct row ROWS[STATUS_COUNT] = {STATUS_MAP(ROW_)};
#undef ROW_

static const struct row *row_of(enum status_code code)
{
    return &ROWS[(unsigned)code < STATUS_COUNT ? code : ST_INTERNAL];
}

status status_fail(enum status_code code, const char *at, const char *fmt, ...)
{
    /* An argument may point into the old detail, so format beside it. */
    char text[DETAIL_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    memcpy(detail, text, sizeof(detail));
    where = at;
    return (status){code};
}

status status_context(status s, const char *fmt, ...)
{
    if (ok(s))
        return s;
    char text[DETAIL_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n + 3 > sizeof(text))
        return s;
    size_t at = (size_t)n;
    size_t left = sizeof(text) - at - 3;
    size_t tail = strnlen(detail, sizeof(detail) - 1);
    memcpy(text + at, ": ", 2);
    tail = tail < left ? tail : left;
    memcpy(text + at + 2, detail, tail);
    text[at + 2 + tail] = 0;
    memcpy(detail, text, sizeof(detail));
    return s;
}

const char *status_name(enum status_code code)
{
    return row_of(code)->name;
}

const char *status_public(enum status_code code)
{
    return row_of(code)->text;
}

int status_exit_code(enum status_code code)
{
    return row_of(code)->exit_code;
}

bool status_from_name(const char *name, size_t n, enum status_code *out)
{
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        if (strlen(ROWS[i].name) == n && memcmp(ROWS[i].name, name, n) == 0) {
            *out = (enum status_code)i;
            return true;
        }
    }
    return false;
}

const char *status_detail(void)
{
    return detail;
}

const char *status_where(void)
{
    return where;
}
