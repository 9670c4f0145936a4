#include "crypto/x25519.h"

#include "crypto/lib.h"
#include "crypto/rand.h"

void x25519_secret_wipe(struct x25519_secret *s)
{
    wipe(s, sizeof(*s));
}

status x25519_public(const struct x25519_secret *s, uint8_t out_public[static X25519_LEN])
{
    TRY(lib_init());
    EVP_PKEY *key CLEANUP(lib_pkey_freep) =
        EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, s->b, X25519_LEN);
    if (key == NULL)
        return lib_fail("X25519 private key");
    size_t n = X25519_LEN;
    if (EVP_PKEY_get_raw_public_key(key, out_public, &n) != 1 || n != X25519_LEN)
        return lib_fail("X25519 public key");
    return OK;
}

status x25519_generate(struct x25519_secret *out_secret, uint8_t out_public[static X25519_LEN])
{
    struct x25519_secret s CLEANUP(x25519_secret_wipe) = {{0}};
    uint8_t public_key[X25519_LEN];
    TRY(rand_bytes(s.b, sizeof(s.b)));
    TRY(x25519_public(&s, public_key));
    *out_secret = s;
    memcpy(out_public, public_key, X25519_LEN);
    return OK;
}

static status derive(EVP_PKEY *mine, EVP_PKEY *peer, uint8_t out[static X25519_LEN])
{
    EVP_PKEY_CTX *ctx CLEANUP(lib_pkey_ctx_freep) = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
    size_t n = X25519_LEN;
    /* set_peer_ex without validation: every 32-byte string is a point (RFC 7748 section 5). */
    if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1)
        return lib_fail("X25519 derivation");
    if (EVP_PKEY_derive(ctx, out, &n) != 1 || n != X25519_LEN)
        return lib_fail_as(ST_AUTH, "the peer's X25519 point is refused");
    return OK;
}

status x25519_shared(const struct x25519_secret *s, const uint8_t peer_public[static X25519_LEN],
                     struct x25519_secret *out_shared)
{
    TRY(lib_init());
    EVP_PKEY *mine CLEANUP(lib_pkey_freep) =
        EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, s->b, X25519_LEN);
    EVP_PKEY *peer CLEANUP(lib_pkey_freep) =
        EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer_public, X25519_LEN);
    if (mine == NULL || peer == NULL)
        return lib_fail("X25519 key");
    struct x25519_secret shared CLEANUP(x25519_secret_wipe) = {{0}};
    TRY(derive(mine, peer, shared.b));
    /* libcrypto refuses this as well; a key exchange does not rest on that alone. */
    REQUIRE(!bytes_all_zero(BYTES_OF(shared.b)), ST_AUTH,
            "the peer's X25519 point is of low order");
    *out_shared = shared;
    return OK;
}
