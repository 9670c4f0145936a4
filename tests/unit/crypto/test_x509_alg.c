#include "crypto/x509_alg.h"

#include "support/test.h"

#define SHA384 "300d06096086480165030402020500"
#define MGF1   "06092a864886f70d010108"
#define PSS    "06092a864886f70d01010a"

static const char *const ALLOWED[] = {
    "300a06082a8648ce3d040302",
    "300a06082a8648ce3d040303",
    "300d06092a864886f70d01010b0500",
    "300d06092a864886f70d01010c0500",
    "300d06092a864886f70d01010d0500",
    "3041" PSS "3034a00f" SHA384 "a11c301a" MGF1 SHA384 "a203020130",
    "3046" PSS "3039a00f" SHA384 "a11c301a" MGF1 SHA384 "a203020130a303020101",
};

struct row {
    const char *rule, *hex;
};

static const struct row REFUSED[] = {
    {"nothing", ""},
    {"ecdsa-with-SHA1", "300906072a8648ce3d0401"},
    {"ecdsa-with-SHA224", "300a06082a8648ce3d040301"},
    {"ecdsa-with-SHA512", "300a06082a8648ce3d040304"},
    {"ecdsa-with-SHA256 with NULL", "300c06082a8648ce3d0403020500"},
    {"sha1WithRSA", "300d06092a864886f70d0101050500"},
    {"sha224WithRSA", "300d06092a864886f70d01010e0500"},
    {"md5WithRSA", "300d06092a864886f70d0101040500"},
    {"sha256WithRSA without NULL", "300b06092a864886f70d01010b"},
    {"Ed25519", "300506032b6570"},
    {"rsaEncryption", "300d06092a864886f70d0101010500"},
    {"PSS with its defaults, SHA-1", "300d" PSS "3000"},
    {"PSS without parameters", "300b" PSS},
    {"PSS SHA-256", "3041" PSS "3034a00f300d06096086480165030402010500a11c301a" MGF1
                    "300d06096086480165030402010500a203020120"},
    {"PSS with a salt of 32", "3041" PSS "3034a00f" SHA384 "a11c301a" MGF1 SHA384 "a203020120"},
    {"PSS with no salt", "3041" PSS "3034a00f" SHA384 "a11c301a" MGF1 SHA384 "a203020100"},
    {"PSS with MGF1 SHA-1", "3030" PSS "3023a00f" SHA384 "a10b300906052b0e03021a0500a203020130"},
    {"PSS with MGF1 SHA-256",
     "3041" PSS "3034a00f" SHA384 "a11c301a" MGF1 "300d06096086480165030402010500a203020130"},
    {"PSS with another trailer",
     "3046" PSS "3039a00f" SHA384 "a11c301a" MGF1 SHA384 "a203020130a303020102"},
    {"PSS without NULL in the digests", "303d" PSS "3030a00d300b0609608648016503040202a11a3018" MGF1
                                        "300b0609608648016503040202a203020130"},
};

static void each_allowed_encoding_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ALLOWED) / sizeof(ALLOWED[0]); i++) {
        struct buf id = test_hex(ALLOWED[i]);
        assert_true(x509_alg_is_allowed(buf_view(&id)));
        assert_false(x509_alg_is_allowed(bytes_of(id.p, id.n - 1)));
        for (size_t at = 0; at < id.n; at++) { /* no neighbour but another of the list */
            id.p[at] ^= 0x80;
            assert_false(x509_alg_is_allowed(buf_view(&id)));
            id.p[at] ^= 0x80;
        }
        buf_done(&id);
    }
    for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
        struct buf id = test_hex(REFUSED[i].hex);
        if (x509_alg_is_allowed(buf_view(&id)))
            fail_msg("allowed: %s", REFUSED[i].rule);
        buf_done(&id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allowed_encoding_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
