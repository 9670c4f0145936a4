/* apart_provider - a provider that does its work in processes of their own.
 *
 * Some platforms give evidence through files (configfs-tsm) or a socket (the Confidential Space
 * launcher). A process that opens files and sockets for each session is one that may open files
 * and sockets. So small processes are made before there is a key, a prompt or a connection; they
 * alone can reach the platform, and the enclave asks them over a socket pair:
 *
 *     question  u32 length | statement (tee/verify/statement.h)
 *     answer    u8 status code | u32 length | evidence, or what the failure's detail says
 *
 * Integers are big-endian. A process serves one question at a time and ends when its socket closes.
 * Untrusted: neither end believes a length. Whoever took the enclave over gets evidence over a
 * statement of his, which he could have asked for anyway, and nothing else.
 */
#ifndef TEE_APART_PROVIDER_H
#define TEE_APART_PROVIDER_H

#include "tee/provider.h"

enum { APART_PROCESSES = 4, APART_TIMEOUT_MS = 60000, APART_WAIT_MS = 10000 };

struct apart_options {
    status (*confine)(void); /* called in each process before its first question */
    uint32_t timeout_ms;     /* for one answer; the process that is late is given up */
    uint32_t wait_ms; /* for a process that is free: a client does not wait for ever either */
};

/* Takes the provider that does the work, also on failure. Call it while there is one thread.
 * ST_IO; a failure of confine. On use: what the provider fails with; ST_BUSY when none
 * became free in time; ST_IO when none is left. */
NODISCARD status apart_provider_over(struct tee_provider *taken, const struct apart_options *o,
                                     struct tee_provider **out);

#endif
