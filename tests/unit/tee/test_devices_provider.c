/* A TD with a GPU, from the provider to the verdict, under test roots of both vendors. */
#include "tee/devices_provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "support/forge_dcap.h"
#include "support/forge_gpu.h"
#include "tee/verify/dcap/dcap_root.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nvidia/gpu_root.h"

/* ---- a CPU and a GPU ---- */

static struct machine {
    struct forge_dcap cpu;
    struct forge_gpu gpus;
    struct buf reference;
    bool is_raw;       /* the CPU's evidence is no bundle */
    bool has_debug;    /* developer tools are on */
    bool is_forgetful; /* devices answer a nonce of their own */
    int n_free;        /* providers freed */
} machine;

/* In the places of Intel's and NVIDIA's: this program trusts the forges alone. */
struct bytes dcap_root(void)
{
    return forge_dcap_root(&machine.cpu);
}

struct bytes gpu_root(void)
{
    return forge_gpu_root();
}

static status cpu_attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    (void)p;
    uint8_t binding[STATEMENT_BINDING_LEN];
    struct buf statement CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    TRY(statement_encode(s, &statement));
    TRY(statement_binding(s, binding));
    memcpy(machine.cpu.body + FORGE_TD_REPORT_DATA, binding, sizeof(binding));
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(&machine.cpu);
    struct buf collateral CLEANUP(buf_done) = forge_dcap_collateral(&machine.cpu);
    const struct bundle b = {.platform = s->platform,
                             .evidence = buf_view(&quote),
                             .statement = buf_view(&statement),
                             .collateral = buf_view(&collateral)};
    if (!machine.is_raw)
        return bundle_encode(&b, out);
    buf_put(out, buf_view(&quote));
    return buf_status(out);
}

static status cpu_random(struct tee_provider *p, void *out, size_t n)
{
    (void)p;
    memset(out, 7, n);
    return OK;
}

static status cpu_measurements(struct tee_provider *p, struct measurements *out)
{
    (void)p;
    *out = (struct measurements){.kind = MEASUREMENT_TDX, .present_mask = 1};
    return OK;
}

static void cpu_free(struct tee_provider *p)
{
    machine.n_free++;
    free(p);
}

static const struct tee_provider_ops CPU_OPS = {.platform = "intel-tdx",
                                                .attest = cpu_attest,
                                                .random = cpu_random,
                                                .measurements = cpu_measurements,
                                                .free = cpu_free};

static status gpu_state(void *ctx, struct nvidia_device_state *out)
{
    (void)ctx;
    *out = (struct nvidia_device_state){
        .is_production = true, .is_confidential = true, .has_developer_tools = machine.has_debug};
    return OK;
}

static status gpu_count(void *ctx, size_t *out)
{
    (void)ctx;
    *out = machine.gpus.n;
    return OK;
}

static status gpu_report(void *ctx, size_t i, const uint8_t nonce[static NVIDIA_DEVICE_NONCE_LEN],
                         struct buf *out)
{
    (void)ctx;
    if (!machine.is_forgetful)
        forge_gpu_set_nonce(&machine.gpus, nonce);
    struct buf report CLEANUP(buf_done) = forge_gpu_report(&machine.gpus.v[i]);
    buf_put(out, buf_view(&report));
    return buf_status(out);
}

static status gpu_chain(void *ctx, size_t i, struct buf *out)
{
    (void)ctx;
    struct buf chain CLEANUP(buf_done) = forge_gpu_chain(&machine.gpus.v[i]);
    buf_put(out, buf_view(&chain));
    return buf_status(out);
}

static const struct nvidia_device_api GPU_API = {
    .state = gpu_state, .count = gpu_count, .report = gpu_report, .chain = gpu_chain};

/* ---- the scene ---- */

static int open_machine(void **state)
{
    (void)state;
    machine = (struct machine){0};
    forge_dcap_init(&machine.cpu, QUOTE_TDX);
    forge_gpu_init(&machine.gpus);
    machine.reference = forge_gpu_reference(&machine.gpus);
    return 0;
}

