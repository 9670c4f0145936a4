/* clock - the two clocks. In an enclave the wall clock belongs to the host: it orders nothing. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/bytes.h"

uint64_t clock_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t clock_unix_s(void);   /* CLOCK_REALTIME, seconds */

enum { CLOCK_TEXT_LEN = 32 };

/* "2026-02-28T09:30:00Z" with its NUL; the number itself outside the years 0 to 9999. */
void clock_text(int64_t unix_s, char out[static CLOCK_TEXT_LEN]);
/* The reverse, of exactly that form (of RFC 3339's, the one in UTC and whole seconds); ST_FORMAT.
 */
NODISCARD status clock_parse(struct bytes text, int64_t *out_unix_s);

static inline uint64_t clock_deadline_ms(uint64_t from_now_ms)
{
    return clock_mono_ns() + from_now_ms * 1000000u;
}

#endif
