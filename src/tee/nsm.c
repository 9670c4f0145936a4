#include "tee/nsm.h"

#include "formats/cbor.h"

/* ---- requests ---- */

static void put_field(struct buf *b, const char *key, struct bytes v)
{
    cbor_put_str(b, key);
    if (v.p == NULL)
        cbor_put_null(b);
    else
        cbor_put_bytes(b, v);
}

static status put_attestation(const struct nsm_attestation *a, struct buf *out)
{
    REQUIRE(a->user_data.n <= NSM_FIELD_MAX && a->nonce.n <= NSM_FIELD_MAX &&
                a->public_key.n <= NSM_FIELD_MAX,
            ST_LIMIT, "NSM: a field of more than %d bytes", NSM_FIELD_MAX);
    cbor_put_map(out, 1);
    cbor_put_str(out, "Attestation");
    cbor_put_map(out, 3);
    put_field(out, "user_data", a->user_data);
    put_field(out, "nonce", a->nonce);
    put_field(out, "public_key", a->public_key);
    return buf_status(out);
}

/* ---- responses ---- */

/* The library of AWS knows these; a name that is not here is reported without repeating it. */
static const char *const ERRORS[] = {
    "InvalidArgument",  "InvalidIndex",   "InvalidResponse", "ReadOnlyIndex",
    "InvalidOperation", "BufferTooSmall", "InputTooLarge",   "InternalError",
};

static status refused(struct bytes name)
{
    for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++) {
        if (bytes_equal(name, bytes_str(ERRORS[i])))
            return FAIL(ST_IO, "NSM: refused with %s", ERRORS[i]);
    }
    return FAIL(ST_IO, "NSM: refused with an unknown error");
}

/* Reads {"<name>": ...} up to the value. {"Error": "..."} ends in ST_IO. Lengths may be indefinite:
 * newer firmware writes maps so. */
static status open_response(struct cbor_rd *r, const char *name, struct cbor_iter *out_map)
{
    *out_map = cbor_map(r);
    bool has_pair = cbor_next(r, out_map);
    TRY(cbor_status(r));
    REQUIRE(has_pair, ST_FORMAT, "NSM: empty response");
    struct bytes key = cbor_text(r);
    TRY(cbor_status(r));
    if (bytes_equal(key, BYTES_LIT("Error"))) {
        struct bytes text = cbor_text(r);
        TRY(cbor_status(r));
        return refused(text);
    }
    REQUIRE(bytes_equal(key, bytes_str(name)), ST_FORMAT, "NSM: the response is not %s", name);
    return OK;
}

static status close_response(struct cbor_rd *r, struct cbor_iter *map)
{
    if (cbor_next(r, map))
        cbor_fail(r, ST_FORMAT, "NSM: more than one response");
    return cbor_end(r);
}

static status exchange(const struct nsm *n, const struct buf *request, struct buf *out)
{
    TRY(buf_status(request));
    REQUIRE(request->n <= NSM_REQUEST_MAX, ST_LIMIT, "NSM: request of %zu bytes", request->n);
    TRY(n->request(n->ctx, buf_view(request), out));
    TRY(buf_status(out));
    REQUIRE(out->n > 0 && out->n <= NSM_RESPONSE_MAX, ST_LIMIT, "NSM: response of %zu bytes",
            out->n);
    return OK;
}

/* The one key that a response's map is asked for, or a failure: its fields come in any order. */
static bool is_key(struct bytes key, const char *name)
{
    return bytes_equal(key, bytes_str(name));
}

static status parse_document(struct bytes response, const char *name, const char *field,
                             struct bytes *out)
{
    struct cbor_rd r = cbor_rd_over(response, CBOR_LENIENT);
    struct cbor_iter map;
    TRY(open_response(&r, name, &map));
    bool is_found = false;
    struct cbor_iter it = cbor_map(&r);
    while (cbor_next(&r, &it)) {
        struct bytes key = cbor_text(&r);
        if (!is_key(key, field))
            cbor_fail(&r, ST_FORMAT, "NSM: unknown field in the response");
        *out = cbor_bytes(&r);
        is_found = true;
    }
    TRY(close_response(&r, &map));
    REQUIRE(is_found && out->n > 0, ST_FORMAT, "NSM: %s without %s", name, field);
    return OK;
}

status nsm_attest(const struct nsm *n, const struct nsm_attestation *a, struct buf *out_document)
{
    struct buf request CLEANUP(buf_done) = BUF_MAX(NSM_REQUEST_MAX);
    struct buf response CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct bytes document = {0};
    TRY(put_attestation(a, &request));
    TRY(exchange(n, &request, &response));
    TRY(parse_document(buf_view(&response), "Attestation", "document", &document));
    buf_put(out_document, document);
    return buf_status(out_document);
}

status nsm_random(const struct nsm *n, uint8_t *out, size_t out_cap, size_t *out_n)
{
    struct buf request CLEANUP(buf_done) = BUF_MAX(64);
    struct buf response CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct bytes random = {0};
    cbor_put_str(&request, "GetRandom");
    TRY(exchange(n, &request, &response));
    TRY(parse_document(buf_view(&response), "GetRandom", "random", &random));
    REQUIRE(random.n <= NSM_RANDOM_MAX, ST_LIMIT, "NSM: %zu random bytes", random.n);
    /* A generator that is stuck is worse than none, because it would be believed. */
    REQUIRE(random.n < 16 || !bytes_all_zero(random), ST_IO, "NSM: random bytes are all zero");
    *out_n = random.n < out_cap ? random.n : out_cap;
    memcpy(out, random.p, *out_n);
    return OK;
}

