#include "crypto/rsa.h"

#include "support/test.h"

enum { DER_MAX = 8192 };
static const enum rsa_alg ALGS[] = {RSA_RS256, RSA_RS384, RSA_RS512, RSA_PS384};
enum { N_ALGS = sizeof(ALGS) / sizeof(ALGS[0]) };

/* One key for all: making one takes long. */
struct scene {
    struct rsa_secret *key;
    struct buf spki;
};

static int set_up(void **state)
{
    static struct scene s;
    s = (struct scene){.spki = BUF_MAX(DER_MAX)};
    assert_ok(rsa_generate(2048, &s.key));
    assert_ok(rsa_public_spki(s.key, &s.spki));
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    rsa_secret_freep(&s->key);
    buf_done(&s->spki);
    return 0;
}

static void signs_and_verifies(void **state)
{
    struct scene *s = *state;
    for (size_t i = 0; i < N_ALGS; i++) {
        struct buf sig = BUF_MAX(DER_MAX);
        assert_ok(rsa_sign(s->key, ALGS[i], BYTES_LIT("m"), &sig));
        assert_int_equal(sig.n, 256);
        for (size_t j = 0; j < N_ALGS; j++) {
            status got =
                rsa_verify_spki(ALGS[j], buf_view(&s->spki), BYTES_LIT("m"), buf_view(&sig));
            assert_int_equal(got.code, i == j ? ST_OK : ST_AUTH);
        }
        assert_code(rsa_verify_spki(ALGS[i], buf_view(&s->spki), BYTES_LIT("n"), buf_view(&sig)),
                    ST_AUTH);
        buf_done(&sig);
    }
    struct buf sig = BUF_MAX(DER_MAX);
    assert_code(rsa_sign(s->key, (enum rsa_alg)9, BYTES_LIT("m"), &sig), ST_ALG);
    assert_code(
        rsa_verify_spki((enum rsa_alg)9, buf_view(&s->spki), BYTES_LIT("m"), buf_view(&sig)),
        ST_ALG);
}

static void each_flipped_byte_is_refused(void **state)
{
    struct scene *s = *state;
    struct buf sig = BUF_MAX(DER_MAX);
    assert_ok(rsa_sign(s->key, RSA_PS384, BYTES_LIT("m"), &sig));
    for (size_t i = 0; i < sig.n; i += 3) {
        sig.p[i] ^= 0x04;
        assert_code(rsa_verify_spki(RSA_PS384, buf_view(&s->spki), BYTES_LIT("m"), buf_view(&sig)),
                    ST_AUTH);
        sig.p[i] ^= 0x04;
    }
    for (size_t i = 0; i < s->spki.n; i++) {
        s->spki.p[i] ^= 0x01;
        assert_true(
            failed(rsa_verify_spki(RSA_PS384, buf_view(&s->spki), BYTES_LIT("m"), buf_view(&sig))));
        s->spki.p[i] ^= 0x01;
    }
    buf_done(&sig);
}

static void a_signature_has_the_size_of_the_modulus(void **state)
{
    struct scene *s = *state;
    uint8_t zeros[258] = {0};
    for (size_t n = 0; n <= sizeof(zeros); n++) {
        struct bytes in = test_exact(bytes_of(zeros, n));
        status got = rsa_verify_spki(RSA_RS256, buf_view(&s->spki), BYTES_LIT("m"), in);
        assert_int_equal(got.code, n == 256 ? ST_AUTH : ST_FORMAT);
        test_exact_free(in);
    }
}

static void each_truncated_key_and_a_tail_are_refused(void **state)
{
    struct scene *s = *state;
    unsigned bits = 7;
    for (size_t n = 0; n < s->spki.n; n++) {
        struct bytes in = test_exact(bytes_of(s->spki.p, n));
        assert_code(rsa_spki_bits(in, &bits), ST_TRUNCATED);
        test_exact_free(in);
    }
    struct buf longer = BUF_MAX(DER_MAX);
    buf_put(&longer, buf_view(&s->spki));
    buf_put_u8(&longer, 0);
    assert_code(rsa_spki_bits(buf_view(&longer), &bits), ST_FORMAT);
    assert_int_equal(bits, 7);
    assert_ok(rsa_spki_bits(buf_view(&s->spki), &bits));
    assert_int_equal(bits, 2048);
    buf_done(&longer);
}

/* --- numbers that are refused --------------------------------------------------------------------
 */

struct number_row {
    const char *rule;
    size_t n_bytes; /* of the modulus: the first byte, then 0xff, then the last byte */
    uint8_t first, last;
    const char *e;
    enum status_code code;
};

