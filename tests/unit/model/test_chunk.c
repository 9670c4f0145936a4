#include "support/test.h"

#include "model/chunk.h"

static const uint8_t DIGEST[SHA256_LEN] = {0xd1, 0x6e};
static const uint8_t OTHER_DIGEST[SHA256_LEN] = {0xd1, 0x6f};
static const struct aead_key KEY = {.alg = AEAD_AES_256_GCM, .b = {1, 2, 3}};
static const struct chunk_place HERE = {
    .manifest_digest = DIGEST, .file = 2, .kind = CHUNK_DATA, .index = 5, .is_last = false};

static void seal(uint8_t out[static 21])
{
    struct aead *a CLEANUP(aead_freep) = NULL;
    assert_ok(aead_new(&KEY, &a));
    assert_ok(chunk_seal(a, &HERE, BYTES_LIT("chunk"), out));
}

static enum status_code open_at(const struct chunk_place *at, struct bytes sealed)
{
    struct aead *a CLEANUP(aead_freep) = NULL;
    uint8_t out[64] = {0};
    assert_ok(aead_new(&KEY, &a));
    status s = chunk_open(a, at, sealed, out);
    if (ok(s))
        assert_memory_equal(out, "chunk", 5);
    return s.code;
}

static void opens_in_its_place(void **state)
{
    (void)state;
    uint8_t sealed[21];
    seal(sealed);
    assert_int_equal(open_at(&HERE, BYTES_OF(sealed)), ST_OK);
}

struct row {
    const char *rule;
    struct chunk_place at;
};

static const struct row ELSEWHERE[] = {
    {"another file", {DIGEST, 3, CHUNK_DATA, 5, false}},
    {"another kind", {DIGEST, 2, CHUNK_LEAVES, 5, false}},
    {"another index", {DIGEST, 2, CHUNK_DATA, 6, false}},
    {"index beyond 32 bits", {DIGEST, 2, CHUNK_DATA, 5 + (UINT64_C(1) << 32), false}},
    {"said to be the last", {DIGEST, 2, CHUNK_DATA, 5, true}},
    {"another manifest", {OTHER_DIGEST, 2, CHUNK_DATA, 5, false}},
};

static void opens_nowhere_else(void **state)
{
    (void)state;
    uint8_t sealed[21];
    seal(sealed);
    for (size_t i = 0; i < sizeof(ELSEWHERE) / sizeof(ELSEWHERE[0]); i++) {
        if (open_at(&ELSEWHERE[i].at, BYTES_OF(sealed)) != ST_AUTH)
            fail_msg("opened: %s", ELSEWHERE[i].rule);
    }
}

static void every_bit_and_every_length(void **state)
{
    (void)state;
    uint8_t sealed[21];
    seal(sealed);
    for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_at(&HERE, BYTES_OF(sealed)), ST_AUTH);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof(sealed); n++) {
        struct bytes cut = test_exact(bytes_of(sealed, n));
        assert_int_equal(open_at(&HERE, cut), n < AEAD_TAG_LEN ? ST_TRUNCATED : ST_AUTH);
        test_exact_free(cut);
    }
}

/* The nonce of docs/PACKAGE.md section 4, through an AEAD of its own. */
static void nonce_and_aad_are_as_written(void **state)
{
    (void)state;
    static const uint8_t NONCE[AEAD_NONCE_LEN] = {0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0};
    struct aead *a CLEANUP(aead_freep) = NULL;
    struct buf aad CLEANUP(buf_done) = BUF_MAX(128);
    uint8_t sealed[21];
    uint8_t plain[5];
    buf_put_str(&aad, "eml-package-chunk-v1");
    buf_put(&aad, BYTES_OF(DIGEST));
    buf_put(&aad, BYTES_OF(NONCE));
    seal(sealed);
    assert_ok(aead_new(&KEY, &a));
    assert_ok(aead_open(a, NONCE, buf_view(&aad), BYTES_OF(sealed), plain));
    assert_memory_equal(plain, "chunk", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_in_its_place),
        cmocka_unit_test(opens_nowhere_else),
        cmocka_unit_test(every_bit_and_every_length),
        cmocka_unit_test(nonce_and_aad_are_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
