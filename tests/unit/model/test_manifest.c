#include "support/test.h"

#include "formats/cose.h"
#include "model/content.h"
#include "model/manifest.h"

#include <stdio.h>

static struct ed25519_secret sign_key;
static struct ed25519_secret other_key;

static int set_up(void **state)
{
    static const uint8_t A[ED25519_SEED_LEN] = {1};
    static const uint8_t B[ED25519_SEED_LEN] = {2};
    (void)state;
    return failed(ed25519_from_seed(A, &sign_key)) || failed(ed25519_from_seed(B, &other_key));
}

static struct manifest good(void)
{
    struct manifest m = {
        .id = "org/model-1.0_x",
        .version = 7,
        .created_unix_s = 1000,
        .expires_unix_s = 2000,
        .key_id = "local:0123456789abcdef",
        .max_tokens = 128,
        .allowed_dtypes = MANIFEST_F32 | MANIFEST_BF16,
        .n_files = 3,
        .files = {{.name = "config.json", .n_bytes = 10, .sha256 = {1}, .root = {2}},
                  {.name = "model.safetensors", .n_bytes = 1, .root = {3}},
                  {.name = "tokenizer.json", .n_bytes = MANIFEST_FILE_MAX_BYTES}}};
    memcpy(m.publisher, sign_key.public_key, sizeof(m.publisher));
    return m;
}

static struct buf encoded(const struct manifest *m)
{
    struct buf b = BUF_MAX(MANIFEST_MAX_BYTES);
    assert_ok(manifest_encode(m, &b));
    return b;
}

static enum status_code parse(struct bytes in)
{
    struct manifest out;
    struct bytes exact = test_exact(in);
    status s = manifest_parse(exact, &out);
    test_exact_free(exact);
    return s.code;
}

static void round_trip(void **state)
{
    (void)state;
    struct manifest m = good();
    struct manifest back;
    struct buf b CLEANUP(buf_done) = encoded(&m);
    assert_ok(manifest_parse(buf_view(&b), &back));
    assert_memory_equal(&m, &back, sizeof(m));
}

static void every_length(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf b CLEANUP(buf_done) = encoded(&m);
    for (size_t n = 0; n < b.n; n++)
        assert_int_not_equal(parse(bytes_of(b.p, n)), ST_OK);
    buf_put_u8(&b, 0);
    assert_int_equal(parse(buf_view(&b)), ST_FORMAT);
}

/* One rule each, broken in a manifest that is otherwise good. Encoding must refuse it; so must
 * parsing, which is shown with bytes that an encoder without checks would write. */
struct rule {
    const char *name;
    void (*break_it)(struct manifest *m);
    enum status_code want;
};

#define RULE(fn, code) \
    {                  \
#fn, fn, code  \
    }

static void id_empty(struct manifest *m)
{
    m->id[0] = 0;
}
static void id_with_space(struct manifest *m)
{
    m->id[3] = ' ';
}
static void id_with_escape(struct manifest *m)
{
    m->id[3] = 0x1b;
}
static void version_zero(struct manifest *m)
{
    m->version = 0;
}
static void version_too_large(struct manifest *m)
{
    m->version = MANIFEST_VERSION_MAX + 1;
}
static void expires_before_created(struct manifest *m)
{
    m->expires_unix_s = m->created_unix_s;
}
static void key_id_empty(struct manifest *m)
{
    m->key_id[0] = 0;
}
static void key_id_with_space(struct manifest *m)
{
    m->key_id[2] = ' ';
}
static void one_token(struct manifest *m)
{
    m->max_tokens = 1;
}
static void too_many_tokens(struct manifest *m)
{
    m->max_tokens = MANIFEST_TOKENS_MAX + 1;
}
static void no_dtype(struct manifest *m)
{
    m->allowed_dtypes = 0;
}
static void unknown_dtype(struct manifest *m)
{
    m->allowed_dtypes = 8;
}
static void no_weights(struct manifest *m)
{
    memcpy(m->files[1].name, "modules.json", sizeof("modules.json"));
}
static void no_files(struct manifest *m)
{
    m->n_files = 0;
}
/* With all required files still there. */
static void unknown_name(struct manifest *m)
{
    m->files[3] = m->files[2];
    memcpy(m->files[3].name, "vocab.txt", sizeof("vocab.txt"));
    m->n_files = 4;
}
static void name_that_climbs(struct manifest *m)
{
    memmove(&m->files[1], &m->files[0], 3 * sizeof(m->files[0]));
    memset(m->files[0].name, 0, sizeof(m->files[0].name));
    memcpy(m->files[0].name, "../config.json", sizeof("../config.json"));
    m->n_files = 4;
}
static void name_twice(struct manifest *m)
{
    m->files[3] = m->files[2];
    m->n_files = 4;
}
static void names_unsorted(struct manifest *m)
{
    struct manifest_file f = m->files[0];
    m->files[0] = m->files[1];
    m->files[1] = f;
}
static void empty_file(struct manifest *m)
{
    m->files[0].n_bytes = 0;
}
static void huge_file(struct manifest *m)
{
    m->files[0].n_bytes = MANIFEST_FILE_MAX_BYTES + 1;
}

