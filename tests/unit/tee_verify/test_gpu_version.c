/* Dotted versions: forms, and order by number. */
#include "support/test.h"

#include "tee/verify/nvidia/gpu_version.h"

static const struct form {
    const char *text;
    enum gpu_version_base base;
    enum status_code code;
} FORMS[] = {
    {"550.90.07", GPU_VERSION_DECIMAL, ST_OK},
    {"575.32", GPU_VERSION_DECIMAL, ST_OK},
    {"1", GPU_VERSION_DECIMAL, ST_OK},
    {"1.2.3.4.5.6", GPU_VERSION_DECIMAL, ST_OK},
    {"96.00.9F.00.01", GPU_VERSION_HEX, ST_OK},
    {"96.00.9f.00.01", GPU_VERSION_HEX, ST_OK},
    {"", GPU_VERSION_DECIMAL, ST_FORMAT},
    {".", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"1.", GPU_VERSION_DECIMAL, ST_FORMAT},
    {".1", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"1..2", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"1.2.3.4.5.6.7", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"1234567", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"550.9a", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"550.90 ", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"-1.2", GPU_VERSION_DECIMAL, ST_FORMAT},
    {"000001.000002.000003.000004.0005", GPU_VERSION_DECIMAL, ST_FORMAT}, /* 32 characters */
    {"96.00.9F.00", GPU_VERSION_HEX, ST_FORMAT},
    {"96.00.9F.00.01.02", GPU_VERSION_HEX, ST_FORMAT},
    {"96.00.9G.00.01", GPU_VERSION_HEX, ST_FORMAT},
    {"96.00.100.00.01", GPU_VERSION_HEX, ST_FORMAT},
};

static void forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        struct gpu_version v;
        struct bytes in = test_exact(bytes_str(FORMS[i].text));
        status s = gpu_version_parse(in, FORMS[i].base, &v);
        if (s.code != FORMS[i].code)
            fail_msg("\"%s\": %s", FORMS[i].text, status_name(s.code));
        test_exact_free(in);
    }
}

static int order(const char *a, const char *b, enum gpu_version_base base)
{
    struct gpu_version x, y;
    assert_ok(gpu_version_parse(bytes_str(a), base, &x));
    assert_ok(gpu_version_parse(bytes_str(b), base, &y));
    assert_int_equal(gpu_version_compare(&x, &y), -gpu_version_compare(&y, &x));
    return gpu_version_compare(&x, &y);
}

static void order_is_of_numbers(void **state)
{
    (void)state;
    assert_true(order("550.90.07", "550.144.03", GPU_VERSION_DECIMAL) < 0);
    assert_true(order("560.00", "550.144.03", GPU_VERSION_DECIMAL) > 0);
    assert_true(order("550.90.07", "550.90.7", GPU_VERSION_DECIMAL) == 0);
    assert_true(order("550.90", "550.90.0", GPU_VERSION_DECIMAL) == 0);
    assert_true(order("550.90", "550.90.0.0.0.1", GPU_VERSION_DECIMAL) < 0);
    assert_true(order("96.00.9F.00.01", "96.00.A0.00.00", GPU_VERSION_HEX) < 0);
    assert_true(order("96.00.9f.00.01", "96.00.9F.00.01", GPU_VERSION_HEX) == 0);
}

static void vbios_is_read_backwards(void **state)
{
    (void)state;
    uint8_t raw[8] = {0x01, 0x9f, 0x02, 0x96, 0x0a, 0, 0, 0};
    struct gpu_version v;
    assert_ok(gpu_version_vbios(BYTES_OF(raw), &v));
    assert_string_equal(v.text, "96.02.9F.01.0A");
    assert_int_equal(v.part[0], 0x96);
    assert_int_equal(v.part[4], 0x0a);
    assert_code(gpu_version_vbios(bytes_of(raw, 7), &v), ST_FORMAT);
    raw[5] = 1;
    assert_code(gpu_version_vbios(BYTES_OF(raw), &v), ST_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(order_is_of_numbers),
        cmocka_unit_test(vbios_is_read_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
