/* progress - one line on standard error that counts up; nothing at all without a terminal. */
#ifndef APPS_COMMON_PROGRESS_H
#define APPS_COMMON_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *label; /* "embedding" */
    const char *unit;  /* "texts" */
    size_t total;      /* 0 when not known */
    bool is_shown;
    uint64_t start_ns;
    uint64_t drawn_ns;
};

void progress_start(struct progress *p, const char *label, const char *unit, size_t total);
void progress_set(struct progress *p, size_t done); /* draws ten times a second at most */
void progress_end(struct progress *p);              /* removes the line */

#endif
