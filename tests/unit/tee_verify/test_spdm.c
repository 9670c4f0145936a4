/* SPDM requests and responses: one row for each rule of tee/verify/nvidia/spdm.h. */
#include "support/test.h"

#include <string.h>

#include "support/forge_gpu.h"

struct outcome {
    status request, response;
};

static struct outcome parse(struct bytes report, struct spdm_request *q, struct spdm_response *r)
{
    struct outcome o = {.response = {ST_OK}};
    struct bytes in = test_exact(report), rest = in;
    o.request = spdm_request_parse(&rest, q);
    if (ok(o.request))
        o.response = spdm_response_parse(rest, q, r);
    test_exact_free(in);
    return o;
}

#define EDIT(name) static void name(struct forge_gpu_device *d)

EDIT(request_version)
{
    d->request[0] = 0x10;
}
EDIT(request_code)
{
    d->request[1] = 0x60;
}
EDIT(request_unsigned)
{
    d->request[2] = 0;
}
EDIT(request_some_blocks)
{
    d->request[3] = 1;
}
EDIT(request_slot)
{
    d->request[36] = 8;
}
EDIT(response_version)
{
    d->response[0] = 0x10;
}
EDIT(response_code)
{
    d->response[1] = 0x7f;
}
EDIT(response_param)
{
    d->response[2] = 1;
}
EDIT(response_slot)
{
    d->response[3] = 1;
}
EDIT(no_blocks)
{
    d->n_blocks = 0;
}
EDIT(fewer_said)
{
    d->n_blocks_said = 63;
}
EDIT(more_said)
{
    d->n_blocks_said = 65;
}
EDIT(record_short)
{
    d->record_said = 64 * 55 - 1;
}
EDIT(record_long)
{
    d->record_said = 64 * 55 + 1;
}
EDIT(record_huge)
{
    d->record_said = 0xffffff;
}
EDIT(index_zero)
{
    d->blocks[0].index = 0;
}
EDIT(index_twice)
{
    d->blocks[5].index = 5;
}
EDIT(index_reserved)
{
    d->blocks[63].index = 0xff;
}
EDIT(not_dmtf)
{
    d->blocks[3].specification = 2;
}
EDIT(block_size)
{
    d->blocks[3].size = 52;
}
EDIT(value_size)
{
    d->blocks[3].value_size = 32;
}
EDIT(raw_value)
{
    d->blocks[3].type = 0x81;
}
EDIT(type_reserved)
{
    d->blocks[3].type = 4;
}
EDIT(opaque_large)
{
    static const uint8_t zeroes[FORGE_GPU_FIELD_MAX];
    for (uint16_t i = 0; i < 4; i++)
        forge_gpu_field(d, (uint16_t)(200 + i), BYTES_OF(zeroes));
}
EDIT(trailing)
{
    d->n_trailing = 1;
}

static const struct row {
    const char *name;
    void (*edit)(struct forge_gpu_device *d);
    enum status_code request, response;
} ROWS[] = {
    {"request of version 1.0", request_version, ST_UNSUPPORTED, ST_OK},
    {"request code", request_code, ST_FORMAT, ST_OK},
    {"no signature asked for", request_unsigned, ST_FORMAT, ST_OK},
    {"some blocks only", request_some_blocks, ST_FORMAT, ST_OK},
    {"slot 8", request_slot, ST_FORMAT, ST_OK},
    {"response of version 1.0", response_version, ST_OK, ST_UNSUPPORTED},
    {"an error response", response_code, ST_OK, ST_FORMAT},
    {"param1", response_param, ST_OK, ST_FORMAT},
    {"another slot", response_slot, ST_OK, ST_FORMAT},
    {"no blocks", no_blocks, ST_OK, ST_LIMIT},
    {"one block fewer is said", fewer_said, ST_OK, ST_FORMAT},
    {"one block more is said", more_said, ST_OK, ST_LIMIT},
    {"record too short", record_short, ST_OK, ST_TRUNCATED},
    {"record too long", record_long, ST_OK, ST_TRUNCATED},
    {"record beyond the report", record_huge, ST_OK, ST_TRUNCATED},
    {"index 0", index_zero, ST_OK, ST_FORMAT},
    {"an index twice", index_twice, ST_OK, ST_FORMAT},
    {"index 255", index_reserved, ST_OK, ST_FORMAT},
    {"not a DMTF block", not_dmtf, ST_OK, ST_FORMAT},
    {"block size", block_size, ST_OK, ST_FORMAT},
    {"value size", value_size, ST_OK, ST_FORMAT},
    {"raw bit stream", raw_value, ST_OK, ST_FORMAT},
    {"reserved value type", type_reserved, ST_OK, ST_FORMAT},
    {"too much opaque data", opaque_large, ST_OK, ST_LIMIT},
    {"trailing byte", trailing, ST_OK, ST_FORMAT},
};

