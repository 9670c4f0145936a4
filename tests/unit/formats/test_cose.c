#include "formats/cose.h"

#include <stdio.h>

#include "base/text.h"
#include "support/test.h"
#include "support/vectors.h"

/* {1: -8}, {1: -7}, {1: -35} */
static const struct bytes PROTECTED_EDDSA = {(const uint8_t *)"\xa1\x01\x27", 3};
static const struct bytes PROTECTED_ES256 = {(const uint8_t *)"\xa1\x01\x26", 3};
static const struct bytes PROTECTED_ES384 = {(const uint8_t *)"\xa1\x01\x38\x22", 4};
static const struct bytes NO_AAD = {0};

struct row {
    const char *rule, *hex;
    enum cose_tag_rule tag;
    enum status_code code;
};

static const struct row ROWS[] = {
    {"tagged", "d28443a10127a0416140", COSE_TAG_REQUIRED, ST_OK},
    {"tagged, either way allowed", "d28443a10127a0416140", COSE_TAG_OPTIONAL, ST_OK},
    {"tagged where none belongs", "d28443a10127a0416140", COSE_TAG_FORBIDDEN, ST_FORMAT},
    {"untagged", "8443a10127a0416140", COSE_TAG_FORBIDDEN, ST_OK},
    {"untagged, either way allowed", "8443a10127a0416140", COSE_TAG_OPTIONAL, ST_OK},
    {"untagged where a tag belongs", "8443a10127a0416140", COSE_TAG_REQUIRED, ST_FORMAT},
    {"tag of COSE_Mac0", "d18443a10127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"tag 998", "d903e68443a10127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"tag twice", "d2d28443a10127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"tag 18 in two bytes", "d8128443a10127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"three elements", "8343a10127a04161", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"five elements", "8543a10127a041614000", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"bytes after the message", "8443a10127a041614000", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"a map in the place of the array", "a143a10127a0", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"detached payload", "8443a10127a0f640", COSE_TAG_OPTIONAL, ST_OK},
    {"payload of text", "8443a10127a0616140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"payload true", "8443a10127a0f540", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"signature of text", "8443a10127a0416160", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"signature null", "8443a10127a04161f6", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected header empty", "8440a0416140", COSE_TAG_OPTIONAL, ST_OK},
    {"protected header an empty map", "8441a0a0416140", COSE_TAG_OPTIONAL, ST_OK},
    {"protected header a map itself", "84a10127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected header an array", "844180a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected header with a tail", "8444a1012700a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected header cut short", "8442a101a0416140", COSE_TAG_OPTIONAL, ST_TRUNCATED},
    {"protected label twice", "8445a201270127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected labels out of order", "8445a203000127a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected label null", "8443a1f600a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected label a byte string", "8444a1416100a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"protected label of text", "8444a1616100a0416140", COSE_TAG_OPTIONAL, ST_OK},
    {"protected algorithm of text", "844aa1016745643235353139a0416140", COSE_TAG_OPTIONAL,
     ST_FORMAT},
    {"protected algorithm beyond 64 bits", "844ba1013bffffffffffffffffa0416140", COSE_TAG_OPTIONAL,
     ST_LIMIT},
    {"protected algorithm not shortest", "8444a1013807a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"critical parameter", "8446a20127028103a0416140", COSE_TAG_OPTIONAL, ST_UNSUPPORTED},
    {"crit outside the protected header", "8443a10127a1028103416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"algorithm in both headers", "8443a10127a10127416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"algorithm unprotected alone", "8440a10127416140", COSE_TAG_OPTIONAL, ST_OK},
    {"unprotected header an array", "8443a1012780416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"unprotected header null", "8443a10127f6416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"unprotected header a string", "8443a1012741a0416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"unprotected label twice", "8443a10127a204000400416140", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"indefinite array", "9f43a10127a0416140ff", COSE_TAG_OPTIONAL, ST_FORMAT},
    {"nothing", "", COSE_TAG_OPTIONAL, ST_TRUNCATED},
    {"nothing where a tag belongs", "", COSE_TAG_REQUIRED, ST_TRUNCATED},
};

static void each_rule_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf b = test_hex(ROWS[i].hex);
        struct bytes in = test_exact(buf_view(&b));
        struct cose_unverified m;
        status s = cose_parse(in, ROWS[i].tag, CBOR_DETERMINISTIC, &m);
        if (s.code != ROWS[i].code)
            fail_msg("%s: got %s (%s)", ROWS[i].rule, status_name(s.code), status_detail());
        test_exact_free(in);
        buf_done(&b);
    }
}

static void a_fifth_element_is_named(void **state)
{
    (void)state;
    static const char *const messages[] = {"8543a10127a041614000", "9f43a10127a041614000ff"};
    for (size_t i = 0; i < 2; i++) {
        struct buf b = test_hex(messages[i]);
        struct cose_unverified m;
        assert_code(cose_parse(buf_view(&b), COSE_TAG_OPTIONAL, CBOR_LENIENT, &m), ST_FORMAT);
        assert_non_null(strstr(status_detail(), "more than four"));
        buf_done(&b);
    }
}

static void lenient_mode_takes_indefinite_lengths(void **state)
{
    (void)state;
    struct buf b = test_hex("9f43a10127bfff416140ff");
    struct cose_unverified m;
    assert_ok(cose_parse(buf_view(&b), COSE_TAG_OPTIONAL, CBOR_LENIENT, &m));
    assert_true(m.unprotected_is_empty);
    assert_code(cose_parse(buf_view(&b), COSE_TAG_OPTIONAL, CBOR_DETERMINISTIC, &m), ST_FORMAT);
    buf_done(&b);
}

static void fields_are_views(void **state)
{
    (void)state;
    struct buf b = test_hex("d28443a10127a10441614268694301020a");
    struct cose_unverified m;
    assert_ok(cose_parse(buf_view(&b), COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &m));
    assert_bytes_equal(m.protected_raw, PROTECTED_EDDSA);
    assert_bytes_equal(m.unprotected_raw, BYTES_LIT("\xa1\x04\x41\x61"));
    assert_bytes_equal(cose_payload_unverified(&m), BYTES_LIT("hi"));
    assert_bytes_equal(m.sig, BYTES_LIT("\x01\x02\x0a"));
    assert_true(m.has_alg && m.alg == COSE_ALG_EDDSA && !m.has_unprotected_alg);
    assert_true(m.has_payload && !m.unprotected_is_empty);
    buf_done(&b);
}

static struct buf signed_ed25519(const struct ed25519_secret *key, struct bytes payload)
{
    struct buf b = BUF_MAX(1024);
    assert_ok(cose_sign_ed25519(key, PROTECTED_EDDSA, payload, true, &b));
    return b;
}

static status parse_and_verify(struct bytes in, const uint8_t *key, struct bytes aad,
                               struct cose_verified *out)
{
    struct cose_unverified m;
    TRY(cose_parse(in, COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &m));
    return cose_verify_ed25519(&m, key, aad, out);
}

static void ed25519_round_trip_and_each_bit(void **state)
{
    (void)state;
    struct ed25519_secret key;
    struct cose_verified v, untouched = {.payload = {NULL, 7}};
    assert_ok(ed25519_generate(&key));
    struct buf b = signed_ed25519(&key, BYTES_LIT("payload"));
    assert_ok(parse_and_verify(buf_view(&b), key.public_key, NO_AAD, &v));
    assert_bytes_equal(v.payload, BYTES_LIT("payload"));
    assert_code(parse_and_verify(buf_view(&b), key.public_key, BYTES_LIT("aad"), &v), ST_AUTH);
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        v = untouched;
        assert_true(failed(parse_and_verify(buf_view(&b), key.public_key, NO_AAD, &v)));
        assert_memory_equal(&v, &untouched, sizeof(v));
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < b.n; n++) {
        struct bytes in = test_exact(bytes_of(b.p, n));
        assert_code(parse_and_verify(in, key.public_key, NO_AAD, &v), ST_TRUNCATED);
        test_exact_free(in);
    }
    buf_done(&b);
}

