/* The document's form: one row for each rule of docs/ATTESTATION.md section 1. */
#include "support/test.h"

#include <string.h>

#include "formats/cbor.h"
#include "tee/verify/nitro/nitro.h"

enum { N_PAIRS_MAX = 12 };

struct pair {
    const char *key;
    struct buf value; /* encoded */
};

struct draft {
    struct pair pairs[N_PAIRS_MAX];
    size_t n;
    bool is_indefinite;
    unsigned unprotected; /* 0 empty map, 1 a label in it, 2 null */
    bool is_tagged;
    uint8_t tag;
    bool is_detached;
    size_t padding; /* bytes of user_data */
};

static struct buf *value_of(struct draft *d, const char *key)
{
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->pairs[i].key, key) == 0)
            return &d->pairs[i].value;
    }
    assert_true(d->n < N_PAIRS_MAX);
    d->pairs[d->n] = (struct pair){.key = key, .value = BUF_MAX(1 << 17)};
    return &d->pairs[d->n++].value;
}

static struct buf *replace(struct draft *d, const char *key)
{
    struct buf *b = value_of(d, key);
    buf_clear(b);
    return b;
}

static void put_fill(struct buf *b, size_t n)
{
    struct buf v CLEANUP(buf_done) = BUF_MAX(1 << 17);
    uint8_t *p = buf_extend(&v, n);
    if (n > 0)
        memset(p, 0x41, n);
    cbor_put_bytes(b, bytes_of(v.p ? v.p : (const uint8_t *)"", n));
}

static void put_text_fill(struct buf *b, size_t n)
{
    struct buf v CLEANUP(buf_done) = BUF_MAX(1 << 12);
    uint8_t *p = buf_extend(&v, n);
    if (n > 0)
        memset(p, 'm', n);
    cbor_put_text(b, buf_view(&v));
}

static void put_pcrs(struct buf *b, unsigned n, size_t size)
{
    cbor_put_map(b, n);
    for (unsigned i = 0; i < n; i++) {
        cbor_put_uint(b, i);
        put_fill(b, size);
    }
}

static void draft_init(struct draft *d)
{
    *d = (struct draft){.tag = COSE_TAG_SIGN1};
    cbor_put_str(value_of(d, "module_id"), "i-0-enc0");
    cbor_put_str(value_of(d, "digest"), "SHA384");
    cbor_put_uint(value_of(d, "timestamp"), 1700000000000u);
    put_pcrs(value_of(d, "pcrs"), 16, 48);
    put_fill(value_of(d, "certificate"), 100);
    cbor_put_array(value_of(d, "cabundle"), 2);
    put_fill(value_of(d, "cabundle"), 100);
    put_fill(value_of(d, "cabundle"), 100);
    put_fill(value_of(d, "public_key"), 32);
    put_fill(value_of(d, "user_data"), 10);
    put_fill(value_of(d, "nonce"), 32);
}

static void draft_done(struct draft *d)
{
    for (size_t i = 0; i < d->n; i++)
        buf_done(&d->pairs[i].value);
}

static void encode_payload(const struct draft *d, struct buf *out)
{
    if (d->is_indefinite)
        buf_put_u8(out, 0xbf);
    else
        cbor_put_map(out, d->n);
    for (size_t i = 0; i < d->n; i++) {
        cbor_put_str(out, d->pairs[i].key);
        buf_put(out, buf_view(&d->pairs[i].value));
    }
    if (d->is_indefinite)
        buf_put_u8(out, 0xff);
}

static struct buf encode(const struct draft *d)
{
    static const uint8_t es384[] = {0xa1, 0x01, 0x38, 0x22};
    uint8_t sig[96] = {0};
    struct buf payload CLEANUP(buf_done) = BUF_MAX(1 << 17);
    struct buf out = BUF_MAX(1 << 18);
    encode_payload(d, &payload);
    if (d->is_tagged)
        cbor_put_tag(&out, d->tag);
    cbor_put_array(&out, 4);
    cbor_put_bytes(&out, BYTES_OF(es384));
    if (d->unprotected == 2)
        cbor_put_null(&out);
    else
        cbor_put_map(&out, d->unprotected);
    if (d->unprotected == 1) {
        cbor_put_uint(&out, 4);
        cbor_put_bytes(&out, BYTES_LIT("kid"));
    }
    if (d->is_detached)
        cbor_put_null(&out);
    else
        cbor_put_bytes(&out, buf_view(&payload));
    cbor_put_bytes(&out, BYTES_OF(sig));
    assert_ok(buf_status(&out));
    return out;
}

