#include "formats/cose.h"

enum { LABEL_ALG = 1, LABEL_CRIT = 2, LABEL_CONTENT_TYPE = 3 };
enum { STRUCTURE_OVERHEAD = 64, TYPED_HEADER_MAX = 64 };

struct headers {
    bool has_alg;
    int64_t alg;
    bool has_crit;
    bool is_empty;
};

/* One header map. Labels are integers or text; what is not known here is skipped, well-formed. */
static void read_headers(struct cbor_rd *r, struct headers *out)
{
    struct cbor_iter it = cbor_map(r);
    *out = (struct headers){.is_empty = true};
    while (cbor_next(r, &it)) {
        out->is_empty = false;
        enum cbor_type type = cbor_peek(r);
        if (type == CBOR_TEXT) {
            (void)cbor_text(r);
            (void)cbor_item(r);
            continue;
        }
        int64_t label = cbor_int(r);
        if (label == LABEL_ALG) {
            out->has_alg = true;
            out->alg = cbor_int(r);
            continue;
        }
        out->has_crit = out->has_crit || (r->error == ST_OK && label == LABEL_CRIT);
        (void)cbor_item(r);
    }
}

/* Section 3: an empty protected header is a zero-length string; an encoded empty map is let pass.
 */
static status parse_protected(struct bytes raw, enum cbor_mode mode, struct cose_unverified *out)
{
    struct headers h = {0};
    if (raw.n > 0) {
        struct cbor_rd r = cbor_rd_over(raw, mode);
        read_headers(&r, &h);
        TRY(status_context(cbor_end(&r), "protected header"));
    }
    REQUIRE(!h.has_crit, ST_UNSUPPORTED, "a critical header parameter");
    out->protected_raw = raw;
    out->has_alg = h.has_alg;
    out->alg = h.alg;
    return OK;
}

static status parse_unprotected(struct bytes raw, enum cbor_mode mode, struct cose_unverified *out)
{
    struct cbor_rd r = cbor_rd_over(raw, mode);
    struct headers h;
    read_headers(&r, &h);
    TRY(status_context(cbor_end(&r), "unprotected header"));
    REQUIRE(!h.has_crit, ST_FORMAT, "crit outside the protected header");
    REQUIRE(!(h.has_alg && out->has_alg), ST_FORMAT, "the algorithm in both headers");
    out->unprotected_raw = raw;
    out->unprotected_is_empty = h.is_empty;
    out->has_unprotected_alg = h.has_alg;
    out->unprotected_alg = h.alg;
    return OK;
}

static void read_tag(struct cbor_rd *r, enum cose_tag_rule rule)
{
    bool is_tagged = cbor_peek(r) == CBOR_TAG;
    if (is_tagged && rule == COSE_TAG_FORBIDDEN)
        cbor_fail(r, ST_FORMAT, "a tag where none belongs");
    if (!is_tagged && rule == COSE_TAG_REQUIRED && r->in.n > 0)
        cbor_fail(r, ST_FORMAT, "the COSE_Sign1 tag is missing");
    if (is_tagged && cbor_tag(r) != COSE_TAG_SIGN1)
        cbor_fail(r, ST_FORMAT, "a tag that is not COSE_Sign1");
}

static void read_element(struct cbor_rd *r, struct cbor_iter *it)
{
    if (!cbor_next(r, it))
        cbor_fail(r, ST_FORMAT, "COSE_Sign1 has fewer than four elements");
}

static void read_message(struct cbor_rd *r, struct bytes *out_protected,
                         struct bytes *out_unprotected, struct cose_unverified *out)
{
    struct cbor_iter it = cbor_array(r);
    read_element(r, &it);
    *out_protected = cbor_bytes(r);
    read_element(r, &it);
    *out_unprotected = cbor_item(r);
    read_element(r, &it);
    out->has_payload = cbor_peek(r) != CBOR_NULL;
    if (out->has_payload)
        out->payload_ = cbor_bytes(r);
    else
        cbor_null(r);
    read_element(r, &it);
    out->sig = cbor_bytes(r);
    if (cbor_next(r, &it))
        cbor_fail(r, ST_FORMAT, "COSE_Sign1 has more than four elements");
}

