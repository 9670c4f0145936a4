#include "tee/verify/evidence.h"

#include "support/forge.h"

static void each_platform_is_told_by_its_bytes(void **state)
{
    (void)state;
    static uint8_t report[1184] = {3};
    static const struct {
        const char *name;
        struct bytes in;
        enum evidence_type type;
    } ROWS[] = {
        {"nothing", {0}, EVIDENCE_NITRO},
        {"one byte", BYTES_LIT("\x04"), EVIDENCE_NITRO},
        {"SGX v3", BYTES_LIT("\x03\x00\x02\x00\x00\x00\x00\x00\x0a"), EVIDENCE_SGX},
        {"SGX v4", BYTES_LIT("\x04\x00\x02\x00\x00\x00\x00\x00\x0a"), EVIDENCE_SGX},
        {"TDX v4", BYTES_LIT("\x04\x00\x02\x00\x81\x00\x00\x00\x0a"), EVIDENCE_TDX},
        {"TDX v5, P-384", BYTES_LIT("\x05\x00\x03\x00\x81\x00\x00\x00\x0a"), EVIDENCE_TDX},
        {"SNP v3", {report, sizeof(report)}, EVIDENCE_SNP},
        {"SNP, a byte short", {report, sizeof(report) - 1}, EVIDENCE_NITRO},
        {"token", BYTES_LIT("eyJhbGciOi"), EVIDENCE_CS_TOKEN},
        {"list", BYTES_LIT("[{\"arch\":"), EVIDENCE_NVIDIA_GPU},
        {"object", BYTES_LIT("{\"evidence\":"), EVIDENCE_NVIDIA_GPU},
        {"bundle of SNP",
         BYTES_LIT("\xa3\x01\x01\x02\x6b"
                   "amd-sev-snp\x03\x41\x01"),
         EVIDENCE_SNP},
        {"bundle of nobody", BYTES_LIT("\xa3\x01\x01\x02\x61p\x03\x41\x01"), EVIDENCE_NITRO},
        {"bundle, cut", BYTES_LIT("\xa3\x01\x01\x02\x61"), EVIDENCE_NITRO},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct bytes exact = test_exact(ROWS[i].in);
        if (evidence_type_guess(exact) != ROWS[i].type)
            fail_msg("%s", ROWS[i].name);
        test_exact_free(exact);
    }
}

static void nitro_and_simulated_are_told_by_the_statement(void **state)
{
    (void)state;
    struct forge f;
    forge_init(&f);
    forge_fill(&f);
    struct buf doc CLEANUP(buf_done) = forge_sign(&f);
    assert_int_equal(evidence_type_guess(buf_view(&doc)), EVIDENCE_SIMULATED);
    f.statement.platform = BYTES_LIT("aws-nitro");
    forge_fill(&f);
    struct buf other CLEANUP(buf_done) = forge_sign(&f);
    assert_int_equal(evidence_type_guess(buf_view(&other)), EVIDENCE_NITRO);
    f.document.user_data = BYTES_LIT("hello");
    struct buf foreign CLEANUP(buf_done) = forge_sign(&f);
    assert_int_equal(evidence_type_guess(buf_view(&foreign)), EVIDENCE_NITRO);
    forge_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_platform_is_told_by_its_bytes),
        cmocka_unit_test(nitro_and_simulated_are_told_by_the_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
