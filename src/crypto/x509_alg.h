/* x509_alg - the signature algorithms and keys that certificates and CRLs may have. Private to
 * src/crypto.
 *
 * An AlgorithmIdentifier is compared byte for byte with a list: no parameter is interpreted, so
 * none can be misread, and PSS cannot come with a digest, mask or salt of the sender's choice.
 */
#ifndef CRYPTO_X509_ALG_H
#define CRYPTO_X509_ALG_H

#include "base/bytes.h"

enum { X509_ALG_RSA_BITS_MAX = 4096 };

/* algorithm_id is a whole AlgorithmIdentifier, DER. */
bool x509_alg_is_allowed(struct bytes algorithm_id);
/* P-256, P-384, or RSA of 2048 to 4096 bits, in the one accepted form of each. */
bool x509_alg_key_is_allowed(struct bytes spki);

#endif
