/* Which processor line a name or a CPUID belongs to. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/snp/snp_product.h"

static void knows_models(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, model;
        bool is_known;
        enum snp_product product;
    } rows[] = {
        {0x19, 0x00, true, SNP_MILAN},  {0x19, 0x01, true, SNP_MILAN},
        {0x19, 0x0f, true, SNP_MILAN},  {0x19, 0x10, true, SNP_GENOA},
        {0x19, 0x11, true, SNP_GENOA},  {0x19, 0x1f, true, SNP_GENOA},
        {0x19, 0x20, false, SNP_GENOA}, {0x19, 0x9f, false, SNP_GENOA},
        {0x19, 0xa0, true, SNP_GENOA},  {0x19, 0xaf, true, SNP_GENOA},
        {0x19, 0xb0, false, SNP_GENOA}, {0x1a, 0x00, true, SNP_TURIN},
        {0x1a, 0x02, true, SNP_TURIN},  {0x1a, 0x1f, true, SNP_TURIN},
        {0x1a, 0x20, false, SNP_TURIN}, {0x17, 0x31, false, SNP_MILAN},
        {0x00, 0x00, false, SNP_MILAN}, {0x1b, 0x00, false, SNP_TURIN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum snp_product p;
        bool is_known = snp_product_of_cpu(rows[i].family, rows[i].model, &p);
        assert_int_equal(is_known, rows[i].is_known);
        if (is_known)
            assert_int_equal(p, rows[i].product);
    }
}

static void knows_names_of_certificates(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_known;
        enum snp_product product;
    } rows[] = {
        {"Milan", true, SNP_MILAN},      {"Milan-B0", true, SNP_MILAN},
        {"Genoa", true, SNP_GENOA},      {"Genoa-B1", true, SNP_GENOA},
        {"Bergamo", true, SNP_GENOA},    {"Siena", true, SNP_GENOA},
        {"Turin", true, SNP_TURIN},      {"Turin-C1", true, SNP_TURIN},
        {"", false, SNP_MILAN},          {"milan", false, SNP_MILAN},
        {"Mila", false, SNP_MILAN},      {"Milano", false, SNP_MILAN},
        {"Milan-", false, SNP_MILAN},    {"Milan-B", false, SNP_MILAN},
        {"Milan-b0", false, SNP_MILAN},  {"Milan-B00", false, SNP_MILAN},
        {"Milan B0", false, SNP_MILAN},  {"MilanGenoa", false, SNP_MILAN},
        {"Venice", false, SNP_MILAN},    {"XMilan", false, SNP_MILAN},
        {"Turin-C1 ", false, SNP_TURIN}, {"Genoa-1B", false, SNP_GENOA},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum snp_product p;
        struct bytes exact = test_exact(bytes_str(rows[i].name));
        bool is_known = snp_product_of_certificate(exact, &p);
        if (is_known != rows[i].is_known)
            fail_msg("%s", rows[i].name);
        if (is_known)
            assert_int_equal(p, rows[i].product);
        test_exact_free(exact);
    }
}

static void names_lines_as_policies_and_amd_do(void **state)
{
    (void)state;
    assert_string_equal(snp_product_name(SNP_MILAN), "milan");
    assert_string_equal(snp_product_name(SNP_TURIN), "turin");
    assert_string_equal(snp_product_line(SNP_GENOA), "Genoa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_models),
        cmocka_unit_test(knows_names_of_certificates),
        cmocka_unit_test(names_lines_as_policies_and_amd_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
