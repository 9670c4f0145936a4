/* lib - what the modules of this layer share in their dealings with libcrypto. Private to
 * src/crypto: no other layer sees an OpenSSL header.
 *
 * Algorithms are fetched once for the process: a fetch by name costs more than hashing a short
 * message. No configuration file is read, so OPENSSL_CONF in a hostile environment loads nothing.
 */
#ifndef CRYPTO_LIB_H
#define CRYPTO_LIB_H

#include "crypto/aead.h"
#include "crypto/hash.h"

#include <openssl/evp.h>

/* Every entry into libcrypto asks for these first; that is what sets the library up. Each starts
 * with an empty error queue, so that nothing left there by others is taken for this call's.
 * ST_INTERNAL when libcrypto lacks an algorithm. The pointers live as long as the process. */
NODISCARD status lib_init(void);
NODISCARD status lib_digest(enum hash_alg alg, const EVP_MD **out);
NODISCARD status lib_cipher(enum aead_alg alg, const EVP_CIPHER **out);
NODISCARD status lib_aes_cbc(const EVP_CIPHER **out);

/* The failure of a libcrypto call that has no verdict in it: ST_NOMEM when memory ran out,
 * ST_INTERNAL otherwise. Empties this thread's error queue. */
NODISCARD status lib_fail(const char *what);
/* The same for a call whose ordinary failure is a verdict on its input. */
NODISCARD status lib_fail_as(enum status_code verdict, const char *what);
/* Nothing stays on the error queue that a later call could take for its own. For functions whose
 * success may leave errors there (decoders that try several forms). */
void lib_errors_drop(void);

/* The key inside, borrowed: for the modules of this layer that sign with it. */
struct ecdsa_secret;
EVP_PKEY *ecdsa_secret_pkey(const struct ecdsa_secret *s);
struct rsa_secret;
EVP_PKEY *rsa_secret_pkey(const struct rsa_secret *s);

void lib_pkey_freep(EVP_PKEY **p);
void lib_pkey_ctx_freep(EVP_PKEY_CTX **p);
void lib_md_ctx_freep(EVP_MD_CTX **p);

#endif