static const struct rule RULES[] = {
    RULE(id_empty, ST_FORMAT),          RULE(id_with_space, ST_FORMAT),
    RULE(id_with_escape, ST_FORMAT),    RULE(version_zero, ST_FORMAT),
    RULE(version_too_large, ST_FORMAT), RULE(expires_before_created, ST_FORMAT),
    RULE(key_id_empty, ST_FORMAT),      RULE(key_id_with_space, ST_FORMAT),
    RULE(one_token, ST_FORMAT),         RULE(too_many_tokens, ST_LIMIT),
    RULE(no_dtype, ST_FORMAT),          RULE(unknown_dtype, ST_FORMAT),
    RULE(no_weights, ST_FORMAT),        RULE(no_files, ST_FORMAT),
    RULE(unknown_name, ST_FORMAT),      RULE(name_that_climbs, ST_FORMAT),
    RULE(name_twice, ST_FORMAT),        RULE(names_unsorted, ST_FORMAT),
    RULE(empty_file, ST_LIMIT),         RULE(huge_file, ST_LIMIT),
};

static void the_encoder_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
        struct buf b CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
        struct manifest m = good();
        RULES[i].break_it(&m);
        status s = manifest_encode(&m, &b);
        if (s.code != RULES[i].want || b.n != 0)
            fail_msg("%s: %s", RULES[i].name, status_name(s.code));
    }
}

/* An encoder without checks, written from docs/PACKAGE.md section 3. */
static void raw_file(struct buf *b, const struct manifest_file *f)
{
    cbor_put_map(b, 4);
    cbor_put_uint(b, 1);
    cbor_put_str(b, f->name);
    cbor_put_uint(b, 2);
    cbor_put_uint(b, f->n_bytes);
    cbor_put_uint(b, 3);
    cbor_put_bytes(b, BYTES_OF(f->sha256));
    cbor_put_uint(b, 4);
    cbor_put_bytes(b, BYTES_OF(f->root));
}

struct raw_options {
    const char *format;
    uint64_t alg;
    uint64_t chunk_bytes;
    const char *chunking;
    const char *dtypes[4];
    bool extra_key;
    bool swap_keys;
    size_t publisher_bytes;
};

static const struct raw_options AS_WRITTEN = {.format = "eml-model-manifest-v1",
                                              .alg = 2,
                                              .chunk_bytes = 1048576,
                                              .chunking = "stream-rfc9162-sha256-v1",
                                              .dtypes = {"F32", "BF16"},
                                              .publisher_bytes = 32};

static void raw_limits(struct buf *b, const struct manifest *m, const struct raw_options *o)
{
    uint64_t n = 0;
    while (o->dtypes[n] != NULL)
        n++;
    cbor_put_uint(b, 8);
    cbor_put_map(b, 2);
    cbor_put_uint(b, 1);
    cbor_put_uint(b, m->max_tokens);
    cbor_put_uint(b, 2);
    cbor_put_array(b, n);
    for (uint64_t i = 0; i < n; i++)
        cbor_put_str(b, o->dtypes[i]);
}

