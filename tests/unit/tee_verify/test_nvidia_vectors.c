/* Every file of the third-party NVIDIA vectors: what its README says of it at its time. The fields
 * of *.expected.json were decoded by an independent script. */
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* Before jansson, whose macros have names of formats/json.h. */
#include "tee/verify/evidence.h"

#include <jansson.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "support/vectors.h"
#include "tee/rim/rim.h"
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

static void reports_are_what_was_decoded(void **state)
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

/* ---- verdicts ---- */

#define MAY_SKIP                                                                               \
    "\"may_skip\": [\"gpu.reference\", \"gpu.measurements\", \"gpu.mode\", \"gpu.devtools\", " \
    "\"gpu.bound\"]"
#define FLOORS                                                                    \
    "\"min_driver\": \"535.86\", \"min_vbios\": {\"HOPPER\": \"96.00.5E.00.01\"," \
    "\"LS10\": \"96.10.55.00.01\"}, \"modes\": [\"single\", \"protected-pcie\"]"

static const struct verdict_row {
    const char *file, *chain; /* chain NULL: the JSON list */
    unsigned n_gpus, n_switches;
    const char *id, *code; /* of the first failure; NULL: accepted */
} VERDICTS[] = {
    {"hopper-nvtrust.report.txt", "hopper-nvtrust.chain.pem.txt", 1, 0, NULL, NULL},
    {"hopper-535.report.txt", "hopper-535.chain.pem.txt", 1, 0, NULL, NULL},
    {"blackwell.report.txt", "blackwell.chain.pem.txt", 1, 0, NULL, NULL},
    {"nvswitch-ls10.report.txt", "nvswitch-ls10.chain.pem.txt", 0, 1, NULL, NULL},
    {"hopper-bad-signature.report.txt", "hopper-bad-signature.chain.pem.txt", 1, 0, "gpu.signature",
     "GPU_SIGNATURE_INVALID"},
    {"hopper-nvtrust.report.txt", "chain-case2.pem.txt", 1, 0, "gpu.leaf", "GPU_LEAF_INVALID"},
    {"hopper-nvtrust.report.txt", "chain-case3.pem.txt", 1, 0, "gpu.chain", "GPU_CHAIN_INVALID"},
    {"json/hopper_evidence.json", NULL, 1, 0, NULL, NULL},
    /* On hold by OCSP, which nothing offline tells: accepted, as the README says. */
    {"json/hopper_evidence_cert_hold.json", NULL, 1, 0, NULL, NULL},
    /* A genuine report with another genuine device's chain. */
    {"hopper-nvtrust.report.txt", "hopper-535.chain.pem.txt", 1, 0, "gpu.signature",
     "GPU_SIGNATURE_INVALID"},
    {"blackwell.report.txt", "hopper-nvtrust.chain.pem.txt", 1, 0, "gpu.signature",
     "GPU_SIGNATURE_INVALID"},
};

enum { N_VERDICTS = sizeof(VERDICTS) / sizeof(VERDICTS[0]), N_CHECKS = 24 };

struct scene {
    struct buf evidence, certs;
    struct evidence_expect expect;
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
};

static struct buf read_evidence(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), FOLDER "/evidence/%s", name);
    return test_vector(path);
}

static void open_scene(struct scene *s, const char *file, const char *chain)
{
    memset(s, 0, sizeof(*s));
    s->evidence = read_evidence(file);
    if (chain != NULL)
        s->certs = read_evidence(chain);
    s->expect.at_unix_s = AT;
    s->expect.beside.certs = buf_view(&s->certs);
}

static void scene_done(struct scene *s)
{
    buf_done(&s->evidence);
    buf_done(&s->certs);
}

static struct evidence_policy *policy_of(unsigned n_gpus, unsigned n_switches, const char *more)
{
    char text[2048];
    struct evidence_policy *p = NULL;
    (void)snprintf(text, sizeof(text),
                   "{\"version\": 1, \"nvidia_gpu\": {\"gpus\": %u, \"nvswitches\": %u, " FLOORS
                   ", " MAY_SKIP "%s}}",
                   n_gpus, n_switches, more);
    assert_ok(evidence_policy_parse(bytes_str(text), &p));
    return p;
}

