/* Opaque data: fields, their sizes, and what is made of them. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/nvidia/gpu_opaque.h"

enum { ROOM = 4096 };

static const uint8_t VBIOS[8] = {0x00, 0x9f, 0x00, 0x96, 0x01};

static void put(struct buf *b, uint16_t type, struct bytes value)
{
    uint8_t head[4] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)value.n,
                       (uint8_t)(value.n >> 8)};
    buf_put(b, BYTES_OF(head));
    buf_put(b, value);
}

static status parse(const struct buf *b, bool is_switch, struct gpu_opaque *out)
{
    struct bytes in = test_exact(buf_view(b));
    status s = gpu_opaque_parse(in, is_switch, out);
    test_exact_free(in);
    return s;
}

static const struct row {
    const char *name;
    uint16_t type;
    const char *value;
    size_t n;
    enum status_code code;
} ROWS[] = {
    {"a type of the future", 999, "anything", 8, ST_OK},
    {"an empty one", 999, "", 0, ST_OK},
    {"type 0", 0, "x", 1, ST_FORMAT},
    {"type 255", 255, "x", 1, ST_FORMAT},
    {"VBIOS twice", 6, "\x00\x9f\x00\x96\x01\x00\x00\x00", 8, ST_FORMAT},
    {"driver", 3, "550.90.07\0", 10, ST_OK},
    {"driver with zeroes behind", 3, "550.90.07\0\0\0", 12, ST_OK},
    {"driver that goes on behind its end", 3, "550.90.07\0x", 11, ST_FORMAT},
    {"driver of words", 3, "latest\0", 7, ST_FORMAT},
    {"driver with a space", 3, "550 90\0", 7, ST_FORMAT},
    {"driver of one byte", 3, "5", 1, ST_FORMAT},
    {"driver too long", 3, "550.90.07000000000000000000000000", 33, ST_FORMAT},
    {"firmware id of 47 bytes", 20, "00000000000000000000000000000000000000000000000", 47,
     ST_FORMAT},
    {"board id of 3 bytes", 14, "abc", 3, ST_FORMAT},
    {"counts of 5 bytes", 12, "abcde", 5, ST_FORMAT},
    {"device ids of 9 bytes", 22, "abcdefghi", 9, ST_FORMAT},
    {"protected PCIe on", 21, "\xaa", 1, ST_OK},
    {"protected PCIe 0x56", 21, "\x56", 1, ST_FORMAT},
    {"protected PCIe of two bytes", 21, "\xaa\xaa", 2, ST_FORMAT},
    {"feature flag 2", 36, "\x02\x00", 2, ST_OK},
    {"feature flag 3", 36, "\x03\x00", 2, ST_FORMAT},
    {"feature flag with a high byte", 36, "\x01\x00\x00\x00\x00\x00\x00\x01", 8, ST_FORMAT},
    {"project with a control character", 17, "G\x01", 2, ST_FORMAT},
};

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct gpu_opaque o;
        struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
        put(&b, GPU_OPAQUE_VBIOS_VERSION, BYTES_OF(VBIOS));
        put(&b, ROWS[i].type, bytes_of(ROWS[i].value, ROWS[i].n));
        status s = parse(&b, false, &o);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code), status_detail());
    }
}

static enum gpu_feature feature(const char *pcie, const char *flag, enum status_code code)
{
    struct gpu_opaque o = {0};
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    put(&b, GPU_OPAQUE_VBIOS_VERSION, BYTES_OF(VBIOS));
    if (pcie != NULL)
        put(&b, GPU_OPAQUE_PCIE_STATUS, bytes_of(pcie, 1));
    if (flag != NULL)
        put(&b, GPU_OPAQUE_FEATURE_FLAG, bytes_of(flag, 1));
    assert_code(parse(&b, false, &o), code);
    return o.feature;
}

static void mode_is_told_by_two_fields(void **state)
{
    (void)state;
    assert_int_equal(feature(NULL, NULL, ST_OK), GPU_FEATURE_UNSTATED);
    assert_int_equal(feature("\x55", NULL, ST_OK), GPU_FEATURE_SINGLE);
    assert_int_equal(feature("\xaa", NULL, ST_OK), GPU_FEATURE_PROTECTED_PCIE);
    assert_int_equal(feature(NULL, "\x01", ST_OK), GPU_FEATURE_MULTI);
    assert_int_equal(feature("\x55", "\x01", ST_OK), GPU_FEATURE_MULTI);
    assert_int_equal(feature("\xaa", "\x02", ST_OK), GPU_FEATURE_PROTECTED_PCIE);
    (void)feature("\xaa", "\x00", ST_FORMAT);
    (void)feature("\x55", "\x02", ST_FORMAT);
}

static void switch_has_text_and_an_id(void **state)
{
    (void)state;
    struct gpu_opaque o;
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    put(&b, GPU_OPAQUE_VBIOS_VERSION, BYTES_LIT("96.10.55.00.01"));
    assert_code(parse(&b, true, &o), ST_FORMAT);
    put(&b, GPU_OPAQUE_DEVICE_IDS, BYTES_LIT("12345678"));
    assert_ok(parse(&b, true, &o));
    assert_string_equal(o.vbios.text, "96.10.55.00.01");
    assert_int_equal(o.device_id.n, 8);
    assert_false(o.has_driver);
    assert_code(parse(&b, false, &o), ST_FORMAT);
}

static void forms_are_told_apart(void **state)
{
    (void)state;
    struct gpu_opaque o;
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    assert_code(parse(&b, false, &o), ST_FORMAT); /* no VBIOS version */
    buf_put_str(&b, "NVDAOD\x01\x00\x00\x00");
    assert_code(parse(&b, false, &o), ST_UNSUPPORTED);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct gpu_opaque o;
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    put(&b, GPU_OPAQUE_DRIVER_VERSION, BYTES_LIT("550.90.07"));
    put(&b, GPU_OPAQUE_VBIOS_VERSION, BYTES_OF(VBIOS));
    assert_ok(parse(&b, false, &o));
    size_t whole = b.n;
    for (b.n = 0; b.n < whole; b.n++)
        assert_true(failed(parse(&b, false, &o)));
}

static void fields_are_bounded(void **state)
{
    (void)state;
    struct gpu_opaque o;
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    put(&b, GPU_OPAQUE_VBIOS_VERSION, BYTES_OF(VBIOS));
    for (uint16_t i = 1; i < GPU_OPAQUE_FIELDS_MAX; i++)
        put(&b, (uint16_t)(1000 + i), BYTES_LIT("x"));
    assert_ok(parse(&b, false, &o));
    assert_int_equal(o.n_fields, GPU_OPAQUE_FIELDS_MAX);
    put(&b, 2000, BYTES_LIT("x"));
    assert_code(parse(&b, false, &o), ST_LIMIT);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(gpu_opaque_name(3), "driver-version");
    assert_string_equal(gpu_opaque_name(999), "unknown");
    assert_string_equal(gpu_opaque_feature_name(GPU_FEATURE_PROTECTED_PCIE), "protected-pcie");
    assert_string_equal(gpu_opaque_feature_name((enum gpu_feature)9), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule),
        cmocka_unit_test(mode_is_told_by_two_fields),
        cmocka_unit_test(switch_has_text_and_an_id),
        cmocka_unit_test(forms_are_told_apart),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(fields_are_bounded),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