static struct buf raw(const struct manifest *m, const struct raw_options *o)
{
    struct buf b = BUF_MAX(1 << 20);
    cbor_put_map(&b, o->extra_key ? 11 : 10);
    cbor_put_uint(&b, 1);
    cbor_put_str(&b, o->format);
    cbor_put_uint(&b, 2);
    cbor_put_str(&b, m->id);
    cbor_put_uint(&b, o->swap_keys ? 4 : 3);
    cbor_put_uint(&b, m->version);
    cbor_put_uint(&b, o->swap_keys ? 3 : 4);
    cbor_put_uint(&b, (uint64_t)m->created_unix_s);
    cbor_put_uint(&b, 5);
    cbor_put_uint(&b, (uint64_t)m->expires_unix_s);
    cbor_put_uint(&b, 6);
    cbor_put_bytes(&b, bytes_of(m->publisher, o->publisher_bytes));
    cbor_put_uint(&b, 7);
    cbor_put_map(&b, 3);
    cbor_put_uint(&b, 1);
    cbor_put_uint(&b, o->alg);
    cbor_put_uint(&b, 2);
    cbor_put_uint(&b, o->chunk_bytes);
    cbor_put_uint(&b, 3);
    cbor_put_str(&b, m->key_id);
    raw_limits(&b, m, o);
    cbor_put_uint(&b, 9);
    cbor_put_array(&b, m->n_files);
    for (uint32_t i = 0; i < m->n_files; i++)
        raw_file(&b, &m->files[i]);
    cbor_put_uint(&b, 10);
    cbor_put_str(&b, o->chunking);
    if (o->extra_key) {
        cbor_put_uint(&b, 11);
        cbor_put_uint(&b, 1);
    }
    assert_ok(buf_status(&b));
    return b;
}

static void the_written_form_is_the_encoders(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf a CLEANUP(buf_done) = encoded(&m);
    struct buf b CLEANUP(buf_done) = raw(&m, &AS_WRITTEN);
    assert_bytes_equal(buf_view(&a), buf_view(&b));
}

static void the_parser_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
        struct manifest m = good();
        struct raw_options o = AS_WRITTEN;
        RULES[i].break_it(&m);
        if (RULES[i].break_it == no_dtype)
            o.dtypes[0] = NULL;
        if (RULES[i].break_it == unknown_dtype)
            o.dtypes[1] = "F64";
        /* What is out of a number's range is a matter of limits on the wire. */
        enum status_code want = RULES[i].break_it == version_too_large ? ST_LIMIT : RULES[i].want;
        struct buf b CLEANUP(buf_done) = raw(&m, &o);
        enum status_code got = parse(buf_view(&b));
        if (got != want)
            fail_msg("%s: %s", RULES[i].name, status_name(got));
    }
}

struct form {
    const char *name;
    struct raw_options o;
    enum status_code want;
};

static const struct form FORMS[] = {
    {"another format",
     {"eml-model-manifest-v2", 2, 1048576, "stream-rfc9162-sha256-v1", {"F32"}, false, false, 32},
     ST_FORMAT},
    {"null cipher",
     {"eml-model-manifest-v1", 0, 1048576, "stream-rfc9162-sha256-v1", {"F32"}, false, false, 32},
     ST_ALG},
    {"another cipher",
     {"eml-model-manifest-v1", 3, 1048576, "stream-rfc9162-sha256-v1", {"F32"}, false, false, 32},
     ST_ALG},
    {"another chunk size",
     {"eml-model-manifest-v1", 2, 65536, "stream-rfc9162-sha256-v1", {"F32"}, false, false, 32},
     ST_ALG},
    {"another chunking",
     {"eml-model-manifest-v1", 2, 1048576, "none", {"F32"}, false, false, 32},
     ST_ALG},
    {"types out of order",
     {"eml-model-manifest-v1",
      2,
      1048576,
      "stream-rfc9162-sha256-v1",
      {"BF16", "F32"},
      false,
      false,
      32},
     ST_FORMAT},
    {"type twice",
     {"eml-model-manifest-v1",
      2,
      1048576,
      "stream-rfc9162-sha256-v1",
      {"F32", "F32"},
      false,
      false,
      32},
     ST_FORMAT},
    {"unknown key",
     {"eml-model-manifest-v1", 2, 1048576, "stream-rfc9162-sha256-v1", {"F32"}, true, false, 32},
     ST_FORMAT},
    {"keys swapped",
     {"eml-model-manifest-v1", 2, 1048576, "stream-rfc9162-sha256-v1", {"F32"}, false, true, 32},
     ST_FORMAT},
    {"short publisher key",
     {"eml-model-manifest-v1", 2, 1048576, "stream-rfc9162-sha256-v1", {"F32"}, false, false, 31},
     ST_FORMAT},
};

