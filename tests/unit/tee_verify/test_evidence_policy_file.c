#include "tee/verify/evidence_policy_file.h"

#include "base/text.h"
#include "formats/cose.h"
#include "support/fault_walk.h"
#include "support/test.h"

#include <string.h>

#define HEAD "{\"version\":1,"
#define R32  "11111111111111111111111111111111"
#define REST "\"nitro\":{\"releases\":[{\"name\":\"r\",\"pcr0\":\"" R32 R32 R32 "\"}]}}"
#define END  "\"not_after\":\"2027-01-31T00:00:00Z\","
#define GOOD HEAD "\"serial\":5," END REST

enum { ENDS_AT = 1801353600, NOW = ENDS_AT - 1000 };

#define TYPE          "application/eml-policy+json"
#define MANIFEST_TYPE "application/eml-model-manifest+cbor"
#define PROTECTED     "\xa2\x01\x27\x03\x78\x1b" TYPE

static struct ed25519_secret sign_key;
static struct ed25519_secret other_key;

static int set_up(void **state)
{
    static const uint8_t A[ED25519_SEED_LEN] = {1};
    static const uint8_t B[ED25519_SEED_LEN] = {2};
    if (fault_walk_set_up(state) != 0)
        return -1;
    return failed(ed25519_from_seed(A, &sign_key)) || failed(ed25519_from_seed(B, &other_key));
}

/* ---- an assembler without checks, written from docs/POLICY.md ---- */

/* What is left out is as the document says. */
struct parts {
    const char *tag;         /* "\xd2" */
    const char *array;       /* "\x84" */
    const char *protected_;  /* PROTECTED */
    const char *unprotected; /* "\xa0" */
    const char *json;        /* GOOD */
    bool is_detached;
    bool is_long_head; /* of the payload: five bytes where three do */
    bool is_signed_by_other;
    const char *signed_json; /* what the signature is over, where it is not json */
    size_t sig_cut;
    const char *behind;
};

static const char *or_else(const char *given, const char *usual)
{
    return given != NULL ? given : usual;
}

static void put_signature(const struct parts *p, struct bytes protected_raw, struct buf *out)
{
    struct buf tbs CLEANUP(buf_done) = BUF_MAX(2 * POLICY_MAX_BYTES);
    uint8_t sig[ED25519_SIG_LEN];
    const char *json = p->signed_json != NULL ? p->signed_json : or_else(p->json, GOOD);
    assert_ok(cose_sig_structure(protected_raw, (struct bytes){0}, bytes_str(json), &tbs));
    assert_ok(ed25519_sign(p->is_signed_by_other ? &other_key : &sign_key, buf_view(&tbs), sig));
    cbor_put_bytes(out, bytes_of(sig, sizeof(sig) - p->sig_cut));
}

static void put_payload(const struct parts *p, struct buf *out)
{
    const char *json = or_else(p->json, GOOD);
    if (p->is_detached) {
        cbor_put_null(out);
        return;
    }
    if (!p->is_long_head) {
        cbor_put_bytes(out, bytes_str(json));
        return;
    }
    buf_put_u8(out, 0x5a);
    buf_put_u32be(out, (uint32_t)strlen(json));
    buf_put_str(out, json);
}

static struct buf assemble(const struct parts *p)
{
    struct buf out = BUF_MAX(2 * POLICY_MAX_BYTES);
    struct bytes protected_raw = bytes_str(or_else(p->protected_, PROTECTED));
    buf_put_str(&out, or_else(p->tag, "\xd2"));
    buf_put_str(&out, or_else(p->array, "\x84"));
    cbor_put_bytes(&out, protected_raw);
    buf_put_str(&out, or_else(p->unprotected, "\xa0"));
    put_payload(p, &out);
    put_signature(p, protected_raw, &out);
    buf_put_str(&out, or_else(p->behind, ""));
    assert_ok(buf_status(&out));
    return out;
}

/* ---- opening ---- */

static status open_exact(struct bytes file, const struct evidence_policy_demand *d,
                         struct evidence_policy **out)
{
    struct bytes exact = test_exact(file);
    status s = evidence_policy_file_open(exact, d, out);
    test_exact_free(exact);
    assert_int_equal(*out != NULL, ok(s));
    return s;
}