static int close_machine(void **state)
{
    (void)state;
    forge_dcap_done(&machine.cpu);
    forge_gpu_done(&machine.gpus);
    buf_done(&machine.reference);
    return 0;
}

static struct tee_provider *provider(void)
{
    struct tee_provider *cpu = calloc(1, sizeof(*cpu)), *out = NULL;
    assert_non_null(cpu);
    cpu->ops = &CPU_OPS;
    assert_ok(devices_provider_over(cpu, &GPU_API, &out));
    return out;
}

static struct statement sample(uint8_t fill)
{
    struct statement s = {.service = BYTES_LIT("gpu.example")};
    memset(s.nonce, fill, sizeof(s.nonce));
    memset(s.identity_key, 2, sizeof(s.identity_key));
    memset(s.receipt_key, 3, sizeof(s.receipt_key));
    return s;
}

static struct buf attested(uint8_t fill)
{
    struct tee_provider *p CLEANUP(tee_provider_freep) = provider();
    struct statement s = sample(fill);
    struct buf out = BUF_MAX(BUNDLE_MAX_BYTES);
    assert_ok(tee_attest(p, &s, &out));
    return out;
}

static void put_pin(struct buf *out, const char *name, uint8_t fill)
{
    buf_printf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < 48; i++)
        buf_printf(out, "%02x", fill);
    buf_put_str(out, "\"");
}

