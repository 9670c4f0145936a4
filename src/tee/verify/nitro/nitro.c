#include "tee/verify/nitro/nitro.h"

#define DIGEST "SHA384"

/* ---- payload: one function a key ---- */

static struct bytes sized_bytes(struct cbor_rd *r, size_t min, size_t max, const char *reason)
{
    struct bytes v = cbor_bytes(r);
    if (v.n < min || v.n > max)
        cbor_fail(r, ST_LIMIT, reason);
    return v;
}

static void get_module_id(struct cbor_rd *r, struct nitro_unverified *d)
{
    struct bytes v = cbor_text(r);
    if (v.n < 1 || v.n > NITRO_MODULE_ID_MAX)
        cbor_fail(r, ST_LIMIT, "module_id is not 1..128 bytes");
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < 0x21 || v.p[i] > 0x7e)
            cbor_fail(r, ST_FORMAT, "module_id is not visible ASCII");
    }
    d->claims_.module_id = v;
}

static void get_digest(struct cbor_rd *r, struct nitro_unverified *d)
{
    (void)d;
    struct bytes v = cbor_text(r);
    if (r->error == ST_OK && !bytes_equal(v, BYTES_LIT(DIGEST)))
        cbor_fail(r, ST_UNSUPPORTED, "digest is not SHA384");
}

static void get_timestamp(struct cbor_rd *r, struct nitro_unverified *d)
{
    d->claims_.timestamp_ms = cbor_uint(r);
    if (d->claims_.timestamp_ms == 0)
        cbor_fail(r, ST_FORMAT, "timestamp is zero");
}

static void get_pcr(struct cbor_rd *r, struct measurements *m)
{
    uint64_t index = cbor_uint(r);
    struct bytes v = sized_bytes(r, MEASUREMENT_LEN, MEASUREMENT_LEN, "a PCR is not 48 bytes");
    if (index >= MEASUREMENTS_MAX)
        cbor_fail(r, ST_LIMIT, "a PCR index is above 31");
    if (r->error != ST_OK)
        return;
    if (measurements_has(m, (unsigned)index))
        cbor_fail(r, ST_FORMAT, "a PCR is there twice");
    m->present_mask |= (uint32_t)1 << index;
    memcpy(m->pcr[index], v.p, v.n);
}

static void get_pcrs(struct cbor_rd *r, struct nitro_unverified *d)
{
    struct cbor_iter it = cbor_map(r);
    while (cbor_next(r, &it))
        get_pcr(r, &d->claims_.measurements);
    if (d->claims_.measurements.present_mask == 0)
        cbor_fail(r, ST_FORMAT, "pcrs is empty");
}

static void get_certificate(struct cbor_rd *r, struct nitro_unverified *d)
{
    d->certificate = sized_bytes(r, 1, NITRO_CERT_MAX, "certificate is not 1..1024 bytes");
}

static void get_cabundle(struct cbor_rd *r, struct nitro_unverified *d)
{
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it)) {
        if (d->n_cabundle == NITRO_CABUNDLE_MAX) {
            cbor_fail(r, ST_LIMIT, "cabundle holds more than 8 certificates");
            return;
        }
        d->cabundle[d->n_cabundle++] =
            sized_bytes(r, 1, NITRO_CERT_MAX, "a certificate of cabundle is not 1..1024 bytes");
    }
    if (d->n_cabundle == 0)
        cbor_fail(r, ST_FORMAT, "cabundle is empty: no chain to a root");
}

static void get_field(struct cbor_rd *r, size_t min, struct nitro_field *out)
{
    if (cbor_peek(r) == CBOR_NULL) {
        cbor_null(r);
        return;
    }
    out->value = sized_bytes(r, min, NITRO_FIELD_MAX, "an optional field is out of its size");
    out->is_present = true;
}

static void get_public_key(struct cbor_rd *r, struct nitro_unverified *d)
{
    get_field(r, 1, &d->claims_.public_key);
}

static void get_user_data(struct cbor_rd *r, struct nitro_unverified *d)
{
    get_field(r, 0, &d->claims_.user_data);
}

static void get_nonce(struct cbor_rd *r, struct nitro_unverified *d)
{
    get_field(r, 0, &d->claims_.nonce);
}

