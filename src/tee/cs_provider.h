/* cs_provider - the provider inside a Confidential Space workload: tokens of the launcher
 * (cs_launcher.h).
 *
 * eat_nonce = the lower-case hexadecimal SHA-256 of the statement's binding. What is sent is a
 * bundle (tee/verify/bundle.h) of the token and the statement. The launcher asks Google for each
 * token, which takes a second: serve by epochs.
 */
#ifndef TEE_CS_PROVIDER_H
#define TEE_CS_PROVIDER_H

#include "tee/cs_launcher.h"
#include "tee/provider.h"

struct cs_provider_options {
    struct cs_launcher launcher; /* its path is copied */
    const char *audience;        /* copied; ST_USAGE when it is over the launcher's limits */
    enum cs_launcher_kind kind;
};

/* Asks for no token yet. ST_NOMEM, ST_USAGE. */
NODISCARD status cs_provider_open(const struct cs_provider_options *o, struct tee_provider **out);

#endif
