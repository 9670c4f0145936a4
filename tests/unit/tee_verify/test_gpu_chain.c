/* Certificates of a device and what its leaf says, under a test root. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/forge_gpu.h"
#include "tee/verify/nvidia/gpu_chain.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_root.h"

/* In the place of NVIDIA's: this program is linked with it. */
struct bytes gpu_root(void)
{
    return forge_gpu_root();
}

static struct cert_list chain_of(const struct forge_gpu_device *d)
{
    struct cert_list certs;
    struct buf pem CLEANUP(buf_done) = forge_gpu_chain(d);
    assert_ok(cert_list_read(buf_view(&pem), &certs));
    return certs;
}

static void proven_chain_is_remembered(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct gpu_chain_proof proof;
    struct evidence_cache *cache = NULL;
    struct bytes spki;
    forge_gpu_init(&f);
    struct cert_list certs CLEANUP(cert_list_done) = chain_of(&f.v[0]);
    assert_ok(evidence_cache_new(&cache));
    assert_ok(gpu_chain_verify(&certs, FORGE_GPU_NOW, cache, &proof));
    assert_false(proof.is_known);
    assert_ok(x509_spki(certs.der[0], &spki));
    assert_bytes_equal(proof.leaf_spki, spki);
    assert_ok(gpu_chain_verify(&certs, FORGE_GPU_NOW, cache, &proof));
    assert_true(proof.is_known);
    assert_bytes_equal(proof.leaf_spki, spki);
    /* A memory of the proof is no memory of the time. */
    assert_code(gpu_chain_verify(&certs, FORGE_GPU_NOW - 1001, cache, &proof), ST_EXPIRED);
    assert_code(gpu_chain_verify(&certs, FORGE_GPU_NOW - 1001, NULL, &proof), ST_EXPIRED);
    evidence_cache_freep(&cache);
    forge_gpu_done(&f);
}

static void order_is_part_of_the_form(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct gpu_chain_proof proof;
    forge_gpu_init(&f);
    struct cert_list certs CLEANUP(cert_list_done) = chain_of(&f.v[0]);
    struct cert_list v = certs;
    v.der[1] = certs.der[2];
    v.der[2] = certs.der[1];
    assert_code(gpu_chain_verify(&v, FORGE_GPU_NOW, NULL, &proof), ST_CERT);
    v = certs;
    v.n = 4; /* no root */
    assert_code(gpu_chain_verify(&v, FORGE_GPU_NOW, NULL, &proof), ST_CERT);
    v.n = 0;
    assert_code(gpu_chain_verify(&v, FORGE_GPU_NOW, NULL, &proof), ST_CERT);
    v = certs;
    v.der[0] = certs.der[3];
    v.der[1] = certs.der[4];
    v.n = 2; /* an authority in the place of a leaf */
    assert_code(gpu_chain_verify(&v, FORGE_GPU_NOW, NULL, &proof), ST_CERT);
    v = certs;
    memcpy(v.der, certs.der + 1, 4 * sizeof(v.der[0]));
    v.n = 4; /* the boot ROM's authority in the place of a leaf */
    assert_code(gpu_chain_verify(&v, FORGE_GPU_NOW, NULL, &proof), ST_CERT);
    forge_gpu_done(&f);
}

/* It has the name of the boot ROM's and any key at all, and nobody needs it for the proof. */
static void no_certificate_stands_beside_the_chain(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct gpu_chain_proof proof;
    struct buf stray CLEANUP(buf_done) = BUF_MAX(1 << 14);
    forge_gpu_init(&f);
    struct cert_list certs CLEANUP(cert_list_done) = chain_of(&f.v[0]);
    struct x509_request r = f.v[0].requests[FORGE_GPU_BROM];
    r.issuer_name = r.common_name;
    r.subject_key = r.issuer_key = f.v[0].keys[FORGE_GPU_LEAF];
    assert_ok(x509_issue(&r, &stray));
    struct cert_list v = {.n = certs.n + 1};
    v.der[0] = certs.der[0];
    v.der[1] = buf_view(&stray);
    memcpy(v.der + 2, certs.der + 1, (certs.n - 1) * sizeof(v.der[0]));
    assert_ok(gpu_chain_verify(&certs, FORGE_GPU_NOW, NULL, &proof));
    assert_code(gpu_chain_verify(&v, FORGE_GPU_NOW, NULL, &proof), ST_CERT);
    forge_gpu_done(&f);
}

static void revocation_counts_who_names_a_list(void **state)
{
    (void)state;
    struct forge_gpu f;
    size_t n = 0;
    forge_gpu_init(&f);
    struct cert_list certs CLEANUP(cert_list_done) = chain_of(&f.v[0]);
    struct buf root CLEANUP(buf_done) = forge_gpu_crl(&f, FORGE_GPU_ROOT, NULL, 0);
    struct buf family CLEANUP(buf_done) = forge_gpu_crl(&f, FORGE_GPU_FAMILY, NULL, 0);
    struct buf revoked CLEANUP(buf_done) = forge_gpu_crl(&f, FORGE_GPU_ROOT, &certs.der[3], 1);
    struct bytes good[] = {buf_view(&root), buf_view(&family)};
    struct bytes bad[] = {buf_view(&revoked), buf_view(&family)};
    assert_ok(gpu_chain_revocation(&certs, FORGE_GPU_NOW, good, 2, &n));
    assert_int_equal(n, 2);
    assert_code(gpu_chain_revocation(&certs, FORGE_GPU_NOW, bad, 2, &n), ST_REVOKED);
    assert_code(gpu_chain_revocation(&certs, FORGE_GPU_NOW, good, 1, &n), ST_CERT);
    assert_code(gpu_chain_revocation(&certs, FORGE_GPU_NOW + 101, good, 2, &n), ST_EXPIRED);
    forge_gpu_done(&f);
}

