/* bench_crypto - what one operation of the crypto layer costs.
 *
 *     bench_crypto
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hkdf.h"
#include "crypto/hpke.h"
#include "crypto/x509.h"
#include "crypto/x509_issue.h"

enum { ROUNDS = 2000, DATA_MAX = 16 << 10, DER_MAX = 4096 };

struct subject {
    struct aead *aes, *chacha;
    struct x25519_secret x25519;
    uint8_t x25519_public[X25519_LEN];
    struct ed25519_secret ed25519;
    uint8_t sig[ED25519_SIG_LEN];
    struct ecdsa_secret *p384;
    struct buf spki, root, leaf;
    uint8_t p384_sig[ECDSA_SIG_MAX];
    uint8_t data[DATA_MAX + AEAD_TAG_LEN];
    uint64_t nonce;
};

typedef status (*step_fn)(struct subject *s);

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static status measure(struct subject *s, const char *name, int rounds, step_fn step)
{
    static uint64_t ns[ROUNDS];
    for (int i = -10; i < rounds; i++) {
        uint64_t from = clock_mono_ns();
        TRY(step(s));
        if (i >= 0)
            ns[i] = clock_mono_ns() - from;
    }
    qsort(ns, (size_t)rounds, sizeof(ns[0]), by_value);
    (void)printf("%-34s median %8.2f us, least %8.2f us, 95%% %8.2f us\n", name,
                 (double)ns[rounds / 2] / 1e3, (double)ns[0] / 1e3,
                 (double)ns[rounds * 95 / 100] / 1e3);
    return OK;
}

static status seal(struct subject *s, struct aead *a, size_t n)
{
    uint8_t nonce[AEAD_NONCE_LEN] = {0};
    put_u64be(nonce + 4, s->nonce++);
    return aead_seal(a, nonce, BYTES_LIT("record"), bytes_of(s->data, n), s->data);
}

static status seal_and_open(struct subject *s, struct aead *a, size_t n)
{
    uint8_t nonce[AEAD_NONCE_LEN] = {0};
    put_u64be(nonce + 4, s->nonce);
    TRY(seal(s, a, n));
    return aead_open(a, nonce, BYTES_LIT("record"), bytes_of(s->data, n + AEAD_TAG_LEN), s->data);
}

static status aes_seal_1k(struct subject *s)
{
    return seal(s, s->aes, 1 << 10);
}

static status aes_both_1k(struct subject *s)
{
    return seal_and_open(s, s->aes, 1 << 10);
}

static status aes_both_16k(struct subject *s)
{
    return seal_and_open(s, s->aes, DATA_MAX);
}

static status chacha_seal_1k(struct subject *s)
{
    return seal(s, s->chacha, 1 << 10);
}

static status chacha_both_1k(struct subject *s)
{
    return seal_and_open(s, s->chacha, 1 << 10);
}

static status chacha_both_16k(struct subject *s)
{
    return seal_and_open(s, s->chacha, DATA_MAX);
}

static status make_aead(struct subject *s)
{
    struct aead_key key = {.alg = AEAD_AES_256_GCM};
    aead_freep(&s->aes);
    return aead_new(&key, &s->aes);
}

static status hash_1k(struct subject *s)
{
    uint8_t out[SHA256_LEN];
    return sha256(bytes_of(s->data, 1 << 10), out);
}

static status hash_16k(struct subject *s)
{
    uint8_t out[SHA256_LEN];
    return sha256(bytes_of(s->data, DATA_MAX), out);
}

static status derive(struct subject *s)
{
    uint8_t prk[SHA256_LEN], out[32];
    TRY(hkdf_extract(HASH_SHA256, BYTES_LIT("salt"), bytes_of(s->data, 32), prk));
    return hkdf_expand(HASH_SHA256, BYTES_OF(prk), BYTES_LIT("info"), out, sizeof(out));
}

static status x25519_make(struct subject *s)
{
    return x25519_generate(&s->x25519, s->x25519_public);
}

static status x25519_agree(struct subject *s)
{
    struct x25519_secret out;
    return x25519_shared(&s->x25519, s->x25519_public, &out);
}

static status sign(struct subject *s)
{
    return ed25519_sign(&s->ed25519, bytes_of(s->data, 600), s->sig);
}

static status verify(struct subject *s)
{
    TRY(sign(s));
    return ed25519_verify(s->ed25519.public_key, bytes_of(s->data, 600), BYTES_OF(s->sig));
}

static status verify_p384(struct subject *s)
{
    return ecdsa_verify_spki(ECDSA_ES384, buf_view(&s->spki), BYTES_LIT("message"),
                             BYTES_OF(s->p384_sig));
}

static status verify_chain(struct subject *s)
{
    struct x509_chain chain = {
        .root = buf_view(&s->root), .leaf = buf_view(&s->leaf), .at_unix_s = 500};
    struct x509_verified v;
    return x509_verify_chain(&chain, &v);
}

static status hpke_sender(struct subject *s)
{
    struct hpke *h CLEANUP(hpke_freep) = NULL;
    uint8_t enc[HPKE_ENC_LEN];
    return hpke_setup_sender(AEAD_AES_256_GCM, s->x25519_public, BYTES_LIT("info"), enc, &h);
}

static status hpke_receiver(struct subject *s)
{
    struct hpke *h CLEANUP(hpke_freep) = NULL;
    return hpke_setup_receiver(AEAD_AES_256_GCM, &s->x25519, BYTES_LIT("info"), s->x25519_public,
                               &h);
}

static status issue(struct subject *s)
{
    struct x509_request req = {.common_name = "r",
                               .issuer_name = "r",
                               .is_ca = true,
                               .path_len = -1,
                               .not_after_unix_s = 1000,
                               .subject_key = s->p384,
                               .issuer_key = s->p384};
    TRY(x509_issue(&req, &s->root));
    req.common_name = "l";
    req.is_ca = false;
    return x509_issue(&req, &s->leaf);
}

static status prepare(struct subject *s)
{
    struct aead_key key = {.alg = AEAD_CHACHA20_POLY1305};
    TRY(aead_new(&key, &s->chacha));
    TRY(x25519_make(s));
    TRY(ed25519_generate(&s->ed25519));
    TRY(ecdsa_generate(ECDSA_ES384, &s->p384));
    TRY(ecdsa_public_spki(s->p384, &s->spki));
    TRY(ecdsa_sign(s->p384, BYTES_LIT("message"), s->p384_sig));
    return issue(s);
}

struct row {
    const char *name;
    int rounds;
    step_fn step;
};

static const struct row ROWS[] = {
    {"AES-256-GCM context", ROUNDS, make_aead},
    {"AES-256-GCM seal 1 KiB", ROUNDS, aes_seal_1k},
    {"AES-256-GCM seal+open 1 KiB", ROUNDS, aes_both_1k},
    {"AES-256-GCM seal+open 16 KiB", ROUNDS, aes_both_16k},
    {"ChaCha20-Poly1305 seal 1 KiB", ROUNDS, chacha_seal_1k},
    {"ChaCha20-Poly1305 seal+open 1 KiB", ROUNDS, chacha_both_1k},
    {"ChaCha20-Poly1305 seal+open 16 KiB", ROUNDS, chacha_both_16k},
    {"SHA-256 1 KiB", ROUNDS, hash_1k},
    {"SHA-256 16 KiB", ROUNDS, hash_16k},
    {"HKDF-SHA256 extract+expand", ROUNDS, derive},
    {"X25519 new key", ROUNDS, x25519_make},
    {"X25519 shared secret", ROUNDS, x25519_agree},
    {"Ed25519 sign 600 bytes", ROUNDS, sign},
    {"Ed25519 sign+verify 600 bytes", ROUNDS, verify},
    {"ECDSA P-384 verify", ROUNDS / 10, verify_p384},
    {"chain of root and leaf, P-384", ROUNDS / 10, verify_chain},
    {"HPKE set-up, sender", ROUNDS, hpke_sender},
    {"HPKE set-up, receiver", ROUNDS, hpke_receiver},
};

int main(void)
{
    struct subject s = {.spki = BUF_MAX(256), .root = BUF_MAX(DER_MAX), .leaf = BUF_MAX(DER_MAX)};
    status result = prepare(&s);
    for (size_t i = 0; ok(result) && i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        result = measure(&s, ROWS[i].name, ROWS[i].rounds, ROWS[i].step);
    if (failed(result))
        (void)fprintf(stderr, "bench_crypto: %s\n", status_detail());
    aead_freep(&s.aes);
    aead_freep(&s.chacha);
    ecdsa_secret_freep(&s.p384);
    buf_done(&s.spki);
    buf_done(&s.root);
    buf_done(&s.leaf);
    return status_exit_code(result.code);
}
