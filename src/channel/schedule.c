#include "channel/schedule.h"

#include "crypto/hash.h"

void session_secrets_wipe(struct session_secrets *s)
{
    wipe(s, sizeof(*s));
}

status schedule_export(const struct hpke *h, struct session_secrets *out)
{
    struct session_secrets s CLEANUP(session_secrets_wipe) = {0};
    TRY(hpke_export(h, BYTES_LIT("eml-channel-v1 client confirm"), s.client_confirm.b,
                    sizeof(s.client_confirm.b)));
    TRY(hpke_export(h, BYTES_LIT("eml-channel-v1 server confirm"), s.server_confirm.b,
                    sizeof(s.server_confirm.b)));
    TRY(hpke_export(h, BYTES_LIT("eml-channel-v1 client traffic"), s.client_traffic.b,
                    sizeof(s.client_traffic.b)));
    TRY(hpke_export(h, BYTES_LIT("eml-channel-v1 server traffic"), s.server_traffic.b,
                    sizeof(s.server_traffic.b)));
    TRY(hpke_export(h, BYTES_LIT("eml-channel-v1 session id"), s.session_id, sizeof(s.session_id)));
    *out = s;
    return OK;
}

status confirmation_make(const struct confirm_key *key, const uint8_t digest[static 32],
                         uint8_t out[static 32])
{
    return hmac(HASH_SHA256, BYTES_OF(key->b), bytes_of(digest, 32), out);
}

status confirmation_verify(const struct confirm_key *key, const uint8_t digest[static 32],
                           const uint8_t confirmation[static 32])
{
    uint8_t expected[32];
    TRY(confirmation_make(key, digest, expected));
    REQUIRE(ct_equal(expected, confirmation, sizeof(expected)), ST_AUTH,
            "the peer's key confirmation does not hold");
    return OK;
}
