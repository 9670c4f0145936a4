/* cs_launcher - tokens of the Confidential Space launcher, over its Unix socket.
 *
 *     POST /v1/token  {"audience": text, "token_type": "OIDC" | "PKI", "nonces": [text, ...]}
 *
 * The launcher fetches the token from Google's attestation service and answers with its text; a
 * refusal is another status with a line of text. ("Connect to external resources" in Google's
 * documentation of Confidential Space; the limits below are those of its token claims.)
 *
 * Untrusted: the answer. It is bounded in size and time, and must be a token of the kind that was
 * asked for; whether its claims hold is for those to judge who verify it.
 */
#ifndef TEE_CS_LAUNCHER_H
#define TEE_CS_LAUNCHER_H

#include "base/buf.h"

#define CS_LAUNCHER_SOCKET "/run/container_launcher/teeserver.sock"

enum {
    CS_LAUNCHER_TIMEOUT_MS = 20000,
    CS_LAUNCHER_RESPONSE_MAX = 80 << 10,
    CS_LAUNCHER_AUDIENCE_MAX = 512,
    CS_LAUNCHER_NONCES_MAX = 6,
    CS_LAUNCHER_NONCE_MIN = 8,
    CS_LAUNCHER_NONCE_MAX = 88,
};

enum cs_launcher_kind { CS_LAUNCHER_OIDC, CS_LAUNCHER_PKI };

struct cs_launcher {
    const char *socket;  /* path; borrowed */
    uint64_t timeout_ms; /* for all of one request */
};

struct cs_launcher_request {
    struct bytes audience; /* visible ASCII */
    enum cs_launcher_kind kind;
    const struct bytes *nonces; /* visible ASCII, 1 to CS_LAUNCHER_NONCES_MAX */
    size_t n_nonces;
};

/* Appends the token. ST_USAGE a request over the limits; ST_NOTFOUND no socket: no Confidential
 * Space; ST_TIMEOUT; ST_LIMIT; ST_PROTOCOL, ST_TRUNCATED an answer that is no HTTP; ST_IO a
 * refusal, with the launcher's text in the detail; ST_FORMAT, ST_ALG an answer that is no such
 * token. */
NODISCARD status cs_launcher_token(const struct cs_launcher *l, const struct cs_launcher_request *r,
                                   struct buf *out);

#endif
