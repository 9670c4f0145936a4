#include "crypto/hpke.h"

#include "support/test.h"
#include "support/vectors.h"

enum { MODE_BASE = 0, KEM_X25519 = 0x20, KDF_SHA256 = 1 };

struct session {
    struct hpke *sender, *receiver;
    struct x25519_secret secret;
    uint8_t public_key[X25519_LEN], enc[HPKE_ENC_LEN];
};

static struct session session_of(enum aead_alg alg, const char *info)
{
    struct session s = {0};
    assert_ok(x25519_generate(&s.secret, s.public_key));
    assert_ok(hpke_setup_sender(alg, s.public_key, bytes_str(info), s.enc, &s.sender));
    assert_ok(hpke_setup_receiver(alg, &s.secret, bytes_str(info), s.enc, &s.receiver));
    return s;
}

static void session_done(struct session *s)
{
    hpke_freep(&s->sender);
    hpke_freep(&s->receiver);
    assert_null(s->sender);
}

static void messages_arrive_in_order(void **state)
{
    (void)state;
    for (unsigned alg = AEAD_AES_256_GCM; alg <= AEAD_CHACHA20_POLY1305; alg++) {
        struct session s = session_of((enum aead_alg)alg, "info");
        uint8_t first[21], second[21], out[5];
        assert_ok(hpke_seal(s.sender, BYTES_LIT("a"), BYTES_LIT("hello"), first));
        assert_ok(hpke_seal(s.sender, BYTES_LIT("a"), BYTES_LIT("hello"), second));
        assert_memory_not_equal(first, second, sizeof(first));
        assert_code(hpke_open(s.receiver, BYTES_LIT("a"), BYTES_OF(second), out), ST_AUTH);
        assert_ok(hpke_open(s.receiver, BYTES_LIT("a"), BYTES_OF(first), out));
        assert_code(hpke_open(s.receiver, BYTES_LIT("a"), BYTES_OF(first), out), ST_AUTH);
        assert_ok(hpke_open(s.receiver, BYTES_LIT("a"), BYTES_OF(second), out));
        assert_memory_equal(out, "hello", 5);
        session_done(&s);
    }
}

static void each_byte_of_ciphertext_and_aad_counts(void **state)
{
    (void)state;
    struct session s = session_of(AEAD_AES_256_GCM, "info");
    uint8_t sealed[21], out[5], aad[3] = {1, 2, 3};
    assert_ok(hpke_seal(s.sender, BYTES_OF(aad), BYTES_LIT("hello"), sealed));
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_code(hpke_open(s.receiver, BYTES_OF(aad), BYTES_OF(sealed), out), ST_AUTH);
        sealed[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(aad); i++) {
        aad[i] ^= 1;
        assert_code(hpke_open(s.receiver, BYTES_OF(aad), BYTES_OF(sealed), out), ST_AUTH);
        aad[i] ^= 1;
    }
    assert_code(hpke_open(s.receiver, BYTES_OF(aad), bytes_of(sealed, 15), out), ST_TRUNCATED);
    assert_ok(hpke_open(s.receiver, BYTES_OF(aad), BYTES_OF(sealed), out));
    session_done(&s);
}

/* Whether a receiver with these inputs opens the sender's first message. */
static bool opens(const struct session *s, enum aead_alg alg, const char *info, const uint8_t *enc,
                  struct bytes sealed)
{
    struct hpke *h = NULL;
    uint8_t out[16];
    status set_up = hpke_setup_receiver(alg, &s->secret, bytes_str(info), enc, &h);
    if (failed(set_up)) {
        assert_null(h);
        return false;
    }
    bool is_open = ok(hpke_open(h, BYTES_LIT("a"), sealed, out));
    hpke_freep(&h);
    return is_open;
}

