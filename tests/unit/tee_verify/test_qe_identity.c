/* Intel's quoting enclave against its identity, field by field and bit by bit of the masks. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/dcap/qe_identity.h"

static struct qe_identity identity;
static uint8_t mrsigner[32], attributes[16];
static struct quote_enclave qe;

static int set_up(void **state)
{
    (void)state;
    identity = (struct qe_identity){.isvprodid = 2, .n_levels = 2};
    memset(identity.mrsigner, 0xd1, sizeof(identity.mrsigner));
    memset(identity.miscselect_mask, 0xff, sizeof(identity.miscselect_mask));
    memset(identity.attributes_mask, 0xf0, sizeof(identity.attributes_mask));
    memset(identity.attributes, 0x50, sizeof(identity.attributes));
    identity.levels[0].isvsvn = 8;
    identity.levels[1].isvsvn = 6;
    memset(mrsigner, 0xd1, sizeof(mrsigner));
    memset(attributes, 0x5a, sizeof(attributes));
    qe = (struct quote_enclave){
        .mrsigner = BYTES_OF(mrsigner), .attributes = BYTES_OF(attributes), .isvprodid = 2};
    return 0;
}

static void every_bit_of_the_attributes(void **state)
{
    (void)state;
    assert_ok(qe_identity_check(&identity, &qe));
    for (unsigned i = 0; i < 128; i++) {
        uint8_t bit = (uint8_t)(1u << (i % 8));
        attributes[i / 8] ^= bit;
        assert_int_equal(qe_identity_check(&identity, &qe).code, bit < 0x10 ? ST_OK : ST_MISMATCH);
        attributes[i / 8] ^= bit;
    }
}

/* What the identity demands outside its own mask can never be met. */
static void a_mask_that_contradicts(void **state)
{
    (void)state;
    identity.attributes[3] = 0x5a;
    assert_code(qe_identity_check(&identity, &qe), ST_MISMATCH);
}

static void miscselect_is_little_endian(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xd1, 0x82, 0xb1, 0x8c};
    memcpy(identity.miscselect, bytes, sizeof(bytes));
    qe.miscselect = 0x8cb182d1;
    assert_ok(qe_identity_check(&identity, &qe));
    qe.miscselect = 0xd182b18c;
    assert_code(qe_identity_check(&identity, &qe), ST_MISMATCH);
}

static void signer_and_product(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        mrsigner[i] ^= 1;
        assert_code(qe_identity_check(&identity, &qe), ST_MISMATCH);
        mrsigner[i] ^= 1;
    }
    qe.isvprodid = 1;
    assert_code(qe_identity_check(&identity, &qe), ST_MISMATCH);
}

static void levels(void **state)
{
    (void)state;
    assert_ptr_equal(qe_identity_level(&identity, 9), &identity.levels[0]);
    assert_ptr_equal(qe_identity_level(&identity, 8), &identity.levels[0]);
    assert_ptr_equal(qe_identity_level(&identity, 7), &identity.levels[1]);
    assert_null(qe_identity_level(&identity, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_bit_of_the_attributes, set_up),
        cmocka_unit_test_setup(a_mask_that_contradicts, set_up),
        cmocka_unit_test_setup(miscselect_is_little_endian, set_up),
        cmocka_unit_test_setup(signer_and_product, set_up),
        cmocka_unit_test_setup(levels, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