static status judge(struct scene *s, const struct evidence_policy *p)
{
    struct bytes in = test_exact(buf_view(&s->evidence));
    memset(&s->checks, 0, sizeof(s->checks));
    status st = evidence_verify(in, EVIDENCE_NVIDIA_GPU, p, &s->expect, &s->checks, &s->claimed,
                                &s->verified);
    assert_int_equal(s->checks.n, N_CHECKS);
    test_exact_free(in);
    return st;
}

static void compare_verdict(const struct verdict_row *row, const struct scene *s, status st)
{
    const struct check *first = checks_first_failure(&s->checks);
    if (row->id == NULL && failed(st))
        fail_msg("%s: refused: %s", row->file, status_detail());
    if (row->id == NULL)
        return;
    if (first == NULL || strcmp(first->id, row->id) != 0 || strcmp(first->code, row->code) != 0)
        fail_msg("%s with %s: %s, not %s", row->file, row->chain, first ? first->id : "accepted",
                 row->id);
    assert_int_equal(checks_verdict(&s->checks), VERDICT_REJECT);
}

static void each_file_has_its_verdict(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    for (size_t i = 0; i < N_VERDICTS; i++) {
        const struct verdict_row *row = &VERDICTS[i];
        struct evidence_policy *p = policy_of(row->n_gpus, row->n_switches, "");
        struct scene s;
        open_scene(&s, row->file, row->chain);
        compare_verdict(row, &s, judge(&s, p));
        /* Without a policy the same is authentic or not, and never accepted. */
        assert_true(failed(judge(&s, NULL)));
        assert_int_equal(s.claimed.is_signed, row->id == NULL);
        assert_int_equal(checks_verdict(&s.checks),
                         row->id == NULL ? VERDICT_INCOMPLETE : VERDICT_REJECT);
        evidence_policy_freep(&p);
        scene_done(&s);
    }
    print_message("%d verdicts over evidence\n", N_VERDICTS);
}

/* ---- reference values from the RIM files ---- */

static struct buf import_rim(const char *name, int64_t at, char hex[static 65])
{
    char path[128];
    uint8_t digest[32];
    struct rim *r CLEANUP(rim_freep) = NULL;
    struct buf out = BUF_MAX(GPU_REFERENCE_MAX_BYTES);
    (void)snprintf(path, sizeof(path), FOLDER "/rim/%s", name);
    struct buf xml CLEANUP(buf_done) = test_vector(path);
    assert_ok(rim_open(buf_view(&xml), at, &r));
    const struct gpu_reference_draft *draft = rim_draft(r);
    assert_ok(gpu_reference_write(&draft, 1, &out));
    assert_ok(sha256(buf_view(&out), digest));
    hex_encode(BYTES_OF(digest), hex);
    return out;
}

static void measure(const char *rim, int64_t at, enum check_result result, const char *reason)
{
    char hex[65], more[128];
    struct scene s;
    open_scene(&s, "hopper-535.report.txt", "hopper-535.chain.pem.txt");
    struct buf reference CLEANUP(buf_done) = import_rim(rim, at, hex);
    (void)snprintf(more, sizeof(more), ", \"reference_sha256\": [\"%s\"]", hex);
    struct evidence_policy *p = policy_of(1, 0, more);
    s.expect.beside.reference_values = buf_view(&reference);
    assert_int_equal(ok(judge(&s, p)), result == CHECK_PASS);
    const struct check *c = checks_find(&s.checks, "gpu.measurements");
    assert_int_equal(c->result, result);
    assert_string_equal(c->reason, reason);
    evidence_policy_freep(&p);
    scene_done(&s);
}

static void measurements_are_compared_with_rims(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    measure("vbios_96005E0001.swidtag", 1704067200, CHECK_PASS,
            "12 measurements are what NVIDIA published");
    measure("vbios_96005E0001_mismatch.xml", 1736899200, CHECK_FAIL,
            "device 0: 1 of 12 differ, at index 9");
}