static void ecdsa_round_trip_on_both_curves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        enum ecdsa_alg alg = i ? ECDSA_ES384 : ECDSA_ES256, other = i ? ECDSA_ES256 : ECDSA_ES384;
        struct bytes header = i ? PROTECTED_ES384 : PROTECTED_ES256;
        struct ecdsa_secret *key = NULL;
        struct buf b = BUF_MAX(1024), spki = BUF_MAX(256);
        struct cose_unverified m;
        struct cose_verified v;
        assert_ok(ecdsa_generate(alg, &key));
        assert_ok(ecdsa_public_spki(key, &spki));
        assert_ok(cose_sign_ecdsa(key, alg, header, BYTES_LIT("payload"), false, &b));
        assert_ok(cose_parse(buf_view(&b), COSE_TAG_FORBIDDEN, CBOR_DETERMINISTIC, &m));
        assert_ok(cose_verify_ecdsa(&m, alg, buf_view(&spki), NO_AAD, &v));
        assert_bytes_equal(v.payload, BYTES_LIT("payload"));
        assert_code(cose_verify_ecdsa(&m, other, buf_view(&spki), NO_AAD, &v), ST_ALG);
        m.alg = COSE_ALG_EDDSA; /* the signature holds, the header says something else */
        assert_code(cose_verify_ecdsa(&m, alg, buf_view(&spki), NO_AAD, &v), ST_ALG);
        assert_ok(cose_parse(buf_view(&b), COSE_TAG_FORBIDDEN, CBOR_DETERMINISTIC, &m));
        b.p[b.n - 1] ^= 1;
        assert_code(cose_verify_ecdsa(&m, alg, buf_view(&spki), NO_AAD, &v), ST_AUTH);
        m.sig.n--;
        assert_code(cose_verify_ecdsa(&m, alg, buf_view(&spki), NO_AAD, &v), ST_FORMAT);
        buf_done(&b);
        buf_done(&spki);
        ecdsa_secret_freep(&key);
    }
}

