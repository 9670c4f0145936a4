/* relay - copies bytes between whoever connects and one upstream address, and knows nothing of
 * them.
 *
 * One thread, one epoll set, one shared buffer. Each direction of a connection keeps at most one
 * buffer of bytes that its receiver has not taken yet, and nothing more is read before they have
 * left. An end of stream is passed on in its direction alone (half close).
 *
 * Untrusted: both ends. There are limits on connections, idle time and total time.
 */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include "base/bytes.h"

struct relay;

enum relay_event {
    RELAY_OPENED,      /* a client came, the upstream took it */
    RELAY_CLOSED,      /* both directions have ended */
    RELAY_BROKEN,      /* one side broke off */
    RELAY_REFUSED,     /* too many connections */
    RELAY_UNREACHABLE, /* the upstream cannot be reached */
    RELAY_TIMED_OUT,   /* idle, or too old */
};

struct relay_report {
    enum relay_event event;
    uint64_t connection; /* counts from 1 */
    uint64_t up_bytes;   /* to the upstream */
    uint64_t down_bytes; /* to the client */
    uint64_t lasted_ms;
    size_t n_open;
    const char *why; /* static or short-lived text; never NULL */
};

struct relay_options {
    const char *listen;
    const char *upstream; /* a host name is looked up once, at the start */
    uint32_t max_connections;
    uint32_t idle_timeout_ms;
    uint32_t total_timeout_ms;
    uint32_t connect_timeout_ms;
    struct bytes busy_reply;        /* sent before a refused client is closed; may be empty */
    struct bytes unreachable_reply; /* the same when the upstream cannot be reached */
    void (*report)(void *ctx, const struct relay_report *r); /* may be NULL */
    void *ctx;
};

enum { RELAY_CONNECTIONS_MAX = 100000 };

/* Listens. Borrows the options' strings and replies until relay_freep(). */
NODISCARD status relay_new(const struct relay_options *options, struct relay **out);
/* Runs until relay_stop(); returns OK then. Fails only when the machine does. */
NODISCARD status relay_run(struct relay *r);
void relay_stop(struct relay *r); /* async-signal-safe, from any thread */
const char *relay_address(const struct relay *r);
void relay_freep(struct relay **r); /* closes every connection */

#endif
