#include "support/forge_jwt.h"

#include "formats/jwk.h"

/* RFC 7517 appendix A.1 holds this key; RFC 7638 section 3.1 its thumbprint. */
#define RFC_N                                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_" \
    "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"        \
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

#define KEY(members) "{\"keys\":[{" members "}]}"
#define KIND         "\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\","
#define NE           "\"n\":\"" RFC_N "\",\"e\":\"AQAB\""

struct row {
    const char *name;
    const char *text;
    enum status_code code;
};

static const struct row SETS[] = {
    {"as it should be", KEY(KIND "\"kid\":\"k\"," NE), ST_OK},
    {"empty", "", ST_FORMAT},
    {"a list", "[]", ST_FORMAT},
    {"no keys member", "{}", ST_FORMAT},
    {"keys empty", "{\"keys\":[]}", ST_FORMAT},
    {"keys an object", "{\"keys\":{}}", ST_FORMAT},
    {"an unknown member of the set", "{\"keys\":[{" KIND "\"kid\":\"k\"," NE "}],\"x\":1}",
     ST_FORMAT},
    {"keys twice", "{\"keys\":[],\"keys\":[{" KIND "\"kid\":\"k\"," NE "}]}", ST_FORMAT},
    {"a key that is a text", "{\"keys\":[\"k\"]}", ST_FORMAT},
    {"kty EC", KEY("\"kty\":\"EC\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"k\"," NE), ST_ALG},
    {"kty oct", KEY("\"kty\":\"oct\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"k\"," NE), ST_ALG},
    {"use enc", KEY("\"kty\":\"RSA\",\"use\":\"enc\",\"alg\":\"RS256\",\"kid\":\"k\"," NE), ST_ALG},
    {"use missing", KEY("\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"k\"," NE), ST_FORMAT},
    {"alg PS256", KEY("\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"PS256\",\"kid\":\"k\"," NE),
     ST_ALG},
    {"alg missing", KEY("\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"k\"," NE), ST_FORMAT},
    {"kid missing", KEY(KIND NE), ST_FORMAT},
    {"kid empty", KEY(KIND "\"kid\":\"\"," NE), ST_FORMAT},
    {"kid with a space", KEY(KIND "\"kid\":\" \"," NE), ST_FORMAT},
    {"kid a number", KEY(KIND "\"kid\":7," NE), ST_FORMAT},
    {"n missing", KEY(KIND "\"kid\":\"k\",\"e\":\"AQAB\""), ST_FORMAT},
    {"n with padding", KEY(KIND "\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"" RFC_N "==\""), ST_FORMAT},
    {"n with a leading zero byte", KEY(KIND "\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"AA" RFC_N "\""),
     ST_FORMAT},
    {"n short", KEY(KIND "\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"0vx7\""), ST_LIMIT},
    {"e missing", KEY(KIND "\"kid\":\"k\",\"n\":\"" RFC_N "\""), ST_FORMAT},
    {"e of 3", KEY(KIND "\"kid\":\"k\",\"e\":\"Aw\",\"n\":\"" RFC_N "\""), ST_ALG},
    {"e with a leading zero byte", KEY(KIND "\"kid\":\"k\",\"e\":\"AAEAAQ\",\"n\":\"" RFC_N "\""),
     ST_ALG},
    {"a private exponent", KEY(KIND "\"kid\":\"k\",\"d\":\"AQAB\"," NE), ST_FORMAT},
    {"x5c", KEY(KIND "\"kid\":\"k\",\"x5c\":[]," NE), ST_FORMAT},
    {"kid twice in the set",
     "{\"keys\":[{" KIND "\"kid\":\"k\"," NE "},{" KIND "\"kid\":\"k\"," NE "}]}", ST_FORMAT},
    {"kid twice in the key", KEY(KIND "\"kid\":\"k\",\"kid\":\"k\"," NE), ST_FORMAT},
};