/* The caller's algorithm decides; the message's is only compared with it. */
static void the_header_must_name_the_algorithm(void **state)
{
    (void)state;
    struct ed25519_secret key;
    struct cose_verified v;
    struct cose_unverified m;
    assert_ok(ed25519_generate(&key));
    struct buf b = signed_ed25519(&key, BYTES_LIT("p"));
    assert_ok(cose_parse(buf_view(&b), COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &m));
    m.alg = COSE_ALG_ES256;
    assert_code(cose_verify_ed25519(&m, key.public_key, NO_AAD, &v), ST_ALG);
    m.has_alg = false;
    assert_code(cose_verify_ed25519(&m, key.public_key, NO_AAD, &v), ST_ALG);
    m.has_unprotected_alg = true;
    m.unprotected_alg = COSE_ALG_ES256;
    assert_code(cose_verify_ed25519(&m, key.public_key, NO_AAD, &v), ST_ALG);
    m.unprotected_alg = COSE_ALG_EDDSA;
    assert_ok(cose_verify_ed25519(&m, key.public_key, NO_AAD, &v));
    m.has_payload = false;
    assert_code(cose_verify_ed25519(&m, key.public_key, NO_AAD, &v), ST_FORMAT);
    buf_done(&b);
}

static void a_signer_checks_its_own_header(void **state)
{
    (void)state;
    struct ed25519_secret key;
    struct ecdsa_secret *p256 = NULL;
    struct buf b = BUF_MAX(1024);
    assert_ok(ed25519_generate(&key));
    assert_ok(ecdsa_generate(ECDSA_ES256, &p256));
    assert_code(cose_sign_ed25519(&key, PROTECTED_ES256, BYTES_LIT("p"), true, &b), ST_USAGE);
    assert_code(cose_sign_ed25519(&key, NO_AAD, BYTES_LIT("p"), true, &b), ST_USAGE);
    assert_code(cose_sign_ed25519(&key, BYTES_LIT("\xa1"), BYTES_LIT("p"), true, &b), ST_TRUNCATED);
    assert_code(cose_sign_ecdsa(p256, ECDSA_ES256, PROTECTED_EDDSA, BYTES_LIT("p"), true, &b),
                ST_USAGE);
    assert_code(cose_sign_ecdsa(p256, ECDSA_ES384, PROTECTED_ES384, BYTES_LIT("p"), true, &b),
                ST_USAGE);
    assert_int_equal(b.n, 0);
    ecdsa_secret_freep(&p256);
    buf_done(&b);
}

