#include "model/keywrap.h"

#include "crypto/rand.h"

#define KEYWRAP_DOMAIN "eml-keywrap-v1"

enum {
    KEYWRAP_VERSION = 1,
    SEALED_LEN = AEAD_KEY_LEN + AEAD_TAG_LEN,
    DOMAIN_LEN = sizeof(KEYWRAP_DOMAIN) - 1,
    AAD_LEN = DOMAIN_LEN + SHA256_LEN,
};

struct keywrap {
    uint8_t version;
    uint8_t alg;
    uint8_t nonce[AEAD_NONCE_LEN];
    struct bytes sealed; /* borrowed from the input */
};

static void aad_of(const uint8_t manifest_digest[static SHA256_LEN], uint8_t out[static AAD_LEN])
{
    memcpy(out, KEYWRAP_DOMAIN, DOMAIN_LEN);
    memcpy(out + DOMAIN_LEN, manifest_digest, SHA256_LEN);
}

status keywrap_seal(const struct aead_key *kek, const uint8_t manifest_digest[static SHA256_LEN],
                    const struct aead_key *dek, struct buf *out)
{
    uint8_t aad[AAD_LEN];
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t sealed[SEALED_LEN];
    struct aead *a CLEANUP(aead_freep) = NULL;
    aad_of(manifest_digest, aad);
    TRY(rand_bytes(nonce, sizeof(nonce)));
    TRY(aead_new(kek, &a));
    TRY(aead_seal(a, nonce, BYTES_OF(aad), BYTES_OF(dek->b), sealed));
    buf_put_u8(out, KEYWRAP_VERSION);
    buf_put_u8(out, AEAD_AES_256_GCM);
    buf_put(out, BYTES_OF(nonce));
    buf_put(out, BYTES_OF(sealed));
    return buf_status(out);
}

static status parse(struct bytes in, struct keywrap *out)
{
    struct rd r = rd_over(in);
    out->version = rd_u8(&r);
    out->alg = rd_u8(&r);
    rd_copy(&r, out->nonce, sizeof(out->nonce));
    out->sealed = rd_take(&r, SEALED_LEN);
    TRY(status_context(rd_end(&r), "wrapped key"));
    REQUIRE(out->version == KEYWRAP_VERSION, ST_FORMAT, "wrapped key: version %u", out->version);
    REQUIRE(out->alg == AEAD_AES_256_GCM, ST_ALG, "wrapped key: algorithm %u", out->alg);
    return OK;
}

status keywrap_open(const struct aead_key *kek, const uint8_t manifest_digest[static SHA256_LEN],
                    struct bytes wrapped, struct aead_key *out_dek)
{
    struct keywrap kw = {0};
    uint8_t aad[AAD_LEN];
    struct aead *a CLEANUP(aead_freep) = NULL;
    struct aead_key dek CLEANUP(aead_key_wipe) = {.alg = AEAD_AES_256_GCM};
    TRY(parse(wrapped, &kw));
    aad_of(manifest_digest, aad);
    TRY(aead_new(kek, &a));
    TRY(status_context(aead_open(a, kw.nonce, BYTES_OF(aad), kw.sealed, dek.b), "wrapped key"));
    *out_dek = dek; /* publish last: out_dek is untouched on every failure above */
    return OK;
}