static status open_with(struct bytes file, const uint8_t *signer, int64_t at,
                        struct evidence_memory *m)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    const struct evidence_policy_demand d = {.signer = signer, .at_unix_s = at, .memory = m};
    return open_exact(file, &d, &p);
}

static const struct {
    const char *rule;
    struct parts parts;
    enum status_code code;
} ROWS[] = {
    {"as the document says", {.json = GOOD}, ST_OK},
    {"without an end", {.json = HEAD "\"serial\":5," REST}, ST_OK},

    {"another key", {.is_signed_by_other = true}, ST_AUTH},
    {"a signature over another policy", {.signed_json = HEAD "\"serial\":6," END REST}, ST_AUTH},
    {"another key, and no JSON: not parsed", {.is_signed_by_other = true, .json = "{"}, ST_AUTH},
    {"a short signature", {.sig_cut = 1}, ST_FORMAT},
    {"no signature", {.sig_cut = ED25519_SIG_LEN}, ST_FORMAT},

    {"no tag", {.tag = ""}, ST_AUTH},
    {"the tag of COSE_Mac0", {.tag = "\xd1"}, ST_AUTH},
    {"the tag in a longer form", {.tag = "\xd8\x12"}, ST_AUTH},
    {"the tag twice", {.tag = "\xd2\xd2"}, ST_FORMAT},
    {"trailing byte", {.behind = " "}, ST_FORMAT},
    {"five elements", {.array = "\x85", .behind = "\x01"}, ST_FORMAT},

    {"a manifest's signature", {.protected_ = "\xa2\x01\x27\x03\x78\x23" MANIFEST_TYPE}, ST_FORMAT},
    {"no content type", {.protected_ = "\xa1\x01\x27"}, ST_FORMAT},
    {"no header", {.protected_ = ""}, ST_FORMAT},
    {"algorithm ES256", {.protected_ = "\xa2\x01\x26\x03\x78\x1b" TYPE}, ST_FORMAT},
    {"no algorithm", {.protected_ = "\xa1\x03\x78\x1b" TYPE}, ST_FORMAT},
    {"the algorithm outside the signature",
     {.protected_ = "\xa1\x03\x78\x1b" TYPE, .unprotected = "\xa1\x01\x27"},
     ST_FORMAT},
    {"a key id in the signed header",
     {.protected_ = "\xa3\x01\x27\x03\x78\x1b" TYPE "\x04\x41x"},
     ST_FORMAT},
    {"an unsigned key id", {.unprotected = "\xa1\x04\x41x"}, ST_FORMAT},

    {"the array in a longer form", {.array = "\x98\x04"}, ST_FORMAT},
    {"an array of no length", {.array = "\x9f", .behind = "\xff"}, ST_FORMAT},
    {"the payload's length in a longer form", {.is_long_head = true}, ST_FORMAT},
    {"the algorithm in a longer form",
     {.protected_ = "\xa2\x01\x38\x07\x03\x78\x1b" TYPE},
     ST_FORMAT},
    {"the header's keys in another order",
     {.protected_ = "\xa2\x03\x78\x1b" TYPE "\x01\x27"},
     ST_FORMAT},

    {"no payload", {.is_detached = true}, ST_FORMAT},
    {"an empty payload", {.json = ""}, ST_FORMAT},
    {"no JSON", {.json = "{"}, ST_FORMAT},
    {"an unknown key", {.json = HEAD "\"serial\":5,\"x\":1," REST}, ST_FORMAT},
    {"no platform", {.json = HEAD "\"serial\":5}"}, ST_CONFIG},
    {"no serial", {.json = HEAD END REST}, ST_CONFIG},
    {"ended",
     {.json = HEAD "\"serial\":5,\"not_after\":\"2027-01-01T00:00:00Z\"," REST},
     ST_EXPIRED},
};

static void every_rule_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf file CLEANUP(buf_done) = assemble(&ROWS[i].parts);
        status s = open_with(buf_view(&file), sign_key.public_key, NOW, NULL);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].rule, status_name(s.code),
                     failed(s) ? status_detail() : "");
    }
}