/* ---- the leaf ---- */

static status read_leaf(const char *chip, void (*edit)(struct forge_gpu_device *d),
                        struct gpu_leaf *out)
{
    struct forge_gpu f = {0};
    struct forge_gpu_device *d = forge_gpu_add(&f, chip, "48B02D92494BADF4");
    if (edit != NULL)
        edit(d);
    forge_gpu_issue(&f);
    struct bytes der = test_exact(buf_view(&d->ders[FORGE_GPU_LEAF]));
    status s = gpu_leaf_read(der, out);
    test_exact_free(der);
    forge_gpu_done(&f);
    return s;
}

static void rename_device(struct forge_gpu_device *d, const char *text)
{
    (void)snprintf(d->device_name, sizeof(d->device_name), "%s", text);
}

#define EDIT(name) static void name(struct forge_gpu_device *d)
EDIT(another_vendor)
{
    rename_device(d, "NVIDIO:GH100:48B02D92494BADF4");
}
EDIT(another_chip)
{
    rename_device(d, "NVIDIA:GH200:48B02D92494BADF4");
}
EDIT(short_id)
{
    rename_device(d, "NVIDIA:GH100:48B02D92494BADF");
}
EDIT(id_in_lower_case)
{
    rename_device(d, "NVIDIA:GH100:48b02d92494badf4");
}
EDIT(no_id)
{
    rename_device(d, "NVIDIA:GH100");
}
EDIT(more_behind)
{
    rename_device(d, "NVIDIA:GH100:48B02D92494BADF4:1");
}
EDIT(no_dice)
{
    d->dice = FORGE_GPU_NO_DICE;
}
EDIT(flags)
{
    d->flags = GPU_FLAG_DEBUG | 1u << 31;
}
EDIT(unknown_chip)
{
    (void)snprintf(d->names[FORGE_GPU_LEAF], sizeof(d->names[0]), "GV100 A01");
    rename_device(d, "NVIDIA:GV100:48B02D92494BADF4");
}
EDIT(lower_case_chip)
{
    (void)snprintf(d->names[FORGE_GPU_LEAF], sizeof(d->names[0]), "gh100 A01");
}

static void leaf_says_what_it_is(void **state)
{
    (void)state;
    struct gpu_leaf l;
    assert_ok(read_leaf("GH100", NULL, &l));
    assert_int_equal(l.arch, GPU_HOPPER);
    assert_string_equal(l.chip, "GH100");
    assert_string_equal(l.serial, "48B02D92494BADF4");
    assert_int_equal(l.n_fwids, 1);
    assert_non_null(l.issuer_key.p);
    assert_false(l.has_flags);
    assert_ok(read_leaf("LS_10", NULL, &l));
    assert_true(gpu_leaf_is_switch(&l));
    assert_ok(read_leaf("GB100", flags, &l));
    assert_int_equal(l.arch, GPU_BLACKWELL);
    assert_null(l.issuer_key.p);
    assert_true(l.has_flags);
    assert_int_equal(l.flags, GPU_FLAG_DEBUG | 1u << 31);
}

static void each_rule_of_the_leaf(void **state)
{
    (void)state;
    struct gpu_leaf l;
    assert_code(read_leaf("GH100", another_vendor, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", another_chip, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", short_id, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", id_in_lower_case, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", no_id, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", more_behind, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", no_dice, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", lower_case_chip, &l), ST_FORMAT);
    assert_code(read_leaf("GH100", unknown_chip, &l), ST_UNSUPPORTED);
    assert_code(gpu_leaf_read(BYTES_LIT("0"), &l), ST_TRUNCATED);
}

static void every_truncation_of_the_leaf_is_refused(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct gpu_leaf l;
    forge_gpu_init(&f);
    struct bytes whole = buf_view(&f.v[0].ders[FORGE_GPU_LEAF]);
    for (size_t n = 0; n < whole.n; n++) {
        struct bytes in = test_exact(bytes_of(whole.p, n));
        assert_true(failed(gpu_leaf_read(in, &l)));
        test_exact_free(in);
    }
    forge_gpu_done(&f);
}

static void names_of_architectures(void **state)
{
    (void)state;
    enum gpu_arch a;
    assert_ok(gpu_leaf_arch_of(BYTES_LIT("LS10"), &a));
    assert_int_equal(a, GPU_LS10);
    assert_code(gpu_leaf_arch_of(BYTES_LIT("hopper"), &a), ST_UNSUPPORTED);
    assert_string_equal(gpu_leaf_arch_name(GPU_ARCHS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proven_chain_is_remembered),
        cmocka_unit_test(order_is_part_of_the_form),
        cmocka_unit_test(no_certificate_stands_beside_the_chain),
        cmocka_unit_test(revocation_counts_who_names_a_list),
        cmocka_unit_test(leaf_says_what_it_is),
        cmocka_unit_test(each_rule_of_the_leaf),
        cmocka_unit_test(every_truncation_of_the_leaf_is_refused),
        cmocka_unit_test(names_of_architectures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