static void one_form_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        struct manifest m = good();
        struct buf b CLEANUP(buf_done) = raw(&m, &FORMS[i].o);
        enum status_code got = parse(buf_view(&b));
        if (got != FORMS[i].want)
            fail_msg("%s: %s", FORMS[i].name, status_name(got));
    }
}

static void too_many_files(void **state)
{
    (void)state;
    struct manifest m = good();
    m.n_files = MANIFEST_FILES_MAX;
    struct buf b CLEANUP(buf_done) = raw(&m, &AS_WRITTEN);
    /* 16 files are 0x90; 17 with one more behind them: the array's head is the one 0x90 after
     * key 9. */
    struct buf more CLEANUP(buf_done) = BUF_MAX(1 << 20);
    const uint8_t *head = memmem(b.p, b.n, "\x09\x90", 2);
    assert_non_null(head);
    buf_put(&more, bytes_of(b.p, (size_t)(head - b.p) + 1));
    buf_put_u8(&more, 0x91);
    raw_file(&more, &m.files[0]);
    buf_put(&more, bytes_of(head + 2, b.n - (size_t)(head - b.p) - 2));
    assert_int_equal(parse(buf_view(&more)), ST_LIMIT);
}

static void text_with_a_nul(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf b CLEANUP(buf_done) = encoded(&m);
    uint8_t *id = memmem(b.p, b.n, "org/model", 9);
    assert_non_null(id);
    id[4] = 0;
    assert_int_equal(parse(buf_view(&b)), ST_FORMAT);
}

/* ---- signature ---- */

static struct buf signed_manifest(const struct manifest *m)
{
    struct buf b = BUF_MAX(MANIFEST_MAX_BYTES);
    assert_ok(manifest_sign(m, &sign_key, &b));
    return b;
}

static enum status_code verify(struct bytes in, const uint8_t *key)
{
    struct manifest out = {.version = 99};
    uint8_t digest[SHA256_LEN] = {0xee};
    struct bytes exact = test_exact(in);
    status s = manifest_verify(exact, key, &out, digest);
    test_exact_free(exact);
    if (failed(s)) {
        assert_int_equal(out.version, 99);
        assert_int_equal(digest[0], 0xee);
    }
    return s.code;
}

static void signs_and_verifies(void **state)
{
    (void)state;
    struct manifest m = good();
    struct manifest back;
    uint8_t digest[SHA256_LEN];
    uint8_t want[SHA256_LEN];
    uint8_t claimed[ED25519_PUBLIC_LEN];
    struct buf b CLEANUP(buf_done) = signed_manifest(&m);
    struct buf payload CLEANUP(buf_done) = encoded(&m);
    assert_ok(manifest_verify(buf_view(&b), sign_key.public_key, &back, digest));
    assert_memory_equal(&m, &back, sizeof(m));
    assert_ok(sha256(buf_view(&payload), want));
    assert_memory_equal(digest, want, SHA256_LEN);
    assert_ok(manifest_claimed_publisher(buf_view(&b), claimed));
    assert_memory_equal(claimed, sign_key.public_key, sizeof(claimed));
}

static void another_publisher(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf b CLEANUP(buf_done) = signed_manifest(&m);
    assert_int_equal(verify(buf_view(&b), other_key.public_key), ST_AUTH);
}