/* ---- edits ---- */

static void none(struct draft *d)
{
    (void)d;
}
static void indefinite(struct draft *d)
{
    d->is_indefinite = true;
}
static void tagged(struct draft *d)
{
    d->is_tagged = true;
}
static void tagged_98(struct draft *d)
{
    d->is_tagged = true;
    d->tag = 98;
}
static void unprotected_label(struct draft *d)
{
    d->unprotected = 1;
}
static void unprotected_null(struct draft *d)
{
    d->unprotected = 2;
}
static void detached(struct draft *d)
{
    d->is_detached = true;
}
static void unknown_key(struct draft *d)
{
    cbor_put_uint(value_of(d, "extra"), 1);
}
static void duplicate_key(struct draft *d)
{
    struct pair *p = &d->pairs[d->n++];
    *p = (struct pair){.key = "nonce", .value = BUF_MAX(64)};
    cbor_put_null(&p->value);
}
static void reversed_keys(struct draft *d)
{
    for (size_t i = 0; i < d->n / 2; i++) {
        struct pair t = d->pairs[i];
        d->pairs[i] = d->pairs[d->n - 1 - i];
        d->pairs[d->n - 1 - i] = t;
    }
}
static void remove_key(struct draft *d, const char *key)
{
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->pairs[i].key, key) != 0)
            continue;
        buf_done(&d->pairs[i].value);
        d->pairs[i] = d->pairs[--d->n];
        return;
    }
}
static void no_module_id(struct draft *d)
{
    remove_key(d, "module_id");
}
static void no_digest(struct draft *d)
{
    remove_key(d, "digest");
}
static void no_timestamp(struct draft *d)
{
    remove_key(d, "timestamp");
}
static void no_pcrs(struct draft *d)
{
    remove_key(d, "pcrs");
}
static void no_certificate(struct draft *d)
{
    remove_key(d, "certificate");
}
static void no_cabundle(struct draft *d)
{
    remove_key(d, "cabundle");
}
static void no_optional_keys(struct draft *d)
{
    remove_key(d, "public_key");
    remove_key(d, "user_data");
    remove_key(d, "nonce");
}
static void module_id_empty(struct draft *d)
{
    put_text_fill(replace(d, "module_id"), 0);
}
static void module_id_128(struct draft *d)
{
    put_text_fill(replace(d, "module_id"), 128);
}
static void module_id_129(struct draft *d)
{
    put_text_fill(replace(d, "module_id"), 129);
}
static void module_id_with_escape(struct draft *d)
{
    cbor_put_str(replace(d, "module_id"), "i-\x1b[2J");
}
static void module_id_bytes(struct draft *d)
{
    put_fill(replace(d, "module_id"), 8);
}
static void digest_sha512(struct draft *d)
{
    cbor_put_str(replace(d, "digest"), "SHA512");
}
static void digest_lower(struct draft *d)
{
    cbor_put_str(replace(d, "digest"), "sha384");
}
static void timestamp_zero(struct draft *d)
{
    cbor_put_uint(replace(d, "timestamp"), 0);
}
static void timestamp_negative(struct draft *d)
{
    cbor_put_int(replace(d, "timestamp"), -1);
}
static void timestamp_text(struct draft *d)
{
    cbor_put_str(replace(d, "timestamp"), "1");
}
static void pcrs_empty(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 0, 48);
}
static void pcrs_32(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 32, 48);
}
static void pcrs_33(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 33, 48);
}
static void pcr_32_bytes(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 16, 32);
}
static void pcr_47_bytes(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 16, 47);
}
static void pcr_49_bytes(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 16, 49);
}
static void pcr_64_bytes(struct draft *d)
{
    put_pcrs(replace(d, "pcrs"), 16, 64);
}
static void pcr_index_huge(struct draft *d)
{
    struct buf *b = replace(d, "pcrs");
    cbor_put_map(b, 1);
    cbor_put_uint(b, (uint64_t)1 << 32);
    put_fill(b, 48);
}
static void pcr_twice(struct draft *d)
{
    struct buf *b = replace(d, "pcrs");
    cbor_put_map(b, 2);
    for (int i = 0; i < 2; i++) {
        cbor_put_uint(b, 3);
        put_fill(b, 48);
    }
}
static void pcr_index_text(struct draft *d)
{
    struct buf *b = replace(d, "pcrs");
    cbor_put_map(b, 1);
    cbor_put_str(b, "0");
    put_fill(b, 48);
}
static void certificate_empty(struct draft *d)
{
    put_fill(replace(d, "certificate"), 0);
}
static void certificate_1024(struct draft *d)
{
    put_fill(replace(d, "certificate"), 1024);
}
static void certificate_1025(struct draft *d)
{
    put_fill(replace(d, "certificate"), 1025);
}
static void certificate_null(struct draft *d)
{
    cbor_put_null(replace(d, "certificate"));
}
static void put_cabundle(struct draft *d, size_t n, size_t size)
{
    struct buf *b = replace(d, "cabundle");
    cbor_put_array(b, n);
    for (size_t i = 0; i < n; i++)
        put_fill(b, size);
}
static void cabundle_null(struct draft *d)
{
    cbor_put_null(replace(d, "cabundle"));
}
static void cabundle_0(struct draft *d)
{
    put_cabundle(d, 0, 0);
}
static void cabundle_8(struct draft *d)
{
    put_cabundle(d, 8, 1024);
}
static void cabundle_9(struct draft *d)
{
    put_cabundle(d, 9, 10);
}
static void cabundle_of_empty(struct draft *d)
{
    put_cabundle(d, 2, 0);
}
static void cabundle_of_1025(struct draft *d)
{
    put_cabundle(d, 2, 1025);
}
static void public_key_empty(struct draft *d)
{
    put_fill(replace(d, "public_key"), 0);
}
static void all_null(struct draft *d)
{
    cbor_put_null(replace(d, "public_key"));
    cbor_put_null(replace(d, "user_data"));
    cbor_put_null(replace(d, "nonce"));
}
static void all_1024(struct draft *d)
{
    put_fill(replace(d, "public_key"), 1024);
    put_fill(replace(d, "user_data"), 1024);
    put_fill(replace(d, "nonce"), 1024);
}
static void public_key_1025(struct draft *d)
{
    put_fill(replace(d, "public_key"), 1025);
}
static void user_data_1025(struct draft *d)
{
    put_fill(replace(d, "user_data"), 1025);
}
static void user_data_empty(struct draft *d)
{
    put_fill(replace(d, "user_data"), 0);
}
static void user_data_text(struct draft *d)
{
    cbor_put_str(replace(d, "user_data"), "text");
}
static void nonce_1025(struct draft *d)
{
    put_fill(replace(d, "nonce"), 1025);
}
static void nonce_empty(struct draft *d)
{
    put_fill(replace(d, "nonce"), 0);
}
static void payload_is_huge(struct draft *d)
{
    put_fill(replace(d, "user_data"), 20000);
}

