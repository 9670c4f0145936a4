#include "tee/verify/statement.h"

#include "crypto/hash.h"
#include "formats/cbor.h"

enum {
    KEY_VERSION = 1,
    KEY_PLATFORM,
    KEY_SERVICE,
    KEY_FRESHNESS,
    KEY_NONCE,
    KEY_IDENTITY,
    KEY_RECEIPT,
    KEY_CONFIG,
    KEY_MODEL,
    KEY_DEVICE,
    N_KEYS = KEY_DEVICE,
};

/* Names end up on terminals and in logs: nothing that is not visible gets in. */
static bool is_name(struct bytes text, size_t max)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x21 || text.p[i] > 0x7e)
            return false;
    }
    return text.n >= 1 && text.n <= max;
}

static status check(const struct statement *s)
{
    REQUIRE(is_name(s->platform, STATEMENT_PLATFORM_MAX), ST_FORMAT,
            "statement: platform is not 1..%d visible characters", STATEMENT_PLATFORM_MAX);
    REQUIRE(is_name(s->service, STATEMENT_SERVICE_MAX), ST_FORMAT,
            "statement: service is not 1..%d visible characters", STATEMENT_SERVICE_MAX);
    REQUIRE(s->freshness == FRESH_SESSION || s->freshness == FRESH_EPOCH, ST_FORMAT,
            "statement: unknown freshness");
    return OK;
}

static void put_field(struct buf *out, unsigned key, const uint8_t v[static STATEMENT_FIELD_LEN])
{
    cbor_put_uint(out, key);
    cbor_put_bytes(out, bytes_of(v, STATEMENT_FIELD_LEN));
}

status statement_encode(const struct statement *s, struct buf *out)
{
    TRY(check(s));
    cbor_put_map(out, N_KEYS);
    cbor_put_uint(out, KEY_VERSION);
    cbor_put_uint(out, STATEMENT_VERSION);
    cbor_put_uint(out, KEY_PLATFORM);
    cbor_put_text(out, s->platform);
    cbor_put_uint(out, KEY_SERVICE);
    cbor_put_text(out, s->service);
    cbor_put_uint(out, KEY_FRESHNESS);
    cbor_put_uint(out, s->freshness);
    put_field(out, KEY_NONCE, s->nonce);
    put_field(out, KEY_IDENTITY, s->identity_key);
    put_field(out, KEY_RECEIPT, s->receipt_key);
    put_field(out, KEY_CONFIG, s->config_digest);
    put_field(out, KEY_MODEL, s->model_digest);
    put_field(out, KEY_DEVICE, s->device_digest);
    return buf_status(out);
}

/* All keys are there and sorted, so the n-th key is n. */
static void expect_key(struct cbor_rd *r, struct cbor_iter *it, unsigned key)
{
    if (!cbor_next(r, it))
        cbor_fail(r, ST_FORMAT, "statement: a key is missing");
    else if (cbor_uint(r) != key)
        cbor_fail(r, ST_FORMAT, "statement: unknown or missing key");
}

static void get_field(struct cbor_rd *r, struct cbor_iter *it, unsigned key,
                      uint8_t out[static STATEMENT_FIELD_LEN])
{
    expect_key(r, it, key);
    struct bytes v = cbor_bytes(r);
    if (v.n == STATEMENT_FIELD_LEN)
        memcpy(out, v.p, v.n);
    else
        cbor_fail(r, ST_FORMAT, "statement: a field is not 32 bytes");
}

static void get_names(struct cbor_rd *r, struct cbor_iter *it, struct statement *s)
{
    expect_key(r, it, KEY_PLATFORM);
    s->platform = cbor_text(r);
    expect_key(r, it, KEY_SERVICE);
    s->service = cbor_text(r);
    expect_key(r, it, KEY_FRESHNESS);
    uint64_t freshness = cbor_uint(r);
    if (freshness > FRESH_EPOCH)
        cbor_fail(r, ST_FORMAT, "statement: unknown freshness");
    s->freshness = freshness == FRESH_EPOCH ? FRESH_EPOCH : FRESH_SESSION;
}

status statement_parse(struct bytes in, struct statement *out)
{
    REQUIRE(in.n <= STATEMENT_MAX_BYTES, ST_LIMIT, "statement: %zu bytes, at most %d", in.n,
            STATEMENT_MAX_BYTES);
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct statement s = {0};

    struct cbor_iter it = cbor_map(&r);
    expect_key(&r, &it, KEY_VERSION);
    if (cbor_uint(&r) != STATEMENT_VERSION)
        cbor_fail(&r, ST_UNSUPPORTED, "statement: unknown version");
    get_names(&r, &it, &s);
    get_field(&r, &it, KEY_NONCE, s.nonce);
    get_field(&r, &it, KEY_IDENTITY, s.identity_key);
    get_field(&r, &it, KEY_RECEIPT, s.receipt_key);
    get_field(&r, &it, KEY_CONFIG, s.config_digest);
    get_field(&r, &it, KEY_MODEL, s.model_digest);
    get_field(&r, &it, KEY_DEVICE, s.device_digest);
    if (cbor_next(&r, &it))
        cbor_fail(&r, ST_FORMAT, "statement: unknown key");
    TRY(cbor_end(&r));
    TRY(check(&s));
    *out = s;
    return OK;
}

/* lp(x): length, then content, so that no two lists of fields give the same bytes. */
static void put_lp(struct buf *b, struct bytes v)
{
    buf_put_u32be(b, (uint32_t)v.n);
    buf_put(b, v);
}

static void put_fields(struct buf *b, const char *domain, const struct statement *s)
{
    uint8_t freshness = s->freshness == FRESH_EPOCH ? FRESH_EPOCH : FRESH_SESSION;
    put_lp(b, bytes_str(domain));
    put_lp(b, s->platform);
    put_lp(b, s->service);
    put_lp(b, bytes_of(&freshness, 1));
    put_lp(b, BYTES_OF(s->nonce));
    put_lp(b, BYTES_OF(s->identity_key));
    put_lp(b, BYTES_OF(s->receipt_key));
    put_lp(b, BYTES_OF(s->config_digest));
    put_lp(b, BYTES_OF(s->model_digest));
}

status statement_binding(const struct statement *s, uint8_t out[static STATEMENT_BINDING_LEN])
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1024);
    TRY(check(s));
    put_fields(&b, "eml-binding-v1", s);
    put_lp(&b, BYTES_OF(s->device_digest));
    TRY(buf_status(&b));
    struct bytes whole = buf_view(&b);
    return hash_parts(HASH_SHA512, &whole, 1, out);
}

status statement_device_nonce(const struct statement *s, uint8_t out[static STATEMENT_FIELD_LEN])
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1024);
    TRY(check(s));
    put_fields(&b, "eml-device-nonce-v1", s);
    TRY(buf_status(&b));
    return sha256(buf_view(&b), out);
}
