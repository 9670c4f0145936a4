/* exchange - one request of one session, from its bytes to its answer.
 *
 *   session thread   exchange_new, exchange_start (parse, tokenise, submit)
 *   engine thread    the job's done call: hands the exchange to the responder
 *   responder        exchange_answer (response or refusal, then its receipt), exchange_freep
 *
 * A request that cannot be served is answered too: with a refusal, and a receipt over it.
 * Prompts, ids and vectors live in the exchange alone and are wiped with it.
 */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include "channel/session.h"
#include "receipt/record.h"
#include "serve/embedder.h"
#include "serve/message.h"
#include "serve/scheduler.h"
#include "serve/signer.h"

/* What all exchanges of a service share; read only. */
struct exchange_service {
    const struct embedder *embedder;
    struct scheduler *scheduler;
    const struct signer *signer;
    uint32_t max_request_tokens;
    uint32_t max_open_texts;   /* of all exchanges together: what bounds their memory */
    atomic_uint *n_open_texts; /* shared counter; outlives the exchanges */
    void (*ready)(void *ctx, struct scheduler_job *job); /* to the responder; must not block */
    void *ctx;
};

struct exchange {
    struct scheduler_job job; /* first: a job is its exchange */
    const struct exchange_service *service;
    void *owner; /* the session that it belongs to, see service.c */
    uint32_t stream_id;
    status outcome;
    struct embed_request request; /* views only while exchange_start runs; then flags and salt */
    uint8_t request_hash[SHA256_LEN];
    uint8_t nonce[MESSAGE_NONCE_MAX];
    size_t nonce_n;
    uint32_t n_counted;         /* texts that this exchange has in n_open_texts */
    struct buf ids;             /* u32 */
    struct buf offsets;         /* u32 */
    struct buf texts;           /* struct record_text */
    struct buf vectors;         /* float */
    struct exchange *next;      /* responder's queue */
    struct exchange *next_open; /* session's list */
};

NODISCARD status exchange_new(const struct exchange_service *service, void *owner,
                              uint32_t stream_id, struct exchange **out);
void exchange_free(struct exchange *e);
/* Never fails from the caller's view: what goes wrong becomes the outcome, and `ready` is called.
 */
void exchange_start(struct exchange *e, struct bytes request);
/* Appends the response (or refusal) and the receipt over it. A response that out_response has no
 * room for becomes a refusal with ST_LIMIT. */
NODISCARD status exchange_answer(struct exchange *e, const uint8_t evidence_hash[static SHA256_LEN],
                                 uint64_t sequence, struct buf *out_response,
                                 struct buf *out_receipt);

#endif
