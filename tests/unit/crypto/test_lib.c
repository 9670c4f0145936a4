#include "crypto/lib.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/err.h>

#include "crypto/ed25519.h"
#include "support/test.h"

/* Loading this file would leave libcrypto with a provider that has no algorithm at all. */
static const char HOSTILE[] = "openssl_conf = init\n"
                              "[init]\nproviders = providers\n"
                              "[providers]\nnull = null_provider\n"
                              "[null_provider]\nactivate = 1\n";

static char path[] = "/tmp/eml-test-lib-XXXXXX";

static int write_configuration(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, HOSTILE, sizeof(HOSTILE) - 1) != (ssize_t)sizeof(HOSTILE) - 1)
        return -1;
    close(fd);
    return setenv("OPENSSL_CONF", path, 1);
}

static int remove_configuration(void **state)
{
    (void)state;
    return unlink(path);
}

static void no_configuration_file_is_read(void **state)
{
    (void)state;
    uint8_t out[SHA256_LEN];
    assert_ok(lib_init());
    assert_ok(sha256(BYTES_LIT("abc"), out));
    /* A fetch by name, which is what the file would have broken. */
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    assert_non_null(md);
    EVP_MD_free(md);
}

static void *hash_in_thread(void *out)
{
    bool *is_ok = out;
    uint8_t digest[SHA256_LEN];
    *is_ok = ok(sha256(BYTES_LIT("abc"), digest)) && digest[0] == 0xba;
    return NULL;
}

/* The first test: the threads race to set the library up. */
static void threads_may_come_first(void **state)
{
    (void)state;
    pthread_t threads[4];
    bool is_ok[4] = {false};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_in_thread, &is_ok[i]), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(is_ok[i]);
}

static void failures_empty_the_error_queue(void **state)
{
    (void)state;
    ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
    assert_code(lib_fail("x"), ST_INTERNAL);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
    assert_code(lib_fail_as(ST_AUTH, "x"), ST_AUTH);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
    lib_errors_drop();
    assert_int_equal(ERR_peek_error(), 0);
}

static void lack_of_memory_is_no_verdict(void **state)
{
    (void)state;
    ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
    ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
    assert_code(lib_fail_as(ST_AUTH, "x"), ST_NOMEM);
    assert_int_equal(ERR_peek_error(), 0);
}

/* What another user of libcrypto left behind in this thread. */
static void stale_errors_change_no_verdict(void **state)
{
    (void)state;
    struct ed25519_secret signer;
    struct aead_key key = {.alg = AEAD_AES_256_GCM};
    struct aead *a = NULL;
    uint8_t sig[ED25519_SIG_LEN], nonce[AEAD_NONCE_LEN] = {0}, sealed[20] = {0}, plain[4];
    assert_ok(ed25519_generate(&signer));
    assert_ok(ed25519_sign(&signer, BYTES_LIT("m"), sig));
    assert_ok(aead_new(&key, &a));
    ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
    assert_code(aead_open(a, nonce, BYTES_LIT(""), BYTES_OF(sealed), plain), ST_AUTH);
    ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
    assert_code(ed25519_verify(signer.public_key, BYTES_LIT("n"), BYTES_OF(sig)), ST_AUTH);
    aead_freep(&a);
}

static void only_known_algorithms(void **state)
{
    (void)state;
    const EVP_MD *md = NULL;
    const EVP_CIPHER *cipher = NULL;
    assert_code(lib_digest((enum hash_alg)3, &md), ST_ALG);
    assert_code(lib_cipher((enum aead_alg)0, &cipher), ST_ALG);
    assert_ok(lib_digest(HASH_SHA512, &md));
    assert_int_equal(EVP_MD_get_size(md), SHA512_LEN);
    assert_ok(lib_cipher(AEAD_CHACHA20_POLY1305, &cipher));
    assert_int_equal(EVP_CIPHER_get_key_length(cipher), AEAD_KEY_LEN);
    assert_int_equal(EVP_CIPHER_get_iv_length(cipher), AEAD_NONCE_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_come_first),
        cmocka_unit_test(no_configuration_file_is_read),
        cmocka_unit_test(failures_empty_the_error_queue),
        cmocka_unit_test(lack_of_memory_is_no_verdict),
        cmocka_unit_test(stale_errors_change_no_verdict),
        cmocka_unit_test(only_known_algorithms),
    };
    return cmocka_run_group_tests(tests, write_configuration, remove_configuration);
}
