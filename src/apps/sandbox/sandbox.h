/* sandbox - gives up, for the life of the process, what its program never needs.
 *
 * After sandbox_enter() the kernel (seccomp, with no_new_privs) lets every thread of this process
 * use descriptors that are open, manage memory, and end; and what its kind adds. What no accident
 * leads to, such as starting a program, kills the process; making a process, executable memory and
 * everything else fail with EPERM.
 *
 * SANDBOX_OFFLINE, a verifier: may open files for reading. A socket kills it. So a hostile receipt
 * that takes over the parser cannot send anything, change a file, or start a shell.
 * SANDBOX_RELAY, once it listens: may accept and make stream connections. Opening any file fails;
 * listening on another address, or passing a descriptor to another process, kills it. The socket
 * file of a Unix listener stays behind, and the next start removes it.
 * SANDBOX_ENCLAVE, once it listens: may accept connections, use them, and make threads. It opens
 * no file; opening a socket or connecting kills it, and sending to an address fails, so that what
 * leaves an enclave leaves by a connection that came in. Its socket file stays behind, too.
 * SANDBOX_ENCLAVE_NITRO: and the NSM's one ioctl number.
 * The processes that give evidence in an enclave's stead (tee/apart_provider.h):
 * SANDBOX_REPORTS, over configfs-tsm: may open files that are there, make folders and remove empty
 * ones. A filter sees no path: which ones is left to the file system's permissions.
 * SANDBOX_TOKENS, over the launcher: may connect Unix sockets.
 *
 * Builds with sanitizers or coverage have a runtime that needs more: there it does nothing, and
 * sandbox_is_built_in() is false.
 */
#ifndef APPS_SANDBOX_SANDBOX_H
#define APPS_SANDBOX_SANDBOX_H

#include "base/status.h"

enum sandbox_kind {
    SANDBOX_OFFLINE,
    SANDBOX_RELAY,
    SANDBOX_ENCLAVE,
    SANDBOX_ENCLAVE_NITRO,
    SANDBOX_REPORTS,
    SANDBOX_TOKENS,
};

/* Call before any input is read. ST_INTERNAL when the kernel refuses: do not go on then. */
NODISCARD status sandbox_enter(enum sandbox_kind kind);
bool sandbox_is_built_in(void);

#endif
