#include "crypto/aes_cbc.h"

#include "support/test.h"

enum { OUT_MAX = 1 << 21 };

static const uint8_t IV[AES_CBC_BLOCK] = {7};

/* NIST SP 800-38A appendix F.2.5, with the padding that follows from RFC 5652. */
static void nist_vector(void **state)
{
    (void)state;
    struct aes_cbc_key key;
    struct buf k = test_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    struct buf iv = test_hex("000102030405060708090a0b0c0d0e0f");
    struct buf plain = test_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    struct buf sealed =
        test_hex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
    struct buf got = BUF_MAX(OUT_MAX), again = BUF_MAX(OUT_MAX);
    memcpy(key.b, k.p, sizeof(key.b));
    assert_ok(aes_cbc_seal(&key, iv.p, buf_view(&plain), &got));
    assert_int_equal(got.n, 48);
    assert_memory_equal(got.p, sealed.p, 32);
    assert_ok(aes_cbc_open(&key, iv.p, buf_view(&got), &again));
    assert_bytes_equal(buf_view(&again), buf_view(&plain));
    buf_done(&k);
    buf_done(&iv);
    buf_done(&plain);
    buf_done(&sealed);
    buf_done(&got);
    buf_done(&again);
}

/* Every last block there can be that ends in this byte: only a whole run of it is padding. */
static void padding_is_one_to_sixteen_equal_bytes(void **state)
{
    (void)state;
    struct aes_cbc_key key = {{1}};
    for (unsigned n = 0; n < 256; n++) {
        for (unsigned wrong_at = 0; wrong_at <= AES_CBC_BLOCK; wrong_at++) {
            uint8_t block[AES_CBC_BLOCK];
            struct buf sealed = BUF_MAX(OUT_MAX), out = BUF_MAX(OUT_MAX);
            memset(block, (int)n, sizeof(block));
            if (wrong_at < AES_CBC_BLOCK - 1) /* the last byte stays */
                block[wrong_at] ^= 0x80;
            bool is_good = n >= 1 && n <= 16 &&
                           (wrong_at >= AES_CBC_BLOCK - 1 || wrong_at < AES_CBC_BLOCK - n);
            assert_ok(aes_cbc_seal(&key, IV, BYTES_OF(block), &sealed));
            status s = aes_cbc_open(&key, IV, bytes_of(sealed.p, AES_CBC_BLOCK), &out);
            assert_int_equal(s.code, is_good ? ST_OK : ST_AUTH);
            assert_int_equal(out.n, is_good ? AES_CBC_BLOCK - n : 0);
            buf_done(&sealed);
            buf_done(&out);
        }
    }
}

static void sizes_are_whole_blocks_and_limited(void **state)
{
    (void)state;
    struct aes_cbc_key key = {{1}};
    static uint8_t zeros[AES_CBC_MAX_BYTES + AES_CBC_BLOCK];
    struct buf out = BUF_MAX(OUT_MAX);
    for (size_t n = 0; n < 40; n++) {
        struct bytes in = test_exact(bytes_of(zeros, n));
        status s = aes_cbc_open(&key, IV, in, &out);
        assert_int_equal(s.code, n == 0 || n % AES_CBC_BLOCK ? ST_FORMAT : ST_AUTH);
        test_exact_free(in);
    }
    assert_code(aes_cbc_open(&key, IV, BYTES_OF(zeros), &out), ST_LIMIT);
    assert_code(aes_cbc_seal(&key, IV, bytes_of(zeros, AES_CBC_MAX_BYTES), &out), ST_LIMIT);
    assert_int_equal(out.n, 0);
}

static void a_full_output_is_told(void **state)
{
    (void)state;
    struct aes_cbc_key key = {{1}};
    struct buf sealed = BUF_MAX(OUT_MAX), small = BUF_MAX(4);
    assert_ok(aes_cbc_seal(&key, IV, BYTES_LIT("hello"), &sealed));
    assert_code(aes_cbc_open(&key, IV, buf_view(&sealed), &small), ST_LIMIT);
    buf_clear(&small);
    assert_code(aes_cbc_seal(&key, IV, BYTES_LIT("hello"), &small), ST_LIMIT);
    buf_done(&sealed);
    buf_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nist_vector),
        cmocka_unit_test(padding_is_one_to_sixteen_equal_bytes),
        cmocka_unit_test(sizes_are_whole_blocks_and_limited),
        cmocka_unit_test(a_full_output_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
