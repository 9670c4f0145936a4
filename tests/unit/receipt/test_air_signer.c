/* air.c: the signer. */
#include "receipt/air.h"

#include "sample.h"
#include "vectors.h"

/* Published claims and seed, through our encoder and signer: the published bytes. */

static void read_measurements(struct json_obj *o, struct air_measurements *out)
{
    static const char *const KEYS[AIR_N_PCR] = {"pcr0_hex", "pcr1_hex", "pcr2_hex", NULL, NULL,
                                                NULL,       NULL,       NULL,       NULL};
    out->is_attested = true;
    assert_true(air_platform_from_name(json_text(o, "measurement_type", true), &out->platform));
    for (unsigned i = 0; i < AIR_N_PCR; i++) {
        if (KEYS[i] == NULL)
            continue;
        assert_true(json_hex(o, KEYS[i], true, out->pcr[i], AIR_MEASUREMENT_LEN));
        out->present |= (uint16_t)(1u << i);
    }
}

static void read_claims(struct json_obj *o, struct buf *nonce, struct air_claims *out)
{
    out->iss = json_text(o, "iss", true);
    out->iat_unix_s = (uint64_t)json_int(o, "iat", true, 1, INT64_MAX, 0);
    assert_true(json_hex(o, "cti_hex", true, out->cti, AIR_CTI_LEN));
    const json_t *given = json_node(o, "eat_nonce_hex", false);
    struct bytes text = {0};
    if (given != NULL && json_is_text(given, &text))
        assert_ok(hex_decode_buf(text, nonce));
    out->nonce = buf_view(nonce);
    out->model_id = json_text(o, "model_id", true);
    out->model_version = json_text(o, "model_version", true);
    assert_true(json_hex(o, "model_hash_hex", true, out->model_hash, AIR_HASH_LEN));
    assert_true(json_hex(o, "request_hash_hex", true, out->request_hash, AIR_HASH_LEN));
    assert_true(json_hex(o, "response_hash_hex", true, out->response_hash, AIR_HASH_LEN));
    assert_true(
        json_hex(o, "attestation_doc_hash_hex", true, out->attestation_doc_hash, AIR_HASH_LEN));
    struct json_obj m = json_sub(o, "enclave_measurements");
    read_measurements(&m, &out->measurements);
    out->policy_version = json_text(o, "policy_version", true);
    out->sequence_number = (uint64_t)json_int(o, "sequence_number", true, 0, INT64_MAX, 0);
    out->execution_time_ms = (uint64_t)json_int(o, "execution_time_ms", true, 0, INT64_MAX, 0);
    out->memory_peak_mb = (uint64_t)json_int(o, "memory_peak_mb", true, 0, INT64_MAX, 0);
    assert_true(air_mode_from_name(json_text(o, "security_mode", true), &out->mode));
}

static void reproduce(const char *path, void *ctx)
{
    struct vector v;
    struct air_claims claims = {0};
    struct ed25519_secret key = sample_key();
    struct buf nonce CLEANUP(buf_done) = BUF_MAX(AIR_NONCE_MAX);
    struct buf out CLEANUP(buf_done) = BUF_MAX(AIR_RECEIPT_MAX);
    (void)ctx;
    vector_load(path, &v);
    struct json_obj o = json_obj_of(json_root(v.doc), path);
    struct json_obj c = json_sub(&o, "claims");
    read_claims(&c, &nonce, &claims);
    assert_ok(json_obj_end_foreign(&c));
    assert_ok(air_sign(&claims, &key, &out));
    assert_bytes_equal(buf_view(&out), buf_view(&v.receipt));
    vector_done(&v);
}

static void published_bytes_from_claims(void **state)
{
    char folder[PATH_MAX];
    (void)state;
    test_vectors_or_skip("air");
    vectors_foreign("air/golden/valid", folder);
    assert_true(vectors_each(folder, reproduce, NULL) >= 2);
}

/* What is not signed. */

