#include "tee/devices_provider.h"

#include <stdlib.h>

#include "tee/verify/bundle.h"

struct devices_provider {
    struct tee_provider base;
    struct tee_provider_ops ops; /* of the CPU's platform */
    struct tee_provider *cpu;
    struct nvidia_device_api api;
};

static struct devices_provider *self_of(struct tee_provider *p)
{
    return (struct devices_provider *)p; /* base is the first member */
}

static status put_devices(struct bytes cpu_evidence, struct bytes devices, struct buf *out)
{
    struct bundle b;
    REQUIRE(bundle_is(cpu_evidence), ST_UNSUPPORTED,
            "evidence of this platform has no place for devices");
    TRY(bundle_parse(cpu_evidence, &b));
    b.devices = devices;
    return bundle_encode(&b, out);
}

static status attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    struct devices_provider *d = self_of(p);
    struct statement with = *s;
    struct buf devices CLEANUP(buf_done) = BUF_MAX(BUNDLE_DEVICES_MAX);
    struct buf evidence CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    TRY(nvidia_device_attach(&d->api, &with, &devices));
    TRY(tee_attest(d->cpu, &with, &evidence));
    return put_devices(buf_view(&evidence), buf_view(&devices), out);
}

static status random_bytes(struct tee_provider *p, void *out, size_t n)
{
    return tee_random(self_of(p)->cpu, out, n);
}

static status measurements(struct tee_provider *p, struct measurements *out)
{
    return tee_measurements(self_of(p)->cpu, out);
}

static void provider_free(struct tee_provider *p)
{
    tee_provider_freep(&self_of(p)->cpu);
    free(p);
}

status devices_provider_over(struct tee_provider *taken, const struct nvidia_device_api *api,
                             struct tee_provider **out)
{
    struct devices_provider *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        tee_provider_freep(&taken);
        return FAIL(ST_NOMEM, "devices provider");
    }
    d->ops = (struct tee_provider_ops){.platform = tee_platform(taken),
                                       .attest = attest,
                                       .random = random_bytes,
                                       .measurements = measurements,
                                       .free = provider_free};
    d->base.ops = &d->ops;
    d->cpu = taken;
    d->api = *api;
    *out = &d->base;
    return OK;
}
