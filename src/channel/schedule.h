/* schedule - what both sides derive from the HPKE exporter. docs/PROTOCOL.md section 3. */
#ifndef CHANNEL_SCHEDULE_H
#define CHANNEL_SCHEDULE_H

#include "crypto/hpke.h"

enum { TRAFFIC_SECRET_LEN = 32, CONFIRM_KEY_LEN = 32 };

struct traffic_secret {
    uint8_t b[TRAFFIC_SECRET_LEN];
};

struct confirm_key {
    uint8_t b[CONFIRM_KEY_LEN];
};

struct session_secrets {
    struct confirm_key client_confirm;
    struct confirm_key server_confirm;
    struct traffic_secret client_traffic;
    struct traffic_secret server_traffic;
    uint8_t session_id[32]; /* public */
};

void session_secrets_wipe(struct session_secrets *s);
NODISCARD status schedule_export(const struct hpke *h, struct session_secrets *out);
NODISCARD status confirmation_make(const struct confirm_key *key, const uint8_t digest[static 32],
                                   uint8_t out[static 32]);
/* ST_AUTH when it does not hold. */
NODISCARD status confirmation_verify(const struct confirm_key *key, const uint8_t digest[static 32],
                                     const uint8_t confirmation[static 32]);

#endif
