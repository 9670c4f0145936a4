/* arena - memory that lives and dies with one document, model or session.
 *
 * Pages come straight from the kernel, are left out of core dumps, and are wiped before they go
 * back. The capacity is fixed when the arena is made, so a caller states its bound up front;
 * untouched pages cost nothing.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/status.h"

#include <stdint.h>

struct arena;

enum arena_flags {
    ARENA_LOCKED = 1, /* mlock(2), best effort: keys and session buffers */
    ARENA_HUGE = 2,   /* ask for transparent huge pages: weights */
};

NODISCARD status arena_new(size_t capacity_bytes, unsigned flags, struct arena **out);
void arena_free(struct arena *a); /* takes NULL; wipes what was handed out */
void arena_freep(struct arena **a);
/* n bytes, zeroed, aligned to 64. Fails with ST_LIMIT when the capacity is used up. */
NODISCARD status arena_alloc(struct arena *a, size_t n, void **out);
/* Wipes what was handed out after `mark` (from arena_used) and makes it available again. */
void arena_reset(struct arena *a, size_t mark);
size_t arena_used(const struct arena *a);

#endif
