/* Which byte is which part, and that parts are compared one by one. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/snp/snp_tcb.h"

static void reads_each_product_by_its_layout(void **state)
{
    (void)state;
    static const struct {
        enum snp_product product;
        uint8_t raw[8];
        struct snp_tcb want; /* fmc, bootloader, tee, snp, microcode */
        const char *text;
    } rows[] = {
        {SNP_MILAN,
         {4, 5, 0, 0, 0, 0, 24, 219},
         {{0, 4, 5, 24, 219}},
         "bootloader 4, tee 5, snp 24, microcode 219"},
        {SNP_GENOA,
         {10, 0, 0, 0, 0, 0, 25, 84},
         {{0, 10, 0, 25, 84}},
         "bootloader 10, tee 0, snp 25, microcode 84"},
        {SNP_TURIN,
         {1, 2, 3, 4, 0, 0, 0, 255},
         {{1, 2, 3, 4, 255}},
         "fmc 1, bootloader 2, tee 3, snp 4, microcode 255"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snp_tcb got;
        char text[SNP_TCB_TEXT_MAX];
        assert_ok(snp_tcb_read(BYTES_OF(rows[i].raw), rows[i].product, &got));
        assert_memory_equal(&got, &rows[i].want, sizeof(got));
        snp_tcb_text(&got, rows[i].product, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void refuses_reserved_bytes_and_other_sizes(void **state)
{
    (void)state;
    struct snp_tcb t;
    for (unsigned p = 0; p < SNP_PRODUCTS; p++) {
        for (size_t i = 0; i < 8; i++) {
            uint8_t raw[9] = {0};
            bool is_spare = p == SNP_TURIN ? i >= 4 && i <= 6 : i >= 2 && i <= 5;
            raw[i] = 1;
            status s = snp_tcb_read(bytes_of(raw, 8), (enum snp_product)p, &t);
            assert_int_equal(failed(s), is_spare);
            assert_code(snp_tcb_read(bytes_of(raw, 7), (enum snp_product)p, &t), ST_FORMAT);
            assert_code(snp_tcb_read(bytes_of(raw, 9), (enum snp_product)p, &t), ST_FORMAT);
        }
    }
}

static void compares_part_by_part(void **state)
{
    (void)state;
    const struct snp_tcb floor = {{1, 1, 1, 1, 1}};
    for (unsigned part = 0; part < SNP_PARTS; part++) {
        struct snp_tcb got = {{9, 9, 9, 9, 9}}, other = floor;
        assert_int_equal(snp_tcb_below(&got, &floor), SNP_PARTS);
        got.spl[part] = 0;
        assert_int_equal(snp_tcb_below(&got, &floor), part);
        got.spl[part] = 1;
        assert_int_equal(snp_tcb_below(&got, &floor), SNP_PARTS);
        assert_int_equal(snp_tcb_differs(&other, &floor), SNP_PARTS);
        other.spl[part] = 2;
        assert_int_equal(snp_tcb_differs(&other, &floor), part);
        other.spl[part] = 0;
        assert_int_equal(snp_tcb_differs(&other, &floor), part);
    }
}

static void names_parts(void **state)
{
    (void)state;
    assert_string_equal(snp_part_name(SNP_PART_FMC), "fmc");
    assert_string_equal(snp_part_name(SNP_PART_MICROCODE), "microcode");
    assert_string_equal(snp_part_name(SNP_PARTS), "none");
    assert_true(snp_part_exists(SNP_TURIN, SNP_PART_FMC));
    assert_false(snp_part_exists(SNP_MILAN, SNP_PART_FMC));
    assert_false(snp_part_exists(SNP_GENOA, SNP_PART_FMC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_product_by_its_layout),
        cmocka_unit_test(refuses_reserved_bytes_and_other_sizes),
        cmocka_unit_test(compares_part_by_part),
        cmocka_unit_test(names_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
