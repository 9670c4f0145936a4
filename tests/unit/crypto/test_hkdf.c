#include "crypto/hkdf.h"

#include "support/test.h"

struct row {
    const char *name, *ikm, *salt, *info, *prk, *okm;
};

/* RFC 5869 appendix A. */
static const struct row ROWS[] = {
    {"A.1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"A.3 no salt, no info", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void run_row(const struct row *row)
{
    struct buf ikm = test_hex(row->ikm), salt = test_hex(row->salt), info = test_hex(row->info);
    struct buf prk = test_hex(row->prk), okm = test_hex(row->okm);
    uint8_t got_prk[SHA256_LEN], got[64];
    assert_ok(hkdf_extract(HASH_SHA256, buf_view(&salt), buf_view(&ikm), got_prk));
    assert_bytes_equal(BYTES_OF(got_prk), buf_view(&prk));
    assert_ok(hkdf_expand(HASH_SHA256, buf_view(&prk), buf_view(&info), got, okm.n));
    assert_bytes_equal(bytes_of(got, okm.n), buf_view(&okm));
    buf_done(&ikm);
    buf_done(&salt);
    buf_done(&info);
    buf_done(&prk);
    buf_done(&okm);
}

static void rfc5869(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        run_row(&ROWS[i]);
}

static void output_is_limited_to_255_digests(void **state)
{
    (void)state;
    static uint8_t out[255 * SHA512_LEN + 1];
    struct bytes prk = BYTES_LIT("0123456789abcdef0123456789abcdef");
    assert_ok(hkdf_expand(HASH_SHA256, prk, (struct bytes){0}, out, 255 * SHA256_LEN));
    assert_code(hkdf_expand(HASH_SHA256, prk, (struct bytes){0}, out, 255 * SHA256_LEN + 1),
                ST_LIMIT);
    assert_ok(hkdf_expand(HASH_SHA512, prk, (struct bytes){0}, out, 255 * SHA512_LEN));
    assert_code(hkdf_expand(HASH_SHA512, prk, (struct bytes){0}, out, 255 * SHA512_LEN + 1),
                ST_LIMIT);
    assert_ok(hkdf_expand(HASH_SHA256, prk, (struct bytes){0}, out, 0));
}

/* A longer output starts with every shorter one. */
static void output_is_a_stream(void **state)
{
    (void)state;
    uint8_t all[100], part[100];
    struct bytes prk = BYTES_LIT("0123456789abcdef0123456789abcdef");
    assert_ok(hkdf_expand(HASH_SHA256, prk, BYTES_LIT("i"), all, sizeof(all)));
    for (size_t n = 0; n <= sizeof(all); n++) {
        assert_ok(hkdf_expand(HASH_SHA256, prk, BYTES_LIT("i"), part, n));
        assert_bytes_equal(bytes_of(part, n), bytes_of(all, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5869),
        cmocka_unit_test(output_is_limited_to_255_digests),
        cmocka_unit_test(output_is_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
