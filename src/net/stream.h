/* stream - a bidirectional byte stream: TCP, Unix socket, vsock, or a pair in memory.
 *
 * Untrusted: everything that is read. Every call has a deadline on the monotonic clock
 * (clock_deadline_ms), so no peer can hold a thread. One thread may read while another writes.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/bytes.h"

struct stream;

/* Addresses: "tcp:HOST:PORT", "tcp:[v6]:PORT", "unix:/path", "vsock:CID:PORT" ("vsock:any:PORT" to
 * listen). */
/* A host name is looked up with the system's resolver, whose own time limit comes on top. */
NODISCARD status stream_connect(const char *address, uint64_t deadline_ns, struct stream **out);
NODISCARD status stream_from_fd(int fd,
                                struct stream **out); /* takes ownership; sets it non-blocking */
NODISCARD status stream_pair(struct stream **a, struct stream **b); /* socketpair: for tests */
/* A second handle on the same connection, for stream_shutdown() when the first is given away. */
NODISCARD status stream_share(const struct stream *s, struct stream **out);
void stream_freep(struct stream **s); /* closes; takes NULL */

/* For deadlines: wait for ever. */
#define STREAM_NO_DEADLINE UINT64_MAX

/* At least one byte, at most cap. ST_CLOSED at the end, ST_TIMEOUT, ST_IO. */
NODISCARD status stream_read_some(struct stream *s, void *out, size_t cap, uint64_t deadline_ns,
                                  size_t *out_n);
/* Exactly n bytes. ST_CLOSED when the end comes before the first byte, ST_TRUNCATED later. */
NODISCARD status stream_read(struct stream *s, void *out, size_t n, uint64_t deadline_ns);
NODISCARD status stream_write(struct stream *s, struct bytes in, uint64_t deadline_ns);

/* What can be done at once: *out_n is 0 when that is nothing. ST_CLOSED at the end, ST_IO. */
NODISCARD status stream_try_read(struct stream *s, void *out, size_t cap, size_t *out_n);
NODISCARD status stream_try_write(struct stream *s, struct bytes in, size_t *out_n);

enum stream_ready { STREAM_READABLE = 1, STREAM_WRITABLE = 2, STREAM_WOKEN = 4 };
/* Waits until something of `want` holds or wake_fd (-1: none) is readable; ST_TIMEOUT. An error on
 * the stream counts as ready: the next read or write tells. */
NODISCARD status stream_wait(struct stream *s, unsigned want, int wake_fd, uint64_t deadline_ns,
                             unsigned *out_ready);

/* Both directions end; a thread blocked in a read or write returns. Safe from another thread. */
void stream_shutdown(struct stream *s);
void stream_shutdown_write(struct stream *s); /* half close */
int stream_fd(const struct stream *s);        /* borrowed, for poll(2) */

struct listener;
NODISCARD status listener_open(const char *address, struct listener **out); /* busy port: ST_BUSY */
void listener_freep(struct listener **l); /* removes a Unix socket that it made */
/* ST_TIMEOUT; ST_BUSY when no descriptor or memory was left until the deadline; ST_CANCELLED. */
NODISCARD status listener_accept(struct listener *l, uint64_t deadline_ns, struct stream **out);
void listener_wake(
    struct listener *l); /* async-signal-safe: a blocked accept returns ST_CANCELLED */
int listener_fd(const struct listener *l); /* borrowed, for epoll(7) */
/* The address really bound ("tcp:127.0.0.1:40123" for port 0); lives as long as the listener. */
const char *listener_address(const struct listener *l);

#endif
