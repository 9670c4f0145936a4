/* hpke - Hybrid Public Key Encryption, RFC 9180, base mode.
 *
 * KEM DHKEM(X25519, HKDF-SHA256) 0x0020, KDF HKDF-SHA256 0x0001, AEAD 0x0002 or 0x0003. No other
 * mode or algorithm can be chosen: there is nothing to negotiate down to.
 */
#ifndef CRYPTO_HPKE_H
#define CRYPTO_HPKE_H

#include "crypto/aead.h"
#include "crypto/x25519.h"

enum { HPKE_ENC_LEN = 32, HPKE_EXPORT_MAX = 255 * 32 };

/* A sender or receiver context (RFC 9180 section 5.1). Owned by the caller; not for two threads at
 * once. */
struct hpke;
void hpke_freep(struct hpke **h); /* wipes every secret */

/* SetupBaseS: writes enc and a context. ST_AUTH for a public key that gives the all-zero secret. */
NODISCARD status hpke_setup_sender(enum aead_alg alg, const uint8_t recipient[static X25519_LEN],
                                   struct bytes info, uint8_t out_enc[static HPKE_ENC_LEN],
                                   struct hpke **out);
/* The same with the ephemeral key given: for test vectors only. */
NODISCARD status hpke_setup_sender_with(enum aead_alg alg, const struct x25519_secret *ephemeral,
                                        const uint8_t recipient[static X25519_LEN],
                                        struct bytes info, uint8_t out_enc[static HPKE_ENC_LEN],
                                        struct hpke **out);
/* SetupBaseR. */
NODISCARD status hpke_setup_receiver(enum aead_alg alg, const struct x25519_secret *recipient,
                                     struct bytes info, const uint8_t enc[static HPKE_ENC_LEN],
                                     struct hpke **out);
/* Seal and Open with the context's own sequence number; ST_LIMIT when it is used up. */
NODISCARD status hpke_seal(struct hpke *h, struct bytes aad, struct bytes plain, uint8_t *out);
NODISCARD status hpke_open(struct hpke *h, struct bytes aad, struct bytes sealed, uint8_t *out);
/* Secret export (section 5.3). ST_LIMIT for a context above 256 bytes or more than HPKE_EXPORT_MAX
 * bytes. */
NODISCARD status hpke_export(const struct hpke *h, struct bytes context, uint8_t *out,
                             size_t out_n);
/* DeriveKeyPair (section 7.1.3). ikm has the entropy of the key: 32 random bytes or more. */
NODISCARD status hpke_derive_key_pair(struct bytes ikm, struct x25519_secret *out_secret,
                                      uint8_t out_public[static X25519_LEN]);

#endif
