#include "receipt/record.h"

#include "base/text.h"
#include "formats/cbor.h"

enum {
    KEY_VERSION = 1,
    KEY_PROFILE,
    KEY_ENGINE,
    KEY_MODEL,
    KEY_TOKENIZER,
    KEY_POOLING,
    KEY_NORMALIZED,
    KEY_TOKENS,
    KEY_TRUNCATED,
    N_KEYS = KEY_TRUNCATED,
};

static const char *const POOLING[] = {[RECORD_MEAN] = "mean", [RECORD_CLS] = "cls"};

enum { N_POOLING = sizeof(POOLING) / sizeof(POOLING[0]) };

/* The rules that hold in both directions. */
static status check_texts(const struct record *r)
{
    REQUIRE(r->n_texts >= 1 && r->n_texts <= RECORD_TEXTS_MAX, ST_FORMAT, "%zu texts in a record",
            r->n_texts);
    for (size_t i = 0; i < r->n_texts; i++)
        REQUIRE(r->texts[i].n_tokens >= 1, ST_FORMAT, "text %zu has no tokens", i);
    return OK;
}

static status check_names(const struct record *r)
{
    REQUIRE(r->profile.n >= 1 && r->profile.n <= RECORD_PROFILE_MAX, ST_FORMAT,
            "the numerics profile's name has %zu bytes", r->profile.n);
    REQUIRE(r->engine_version.n >= 1 && r->engine_version.n <= RECORD_ENGINE_MAX, ST_FORMAT,
            "the engine version has %zu bytes", r->engine_version.n);
    return OK;
}

static status check_own(const struct record *r)
{
    TRY(check_names(r));
    TRY(check_texts(r));
    REQUIRE((size_t)r->pooling < N_POOLING, ST_FORMAT, "pooling %d", (int)r->pooling);
    REQUIRE(utf8_is_valid(r->profile) && utf8_is_valid(r->engine_version), ST_FORMAT,
            "a name is not UTF-8");
    return OK;
}

static void put_tokens(const struct record *r, struct buf *out)
{
    cbor_put_uint(out, KEY_TOKENS);
    cbor_put_array(out, r->n_texts);
    for (size_t i = 0; i < r->n_texts; i++)
        cbor_put_uint(out, r->texts[i].n_tokens);
}

static void put_truncated(const struct record *r, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_texts; i++)
        n += r->texts[i].is_truncated;
    cbor_put_uint(out, KEY_TRUNCATED);
    cbor_put_array(out, n);
    for (size_t i = 0; i < r->n_texts; i++) {
        if (r->texts[i].is_truncated)
            cbor_put_uint(out, i);
    }
}

status record_encode(const struct record *r, struct buf *out)
{
    if (failed(check_own(r)))
        return FAIL(ST_USAGE, "the record breaks a rule of its format");
    cbor_put_map(out, N_KEYS);
    cbor_put_uint(out, KEY_VERSION);
    cbor_put_uint(out, RECORD_VERSION);
    cbor_put_uint(out, KEY_PROFILE);
    cbor_put_text(out, r->profile);
    cbor_put_uint(out, KEY_ENGINE);
    cbor_put_text(out, r->engine_version);
    cbor_put_uint(out, KEY_MODEL);
    cbor_put_bytes(out, BYTES_OF(r->model_digest));
    cbor_put_uint(out, KEY_TOKENIZER);
    cbor_put_bytes(out, BYTES_OF(r->tokenizer_digest));
    cbor_put_uint(out, KEY_POOLING);
    cbor_put_str(out, POOLING[r->pooling]);
    cbor_put_uint(out, KEY_NORMALIZED);
    cbor_put_bool(out, r->is_normalized);
    put_tokens(r, out);
    put_truncated(r, out);
    return buf_status(out);
}

/* The map has all keys in ascending order, so a record reads like its table. */
static void read_key(struct cbor_rd *r, struct cbor_iter *it, uint64_t key)
{
    if (!cbor_next(r, it) || cbor_uint(r) != key)
        cbor_fail(r, ST_FORMAT, "a key of the record is missing or unknown");
}

static void read_digest(struct cbor_rd *r, uint8_t out[static RECORD_DIGEST_LEN])
{
    struct bytes v = cbor_bytes(r);
    if (v.n == RECORD_DIGEST_LEN)
        memcpy(out, v.p, RECORD_DIGEST_LEN);
    else
        cbor_fail(r, ST_FORMAT, "a digest is not 32 bytes");
}

static enum record_pooling read_pooling(struct cbor_rd *r)
{
    struct bytes name = cbor_text(r);
    for (size_t i = 0; i < N_POOLING; i++) {
        if (bytes_equal(name, bytes_str(POOLING[i])))
            return (enum record_pooling)i;
    }
    cbor_fail(r, ST_FORMAT, "unknown pooling");
    return RECORD_MEAN;
}

static size_t read_tokens(struct cbor_rd *r, struct record_text *texts, size_t cap)
{
    size_t n = 0;
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it)) {
        uint64_t v = cbor_uint(r);
        if (n >= cap)
            cbor_fail(r, ST_LIMIT, "the record names more texts than the caller takes");
        else if (v > UINT32_MAX)
            cbor_fail(r, ST_FORMAT, "a token count is out of range");
        else
            texts[n++] = (struct record_text){.n_tokens = (uint32_t)v};
    }
    return n;
}

static void read_truncated(struct cbor_rd *r, struct record_text *texts, size_t n)
{
    uint64_t lowest = 0;
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it)) {
        uint64_t i = cbor_uint(r);
        if (i < lowest || i >= n) {
            cbor_fail(r, ST_FORMAT, "the numbers of truncated texts are not ascending or too high");
            return;
        }
        texts[i].is_truncated = true;
        lowest = i + 1;
    }
}

static void read_record(struct cbor_rd *r, struct record_text *texts, size_t cap,
                        struct record *out)
{
    struct cbor_iter it = cbor_map(r);
    read_key(r, &it, KEY_VERSION);
    if (cbor_uint(r) != RECORD_VERSION)
        cbor_fail(r, ST_FORMAT, "another version of the record");
    read_key(r, &it, KEY_PROFILE);
    out->profile = cbor_text(r);
    read_key(r, &it, KEY_ENGINE);
    out->engine_version = cbor_text(r);
    read_key(r, &it, KEY_MODEL);
    read_digest(r, out->model_digest);
    read_key(r, &it, KEY_TOKENIZER);
    read_digest(r, out->tokenizer_digest);
    read_key(r, &it, KEY_POOLING);
    out->pooling = read_pooling(r);
    read_key(r, &it, KEY_NORMALIZED);
    out->is_normalized = cbor_bool(r);
    read_key(r, &it, KEY_TOKENS);
    out->n_texts = read_tokens(r, texts, cap);
    read_key(r, &it, KEY_TRUNCATED);
    read_truncated(r, texts, out->n_texts);
    if (cbor_next(r, &it))
        cbor_fail(r, ST_FORMAT, "the record has an unknown key");
}

status record_parse(struct bytes in, struct record_text *texts, size_t cap, struct record *out)
{
    struct record found = {.texts = texts};
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    read_record(&r, texts, cap < RECORD_TEXTS_MAX ? cap : RECORD_TEXTS_MAX, &found);
    TRY(cbor_end(&r));
    TRY(check_names(&found));
    TRY(check_texts(&found));
    *out = found;
    return OK;
}
