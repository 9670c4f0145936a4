/* session - messages over an established channel. docs/PROTOCOL.md sections 5 and 6.
 *
 * The client opens streams; their ids are its own choice, never zero and always rising. On each
 * stream it sends requests, and the server answers with responses, a receipt or an error. is_last
 * ends one direction of a stream; when both have ended it is closed. Messages of many streams
 * interleave. MSG_CANCEL asks the server to give up a stream that it has not ended yet; the server
 * still ends it.
 *
 * Untrusted: the relay below. What session_recv returns came from the peer, whole, in order, once.
 * What the peer says is still only the peer's word: its content is the upper layer's to check.
 *
 * Threads: any number may send; one receives. session_abort() and session_end() may be called from
 * any thread. Free only when no other thread is inside.
 */
#ifndef CHANNEL_SESSION_H
#define CHANNEL_SESSION_H

#include "base/buf.h"
#include "channel/limits.h"

struct session;
struct stream;
struct evidence_verified;

enum message_type {
    MSG_REQUEST = 1,  /* client to server */
    MSG_RESPONSE = 2, /* server to client */
    MSG_RECEIPT = 3,  /* server to client */
    MSG_ERROR = 4,    /* server to client */
    MSG_CANCEL = 5,   /* client to server: empty, never is_last, allowed after the last request */
};

struct message {
    uint32_t stream_id;
    uint8_t type; /* enum message_type */
    bool is_last; /* the sender sends nothing more on this stream */
    struct buf body;
};

void message_done(struct message *m); /* wipes */

enum { SESSION_ID_LEN = 32, SESSION_TRANSCRIPT_LEN = 32 };

/* For deadlines: wait for ever (the session's own timeouts still hold). */
#define SESSION_NO_DEADLINE UINT64_MAX

/*
 * Sends one message and returns when its bytes have been handed to the kernel. Splits it into
 * records, between which records of other streams may go. Two threads must not send on one stream
 * at the same time.
 *
 * ST_USAGE for a type, stream or order that this side may not send; ST_LIMIT above the message or
 * stream limit (nothing was sent, the session lives); ST_TIMEOUT when the peer does not read;
 * ST_CLOSED after the end; ST_IO. After ST_TIMEOUT, ST_CLOSED and ST_IO the session is dead.
 */
NODISCARD status session_send(struct session *s, uint32_t stream_id, uint8_t type, bool is_last,
                              struct bytes body);
/*
 * The same without waiting for the peer: seals the message whole, writes what the kernel takes now
 * and leaves the rest to the thread in session_recv (there must be one). For a scheduler that no
 * slow peer may hold. ST_BUSY when max_queued_bytes are waiting already.
 */
NODISCARD status session_post(struct session *s, uint32_t stream_id, uint8_t type, bool is_last,
                              struct bytes body);
/* The same without writing yet: the next session_post() or session_send() takes it along, in one
 * write. For the first of two messages that belong together. */
NODISCARD status session_queue(struct session *s, uint32_t stream_id, uint8_t type, bool is_last,
                               struct bytes body);
/*
 * Waits for the next whole message; the caller owns out->body. ST_CLOSED after the peer's
 * authenticated end, ST_CUT when the bytes end without one, ST_TIMEOUT at the deadline (the session
 * lives on, session_is_open() says so) or when a timeout of the session has passed (it is dead).
 * ST_AUTH, ST_SEQUENCE, ST_PROTOCOL, ST_LIMIT, ST_FORMAT: the peer or the relay broke the protocol;
 * the session is dead and every later call fails.
 */
NODISCARD status session_recv(struct session *s, uint64_t deadline_ns, struct message *out);
/* Sends the authenticated end. Nothing can be sent afterwards; receiving goes on until ST_CLOSED.
 * Idempotent. */
NODISCARD status session_end(struct session *s);
/* Ends with a reason that the peer is told (status_public() of it), without waiting, and makes
 * every blocked call return. For shutdown, idle and overload. */
void session_abort(struct session *s, enum status_code reason);
void session_freep(struct session **s); /* no goodbye; wipes keys and every unread byte */

bool session_is_open(struct session *s);             /* false after the end or a fatal failure */
size_t session_n_streams(struct session *s);         /* open now */
size_t session_max_message(const struct session *s); /* bytes that one may have, to the peer */
uint32_t session_next_stream(struct session *s);     /* client: an id that has not been used */
const uint8_t *session_id(const struct session *s);  /* SESSION_ID_LEN bytes, not secret */
const uint8_t *session_transcript(const struct session *s); /* SESSION_TRANSCRIPT_LEN bytes */
/* What the client verified; NULL on the server. Lives as long as the session. */
const struct evidence_verified *session_evidence(const struct session *s);
struct bytes session_evidence_bytes(const struct session *s); /* on both sides */
const uint8_t *session_client_nonce(const struct session *s); /* 32 bytes */

#endif
