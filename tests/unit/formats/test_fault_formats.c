/* Every allocation of the codecs fails once, and then every allocation of the libraries under them.
 */
#include "formats/cert_list.h"
#include "formats/cose.h"
#include "formats/json.h"
#include "formats/pem.h"
#include "support/fault_walk.h"
#include "support/test.h"

static status write_cbor(void)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 16);
    for (unsigned i = 0; i < 200; i++) {
        cbor_put_array(&b, 3);
        cbor_put_int(&b, -1000);
        cbor_put_str(&b, "text");
        cbor_put_null(&b);
    }
    return buf_status(&b);
}

static status sign_and_verify(void)
{
    static const uint8_t seed[ED25519_SEED_LEN] = {1};
    struct ed25519_secret key CLEANUP(ed25519_secret_wipe) = {.seed = {0}};
    struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
    struct cose_unverified m;
    struct cose_verified v;
    TRY(ed25519_from_seed(seed, &key));
    TRY(cose_sign_ed25519(&key, BYTES_LIT("\xa1\x01\x27"), BYTES_LIT("payload"), true, &b));
    TRY(cose_parse(buf_view(&b), COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &m));
    return cose_verify_ed25519(&m, key.public_key, (struct bytes){0}, &v);
}

static status sign_and_verify_ecdsa(void)
{
    struct ecdsa_secret *key CLEANUP(ecdsa_secret_freep) = NULL;
    struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
    struct buf spki CLEANUP(buf_done) = BUF_MAX(256);
    struct cose_unverified m;
    struct cose_verified v;
    TRY(ecdsa_generate(ECDSA_ES256, &key));
    TRY(ecdsa_public_spki(key, &spki));
    TRY(cose_sign_ecdsa(key, ECDSA_ES256, BYTES_LIT("\xa1\x01\x26"), BYTES_LIT("p"), false, &b));
    TRY(cose_parse(buf_view(&b), COSE_TAG_FORBIDDEN, CBOR_DETERMINISTIC, &m));
    return cose_verify_ecdsa(&m, ECDSA_ES256, buf_view(&spki), (struct bytes){0}, &v);
}

static status pem_round_trip(void)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(4096);
    struct buf der CLEANUP(buf_done) = BUF_MAX(4096);
    pem_put(&text, "X", BYTES_LIT("0123456789abcdef0123456789abcdef0123456789abcdef0123456789"));
    TRY(buf_status(&text));
    struct bytes rest = buf_view(&text);
    return pem_next(&rest, "X", &der);
}

static status read_list(void)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"
                              "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    struct cert_list l;
    TRY(cert_list_read(bytes_str(pem), &l));
    cert_list_done(&l);
    return OK;
}

static status parse_json(void)
{
    struct json_doc *d CLEANUP(json_doc_freep) = NULL;
    return json_parse(BYTES_LIT("{\"a\":[1,2.5,\"text\",null,{\"b\":true}],\"c\":{}}"), 4096, &d);
}

static const struct fault_row ROWS[] = {
    {"cbor", write_cbor},
    {"cose ed25519", sign_and_verify},
    {"cose ecdsa", sign_and_verify_ecdsa},
    {"pem", pem_round_trip},
    {"list of certificates", read_list},
    {"json", parse_json},
};

static void own_allocations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        fault_walk_own(&ROWS[i]);
}

static void allocations_of_the_libraries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        fault_walk_all(&ROWS[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_allocations),
        cmocka_unit_test(allocations_of_the_libraries),
    };
    return cmocka_run_group_tests(tests, fault_walk_set_up, NULL);
}