static void nonce_of_the_list_is_the_signed_one(void **state)
{
    (void)state;
    struct scene s;
    uint8_t nonce[32];
    test_vectors_or_skip(FOLDER);
    struct evidence_policy *p = policy_of(1, 0, "");
    open_scene(&s, "json/hopper_evidence.json", NULL);
    assert_ok(hex_decode(
        BYTES_LIT("e97b23a1718095a0e9e35edca810768c70a6a5a389b705e753b197912bc11576"), nonce, 32));
    s.expect.nonce = BYTES_OF(nonce);
    assert_ok(judge(&s, p));
    assert_int_equal(checks_find(&s.checks, "gpu.nonce")->result, CHECK_PASS);
    nonce[31] ^= 1;
    assert_code(judge(&s, p), ST_POLICY);
    assert_string_equal(checks_find(&s.checks, "gpu.nonce")->code, "GPU_NONCE_MISMATCH");
    evidence_policy_freep(&p);
    scene_done(&s);
}

/* Of bytes to damage: valgrind takes long for each, and looks for other things. */
static size_t step(void)
{
    return getenv("EML_UNDER_VALGRIND") != NULL ? 97 : 1;
}

/* No bit of a report can be turned: what is not parsed strictly is signed. */
static void no_bit_of_a_report_can_be_turned(void **state)
{
    (void)state;
    struct scene s;
    test_vectors_or_skip(FOLDER);
    struct evidence_policy *p = policy_of(1, 0, "");
    open_scene(&s, "hopper-nvtrust.report.txt", "hopper-nvtrust.chain.pem.txt");
    struct buf raw CLEANUP(buf_done) = BUF_MAX(SPDM_REPORT_MAX_BYTES);
    assert_ok(hex_decode_buf(buf_view(&s.evidence), &raw));
    buf_done(&s.evidence);
    s.evidence = buf_take(&raw);
    assert_ok(evidence_cache_new(&s.expect.cache));
    assert_ok(judge(&s, p));
    for (size_t i = 0; i < s.evidence.n; i += step()) {
        s.evidence.p[i] ^= (uint8_t)(1u << i % 8);
        if (ok(judge(&s, p)))
            fail_msg("accepted with byte %zu changed", i);
        s.evidence.p[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_ok(judge(&s, p));
    assert_non_null(strstr(checks_find(&s.checks, "gpu.chain")->reason, "proven before"));
    size_t whole = s.evidence.n;
    for (size_t n = 0; n < whole; n += step()) {
        s.evidence.n = n;
        assert_true(failed(judge(&s, p)));
    }
    evidence_cache_freep(&s.expect.cache);
    evidence_policy_freep(&p);
    scene_done(&s);
}

/* ---- the attestation service's answer ----
 *
 * NVIDIA's service judges evidence and signs a token. It is no evidence: a client that believed it
 * would trust the service in the place of the device. The files serve to compare names of claims;
 * what can be checked of them without the service's key is checked here. */

static json_t *claims_of(const char *jwt)
{
    const char *from = strchr(jwt, '.');
    assert_non_null(from);
    const char *to = strchr(from + 1, '.');
    assert_non_null(to);
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    assert_ok(base64url_decode(bytes_of(from + 1, (size_t)(to - from - 1)), &text));
    json_t *claims = json_loadb((const char *)text.p, text.n, 0, NULL);
    assert_non_null(claims);
    return claims;
}

static void token_of_the_service_names_the_detached_one(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    struct vectors v = vectors_open(FOLDER "/nras/hopper_detached_eat.json");
    struct vectors decoded = vectors_open(FOLDER "/nras/hopper_decoded.json");
    uint8_t digest[32];
    char hex[65];
    const char *whole = json_string_value(json_array_get(json_array_get(v.root, 0), 1));
    const char *detached = vector_str(json_array_get(v.root, 1), "GPU-0");
    json_t *claims = claims_of(whole), *device = claims_of(detached);
    const json_t *named = vector_at(vector_at(claims, "submods"), "GPU-0");
    assert_ok(sha256(bytes_str(detached), digest));
    hex_encode(BYTES_OF(digest), hex);
    assert_string_equal(json_string_value(json_array_get(named, 0)), "DIGEST");
    assert_string_equal(json_string_value(json_array_get(json_array_get(named, 1), 0)), "SHA-256");
    assert_string_equal(json_string_value(json_array_get(json_array_get(named, 1), 1)), hex);
    assert_true(json_equal(device, vector_at(decoded.root, "GPU-0")));
    json_decref(claims);
    json_decref(device);
    vectors_close(&v);
    vectors_close(&decoded);
}

static void token_of_the_service_is_no_evidence(void **state)
{
    (void)state;
    static const char *const names[] = {"hopper_detached_eat.json", "hopper_decoded.json"};
    test_vectors_or_skip(FOLDER);
    struct evidence_policy *p = policy_of(1, 0, "");
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        struct scene s = {.expect.at_unix_s = AT};
        (void)snprintf(path, sizeof(path), FOLDER "/nras/%s", names[i]);
        s.evidence = test_vector(path);
        assert_code(judge(&s, p), ST_FORMAT);
        assert_string_equal(checks_first_failure(&s.checks)->id, "gpu.evidence");
        scene_done(&s);
    }
    evidence_policy_freep(&p);
}

static void root_is_the_published_one(void **state)
{
    (void)state;
    uint8_t digest[32];
    char hex[65];
    struct cert_list certs;
    test_vectors_or_skip(FOLDER);
    struct buf pem CLEANUP(buf_done) = test_vector(FOLDER "/certs/device_root.pem");
    assert_ok(cert_list_read(buf_view(&pem), &certs));
    assert_int_equal(certs.n, 1);
    assert_bytes_equal(certs.der[0], gpu_root());
    assert_ok(sha256(gpu_root(), digest));
    hex_encode(BYTES_OF(digest), hex);
    assert_memory_equal(hex, "102bf659d5419614", 16);
    cert_list_done(&certs);
}

/* ---- nothing is left out ---- */

static bool is_judged(const char *folder, const char *name)
{
    static const char *const others[] = {
        "README.md",           "device_root.pem",    /* here */
        "rim_root.pem",        "wrong_rim_root.pem", /* tests/unit/tee_rim */
        "hopper_decoded.json", "hopper_detached_eat.json",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(name, others[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < N_VERDICTS; i++) {
        const struct verdict_row *v = &VERDICTS[i];
        const char *file = strncmp(v->file, "json/", 5) == 0 ? v->file + 5 : v->file;
        if (strcmp(file, name) == 0 || (v->chain != NULL && strcmp(v->chain, name) == 0))
            return true;
    }
    for (size_t i = 0; i < N_REPORTS; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "%s.expected.json", REPORTS[i].name);
        if (strcmp(name, expected) == 0)
            return true;
    }
    return strstr(folder, "/rim") != NULL; /* tests/unit/tee_rim/test_rim_vectors.c walks it */
}

static size_t walk(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[1024];
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR) {
            n += walk(path);
            continue;
        }
        if (!is_judged(folder, e->d_name))
            fail_msg("%s is not judged", path);
        n++;
    }
    (void)closedir(dir);
    return n;
}

static void every_file_is_covered(void **state)
{
    (void)state;
    char folder[512];
    test_vectors_or_skip(FOLDER);
    (void)snprintf(folder, sizeof(folder), "%s/" FOLDER, test_vectors());
    size_t n = walk(folder);
    print_message("%zu files, README included\n", n);
    assert_int_equal(n, 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_what_was_decoded),
        cmocka_unit_test(each_file_has_its_verdict),
        cmocka_unit_test(measurements_are_compared_with_rims),
        cmocka_unit_test(nonce_of_the_list_is_the_signed_one),
        cmocka_unit_test(no_bit_of_a_report_can_be_turned),
        cmocka_unit_test(token_of_the_service_names_the_detached_one),
        cmocka_unit_test(token_of_the_service_is_no_evidence),
        cmocka_unit_test(root_is_the_published_one),
        cmocka_unit_test(every_file_is_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