static void enc_info_and_algorithm_are_bound(void **state)
{
    (void)state;
    struct session s = session_of(AEAD_CHACHA20_POLY1305, "info");
    uint8_t sealed[21];
    assert_ok(hpke_seal(s.sender, BYTES_LIT("a"), BYTES_LIT("hello"), sealed));
    assert_true(opens(&s, AEAD_CHACHA20_POLY1305, "info", s.enc, BYTES_OF(sealed)));
    assert_false(opens(&s, AEAD_CHACHA20_POLY1305, "infp", s.enc, BYTES_OF(sealed)));
    assert_false(opens(&s, AEAD_CHACHA20_POLY1305, "", s.enc, BYTES_OF(sealed)));
    assert_false(opens(&s, AEAD_AES_256_GCM, "info", s.enc, BYTES_OF(sealed)));
    for (size_t bit = 0; bit < 256; bit++) { /* bit 255 too: enc is bound as bytes */
        s.enc[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(opens(&s, AEAD_CHACHA20_POLY1305, "info", s.enc, BYTES_OF(sealed)));
        s.enc[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    session_done(&s);
}

static void a_low_order_point_is_refused(void **state)
{
    (void)state;
    struct hpke *h = NULL;
    struct x25519_secret secret;
    uint8_t public_key[X25519_LEN], enc[HPKE_ENC_LEN], zero[X25519_LEN] = {0};
    assert_ok(x25519_generate(&secret, public_key));
    assert_code(hpke_setup_sender(AEAD_AES_256_GCM, zero, BYTES_LIT(""), enc, &h), ST_AUTH);
    assert_code(hpke_setup_receiver(AEAD_AES_256_GCM, &secret, BYTES_LIT(""), zero, &h), ST_AUTH);
    assert_null(h);
}

static void an_unknown_aead_is_refused(void **state)
{
    (void)state;
    struct hpke *h = NULL;
    struct x25519_secret secret;
    uint8_t public_key[X25519_LEN], enc[HPKE_ENC_LEN];
    static const unsigned others[] = {0, 1, 4, 0xffff};
    assert_ok(x25519_generate(&secret, public_key));
    for (size_t i = 0; i < 4; i++) {
        enum aead_alg alg = (enum aead_alg)others[i];
        assert_code(hpke_setup_sender(alg, public_key, BYTES_LIT(""), enc, &h), ST_ALG);
        assert_code(hpke_setup_receiver(alg, &secret, BYTES_LIT(""), public_key, &h), ST_ALG);
    }
}

static void exports_agree_and_are_limited(void **state)
{
    (void)state;
    struct session s = session_of(AEAD_AES_256_GCM, "info");
    static uint8_t a[HPKE_EXPORT_MAX + 1], b[HPKE_EXPORT_MAX + 1];
    uint8_t context[257] = {0};
    assert_ok(hpke_export(s.sender, BYTES_LIT("x"), a, 64));
    assert_ok(hpke_export(s.receiver, BYTES_LIT("x"), b, 64));
    assert_memory_equal(a, b, 64);
    assert_ok(hpke_export(s.receiver, BYTES_LIT("y"), b, 64));
    assert_memory_not_equal(a, b, 64);
    assert_ok(hpke_export(s.receiver, bytes_of(context, 256), b, HPKE_EXPORT_MAX));
    assert_code(hpke_export(s.receiver, BYTES_OF(context), b, 32), ST_LIMIT);
    assert_code(hpke_export(s.receiver, BYTES_LIT("x"), b, HPKE_EXPORT_MAX + 1), ST_LIMIT);
    session_done(&s);
}

/* Third-party vectors name the same fields differently in the two files. */
static const char *key_of(const json_t *object, const char *a, const char *b)
{
    return vector_has(object, a) ? a : b;
}

static bool is_in_scope(const json_t *test)
{
    return vector_int(test, "mode") == MODE_BASE && vector_int(test, "kem_id") == KEM_X25519 &&
           vector_int(test, "kdf_id") == KDF_SHA256 &&
           aead_alg_is_known((unsigned)vector_int(test, "aead_id"));
}

static struct x25519_secret secret_of(struct vectors *v, const json_t *test, const char *key)
{
    struct x25519_secret s;
    struct bytes b = vector_hex(v, test, key);
    assert_int_equal(b.n, X25519_LEN);
    memcpy(s.b, b.p, X25519_LEN);
    return s;
}

/* The file skips sequence numbers, which the API cannot: messages in between are sealed and opened
 * to get there. */
static void advance(struct session *s, uint64_t *at, uint64_t to)
{
    uint8_t sealed[AEAD_TAG_LEN], none[1];
    for (; *at < to; (*at)++) {
        assert_ok(hpke_seal(s->sender, (struct bytes){0}, (struct bytes){0}, sealed));
        assert_ok(hpke_open(s->receiver, (struct bytes){0}, BYTES_OF(sealed), none));
    }
}

static void run_encryptions(struct vectors *v, struct session *s, const json_t *test)
{
    size_t i;
    json_t *e;
    uint64_t at = 0;
    VECTOR_EACH(i, e, vector_at(test, "encryptions"))
    {
        struct bytes aad = vector_hex(v, e, "aad");
        struct bytes plain = vector_hex(v, e, key_of(e, "pt", "plaintext"));
        struct bytes want = vector_hex(v, e, key_of(e, "ct", "ciphertext"));
        uint8_t out[256];
        advance(s, &at, vector_has(e, "seq") ? (uint64_t)vector_int(e, "seq") : i);
        assert_true(want.n <= sizeof(out));
        assert_ok(hpke_seal(s->sender, aad, plain, out));
        assert_bytes_equal(bytes_of(out, want.n), want);
        assert_ok(hpke_open(s->receiver, aad, want, out));
        assert_bytes_equal(bytes_of(out, plain.n), plain);
        at++;
    }
}

static void run_exports(struct vectors *v, struct session *s, const json_t *test)
{
    size_t i;
    json_t *e;
    VECTOR_EACH(i, e, vector_at(test, "exports"))
    {
        struct bytes want = vector_hex(v, e, key_of(e, "exported_value", "value"));
        struct bytes context = vector_hex(v, e, key_of(e, "exporter_context", "context"));
        uint8_t out[256];
        assert_true(want.n <= sizeof(out));
        assert_ok(hpke_export(s->sender, context, out, want.n));
        assert_bytes_equal(bytes_of(out, want.n), want);
        assert_ok(hpke_export(s->receiver, context, out, want.n));
        assert_bytes_equal(bytes_of(out, want.n), want);
    }
}

static void check_derived(struct vectors *v, const json_t *test, const char *ikm,
                          const char *secret, const char *public_key)
{
    struct x25519_secret got;
    uint8_t got_public[X25519_LEN];
    assert_ok(hpke_derive_key_pair(vector_hex(v, test, ikm), &got, got_public));
    assert_bytes_equal(BYTES_OF(got.b), vector_hex(v, test, secret));
    assert_bytes_equal(BYTES_OF(got_public), vector_hex(v, test, public_key));
}

static void run_case(struct vectors *v, const json_t *test)
{
    enum aead_alg alg = (enum aead_alg)vector_int(test, "aead_id");
    struct x25519_secret ephemeral = secret_of(v, test, "skEm");
    struct x25519_secret recipient = secret_of(v, test, "skRm");
    struct bytes info = vector_hex(v, test, "info");
    struct session s = {0};
    check_derived(v, test, "ikmE", "skEm", "pkEm");
    check_derived(v, test, "ikmR", "skRm", "pkRm");
    assert_ok(hpke_setup_sender_with(alg, &ephemeral, vector_hex(v, test, "pkRm").p, info, s.enc,
                                     &s.sender));
    assert_bytes_equal(BYTES_OF(s.enc), vector_hex(v, test, "enc"));
    assert_ok(hpke_setup_receiver(alg, &recipient, info, s.enc, &s.receiver));
    run_encryptions(v, &s, test);
    run_exports(v, &s, test);
    session_done(&s);
    v->n_run++;
}

static void run_file(const char *name)
{
    struct vectors v = vectors_open(name);
    size_t i;
    json_t *test;
    VECTOR_EACH(i, test, v.root)
    {
        if (is_in_scope(test))
            run_case(&v, test);
        else
            v.n_out_of_scope++;
    }
    vectors_report(&v, name);
    vectors_close(&v);
}

static void published_vectors(void **state)
{
    (void)state;
    test_vectors_or_skip("hpke");
    run_file("hpke/rfc9180-x25519.json");
    run_file("hpke/circl-v08-x25519.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_in_order),
        cmocka_unit_test(each_byte_of_ciphertext_and_aad_counts),
        cmocka_unit_test(enc_info_and_algorithm_are_bound),
        cmocka_unit_test(a_low_order_point_is_refused),
        cmocka_unit_test(an_unknown_aead_is_refused),
        cmocka_unit_test(exports_agree_and_are_limited),
        cmocka_unit_test(published_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