static void not_attested(struct air_claims *c)
{
    c->measurements.is_attested = false;
}
static void pcr0_missing(struct air_claims *c)
{
    c->measurements.present = 6;
}
static void pcr2_missing(struct air_claims *c)
{
    c->measurements.present = 3;
}
static void debug_zeroes(struct air_claims *c)
{
    memset(c->measurements.pcr, 0, sizeof(c->measurements.pcr));
}
static void pcr1_zero(struct air_claims *c)
{
    memset(c->measurements.pcr[1], 0, AIR_MEASUREMENT_LEN);
}
static void no_measurements(struct air_claims *c)
{
    c->measurements = (struct air_measurements){0};
}
static void tdx_with_pcr8(struct air_claims *c)
{
    c->measurements.platform = AIR_TDX_MRTD_RTMR;
    c->measurements.present |= 1u << 8;
}
static void unknown_platform(struct air_claims *c)
{
    c->measurements.platform = (enum air_platform)7;
}
static void unknown_mode(struct air_claims *c)
{
    c->mode = (enum air_mode)2;
}
static void unknown_scheme(struct air_claims *c)
{
    c->scheme = (enum air_scheme)9;
}
static void no_time(struct air_claims *c)
{
    c->iat_unix_s = 0;
}
static void zero_cti(struct air_claims *c)
{
    memset(c->cti, 0, sizeof(c->cti));
}
static void zero_model_hash(struct air_claims *c)
{
    memset(c->model_hash, 0, sizeof(c->model_hash));
}
static void no_model_id(struct air_claims *c)
{
    c->model_id = (struct bytes){0};
}
static void id_not_utf8(struct air_claims *c)
{
    c->model_id = BYTES_LIT("\xff");
}
static void nonce_too_short(struct air_claims *c)
{
    c->nonce = BYTES_LIT("1234567");
}
static void nonce_too_long(struct air_claims *c)
{
    static const uint8_t LONG[AIR_NONCE_MAX + 1] = {1};
    c->nonce = BYTES_OF(LONG);
}
static void version_too_long(struct air_claims *c)
{
    static uint8_t text[AIR_VERSION_MAX + 1];
    memset(text, 'v', sizeof(text));
    c->model_version = BYTES_OF(text);
}

static void signer_refuses(void **state)
{
    static const struct {
        void (*change)(struct air_claims *);
        enum status_code code;
    } ROWS[] = {
        {not_attested, ST_POLICY},   {pcr0_missing, ST_POLICY},    {pcr2_missing, ST_POLICY},
        {debug_zeroes, ST_POLICY},   {pcr1_zero, ST_POLICY},       {no_measurements, ST_POLICY},
        {tdx_with_pcr8, ST_USAGE},   {unknown_platform, ST_USAGE}, {unknown_mode, ST_USAGE},
        {unknown_scheme, ST_USAGE},  {no_time, ST_USAGE},          {zero_cti, ST_USAGE},
        {zero_model_hash, ST_USAGE}, {no_model_id, ST_USAGE},      {id_not_utf8, ST_USAGE},
        {nonce_too_short, ST_USAGE}, {nonce_too_long, ST_USAGE},   {version_too_long, ST_USAGE},
    };
    struct ed25519_secret key = sample_key();
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct air_claims c = sample_claims();
        struct buf out CLEANUP(buf_done) = BUF_MAX(AIR_RECEIPT_MAX);
        ROWS[i].change(&c);
        status s = air_sign(&c, &key, &out);
        if (s.code != ROWS[i].code)
            fail_msg("row %zu: %s", i, status_name(s.code));
        assert_int_equal(out.n, 0);
    }
}

static void signer_reports_a_full_buffer(void **state)
{
    struct ed25519_secret key = sample_key();
    struct air_claims c = sample_claims();
    struct buf out CLEANUP(buf_done) = BUF_MAX(100);
    (void)state;
    assert_code(air_sign(&c, &key, &out), ST_LIMIT);
}

static void generated_ids_are_uuid_v4(void **state)
{
    uint8_t a[AIR_CTI_LEN];
    uint8_t b[AIR_CTI_LEN];
    (void)state;
    assert_ok(air_cti_generate(a));
    assert_ok(air_cti_generate(b));
    assert_int_equal(a[6] >> 4, 4);
    assert_int_equal(a[8] >> 6, 2);
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_bytes_from_claims),
        cmocka_unit_test(signer_refuses),
        cmocka_unit_test(signer_reports_a_full_buffer),
        cmocka_unit_test(generated_ids_are_uuid_v4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