static const struct row {
    const char *name;
    void (*edit)(struct draft *d);
    enum status_code code;
} ROWS[] = {
    {"as the NSM writes it", none, ST_OK},
    {"indefinite map", indefinite, ST_OK},
    {"tag 18", tagged, ST_OK},
    {"another tag", tagged_98, ST_FORMAT},
    {"unprotected label", unprotected_label, ST_FORMAT},
    {"unprotected null", unprotected_null, ST_FORMAT},
    {"detached payload", detached, ST_FORMAT},
    {"keys in another order", reversed_keys, ST_OK},
    {"unknown key", unknown_key, ST_FORMAT},
    {"duplicate key", duplicate_key, ST_FORMAT},
    {"no module_id", no_module_id, ST_FORMAT},
    {"no digest", no_digest, ST_FORMAT},
    {"no timestamp", no_timestamp, ST_FORMAT},
    {"no pcrs", no_pcrs, ST_FORMAT},
    {"no certificate", no_certificate, ST_FORMAT},
    {"no cabundle", no_cabundle, ST_FORMAT},
    {"no optional keys", no_optional_keys, ST_OK},
    {"module_id empty", module_id_empty, ST_LIMIT},
    {"module_id of 128", module_id_128, ST_OK},
    {"module_id of 129", module_id_129, ST_LIMIT},
    {"module_id with an escape", module_id_with_escape, ST_FORMAT},
    {"module_id of bytes", module_id_bytes, ST_FORMAT},
    {"digest SHA512", digest_sha512, ST_UNSUPPORTED},
    {"digest in lower case", digest_lower, ST_UNSUPPORTED},
    {"timestamp zero", timestamp_zero, ST_FORMAT},
    {"timestamp negative", timestamp_negative, ST_FORMAT},
    {"timestamp text", timestamp_text, ST_FORMAT},
    {"no PCR", pcrs_empty, ST_FORMAT},
    {"32 PCRs", pcrs_32, ST_OK},
    {"33 PCRs", pcrs_33, ST_LIMIT},
    {"PCR of 32 bytes", pcr_32_bytes, ST_LIMIT},
    {"PCR of 47 bytes", pcr_47_bytes, ST_LIMIT},
    {"PCR of 49 bytes", pcr_49_bytes, ST_LIMIT},
    {"PCR of 64 bytes", pcr_64_bytes, ST_LIMIT},
    {"PCR index above 32 bits", pcr_index_huge, ST_LIMIT},
    {"PCR twice", pcr_twice, ST_FORMAT},
    {"PCR index text", pcr_index_text, ST_FORMAT},
    {"certificate empty", certificate_empty, ST_LIMIT},
    {"certificate of 1024", certificate_1024, ST_OK},
    {"certificate of 1025", certificate_1025, ST_LIMIT},
    {"certificate null", certificate_null, ST_FORMAT},
    {"cabundle null", cabundle_null, ST_FORMAT},
    {"cabundle empty", cabundle_0, ST_FORMAT},
    {"cabundle of 8", cabundle_8, ST_OK},
    {"cabundle of 9", cabundle_9, ST_LIMIT},
    {"cabundle of empty ones", cabundle_of_empty, ST_LIMIT},
    {"cabundle of 1025", cabundle_of_1025, ST_LIMIT},
    {"public_key empty", public_key_empty, ST_LIMIT},
    {"optional keys null", all_null, ST_OK},
    {"optional keys of 1024", all_1024, ST_OK},
    {"public_key of 1025", public_key_1025, ST_LIMIT},
    {"user_data of 1025", user_data_1025, ST_LIMIT},
    {"user_data empty", user_data_empty, ST_OK},
    {"user_data text", user_data_text, ST_FORMAT},
    {"nonce of 1025", nonce_1025, ST_LIMIT},
    {"nonce empty", nonce_empty, ST_OK},
    {"document above its limit", payload_is_huge, ST_LIMIT},
};

