#include "tee/verify/nvidia/spdm.h"

#include "crypto/ecdsa.h"

enum {
    VERSION_1_1 = 0x11,
    GET_MEASUREMENTS = 0xe0,
    MEASUREMENTS = 0x60,
    WITH_SIGNATURE = 0x01,
    ALL_BLOCKS = 0xff,
    SLOT_MAX = 7,
    SPECIFICATION_DMTF = 0x01,
    INDEX_MAX = 0xfe,
    TYPE_MAX = 3, /* immutable ROM, mutable firmware, hardware and firmware configuration */
    DMTF_HEADER_LEN = 3,
};

status spdm_request_parse(struct bytes *report, struct spdm_request *out)
{
    REQUIRE(report->n <= SPDM_REPORT_MAX_BYTES, ST_LIMIT, "a report of %zu bytes, at most %d",
            report->n, SPDM_REPORT_MAX_BYTES);
    struct rd r = rd_over(*report);
    uint8_t version = rd_u8(&r), code = rd_u8(&r), param1 = rd_u8(&r), param2 = rd_u8(&r);
    struct bytes nonce = rd_take(&r, SPDM_NONCE_LEN);
    uint8_t slot = rd_u8(&r);

    REQUIRE(!r.short_read, ST_TRUNCATED, "the report ends inside the request");
    REQUIRE(version == VERSION_1_1, ST_UNSUPPORTED, "request of SPDM version 0x%02x", version);
    REQUIRE(code == GET_MEASUREMENTS, ST_FORMAT, "request code 0x%02x", code);
    REQUIRE(param1 == WITH_SIGNATURE, ST_FORMAT, "request attributes 0x%02x", param1);
    REQUIRE(param2 == ALL_BLOCKS, ST_FORMAT, "request operation 0x%02x, not all blocks", param2);
    REQUIRE(slot <= SLOT_MAX, ST_FORMAT, "request for slot %u", slot);
    *out = (struct spdm_request){
        .all = bytes_of(report->p, SPDM_REQUEST_LEN), .nonce = nonce, .slot = slot};
    *report = bytes_of(report->p + SPDM_REQUEST_LEN, report->n - SPDM_REQUEST_LEN);
    return OK;
}

static uint32_t rd_u24le(struct rd *r)
{
    uint32_t low = rd_u16le(r);
    return low | (uint32_t)rd_u8(r) << 16;
}

static status parse_block(struct rd *r, unsigned last_index, struct spdm_block *out)
{
    uint8_t index = rd_u8(r), specification = rd_u8(r);
    uint16_t size = rd_u16le(r);
    uint8_t type = rd_u8(r);
    uint16_t value_size = rd_u16le(r);
    struct bytes value = rd_take(r, SPDM_VALUE_LEN);

    REQUIRE(!r->short_read, ST_TRUNCATED, "the record ends inside the block after %u", last_index);
    REQUIRE(index > last_index && index <= INDEX_MAX, ST_FORMAT, "block %u follows block %u", index,
            last_index);
    REQUIRE(specification == SPECIFICATION_DMTF, ST_FORMAT, "block %u: specification 0x%02x", index,
            specification);
    REQUIRE(size == DMTF_HEADER_LEN + SPDM_VALUE_LEN && value_size == SPDM_VALUE_LEN, ST_FORMAT,
            "block %u: sizes %u and %u", index, size, value_size);
    REQUIRE(type <= TYPE_MAX, ST_FORMAT, "block %u: value type 0x%02x", index, type);
    *out = (struct spdm_block){.index = index, .type = type, .value = value};
    return OK;
}

static status parse_record(struct bytes record, size_t n, struct spdm_response *out)
{
    struct rd r = rd_over(record);
    unsigned last_index = 0;
    for (size_t i = 0; i < n; i++) {
        TRY(parse_block(&r, last_index, &out->blocks[i]));
        last_index = out->blocks[i].index;
    }
    out->n_blocks = n;
    return status_context(rd_end(&r), "measurement record");
}

static status check_head(struct rd *r, const struct spdm_request *request)
{
    uint8_t version = rd_u8(r), code = rd_u8(r), param1 = rd_u8(r), param2 = rd_u8(r);
    REQUIRE(!r->short_read, ST_TRUNCATED, "the response ends inside its header");
    REQUIRE(version == VERSION_1_1, ST_UNSUPPORTED, "response of SPDM version 0x%02x", version);
    REQUIRE(code == MEASUREMENTS, ST_FORMAT, "response code 0x%02x", code);
    REQUIRE(param1 == 0, ST_FORMAT, "response param1 0x%02x", param1);
    REQUIRE(param2 == request->slot, ST_FORMAT, "response of slot 0x%02x, asked was %u", param2,
            request->slot);
    return OK;
}

status spdm_response_parse(struct bytes in, const struct spdm_request *request,
                           struct spdm_response *out)
{
    REQUIRE(in.n <= SPDM_REPORT_MAX_BYTES, ST_LIMIT, "a response of %zu bytes", in.n);
    struct spdm_response v = {.all = in};
    struct rd r = rd_over(in);
    TRY(check_head(&r, request));
    size_t n = rd_u8(&r);
    v.record = rd_take(&r, rd_u24le(&r));
    v.nonce = rd_take(&r, SPDM_NONCE_LEN);
    v.opaque = rd_take(&r, rd_u16le(&r));
    v.signature = rd_take(&r, SPDM_SIGNATURE_LEN);
    TRY(status_context(rd_end(&r), "response"));
    REQUIRE(n > 0 && n <= SPDM_BLOCKS_MAX, ST_LIMIT, "%zu measurement blocks", n);
    REQUIRE(v.opaque.n <= SPDM_OPAQUE_MAX, ST_LIMIT, "%zu bytes of opaque data", v.opaque.n);
    TRY(parse_record(v.record, n, &v));
    *out = v;
    return OK;
}

struct bytes spdm_value(const struct spdm_response *r, unsigned index)
{
    for (size_t i = 0; i < r->n_blocks; i++) {
        if (r->blocks[i].index == index)
            return r->blocks[i].value;
    }
    return (struct bytes){0};
}

status spdm_verify(const struct spdm_request *request, const struct spdm_response *r,
                   struct bytes leaf_spki)
{
    REQUIRE(request->all.p + request->all.n == r->all.p, ST_INTERNAL,
            "request and response are of two reports");
    size_t n = request->all.n + r->all.n - SPDM_SIGNATURE_LEN;
    return ecdsa_verify_spki(ECDSA_ES384, leaf_spki, bytes_of(request->all.p, n), r->signature);
}
