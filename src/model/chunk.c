#include "model/chunk.h"

#define CHUNK_DOMAIN "eml-package-chunk-v1"

enum {
    DOMAIN_LEN = sizeof(CHUNK_DOMAIN) - 1,
    AAD_LEN = DOMAIN_LEN + SHA256_LEN + AEAD_NONCE_LEN,
};

static void nonce_of(const struct chunk_place *at, uint8_t out[static AEAD_NONCE_LEN])
{
    put_u16be(out, at->file);
    out[2] = (uint8_t)at->kind;
    put_u64be(out + 3, at->index);
    out[11] = at->is_last ? 1 : 0;
}

static void aad_of(const struct chunk_place *at, const uint8_t nonce[static AEAD_NONCE_LEN],
                   uint8_t out[static AAD_LEN])
{
    memcpy(out, CHUNK_DOMAIN, DOMAIN_LEN);
    memcpy(out + DOMAIN_LEN, at->manifest_digest, SHA256_LEN);
    memcpy(out + DOMAIN_LEN + SHA256_LEN, nonce, AEAD_NONCE_LEN);
}

status chunk_seal(struct aead *a, const struct chunk_place *at, struct bytes plain, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    nonce_of(at, nonce);
    aad_of(at, nonce, aad);
    return aead_seal(a, nonce, BYTES_OF(aad), plain, out);
}

status chunk_open(struct aead *a, const struct chunk_place *at, struct bytes sealed, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    nonce_of(at, nonce);
    aad_of(at, nonce, aad);
    return aead_open(a, nonce, BYTES_OF(aad), sealed, out);
}
