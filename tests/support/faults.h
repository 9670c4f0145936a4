/* faults - allocation and I/O that fail on demand, for the calls that our own objects make.
 *
 * The linker sends malloc, calloc, realloc, read, write, fsync and rename of every test program
 * through here (--wrap). Arming is per thread, and only the n-th call from then on fails.
 */
#ifndef SUPPORT_FAULTS_H
#define SUPPORT_FAULTS_H

#include "base/status.h"

enum fault { FAULT_ALLOC, FAULT_READ, FAULT_WRITE, FAULT_FSYNC, FAULT_RENAME, FAULT_KINDS };

/* The nth call of that kind (1: the next one) fails: NULL, or -1 with EIO. 0 disarms. */
void fault_arm(enum fault kind, unsigned nth);
/* Did the armed fault strike? Disarms. */
bool fault_struck(enum fault kind);

/*
 * Calls fn(ctx) with the first call of that kind failing, then the second, and so on, until it
 * comes through without meeting the fault. Each struck run must fail with `code` (the last must
 * succeed), and fn must be ready for the next one. Returns the number of faults that struck; fails
 * the test when that is 0.
 */
unsigned fault_each(enum fault kind, enum status_code code, status (*fn)(void *ctx), void *ctx);

#endif
