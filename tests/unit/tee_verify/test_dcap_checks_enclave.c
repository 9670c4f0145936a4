/* What an SGX enclave is: debug, attributes, measurement or signer, report data. */
#include "dcap_scene.h"

static void debug(void)
{
    scene.f.body[FORGE_SGX_ATTRIBUTES] |= 0x02;
}

static void other_attributes(void)
{
    scene.rules = ",\"attributes\":\"05000000000000000000000000000000\","
                  "\"attributes_mask\":\"ffffffffffffffff0000000000000000\"";
    scene.f.body[FORGE_SGX_ATTRIBUTES] |= 0x10; /* PROVISIONKEY */
}

/* Without a mask every bit counts. */
static void attributes_without_mask(void)
{
    scene.rules = ",\"attributes\":\"05000000000000000000000000000000\"";
}

static void other_measurement(void)
{
    scene.f.body[FORGE_SGX_MRENCLAVE] ^= 1;
}

#define BY_SIGNER(product, version)                                                         \
    "{\"version\":1,\"sgx\":{\"releases\":[{\"name\":\"s\",\"mrsigner\":\"e1e1e1e1e1e1e1e1" \
    "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1\",\"isvprodid\":" product             \
    ",\"min_isvsvn\":" version "}]}}"

static void other_signer(void)
{
    scene.policy = BY_SIGNER("7", "3");
    scene.f.body[FORGE_SGX_MRSIGNER + 31] ^= 1;
}

static void other_product(void)
{
    scene.policy = BY_SIGNER("8", "3");
}

static void older_version(void)
{
    scene.policy = BY_SIGNER("7", "4");
}

/* MRENCLAVE does not cover it, and an enclave may take its orders from it. */
static void config_id_not_pinned(void)
{
    scene.f.body[FORGE_SGX_CONFIGID + 63] = 1;
}

enum { EXT_PROD_ID = 32, FAMILY_ID = 304 };

/* ISVPRODID is the signer's 7 in each of them. */
static void another_extended_product(void)
{
    scene.policy = BY_SIGNER("7", "3");
    scene.f.body[EXT_PROD_ID + 15] = 1;
}

static void another_family(void)
{
    scene.policy = BY_SIGNER("7", "3");
    scene.f.body[FAMILY_ID] = 1;
}

static void policy_of_another_platform(void)
{
#define A48                                                              \
    "\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" \
    "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\""
    scene.policy = "{\"version\":1,\"tdx\":{\"releases\":[{\"name\":\"r\",\"mrtd\":" A48
                   ",\"rtmr1\":" A48 ",\"rtmr2\":" A48 "}]}}";
}

static const uint8_t OTHER_DATA[64] = {1};

static void other_report_data(void)
{
    scene.expect.report_data = BYTES_OF(OTHER_DATA);
}

static void statement_is_not_bound(void)
{
    scene_bind();
    scene.f.body[FORGE_SGX_REPORT_DATA + 63] ^= 1;
}

static const struct scene_row REFUSED[] = {
    {"debug", QUOTE_SGX, debug, "enclave.debug", "SGX_DEBUG"},
    {"other attributes", QUOTE_SGX, other_attributes, "enclave.attributes",
     "SGX_ATTRIBUTES_MISMATCH"},
    {"attributes without a mask", QUOTE_SGX, attributes_without_mask, "enclave.attributes",
     "SGX_ATTRIBUTES_MISMATCH"},
    {"another MRENCLAVE", QUOTE_SGX, other_measurement, "measurements",
     "DCAP_MEASUREMENT_MISMATCH"},
    {"another MRSIGNER", QUOTE_SGX, other_signer, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"another product of the signer", QUOTE_SGX, other_product, "measurements",
     "DCAP_MEASUREMENT_MISMATCH"},
    {"an older version of the product", QUOTE_SGX, older_version, "measurements",
     "DCAP_MEASUREMENT_MISMATCH"},
    {"another extended product of the signer", QUOTE_SGX, another_extended_product, "measurements",
     "DCAP_MEASUREMENT_MISMATCH"},
    {"another family of the signer", QUOTE_SGX, another_family, "measurements",
     "DCAP_MEASUREMENT_MISMATCH"},
    {"CONFIGID", QUOTE_SGX, config_id_not_pinned, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"a policy for TDX", QUOTE_SGX, policy_of_another_platform, "policy",
     "POLICY_PLATFORM_REFUSED"},
    {"another REPORTDATA", QUOTE_SGX, other_report_data, "report_data",
     "DCAP_REPORT_DATA_MISMATCH"},
    {"a statement that is not bound", QUOTE_SGX, statement_is_not_bound, "statement",
     "DCAP_STATEMENT_INVALID"},
};

static void refused(void **state)
{
    (void)state;
    SCENE_ROWS(REFUSED);
}

static void by_signer(void)
{
    scene.policy = BY_SIGNER("7", "3");
}

static void pinned_attributes(void)
{
    scene.rules = ",\"attributes\":\"05000000000000000000000000000000\","
                  "\"attributes_mask\":\"ffffffffffffffff0000000000000000\"";
}

static void pinned_config_id(void)
{
    static char policy[512];
    (void)snprintf(policy, sizeof(policy),
                   "{\"version\":1,\"sgx\":{\"releases\":[{\"name\":\"c\",\"mrsigner\":"
                   "\"e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1\","
                   "\"isvprodid\":7,\"min_isvsvn\":3,\"config_id\":\"%0127d1\"}]}}",
                   0);
    scene.policy = policy;
    scene.f.body[FORGE_SGX_CONFIGID + 63] = 1;
}

static void pinned_product(void)
{
    scene.policy = BY_SIGNER("7", "3,\"ext_prod_id\":\"00000000000000000000000000000001\","
                                  "\"family_id\":\"01000000000000000000000000000000\"");
    scene.f.body[EXT_PROD_ID + 15] = scene.f.body[FAMILY_ID] = 1;
}

static void product_of_known_code(void)
{
    scene.f.body[EXT_PROD_ID] = scene.f.body[FAMILY_ID + 15] = 1;
}

static void with_a_statement(void)
{
    scene.has_statement = true;
}

static const struct scene_row ACCEPTED[] = {
    {"by MRENCLAVE", QUOTE_SGX, NULL, NULL, NULL},
    {"by signer, product and version", QUOTE_SGX, by_signer, NULL, NULL},
    {"pinned attributes", QUOTE_SGX, pinned_attributes, NULL, NULL},
    {"pinned CONFIGID", QUOTE_SGX, pinned_config_id, NULL, NULL},
    {"pinned product and family", QUOTE_SGX, pinned_product, NULL, NULL},
    {"product and family of known code", QUOTE_SGX, product_of_known_code, NULL, NULL},
    {"a bound statement", QUOTE_SGX, with_a_statement, NULL, NULL},
};

static void accepted(void **state)
{
    (void)state;
    SCENE_ROWS(ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
