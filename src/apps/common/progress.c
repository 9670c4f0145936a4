#include "apps/common/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "apps/common/app.h"
#include "base/clock.h"

enum { BAR_CELLS = 24, DRAW_EVERY_NS = 100000000 };

void progress_start(struct progress *p, const char *label, const char *unit, size_t total)
{
    *p = (struct progress){.label = label, .unit = unit, .total = total};
    p->is_shown = app_has_terminal(STDERR_FILENO);
    p->start_ns = clock_mono_ns();
}

static void draw_bar(const struct progress *p, size_t done)
{
    size_t filled = p->total ? done * BAR_CELLS / p->total : 0;
    (void)fputs(" [", stderr);
    for (size_t i = 0; i < BAR_CELLS; i++)
        (void)fputc(i < filled ? '#' : '.', stderr);
    (void)fputs("]", stderr);
}

static void draw(const struct progress *p, size_t done, uint64_t now)
{
    double seconds = (double)(now - p->start_ns) / 1e9;
    (void)fprintf(stderr, "\r\033[K%s", p->label);
    if (p->total > 0)
        draw_bar(p, done);
    (void)fprintf(stderr, " %zu", done);
    if (p->total > 0)
        (void)fprintf(stderr, "/%zu", p->total);
    (void)fprintf(stderr, " %s, %.0f/s", p->unit, seconds > 0 ? (double)done / seconds : 0.0);
    (void)fflush(stderr);
}

void progress_set(struct progress *p, size_t done)
{
    if (!p->is_shown)
        return;
    uint64_t now = clock_mono_ns();
    if (now - p->drawn_ns < DRAW_EVERY_NS && done != p->total)
        return;
    p->drawn_ns = now;
    draw(p, done, now);
}

void progress_end(struct progress *p)
{
    if (p->is_shown)
        (void)fputs("\r\033[K", stderr);
    p->is_shown = false;
}
