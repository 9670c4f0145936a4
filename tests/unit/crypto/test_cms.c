#include "crypto/cms.h"

#include "base/text.h"
#include "crypto/aes_cbc.h"
#include "formats/pem.h"
#include "support/test.h"

enum { OUT_MAX = 1 << 16 };

/* What KMS writes, as parts in hexadecimal; a row below puts another in the place of one. */
struct parts {
    const char *head;      /* ContentInfo, content, EnvelopedData, version */
    const char *recipient; /* version, key identifier */
    const char *wrap;      /* AlgorithmIdentifier */
    const char *type;      /* contentType */
    const char *cipher;    /* AlgorithmIdentifier without the IV */
    const char *tail;      /* ends of what is open */
    size_t piece;          /* bytes of content in each piece */
    bool is_one_piece;     /* one primitive item */
    size_t cut_key;        /* bytes left away from the wrapped key */
    size_t set_longer;     /* what the set of recipients says too much of its length */
    bool two_recipients;
    bool has_no_length; /* the pieces of content say the length 0x80, and hold 128 bytes */
};

#define HEAD "3080 06092a864886f70d010703 a080 3080 020102"
#define OAEP                                                              \
    "303c 06092a864886f70d010107 302f a00f300d06096086480165030402010500" \
    "a11c301a06092a864886f70d010108300d06096086480165030402010500"
static const char *or_usual(const char *text, const char *usual)
{
    return text != NULL ? text : usual;
}

/* What a row leaves open. */
static struct parts complete(const struct parts *p)
{
    struct parts out = *p;
    out.head = or_usual(p->head, HEAD);
    out.recipient = or_usual(p->recipient, "020102 8004 01020304");
    out.wrap = or_usual(p->wrap, OAEP);
    out.type = or_usual(p->type, "06092a864886f70d010701");
    out.cipher = or_usual(p->cipher, "301d 060960864801650304012a 0410");
    out.tail = or_usual(p->tail, "0000 0000 0000");
    out.piece = p->piece != 0 ? p->piece : 16;
    return out;
}

static void put_hex(struct buf *out, const char *text)
{
    struct buf packed = BUF_MAX(OUT_MAX);
    for (; *text != '\0'; text++) {
        if (*text != ' ')
            buf_put_u8(&packed, (uint8_t)*text);
    }
    assert_ok(hex_decode_buf(buf_view(&packed), out));
    buf_done(&packed);
}

static void put_item(struct buf *out, uint8_t tag, struct bytes content)
{
    buf_put_u8(out, tag);
    buf_put_u8(out, 0x82);
    buf_put_u16be(out, (uint16_t)content.n);
    buf_put(out, content);
}

static void put_recipient(struct buf *out, const struct parts *p, struct bytes wrapped)
{
    struct buf one = BUF_MAX(OUT_MAX), set = BUF_MAX(OUT_MAX);
    put_hex(&one, p->recipient);
    put_hex(&one, p->wrap);
    put_item(&one, 0x04, bytes_of(wrapped.p, wrapped.n - p->cut_key));
    put_item(&set, 0x30, buf_view(&one));
    if (p->two_recipients)
        put_item(&set, 0x30, buf_view(&one));
    put_item(out, 0x31, buf_view(&set));
    out->p[out->n - set.n - 1] = (uint8_t)(out->p[out->n - set.n - 1] + p->set_longer);
    buf_done(&one);
    buf_done(&set);
}

static void put_content(struct buf *out, const struct parts *p, struct bytes sealed)
{
    if (p->is_one_piece) {
        put_item(out, 0x80, sealed);
        return;
    }
    put_hex(out, "a080");
    if (p->has_no_length) {
        put_hex(out, "0480");
        buf_put(out, sealed);
    }
    for (size_t at = 0; at < sealed.n && !p->has_no_length; at += p->piece)
        put_item(out, 0x04,
                 bytes_of(sealed.p + at, sealed.n - at < p->piece ? sealed.n - at : p->piece));
    put_hex(out, "0000");
}

struct scene {
    struct rsa_secret *key, *other;
    struct buf spki;
};

static const uint8_t IV[AES_CBC_BLOCK] = {1, 2, 3};
static const struct aes_cbc_key CONTENT_KEY = {{9, 8, 7}};

