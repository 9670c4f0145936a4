#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>

#include <time.h>

uint64_t clock_mono_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_unix_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}

void clock_text(int64_t unix_s, char out[static CLOCK_TEXT_LEN])
{
    const int64_t first = -62167219200, last = 253402300799;
    struct tm tm;
    time_t t = (time_t)unix_s;
    bool is_named = unix_s >= first && unix_s <= last && gmtime_r(&t, &tm) != NULL;
    if (is_named && strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        return;
    (void)snprintf(out, CLOCK_TEXT_LEN, "%lld", (long long)unix_s);
}
