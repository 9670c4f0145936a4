#include "model/manifest.h"

#include "formats/cose.h"
#include "model/content.h"

#define FORMAT_NAME  "eml-model-manifest-v1"
#define CONTENT_TYPE "application/eml-model-manifest+cbor"

enum {
    MAP_KEYS = 10,
    KEY_FORMAT = 1,
    KEY_ID = 2,
    KEY_VERSION = 3,
    KEY_CREATED = 4,
    KEY_EXPIRES = 5,
    KEY_PUBLISHER = 6,
    KEY_ENCRYPTION = 7, /* {1: alg, 2: chunk bytes, 3: key id} */
    KEY_LIMITS = 8,     /* {1: max tokens, 2: [dtype, ...]} */
    KEY_FILES = 9,      /* [{1: name, 2: size, 3: sha256, 4: root}, ...] */
    KEY_CHUNKING = 10,  /* name of the chunk construction and tree */
    ALG_AES_256_GCM = 2,
    CLOCK_SKEW_S = 300,
};
#define CHUNKING_NAME "stream-rfc9162-sha256-v1"

struct dtype_name {
    const char *name;
    enum manifest_dtype bit;
};
/* In the order of their encodings: shorter text first, then by bytes. */
static const struct dtype_name DTYPES[3] = {
    {"F16", MANIFEST_F16}, {"F32", MANIFEST_F32}, {"BF16", MANIFEST_BF16}};

/* ---- what every field must be, for both directions ---- */

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
}

status manifest_check_id(const char *id)
{
    size_t n = strlen(id);
    REQUIRE(n >= 1 && n <= MANIFEST_ID_MAX, ST_FORMAT, "model id must have 1 to %d characters",
            MANIFEST_ID_MAX);
    for (size_t i = 0; i < n; i++)
        REQUIRE(is_id_char(id[i]), ST_FORMAT, "model id may hold letters, digits and . _ - / only");
    return OK;
}

static status check_key_id(const char *key_id)
{
    size_t n = strlen(key_id);
    REQUIRE(n >= 1 && n <= MANIFEST_KEY_ID_MAX, ST_FORMAT, "key id must have 1 to %d characters",
            MANIFEST_KEY_ID_MAX);
    for (size_t i = 0; i < n; i++)
        REQUIRE(key_id[i] > 0x20 && key_id[i] < 0x7f, ST_FORMAT,
                "key id may hold printable ASCII without spaces only");
    return OK;
}

static status check_file(const struct manifest *m, uint32_t i)
{
    const struct manifest_file *f = &m->files[i];
    REQUIRE(content_is_known(bytes_str(f->name)), ST_FORMAT, "\"%s\" is no file of a model",
            f->name);
    REQUIRE(i == 0 || strcmp(m->files[i - 1].name, f->name) < 0, ST_FORMAT,
            "files are not sorted by name, or %s comes twice", f->name);
    REQUIRE(f->n_bytes >= 1 && f->n_bytes <= MANIFEST_FILE_MAX_BYTES, ST_LIMIT, "%s has %llu bytes",
            f->name, (unsigned long long)f->n_bytes);
    return OK;
}

static bool has_file(const struct manifest *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_files; i++) {
        if (strcmp(m->files[i].name, name) == 0)
            return true;
    }
    return false;
}

static status check_files(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->n_files; i++)
        TRY(check_file(m, i));
    for (size_t i = 0; i < CONTENT_NAMES; i++)
        REQUIRE(!content_table[i].is_required || has_file(m, content_table[i].name), ST_FORMAT,
                "%s is missing", content_table[i].name);
    return OK;
}

static status check(const struct manifest *m)
{
    TRY(manifest_check_id(m->id));
    TRY(check_key_id(m->key_id));
    REQUIRE(m->version >= 1 && m->version <= MANIFEST_VERSION_MAX, ST_FORMAT,
            "version must be 1 or more");
    REQUIRE(m->created_unix_s >= 0 && m->expires_unix_s > m->created_unix_s, ST_FORMAT,
            "expires before it is created");
    REQUIRE(m->max_tokens == 0 || m->max_tokens >= 2, ST_FORMAT, "max tokens must be 2 or more");
    REQUIRE(m->max_tokens <= MANIFEST_TOKENS_MAX, ST_LIMIT, "max tokens above %d",
            MANIFEST_TOKENS_MAX);
    REQUIRE(m->allowed_dtypes != 0 && (m->allowed_dtypes & ~(uint32_t)MANIFEST_DTYPES_ALL) == 0,
            ST_FORMAT, "no weight type is allowed, or an unknown one");
    return check_files(m);
}

