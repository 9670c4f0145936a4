/* responder - the thread that answers: takes finished exchanges in order and calls `answer` for
 * each.
 *
 * It keeps signing and sealing off the engine thread. The queue needs no bound of its own: an
 * exchange is in it at most once, and exchanges are bounded by the sessions' stream limits.
 */
#ifndef SERVE_RESPONDER_H
#define SERVE_RESPONDER_H

#include "serve/exchange.h"

struct responder;
typedef void (*responder_answer_fn)(void *ctx, struct exchange *e);

NODISCARD status responder_new(responder_answer_fn answer, void *ctx, struct responder **out);
void responder_push(struct responder *r, struct exchange *e); /* never blocks on I/O */
void responder_freep(struct responder **r); /* answers what is queued, then ends */

#endif
