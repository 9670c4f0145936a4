/* The provider of GPU evidence against a fake of the vendor's library, error paths included; what
 * it hands out is judged by the verifier. */
#include "support/test.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "fakes/fake_nvml.h"
#include "formats/pem.h"
#include "support/forge_gpu.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_root.h"

struct bytes gpu_root(void)
{
    return forge_gpu_root();
}

static char library[PATH_MAX + 32];
static void *handle;
static struct fake_nvml *fake;
static struct forge_gpu devices;
static struct buf reports[FAKE_NVML_DEVICES], chains[FAKE_NVML_DEVICES];
static bool answers_another_nonce;

/* A device signs the nonce that it is given. */
static struct bytes answer(unsigned device, const uint8_t *nonce)
{
    struct forge_gpu_device *d = &devices.v[device];
    memcpy(d->request + 4, nonce, NVIDIA_DEVICE_NONCE_LEN);
    d->request[4] ^= answers_another_nonce;
    buf_done(&reports[device]);
    reports[device] = forge_gpu_report(d);
    return buf_view(&reports[device]);
}

static void find_library(void)
{
    char self[PATH_MAX] = "";
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    char *slash = strrchr(self, '/');
    assert_non_null(slash);
    *slash = 0;
    (void)snprintf(library, sizeof(library), "%s/libfake_nvml.so", self);
}

static int setup(void **state)
{
    struct fake_nvml *(*plan)(void);
    (void)state;
    find_library();
    handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        fail_msg("%s", dlerror());
    void *address = dlsym(handle, "fake_nvml_plan");
    memcpy(&plan, &address, sizeof(plan));
    fake = plan();
    forge_gpu_init(&devices);
    forge_gpu_add(&devices, "GH100", "48B02D9249400002");
    forge_gpu_issue(&devices);
    for (size_t i = 0; i < FAKE_NVML_DEVICES; i++)
        chains[i] = forge_gpu_chain(&devices.v[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAKE_NVML_DEVICES; i++) {
        buf_done(&chains[i]);
        buf_done(&reports[i]);
    }
    forge_gpu_done(&devices);
    (void)dlclose(handle);
    return 0;
}

static void reset(void)
{
    *fake = (struct fake_nvml){
        .count = FAKE_NVML_DEVICES,
        .state = {.environment = NVIDIA_NVML_ENVIRONMENT_PRODUCTION, .feature = 1},
        .report = answer,
        .chains = {buf_view(&chains[0]), buf_view(&chains[1])},
    };
    answers_another_nonce = false;
}

static struct statement cpu_statement(void)
{
    struct statement s = {.platform = BYTES_LIT("intel-tdx"), .service = BYTES_LIT("gpu.example")};
    memset(s.identity_key, 2, sizeof(s.identity_key));
    return s;
}

static void evidence_is_bound_and_accepted(void **state)
{
    (void)state;
    struct nvidia_nvml *nvml = NULL;
    struct evidence_policy *p = NULL;
    struct checks checks = {0};
    struct evidence_verified verified;
    struct statement s = cpu_statement();
    struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_LIST_MAX_BYTES);
    reset();
    assert_ok(nvidia_nvml_open(library, &nvml));
    struct nvidia_device_api api = nvidia_nvml_api(nvml);
    buf_put_str(&out, "");
    assert_ok(nvidia_device_attach(&api, &s, &out));
    nvidia_nvml_closep(&nvml);
    nvidia_nvml_closep(&nvml);
    assert_int_equal(fake->n_inits, 1);
    assert_int_equal(fake->n_shutdowns, 1);

    struct evidence_expect expect = {.at_unix_s = FORGE_GPU_NOW, .cpu_statement = &s};
    assert_ok(evidence_policy_parse(
        BYTES_LIT("{\"version\": 1, \"nvidia_gpu\": {\"gpus\": 2, \"min_driver\": \"550\","
                  "\"may_skip\": [\"gpu.reference\", \"gpu.measurements\"]}}"),
        &p));
    assert_ok(
        evidence_verify(buf_view(&out), EVIDENCE_NVIDIA_GPU, p, &expect, &checks, NULL, &verified));
    assert_int_equal(checks_find(&checks, "gpu.bound")->result, CHECK_PASS);
    assert_int_equal(checks_find(&checks, "gpu.devtools")->result, CHECK_PASS);
    evidence_policy_freep(&p);
}

/* ---- what may go wrong ---- */