static void test_sets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(SETS) / sizeof(SETS[0]); i++) {
        struct jwk_set set CLEANUP(jwk_set_done) = {0};
        struct bytes in = test_exact(bytes_str(SETS[i].text));
        status s = jwk_set_parse(in, &set);
        if (s.code != SETS[i].code)
            fail_msg("%s: %s (%s)", SETS[i].name, status_name(s.code), status_detail());
        test_exact_free(in);
    }
}

static void test_thumbprint(void **state)
{
    (void)state;
    /* base64url NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs */
    struct buf want CLEANUP(buf_done) = BUF_MAX(SHA256_LEN);
    struct jwk_set set CLEANUP(jwk_set_done) = {0};
    assert_ok(base64url_decode(BYTES_LIT("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"), &want));
    assert_ok(jwk_set_parse(BYTES_LIT(KEY(KIND "\"kid\":\"2011-04-29\"," NE)), &set));
    assert_bytes_equal(BYTES_OF(set.v[0].thumbprint), buf_view(&want));
}

static void test_find(void **state)
{
    (void)state;
    struct jwk_set set CLEANUP(jwk_set_done) = {0};
    assert_ok(jwk_set_parse(
        BYTES_LIT("{\"keys\":[{" KIND "\"kid\":\"ab\"," NE "},{" KIND "\"kid\":\"AB\"," NE "}]}"),
        &set));
    assert_int_equal(set.n, 2);
    assert_ptr_equal(jwk_set_find(&set, BYTES_LIT("ab")), &set.v[0]);
    assert_ptr_equal(jwk_set_find(&set, BYTES_LIT("AB")), &set.v[1]);
    assert_null(jwk_set_find(&set, BYTES_LIT("a")));
    assert_null(jwk_set_find(&set, BYTES_LIT("abc")));
    assert_null(jwk_set_find(&set, (struct bytes){0}));
    assert_bytes_equal(set.v[0].kid, BYTES_LIT("ab"));
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        unsigned bits;
        enum status_code code;
    } ROWS[] = {{2048, ST_OK}, {3072, ST_OK}, {4096, ST_OK}, {5120, ST_LIMIT}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        uint8_t n[RSA_BITS_MAX / 8];
        memset(n, 0xff, sizeof(n));
        struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 12);
        struct jwk_set set CLEANUP(jwk_set_done) = {0};
        buf_put_str(&text, "{\"keys\":[{" KIND "\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"");
        base64url_put(&text, bytes_of(n, ROWS[i].bits / 8));
        buf_put_str(&text, "\"}]}");
        assert_code(jwk_set_parse(buf_view(&text), &set), ROWS[i].code);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    for (int n = JWK_KEYS_MAX; n <= JWK_KEYS_MAX + 1; n++) {
        struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 15);
        struct jwk_set set CLEANUP(jwk_set_done) = {0};
        buf_put_str(&text, "{\"keys\":[");
        for (int i = 0; i < n; i++)
            buf_printf(&text, "%s{" KIND "\"kid\":\"k%d\"," NE "}", i ? "," : "", i);
        buf_put_str(&text, "]}");
        assert_code(jwk_set_parse(buf_view(&text), &set), n > JWK_KEYS_MAX ? ST_LIMIT : ST_OK);
    }
    struct jwk_set set CLEANUP(jwk_set_done) = {0};
    struct buf big CLEANUP(buf_done) = BUF_MAX(JWK_SET_MAX_BYTES + 1);
    assert_non_null(buf_extend(&big, JWK_SET_MAX_BYTES + 1));
    memset(big.p, ' ', big.n);
    assert_code(jwk_set_parse(buf_view(&big), &set), ST_LIMIT);
}

static void test_truncations(void **state)
{
    (void)state;
    struct bytes whole = BYTES_LIT(KEY(KIND "\"kid\":\"k\"," NE));
    for (size_t n = 0; n < whole.n; n++) {
        struct jwk_set set CLEANUP(jwk_set_done) = {0};
        struct bytes in = test_exact(bytes_of(whole.p, n));
        assert_code(jwk_set_parse(in, &set), ST_FORMAT);
        test_exact_free(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),     cmocka_unit_test(test_thumbprint),
        cmocka_unit_test(test_find),     cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_truncations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