static const struct payload_key {
    const char *name;
    bool is_required;
    void (*get)(struct cbor_rd *r, struct nitro_unverified *d);
} KEYS[] = {
    {"module_id", true, get_module_id},
    {"digest", true, get_digest},
    {"timestamp", true, get_timestamp},
    {"pcrs", true, get_pcrs},
    {"certificate", true, get_certificate},
    {"cabundle", true, get_cabundle},
    {"public_key", false, get_public_key},
    {"user_data", false, get_user_data},
    {"nonce", false, get_nonce},
};

enum { N_KEYS = sizeof(KEYS) / sizeof(KEYS[0]) };

static unsigned key_index(struct bytes name)
{
    unsigned i = 0;
    while (i < N_KEYS && !bytes_equal(name, bytes_str(KEYS[i].name)))
        i++;
    return i;
}

static void get_pair(struct cbor_rd *r, struct nitro_unverified *d, unsigned *seen)
{
    unsigned i = key_index(cbor_text(r));
    if (i == N_KEYS) {
        cbor_fail(r, ST_FORMAT, "unknown key in the payload");
        return;
    }
    if ((*seen >> i & 1u) != 0)
        cbor_fail(r, ST_FORMAT, "a key of the payload is there twice");
    *seen |= 1u << i;
    KEYS[i].get(r, d);
}

static status parse_payload(struct bytes payload, struct nitro_unverified *d)
{
    struct cbor_rd r = cbor_rd_over(payload, CBOR_LENIENT);
    unsigned seen = 0;

    struct cbor_iter it = cbor_map(&r);
    while (cbor_next(&r, &it))
        get_pair(&r, d, &seen);
    TRY(cbor_end(&r));
    for (unsigned i = 0; i < N_KEYS; i++)
        REQUIRE(!KEYS[i].is_required || (seen >> i & 1u) != 0, ST_FORMAT, "payload lacks %s",
                KEYS[i].name);
    return OK;
}

status nitro_parse(struct bytes in, struct nitro_unverified *out)
{
    REQUIRE(in.n <= NITRO_DOCUMENT_MAX_BYTES, ST_LIMIT, "document of %zu bytes, at most %d", in.n,
            NITRO_DOCUMENT_MAX_BYTES);
    struct nitro_unverified d = {.claims_.measurements.kind = MEASUREMENT_NITRO_PCR};
    TRY(cose_parse(in, COSE_TAG_OPTIONAL, CBOR_LENIENT, &d.cose));
    /* The NSM puts nothing there, and whatever stands there is not signed. */
    REQUIRE(d.cose.unprotected_is_empty, ST_FORMAT, "the unprotected header is not empty");
    REQUIRE(d.cose.has_payload, ST_FORMAT, "the payload is detached");
    TRY(parse_payload(cose_payload_unverified(&d.cose), &d));
    *out = d;
    return OK;
}

struct x509_chain nitro_chain(const struct nitro_unverified *d, struct bytes pinned_root,
                              int64_t at_unix_s)
{
    return (struct x509_chain){
        .root = pinned_root,
        .intermediates = d->cabundle + 1,
        .n_intermediates = d->n_cabundle - 1,
        .leaf = d->certificate,
        .at_unix_s = at_unix_s,
    };
}

static bool is_inside(struct bytes part, struct bytes whole)
{
    uintptr_t from = (uintptr_t)part.p, at = (uintptr_t)whole.p;
    return part.n > 0 && from >= at && from - at <= whole.n && part.n <= whole.n - (from - at);
}

status nitro_open(const struct nitro_unverified *d, const struct x509_verified *leaf,
                  struct nitro_document *out)
{
    struct cose_verified verified;
    /* A proof borrows from the leaf that was proven, so this tells whose proof it is. */
    REQUIRE(is_inside(leaf->leaf_spki, d->certificate), ST_MISMATCH,
            "the chain is another document's");
    TRY(cose_verify_ecdsa(&d->cose, ECDSA_ES384, leaf->leaf_spki, (struct bytes){0}, &verified));
    *out = (struct nitro_document){.claims = d->claims_};
    return OK;
}

bool nitro_is_debug(const struct measurements *m)
{
    for (unsigned i = 0; i < 3; i++) {
        if (bytes_all_zero(measurements_at(m, i)))
            return true;
    }
    return false;
}
