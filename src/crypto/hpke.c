#include "crypto/hpke.h"

#include <stdlib.h>

#include "crypto/hkdf.h"

/* RFC 9180 sections 4 and 7. Everything here is HKDF-SHA256. */
enum { HASH = HASH_SHA256, HASH_LEN = SHA256_LEN, MODE_BASE = 0 };

struct hpke {
    struct aead *aead;
    uint8_t base_nonce[AEAD_NONCE_LEN];
    uint8_t exporter_secret[HASH_LEN];
    uint8_t suite_id[10];
    uint64_t sequence;
};

/* "KEM" || kem_id, and "HPKE" || kem_id || kdf_id || aead_id (sections 4.1 and 5.1). */
static const uint8_t KEM_SUITE_ID[] = {'K', 'E', 'M', 0x00, 0x20};

static void hpke_suite_id(enum aead_alg alg, uint8_t out[static 10])
{
    static const uint8_t prefix[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01};
    memcpy(out, prefix, sizeof(prefix));
    put_u16be(out + 8, (uint16_t)alg);
}

static status labeled_extract(struct bytes suite_id, struct bytes salt, const char *label,
                              struct bytes ikm, uint8_t out[static HASH_LEN])
{
    struct bytes parts[] = {BYTES_LIT("HPKE-v1"), suite_id, bytes_str(label), ikm};
    return hmac_parts((enum hash_alg)HASH, salt, parts, 4, out);
}

static void put_bytes(uint8_t **at, struct bytes in)
{
    if (in.n > 0)
        memcpy(*at, in.p, in.n);
    *at += in.n;
}

/* The longest label is shorter than 16 bytes, the longest context is the exporter's or the key
 * schedule's, both checked by their callers. */
enum { INFO_FIXED_MAX = 2 + 7 + 10 + 16, CONTEXT_MAX = 256 };

static status labeled_expand(struct bytes suite_id, struct bytes prk, const char *label,
                             struct bytes context, uint8_t *out, size_t out_n)
{
    uint8_t info[INFO_FIXED_MAX + CONTEXT_MAX];
    uint8_t *at = info + 2;
    REQUIRE(context.n <= CONTEXT_MAX && out_n <= HPKE_EXPORT_MAX, ST_LIMIT,
            "HPKE: context of %zu bytes, output of %zu", context.n, out_n);
    put_u16be(info, (uint16_t)out_n);
    put_bytes(&at, BYTES_LIT("HPKE-v1"));
    put_bytes(&at, suite_id);
    put_bytes(&at, bytes_str(label));
    put_bytes(&at, context);
    return hkdf_expand((enum hash_alg)HASH, prk, bytes_of(info, (size_t)(at - info)), out, out_n);
}

/* ExtractAndExpand of section 4.1, with kem_context = enc || recipient. */
static status kem_secret(const struct x25519_secret *dh, const uint8_t *enc,
                         const uint8_t *recipient, struct x25519_secret *out)
{
    uint8_t context[2 * X25519_LEN];
    uint8_t prk[HASH_LEN];
    memcpy(context, enc, X25519_LEN);
    memcpy(context + X25519_LEN, recipient, X25519_LEN);
    status s =
        labeled_extract(BYTES_OF(KEM_SUITE_ID), (struct bytes){0}, "eae_prk", BYTES_OF(dh->b), prk);
    if (ok(s))
        s = labeled_expand(BYTES_OF(KEM_SUITE_ID), BYTES_OF(prk), "shared_secret",
                           BYTES_OF(context), out->b, sizeof(out->b));
    wipe(prk, sizeof(prk));
    return s;
}

void hpke_freep(struct hpke **h)
{
    if (*h != NULL) {
        aead_freep(&(*h)->aead);
        wipe(*h, sizeof(**h));
    }
    free(*h);
    *h = NULL;
}

/* key_schedule_context = mode || psk_id_hash || info_hash (section 5.1); no PSK in base mode. */
static status schedule_context(struct bytes suite_id, struct bytes info,
                               uint8_t out[static 1 + 2 * HASH_LEN])
{
    out[0] = MODE_BASE;
    TRY(labeled_extract(suite_id, (struct bytes){0}, "psk_id_hash", (struct bytes){0}, out + 1));
    return labeled_extract(suite_id, (struct bytes){0}, "info_hash", info, out + 1 + HASH_LEN);
}

static status expand_schedule(struct hpke *h, enum aead_alg alg, struct bytes secret,
                              struct bytes context)
{
    struct bytes id = BYTES_OF(h->suite_id);
    struct aead_key key CLEANUP(aead_key_wipe) = {.alg = alg};
    TRY(labeled_expand(id, secret, "key", context, key.b, sizeof(key.b)));
    TRY(labeled_expand(id, secret, "base_nonce", context, h->base_nonce, sizeof(h->base_nonce)));
    TRY(labeled_expand(id, secret, "exp", context, h->exporter_secret, sizeof(h->exporter_secret)));
    return aead_new(&key, &h->aead);
}

