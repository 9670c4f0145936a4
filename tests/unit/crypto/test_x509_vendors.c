/* Chains and CRLs of AMD, Intel, NVIDIA and Google, as they are published, at times of their own.
 */
#include "crypto/x509.h"

#include <stdio.h>

#include "formats/cert_list.h"
#include "support/test.h"

enum { LISTS = 3 };

static const int64_t Y2025 = INT64_C(1751500800); /* 2025-07-03 */
static const int64_t D2025_08_10 = INT64_C(1754784000);
static const int64_t D2026_03_01 = INT64_C(1772323200);

static struct cert_list list_of(const char *name, struct buf *file)
{
    struct cert_list l = {.n = 0};
    *file = test_vector(name);
    assert_ok(cert_list_read(buf_view(file), &l));
    return l;
}

/* --- AMD ---------------------------------------------------------------------------------------
 */

struct amd_row {
    const char *leaf, *chain, *crl; /* crl: NULL, or the product's */
    int64_t at_unix_s;
    enum status_code code;
};

static const struct amd_row AMD[] = {
    {"milan-v2-google", "milan/cert_chain", "milan/crl", Y2025, ST_OK},
    {"milan-v2-coco", "milan/cert_chain", "milan/crl", Y2025, ST_OK},
    {"milan-v3-vlek-aws", "milan/vlek_cert_chain", "milan/crl", Y2025, ST_OK},
    {"genoa-v5-oak", "genoa/cert_chain", "genoa/crl", D2026_03_01, ST_OK},
    {"turin-v5-oak", "turin/cert_chain", "turin/crl", D2025_08_10, ST_OK},
    {"milan-v2-google", "milan/cert_chain", NULL, Y2025, ST_OK},
    {"forged-vcek-legacy", "milan/cert_chain", NULL, Y2025, ST_CERT},
    {"milan-v2-google", "genoa/cert_chain", NULL, Y2025, ST_CERT},
    {"milan-v2-google", "milan/vlek_cert_chain", NULL, Y2025, ST_CERT},
    {"milan-v2-google", "milan/cert_chain", "genoa/crl", D2026_03_01, ST_CERT},
    {"milan-v2-google", "milan/cert_chain", "milan/crl", INT64_C(1746500000), ST_EXPIRED},
    {"milan-v2-google", "milan/cert_chain", "milan/crl", INT64_C(1778600000), ST_EXPIRED},
    {"milan-v3-vlek-aws", "milan/vlek_cert_chain", NULL, D2026_03_01, ST_EXPIRED},
};

static struct buf amd_file(const char *folder, const char *name, const char *ending)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "sev-snp/%s/%s.%s", folder, name, ending);
    return test_vector(path);
}

static void run_amd(const struct amd_row *row)
{
    struct x509_verified v;
    struct cert_list issuers;
    struct buf leaf = amd_file("reports", row->leaf, "leaf.der");
    struct buf pem = amd_file("amd", row->chain, "pem");
    struct buf crl = BUF_MAX(0);
    if (row->crl != NULL)
        crl = amd_file("amd", row->crl, "der");
    struct bytes crl_view = buf_view(&crl);
    assert_ok(cert_list_read(buf_view(&pem), &issuers));
    assert_int_equal(issuers.n, 2);
    struct x509_chain chain = {.root = issuers.der[1],
                               .intermediates = issuers.der,
                               .n_intermediates = 1,
                               .leaf = buf_view(&leaf),
                               .crls = &crl_view,
                               .n_crls = row->crl != NULL,
                               .is_crl_where_named = true,
                               .is_zero_serial_allowed = true,
                               .at_unix_s = row->at_unix_s};
    status s = x509_verify_chain(&chain, &v);
    if (s.code != row->code)
        fail_msg("%s under %s: %s (%s)", row->leaf, row->chain, status_name(s.code),
                 failed(s) ? status_detail() : "");
    if (row->code == ST_OK) {
        assert_int_equal(v.n_crl_named, 2);
        chain.is_zero_serial_allowed = false;
        assert_code(x509_verify_chain(&chain, &v), ST_CERT);
    }
    cert_list_done(&issuers);
    buf_done(&leaf);
    buf_done(&pem);
    buf_done(&crl);
}