static void no_count(void)
{
    fake->count_code = 999;
}
static void no_device(void)
{
    fake->count = 0;
}
static void many_devices(void)
{
    fake->count = 17;
}
static void no_handle(void)
{
    fake->handle_code = 3;
}
static void no_state(void)
{
    fake->state_code = 3;
}
static void is_off(void)
{
    fake->state.feature = 0;
}
static void is_simulated(void)
{
    fake->state.environment = 1;
}
static void has_tools(void)
{
    fake->state.developer_tools = 1;
}
static void no_report(void)
{
    fake->report_code = 3;
}
static void report_too_long(void)
{
    fake->said_report_n = NVIDIA_NVML_REPORT_MAX + 1;
}
static void report_too_short(void)
{
    fake->said_report_n = 10;
}
static void another_nonce(void)
{
    answers_another_nonce = true;
}
static void no_certificate(void)
{
    fake->certificate_code = 3;
}
static void chain_too_long(void)
{
    fake->said_chain_n = NVIDIA_NVML_ATTESTATION_CHAIN_MAX + 1;
}
static void chain_cut(void)
{
    fake->said_chain_n = 100;
}
static void chain_of_der(void)
{
    fake->chains[0] = buf_view(&devices.v[0].ders[FORGE_GPU_LEAF]);
}
#define TINY_PEM "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
static void chain_of_seven(void)
{
    static struct buf seven;
    buf_done(&seven);
    seven = BUF_MAX(NVIDIA_NVML_ATTESTATION_CHAIN_MAX);
    pem_put(&seven, "CERTIFICATE", buf_view(&devices.v[0].ders[FORGE_GPU_LEAF]));
    for (size_t i = 0; i < 6; i++)
        buf_put_str(&seven, TINY_PEM);
    assert_ok(buf_status(&seven));
    fake->chains[0] = buf_view(&seven);
}
static void pcie_off(void)
{
    fake->state.feature = 0;
    fake->multi_gpu = NVIDIA_NVML_MULTI_GPU_PROTECTED_PCIE;
    fake->settings_code = 3;
}
static void pcie_on(void)
{
    fake->state.feature = 0;
    fake->multi_gpu = NVIDIA_NVML_MULTI_GPU_PROTECTED_PCIE;
}

static void pcie_on_with_tools(void)
{
    pcie_on();
    fake->settings_tools = 1;
}

static const struct row {
    const char *name;
    void (*edit)(void);
    enum status_code code;
} ROWS[] = {
    {"protected PCIe counts as on", pcie_on, ST_OK},
    {"no count", no_count, ST_IO},
    {"no device", no_device, ST_NOTFOUND},
    {"seventeen devices", many_devices, ST_LIMIT},
    {"no handle", no_handle, ST_IO},
    {"no state", no_state, ST_IO},
    {"confidential computing off", is_off, ST_POLICY},
    {"off, and settings that cannot be read", pcie_off, ST_POLICY},
    {"simulated", is_simulated, ST_POLICY},
    {"developer tools", has_tools, ST_POLICY},
    {"developer tools, told by the settings alone", pcie_on_with_tools, ST_POLICY},
    {"no report", no_report, ST_IO},
    {"report longer than its place", report_too_long, ST_LIMIT},
    {"report too short", report_too_short, ST_TRUNCATED},
    {"another nonce answered", another_nonce, ST_MISMATCH},
    {"no certificate", no_certificate, ST_IO},
    {"chain longer than its place", chain_too_long, ST_LIMIT},
    {"chain cut off", chain_cut, ST_FORMAT},
    {"chain that is no PEM text", chain_of_der, ST_FORMAT},
    {"chain of seven certificates", chain_of_seven, ST_LIMIT},
};

static void each_failure_is_reported(void **state)
{
    (void)state;
    static const uint8_t nonce[NVIDIA_DEVICE_NONCE_LEN] = {5};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct nvidia_nvml *nvml = NULL;
        struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_LIST_MAX_BYTES);
        reset();
        ROWS[i].edit();
        assert_ok(nvidia_nvml_open(library, &nvml));
        struct nvidia_device_api api = nvidia_nvml_api(nvml);
        status s = nvidia_device_evidence(&api, nonce, &out);
        if (s.code != ROWS[i].code && !(ROWS[i].code == ST_FORMAT && s.code == ST_TRUNCATED))
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code), status_detail());
        if (failed(s))
            assert_int_equal(out.n, 0);
        nvidia_nvml_closep(&nvml);
    }
}

static void library_that_does_not_start(void **state)
{
    (void)state;
    struct nvidia_nvml *nvml = NULL;
    reset();
    fake->init_code = 9;
    assert_code(nvidia_nvml_open(library, &nvml), ST_IO);
    assert_null(nvml);
    assert_int_equal(fake->n_shutdowns, 0);
    assert_code(nvidia_nvml_open("libno-such-library.so.1", &nvml), ST_NOTFOUND);
    /* A library without the functions: any other one. */
    assert_code(nvidia_nvml_open("libc.so.6", &nvml), ST_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_bound_and_accepted),
        cmocka_unit_test(each_failure_is_reported),
        cmocka_unit_test(library_that_does_not_start),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