status cose_parse(struct bytes in, enum cose_tag_rule tag, enum cbor_mode mode,
                  struct cose_unverified *out)
{
    struct cose_unverified m = {0};
    struct bytes protected_raw = {0};
    struct bytes unprotected_raw = {0};
    struct cbor_rd r = cbor_rd_over(in, mode);
    read_tag(&r, tag);
    read_message(&r, &protected_raw, &unprotected_raw, &m);
    TRY(status_context(cbor_end(&r), "COSE_Sign1"));
    TRY(parse_protected(protected_raw, mode, &m));
    TRY(parse_unprotected(unprotected_raw, mode, &m));
    *out = m;
    return OK;
}

struct bytes cose_payload_unverified(const struct cose_unverified *m)
{
    return m->payload_;
}

static bool is_without_parameters(struct bytes protected_raw)
{
    return protected_raw.n == 0 || (protected_raw.n == 1 && protected_raw.p[0] == 0xa0);
}

status cose_sig_structure(struct bytes protected_raw, struct bytes external_aad,
                          struct bytes payload, struct buf *out)
{
    cbor_put_array(out, 4);
    cbor_put_str(out, "Signature1");
    cbor_put_bytes(out, is_without_parameters(protected_raw) ? (struct bytes){0} : protected_raw);
    cbor_put_bytes(out, external_aad);
    cbor_put_bytes(out, payload);
    return buf_status(out);
}

static struct buf structure_buf(struct bytes protected_raw, struct bytes external_aad,
                                struct bytes payload)
{
    return BUF_MAX(STRUCTURE_OVERHEAD + protected_raw.n + external_aad.n + payload.n);
}

static status check_alg(const struct cose_unverified *m, int64_t expected)
{
    bool is_named = m->has_alg || m->has_unprotected_alg;
    int64_t alg = m->has_alg ? m->alg : m->unprotected_alg;
    REQUIRE(is_named && alg == expected, ST_ALG, "algorithm %lld where %lld is expected",
            (long long)alg, (long long)expected);
    REQUIRE(m->has_payload, ST_FORMAT, "the message carries no payload");
    return OK;
}

status cose_verify_ed25519(const struct cose_unverified *m,
                           const uint8_t public_key[static ED25519_PUBLIC_LEN],
                           struct bytes external_aad, struct cose_verified *out)
{
    TRY(check_alg(m, COSE_ALG_EDDSA));
    struct buf signed_bytes CLEANUP(buf_done) =
        structure_buf(m->protected_raw, external_aad, m->payload_);
    TRY(cose_sig_structure(m->protected_raw, external_aad, m->payload_, &signed_bytes));
    TRY(ed25519_verify(public_key, buf_view(&signed_bytes), m->sig));
    *out = (struct cose_verified){.payload = m->payload_};
    return OK;
}

static int64_t cose_alg_of(enum ecdsa_alg alg)
{
    return alg == ECDSA_ES256 ? COSE_ALG_ES256 : COSE_ALG_ES384;
}

status cose_verify_ecdsa(const struct cose_unverified *m, enum ecdsa_alg alg, struct bytes spki_der,
                         struct bytes external_aad, struct cose_verified *out)
{
    TRY(check_alg(m, cose_alg_of(alg)));
    struct buf signed_bytes CLEANUP(buf_done) =
        structure_buf(m->protected_raw, external_aad, m->payload_);
    TRY(cose_sig_structure(m->protected_raw, external_aad, m->payload_, &signed_bytes));
    TRY(ecdsa_verify_spki(alg, spki_der, buf_view(&signed_bytes), m->sig));
    *out = (struct cose_verified){.payload = m->payload_};
    return OK;
}

static status check_own_header(struct bytes protected_raw, int64_t alg)
{
    struct cose_unverified m = {0};
    TRY(parse_protected(protected_raw, CBOR_DETERMINISTIC, &m));
    REQUIRE(m.has_alg && m.alg == alg, ST_USAGE, "the protected header names another algorithm");
    return OK;
}

