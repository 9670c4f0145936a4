/* session - sessions with known keys and no handshake, and a peer that can send any record. */
#ifndef SUPPORT_SESSION_H
#define SUPPORT_SESSION_H

#include "support/test.h"

#include "channel/record.h"
#include "channel/session.h"
#include "net/stream.h"

struct session_pair {
    struct session *client;
    struct session *server;
};

/* Limits may be NULL: defaults. */
struct session_pair session_pair_open(const struct channel_limits *client,
                                      const struct channel_limits *server);
void session_pair_done(struct session_pair *p);

uint64_t test_soon(void); /* a deadline for what will happen */
/* n bytes that differ by seed; owned by the caller. */
struct buf test_pattern(size_t n, uint32_t seed);
/* The next message of s is this one. */
void session_expect(struct session *s, uint32_t id, uint8_t type, bool is_last, struct bytes want);

/* A session of one side against bytes and records of the test's choice. */
struct raw_peer {
    struct session *session;
    struct stream *stream;
    struct record_key out; /* seals for the session */
    struct record_key in;  /* opens what the session sends */
};

struct raw_peer raw_peer_open(bool session_is_client, const struct channel_limits *limits);
void raw_peer_done(struct raw_peer *p);
void raw_bytes(struct raw_peer *p, struct bytes in);
void raw_record(struct raw_peer *p, enum record_type type, struct bytes plain);
void raw_fragment(struct raw_peer *p, uint32_t stream_id, uint8_t type, uint8_t flags,
                  struct bytes body);
/* Reads one record that the session sent; plain is owned by the caller. */
struct buf raw_read(struct raw_peer *p, struct record_header *out_header);

enum { FLAG_MESSAGE_END = 1, FLAG_STREAM_END = 2 };

#endif