static const struct number_row NUMBERS[] = {
    {"2048 bits", 256, 0x80, 0x01, "010001", ST_OK},
    {"4096 bits", 512, 0xff, 0x01, "010001", ST_OK},
    {"8192 bits", 1024, 0x80, 0x01, "010001", ST_OK},
    {"a large exponent", 256, 0x80, 0x01, "ffffffffffffffff", ST_OK},
    {"2047 bits", 256, 0x7f, 0x01, "010001", ST_LIMIT},
    {"2040 bits", 255, 0x80, 0x01, "010001", ST_LIMIT},
    {"1024 bits", 128, 0x80, 0x01, "010001", ST_LIMIT},
    {"8200 bits", 1025, 0x80, 0x01, "010001", ST_LIMIT},
    {"a number of bits that fills no bytes", 257, 0x10, 0x01, "010001", ST_LIMIT},
    {"an even modulus", 256, 0x80, 0x02, "010001", ST_FORMAT},
    {"a modulus that begins with zero", 257, 0x00, 0x01, "010001", ST_FORMAT},
    {"no modulus", 0, 0x00, 0x00, "010001", ST_FORMAT},
    {"exponent 3", 256, 0x80, 0x01, "03", ST_LIMIT},
    {"exponent 1", 256, 0x80, 0x01, "01", ST_LIMIT},
    {"exponent 65535", 256, 0x80, 0x01, "ffff", ST_LIMIT},
    {"an even exponent", 256, 0x80, 0x01, "010002", ST_FORMAT},
    {"an exponent of 65 bits", 256, 0x80, 0x01, "010000000000010001", ST_LIMIT},
    {"an exponent that begins with zero", 256, 0x80, 0x01, "00010001", ST_FORMAT},
    {"no exponent", 256, 0x80, 0x01, "", ST_FORMAT},
};

static void numbers_have_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        const struct number_row *row = &NUMBERS[i];
        uint8_t n[1025];
        unsigned bits = 0;
        struct buf e = test_hex(row->e), spki = BUF_MAX(RSA_SPKI_MAX_BYTES);
        memset(n, 0xff, sizeof(n));
        n[0] = row->first;
        if (row->n_bytes > 1)
            n[row->n_bytes - 1] = row->last;
        struct bytes modulus = test_exact(bytes_of(n, row->n_bytes));
        status s = rsa_spki_from_ne(modulus, buf_view(&e), &spki);
        if (s.code != row->code)
            fail_msg("%s: %s", row->rule, status_name(s.code));
        if (ok(s)) {
            assert_ok(rsa_spki_bits(buf_view(&spki), &bits));
            assert_int_equal(bits, row->n_bytes * 8);
        }
        assert_true(ok(s) || spki.n == 0);
        test_exact_free(modulus);
        buf_done(&e);
        buf_done(&spki);
    }
}

/* The key as DER around the same numbers, with one thing wrong in its frame. */
struct frame_row {
    const char *rule, *algorithm, *e;
    bool has_unused_bits, has_third_number;
    enum status_code code;
};

#define RSA_ENCRYPTION "300d06092a864886f70d0101010500"
static const struct frame_row FRAMES[] = {
    {"sound", RSA_ENCRYPTION, "0203010001", false, false, ST_OK},
    {"no NULL parameters", "300b06092a864886f70d010101", "0203010001", false, false, ST_ALG},
    {"an RSASSA-PSS key", "300b06092a864886f70d01010a", "0203010001", false, false, ST_ALG},
    {"an EC key", "301306072a8648ce3d020106082a8648ce3d030107", "0203010001", false, false, ST_ALG},
    {"unused bits", RSA_ENCRYPTION, "0203010001", true, false, ST_FORMAT},
    {"a third number", RSA_ENCRYPTION, "0203010001", false, true, ST_FORMAT},
    {"an exponent not in its shortest form", RSA_ENCRYPTION, "020400010001", false, false,
     ST_FORMAT},
    {"a negative exponent", RSA_ENCRYPTION, "0203810001", false, false, ST_FORMAT},
    {"exponent 3", RSA_ENCRYPTION, "020103", false, false, ST_LIMIT},
    {"an exponent that is no integer", RSA_ENCRYPTION, "0403010001", false, false, ST_FORMAT},
};

static void put_item(struct buf *out, uint8_t tag, const struct buf *content)
{
    buf_put_u8(out, tag);
    buf_put_u8(out, 0x82);
    buf_put_u16be(out, (uint16_t)content->n);
    buf_put(out, buf_view(content));
}