/* 18([<< {1: -8, 3: "a/x"} >>, {}, 'a', '']), and what differs from it. */
static void a_typed_message_has_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *hex;
        enum status_code code;
    } typed[] = {
        {"of this type", "d28448a201270363612f78a0416140", ST_OK},
        {"of another type", "d28448a201270363612f79a0416140", ST_FORMAT},
        {"without a type", "d28443a10127a0416140", ST_FORMAT},
        {"a parameter more", "d2844aa301270363612f780440a0416140", ST_FORMAT},
        {"parameters in another order", "d28448a20363612f780127a0416140", ST_FORMAT},
        {"of another algorithm", "d28448a201260363612f78a0416140", ST_FORMAT},
        {"something unprotected", "d28448a201270363612f78a10440416140", ST_FORMAT},
        {"untagged", "8448a201270363612f78a0416140", ST_FORMAT},
    };
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        struct cose_unverified m;
        struct buf in CLEANUP(buf_done) = test_hex(typed[i].hex);
        status s = cose_parse_typed(buf_view(&in), "a/x", &m);
        if (s.code != typed[i].code)
            fail_msg("%s: %s (%s)", typed[i].rule, status_name(s.code), status_detail());
    }
}

static void a_typed_message_is_signed_and_verified(void **state)
{
    (void)state;
    struct ed25519_secret key;
    struct cose_unverified m;
    struct cose_verified v;
    struct buf out CLEANUP(buf_done) = BUF_MAX(256);
    assert_ok(ed25519_generate(&key));
    assert_ok(cose_sign_typed(&key, "a/x", BYTES_LIT("text"), &out));
    assert_ok(cose_parse_typed(buf_view(&out), "a/x", &m));
    assert_ok(cose_verify_ed25519(&m, key.public_key, NO_AAD, &v));
    assert_bytes_equal(v.payload, BYTES_LIT("text"));
    assert_code(cose_parse_typed(buf_view(&out), "a/y", &m), ST_FORMAT);
}

static void an_empty_header_counts_as_nothing(void **state)
{
    (void)state;
    struct buf a = BUF_MAX(256), b = BUF_MAX(256);
    assert_ok(cose_sig_structure(BYTES_LIT("\xa0"), NO_AAD, BYTES_LIT("p"), &a));
    assert_ok(cose_sig_structure(NO_AAD, NO_AAD, BYTES_LIT("p"), &b));
    assert_bytes_equal(buf_view(&a), buf_view(&b));
    assert_bytes_equal(buf_view(&a), BYTES_LIT("\x84\x6aSignature1\x40\x40\x41p"));
    buf_done(&a);
    buf_done(&b);
}

struct file_row {
    const char *file;
    bool accepted;
};

static const struct file_row FILES[] = {
    {"sign-pass-01", true},  {"sign-pass-02", true},  {"sign-pass-03", true},
    {"sign-fail-01", false}, {"sign-fail-02", false}, {"sign-fail-03", false},
    {"sign-fail-06", false}, {"eddsa-sig-01", true},  {"ecdsa-sig-01", true},
    {"ecdsa-sig-02", true},  {"A_3", true},
};

/* base64url without padding, or the _hex form of the same member. */
static struct bytes coordinate(struct vectors *v, const json_t *key, const char *name)
{
    char hex_name[16];
    (void)snprintf(hex_name, sizeof(hex_name), "%s_hex", name);
    if (vector_has(key, hex_name))
        return vector_hex(v, key, hex_name);
    struct buf text = BUF_MAX(256), raw = BUF_MAX(256);
    for (const char *c = vector_str(key, name); *c != 0; c++)
        buf_put_u8(&text, (uint8_t)(*c == '-' ? '+' : *c == '_' ? '/' : *c));
    while (text.n % 4 != 0)
        buf_put_u8(&text, '=');
    assert_ok(base64_decode(buf_view(&text), &raw));
    struct bytes kept = vector_keep(v, buf_view(&raw));
    buf_done(&text);
    buf_done(&raw);
    return kept;
}

