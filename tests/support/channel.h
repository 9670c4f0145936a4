/* channel - a real server on the simulated platform and a client that trusts it, for tests. */
#ifndef SUPPORT_CHANNEL_H
#define SUPPORT_CHANNEL_H

#include "support/test.h"

#include <pthread.h>

#include "base/checks.h"
#include "channel/channel.h"
#include "net/stream.h"
#include "tee/provider.h"
#include "tee/verify/evidence.h"

struct channel_world {
    char folder[64];
    struct tee_provider *provider;
    struct evidence_policy *policy;
    struct ed25519_secret key;
    struct channel_identity identity; /* offers sessions and epochs */
    struct channel_limits server_limits;
    struct channel_client_options options;
    struct checks checks; /* of the last connect */
};

struct channel_ends {
    struct session *client;
    struct session *server;
};

void channel_world_open(struct channel_world *w);
void channel_world_close(struct channel_world *w);

/* One side of a handshake on a thread of its own. */
struct channel_side {
    struct channel_world *world;
    struct stream *stream;
    struct session *session;
    status result;
    char detail[256];
    pthread_t thread;
};

void channel_start_server(struct channel_world *w, struct stream *taken, struct channel_side *side);
void channel_join(struct channel_side *side);
/* Connects over a socket pair and fails the test unless both sides agree. */
struct channel_ends channel_open(struct channel_world *w);
void channel_ends_done(struct channel_ends *e);

#endif