static struct buf message_of(const struct scene *s, const struct parts *row,
                             struct bytes content_key, struct bytes sealed)
{
    struct parts all = complete(row), *p = &all;
    struct buf out = BUF_MAX(OUT_MAX), wrapped = BUF_MAX(OUT_MAX);
    assert_ok(rsa_oaep_seal(buf_view(&s->spki), content_key, &wrapped));
    put_hex(&out, p->head);
    put_recipient(&out, p, buf_view(&wrapped));
    put_hex(&out, "3080");
    put_hex(&out, p->type);
    put_hex(&out, p->cipher);
    buf_put(&out, BYTES_OF(IV));
    put_content(&out, p, sealed);
    put_hex(&out, "0000");
    put_hex(&out, p->tail);
    assert_ok(buf_status(&out));
    buf_done(&wrapped);
    return out;
}

static struct buf sealed_of(struct bytes plain)
{
    struct buf sealed = BUF_MAX(OUT_MAX);
    assert_ok(aes_cbc_seal(&CONTENT_KEY, IV, plain, &sealed));
    return sealed;
}

static struct buf message(const struct scene *s, const struct parts *p, struct bytes plain)
{
    struct buf sealed = sealed_of(plain);
    struct buf out = message_of(s, p, BYTES_OF(CONTENT_KEY.b), buf_view(&sealed));
    buf_done(&sealed);
    return out;
}

static int set_up(void **state)
{
    static struct scene s;
    s = (struct scene){.spki = BUF_MAX(OUT_MAX)};
    assert_ok(rsa_generate(2048, &s.key));
    assert_ok(rsa_generate(2048, &s.other));
    assert_ok(rsa_public_spki(s.key, &s.spki));
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    rsa_secret_freep(&s->key);
    rsa_secret_freep(&s->other);
    buf_done(&s->spki);
    return 0;
}

static enum status_code decrypt(const struct rsa_secret *key, struct bytes in, struct buf *out)
{
    struct bytes exact = test_exact(in);
    status s = cms_decrypt(key, exact, out);
    test_exact_free(exact);
    if (failed(s))
        assert_int_equal(out->n, 0);
    return s.code;
}

static void what_was_sealed_is_opened(void **state)
{
    static const size_t pieces[] = {0, 1, 16, 17, 4096};
    static const size_t sizes[] = {0, 1, 15, 16, 32, 1000};
    uint8_t plain[1000];
    memset(plain, 0x5a, sizeof(plain));
    for (size_t i = 0; i < 5 * 6; i++) {
        struct parts p = {.piece = 16};
        struct buf out = BUF_MAX(OUT_MAX);
        p.piece = pieces[i % 5];
        p.is_one_piece = p.piece == 0;
        struct bytes wanted = bytes_of(plain, sizes[i / 5]);
        struct buf m = message(*state, &p, wanted);
        assert_int_equal(decrypt(((struct scene *)*state)->key, buf_view(&m), &out), ST_OK);
        assert_bytes_equal(buf_view(&out), wanted);
        buf_done(&out);
        buf_done(&m);
    }
}

struct row {
    const char *rule;
    struct parts parts;
    enum status_code code;
};

static const struct row ROWS[] = {
    {"the usual", {0}, ST_OK},
    {"content in one piece", {.is_one_piece = true}, ST_OK},
    {"signed data", {.head = "3080 06092a864886f70d010702 a080 3080 020102"}, ST_ALG},
    {"version 0", {.head = "3080 06092a864886f70d010703 a080 3080 020100"}, ST_ALG},
    {"content [1]", {.head = "3080 06092a864886f70d010703 a180 3080 020102"}, ST_FORMAT},
    {"originator info", {.head = HEAD "a000"}, ST_FORMAT},
    {"recipient by issuer and serial", {.recipient = "020100 3000"}, ST_ALG},
    {"recipient version 3", {.recipient = "020103 8004 01020304"}, ST_ALG},
    {"a length in four bytes", {.recipient = "020102 8084 00000004 01020304"}, ST_FORMAT},
    {"no key identifier", {.recipient = "020102 8000"}, ST_FORMAT},
    {"two recipients", {.two_recipients = true}, ST_FORMAT},
    {"a set longer than its recipient", {.set_longer = 4}, ST_FORMAT},
    {"PKCS #1 v1.5", {.wrap = "300d 06092a864886f70d010101 0500"}, ST_ALG},
    {"OAEP with its defaults, SHA-1", {.wrap = "300d 06092a864886f70d010107 3000"}, ST_ALG},
    {"OAEP SHA-256 with MGF1-SHA-1",
     {.wrap = "301e 06092a864886f70d010107 3011 a00f300d06096086480165030402010500"},
     ST_ALG},
    {"content type signed data", {.type = "06092a864886f70d010702"}, ST_ALG},
    {"AES-128-CBC", {.cipher = "301d 0609608648016503040102 0410"}, ST_ALG},
    {"AES-256-GCM", {.cipher = "301d 060960864801650304012e 0410"}, ST_ALG},
    {"a tail", {.tail = "0000 0000 0000 00"}, ST_FORMAT},
    {"an end too few", {.tail = "0000 0000"}, ST_TRUNCATED},
    {"unprotected attributes", {.tail = "a100 0000 0000 0000"}, ST_FORMAT},
    {"a wrapped key that is short", {.cut_key = 1}, ST_AUTH},
};