/* ---- writing ---- */

static void put_encryption(struct buf *b, const struct manifest *m)
{
    cbor_put_uint(b, KEY_ENCRYPTION);
    cbor_put_map(b, 3);
    cbor_put_uint(b, 1);
    cbor_put_uint(b, ALG_AES_256_GCM);
    cbor_put_uint(b, 2);
    cbor_put_uint(b, MANIFEST_CHUNK_BYTES);
    cbor_put_uint(b, 3);
    cbor_put_str(b, m->key_id);
}

static void put_limits(struct buf *b, const struct manifest *m)
{
    cbor_put_uint(b, KEY_LIMITS);
    cbor_put_map(b, 2);
    cbor_put_uint(b, 1);
    cbor_put_uint(b, m->max_tokens);
    cbor_put_uint(b, 2);
    cbor_put_array(b, (uint64_t)__builtin_popcount(m->allowed_dtypes));
    for (size_t i = 0; i < 3; i++) {
        if (m->allowed_dtypes & DTYPES[i].bit)
            cbor_put_str(b, DTYPES[i].name);
    }
}

static void put_file(struct buf *b, const struct manifest_file *f)
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

static void put_identity(struct buf *b, const struct manifest *m)
{
    cbor_put_uint(b, KEY_FORMAT);
    cbor_put_str(b, FORMAT_NAME);
    cbor_put_uint(b, KEY_ID);
    cbor_put_str(b, m->id);
    cbor_put_uint(b, KEY_VERSION);
    cbor_put_uint(b, m->version);
    cbor_put_uint(b, KEY_CREATED);
    cbor_put_uint(b, (uint64_t)m->created_unix_s);
    cbor_put_uint(b, KEY_EXPIRES);
    cbor_put_uint(b, (uint64_t)m->expires_unix_s);
    cbor_put_uint(b, KEY_PUBLISHER);
    cbor_put_bytes(b, BYTES_OF(m->publisher));
}

status manifest_encode(const struct manifest *m, struct buf *out)
{
    TRY(status_context(check(m), "manifest"));
    cbor_put_map(out, MAP_KEYS);
    put_identity(out, m);
    put_encryption(out, m);
    put_limits(out, m);
    cbor_put_uint(out, KEY_FILES);
    cbor_put_array(out, m->n_files);
    for (uint32_t i = 0; i < m->n_files; i++)
        put_file(out, &m->files[i]);
    cbor_put_uint(out, KEY_CHUNKING);
    cbor_put_str(out, CHUNKING_NAME);
    return buf_status(out);
}

/* ---- reading ---- */

/* The maps of a manifest are closed and their keys stand in one order. */
static void want_key(struct cbor_rd *r, struct cbor_iter *it, uint64_t key)
{
    if (!cbor_next(r, it) || cbor_uint(r) != key)
        cbor_fail(r, ST_FORMAT, "a manifest field is missing, unknown or out of order");
}

static void want_end(struct cbor_rd *r, struct cbor_iter *it)
{
    if (cbor_next(r, it))
        cbor_fail(r, ST_FORMAT, "unknown manifest field");
}

static void get_text(struct cbor_rd *r, char *out, size_t max)
{
    struct bytes t = cbor_text(r);
    if (t.n > max || (t.n > 0 && memchr(t.p, 0, t.n) != NULL)) {
        cbor_fail(r, ST_FORMAT, "a text of the manifest is too long or holds a NUL");
        return;
    }
    if (t.n > 0)
        memcpy(out, t.p, t.n);
    out[t.n] = 0;
}

static void get_fixed(struct cbor_rd *r, uint8_t *out, size_t n)
{
    struct bytes b = cbor_bytes(r);
    if (b.n != n) {
        cbor_fail(r, ST_FORMAT, "a digest or key of the manifest has the wrong length");
        return;
    }
    memcpy(out, b.p, n);
}

static void want_text(struct cbor_rd *r, const char *text, enum status_code code)
{
    if (!bytes_equal(cbor_text(r), bytes_str(text)))
        cbor_fail(r, code, "the manifest is of another format");
}

