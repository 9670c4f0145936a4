/* provider - where an enclave's evidence comes from: one interface, one implementation a platform.
 *
 * A program links the providers that it may use, and its attested configuration says which;
 * evidence names the platform in any case. All functions may be called by several threads at once.
 */
#ifndef TEE_PROVIDER_H
#define TEE_PROVIDER_H

#include "base/buf.h"
#include "tee/verify/measurements.h"
#include "tee/verify/statement.h"

struct tee_provider;

struct tee_provider_ops {
    const char *platform; /* the platform id in statements */
    status (*attest)(struct tee_provider *p, const struct statement *s, struct buf *out);
    status (*random)(struct tee_provider *p, void *out, size_t n);
    status (*measurements)(struct tee_provider *p, struct measurements *out);
    void (*free)(struct tee_provider *p);
};

/* First member of each implementation's own struct. */
struct tee_provider {
    const struct tee_provider_ops *ops;
};

/* Appends evidence over the statement. s->platform must be tee_platform(p), or empty and is then
 * filled in; ST_USAGE otherwise, ST_IO when the platform refuses. */
NODISCARD status tee_attest(struct tee_provider *p, const struct statement *s, struct buf *out);
/* Random bytes of the platform. Mix them into the generator with rand_mix(); never use them alone.
 */
NODISCARD status tee_random(struct tee_provider *p, void *out, size_t n);
/* What evidence of this boot will carry. */
NODISCARD status tee_measurements(struct tee_provider *p, struct measurements *out);
const char *tee_platform(const struct tee_provider *p);
void tee_provider_freep(struct tee_provider **p); /* takes NULL */

/* ops->random for platforms without a generator of their own: the guest's kernel, which the CPU
 * seeds. ST_IO. */
status tee_guest_random(struct tee_provider *p, void *out, size_t n);

#endif