static struct buf framed(const struct frame_row *row)
{
    struct buf n = BUF_MAX(DER_MAX), pair = BUF_MAX(DER_MAX), bits = BUF_MAX(DER_MAX);
    struct buf body = test_hex(row->algorithm), e = test_hex(row->e), out = BUF_MAX(DER_MAX);
    body.max = DER_MAX;
    buf_put_u8(&n, 0);
    for (size_t i = 0; i < 256; i++)
        buf_put_u8(&n, 0xff);
    put_item(&pair, 0x02, &n);
    buf_put(&pair, buf_view(&e));
    if (row->has_third_number)
        buf_put(&pair, buf_view(&e));
    buf_put_u8(&bits, row->has_unused_bits);
    put_item(&bits, 0x30, &pair);
    put_item(&body, 0x03, &bits);
    put_item(&out, 0x30, &body);
    assert_ok(buf_status(&out));
    buf_done(&n);
    buf_done(&pair);
    buf_done(&bits);
    buf_done(&body);
    buf_done(&e);
    return out;
}

static void a_key_has_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(FRAMES) / sizeof(FRAMES[0]); i++) {
        unsigned bits = 0;
        struct buf spki = framed(&FRAMES[i]);
        status s = rsa_spki_bits(buf_view(&spki), &bits);
        if (s.code != FRAMES[i].code)
            fail_msg("%s: %s (%s)", FRAMES[i].rule, status_name(s.code), status_detail());
        buf_done(&spki);
    }
}

/* --- private keys --------------------------------------------------------------------------------
 */

static void secrets_round_trip_as_pkcs8(void **state)
{
    struct scene *s = *state;
    struct buf der = BUF_MAX(DER_MAX), spki = BUF_MAX(DER_MAX);
    struct rsa_secret *again = NULL;
    assert_ok(rsa_secret_to_der(s->key, &der));
    assert_ok(rsa_secret_from_der(buf_view(&der), &again));
    assert_ok(rsa_public_spki(again, &spki));
    assert_bytes_equal(buf_view(&spki), buf_view(&s->spki));
    rsa_secret_freep(&again);
    buf_put_u8(&der, 0);
    assert_code(rsa_secret_from_der(buf_view(&der), &again), ST_FORMAT);
    assert_code(rsa_secret_from_der(bytes_of(der.p, der.n / 2), &again), ST_FORMAT);
    assert_null(again);
    buf_done(&der);
    buf_done(&spki);
}

static void keys_of_other_sizes_are_not_made(void **state)
{
    (void)state;
    struct rsa_secret *key = NULL;
    assert_code(rsa_generate(1024, &key), ST_USAGE);
    assert_code(rsa_generate(16384, &key), ST_USAGE);
    assert_null(key);
}

static void oaep_opens_what_was_sealed(void **state)
{
    struct scene *s = *state;
    uint8_t plain[191] = {1, 2, 3}; /* 256 - 2 * 32 - 2 = 190 bytes at most */
    static const size_t sizes[] = {0, 1, 32, 190};
    for (size_t i = 0; i < 4; i++) {
        struct buf sealed = BUF_MAX(DER_MAX), out = BUF_MAX(DER_MAX);
        assert_ok(rsa_oaep_seal(buf_view(&s->spki), bytes_of(plain, sizes[i]), &sealed));
        assert_ok(rsa_oaep_open(s->key, buf_view(&sealed), &out));
        assert_bytes_equal(buf_view(&out), bytes_of(plain, sizes[i]));
        buf_done(&out);
        out = BUF_MAX(DER_MAX);
        sealed.p[100] ^= 1;
        assert_code(rsa_oaep_open(s->key, buf_view(&sealed), &out), ST_AUTH);
        assert_code(rsa_oaep_open(s->key, bytes_of(sealed.p, 255), &out), ST_AUTH);
        buf_put_u8(&sealed, 0);
        assert_code(rsa_oaep_open(s->key, buf_view(&sealed), &out), ST_AUTH);
        assert_int_equal(out.n, 0);
        buf_done(&sealed);
        buf_done(&out);
    }
    struct buf sealed = BUF_MAX(DER_MAX);
    assert_code(rsa_oaep_seal(buf_view(&s->spki), BYTES_OF(plain), &sealed), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_and_verifies),
        cmocka_unit_test(each_flipped_byte_is_refused),
        cmocka_unit_test(a_signature_has_the_size_of_the_modulus),
        cmocka_unit_test(each_truncated_key_and_a_tail_are_refused),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(a_key_has_one_form),
        cmocka_unit_test(secrets_round_trip_as_pkcs8),
        cmocka_unit_test(keys_of_other_sizes_are_not_made),
        cmocka_unit_test(oaep_opens_what_was_sealed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