static void amd_chains(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    for (size_t i = 0; i < sizeof(AMD) / sizeof(AMD[0]); i++)
        run_amd(&AMD[i]);
}

static void amd_fields(void **state)
{
    (void)state;
    struct bytes value, cn, serial;
    test_vectors_or_skip("sev-snp");
    struct buf leaf = test_vector("sev-snp/reports/milan-v2-google.leaf.der");
    struct bytes der = buf_view(&leaf);
    assert_ok(x509_subject_cn(der, &cn));
    assert_bytes_equal(cn, BYTES_LIT("SEV-VCEK"));
    assert_ok(x509_serial(der, &serial));
    assert_bytes_equal(serial, BYTES_LIT("\0"));
    assert_ok(x509_extension(der, "1.3.6.1.4.1.3704.1.2", &value));
    assert_bytes_equal(value, BYTES_LIT("\x16\x08Milan-B0"));
    assert_ok(x509_extension(der, "1.3.6.1.4.1.3704.1.4", &value));
    assert_int_equal(value.n, 64);
    assert_ok(x509_extension(der, "1.3.6.1.4.1.3704.1.3.8", &value));
    assert_bytes_equal(value, BYTES_LIT("\x02\x01\x44"));
    assert_code(x509_extension(der, "1.3.6.1.4.1.3704.1.5", &value), ST_NOTFOUND);
    assert_code(x509_extension(der, "1.3.6.1.4.1.3704.1", &value), ST_NOTFOUND);
    buf_done(&leaf);
}

struct crl_row {
    const char *product;
    int64_t from, to;
    const char *number, *revoked; /* magnitudes in hexadecimal */
};

static const struct crl_row CRLS[] = {
    {"milan", 1746535146, 1778544000, "06", NULL},
    {"genoa", 1761337800, 1793478600, "05", "020001"},
    {"turin", 1746538358, 1778976000, "06", NULL},
};

static void run_crl(const struct crl_row *row)
{
    struct x509_crl c;
    struct cert_list issuers;
    bool is_listed = false;
    char name[64];
    (void)snprintf(name, sizeof(name), "%s/cert_chain", row->product);
    struct buf pem = amd_file("amd", name, "pem");
    (void)snprintf(name, sizeof(name), "%s/crl", row->product);
    struct buf crl = amd_file("amd", name, "der");
    assert_ok(cert_list_read(buf_view(&pem), &issuers));
    assert_ok(x509_verify_crl(buf_view(&crl), issuers.der[1], row->from, &c));
    assert_int_equal(c.this_update_unix_s, row->from);
    assert_int_equal(c.next_update_unix_s, row->to);
    assert_ok(x509_verify_crl(buf_view(&crl), issuers.der[1], row->to, &c));
    assert_code(x509_verify_crl(buf_view(&crl), issuers.der[1], row->from - 1, &c), ST_EXPIRED);
    assert_code(x509_verify_crl(buf_view(&crl), issuers.der[1], row->to + 1, &c), ST_EXPIRED);
    /* the ASK is another's name, and its key is not for CRLs */
    assert_code(x509_verify_crl(buf_view(&crl), issuers.der[0], row->from, &c), ST_CERT);
    struct buf revoked = test_hex(row->revoked != NULL ? row->revoked : "020001");
    assert_ok(x509_crl_lists(&c, buf_view(&revoked), &is_listed));
    assert_int_equal(is_listed, row->revoked != NULL);
    assert_ok(x509_crl_lists(&c, BYTES_LIT("\x02\x00\x02"), &is_listed));
    assert_false(is_listed);
    cert_list_done(&issuers);
    buf_done(&revoked);
    buf_done(&pem);
    buf_done(&crl);
}

