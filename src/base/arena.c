#include "base/arena.h"

#include "base/bytes.h"
#include "base/checked.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ALIGN = 64, HUGE_PAGE = 2 << 20 };

struct arena {
    uint8_t *base;   /* aligned start */
    uint8_t *mapped; /* what mmap returned */
    size_t mapped_bytes;
    size_t capacity;
    size_t used;
};

static uint8_t *align_up(uint8_t *p, size_t to)
{
    uintptr_t over = (uintptr_t)p & (to - 1);
    return over == 0 ? p : p + (to - over);
}

static status map_pages(struct arena *a, size_t capacity, unsigned flags)
{
    size_t slack = (flags & ARENA_HUGE) ? HUGE_PAGE : 0;
    size_t n = 0;
    REQUIRE(checked_add(capacity, slack + 4096, &n), ST_LIMIT, "arena of %zu bytes", capacity);
    void *p =
        mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(p != MAP_FAILED, ST_NOMEM, "no memory for an arena of %zu bytes", capacity);
    a->mapped = p;
    a->mapped_bytes = n;
    a->base = align_up(a->mapped, (flags & ARENA_HUGE) ? HUGE_PAGE : 4096);
    a->capacity = capacity;
    return OK;
}

status arena_new(size_t capacity_bytes, unsigned flags, struct arena **out)
{
    struct arena *a = calloc(1, sizeof(*a));
    REQUIRE(a != NULL, ST_NOMEM, "no memory for an arena");
    status s = map_pages(a, capacity_bytes, flags);
    if (failed(s)) {
        free(a);
        return s;
    }
    /* All three are best effort: an old kernel or a low limit is no reason to stop. */
    (void)madvise(a->mapped, a->mapped_bytes, MADV_DONTDUMP);
    if (flags & ARENA_HUGE)
        (void)madvise(a->base, capacity_bytes, MADV_HUGEPAGE);
    if (flags & ARENA_LOCKED)
        (void)mlock(a->base, capacity_bytes);
    *out = a;
    return OK;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    wipe(a->base, a->used);
    (void)munmap(a->mapped, a->mapped_bytes);
    free(a);
}

void arena_freep(struct arena **a)
{
    arena_free(*a);
    *a = NULL;
}

status arena_alloc(struct arena *a, size_t n, void **out)
{
    size_t rounded = 0;
    REQUIRE(checked_add(n, ALIGN - 1, &rounded), ST_LIMIT, "arena: %zu bytes", n);
    rounded &= ~(size_t)(ALIGN - 1);
    REQUIRE(rounded <= a->capacity - a->used, ST_LIMIT, "arena of %zu bytes is full", a->capacity);
    *out = a->base + a->used;
    a->used += rounded;
    return OK;
}

void arena_reset(struct arena *a, size_t mark)
{
    if (mark >= a->used)
        return;
    wipe(a->base + mark, a->used - mark);
    a->used = mark;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
