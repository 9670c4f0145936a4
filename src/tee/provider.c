#include "tee/provider.h"

#include <errno.h>
#include <sys/random.h>

status tee_attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    struct statement filled = *s;
    if (filled.platform.n == 0)
        filled.platform = bytes_str(p->ops->platform);
    /* An enclave never puts its name to another platform's statement. */
    REQUIRE(bytes_equal(filled.platform, bytes_str(p->ops->platform)), ST_USAGE,
            "a statement of platform %.*s on %s", (int)filled.platform.n,
            (const char *)filled.platform.p, p->ops->platform);
    return p->ops->attest(p, &filled, out);
}

status tee_random(struct tee_provider *p, void *out, size_t n)
{
    return p->ops->random(p, out, n);
}

status tee_measurements(struct tee_provider *p, struct measurements *out)
{
    return p->ops->measurements(p, out);
}

const char *tee_platform(const struct tee_provider *p)
{
    return p->ops->platform;
}

void tee_provider_freep(struct tee_provider **p)
{
    if (*p != NULL)
        (*p)->ops->free(*p);
    *p = NULL;
}

status tee_guest_random(struct tee_provider *p, void *out, size_t n)
{
    uint8_t *at = out;
    (void)p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        REQUIRE(got >= 0 || errno == EINTR, ST_IO, "getrandom: errno %d", errno);
        size_t step = got > 0 ? (size_t)got : 0;
        at += step;
        n -= step;
    }
    return OK;
}