static void amd_crls(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    for (size_t i = 0; i < sizeof(CRLS) / sizeof(CRLS[0]); i++)
        run_crl(&CRLS[i]);
}

/* --- Intel -------------------------------------------------------------------------------------
 */

static void intel_chain_with_crls(void **state)
{
    (void)state;
    struct x509_verified v;
    struct bytes serial;
    struct x509_crl c;
    bool is_listed = true;
    test_vectors_or_skip("intel-dcap");
    struct buf files[LISTS];
    struct cert_list leaf = list_of("intel-dcap/intel-sample-sgx/pckCert.pem", &files[0]);
    struct cert_list signers = list_of("intel-dcap/intel-sample-sgx/pckSignChain.pem", &files[1]);
    struct cert_list root = list_of("intel-dcap/intel-sample-sgx/trustedRootCaCert.pem", &files[2]);
    struct buf crl = test_vector("intel-dcap/intel-sample-sgx/intermediateCaCrl.der");
    struct buf root_crl = test_vector("intel-dcap/intel-sample-sgx/rootCaCrl.der");
    struct bytes crls[] = {buf_view(&crl), buf_view(&root_crl)};
    struct x509_chain chain = {.root = root.der[0],
                               .intermediates = signers.der,
                               .n_intermediates = signers.n,
                               .leaf = leaf.der[0],
                               .crls = crls,
                               .n_crls = 2,
                               .at_unix_s = INT64_C(1600000000)};
    assert_ok(x509_verify_chain(&chain, &v));
    chain.n_crls = 1; /* the intermediate is not covered then */
    assert_code(x509_verify_chain(&chain, &v), ST_CERT);
    chain.crls = crls + 1;
    assert_code(x509_verify_chain(&chain, &v), ST_CERT);
    assert_ok(x509_serial(leaf.der[0], &serial));
    assert_ok(x509_read_crl(crls[0], &c));
    assert_ok(x509_crl_lists(&c, serial, &is_listed));
    assert_false(is_listed);
    struct buf revoked = test_hex("1d210d4e73d7814f34c097ef496d3c4fa982684c");
    assert_ok(x509_crl_lists(&c, buf_view(&revoked), &is_listed));
    assert_true(is_listed);
    buf_done(&revoked);
    cert_list_done(&leaf);
    cert_list_done(&signers);
    cert_list_done(&root);
    for (size_t i = 0; i < LISTS; i++)
        buf_done(&files[i]);
    buf_done(&crl);
    buf_done(&root_crl);
}

/* --- NVIDIA: certificates that never end ------------------------------------------------------
 */

static void nvidia_chains_never_end(void **state)
{
    (void)state;
    static const char *const names[] = {"hopper-nvtrust", "hopper-535", "blackwell",
                                        "nvswitch-ls10"};
    test_vectors_or_skip("nvidia-gpu");
    struct buf root_file;
    struct cert_list root = list_of("nvidia-gpu/certs/device_root.pem", &root_file);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[96];
        struct x509_verified v;
        struct buf file;
        (void)snprintf(path, sizeof(path), "nvidia-gpu/evidence/%s.chain.pem.txt", names[i]);
        struct cert_list certs = list_of(path, &file);
        struct x509_chain chain = {.root = root.der[0],
                                   .intermediates = certs.der + 1,
                                   .n_intermediates = certs.n - 1,
                                   .leaf = certs.der[0],
                                   .at_unix_s = Y2025};
        assert_ok(x509_verify_chain(&chain, &v));
        assert_true(v.not_after_unix_s == INT64_C(253402300799));
        chain.at_unix_s = INT64_C(253402300799) - 1;
        assert_ok(x509_verify_chain(&chain, &v));
        cert_list_done(&certs);
        buf_done(&file);
    }
    cert_list_done(&root);
    buf_done(&root_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amd_chains),
        cmocka_unit_test(amd_fields),
        cmocka_unit_test(amd_crls),
        cmocka_unit_test(intel_chain_with_crls),
        cmocka_unit_test(nvidia_chains_never_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
