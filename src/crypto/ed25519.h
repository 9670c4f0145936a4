/* ed25519 - signatures of RFC 8032, verified strictly.
 *
 * Strict: S below the group order, no small-order or non-canonical public key or R. libcrypto alone
 * accepts small-order keys, under which one signature fits many messages.
 */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include "base/bytes.h"

enum { ED25519_SEED_LEN = 32, ED25519_PUBLIC_LEN = 32, ED25519_SIG_LEN = 64 };

struct ed25519_secret {
    uint8_t seed[ED25519_SEED_LEN];
    uint8_t public_key[ED25519_PUBLIC_LEN];
};

void ed25519_secret_wipe(struct ed25519_secret *s);
NODISCARD status ed25519_generate(struct ed25519_secret *out);
NODISCARD status ed25519_from_seed(const uint8_t seed[static ED25519_SEED_LEN],
                                   struct ed25519_secret *out);
NODISCARD status ed25519_sign(const struct ed25519_secret *s, struct bytes message,
                              uint8_t out_sig[static ED25519_SIG_LEN]);
/* A secret made ready for many signatures: what libcrypto derives from the seed is derived once,
 * which is about half of a signature's cost. Any number of threads may sign with it. */
struct ed25519_signer;
NODISCARD status ed25519_signer_new(const struct ed25519_secret *s, struct ed25519_signer **out);
void ed25519_signer_freep(struct ed25519_signer **s); /* wipes what it holds */
NODISCARD status ed25519_signer_sign(const struct ed25519_signer *s, struct bytes message,
                                     uint8_t out_sig[static ED25519_SIG_LEN]);

/* ST_AUTH when the signature does not hold; ST_ALG for a key that strict verification refuses;
 * ST_FORMAT for a signature of another size. */
NODISCARD status ed25519_verify(const uint8_t public_key[static ED25519_PUBLIC_LEN],
                                struct bytes message, struct bytes sig);

#endif
