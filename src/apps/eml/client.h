/* client - the user's side of a session: configuration, policy, connection, and answers that are
 * verified before anybody sees them.
 *
 *     { "connect": "tcp:127.0.0.1:7443", "policy": "policy.json",
 *       "policy_key": the Ed25519 key that must have signed the policy,
 *       "suite": "aes-256-gcm",  or "chacha20-poly1305"; without it the client offers both
 *       "crls": ["nitro.crl"], "timeout_s": 120, "pad_to_bytes": 0,
 *       "collateral", "certs", "jwks", "reference_values": files to judge evidence with,
 *       "state": a file that remembers the newest collateral and policy }
 *
 * Untrusted: a policy until the key verified it, where there is one; the relay, and the enclave
 * until its evidence held; afterwards each answer until its receipt held.
 */
#ifndef APPS_EML_CLIENT_H
#define APPS_EML_CLIENT_H

#include "apps/common/config.h"
#include "channel/channel.h"
#include "client/query.h"
#include "tee/verify/evidence.h"
#include "tee/verify/evidence_policy_file.h"

#include <limits.h>

enum { CLIENT_CRLS_MAX = 8 };

struct client {
    struct config file;
    const char *connect;
    uint64_t timeout_ms;
    struct channel_client_options options;
    uint8_t policy_key[ED25519_PUBLIC_LEN];
    bool has_policy_key;
    struct buf policy_file; /* as it was read */
    struct evidence_policy *policy;
    struct buf crl_bytes[CLIENT_CRLS_MAX];
    struct bytes crls[CLIENT_CRLS_MAX];
    struct buf collateral_bytes, certs_bytes, jwks_bytes, reference_bytes;
    struct evidence_inputs beside;  /* borrows from those above */
    struct evidence_memory *memory; /* NULL without a state file */
    char state_path[PATH_MAX];
    struct checks checks; /* of the evidence and the handshake */
    struct session *session;
};

/* Reads the configuration and the policy that it names. */
NODISCARD status client_open(const char *config_path, struct client *out);
/* Connects, verifies the evidence, and leaves a session; c->checks is filled also on failure. */
NODISCARD status client_connect(struct client *c);
/* A further session with the same settings; its checks go to *out_checks. */
NODISCARD status client_connect_another(const struct client *c, struct checks *out_checks,
                                        struct session **out);
/* Whether evidence was judged at all. A host that is down or refuses is no verdict on an enclave.
 */
bool client_has_verdict(const struct checks *c);
/* Prints the failure; the exit code is the verdict's where there is one, else the failure's. */
int client_fail(const struct checks *c, status s);
void client_done(struct client *c);

#endif
