/* fault - makes the n-th allocation fail.
 *
 * For tests named test_fault_*.c alone: they are linked with --wrap for malloc, calloc and realloc,
 * so that every allocation of our own objects passes through here; those of libcrypto and jansson
 * do as well, once fault_set_up() was called. Only the thread that armed it is hit.
 */
#ifndef SUPPORT_FAULT_H
#define SUPPORT_FAULT_H

#include "support/test.h"

/* The n-th allocation from now on fails, and that one alone; 0 disarms. */
void fault_at(unsigned long n);
bool fault_was_hit(void);
unsigned long fault_seen(void); /* allocations since fault_at() */

/* For cmocka's group set-up, before the first use of either library. */
int fault_set_up(void **state);

/* One operation from nothing to nothing: it makes what it needs and frees it, also on failure. */
struct fault_row {
    const char *name;
    status (*run)(void);
};

/* Runs the row once for each allocation of our own objects, with that one failing: each such run
 * must end with ST_NOMEM or ST_INTERNAL. Leaks are found by the sanitizer lanes. */
void fault_walk_own(const struct fault_row *row);
/* The same with a sample of the allocations of the libraries too. They may get over a failure by
 * themselves, and they do not always tell lack of memory from a refusal: any end is allowed that is
 * no crash and no leak, and the next run must succeed. */
void fault_walk_all(const struct fault_row *row);

#endif
