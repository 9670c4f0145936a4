/* fault_walk - every allocation of an operation fails once (support/faults.h makes it fail).
 *
 * fault_walk_set_up() brings the allocations of libcrypto and jansson under the same control.
 */
#ifndef SUPPORT_FAULT_WALK_H
#define SUPPORT_FAULT_WALK_H

#include "base/status.h"

/* For cmocka's group set-up, before the first use of either library. */
int fault_walk_set_up(void **state);

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