/* Behind the signature, where the size of the file alone would not refuse it. */
static void sizes_are_bounded(void **state)
{
    (void)state;
    static char json[POLICY_MAX_BYTES + 2];
    static const uint8_t big[EVIDENCE_POLICY_FILE_MAX_BYTES + 1] = {0xd2};
    memset(json, ' ', sizeof(json) - 1);
    memcpy(json, GOOD, sizeof(GOOD) - 1);
    struct buf over CLEANUP(buf_done) = assemble(&(struct parts){.json = json});
    assert_true(over.n <= EVIDENCE_POLICY_FILE_MAX_BYTES);
    assert_code(open_with(buf_view(&over), sign_key.public_key, NOW, NULL), ST_LIMIT);
    json[POLICY_MAX_BYTES] = 0;
    struct buf whole CLEANUP(buf_done) = assemble(&(struct parts){.json = json});
    assert_ok(open_with(buf_view(&whole), sign_key.public_key, NOW, NULL));
    assert_code(open_with(BYTES_OF(big), sign_key.public_key, NOW, NULL), ST_LIMIT);
    assert_code(open_with(bytes_of(json, POLICY_MAX_BYTES + 1), NULL, NOW, NULL), ST_LIMIT);
}

static void every_length_is_refused(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) = assemble(&(struct parts){0});
    for (size_t n = 0; n < file.n; n++)
        assert_true(failed(open_with(bytes_of(file.p, n), sign_key.public_key, NOW, NULL)));
}

static void every_bit_counts(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) = assemble(&(struct parts){0});
    /* A signature takes long under valgrind: there every 37th bit. */
    size_t step = getenv("EML_UNDER_VALGRIND") != NULL ? 37 : 1;
    for (size_t bit = 0; bit < 8 * file.n; bit += step) {
        file.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ok(open_with(buf_view(&file), sign_key.public_key, NOW, NULL)))
            fail_msg("bit %zu of byte %zu changes nothing", bit % 8, bit / 8);
        file.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void who_pins_a_key_gets_a_signature_and_nobody_else(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) = assemble(&(struct parts){0});
    struct bytes plain = BYTES_LIT(GOOD);
    char hex[2 * ED25519_PUBLIC_LEN + 1];
    assert_ok(open_with(plain, NULL, NOW, NULL));
    assert_code(open_with(plain, sign_key.public_key, NOW, NULL), ST_AUTH);
    assert_non_null(strstr(status_detail(), "eml policy sign"));
    assert_code(open_with(buf_view(&file), NULL, NOW, NULL), ST_USAGE);
    assert_non_null(strstr(status_detail(), "--policy-key HEX"));
    assert_non_null(strstr(status_detail(), "policy_key"));
    assert_code(open_with(buf_view(&file), other_key.public_key, NOW, NULL), ST_AUTH);
    hex_encode(BYTES_OF(other_key.public_key), hex);
    assert_non_null(strstr(status_detail(), hex));
}

static void what_was_read_is_the_payload(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct evidence_policy *plain CLEANUP(evidence_policy_freep) = NULL;
    const struct evidence_policy_demand d = {.signer = sign_key.public_key, .at_unix_s = NOW};
    struct buf file CLEANUP(buf_done) = assemble(&(struct parts){0});
    assert_ok(open_exact(buf_view(&file), &d, &p));
    assert_ok(evidence_policy_parse(BYTES_LIT(GOOD), &plain));
    assert_memory_equal(p->sha256, plain->sha256, sizeof(p->sha256));
    assert_true(p->is_signed);
    assert_memory_equal(p->signer, sign_key.public_key, sizeof(p->signer));
    assert_int_equal(p->serial, 5);
    assert_false(plain->is_signed);
}

/* ---- its end ---- */

static void a_policy_ends_signed_or_not(void **state)
{
    (void)state;
    struct buf file CLEANUP(buf_done) = assemble(&(struct parts){0});
    assert_ok(open_with(buf_view(&file), sign_key.public_key, ENDS_AT, NULL));
    assert_code(open_with(buf_view(&file), sign_key.public_key, ENDS_AT + 1, NULL), ST_EXPIRED);
    assert_ok(open_with(BYTES_LIT(GOOD), NULL, ENDS_AT, NULL));
    assert_code(open_with(BYTES_LIT(GOOD), NULL, ENDS_AT + 1, NULL), ST_EXPIRED);
    assert_non_null(strstr(status_detail(), "2027-01-31T00:00:00Z"));
}

/* ---- its serial ---- */

