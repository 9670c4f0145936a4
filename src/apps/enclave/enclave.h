/* enclave - what eml-enclave and eml-enclave-sim share: from a configuration to a service at work.
 *
 * The two programs differ in the provider that they link, and in nothing else: no flag, file or
 * variable turns one into the other.
 */
#ifndef APPS_ENCLAVE_H
#define APPS_ENCLAVE_H

#include "apps/enclave/enclave_config.h"

/* Opens the platform that this program was built for. */
typedef status (*enclave_platform_fn)(const struct enclave_config *c, struct tee_provider **out);
/* Called once the service stands, before the first connection; may be NULL. */
typedef status (*enclave_ready_fn)(void *ctx, const struct enclave_config *c,
                                   struct tee_provider *provider, const struct embedder *embedder);

/* Runs until SIGTERM or SIGINT. Returns the exit code. */
int enclave_run(const char *config_path, enclave_platform_fn open_platform, enclave_ready_fn ready,
                void *ctx);

#endif
