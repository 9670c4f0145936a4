#include "crypto/lib.h"

#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *digests[3];
static EVP_CIPHER *ciphers[2];
static EVP_CIPHER *aes_cbc;
static bool is_ready;

static void set_up(void)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return;
    digests[HASH_SHA256] = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    digests[HASH_SHA384] = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    digests[HASH_SHA512] = EVP_MD_fetch(NULL, "SHA2-512", NULL);
    ciphers[0] = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    ciphers[1] = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    aes_cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    is_ready = digests[HASH_SHA256] && digests[HASH_SHA384] && digests[HASH_SHA512] && ciphers[0] &&
               ciphers[1] && aes_cbc;
    ERR_clear_error();
}

status lib_init(void)
{
    REQUIRE(pthread_once(&once, set_up) == 0 && is_ready, ST_INTERNAL,
            "libcrypto lacks an algorithm");
    ERR_clear_error();
    return OK;
}

status lib_digest(enum hash_alg alg, const EVP_MD **out)
{
    TRY(lib_init());
    REQUIRE((unsigned)alg <= HASH_SHA512, ST_ALG, "no digest %u", (unsigned)alg);
    *out = digests[alg];
    return OK;
}

status lib_cipher(enum aead_alg alg, const EVP_CIPHER **out)
{
    TRY(lib_init());
    REQUIRE(aead_alg_is_known(alg), ST_ALG, "no cipher %u", (unsigned)alg);
    *out = ciphers[alg == AEAD_AES_256_GCM ? 0 : 1];
    return OK;
}

status lib_aes_cbc(const EVP_CIPHER **out)
{
    TRY(lib_init());
    *out = aes_cbc;
    return OK;
}

static bool memory_ran_out(void)
{
    bool found = false;
    unsigned long e = 0;
    while ((e = ERR_get_error()) != 0)
        found = found || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
    return found;
}

status lib_fail_as(enum status_code verdict, const char *what)
{
    if (memory_ran_out())
        return FAIL(ST_NOMEM, "no memory: %s", what);
    return FAIL(verdict, "%s", what);
}

status lib_fail(const char *what)
{
    return lib_fail_as(ST_INTERNAL, what);
}

void lib_errors_drop(void)
{
    ERR_clear_error();
}

void lib_pkey_freep(EVP_PKEY **p)
{
    EVP_PKEY_free(*p);
    *p = NULL;
}

void lib_pkey_ctx_freep(EVP_PKEY_CTX **p)
{
    EVP_PKEY_CTX_free(*p);
    *p = NULL;
}

void lib_md_ctx_freep(EVP_MD_CTX **p)
{
    EVP_MD_CTX_free(*p);
    *p = NULL;
}