static status parse_exact(struct bytes in, struct nitro_unverified *out)
{
    struct bytes exact = test_exact(in);
    status s = nitro_parse(exact, out);
    test_exact_free(exact);
    return s;
}

static void every_rule_of_the_form_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct draft d CLEANUP(draft_done);
        struct nitro_unverified out;
        draft_init(&d);
        ROWS[i].edit(&d);
        struct buf doc CLEANUP(buf_done) = encode(&d);
        status s = parse_exact(buf_view(&doc), &out);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code),
                     failed(s) ? status_detail() : "");
    }
    print_message("nitro: %zu rows\n", sizeof(ROWS) / sizeof(ROWS[0]));
}

static void no_truncation_and_no_tail_parses(void **state)
{
    (void)state;
    struct draft d CLEANUP(draft_done);
    struct nitro_unverified untouched, out;
    draft_init(&d);
    struct buf doc CLEANUP(buf_done) = encode(&d);
    memset(&untouched, 0x5a, sizeof(untouched));
    memcpy(&out, &untouched, sizeof(out));
    for (size_t n = 0; n < doc.n; n++) {
        status s = parse_exact(bytes_of(doc.p, n), &out);
        assert_true(failed(s));
    }
    buf_put_u8(&doc, 0xf6);
    assert_true(failed(parse_exact(buf_view(&doc), &out)));
    assert_memory_equal(&out, &untouched, sizeof(out));
}