static void put_message(struct buf *out, struct bytes protected_raw, struct bytes payload,
                        struct bytes sig, bool tagged)
{
    if (tagged)
        cbor_put_tag(out, COSE_TAG_SIGN1);
    cbor_put_array(out, 4);
    cbor_put_bytes(out, protected_raw);
    cbor_put_map(out, 0);
    cbor_put_bytes(out, payload);
    cbor_put_bytes(out, sig);
}

status cose_sign_prepared(const struct ed25519_signer *signer, struct bytes protected_raw,
                          struct bytes payload, bool tagged, struct buf *out)
{
    uint8_t sig[ED25519_SIG_LEN];
    struct bytes no_aad = {0};
    struct buf to_sign CLEANUP(buf_done) = structure_buf(protected_raw, no_aad, payload);
    TRY(check_own_header(protected_raw, COSE_ALG_EDDSA));
    TRY(cose_sig_structure(protected_raw, no_aad, payload, &to_sign));
    TRY(ed25519_signer_sign(signer, buf_view(&to_sign), sig));
    put_message(out, protected_raw, payload, BYTES_OF(sig), tagged);
    return buf_status(out);
}

status cose_sign_ed25519(const struct ed25519_secret *key, struct bytes protected_raw,
                         struct bytes payload, bool tagged, struct buf *out)
{
    struct ed25519_signer *signer CLEANUP(ed25519_signer_freep) = NULL;
    TRY(ed25519_signer_new(key, &signer));
    return cose_sign_prepared(signer, protected_raw, payload, tagged, out);
}

status cose_sign_ecdsa(const struct ecdsa_secret *key, enum ecdsa_alg alg,
                       struct bytes protected_raw, struct bytes payload, bool tagged,
                       struct buf *out)
{
    uint8_t sig[ECDSA_SIG_MAX];
    struct bytes no_aad = {0};
    struct buf to_sign CLEANUP(buf_done) = structure_buf(protected_raw, no_aad, payload);
    TRY(check_own_header(protected_raw, cose_alg_of(alg)));
    TRY(cose_sig_structure(protected_raw, no_aad, payload, &to_sign));
    REQUIRE(ecdsa_secret_alg(key) == alg, ST_USAGE, "the key is of another curve");
    TRY(ecdsa_sign(key, buf_view(&to_sign), sig));
    put_message(out, protected_raw, payload, bytes_of(sig, ecdsa_sig_len(alg)), tagged);
    return buf_status(out);
}

/* ---- messages of our own formats ---- */

static status typed_header(const char *content_type, struct buf *out)
{
    cbor_put_map(out, 2);
    cbor_put_uint(out, LABEL_ALG);
    cbor_put_int(out, COSE_ALG_EDDSA);
    cbor_put_uint(out, LABEL_CONTENT_TYPE);
    cbor_put_str(out, content_type);
    return buf_status(out);
}

status cose_sign_typed(const struct ed25519_secret *key, const char *content_type,
                       struct bytes payload, struct buf *out)
{
    struct buf header CLEANUP(buf_done) = BUF_MAX(TYPED_HEADER_MAX);
    TRY(typed_header(content_type, &header));
    return cose_sign_ed25519(key, buf_view(&header), payload, true, out);
}

status cose_parse_typed(struct bytes in, const char *content_type, struct cose_unverified *out)
{
    struct buf want CLEANUP(buf_done) = BUF_MAX(TYPED_HEADER_MAX);
    struct cose_unverified m;
    TRY(cose_parse(in, COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &m));
    TRY(typed_header(content_type, &want));
    REQUIRE(bytes_equal(m.protected_raw, buf_view(&want)), ST_FORMAT,
            "the signed header is not that of %s", content_type);
    REQUIRE(m.unprotected_is_empty, ST_FORMAT, "%s with unsigned headers", content_type);
    *out = m;
    return OK;
}