static void every_bit_of_the_signed_form(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf b CLEANUP(buf_done) = signed_manifest(&m);
    /* A signature takes long under valgrind: there every 37th bit. */
    size_t step = getenv("EML_UNDER_VALGRIND") != NULL ? 37 : 1;
    for (size_t bit = 0; bit < 8 * b.n; bit += step) {
        b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (verify(buf_view(&b), sign_key.public_key) == ST_OK)
            fail_msg("bit %zu of byte %zu changes nothing", bit % 8, bit / 8);
        b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void every_length_of_the_signed_form(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf b CLEANUP(buf_done) = signed_manifest(&m);
    for (size_t n = 0; n < b.n; n++) /* refused before the signature is looked at */
        assert_int_not_equal(verify(bytes_of(b.p, n), sign_key.public_key), ST_OK);
    buf_put_u8(&b, 0);
    assert_int_not_equal(verify(buf_view(&b), sign_key.public_key), ST_OK);
}

static struct buf sign_with(const struct ed25519_secret *key, const char *content_type,
                            struct bytes payload)
{
    struct buf header CLEANUP(buf_done) = BUF_MAX(128);
    struct buf out = BUF_MAX(2 * MANIFEST_MAX_BYTES);
    cbor_put_map(&header, content_type ? 2 : 1);
    cbor_put_uint(&header, 1);
    cbor_put_int(&header, COSE_ALG_EDDSA);
    if (content_type != NULL) {
        cbor_put_uint(&header, 3);
        cbor_put_str(&header, content_type);
    }
    assert_ok(cose_sign_ed25519(key, buf_view(&header), payload, true, &out));
    return out;
}

/* The same key may sign other things: no signature made for another purpose counts. */
static void a_signature_for_another_purpose(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf payload CLEANUP(buf_done) = encoded(&m);
    struct buf none CLEANUP(buf_done) = sign_with(&sign_key, NULL, buf_view(&payload));
    struct buf other CLEANUP(buf_done) =
        sign_with(&sign_key, "application/eat-cwt", buf_view(&payload));
    assert_int_equal(verify(buf_view(&none), sign_key.public_key), ST_FORMAT);
    assert_int_equal(verify(buf_view(&other), sign_key.public_key), ST_FORMAT);
}

static void signer_is_not_the_named_publisher(void **state)
{
    (void)state;
    struct manifest m = good();
    struct buf payload CLEANUP(buf_done) = encoded(&m);
    struct buf b CLEANUP(buf_done) =
        sign_with(&other_key, "application/eml-model-manifest+cbor", buf_view(&payload));
    assert_int_equal(verify(buf_view(&b), other_key.public_key), ST_AUTH);
    struct buf out CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    assert_code(manifest_sign(&m, &other_key, &out), ST_INTERNAL);
}

/* [protected, unprotected, payload, signature] with the parts given; nil without a payload. */
static struct buf assemble(struct bytes unprotected, const struct buf *payload)
{
    struct buf header CLEANUP(buf_done) = BUF_MAX(128);
    struct buf tbs CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    struct buf out = BUF_MAX(MANIFEST_MAX_BYTES);
    uint8_t sig[ED25519_SIG_LEN];
    cbor_put_map(&header, 2);
    cbor_put_uint(&header, 1);
    cbor_put_int(&header, COSE_ALG_EDDSA);
    cbor_put_uint(&header, 3);
    cbor_put_str(&header, "application/eml-model-manifest+cbor");
    assert_ok(cose_sig_structure(buf_view(&header), (struct bytes){0},
                                 payload ? buf_view(payload) : (struct bytes){0}, &tbs));
    assert_ok(ed25519_sign(&sign_key, buf_view(&tbs), sig));
    cbor_put_tag(&out, COSE_TAG_SIGN1);
    cbor_put_array(&out, 4);
    cbor_put_bytes(&out, buf_view(&header));
    buf_put(&out, unprotected);
    if (payload != NULL)
        cbor_put_bytes(&out, buf_view(payload));
    else
        cbor_put_null(&out);
    cbor_put_bytes(&out, BYTES_OF(sig));
    return out;
}

static void nothing_unsigned_and_nothing_detached(void **state)
{
    (void)state;
    struct manifest m = good();
    uint8_t key[ED25519_PUBLIC_LEN];
    struct buf payload CLEANUP(buf_done) = encoded(&m);
    struct buf fine CLEANUP(buf_done) = assemble(BYTES_LIT("\xa0"), &payload);
    struct buf kid CLEANUP(buf_done) = assemble(BYTES_LIT("\xa1\x04\x41x"), &payload);
    struct buf detached CLEANUP(buf_done) = assemble(BYTES_LIT("\xa0"), NULL);
    assert_int_equal(verify(buf_view(&fine), sign_key.public_key), ST_OK);
    assert_int_equal(verify(buf_view(&kid), sign_key.public_key), ST_FORMAT);
    assert_int_equal(verify(buf_view(&detached), sign_key.public_key), ST_FORMAT);
    assert_code(manifest_claimed_publisher(buf_view(&kid), key), ST_FORMAT);
    assert_code(manifest_claimed_publisher(buf_view(&detached), key), ST_FORMAT);
}

static void signed_but_malformed(void **state)
{
    (void)state;
    struct manifest m = good();
    m.version = 0;
    struct buf payload CLEANUP(buf_done) = raw(&m, &AS_WRITTEN);
    struct buf b CLEANUP(buf_done) = assemble(BYTES_LIT("\xa0"), &payload);
    assert_int_equal(verify(buf_view(&b), sign_key.public_key), ST_FORMAT);
}

static void larger_than_the_limit(void **state)
{
    (void)state;
    static const uint8_t BIG[MANIFEST_MAX_BYTES + 1] = {0xd2};
    assert_int_equal(verify(BYTES_OF(BIG), sign_key.public_key), ST_LIMIT);
}

/* ---- dates and versions ---- */

struct check_row {
    const char *rule;
    uint64_t min_version;
    int64_t at;
    enum status_code want;
};

static const struct check_row CHECKS[] = {
    {"as new as asked", 7, 1500, ST_OK},
    {"any version", 0, 1500, ST_OK},
    {"older than asked", 8, 1500, ST_ROLLBACK},
    {"first second", 7, 1000, ST_OK},
    {"last second", 7, 1999, ST_OK},
    {"expired", 7, 2000, ST_EXPIRED},
    {"long expired", 7, INT64_MAX, ST_EXPIRED},
    {"a clock a little behind", 7, 700, ST_OK},
    {"made in the future", 7, 699, ST_EXPIRED},
    {"clock at zero", 7, 0, ST_EXPIRED},
};

static void dates_and_versions(void **state)
{
    (void)state;
    struct manifest m = good();
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
        const struct manifest_expect e = {.min_version = CHECKS[i].min_version,
                                          .at_unix_s = CHECKS[i].at};
        status s = manifest_check(&m, &e);
        if (s.code != CHECKS[i].want)
            fail_msg("%s: %s", CHECKS[i].rule, status_name(s.code));
    }
}

static void dtype_lists(void **state)
{
    (void)state;
    uint32_t mask = 99;
    struct buf b CLEANUP(buf_done) = BUF_MAX(64);
    assert_ok(manifest_parse_dtypes("F32,F16,BF16", &mask));
    assert_int_equal(mask, MANIFEST_DTYPES_ALL);
    assert_ok(manifest_parse_dtypes("BF16", &mask));
    assert_int_equal(mask, MANIFEST_BF16);
    static const char *const BAD[] = {"", ",", "F32,", ",F32", "f32", "F32 ", "F64", "F32;F16"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
        assert_code(manifest_parse_dtypes(BAD[i], &mask), ST_USAGE);
    manifest_put_dtypes(MANIFEST_F32 | MANIFEST_F16, &b);
    assert_bytes_equal(buf_view(&b), BYTES_LIT("F16,F32"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_length),
        cmocka_unit_test(the_encoder_refuses),
        cmocka_unit_test(the_written_form_is_the_encoders),
        cmocka_unit_test(the_parser_refuses),
        cmocka_unit_test(one_form_only),
        cmocka_unit_test(too_many_files),
        cmocka_unit_test(text_with_a_nul),
        cmocka_unit_test(signs_and_verifies),
        cmocka_unit_test(another_publisher),
        cmocka_unit_test(every_bit_of_the_signed_form),
        cmocka_unit_test(every_length_of_the_signed_form),
        cmocka_unit_test(a_signature_for_another_purpose),
        cmocka_unit_test(signer_is_not_the_named_publisher),
        cmocka_unit_test(nothing_unsigned_and_nothing_detached),
        cmocka_unit_test(signed_but_malformed),
        cmocka_unit_test(larger_than_the_limit),
        cmocka_unit_test(dates_and_versions),
        cmocka_unit_test(dtype_lists),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
