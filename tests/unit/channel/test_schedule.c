#include "support/test.h"

#include "channel/schedule.h"

static void both_sides_derive_the_same_and_all_differ(void **state)
{
    (void)state;
    struct x25519_secret secret;
    uint8_t public_key[32];
    uint8_t enc[32];
    struct hpke *sender CLEANUP(hpke_freep) = NULL;
    struct hpke *receiver CLEANUP(hpke_freep) = NULL;
    struct hpke *other CLEANUP(hpke_freep) = NULL;
    struct session_secrets a;
    struct session_secrets b;
    struct session_secrets c;
    assert_ok(x25519_generate(&secret, public_key));
    assert_ok(hpke_setup_sender(AEAD_AES_256_GCM, public_key, BYTES_LIT("t2"), enc, &sender));
    assert_ok(hpke_setup_receiver(AEAD_AES_256_GCM, &secret, BYTES_LIT("t2"), enc, &receiver));
    assert_ok(hpke_setup_receiver(AEAD_AES_256_GCM, &secret, BYTES_LIT("t3"), enc, &other));
    assert_ok(schedule_export(sender, &a));
    assert_ok(schedule_export(receiver, &b));
    assert_ok(schedule_export(other, &c));
    assert_memory_equal(&a, &b, sizeof(a));
    const uint8_t *p = a.client_confirm.b;
    for (size_t i = 0; i < 5; i++) {
        assert_memory_not_equal(p + 32 * i, (const uint8_t *)&c + 32 * i, 32);
        for (size_t k = i + 1; k < 5; k++)
            assert_memory_not_equal(p + 32 * i, (const uint8_t *)&a + 32 * k, 32);
    }
    session_secrets_wipe(&a);
    assert_true(bytes_all_zero(bytes_of(&a, sizeof(a))));
}

static void confirmation_holds_for_its_key_and_digest_only(void **state)
{
    (void)state;
    struct confirm_key key = {{1}};
    struct confirm_key other = {{2}};
    uint8_t digest[32] = {3};
    uint8_t changed[32] = {4};
    uint8_t mac[32];
    assert_ok(confirmation_make(&key, digest, mac));
    assert_ok(confirmation_verify(&key, digest, mac));
    assert_code(confirmation_verify(&other, digest, mac), ST_AUTH);
    assert_code(confirmation_verify(&key, changed, mac), ST_AUTH);
    for (size_t bit = 0; bit < 256; bit++) {
        mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(confirmation_verify(&key, digest, mac), ST_AUTH);
        mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_derive_the_same_and_all_differ),
        cmocka_unit_test(confirmation_holds_for_its_key_and_digest_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
