/* sandbox - gives up, for the life of the process, what an offline verifier never needs.
 *
 * After sandbox_enter() the kernel (seccomp, with no_new_privs) lets this process read files, write
 * to descriptors that are open, manage its memory, and end. Opening a socket or starting a program
 * kills it; opening a file for writing, making a thread or a process, executable memory and
 * everything else fail with EPERM. So a hostile receipt that takes over the parser cannot send
 * anything, change a file, or start a shell.
 *
 * Builds with sanitizers or coverage have a runtime that needs more: there it does nothing, and
 * sandbox_is_built_in() is false.
 */
#ifndef APPS_SANDBOX_SANDBOX_H
#define APPS_SANDBOX_SANDBOX_H

#include "base/status.h"

/* Call before any input is read. ST_INTERNAL when the kernel refuses: do not go on then. */
NODISCARD status sandbox_enter(void);
bool sandbox_is_built_in(void);

#endif
