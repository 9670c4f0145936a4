#include "channel/epoch.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crypto/rand.h"

struct channel_epoch {
    uint64_t life_ns;
    pthread_mutex_t lock; /* guards: everything below */
    pthread_cond_t made;  /* is_making fell */
    bool is_making;
    uint64_t made_ns;
    struct buf evidence;
};

status channel_epoch_new(uint32_t life_s, struct channel_epoch **out)
{
    REQUIRE(life_s > 0, ST_CONFIG, "an epoch needs a life of at least a second");
    struct channel_epoch *e = calloc(1, sizeof(*e));
    REQUIRE(e != NULL, ST_NOMEM, "no memory for an epoch");
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_cond_init(&e->made, NULL);
    e->life_ns = life_s * (uint64_t)1000000000;
    e->evidence = BUF_MAX(CHANNEL_EVIDENCE_MAX);
    *out = e;
    return OK;
}

void channel_epoch_freep(struct channel_epoch **e)
{
    struct channel_epoch *old = *e;
    *e = NULL;
    if (old == NULL)
        return;
    buf_done(&old->evidence);
    (void)pthread_cond_destroy(&old->made);
    (void)pthread_mutex_destroy(&old->lock);
    free(old);
}

status channel_attest(const struct channel_identity *identity, enum freshness freshness,
                      const uint8_t nonce[static 32], struct buf *out)
{
    struct statement s = {
        .platform = identity->platform,
        .service = identity->service,
        .freshness = freshness,
    };
    memcpy(s.nonce, nonce, sizeof(s.nonce));
    memcpy(s.identity_key, identity->key->public_key, sizeof(s.identity_key));
    memcpy(s.receipt_key, identity->receipt_key, sizeof(s.receipt_key));
    memcpy(s.config_digest, identity->config_digest, sizeof(s.config_digest));
    memcpy(s.model_digest, identity->model_digest, sizeof(s.model_digest));
    memcpy(s.device_digest, identity->device_digest, sizeof(s.device_digest));
    return identity->attest(identity->ctx, &s, out);
}

static bool is_current(const struct channel_epoch *e)
{
    return e->evidence.n > 0 && clock_mono_ns() - e->made_ns < e->life_ns;
}

static status make(const struct channel_identity *identity, struct buf *out)
{
    uint8_t id[32];
    TRY(rand_bytes(id, sizeof(id)));
    return channel_attest(identity, FRESH_EPOCH, id, out);
}

/* Called and left with the lock held, which is given up while the platform works. */
static status renew(struct channel_epoch *e, const struct channel_identity *identity)
{
    struct buf fresh CLEANUP(buf_done) = BUF_MAX(CHANNEL_EVIDENCE_MAX);
    e->is_making = true;
    (void)pthread_mutex_unlock(&e->lock);
    uint64_t begun_ns = clock_mono_ns();
    status s = make(identity, &fresh);
    (void)pthread_mutex_lock(&e->lock);
    e->is_making = false;
    (void)pthread_cond_broadcast(&e->made);
    TRY(s);
    buf_done(&e->evidence);
    e->evidence = buf_take(&fresh);
    e->made_ns = begun_ns;
    return OK;
}

static status current(struct channel_epoch *e, const struct channel_identity *identity,
                      struct buf *out)
{
    while (!is_current(e) && e->is_making)
        (void)pthread_cond_wait(&e->made, &e->lock);
    if (!is_current(e))
        TRY(renew(e, identity));
    buf_put(out, buf_view(&e->evidence));
    return buf_status(out);
}

status channel_epoch_evidence(struct channel_epoch *e, const struct channel_identity *identity,
                              struct buf *out)
{
    (void)pthread_mutex_lock(&e->lock);
    status s = current(e, identity, out);
    (void)pthread_mutex_unlock(&e->lock);
    return s;
}
