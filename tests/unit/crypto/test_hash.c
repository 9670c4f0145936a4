#include "crypto/hash.h"

#include "base/text.h"
#include "support/test.h"

/* FIPS 180-4 examples, and the empty message. */
struct digest_row {
    const char *name;
    enum hash_alg alg;
    const char *text;
    const char *hex;
};

static const struct digest_row DIGESTS[] = {
    {"sha256 of nothing", HASH_SHA256, "",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"sha256 abc", HASH_SHA256, "abc",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"sha256 two blocks", HASH_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"sha384 abc", HASH_SHA384, "abc",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
     "8086072ba1e7cc2358baeca134c825a7"},
    {"sha512 abc", HASH_SHA512, "abc",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void assert_hex(const uint8_t *got, size_t n, const char *hex)
{
    struct buf want = test_hex(hex);
    assert_bytes_equal(bytes_of(got, n), buf_view(&want));
    buf_done(&want);
}

static void digests_match_the_standard(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(DIGESTS) / sizeof(DIGESTS[0]); i++) {
        const struct digest_row *row = &DIGESTS[i];
        uint8_t out[HASH_MAX_LEN];
        struct bytes in = bytes_str(row->text);
        assert_ok(hash_parts(row->alg, &in, 1, out));
        assert_hex(out, hash_len(row->alg), row->hex);
    }
}

static void short_names_match(void **state)
{
    (void)state;
    uint8_t out[HASH_MAX_LEN];
    assert_ok(sha256(BYTES_LIT("abc"), out));
    assert_hex(out, SHA256_LEN, DIGESTS[1].hex);
    assert_ok(sha384(BYTES_LIT("abc"), out));
    assert_hex(out, SHA384_LEN, DIGESTS[3].hex);
}

static void parts_are_one_message(void **state)
{
    (void)state;
    struct bytes parts[] = {BYTES_LIT("a"), {0}, BYTES_LIT("bc")};
    uint8_t out[SHA256_LEN];
    assert_ok(hash_parts(HASH_SHA256, parts, 3, out));
    assert_hex(out, sizeof(out), DIGESTS[1].hex);
    assert_ok(hash_parts(HASH_SHA256, NULL, 0, out));
    assert_hex(out, sizeof(out), DIGESTS[0].hex);
}

static void an_unknown_algorithm_is_refused(void **state)
{
    (void)state;
    uint8_t out[HASH_MAX_LEN];
    struct hash *h = NULL;
    assert_code(hash_parts((enum hash_alg)3, NULL, 0, out), ST_ALG);
    assert_code(hash_new((enum hash_alg)77, &h), ST_ALG);
    assert_null(h);
    assert_int_equal(hash_len((enum hash_alg)3), 0);
}

static void peek_does_not_end_the_digest(void **state)
{
    (void)state;
    struct hash *h = NULL;
    uint8_t out[SHA256_LEN];
    assert_ok(hash_new(HASH_SHA256, &h));
    assert_ok(hash_peek(h, out));
    assert_hex(out, sizeof(out), DIGESTS[0].hex);
    assert_ok(hash_update(h, BYTES_LIT("abc")));
    assert_ok(hash_update(h, (struct bytes){0}));
    assert_ok(hash_peek(h, out));
    assert_hex(out, sizeof(out), DIGESTS[1].hex);
    assert_ok(hash_final(h, out));
    assert_hex(out, sizeof(out), DIGESTS[1].hex);
    hash_freep(&h);
    assert_null(h);
    hash_freep(&h);
}

/* RFC 4231 section 4: test case 2, and 6 with a key above the block size. */
static void hmac_matches_rfc4231(void **state)
{
    (void)state;
    uint8_t out[HASH_MAX_LEN];
    uint8_t long_key[131];
    memset(long_key, 0xaa, sizeof(long_key));
    struct bytes text = BYTES_LIT("what do ya want for nothing?");
    assert_ok(hmac(HASH_SHA256, BYTES_LIT("Jefe"), text, out));
    assert_hex(out, SHA256_LEN, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    text = BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_ok(hmac(HASH_SHA256, BYTES_OF(long_key), text, out));
    assert_hex(out, SHA256_LEN, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_ok(hmac(HASH_SHA512, BYTES_OF(long_key), text, out));
    assert_hex(out, SHA512_LEN,
               "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
               "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_match_the_standard),
        cmocka_unit_test(short_names_match),
        cmocka_unit_test(parts_are_one_message),
        cmocka_unit_test(an_unknown_algorithm_is_refused),
        cmocka_unit_test(peek_does_not_end_the_digest),
        cmocka_unit_test(hmac_matches_rfc4231),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
