/* aes_cbc - AES-256-CBC with PKCS #7 padding (RFC 5652 section 6.3), for CMS messages of a key
 * service and for nothing else: CBC does not authenticate what it carries.
 */
#ifndef CRYPTO_AES_CBC_H
#define CRYPTO_AES_CBC_H

#include "base/buf.h"

enum { AES_CBC_KEY_LEN = 32, AES_CBC_BLOCK = 16, AES_CBC_MAX_BYTES = 1 << 20 };

struct aes_cbc_key {
    uint8_t b[AES_CBC_KEY_LEN];
};

void aes_cbc_key_wipe(struct aes_cbc_key *key);

/* Appends the plaintext. ST_FORMAT when sealed is not whole blocks, at least one; ST_LIMIT; ST_AUTH
 * when the padding is wrong, found in a time that does not depend on the plaintext. */
NODISCARD status aes_cbc_open(const struct aes_cbc_key *key, const uint8_t iv[static AES_CBC_BLOCK],
                              struct bytes sealed, struct buf *out_plain);
NODISCARD status aes_cbc_seal(const struct aes_cbc_key *key, const uint8_t iv[static AES_CBC_BLOCK],
                              struct bytes plain, struct buf *out);

#endif
