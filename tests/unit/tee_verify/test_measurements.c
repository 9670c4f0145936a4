#include "tee/verify/measurements.h"

#include "support/test.h"

static void registers_have_their_platforms_names(void **state)
{
    (void)state;
    static const struct {
        enum measurement_kind kind;
        unsigned index;
        const char *name;
    } ROWS[] = {
        {MEASUREMENT_NITRO_PCR, 0, "pcr0"}, {MEASUREMENT_NITRO_PCR, 31, "pcr31"},
        {MEASUREMENT_TDX, 0, "mrtd"},       {MEASUREMENT_TDX, 1, "rtmr0"},
        {MEASUREMENT_TDX, 4, "rtmr3"},      {MEASUREMENT_SNP, 0, "measurement"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct measurements m = {.kind = ROWS[i].kind};
        char name[MEASUREMENTS_NAME_MAX];
        measurements_name(&m, ROWS[i].index, name);
        assert_string_equal(name, ROWS[i].name);
    }
}

static void absent_registers_are_empty(void **state)
{
    (void)state;
    const struct measurements m = {.present_mask = 1u << 31};
    assert_true(measurements_has(&m, 31));
    assert_false(measurements_has(&m, 0));
    assert_false(measurements_has(&m, 32));
    assert_null(measurements_at(&m, 0).p);
    assert_int_equal(measurements_at(&m, 31).n, MEASUREMENT_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_have_their_platforms_names),
        cmocka_unit_test(absent_registers_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
