/* Every file of the third-party NVIDIA vectors: what its README says of it at its time. The fields
 * of *.expected.json were decoded by an independent script. */
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "support/vectors.h"
#include "tee/verify/nvidia/gpu_chain.h"
#include "tee/verify/nvidia/gpu_leaf.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_opaque.h"
#include "tee/verify/nvidia/gpu_root.h"
#include "tee/verify/nvidia/spdm.h"

#define FOLDER "nvidia-gpu"

/* Device certificates never end; any time after 2023 will do. */
static const int64_t AT = 1750000000;

struct device {
    struct gpu_list list;
    struct spdm_request request;
    struct spdm_response response;
    struct gpu_leaf leaf;
    struct gpu_opaque opaque;
};

static void open_device(struct device *d, const char *report, const char *chain)
{
    char path[128];
    (void)snprintf(path, sizeof(path), FOLDER "/evidence/%s", report);
    struct buf text CLEANUP(buf_done) = test_vector(path);
    struct buf certs CLEANUP(buf_done) = {0};
    if (chain != NULL) {
        (void)snprintf(path, sizeof(path), FOLDER "/evidence/%s", chain);
        certs = test_vector(path);
    }
    struct bytes in = test_exact(buf_view(&text)), beside = test_exact(buf_view(&certs));
    assert_ok(gpu_list_read(in, beside, &d->list));
    assert_int_equal(d->list.n, 1);
    struct bytes rest = d->list.v[0].report;
    assert_ok(spdm_request_parse(&rest, &d->request));
    assert_ok(spdm_response_parse(rest, &d->request, &d->response));
    assert_ok(gpu_leaf_read(d->list.v[0].certs.der[0], &d->leaf));
    assert_ok(gpu_opaque_parse(d->response.opaque, gpu_leaf_is_switch(&d->leaf), &d->opaque));
    test_exact_free(in);
    test_exact_free(beside);
}

static bool is_signed(struct device *d)
{
    struct gpu_chain_proof proof;
    assert_ok(gpu_chain_verify(&d->list.v[0].certs, AT, NULL, &proof));
    return ok(spdm_verify(&d->request, &d->response, proof.leaf_spki));
}

static const struct report {
    const char *name;
    bool is_authentic;
    enum gpu_arch arch;
    const char *driver, *vbios, *serial;
    enum gpu_feature feature;
} REPORTS[] = {
    {"hopper-nvtrust", true, GPU_HOPPER, "550.90.07", "96.00.9F.00.01", "48B02D92494BADF4",
     GPU_FEATURE_SINGLE},
    {"hopper-535", true, GPU_HOPPER, "535.86.09", "96.00.5E.00.01", "48B02D7A7CD27FC3",
     GPU_FEATURE_UNSTATED},
    {"blackwell", true, GPU_BLACKWELL, "575.32", "97.00.88.00.0F", "48B02DD4C0CB1539",
     GPU_FEATURE_UNSTATED},
    {"hopper-bad-signature", false, GPU_HOPPER, "560.00", "96.00.A5.00.01", "48B02D7A7CD27FC3",
     GPU_FEATURE_PROTECTED_PCIE},
    {"nvswitch-ls10", true, GPU_LS10, "", "96.10.55.00.01", "48B02DFE0092CDDB",
     GPU_FEATURE_UNSTATED},
};

enum { N_REPORTS = sizeof(REPORTS) / sizeof(REPORTS[0]) };

static void check_blocks(const json_t *blocks, const struct spdm_response *r)
{
    const char *index;
    json_t *value;
    assert_int_equal(json_object_size(blocks), r->n_blocks);
    json_object_foreach((json_t *)(uintptr_t)blocks, index, value)
    {
        char hex[2 * SPDM_VALUE_LEN + 1];
        struct bytes got = spdm_value(r, (unsigned)atoi(index) + 1);
        assert_int_equal(got.n, SPDM_VALUE_LEN);
        hex_encode(got, hex);
        assert_string_equal(hex, json_string_value(value));
    }
}

/* "CN=GH100 A01 GSP FMC LF,O=NVIDIA Corporation,..." */
static void check_subject(const char *subject, struct bytes leaf)
{
    struct bytes cn;
    assert_ok(x509_subject_cn(leaf, &cn));
    assert_memory_equal(subject, "CN=", 3);
    assert_memory_equal(subject + 3, cn.p, cn.n);
    assert_int_equal(subject[3 + cn.n], ',');
}

static void compare_decoded(const struct report *row, struct device *d)
{
    char path[128], nonce[2 * SPDM_NONCE_LEN + 1];
    (void)snprintf(path, sizeof(path), FOLDER "/evidence/%s.expected.json", row->name);
    struct vectors v = vectors_open(path);
    hex_encode(d->request.nonce, nonce);
    assert_string_equal(nonce, vector_str(v.root, "request_nonce"));
    assert_int_equal(d->list.v[0].report.n, vector_int(v.root, "report_bytes"));
    check_subject(vector_str(v.root, "arch"), d->list.v[0].certs.der[0]);
    check_blocks(vector_at(v.root, "measurement_blocks"), &d->response);
    const json_t *links = vector_at(v.root, "chain_ok"), *link;
    size_t i;
    assert_int_equal(json_array_size(links), d->list.v[0].certs.n);
    VECTOR_EACH(i, link, links)
    {
        assert_true(json_is_true(link));
    }
    bool expected = json_is_true(vector_at(v.root, "signature_ok"));
    if (expected != is_signed(d))
        fail_msg("%s: the signature holds: %d, expected %d", row->name, !expected, expected);
    assert_int_equal(json_object_size(v.root), 6);
    vectors_close(&v);
}

static void test_reports_are_what_was_decoded(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    for (size_t i = 0; i < N_REPORTS; i++) {
        const struct report *row = &REPORTS[i];
        struct device *d = calloc(1, sizeof(*d));
        char report[64], chain[64];
        (void)snprintf(report, sizeof(report), "%s.report.txt", row->name);
        (void)snprintf(chain, sizeof(chain), "%s.chain.pem.txt", row->name);
        assert_non_null(d);
        open_device(d, report, chain);
        compare_decoded(row, d);
        assert_int_equal(d->leaf.arch, row->arch);
        assert_string_equal(d->leaf.serial, row->serial);
        assert_string_equal(d->opaque.driver.text, row->driver);
        assert_string_equal(d->opaque.vbios.text, row->vbios);
        assert_int_equal(d->opaque.feature, row->feature);
        gpu_list_done(&d->list);
        free(d);
    }
    print_message("%d reports, every field of their expected.json\n", N_REPORTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_are_what_was_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
