/* inbox - puts the fragments of many messages together. docs/PROTOCOL.md section 5.
 *
 * Untrusted: the peer, even though its records opened. Storage grows with bytes that have come.
 */
#ifndef CHANNEL_INBOX_H
#define CHANNEL_INBOX_H

#include "channel/record.h"
#include "channel/session.h"

struct partial {
    uint32_t stream_id;
    uint8_t type;
    uint64_t started_ns;
    struct buf body;
};

struct inbox {
    struct partial v[CHANNEL_STREAMS_MAX];
    size_t n;
    size_t held_bytes; /* in all bodies */
    size_t max_message_bytes;
    size_t max_held_bytes;
};

/* Whether a message on this stream has begun and not ended. */
bool inbox_has(const struct inbox *in, uint32_t stream_id);
/* Adds a fragment that is in turn. *out_is_whole tells whether *out is now a message, which the
 * caller owns. ST_LIMIT, ST_PROTOCOL when the type changes inside a message, ST_NOMEM. */
NODISCARD status inbox_add(struct inbox *in, const struct fragment *f, uint64_t now_ns,
                           struct message *out, bool *out_is_whole);
uint64_t inbox_oldest_ns(const struct inbox *in); /* UINT64_MAX when nothing is unfinished */
void inbox_done(struct inbox *in);

#endif