static void one_shape_is_accepted(void **state)
{
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf out = BUF_MAX(OUT_MAX);
        struct buf m = message(s, &ROWS[i].parts, BYTES_LIT("key material"));
        enum status_code code = decrypt(s->key, buf_view(&m), &out);
        if (code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].rule, status_name(code), status_detail());
        buf_done(&out);
        buf_done(&m);
    }
}

/* Wrong key, a wrapped key of another size, altered content: one code and one text. */
static void behind_the_wrap_all_failures_are_one(void **state)
{
    struct scene *s = *state;
    struct parts p = {.piece = 16};
    struct buf out = BUF_MAX(OUT_MAX);
    struct buf sealed = sealed_of(BYTES_LIT("key material"));
    struct buf short_key = message_of(s, &p, bytes_of(CONTENT_KEY.b, 31), buf_view(&sealed));
    struct buf long_key =
        message_of(s, &p, BYTES_LIT("0123456789012345678901234567890123"), buf_view(&sealed));
    struct buf good = message(s, &p, BYTES_LIT("key material"));
    sealed.p[sealed.n - 1] ^= 1;
    struct buf altered = message_of(s, &p, BYTES_OF(CONTENT_KEY.b), buf_view(&sealed));
    assert_int_equal(decrypt(s->other, buf_view(&good), &out), ST_AUTH);
    assert_string_equal(status_detail(), "CMS: the message does not open");
    assert_int_equal(decrypt(s->key, buf_view(&short_key), &out), ST_AUTH);
    assert_string_equal(status_detail(), "CMS: the message does not open");
    assert_int_equal(decrypt(s->key, buf_view(&long_key), &out), ST_AUTH);
    assert_string_equal(status_detail(), "CMS: the message does not open");
    assert_int_equal(decrypt(s->key, buf_view(&altered), &out), ST_AUTH);
    assert_string_equal(status_detail(), "CMS: the message does not open");
    buf_done(&sealed);
    buf_done(&short_key);
    buf_done(&long_key);
    buf_done(&good);
    buf_done(&altered);
}

static void content_is_whole_blocks(void **state)
{
    struct scene *s = *state;
    struct parts p = {.piece = 16};
    for (size_t n = 0; n < 33; n++) {
        uint8_t sealed[33] = {0};
        struct buf out = BUF_MAX(OUT_MAX);
        struct buf m = message_of(s, &p, BYTES_OF(CONTENT_KEY.b), bytes_of(sealed, n));
        enum status_code code = decrypt(s->key, buf_view(&m), &out);
        if (n == 0 || n % AES_CBC_BLOCK != 0)
            assert_int_equal(code, ST_FORMAT);
        else
            assert_int_equal(code, ST_AUTH);
        buf_done(&m);
    }
}

static void a_piece_says_its_length(void **state)
{
    struct scene *s = *state;
    struct parts p = {.has_no_length = true};
    uint8_t plain[120] = {0};
    struct buf out = BUF_MAX(OUT_MAX);
    struct buf m = message(s, &p, BYTES_OF(plain)); /* 128 bytes when sealed */
    assert_int_equal(decrypt(s->key, buf_view(&m), &out), ST_FORMAT);
    buf_done(&m);
}

static void each_truncation_is_refused(void **state)
{
    struct scene *s = *state;
    struct parts p = {.piece = 16};
    struct buf m = message(s, &p, BYTES_LIT("key material"));
    for (size_t n = 0; n < m.n; n++) {
        struct buf out = BUF_MAX(OUT_MAX);
        assert_int_equal(decrypt(s->key, bytes_of(m.p, n), &out), ST_TRUNCATED);
    }
    buf_done(&m);
}

