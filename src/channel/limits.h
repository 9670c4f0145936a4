/* limits - every bound of a session: sizes, counts and times. docs/PROTOCOL.md section 7.
 *
 * A zero in any field means its default. Each side enforces its own; the server tells the client
 * max_message_bytes and max_streams in its hello, and the client keeps to the smaller of both.
 */
#ifndef CHANNEL_LIMITS_H
#define CHANNEL_LIMITS_H

#include "base/status.h"

#include <stdint.h>

struct channel_limits {
    uint32_t handshake_timeout_ms; /* 10 s: accept or connect to the last handshake frame */
    uint32_t idle_timeout_ms;      /* 5 min: nothing sent or received while no answer is due */
    uint32_t message_timeout_ms;   /* 2 min: first byte of a message to its last */
    uint32_t write_timeout_ms;     /* 30 s: the peer takes none of what is queued */
    uint32_t total_timeout_ms;     /* 24 h: life of a session */
    uint32_t max_message_bytes;    /* 16 MiB: one message */
    uint32_t max_partial_bytes;    /* 32 MiB: all unfinished messages of a session together */
    uint32_t max_queued_bytes;     /* 32 MiB: sealed and not yet written */
    uint32_t max_streams;          /* 64: open at once; never more than CHANNEL_STREAMS_MAX */
    uint32_t rekey_records;        /* 2^22: records sealed under one key */
    uint64_t rekey_bytes;          /* 2^36: bytes sealed under one key */
    uint32_t pad_to_bytes;         /* records are padded to a multiple of this; 0: no padding */
};

enum {
    CHANNEL_STREAMS_MAX = 64,
    CHANNEL_MESSAGE_MAX = 256 << 20,  /* no configuration goes above it */
    CHANNEL_EVIDENCE_MAX = 384 << 10, /* a bundle with the evidence of many GPUs */
    CHANNEL_PAD_MAX = 8 << 10,
};

/* *in with every zero replaced by its default. ST_CONFIG for a value that no session can keep. */
NODISCARD status channel_limits_fill(const struct channel_limits *in, struct channel_limits *out);

#endif