static uint64_t get_uint(struct cbor_rd *r, uint64_t max)
{
    uint64_t v = cbor_uint(r);
    if (v > max)
        cbor_fail(r, ST_LIMIT, "a number of the manifest is too large");
    return v;
}

static void get_identity(struct cbor_rd *r, struct cbor_iter *it, struct manifest *m)
{
    want_key(r, it, KEY_FORMAT);
    want_text(r, FORMAT_NAME, ST_FORMAT);
    want_key(r, it, KEY_ID);
    get_text(r, m->id, MANIFEST_ID_MAX);
    want_key(r, it, KEY_VERSION);
    m->version = get_uint(r, MANIFEST_VERSION_MAX);
    want_key(r, it, KEY_CREATED);
    m->created_unix_s = (int64_t)get_uint(r, INT64_MAX);
    want_key(r, it, KEY_EXPIRES);
    m->expires_unix_s = (int64_t)get_uint(r, INT64_MAX);
    want_key(r, it, KEY_PUBLISHER);
    get_fixed(r, m->publisher, sizeof(m->publisher));
}

static void get_encryption(struct cbor_rd *r, struct manifest *m)
{
    struct cbor_iter it = cbor_map(r);
    want_key(r, &it, 1);
    if (cbor_uint(r) != ALG_AES_256_GCM)
        cbor_fail(r, ST_ALG, "the manifest names another cipher than AES-256-GCM");
    want_key(r, &it, 2);
    if (cbor_uint(r) != MANIFEST_CHUNK_BYTES)
        cbor_fail(r, ST_ALG, "the manifest names another chunk size than 1 MiB");
    want_key(r, &it, 3);
    get_text(r, m->key_id, MANIFEST_KEY_ID_MAX);
    want_end(r, &it);
}

/* Index of the dtype from `from` on, or 3: the order of the list is fixed. */
static size_t dtype_index(struct bytes name, size_t from)
{
    size_t i = from;
    while (i < 3 && !bytes_equal(name, bytes_str(DTYPES[i].name)))
        i++;
    return i;
}

static void get_dtypes(struct cbor_rd *r, struct manifest *m)
{
    struct cbor_iter it = cbor_array(r);
    size_t from = 0;
    while (cbor_next(r, &it)) {
        size_t i = dtype_index(cbor_text(r), from);
        if (i == 3) {
            cbor_fail(r, ST_FORMAT, "unknown weight type, or the types are out of order");
            return;
        }
        m->allowed_dtypes |= DTYPES[i].bit;
        from = i + 1;
    }
}

static void get_limits(struct cbor_rd *r, struct manifest *m)
{
    struct cbor_iter it = cbor_map(r);
    want_key(r, &it, 1);
    m->max_tokens = (uint32_t)get_uint(r, MANIFEST_TOKENS_MAX);
    want_key(r, &it, 2);
    get_dtypes(r, m);
    want_end(r, &it);
}

static void get_file(struct cbor_rd *r, struct manifest_file *f)
{
    struct cbor_iter it = cbor_map(r);
    want_key(r, &it, 1);
    get_text(r, f->name, MANIFEST_NAME_MAX);
    want_key(r, &it, 2);
    f->n_bytes = get_uint(r, MANIFEST_FILE_MAX_BYTES);
    want_key(r, &it, 3);
    get_fixed(r, f->sha256, sizeof(f->sha256));
    want_key(r, &it, 4);
    get_fixed(r, f->root, sizeof(f->root));
    want_end(r, &it);
}

static void get_files(struct cbor_rd *r, struct manifest *m)
{
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it)) {
        if (m->n_files == MANIFEST_FILES_MAX) {
            cbor_fail(r, ST_LIMIT, "too many files");
            return;
        }
        get_file(r, &m->files[m->n_files++]);
    }
}

static status parse(struct bytes payload, struct manifest *m)
{
    struct cbor_rd r = cbor_rd_over(payload, CBOR_DETERMINISTIC);
    struct cbor_iter it = cbor_map(&r);
    get_identity(&r, &it, m);
    want_key(&r, &it, KEY_ENCRYPTION);
    get_encryption(&r, m);
    want_key(&r, &it, KEY_LIMITS);
    get_limits(&r, m);
    want_key(&r, &it, KEY_FILES);
    get_files(&r, m);
    want_key(&r, &it, KEY_CHUNKING);
    want_text(&r, CHUNKING_NAME, ST_ALG);
    want_end(&r, &it);
    return cbor_end(&r);
}

