/* aead - AES-256-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), 12-byte nonce, 16-byte
 * tag.
 *
 * Sealed = ciphertext || tag. The values of enum aead_alg are those of HPKE (RFC 9180 section 7.3).
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/bytes.h"

enum { AEAD_KEY_LEN = 32, AEAD_NONCE_LEN = 12, AEAD_TAG_LEN = 16 };

enum aead_alg { AEAD_AES_256_GCM = 2, AEAD_CHACHA20_POLY1305 = 3 };

struct aead_key {
    enum aead_alg alg;
    uint8_t b[AEAD_KEY_LEN];
};

void aead_key_wipe(struct aead_key *key);
bool aead_alg_is_known(unsigned alg);

/* A key made ready for many messages. Not for two threads at a time. */
struct aead;
NODISCARD status aead_new(const struct aead_key *key, struct aead **out);
void aead_freep(struct aead **a); /* wipes the schedule */

/* out holds plain.n + AEAD_TAG_LEN bytes and may be plain.p itself. The caller never repeats a
 * nonce. */
NODISCARD status aead_seal(struct aead *a, const uint8_t nonce[static AEAD_NONCE_LEN],
                           struct bytes aad, struct bytes plain, uint8_t *out);
/* out holds sealed.n - AEAD_TAG_LEN bytes and may be sealed.p itself; on failure it is wiped.
 * ST_TRUNCATED when shorter than a tag, ST_AUTH when the tag does not match. */
NODISCARD status aead_open(struct aead *a, const uint8_t nonce[static AEAD_NONCE_LEN],
                           struct bytes aad, struct bytes sealed, uint8_t *out);

#endif
