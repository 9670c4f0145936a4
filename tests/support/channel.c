#include "support/channel.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tee/sim/sim.h"

static status attest(void *ctx, const struct statement *s, struct buf *out)
{
    return tee_attest(ctx, s, out);
}

static void path_of(const struct channel_world *w, const char *name, char *out)
{
    assert_ok(file_join(w->folder, name, out, PATH_MAX));
}

static void read_policy(struct channel_world *w)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    assert_ok(sim_policy_encode(w->provider, NULL, NULL, &text));
    assert_ok(evidence_policy_parse(buf_view(&text), &w->policy));
}

void channel_world_open(struct channel_world *w)
{
    *w = (struct channel_world){0};
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/eml-channel-test-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    assert_ok(sim_provider_open(w->folder, &w->provider));
    read_policy(w);
    assert_ok(ed25519_generate(&w->key));
    w->identity = (struct channel_identity){
        .key = &w->key,
        .platform = BYTES_LIT("simulated"),
        .service = BYTES_LIT("test.service"),
        .evidence_type = EVIDENCE_SIMULATED,
        .attest = attest,
        .ctx = w->provider,
    };
    memset(w->identity.receipt_key, 0x52, sizeof(w->identity.receipt_key));
    memset(w->identity.model_digest, 0x4d, sizeof(w->identity.model_digest));
    assert_ok(channel_epoch_new(3600, &w->identity.epoch));
    w->options = (struct channel_client_options){.policy = w->policy, .at_unix_s = clock_unix_s()};
}

void channel_world_close(struct channel_world *w)
{
    char path[PATH_MAX];
    channel_epoch_freep(&w->identity.epoch);
    evidence_policy_freep(&w->policy);
    tee_provider_freep(&w->provider);
    path_of(w, SIM_ROOT_FILE, path);
    (void)unlink(path);
    (void)rmdir(w->folder);
}

static void *run_server(void *arg)
{
    struct channel_side *side = arg;
    side->result = channel_accept(side->stream, &side->world->identity, &side->world->server_limits,
                                  &side->session);
    (void)snprintf(side->detail, sizeof(side->detail), "%s", status_detail());
    return NULL;
}

void channel_start_server(struct channel_world *w, struct stream *taken, struct channel_side *side)
{
    *side = (struct channel_side){.world = w, .stream = taken};
    assert_int_equal(pthread_create(&side->thread, NULL, run_server, side), 0);
}

void channel_join(struct channel_side *side)
{
    (void)pthread_join(side->thread, NULL);
}

struct channel_ends channel_open(struct channel_world *w)
{
    struct channel_ends e = {0};
    struct channel_side server;
    struct stream *a = NULL;
    struct stream *b = NULL;
    assert_ok(stream_pair(&a, &b));
    channel_start_server(w, b, &server);
    w->checks = (struct checks){0};
    w->options.at_unix_s = clock_unix_s();
    status s = channel_connect(a, &w->options, &w->checks, &e.client);
    channel_join(&server);
    e.server = server.session;
    if (failed(s))
        fail_msg("client: %s (%s)", status_name(s.code), status_detail());
    if (failed(server.result))
        fail_msg("server: %s (%s)", status_name(server.result.code), server.detail);
    return e;
}

void channel_ends_done(struct channel_ends *e)
{
    session_freep(&e->client);
    session_freep(&e->server);
}