static void get_pcr_field(struct cbor_rd *r, struct bytes key, struct nsm_pcr *out, unsigned *seen)
{
    if (is_key(key, "lock")) {
        out->is_locked = cbor_bool(r);
        *seen |= 1;
        return;
    }
    if (!is_key(key, "data"))
        cbor_fail(r, ST_FORMAT, "NSM: unknown field in the response");
    struct bytes v = cbor_bytes(r);
    if (v.n != sizeof(out->value))
        cbor_fail(r, ST_FORMAT, "NSM: a PCR is not 48 bytes");
    else
        memcpy(out->value, v.p, v.n);
    *seen |= 2;
}

static status parse_pcr(struct bytes response, struct nsm_pcr *out)
{
    struct cbor_rd r = cbor_rd_over(response, CBOR_LENIENT);
    struct cbor_iter map;
    unsigned seen = 0;
    TRY(open_response(&r, "DescribePCR", &map));
    struct cbor_iter it = cbor_map(&r);
    while (cbor_next(&r, &it))
        get_pcr_field(&r, cbor_text(&r), out, &seen);
    TRY(close_response(&r, &map));
    REQUIRE(seen == 3, ST_FORMAT, "NSM: DescribePCR lacks a field");
    return OK;
}

status nsm_describe_pcr(const struct nsm *n, uint16_t index, struct nsm_pcr *out)
{
    struct buf request CLEANUP(buf_done) = BUF_MAX(64);
    struct buf response CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct nsm_pcr pcr = {0};
    cbor_put_map(&request, 1);
    cbor_put_str(&request, "DescribePCR");
    cbor_put_map(&request, 1);
    cbor_put_str(&request, "index");
    cbor_put_uint(&request, index);
    TRY(exchange(n, &request, &response));
    TRY(parse_pcr(buf_view(&response), &pcr));
    *out = pcr;
    return OK;
}

static uint16_t small_uint(struct cbor_rd *r)
{
    uint64_t v = cbor_uint(r);
    if (v > UINT16_MAX)
        cbor_fail(r, ST_LIMIT, "NSM: a number is above 65535");
    return (uint16_t)v;
}

static void get_module(struct cbor_rd *r, struct nsm_description *out)
{
    struct bytes v = cbor_text(r);
    if (v.n > sizeof(out->module_id)) {
        cbor_fail(r, ST_LIMIT, "NSM: module_id is too long");
        return;
    }
    if (v.n > 0)
        memcpy(out->module_id, v.p, v.n);
    out->module_id_n = v.n;
}

static void get_locked(struct cbor_rd *r, struct nsm_description *out)
{
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it)) {
        uint16_t index = small_uint(r);
        if (index >= NSM_PCRS_MAX)
            cbor_fail(r, ST_LIMIT, "NSM: a PCR index is above 31");
        else
            out->locked_pcrs |= (uint32_t)1 << index;
    }
}

static void get_description_field(struct cbor_rd *r, struct bytes key, struct nsm_description *out,
                                  unsigned *seen)
{
    static const char *const names[] = {"version_major", "version_minor", "version_patch",
                                        "module_id",     "max_pcrs",      "locked_pcrs",
                                        "digest"};
    unsigned i = 0;
    while (i < 7 && !is_key(key, names[i]))
        i++;
    *seen |= 1u << i;
    switch (i) {
    case 0:
        out->version_major = small_uint(r);
        break;
    case 1:
        out->version_minor = small_uint(r);
        break;
    case 2:
        out->version_patch = small_uint(r);
        break;
    case 3:
        get_module(r, out);
        break;
    case 4:
        out->max_pcrs = small_uint(r);
        break;
    case 5:
        get_locked(r, out);
        break;
    case 6:
        if (!bytes_equal(cbor_text(r), BYTES_LIT("SHA384")))
            cbor_fail(r, ST_UNSUPPORTED, "NSM: digest is not SHA384");
        break;
    default:
        cbor_fail(r, ST_FORMAT, "NSM: unknown field in the response");
    }
}

static status parse_description(struct bytes response, struct nsm_description *out)
{
    struct cbor_rd r = cbor_rd_over(response, CBOR_LENIENT);
    struct cbor_iter map;
    unsigned seen = 0;
    TRY(open_response(&r, "DescribeNSM", &map));
    struct cbor_iter it = cbor_map(&r);
    while (cbor_next(&r, &it))
        get_description_field(&r, cbor_text(&r), out, &seen);
    TRY(close_response(&r, &map));
    REQUIRE(seen == 0x7f, ST_FORMAT, "NSM: DescribeNSM lacks a field");
    return OK;
}

status nsm_describe(const struct nsm *n, struct nsm_description *out)
{
    struct buf request CLEANUP(buf_done) = BUF_MAX(64);
    struct buf response CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct nsm_description d = {0};
    cbor_put_str(&request, "DescribeNSM");
    TRY(exchange(n, &request, &response));
    TRY(parse_description(buf_view(&response), &d));
    *out = d;
    return OK;
}
