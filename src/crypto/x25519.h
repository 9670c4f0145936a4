/* x25519 - Diffie-Hellman of RFC 7748. An all-zero shared secret is refused (section 6.1). */
#ifndef CRYPTO_X25519_H
#define CRYPTO_X25519_H

#include "base/bytes.h"

enum { X25519_LEN = 32 };

struct x25519_secret {
    uint8_t b[X25519_LEN];
};

void x25519_secret_wipe(struct x25519_secret *s);
NODISCARD status x25519_generate(struct x25519_secret *out_secret,
                                 uint8_t out_public[static X25519_LEN]);
NODISCARD status x25519_public(const struct x25519_secret *s,
                               uint8_t out_public[static X25519_LEN]);
/* ST_AUTH when the peer's point gives the all-zero secret. */
NODISCARD status x25519_shared(const struct x25519_secret *s,
                               const uint8_t peer_public[static X25519_LEN],
                               struct x25519_secret *out_shared);

#endif