static void a_message_too_long_is_refused(void **state)
{
    struct scene *s = *state;
    static uint8_t zeros[CMS_MAX_BYTES + 1];
    struct buf out = BUF_MAX(OUT_MAX);
    assert_int_equal(decrypt(s->key, BYTES_OF(zeros), &out), ST_LIMIT);
}

/* --- a real message of AWS KMS -------------------------------------------------------------------
 */

struct kms {
    struct rsa_secret *key;
    struct buf message, plain;
};

static struct kms kms_open(void)
{
    struct kms k = {.message = test_vector("kms-cms/datakey.cms.ber"),
                    .plain = test_vector("kms-cms/datakey.plain.bin")};
    struct buf pem = test_vector("kms-cms/datakey.rsa.pem");
    struct buf der = BUF_MAX(OUT_MAX);
    struct bytes text = buf_view(&pem);
    assert_ok(pem_next(&text, "RSA PRIVATE KEY", &der));
    assert_ok(rsa_secret_from_der(buf_view(&der), &k.key));
    buf_done(&pem);
    buf_done(&der);
    return k;
}

static void kms_close(struct kms *k)
{
    rsa_secret_freep(&k->key);
    buf_done(&k->message);
    buf_done(&k->plain);
}

static void a_real_message_opens(void **state)
{
    struct buf out = BUF_MAX(OUT_MAX);
    test_vectors_or_skip("kms-cms");
    struct kms k = kms_open();
    assert_int_equal(decrypt(k.key, buf_view(&k.message), &out), ST_OK);
    assert_bytes_equal(buf_view(&out), buf_view(&k.plain));
    buf_clear(&out);
    assert_int_equal(decrypt(((struct scene *)*state)->key, buf_view(&k.message), &out), ST_AUTH);
    print_message("kms-cms: 1 message run, wrong key refused\n");
    buf_done(&out);
    kms_close(&k);
}

/* No flipped byte gives another plaintext but those of the content: CBC does not authenticate. The
 * key identifier is a hint and the IV only changes the first block. */
static void each_flipped_byte_of_a_real_message(void **state)
{
    (void)state;
    enum { KEY_ID = 33, KEY_ID_END = 65, KEY = 131, KEY_END = 387, IV_AT = 415, IV_END = 431 };
    enum { BLOCKS = 435, LAST_BUT_ONE = 451, LAST = 467, LAST_END = 483 };
    test_vectors_or_skip("kms-cms");
    struct kms k = kms_open();
    for (size_t i = 0; i < k.message.n; i++) {
        struct buf out = BUF_MAX(OUT_MAX);
        k.message.p[i] ^= 0x20;
        enum status_code code = decrypt(k.key, buf_view(&k.message), &out);
        k.message.p[i] ^= 0x20;
        if (i >= KEY && i < KEY_END)
            assert_int_equal(code, ST_AUTH);
        else if (i >= LAST_BUT_ONE && i < LAST_END) /* padding */
            assert_int_equal(code, ST_AUTH);
        else if (i >= KEY_ID && i < KEY_ID_END)
            assert_int_equal(code, ST_OK);
        else if ((i >= IV_AT && i < IV_END) || (i >= BLOCKS && i < LAST_BUT_ONE))
            assert_true(code == ST_OK && !bytes_equal(buf_view(&out), buf_view(&k.plain)));
        else
            assert_int_not_equal(code, ST_OK);
        buf_done(&out);
    }
    kms_close(&k);
}

static bool is_run(const char *name)
{
    return strcmp(name, "datakey.cms.ber") == 0 || strcmp(name, "datakey.plain.bin") == 0 ||
           strcmp(name, "datakey.rsa.pem") == 0;
}

static void every_file_is_run(void **state)
{
    (void)state;
    test_vectors_or_skip("kms-cms");
    test_vectors_covered("kms-cms", is_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_is_opened),
        cmocka_unit_test(one_shape_is_accepted),
        cmocka_unit_test(behind_the_wrap_all_failures_are_one),
        cmocka_unit_test(content_is_whole_blocks),
        cmocka_unit_test(a_piece_says_its_length),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(a_message_too_long_is_refused),
        cmocka_unit_test(a_real_message_opens),
        cmocka_unit_test(each_flipped_byte_of_a_real_message),
        cmocka_unit_test(every_file_is_run),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
