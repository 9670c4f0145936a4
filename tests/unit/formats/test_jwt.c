#include "support/forge_jwt.h"

#include "formats/jwt.h"

#define GOOD_HEADER "{\"alg\":\"RS256\",\"kid\":\"" FORGE_KID "\",\"typ\":\"JWT\"}"

struct row {
    const char *name;
    const char *text;
    enum status_code code;
};

static const struct row HEADERS[] = {
    {"alg none", "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg None", "{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg HS256", "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg RS384", "{\"alg\":\"RS384\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg PS256", "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg ES256", "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg in lower case", "{\"alg\":\"rs256\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_ALG},
    {"alg missing", "{\"typ\":\"JWT\",\"kid\":\"k\"}", ST_FORMAT},
    {"alg a list", "{\"alg\":[\"RS256\"],\"typ\":\"JWT\",\"kid\":\"k\"}", ST_FORMAT},
    {"alg twice", "{\"alg\":\"RS256\",\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k\"}", ST_FORMAT},
    {"typ missing", "{\"alg\":\"RS256\",\"kid\":\"k\"}", ST_FORMAT},
    {"typ another", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}", ST_FORMAT},
    {"jwk", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"jwk\":{\"kty\":\"RSA\"}}", ST_FORMAT},
    {"jku", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"jku\":\"https://x.invalid\"}", ST_FORMAT},
    {"x5u", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5u\":\"https://x.invalid\"}", ST_FORMAT},
    {"x5t", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"AAAA\"}", ST_FORMAT},
    {"crit", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"crit\":[\"b64\"],\"b64\":false}", ST_FORMAT},
    {"zip", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"zip\":\"DEF\"}", ST_FORMAT},
    {"kid empty", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"\"}", ST_FORMAT},
    {"kid with a space", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"a b\"}", ST_FORMAT},
    {"kid a number", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":1}", ST_FORMAT},
    {"kid null", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":null}", ST_FORMAT},
    {"x5c a text", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":\"AAAA\"}", ST_FORMAT},
    {"x5c empty", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[]}", ST_FORMAT},
    {"x5c of an empty text", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[\"\"]}", ST_FORMAT},
    {"x5c of a number", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[1]}", ST_FORMAT},
    {"x5c in base64url", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[\"-_-_\"]}", ST_FORMAT},
    {"x5c without padding", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[\"AAA\"]}", ST_FORMAT},
    {"x5c of five",
     "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]}",
     ST_LIMIT},
    {"a list", "[]", ST_FORMAT},
    {"a text", "\"RS256\"", ST_FORMAT},
    {"no JSON", "RS256", ST_FORMAT},
    {"more after the object", GOOD_HEADER " {}", ST_FORMAT},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
        struct jwt_unverified t CLEANUP(jwt_done) = {0};
        struct buf token CLEANUP(buf_done) =
            forge_jwt_of(bytes_str(HEADERS[i].text), BYTES_LIT("{}"), BYTES_LIT("s"));
        struct bytes in = test_exact(buf_view(&token));
        status s = jwt_parse(in, &t);
        if (s.code != HEADERS[i].code)
            fail_msg("%s: %s (%s)", HEADERS[i].name, status_name(s.code), status_detail());
        test_exact_free(in);
    }
}

/* "eyJ..." is GOOD_HEADER, "e30" is {}, "cw" is one byte. */
#define H "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ"
static const struct row TOKENS[] = {
    {"as it should be", H ".e30.cw", ST_OK},
    {"empty", "", ST_FORMAT},
    {"one part", H, ST_FORMAT},
    {"two parts", H ".e30", ST_FORMAT},
    {"four parts", H ".e30.cw.cw", ST_FORMAT},
    {"a dot at the end", H ".e30.cw.", ST_FORMAT},
    {"a dot at the start", "." H ".e30.cw", ST_FORMAT},
    {"no signature", H ".e30.", ST_FORMAT},
    {"no claims", H "..cw", ST_FORMAT},
    {"no header", ".e30.cw", ST_FORMAT},
    {"padding in the header", H "==.e30.cw", ST_FORMAT},
    {"padding in the claims", H ".e30=.cw", ST_FORMAT},
    {"padding in the signature", H ".e30.cw==", ST_FORMAT},
    {"bits to spare in the claims", H ".e31.cw", ST_FORMAT},
    {"bits to spare in the signature", H ".e30.cx", ST_FORMAT},
    {"a length that no bytes have", H ".e30.cwwww", ST_FORMAT},
    {"a line feed at the end", H ".e30.cw\n", ST_FORMAT},
    {"a space in front", " " H ".e30.cw", ST_FORMAT},
    {"plus", H ".e30.c+++", ST_FORMAT},
    {"JSON serialization", "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"cw\"}",
     ST_FORMAT},
};

static void test_compact_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(TOKENS) / sizeof(TOKENS[0]); i++) {
        struct jwt_unverified t CLEANUP(jwt_done) = {0};
        struct bytes in = test_exact(bytes_str(TOKENS[i].text));
        status s = jwt_parse(in, &t);
        if (s.code != TOKENS[i].code)
            fail_msg("%s: %s (%s)", TOKENS[i].name, status_name(s.code), status_detail());
        test_exact_free(in);
    }
}

static void test_fields(void **state)
{
    (void)state;
    struct jwt_unverified t CLEANUP(jwt_done) = {0};
    struct buf token CLEANUP(buf_done) = forge_jwt_of(
        BYTES_LIT("{\"typ\":\"JWT\",\"x5c\":[\"AQ==\",\"AgM=\"],\"alg\":\"RS256\",\"kid\":\"k\"}"),
        BYTES_LIT("claims"), BYTES_LIT("sig"));
    assert_ok(jwt_parse(buf_view(&token), &t));
    assert_bytes_equal(t.kid, BYTES_LIT("k"));
    assert_int_equal(t.n_x5c, 2);
    assert_bytes_equal(t.x5c[0], BYTES_LIT("\x01"));
    assert_bytes_equal(t.x5c[1], BYTES_LIT("\x02\x03"));
    assert_bytes_equal(t.claims_, BYTES_LIT("claims"));
    assert_bytes_equal(t.signature, BYTES_LIT("sig"));
    assert_ptr_equal(t.signed_text.p, token.p);
    assert_int_equal(t.signed_text.n, token.n - 5);
    assert_bytes_equal(t.parts[2], BYTES_LIT("c2ln"));
}

static void test_limits(void **state)
{
    (void)state;
    struct jwt_unverified t CLEANUP(jwt_done) = {0};
    struct buf big CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES + 1);
    assert_non_null(buf_extend(&big, JWT_MAX_BYTES + 1));
    memset(big.p, 'A', big.n);
    assert_code(jwt_parse(buf_view(&big), &t), ST_LIMIT);
    struct buf header CLEANUP(buf_done) = BUF_MAX(1 << 10);
    buf_put_str(&header, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"");
    for (int i = 0; i < JWT_KID_MAX; i++)
        buf_put_u8(&header, 'k');
    for (int over = 0; over < 2; over++) {
        struct buf whole CLEANUP(buf_done) = BUF_MAX(1 << 10);
        buf_put(&whole, buf_view(&header));
        buf_put_str(&whole, over ? "k\"}" : "\"}");
        struct jwt_unverified u CLEANUP(jwt_done) = {0};
        struct buf token CLEANUP(buf_done) =
            forge_jwt_of(buf_view(&whole), BYTES_LIT("{}"), BYTES_LIT("s"));
        assert_code(jwt_parse(buf_view(&token), &u), over ? ST_FORMAT : ST_OK);
    }
}

