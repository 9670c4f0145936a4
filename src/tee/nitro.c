#include "tee/nitro.h"

#include <stdlib.h>

#include "base/log.h"
#include "crypto/rand.h"
#include "tee/verify/nitro/nitro.h"

#define NSM_PATH "/dev/nsm"

struct nitro_provider {
    struct tee_provider base;
    struct nsm nsm;
    struct nsm_device *device; /* NULL when the caller owns the device */
    struct measurements measurements;
};

static struct nitro_provider *self_of(struct tee_provider *p)
{
    return (struct nitro_provider *)p; /* base is the first member */
}

static status attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    struct buf user_data CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    TRY(statement_encode(s, &user_data));
    struct nsm_attestation a = {
        .user_data = buf_view(&user_data),
        .nonce = BYTES_OF(s->nonce),
        .public_key = BYTES_OF(s->identity_key),
    };
    return nsm_attest(&self_of(p)->nsm, &a, out);
}

static status random_bytes(struct tee_provider *p, void *out, size_t n)
{
    uint8_t *at = out;
    while (n > 0) {
        size_t got = 0;
        TRY(nsm_random(&self_of(p)->nsm, at, n, &got));
        at += got;
        n -= got;
    }
    return OK;
}

static status measurements(struct tee_provider *p, struct measurements *out)
{
    *out = self_of(p)->measurements;
    return OK;
}

static void provider_free(struct tee_provider *p)
{
    struct nitro_provider *n = self_of(p);
    nsm_device_closep(&n->device);
    free(n);
}

static const struct tee_provider_ops OPS = {
    .platform = STATEMENT_PLATFORM_NITRO,
    .attest = attest,
    .random = random_bytes,
    .measurements = measurements,
    .free = provider_free,
};

/* A document lists the PCRs that are locked, so the measurements are taken from one: receipts then
 * say exactly what evidence says. It is not verified here, for its verifier is the client. */
static status read_document(const struct nsm *n, struct measurements *out)
{
    struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct nitro_unverified parsed;
    TRY(nsm_attest(n, &(struct nsm_attestation){0}, &document));
    TRY(nitro_parse(buf_view(&document), &parsed));
    *out = parsed.claims_.measurements;
    return OK;
}

static status read_measurements(const struct nsm *n, struct measurements *out)
{
    struct measurements m;
    TRY(read_document(n, &m));
    for (uint16_t i = 0; i < 3; i++) {
        struct nsm_pcr pcr;
        TRY(nsm_describe_pcr(n, i, &pcr));
        REQUIRE(bytes_equal(measurements_at(&m, i), BYTES_OF(pcr.value)), ST_MISMATCH,
                "NSM: PCR%u of the document is another than the register's", i);
    }
    *out = m;
    return OK;
}

static status mix_random(const struct nsm *n)
{
    uint8_t seed[NSM_RANDOM_MAX];
    size_t got = 0;
    TRY(nsm_random(n, seed, sizeof(seed), &got));
    rand_mix(bytes_of(seed, got));
    wipe(seed, sizeof(seed));
    return OK;
}

status nitro_provider_over(const struct nsm *n, struct tee_provider **out)
{
    struct measurements m;
    TRY(mix_random(n));
    TRY(read_measurements(n, &m));
    if (nitro_is_debug(&m))
        LOG(LOG_WARN, "debug_mode", LOG_TEXT("effect", "no client accepts this enclave"));
    struct nitro_provider *p = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "Nitro provider");
    p->base.ops = &OPS;
    p->nsm = *n;
    p->measurements = m;
    *out = &p->base;
    return OK;
}

status nitro_provider_open(struct tee_provider **out)
{
    struct nsm_device *device CLEANUP(nsm_device_closep) = NULL;
    struct tee_provider *p = NULL;
    TRY(nsm_device_open(NSM_PATH, &device));
    struct nsm n = nsm_over_device(device);
    TRY(nitro_provider_over(&n, &p));
    self_of(p)->device = device;
    device = NULL;
    *out = p;
    return OK;
}
