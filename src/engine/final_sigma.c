#include "engine/final_sigma.h"

#include "engine/unicode.h"

enum { SIGMA_BYTES = 2 };

enum side { SIDE_GO_ON, SIDE_CASED, SIDE_OTHER };

static enum side judge(uint32_t cp, bool skip_dropped)
{
    unsigned flags = unicode_of(cp)->flags;
    if ((skip_dropped && (flags & UNICODE_DROP)) || (flags & UNICODE_IGNORABLE))
        return SIDE_GO_ON;
    return flags & UNICODE_CASED ? SIDE_CASED : SIDE_OTHER;
}

static bool is_cased_before(const uint8_t *begin, const uint8_t *at, bool skip_dropped)
{
    enum side side = SIDE_GO_ON;
    while (at > begin && side == SIDE_GO_ON) {
        do
            at--;
        while ((*at & 0xc0) == 0x80);
        const uint8_t *p = at;
        side = judge(unicode_decode(&p), skip_dropped);
    }
    return side == SIDE_CASED;
}

static bool is_cased_behind(const uint8_t *at, const uint8_t *end, bool skip_dropped)
{
    enum side side = SIDE_GO_ON;
    while (at < end && side == SIDE_GO_ON)
        side = judge(unicode_decode(&at), skip_dropped);
    return side == SIDE_CASED;
}

bool final_sigma_is(struct bytes text, size_t at, bool skip_dropped)
{
    const uint8_t *sigma = text.p + at;
    return is_cased_before(text.p, sigma, skip_dropped) &&
           !is_cased_behind(sigma + SIGMA_BYTES, text.p + text.n, skip_dropped);
}
