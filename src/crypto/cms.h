/* cms - the one shape of CMS EnvelopedData (RFC 5652 section 6) in which AWS KMS hands a key to an
 * enclave (CiphertextForRecipient).
 *
 *     ContentInfo { envelopedData, [0] EnvelopedData { version 2,
 *         SET { KeyTransRecipientInfo { version 2, [0] subjectKeyIdentifier,
 *               RSAES-OAEP with SHA-256 and MGF1-SHA-256, encryptedKey } },
 *         { data, AES-256-CBC with IV, [0] encryptedContent } } }
 *
 * Untrusted: the host carries it, and CBC does not authenticate: what is opened here is a key that
 * must then prove itself by opening what was sealed under it. BER with indefinite lengths and
 * content in pieces is read, as KMS writes it. No algorithm is taken from the message: each stands
 * there and must be the one above, in an encoding listed in the code.
 */
#ifndef CRYPTO_CMS_H
#define CRYPTO_CMS_H

#include "base/buf.h"
#include "crypto/rsa.h"

enum { CMS_MAX_BYTES = 64 << 10 };

/* Appends the plaintext, which the caller wipes (buf_done does).
 * ST_FORMAT, ST_TRUNCATED, ST_LIMIT the message's frame; ST_ALG another algorithm or recipient
 * form; ST_AUTH for everything behind the wrap (wrong key, altered key, altered content, padding):
 * one failure with one text, and the same work done on each way to it. */
NODISCARD status cms_decrypt(const struct rsa_secret *recipient, struct bytes ber,
                             struct buf *out_plain);

#endif
