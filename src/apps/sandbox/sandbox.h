/* sandbox - gives up, for the life of the process, what its program never needs.
 *
 * After sandbox_enter() the kernel (seccomp, with no_new_privs) lets this process use descriptors
 * that are open, manage its memory, and end; and what its kind adds. What no accident leads to,
 * such as starting a program, kills it; making a thread or a process, executable memory and
 * everything else fail with EPERM.
 *
 * SANDBOX_OFFLINE, a verifier: may open files for reading. A socket kills it. So a hostile receipt
 * that takes over the parser cannot send anything, change a file, or start a shell.
 * SANDBOX_RELAY, once it listens: may accept and make stream connections. Opening any file fails;
 * listening on another address, or passing a descriptor to another process, kills it. The socket
 * file of a Unix listener stays behind, and the next start removes it.
 *
 * Builds with sanitizers or coverage have a runtime that needs more: there it does nothing, and
 * sandbox_is_built_in() is false.
 */
#ifndef APPS_SANDBOX_SANDBOX_H
#define APPS_SANDBOX_SANDBOX_H

#include "base/status.h"

enum sandbox_kind { SANDBOX_OFFLINE, SANDBOX_RELAY };

/* Call before any input is read. ST_INTERNAL when the kernel refuses: do not go on then. */
NODISCARD status sandbox_enter(enum sandbox_kind kind);
bool sandbox_is_built_in(void);

#endif
