#include "tee/verify/attested.h"

#include "support/test.h"

static void fill(struct measurements *m, enum measurement_kind kind, uint32_t mask)
{
    *m = (struct measurements){.kind = kind, .present_mask = mask};
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++)
        memset(m->pcr[i], (int)i + 1, MEASUREMENT_LEN);
}

static void test_registers_that_a_receipt_has_a_place_for(void **state)
{
    (void)state;
    static const struct {
        enum measurement_kind kind;
        uint32_t mask;
        uint16_t present;
    } rows[] = {
        {MEASUREMENT_NITRO_PCR, 0xffffffff, 0x11f},
        {MEASUREMENT_NITRO_PCR, 0x7, 0x7},
        {MEASUREMENT_NITRO_PCR, 0x107, 0x107},
        {MEASUREMENT_TDX, 0xffffffff, 0x1f}, /* pcr8 is forbidden on TDX */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct measurements m;
        struct air_measurements out;
        fill(&m, rows[i].kind, rows[i].mask);
        attested_measurements(&m, &out);
        assert_int_equal(out.present, rows[i].present);
        assert_true(out.is_attested);
        assert_int_equal(out.platform,
                         rows[i].kind == MEASUREMENT_TDX ? AIR_TDX_MRTD_RTMR : AIR_NITRO_PCR);
        assert_bytes_equal(BYTES_OF(out.pcr[2]), BYTES_OF(m.pcr[2]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_that_a_receipt_has_a_place_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