static status open_serial(const char *json, struct evidence_memory *m)
{
    struct buf file CLEANUP(buf_done) = assemble(&(struct parts){.json = json});
    return open_with(buf_view(&file), sign_key.public_key, NOW, m);
}

static void an_older_one_is_refused(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    assert_ok(evidence_memory_new(&m));
    assert_ok(open_serial(HEAD "\"serial\":5," REST, m));
    assert_ok(open_serial(HEAD "\"serial\":5," REST, m));
    assert_ok(open_serial(HEAD "\"serial\":4294967295," REST, m));
    assert_code(open_serial(HEAD "\"serial\":5," REST, m), ST_ROLLBACK);
    assert_non_null(strstr(status_detail(), "serial 5,"));
    assert_non_null(strstr(status_detail(), "serial 4294967295 "));
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_POLICY_SERIAL), UINT32_MAX);
    assert_ok(open_serial(HEAD "\"serial\":5," REST, NULL));
}

static void only_what_was_opened_is_remembered(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    struct buf foreign CLEANUP(buf_done) = assemble(&(struct parts){.is_signed_by_other = true});
    assert_ok(evidence_memory_new(&m));
    assert_code(open_with(buf_view(&foreign), sign_key.public_key, NOW, m), ST_AUTH);
    assert_code(open_serial(HEAD "\"serial\":9,\"not_after\":\"2020-01-01T00:00:00Z\"," REST, m),
                ST_EXPIRED);
    assert_code(open_serial(HEAD "\"serial\":9,\"x\":1," REST, m), ST_FORMAT);
    assert_ok(open_with(BYTES_LIT(GOOD), NULL, NOW, m)); /* plain: nobody's word */
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_POLICY_SERIAL), 0);
    evidence_memory_raise(m, EVIDENCE_MEMORY_POLICY_SERIAL, 6);
    assert_ok(open_with(BYTES_LIT(GOOD), NULL, NOW, m));
}

/* ---- signing ---- */

static void what_is_signed_has_the_written_form(void **state)
{
    (void)state;
    struct buf made CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    struct buf want CLEANUP(buf_done) = assemble(&(struct parts){0});
    assert_ok(evidence_policy_file_sign(BYTES_LIT(GOOD), &sign_key, &made));
    assert_bytes_equal(buf_view(&made), buf_view(&want));
    assert_true(evidence_policy_file_is_signed(buf_view(&made)));
    assert_false(evidence_policy_file_is_signed(BYTES_LIT(GOOD)));
    assert_false(evidence_policy_file_is_signed(BYTES_LIT("")));
}

static void no_signature_over_what_no_client_reads(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *json;
        enum status_code code;
    } rows[] = {
        {"no serial", HEAD END REST, ST_CONFIG},
        {"no JSON", "{", ST_FORMAT},
        {"an unknown key", HEAD "\"serial\":5,\"x\":1," REST, ST_FORMAT},
        {"no platform", HEAD "\"serial\":5}", ST_CONFIG},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
        status s = evidence_policy_file_sign(bytes_str(rows[i].json), &sign_key, &out);
        if (s.code != rows[i].code || out.n != 0)
            fail_msg("%s: %s", rows[i].rule, status_name(s.code));
    }
}

/* ---- failing memory ---- */

static status sign_and_open(void)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf file CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    const struct evidence_policy_demand d = {.signer = sign_key.public_key, .at_unix_s = NOW};
    TRY(evidence_policy_file_sign(BYTES_LIT(GOOD), &sign_key, &file));
    return evidence_policy_file_open(buf_view(&file), &d, &p);
}

static void failing_memory_is_reported(void **state)
{
    (void)state;
    static const struct fault_row row = {"sign and open", sign_and_open};
    fault_walk_own(&row);
    fault_walk_all(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_holds),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(every_length_is_refused),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(who_pins_a_key_gets_a_signature_and_nobody_else),
        cmocka_unit_test(what_was_read_is_the_payload),
        cmocka_unit_test(a_policy_ends_signed_or_not),
        cmocka_unit_test(an_older_one_is_refused),
        cmocka_unit_test(only_what_was_opened_is_remembered),
        cmocka_unit_test(what_is_signed_has_the_written_form),
        cmocka_unit_test(no_signature_over_what_no_client_reads),
        cmocka_unit_test(failing_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
