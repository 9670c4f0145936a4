/* rand - random bytes from the operating system's generator through libcrypto. */
#ifndef CRYPTO_RAND_H
#define CRYPTO_RAND_H

#include "base/bytes.h"

/* Fails closed with ST_INTERNAL; out is then zeroed. */
NODISCARD status rand_bytes(void *out, size_t n);
/* Mixes more entropy in (the NSM's generator, say). Never lowers what is there. */
void rand_mix(struct bytes entropy);

#endif
