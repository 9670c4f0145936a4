#include "crypto/lib.h"

#include <stdio.h>
#include <unistd.h>

#include <openssl/err.h>

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
        cmocka_unit_test(no_configuration_file_is_read),
        cmocka_unit_test(failures_empty_the_error_queue),
        cmocka_unit_test(lack_of_memory_is_no_verdict),
        cmocka_unit_test(only_known_algorithms),
    };
    return cmocka_run_group_tests(tests, write_configuration, remove_configuration);
}