static void each_rule_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct forge_gpu f;
        struct spdm_request q;
        struct spdm_response r;
        forge_gpu_init(&f);
        ROWS[i].edit(&f.v[0]);
        struct buf report CLEANUP(buf_done) = forge_gpu_report(&f.v[0]);
        struct outcome o = parse(buf_view(&report), &q, &r);
        if (o.request.code != ROWS[i].request || o.response.code != ROWS[i].response)
            fail_msg("%s: %s, %s (%s)", ROWS[i].name, status_name(o.request.code),
                     status_name(o.response.code), status_detail());
        forge_gpu_done(&f);
    }
}

static void fields_are_views(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct spdm_request q;
    struct spdm_response r;
    forge_gpu_init(&f);
    struct buf report CLEANUP(buf_done) = forge_gpu_report(&f.v[0]);
    struct bytes rest = buf_view(&report);
    assert_ok(spdm_request_parse(&rest, &q));
    assert_ok(spdm_response_parse(rest, &q, &r));
    assert_ptr_equal(q.nonce.p, report.p + 4);
    assert_int_equal(r.n_blocks, 64);
    assert_ptr_equal(spdm_value(&r, 1).p, report.p + 37 + 8 + 7);
    assert_int_equal(spdm_value(&r, 64).p[0], 0x40 + 63);
    assert_null(spdm_value(&r, 65).p);
    assert_null(spdm_value(&r, 0).p);
    assert_ptr_equal(r.signature.p, report.p + report.n - 96);
    struct buf spki CLEANUP(buf_done) = BUF_MAX(512);
    assert_ok(ecdsa_public_spki(f.v[0].keys[FORGE_GPU_LEAF], &spki));
    assert_ok(spdm_verify(&q, &r, buf_view(&spki)));
    /* Request and response of two copies do not go together. */
    struct spdm_request other = q;
    other.all = bytes_of(rest.p, SPDM_REQUEST_LEN);
    assert_code(spdm_verify(&other, &r, buf_view(&spki)), ST_INTERNAL);
    report.p[5] ^= 1;
    assert_code(spdm_verify(&q, &r, buf_view(&spki)), ST_AUTH);
    forge_gpu_done(&f);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct spdm_request q;
    struct spdm_response r;
    forge_gpu_init(&f);
    struct buf report CLEANUP(buf_done) = forge_gpu_report(&f.v[0]);
    for (size_t n = 0; n < report.n; n++) {
        struct outcome o = parse(bytes_of(report.p, n), &q, &r);
        assert_true(failed(o.request) || failed(o.response));
    }
    forge_gpu_done(&f);
}

static void reports_are_bounded(void **state)
{
    (void)state;
    static const uint8_t zeroes[SPDM_REPORT_MAX_BYTES + 1];
    struct spdm_request q = {0};
    struct spdm_response r;
    struct bytes in = BYTES_OF(zeroes);
    assert_code(spdm_request_parse(&in, &q), ST_LIMIT);
    assert_code(spdm_response_parse(in, &q, &r), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(fields_are_views),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(reports_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