static struct evidence_policy *policy(void)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    uint8_t digest[SHA256_LEN];
    assert_ok(sha256(buf_view(&machine.reference), digest));
    buf_put_str(&text,
                "{\"version\":1,\"service\":\"gpu.example\",\"tdx\":{\"releases\":[{\"name\":"
                "\"r1\"");
    put_pin(&text, "mrtd", 0xa0);
    put_pin(&text, "rtmr0", 0xb0);
    put_pin(&text, "rtmr1", 0xb1);
    put_pin(&text, "rtmr2", 0xb2);
    buf_put_str(&text, "}]},\"nvidia_gpu\":{\"gpus\":1,\"reference_sha256\":[\"");
    hex_put(&text, BYTES_OF(digest));
    buf_put_str(&text, "\"]}}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

/* Judges a bundle as a client that expects this nonce does. */
static void must_be(struct bytes evidence, uint8_t nonce, enum verdict want, const char *id,
                    const char *code)
{
    static struct evidence_claimed claimed;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = policy();
    struct evidence_verified v;
    struct checks c = {0};
    uint8_t client[32];
    memset(client, nonce, sizeof(client));
    const struct evidence_expect e = {.at_unix_s = FORGE_GPU_NOW,
                                      .is_session = true,
                                      .client_nonce = client,
                                      .beside.reference_values = buf_view(&machine.reference)};
    struct bytes exact = test_exact(evidence);
    status s = evidence_verify(exact, EVIDENCE_TDX, p, &e, &c, &claimed, &v);
    const struct check *first = checks_first_failure(&c);
    if (checks_verdict(&c) != want)
        fail_msg("%s: %s: %s", verdict_name(checks_verdict(&c)), first ? first->id : "no failure",
                 first ? first->reason : status_detail());
    assert_int_equal(ok(s), want == VERDICT_ACCEPT);
    if (id != NULL) {
        assert_non_null(first);
        assert_string_equal(first->id, id);
        assert_string_equal(first->code, code);
    } else {
        assert_true(v.has_devices);
    }
    test_exact_free(exact);
}

/* ---- tests ---- */

static void an_enclave_with_its_gpu_is_accepted(void **state)
{
    (void)state;
    struct buf evidence CLEANUP(buf_done) = attested(1);
    must_be(buf_view(&evidence), 1, VERDICT_ACCEPT, NULL, NULL);
    must_be(buf_view(&evidence), 9, VERDICT_REJECT, "nonce", "DCAP_NONCE_MISMATCH");
}

static void parts_of_two_sessions_do_not_mix(void **state)
{
    (void)state;
    struct buf one CLEANUP(buf_done) = attested(1);
    struct buf two CLEANUP(buf_done) = attested(2);
    struct buf mixed CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct bundle a, b;
    assert_ok(bundle_parse(buf_view(&one), &a));
    assert_ok(bundle_parse(buf_view(&two), &b));
    a.devices = b.devices;
    assert_ok(bundle_encode(&a, &mixed));
    must_be(buf_view(&mixed), 1, VERDICT_REJECT, "devices", "DEVICES_NOT_BOUND");
    a.devices = (struct bytes){0};
    buf_clear(&mixed);
    assert_ok(bundle_encode(&a, &mixed));
    must_be(buf_view(&mixed), 1, VERDICT_REJECT, "devices", "DEVICES_MISSING");
}

/* A dishonest enclave states the digest of a genuine GPU that answered somebody else. */
static void a_gpu_that_answered_another_enclave_is_not_bound(void **state)
{
    (void)state;
    struct buf other CLEANUP(buf_done) = attested(2);
    struct buf evidence CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct buf cpu CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct statement s = sample(1);
    struct bundle theirs, ours;
    assert_ok(bundle_parse(buf_view(&other), &theirs));
    s.platform = BYTES_LIT("intel-tdx");
    assert_ok(sha256(theirs.devices, s.device_digest));
    assert_ok(cpu_attest(NULL, &s, &cpu));
    assert_ok(bundle_parse(buf_view(&cpu), &ours));
    ours.devices = theirs.devices;
    assert_ok(bundle_encode(&ours, &evidence));
    must_be(buf_view(&evidence), 1, VERDICT_REJECT, "gpu.nonce", "GPU_NONCE_MISMATCH");
}

static void the_cpu_is_judged_first(void **state)
{
    (void)state;
    machine.cpu.body[FORGE_TD_MRTD] ^= 1;
    struct buf evidence CLEANUP(buf_done) = attested(1);
    must_be(buf_view(&evidence), 1, VERDICT_REJECT, "measurements", "DCAP_MEASUREMENT_MISMATCH");
}

static void nothing_is_attested_when_the_devices_do_not_answer(void **state)
{
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = provider();
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct statement s = sample(1);
    machine.has_debug = true;
    assert_code(tee_attest(p, &s, &out), ST_POLICY);
    machine.has_debug = false;
    machine.is_forgetful = true;
    assert_code(tee_attest(p, &s, &out), ST_MISMATCH);
    machine.is_forgetful = false;
    machine.is_raw = true;
    assert_code(tee_attest(p, &s, &out), ST_UNSUPPORTED);
    assert_int_equal(out.n, 0);
}

static void the_rest_is_the_cpus(void **state)
{
    (void)state;
    struct tee_provider *p = provider();
    uint8_t random[4];
    struct measurements m;
    assert_string_equal(tee_platform(p), "intel-tdx");
    assert_ok(tee_random(p, random, sizeof(random)));
    assert_int_equal(random[3], 7);
    assert_ok(tee_measurements(p, &m));
    assert_int_equal(m.kind, MEASUREMENT_TDX);
    tee_provider_freep(&p);
    assert_int_equal(machine.n_free, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_enclave_with_its_gpu_is_accepted, open_machine,
                                        close_machine),
        cmocka_unit_test_setup_teardown(parts_of_two_sessions_do_not_mix, open_machine,
                                        close_machine),
        cmocka_unit_test_setup_teardown(a_gpu_that_answered_another_enclave_is_not_bound,
                                        open_machine, close_machine),
        cmocka_unit_test_setup_teardown(the_cpu_is_judged_first, open_machine, close_machine),
        cmocka_unit_test_setup_teardown(nothing_is_attested_when_the_devices_do_not_answer,
                                        open_machine, close_machine),
        cmocka_unit_test_setup_teardown(the_rest_is_the_cpus, open_machine, close_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