static struct bytes spki_of(struct vectors *v, const json_t *key, enum ecdsa_alg alg)
{
    struct buf spki =
        test_hex(alg == ECDSA_ES256 ? "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                                    : "3076301006072a8648ce3d020106052b8104002203620004");
    buf_put(&spki, coordinate(v, key, "x"));
    buf_put(&spki, coordinate(v, key, "y"));
    struct bytes kept = vector_keep(v, buf_view(&spki));
    buf_done(&spki);
    return kept;
}

static status verify_as_the_file_says(struct vectors *v, const json_t *sign0, struct bytes message,
                                      struct bytes aad)
{
    const json_t *key = vector_at(sign0, "key");
    struct cose_unverified m;
    struct cose_verified out;
    TRY(cose_parse(message, COSE_TAG_OPTIONAL, CBOR_DETERMINISTIC, &m));
    if (strcmp(vector_str(key, "crv"), "Ed25519") == 0)
        return cose_verify_ed25519(&m, coordinate(v, key, "x").p, aad, &out);
    bool is_p384 = strcmp(vector_str(key, "crv"), "P-384") == 0;
    enum ecdsa_alg alg = is_p384 ? ECDSA_ES384 : ECDSA_ES256;
    return cose_verify_ecdsa(&m, alg, spki_of(v, key, alg), aad, &out);
}

/* What is signed, byte for byte, is what the file gives. */
static void check_signed_bytes(struct vectors *v, struct bytes message, struct bytes aad)
{
    struct cose_unverified m;
    struct buf got = BUF_MAX(1024);
    struct bytes wanted = vector_hex(v, vector_at(v->root, "intermediates"), "ToBeSign_hex");
    assert_ok(cose_parse(message, COSE_TAG_OPTIONAL, CBOR_DETERMINISTIC, &m));
    assert_ok(cose_sig_structure(m.protected_raw, aad, cose_payload_unverified(&m), &got));
    assert_bytes_equal(buf_view(&got), wanted);
    buf_done(&got);
}

static void run_file(const struct file_row *row, unsigned *n_run)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "cose/%s.json", row->file);
    struct vectors v = vectors_open(name);
    const json_t *sign0 = vector_at(vector_at(v.root, "input"), "sign0");
    struct bytes aad = NO_AAD;
    if (vector_has(sign0, "external"))
        aad = vector_hex(&v, sign0, "external");
    struct bytes message = vector_hex(&v, vector_at(v.root, "output"), "cbor");
    status s = verify_as_the_file_says(&v, sign0, message, aad);
    if (ok(s) != row->accepted)
        fail_msg("%s: %s", row->file, status_name(s.code));
    if (row->accepted)
        check_signed_bytes(&v, message, aad);
    (*n_run)++;
    vectors_close(&v);
}

static void working_group_examples(void **state)
{
    (void)state;
    unsigned n_run = 0;
    test_vectors_or_skip("cose");
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++)
        run_file(&FILES[i], &n_run);
    print_message("cose: %u cases run\n", n_run);
}

static bool is_run(const char *name)
{
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        size_t n = strlen(FILES[i].file);
        if (strncmp(name, FILES[i].file, n) == 0 && strcmp(name + n, ".json") == 0)
            return true;
    }
    return false;
}

static void every_example_is_run(void **state)
{
    (void)state;
    test_vectors_or_skip("cose");
    test_vectors_covered("cose", is_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_verdict),
        cmocka_unit_test(a_fifth_element_is_named),
        cmocka_unit_test(lenient_mode_takes_indefinite_lengths),
        cmocka_unit_test(fields_are_views),
        cmocka_unit_test(ed25519_round_trip_and_each_bit),
        cmocka_unit_test(ecdsa_round_trip_on_both_curves),
        cmocka_unit_test(the_header_must_name_the_algorithm),
        cmocka_unit_test(a_signer_checks_its_own_header),
        cmocka_unit_test(a_typed_message_has_one_form),
        cmocka_unit_test(a_typed_message_is_signed_and_verified),
        cmocka_unit_test(an_empty_header_counts_as_nothing),
        cmocka_unit_test(working_group_examples),
        cmocka_unit_test(every_example_is_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