static status key_schedule(enum aead_alg alg, const struct x25519_secret *shared, struct bytes info,
                           struct hpke **out)
{
    uint8_t context[1 + 2 * HASH_LEN];
    uint8_t secret[HASH_LEN];
    struct hpke *h CLEANUP(hpke_freep) = calloc(1, sizeof(*h));
    REQUIRE(h != NULL, ST_NOMEM, "no memory for an HPKE context");
    hpke_suite_id(alg, h->suite_id);
    TRY(schedule_context(BYTES_OF(h->suite_id), info, context));
    TRY(labeled_extract(BYTES_OF(h->suite_id), BYTES_OF(shared->b), "secret", (struct bytes){0},
                        secret));
    status s = expand_schedule(h, alg, BYTES_OF(secret), BYTES_OF(context));
    wipe(secret, sizeof(secret));
    TRY(s);
    *out = h;
    h = NULL;
    return OK;
}

/* enc is the ephemeral key's public half, which both callers have at hand. */
static status encapsulate(enum aead_alg alg, const struct x25519_secret *ephemeral,
                          const uint8_t enc[static HPKE_ENC_LEN], const uint8_t *recipient,
                          struct bytes info, struct hpke **out)
{
    struct x25519_secret dh CLEANUP(x25519_secret_wipe) = {{0}};
    struct x25519_secret shared CLEANUP(x25519_secret_wipe) = {{0}};
    TRY(x25519_shared(ephemeral, recipient, &dh));
    TRY(kem_secret(&dh, enc, recipient, &shared));
    return key_schedule(alg, &shared, info, out);
}

status hpke_setup_sender_with(enum aead_alg alg, const struct x25519_secret *ephemeral,
                              const uint8_t recipient[static X25519_LEN], struct bytes info,
                              uint8_t out_enc[static HPKE_ENC_LEN], struct hpke **out)
{
    uint8_t enc[HPKE_ENC_LEN];
    TRY(x25519_public(ephemeral, enc));
    TRY(encapsulate(alg, ephemeral, enc, recipient, info, out));
    memcpy(out_enc, enc, sizeof(enc));
    return OK;
}

status hpke_setup_sender(enum aead_alg alg, const uint8_t recipient[static X25519_LEN],
                         struct bytes info, uint8_t out_enc[static HPKE_ENC_LEN], struct hpke **out)
{
    uint8_t enc[HPKE_ENC_LEN];
    struct x25519_secret ephemeral CLEANUP(x25519_secret_wipe) = {{0}};
    TRY(x25519_generate(&ephemeral, enc));
    TRY(encapsulate(alg, &ephemeral, enc, recipient, info, out));
    memcpy(out_enc, enc, sizeof(enc));
    return OK;
}

status hpke_setup_receiver(enum aead_alg alg, const struct x25519_secret *recipient,
                           struct bytes info, const uint8_t enc[static HPKE_ENC_LEN],
                           struct hpke **out)
{
    uint8_t public_key[X25519_LEN];
    struct x25519_secret dh CLEANUP(x25519_secret_wipe) = {{0}};
    struct x25519_secret shared CLEANUP(x25519_secret_wipe) = {{0}};
    TRY(x25519_public(recipient, public_key));
    TRY(x25519_shared(recipient, enc, &dh));
    TRY(kem_secret(&dh, enc, public_key, &shared));
    return key_schedule(alg, &shared, info, out);
}

/* ComputeNonce of section 5.2. The sequence has 64 bits of the nonce's 96; the last value is never
 * used, so it cannot come round. */
static status next_nonce(struct hpke *h, uint8_t out[static AEAD_NONCE_LEN])
{
    uint8_t sequence[8];
    REQUIRE(h->sequence < UINT64_MAX, ST_LIMIT, "HPKE: no sequence number is left");
    put_u64be(sequence, h->sequence);
    memcpy(out, h->base_nonce, AEAD_NONCE_LEN);
    for (size_t i = 0; i < sizeof(sequence); i++)
        out[4 + i] = (uint8_t)(out[4 + i] ^ sequence[i]);
    return OK;
}

status hpke_seal(struct hpke *h, struct bytes aad, struct bytes plain, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_LEN];
    TRY(next_nonce(h, nonce));
    /* Counted before the call: a nonce that may have been used is used up. */
    h->sequence++;
    return aead_seal(h->aead, nonce, aad, plain, out);
}

status hpke_open(struct hpke *h, struct bytes aad, struct bytes sealed, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_LEN];
    TRY(next_nonce(h, nonce));
    TRY(aead_open(h->aead, nonce, aad, sealed, out));
    h->sequence++;
    return OK;
}

status hpke_export(const struct hpke *h, struct bytes context, uint8_t *out, size_t out_n)
{
    return labeled_expand(BYTES_OF(h->suite_id), BYTES_OF(h->exporter_secret), "sec", context, out,
                          out_n);
}

status hpke_derive_key_pair(struct bytes ikm, struct x25519_secret *out_secret,
                            uint8_t out_public[static X25519_LEN])
{
    uint8_t prk[HASH_LEN];
    struct x25519_secret secret CLEANUP(x25519_secret_wipe) = {{0}};
    struct bytes id = BYTES_OF(KEM_SUITE_ID);
    TRY(labeled_extract(id, (struct bytes){0}, "dkp_prk", ikm, prk));
    status s =
        labeled_expand(id, BYTES_OF(prk), "sk", (struct bytes){0}, secret.b, sizeof(secret.b));
    wipe(prk, sizeof(prk));
    TRY(s);
    TRY(x25519_public(&secret, out_public));
    *out_secret = secret;
    return OK;
}