static void test_truncations(void **state)
{
    (void)state;
    struct bytes whole = BYTES_LIT(H ".e30.c2ln");
    for (size_t n = 0; n < whole.n; n++) {
        struct jwt_unverified t CLEANUP(jwt_done) = {0};
        struct bytes in = test_exact(bytes_of(whole.p, n));
        status s = jwt_parse(in, &t);
        /* The last ones lose bytes of the signature only, and parse: they do not verify. */
        if (n + 3 < whole.n && ok(s))
            fail_msg("%zu bytes parse", n);
        test_exact_free(in);
    }
}

struct signer {
    struct rsa_secret *key;
    struct buf spki, token;
};

static int set_up(void **state)
{
    static struct signer s;
    s = (struct signer){.spki = BUF_MAX(RSA_SPKI_MAX_BYTES)};
    assert_ok(rsa_generate(2048, &s.key));
    assert_ok(rsa_public_spki(s.key, &s.spki));
    s.token = forge_jwt_sign(s.key, BYTES_LIT(GOOD_HEADER), BYTES_LIT("{\"a\":1}"));
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct signer *s = *state;
    rsa_secret_freep(&s->key);
    buf_done(&s->spki);
    buf_done(&s->token);
    return 0;
}

static void test_signature(void **state)
{
    struct signer *s = *state;
    struct jwt_unverified t CLEANUP(jwt_done) = {0};
    struct jwt_verified v = {0};
    assert_ok(jwt_parse(buf_view(&s->token), &t));
    assert_ok(jwt_verify(&t, buf_view(&s->spki), &v));
    assert_bytes_equal(v.claims, BYTES_LIT("{\"a\":1}"));
    struct buf other CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    struct rsa_secret *key CLEANUP(rsa_secret_freep) = NULL;
    assert_ok(rsa_generate(2048, &key));
    assert_ok(rsa_public_spki(key, &other));
    assert_code(jwt_verify(&t, buf_view(&other), &v), ST_AUTH);
}

/* Every bit of the token's text: it does not parse, or its signature does not hold. */
static void test_bit_flips(void **state)
{
    struct signer *s = *state;
    for (size_t bit = 0; bit < 8 * s->token.n; bit += 3) {
        struct jwt_unverified t CLEANUP(jwt_done) = {0};
        struct jwt_verified v = {0};
        struct buf copy CLEANUP(buf_done) = BUF_MAX(s->token.n);
        buf_put(&copy, buf_view(&s->token));
        copy.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ok(jwt_parse(buf_view(&copy), &t)) && ok(jwt_verify(&t, buf_view(&s->spki), &v)))
            fail_msg("bit %zu", bit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),   cmocka_unit_test(test_compact_form),
        cmocka_unit_test(test_fields),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_signature), cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_bit_flips),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