/* Inside the payload string: the outer length is right, the map is not. */
static void no_truncated_payload_parses(void **state)
{
    (void)state;
    static const uint8_t es384[] = {0xa1, 0x01, 0x38, 0x22};
    struct draft d CLEANUP(draft_done);
    struct buf payload CLEANUP(buf_done) = BUF_MAX(1 << 16);
    draft_init(&d);
    encode_payload(&d, &payload);
    size_t whole = payload.n;
    buf_put_u8(&payload, 0);
    for (size_t n = 0; n <= whole + 1; n++) {
        struct buf doc CLEANUP(buf_done) = BUF_MAX(1 << 16);
        struct nitro_unverified out;
        uint8_t sig[96] = {0};
        cbor_put_array(&doc, 4);
        cbor_put_bytes(&doc, BYTES_OF(es384));
        cbor_put_map(&doc, 0);
        cbor_put_bytes(&doc, bytes_of(payload.p, n));
        cbor_put_bytes(&doc, BYTES_OF(sig));
        assert_int_equal(ok(parse_exact(buf_view(&doc), &out)), n == whole);
    }
}

static void size_is_judged_before_anything_else(void **state)
{
    (void)state;
    static const uint8_t zeroes[NITRO_DOCUMENT_MAX_BYTES + 1];
    struct nitro_unverified out;
    assert_code(nitro_parse(BYTES_OF(zeroes), &out), ST_LIMIT);
    assert_code(nitro_parse(bytes_of(zeroes, sizeof(zeroes) - 1), &out), ST_FORMAT);
}

static void absent_null_and_empty_are_told_apart(void **state)
{
    (void)state;
    struct draft d CLEANUP(draft_done);
    struct nitro_unverified out;
    draft_init(&d);
    cbor_put_null(replace(&d, "public_key"));
    put_fill(replace(&d, "user_data"), 0);
    remove_key(&d, "nonce");
    struct buf doc CLEANUP(buf_done) = encode(&d);
    assert_ok(nitro_parse(buf_view(&doc), &out));
    assert_false(out.claims_.public_key.is_present);
    assert_true(out.claims_.user_data.is_present);
    assert_int_equal(out.claims_.user_data.value.n, 0);
    assert_false(out.claims_.nonce.is_present);
}

static void debug_is_any_zero_or_absent_pcr_of_the_first_three(void **state)
{
    (void)state;
    struct measurements m = {.present_mask = 7};
    for (unsigned i = 0; i < 3; i++)
        m.pcr[i][i] = 1;
    assert_false(nitro_is_debug(&m));
    for (unsigned i = 0; i < 3; i++) {
        struct measurements zero = m, absent = m;
        zero.pcr[i][i] = 0;
        absent.present_mask &= ~(1u << i);
        assert_true(nitro_is_debug(&zero));
        assert_true(nitro_is_debug(&absent));
    }
}

/* A proof of one chain does not open the document of another. */
static void another_chain_opens_nothing(void **state)
{
    (void)state;
    struct draft d CLEANUP(draft_done);
    struct nitro_unverified parsed;
    struct nitro_document opened;
    struct x509_verified leaf = {.leaf_spki = BYTES_LIT("another key")};
    draft_init(&d);
    struct buf *certificate = replace(&d, "certificate");
    cbor_put_bytes(certificate, nitro_root());
    struct buf doc CLEANUP(buf_done) = encode(&d);
    assert_ok(nitro_parse(buf_view(&doc), &parsed));
    assert_code(nitro_open(&parsed, &leaf, &opened), ST_MISMATCH);
    assert_ok(x509_spki(nitro_root(), &leaf.leaf_spki));
    assert_code(nitro_open(&parsed, &leaf, &opened), ST_MISMATCH); /* equal bytes, elsewhere */
    assert_ok(x509_spki(parsed.certificate, &leaf.leaf_spki));
    assert_code(nitro_open(&parsed, &leaf, &opened), ST_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_of_the_form_holds),
        cmocka_unit_test(no_truncation_and_no_tail_parses),
        cmocka_unit_test(no_truncated_payload_parses),
        cmocka_unit_test(size_is_judged_before_anything_else),
        cmocka_unit_test(absent_null_and_empty_are_told_apart),
        cmocka_unit_test(debug_is_any_zero_or_absent_pcr_of_the_first_three),
        cmocka_unit_test(another_chain_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
