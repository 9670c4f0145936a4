#include "receipt/air_seen.h"

struct air_seen air_seen_over(uint8_t (*storage)[AIR_CTI_LEN], size_t cap)
{
    return (struct air_seen){.ids = storage, .cap = cap};
}

/* Where cti stands or would have to stand. */
static size_t place_of(const struct air_seen *s, const uint8_t *cti)
{
    size_t low = 0;
    size_t high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(s->ids[middle], cti, AIR_CTI_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool air_seen_has(const struct air_seen *s, const uint8_t cti[static AIR_CTI_LEN])
{
    size_t at = place_of(s, cti);
    return at < s->n && memcmp(s->ids[at], cti, AIR_CTI_LEN) == 0;
}

status air_seen_add(struct air_seen *s, const uint8_t cti[static AIR_CTI_LEN])
{
    size_t at = place_of(s, cti);
    REQUIRE(!air_seen_has(s, cti), ST_MISMATCH, "this receipt id was accepted before");
    REQUIRE(s->n < s->cap, ST_LIMIT, "the set of seen receipts is full (%zu)", s->cap);
    memmove(s->ids[at + 1], s->ids[at], (s->n - at) * AIR_CTI_LEN);
    memcpy(s->ids[at], cti, AIR_CTI_LEN);
    s->n++;
    return OK;
}
