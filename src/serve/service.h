/* service - an enclave at work: sessions in, answers and receipts out.
 *
 * Threads: one accept loop (the caller of service_run), one for each session, one engine thread
 * with its pool, one responder. Only the responder signs. Every session is bounded
 * (channel/limits.h), and so are their number and the work that waits.
 */
#ifndef SERVE_SERVICE_H
#define SERVE_SERVICE_H

#include "channel/channel.h"
#include "net/stream.h"
#include "serve/embedder.h"
#include "tee/provider.h"

struct service_options {
    const char *name; /* attested service name; borrowed, as every string here */
    const char *model_id;
    const char *model_version;
    uint8_t config_digest[SHA256_LEN];
    uint32_t max_sessions;       /* 64 */
    uint32_t max_batch_tokens;   /* 1024, or one text of the model if that is longer */
    uint32_t max_batch_texts;    /* 256 */
    uint32_t max_queued;         /* 1024 requests */
    uint32_t max_request_tokens; /* 262144 */
    uint32_t max_open_texts;     /* 65536: of all requests together, about 2 KiB of memory each */
    uint32_t epoch_s;            /* 0: evidence is made for each session */
    struct channel_limits limits;
};

struct service;
/* Borrows embedder, pool and provider for the service's life. Zeroes in options mean the defaults
 * above. */
NODISCARD status service_new(const struct service_options *o, const struct embedder *embedder,
                             struct pool *pool, struct tee_provider *provider,
                             struct service **out);
/* Serves until listener_wake(); then ends the sessions and returns. ST_OK on a clean stop. */
NODISCARD status service_run(struct service *s, struct listener *l);
void service_freep(struct service **s);

#endif
