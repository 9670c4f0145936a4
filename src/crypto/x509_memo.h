/* x509_memo - certificates that libcrypto has parsed, by the SHA-256 of their bytes. Private to
 * src/crypto.
 *
 * Parsing one costs libcrypto 3.0 more than verifying a P-256 or an RSA signature (it looks for a
 * decoder of the key each time), and chains share their upper part. What is kept is what the bytes
 * say and nothing about trust: every signature, time and usage is judged anew. One for the process,
 * of bounded size; the oldest makes room. Any thread may call.
 */
#ifndef CRYPTO_X509_MEMO_H
#define CRYPTO_X509_MEMO_H

#include <openssl/x509.h>

#include "crypto/hash.h"

enum { X509_MEMO_CERTS = 32 };

/* A reference that the caller frees, or NULL. */
X509 *x509_memo_find(const uint8_t digest[static SHA256_LEN]);
void x509_memo_keep(const uint8_t digest[static SHA256_LEN], X509 *cert);
void x509_memo_clear(void);

#endif
