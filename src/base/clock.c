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

/* Digits of a fixed place, or -1. */
static int digits(struct bytes text, size_t at, size_t n)
{
    int v = 0;
    for (size_t i = at; i < at + n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        v = v * 10 + (text.p[i] - '0');
    }
    return v;
}

static bool has_form(struct bytes text)
{
    static const char FORM[] = "0000-00-00T00:00:00Z";
    if (text.n != sizeof(FORM) - 1)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        bool is_digit = text.p[i] >= '0' && text.p[i] <= '9';
        if (FORM[i] == '0' ? !is_digit : text.p[i] != (uint8_t)FORM[i])
            return false;
    }
    return true;
}

/* timegm() carries a 31st of June into July: what it gives must read back as what was written. */
status clock_parse(struct bytes text, int64_t *out_unix_s)
{
    REQUIRE(has_form(text), ST_FORMAT, "a time that is not of the form 2025-06-19T10:56:11Z");
    struct tm tm = {
        .tm_year = digits(text, 0, 4) - 1900,
        .tm_mon = digits(text, 5, 2) - 1,
        .tm_mday = digits(text, 8, 2),
        .tm_hour = digits(text, 11, 2),
        .tm_min = digits(text, 14, 2),
        .tm_sec = digits(text, 17, 2),
    };
    struct tm back = tm;
    time_t t = timegm(&back);
    REQUIRE(back.tm_year == tm.tm_year && back.tm_mon == tm.tm_mon && back.tm_mday == tm.tm_mday &&
                back.tm_hour == tm.tm_hour && back.tm_min == tm.tm_min && back.tm_sec == tm.tm_sec,
            ST_FORMAT, "a day or time that does not exist");
    *out_unix_s = (int64_t)t;
    return OK;
}
