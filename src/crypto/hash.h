/* hash - SHA-2 digests and HMAC. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/bytes.h"

enum { SHA256_LEN = 32, SHA384_LEN = 48, SHA512_LEN = 64, HASH_MAX_LEN = 64 };

enum hash_alg { HASH_SHA256, HASH_SHA384, HASH_SHA512 };

size_t hash_len(enum hash_alg alg);

/* out holds hash_len(alg) bytes. Fails with ST_INTERNAL or ST_NOMEM only. */
NODISCARD status hash_parts(enum hash_alg alg, const struct bytes *parts, size_t n_parts,
                            uint8_t *out);
NODISCARD status sha256(struct bytes in, uint8_t out[static SHA256_LEN]);
NODISCARD status sha384(struct bytes in, uint8_t out[static SHA384_LEN]);

/* A digest in progress. Copying the running state (hash_peek) does not end it. */
struct hash;
NODISCARD status hash_new(enum hash_alg alg, struct hash **out);
void hash_freep(struct hash **h);
NODISCARD status hash_update(struct hash *h, struct bytes in);
NODISCARD status hash_final(struct hash *h, uint8_t *out);
NODISCARD status hash_peek(const struct hash *h, uint8_t *out);

/* HMAC, RFC 2104. out holds hash_len(alg) bytes. Tags are compared with ct_equal(). */
NODISCARD status hmac(enum hash_alg alg, struct bytes key, struct bytes in, uint8_t *out);
NODISCARD status hmac_parts(enum hash_alg alg, struct bytes key, const struct bytes *parts,
                            size_t n_parts, uint8_t *out);

#endif
