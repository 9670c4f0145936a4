/* session_state - the inside of a session, for the files session*.c and the handshake alone.
 *
 * Sending. Records are sealed under the lock, in the order of their sequence numbers, into
 * `pending`. One thread at a time holds the writer role (is_writing): it moves `pending` to
 * `writing`, gives up the lock, writes, and takes the lock again to account. So no lock is held
 * over I/O, bytes leave in sealing order, and a thread whose bytes somebody else wrote just
 * returns.
 *
 * Receiving. Everything below `reader` belongs to the one receiving thread.
 */
#ifndef CHANNEL_SESSION_STATE_H
#define CHANNEL_SESSION_STATE_H

#include <pthread.h>

#include "channel/inbox.h"
#include "channel/record.h"
#include "channel/session.h"
#include "channel/streams.h"
#include "net/stream.h"
#include "tee/verify/evidence.h"

enum { SESSION_RX_CAP = 2 * RECORD_MAX };

struct session {
    struct stream *stream;
    struct channel_limits limits;
    bool is_client;
    size_t peer_max_message;
    uint64_t started_ns;
    int wake_fd; /* eventfd: the receiver has bytes to write, or shall look again */
    uint8_t id[SESSION_ID_LEN];
    uint8_t transcript[SESSION_TRANSCRIPT_LEN];
    uint8_t client_nonce[32];
    struct buf evidence;
    bool has_verified;
    struct evidence_verified verified; /* borrows from evidence */

    pthread_mutex_t lock;   /* guards: everything down to recv_error */
    pthread_cond_t written; /* written_bytes rose, the writer role is free, or the session died */
    struct record_key writer;
    struct streams streams;
    uint32_t next_stream;
    struct buf pending; /* sealed, not yet taken by a writer */
    struct buf writing; /* belongs to the writer role while is_writing */
    size_t writing_at;  /* already written of it */
    bool is_writing;
    bool is_stalled;        /* the writer waits for room */
    size_t n_waiting;       /* threads in session_send that will take the writer role */
    uint64_t sealed_bytes;  /* ever */
    uint64_t written_bytes; /* ever */
    uint64_t progress_ns;   /* when bytes last left, or began to wait */
    bool has_ended;         /* our close is sealed */
    bool is_aborted;        /* by this side */
    bool peer_has_ended;
    enum status_code send_error; /* ST_OK while sending is possible */
    enum status_code recv_error;

    struct record_key reader;
    struct inbox inbox;
    uint8_t *rx; /* SESSION_RX_CAP bytes; [rx_at, rx_n) is not yet looked at */
    size_t rx_at;
    size_t rx_n;
    uint64_t rx_started_ns; /* when the unfinished record in rx began to come */
    uint64_t heard_ns;      /* when the last record came */
    bool may_update;        /* a data record came since the last key update */
};

/* What the handshake, or a test, hands over. */
struct session_setup {
    struct stream *stream;               /* taken, also on failure */
    const struct channel_limits *limits; /* filled */
    bool is_client;
    enum aead_alg alg;
    const struct session_secrets *secrets; /* borrowed; the caller wipes them */
    uint32_t peer_max_message;
    uint32_t peer_max_streams; /* client: what the server takes */
    uint64_t started_ns;
};

NODISCARD status session_new(const struct session_setup *setup, struct session **out);

/* session_send.c; the lock is held by the caller of those that say so. */
bool session_has_unwritten(const struct session *s); /* locked */
void session_pump(struct session *s);                /* locked: writes what goes now */
void session_flush(struct session *s); /* locked: the same behind a write that is being made */
NODISCARD status session_seal_close(struct session *s, uint8_t reason); /* locked */
void session_wake(struct session *s);

#endif
