/* enclave_config - the configuration of an enclave program (docs/CONFIG.md, man eml-enclave).
 *
 *     { "listen": "vsock:any:5000", "service": "embed.example", "threads": 2, "kernels": "auto",
 *       "platform": "nitro",                          or "tsm" or "confidential-space"
 *       "confidential_space": { "audience": "https://client.example", "token_type": "PKI" },
 *       "state_dir": "state",                         simulated platform only
 *       "model": { "package": "minilm.pkg", "publisher_key": "<64 hex>", "min_version": 1,
 *                  "key_file": "minilm.pkg.key" },
 *       "epoch_s": 0, "limits": { ... } }
 *
 * Paths are taken from the folder of the file. The SHA-256 of the file's bytes is part of what the
 * hardware signs, so the operator of the host cannot change a limit or a trust anchor unseen.
 * Untrusted: the operator writes it. Unknown keys are refused.
 */
#ifndef APPS_ENCLAVE_CONFIG_H
#define APPS_ENCLAVE_CONFIG_H

#include "apps/common/config.h"
#include "crypto/ed25519.h"
#include "serve/service.h"

#include <limits.h>

struct enclave_config {
    struct config file; /* owns all text below */
    const char *listen;
    const char *platform;     /* NULL when not given */
    const char *audience;     /* of Confidential Space's tokens; NULL when not given */
    bool asks_for_oidc;       /* instead of PKI */
    char state_dir[PATH_MAX]; /* empty when not given */
    char package[PATH_MAX];
    char key_file[PATH_MAX];
    uint8_t publisher[ED25519_PUBLIC_LEN];
    uint64_t min_version;
    uint32_t threads;
    const char *kernels;
    struct service_options service;
};

NODISCARD status enclave_config_open(const char *path, struct enclave_config *out);
void enclave_config_done(struct enclave_config *c);

#endif
