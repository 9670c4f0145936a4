/* query - one request from the user's side: sent, answered, and verified before anybody looks at
 * the answer.
 *
 * Untrusted: every answer until its receipt held: signed by the key in the session's evidence, over
 * exactly these request and response bytes, with the attested measurements, model and evidence
 * digest.
 */
#ifndef CLIENT_QUERY_H
#define CLIENT_QUERY_H

#include "base/checks.h"
#include "channel/session.h"
#include "serve/message.h"

/* One request on its way and back. */
struct query {
    uint32_t stream_id;
    size_t n_texts;
    uint8_t nonce[32];
    struct buf request;
    struct buf response;
    struct buf receipt;
    bool is_complete;
};

void query_done(struct query *x); /* wipes */
/* Encodes and sends; texts are borrowed for the call. nonce NULL: a fresh one is made. */
NODISCARD status query_send(struct session *s, const struct bytes *texts, size_t n_texts,
                            bool normalize, bool allow_truncation, const uint8_t *nonce,
                            struct query *out);
/* Receives one message and files it with the exchange of its stream. ST_PROTOCOL for a stream that
 * nobody opened. out_completed: the exchange that became complete, or NULL. */
NODISCARD status query_receive(struct session *s, uint64_t timeout_ms, struct query *const *open,
                               size_t n_open, struct query **out_completed);
/* Verifies the receipt against the session's evidence and the exact bytes of request and response,
 * then opens the response. Views borrow from x. A refusal is returned as its own status code. */
NODISCARD status query_verify(const struct session *s, const struct query *x,
                              struct checks *out_checks, struct embed_response *out);

#endif