status manifest_parse(struct bytes payload, struct manifest *out)
{
    struct manifest m = {0};
    TRY(status_context(parse(payload, &m), "manifest"));
    TRY(status_context(check(&m), "manifest"));
    *out = m;
    return OK;
}

/* ---- signature ---- */

status manifest_sign(const struct manifest *m, const struct ed25519_secret *key, struct buf *out)
{
    struct buf payload CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    REQUIRE(bytes_equal(BYTES_OF(m->publisher), BYTES_OF(key->public_key)), ST_INTERNAL,
            "a manifest is signed by its publisher");
    TRY(manifest_encode(m, &payload));
    return cose_sign_typed(key, CONTENT_TYPE, buf_view(&payload), out);
}

static status parse_signed(struct bytes in, struct cose_unverified *out)
{
    REQUIRE(in.n <= MANIFEST_MAX_BYTES, ST_LIMIT, "manifest of %zu bytes", in.n);
    TRY(status_context(cose_parse_typed(in, CONTENT_TYPE, out), "manifest"));
    REQUIRE(out->has_payload, ST_FORMAT, "the manifest has no payload");
    return OK;
}

status manifest_verify(struct bytes signed_manifest,
                       const uint8_t publisher[static ED25519_PUBLIC_LEN], struct manifest *out,
                       uint8_t out_digest[static SHA256_LEN])
{
    struct cose_unverified u = {0};
    struct cose_verified v = {0};
    struct manifest m = {0};
    uint8_t digest[SHA256_LEN];
    TRY(parse_signed(signed_manifest, &u));
    TRY(status_context(cose_verify_ed25519(&u, publisher, (struct bytes){0}, &v),
                       "the manifest is not signed by the given publisher key"));
    TRY(manifest_parse(v.payload, &m));
    REQUIRE(bytes_equal(BYTES_OF(m.publisher), bytes_of(publisher, ED25519_PUBLIC_LEN)), ST_AUTH,
            "the manifest names another publisher than the key that signed it");
    TRY(sha256(v.payload, digest));
    *out = m;
    memcpy(out_digest, digest, SHA256_LEN);
    return OK;
}

status manifest_claimed_publisher(struct bytes signed_manifest,
                                  uint8_t out[static ED25519_PUBLIC_LEN])
{
    struct cose_unverified u = {0};
    struct manifest m = {0};
    TRY(parse_signed(signed_manifest, &u));
    TRY(manifest_parse(cose_payload_unverified(&u), &m));
    memcpy(out, m.publisher, sizeof(m.publisher));
    return OK;
}

status manifest_check(const struct manifest *m, const struct manifest_expect *e)
{
    REQUIRE(m->version >= e->min_version, ST_ROLLBACK,
            "%s is version %llu, at least %llu is wanted", m->id, (unsigned long long)m->version,
            (unsigned long long)e->min_version);
    REQUIRE(m->created_unix_s - CLOCK_SKEW_S <= e->at_unix_s, ST_EXPIRED,
            "%s was made in the future: check the clock", m->id);
    REQUIRE(e->at_unix_s < m->expires_unix_s, ST_EXPIRED,
            "%s version %llu has expired: ask its publisher for a newer one", m->id,
            (unsigned long long)m->version);
    return OK;
}

void manifest_put_dtypes(uint32_t allowed_dtypes, struct buf *out)
{
    const char *sep = "";
    for (size_t i = 0; i < 3; i++) {
        if ((allowed_dtypes & DTYPES[i].bit) == 0)
            continue;
        buf_put_str(out, sep);
        buf_put_str(out, DTYPES[i].name);
        sep = ",";
    }
}

status manifest_parse_dtypes(const char *comma_list, uint32_t *out)
{
    uint32_t mask = 0;
    for (const char *at = comma_list;;) {
        size_t n = strcspn(at, ",");
        size_t i = dtype_index(bytes_of(at, n), 0);
        REQUIRE(i < 3, ST_USAGE, "\"%s\" is no list of weight types: use F32,F16,BF16", comma_list);
        mask |= DTYPES[i].bit;
        if (at[n] == 0)
            break;
        at += n + 1;
    }
    *out = mask;
    return OK;
}
