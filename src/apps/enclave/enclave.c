#include "apps/enclave/enclave.h"

#include "apps/common/app.h"
#include "apps/sandbox/sandbox.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/rand.h"
#include "model/local_key.h"
#include "model/package.h"
#include "net/stream.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { PLATFORM_ENTROPY = 64, VERSION_TEXT = 24 };

/* Set before the handlers are installed, cleared after they are taken away. */
static _Atomic(struct listener *) stop_target;

static void on_stop(int sig)
{
    (void)sig;
    struct listener *l = atomic_load(&stop_target);
    if (l != NULL)
        listener_wake(l);
}

static void handle_stop(struct listener *l)
{
    const struct sigaction stop = {.sa_handler = on_stop};
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    const struct sigaction *act = l != NULL ? &stop : &usual;
    if (l != NULL)
        atomic_store(&stop_target, l);
    (void)sigaction(SIGTERM, act, NULL);
    (void)sigaction(SIGINT, act, NULL);
    if (l == NULL)
        atomic_store(&stop_target, NULL);
}

static status mix_platform_entropy(struct tee_provider *provider)
{
    uint8_t seed[PLATFORM_ENTROPY];
    TRY(tee_random(provider, seed, sizeof(seed)));
    rand_mix(BYTES_OF(seed));
    wipe(seed, sizeof(seed));
    return OK;
}

static status load_model(const struct enclave_config *c, struct pool *pool, struct embedder **out)
{
    struct model_source *source CLEANUP(source_freep) = NULL;
    struct package *package CLEANUP(package_freep) = NULL;
    struct key_release *release CLEANUP(key_release_freep) = NULL;
    const struct manifest_expect expect = {.min_version = c->min_version,
                                           .at_unix_s = clock_unix_s()};
    const struct embedder_options options = {.kernels = c->kernels, .pool = pool};
    TRY(source_open_file(c->package, &source));
    TRY(package_open(source, c->publisher, &expect, &package));
    TRY(local_key_open(c->key_file, &release));
    return embedder_open_package(package, release, &options, out);
}

struct parts {
    struct pool *pool;
    struct tee_provider *provider;
    struct embedder *embedder;
    struct service *service;
    struct listener *listener;
};

static void parts_done(struct parts *p)
{
    listener_freep(&p->listener);
    service_freep(&p->service);
    embedder_freep(&p->embedder);
    tee_provider_freep(&p->provider);
    pool_free(p->pool);
}

static status boot(struct enclave_config *c, enclave_platform_fn open_platform, struct parts *p)
{
    uint64_t start = clock_mono_ns();
    TRY(open_platform(c, &p->provider));
    TRY(mix_platform_entropy(p->provider));
    LOG(LOG_INFO, "platform open", LOG_TEXT("platform", tee_platform(p->provider)));
    TRY(pool_new(c->threads, &p->pool));
    TRY(status_context(load_model(c, p->pool, &p->embedder), "model %s", c->package));
    LOG(LOG_INFO, "model loaded", LOG_NUM("weight_bytes", embedder_weight_bytes(p->embedder)),
        LOG_NUM("ms", (clock_mono_ns() - start) / 1000000));
    return OK;
}

/* From here on nothing is opened, and nothing connected to. */
static status confine(const struct tee_provider *provider)
{
    bool has_nsm = strcmp(tee_platform(provider), STATEMENT_PLATFORM_NITRO) == 0;
    return sandbox_enter(has_nsm ? SANDBOX_ENCLAVE_NITRO : SANDBOX_ENCLAVE);
}

static status serve(struct enclave_config *c, struct parts *p, enclave_ready_fn ready, void *ctx)
{
    char version[VERSION_TEXT];
    const struct manifest *m = embedder_manifest(p->embedder);
    (void)snprintf(version, sizeof(version), "%" PRIu64, m->version);
    c->service.model_id = m->id;
    c->service.model_version = version;
    TRY(service_new(&c->service, p->embedder, p->pool, p->provider, &p->service));
    if (ready != NULL)
        TRY(ready(ctx, c, p->provider, p->embedder));
    TRY(listener_open(c->listen, &p->listener));
    TRY(confine(p->provider));
    handle_stop(p->listener);
    LOG(LOG_INFO, "ready", LOG_TEXT("listen", listener_address(p->listener)),
        LOG_TEXT("platform", tee_platform(p->provider)), LOG_TEXT("model", m->id),
        LOG_TEXT("version", version));
    status s = service_run(p->service, p->listener);
    handle_stop(NULL);
    LOG(LOG_INFO, "stopped", LOG_NUM("threads", c->threads));
    return s;
}

int enclave_run(const char *config_path, enclave_platform_fn open_platform, enclave_ready_fn ready,
                void *ctx)
{
    log_init(app_name(), LOG_INFO);
    struct enclave_config c CLEANUP(enclave_config_done) = {0};
    struct parts p CLEANUP(parts_done) = {0};
    status s = app_forbid_dumps();
    if (ok(s))
        s = enclave_config_open(config_path, &c);
    if (ok(s))
        s = boot(&c, open_platform, &p);
    if (ok(s))
        s = serve(&c, &p, ready, ctx);
    return failed(s) ? app_fail(s) : 0;
}
