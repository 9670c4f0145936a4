/* streams - which streams are open, and whose turn it is on each. docs/PROTOCOL.md section 5.1.
 *
 * The same table stands on both sides and is asked about both directions, so one rule serves for
 * sending and for receiving.
 */
#ifndef CHANNEL_STREAMS_H
#define CHANNEL_STREAMS_H

#include "channel/limits.h"

enum { STREAMS_WINDOW = 1024 };

struct streams {
    struct {
        uint32_t id;
        bool client_ended;
        bool server_ended;
        bool is_cancelled;
    } v[CHANNEL_STREAMS_MAX];
    size_t n;
    size_t max;
    uint32_t highest;                   /* id used so far */
    uint64_t used[STREAMS_WINDOW / 64]; /* ring of bits: ids highest - 1023 .. highest */
};

enum streams_answer {
    STREAMS_YES,
    STREAMS_IGNORE,  /* a cancel that came too late, or again */
    STREAMS_REFUSED, /* out of turn */
    STREAMS_FULL,    /* no stream more may be opened */
};

bool message_is_from_client(uint8_t type);

/* Asks before the first byte of a message, and opens the stream when it is new. */
enum streams_answer streams_begin(struct streams *t, uint32_t id, uint8_t type);
/* Streams whose client has ended and whose server has not: somebody waits for an answer. */
size_t streams_n_owed(const struct streams *t);
/* The side has sent its last message on the stream. */
void streams_end(struct streams *t, uint32_t id, bool is_client);

#endif
