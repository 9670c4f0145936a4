/* handshake - moving whole handshake frames over a stream, for both sides.
 *
 * Untrusted: everything read. A header is judged before a byte of its payload is read, and storage
 * is bounded by the largest frame.
 */
#ifndef CHANNEL_HANDSHAKE_H
#define CHANNEL_HANDSHAKE_H

#include "channel/schedule.h"
#include "channel/session.h"
#include "channel/transcript.h"
#include "channel/wire.h"
#include "net/stream.h"

#define FRAME_BUF BUF_MAX(FRAME_MAX)

/* One frame of that type, header included. An error frame gives ST_BUSY or ST_CLOSED with what it
 * says, marked as a hint; ST_CLOSED or ST_TRUNCATED at the end of bytes; ST_TIMEOUT. */
NODISCARD status handshake_read(struct stream *s, enum frame_type type, uint64_t deadline_ns,
                                struct buf *out_frame);
struct bytes frame_payload(const struct buf *frame);

/* What the server signs: lp("eml-channel-v1 server signature") lp(T1). */
NODISCARD status handshake_signed_bytes(const uint8_t t1[static 32], struct buf *out);

/* Suite ids and their algorithms; 0 when unknown. */
unsigned suite_of(enum aead_alg alg);
enum aead_alg suite_alg(unsigned suite);

#endif
