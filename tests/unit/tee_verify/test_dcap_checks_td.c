/* What a TD is: attributes, features, module, event log, measurements, report data, statement. */
#include "dcap_scene.h"

#include "forge_ccel.h"

static void set_attributes(uint64_t v)
{
    for (int i = 0; i < 8; i++)
        scene.f.body[FORGE_TD_ATTRIBUTES + i] = (uint8_t)(v >> (8 * i));
}

#define SEPT_VE_DISABLE (UINT64_C(1) << 28)

static void debug(void)
{
    set_attributes(SEPT_VE_DISABLE | 1);
}

static void profiled(void)
{
    set_attributes(SEPT_VE_DISABLE | 0x20);
}

static void reserved_attribute(void)
{
    set_attributes(SEPT_VE_DISABLE | UINT64_C(1) << 40);
}

static void reserved_low_attribute(void)
{
    set_attributes(SEPT_VE_DISABLE | UINT64_C(1) << 9);
}

static void sept_ve_enabled(void)
{
    set_attributes(0);
}

static void migratable(void)
{
    set_attributes(SEPT_VE_DISABLE | UINT64_C(1) << 29);
}

static void perfmon(void)
{
    set_attributes(SEPT_VE_DISABLE | UINT64_C(1) << 63);
}

static void key_locker(void)
{
    set_attributes(SEPT_VE_DISABLE | UINT64_C(1) << 31);
}

static void xfam_without_sse(void)
{
    scene.f.body[FORGE_TD_XFAM] = 0xe5;
}

static void xfam_of_no_platform(void)
{
    scene.f.body[FORGE_TD_XFAM + 7] = 0x80;
}

static void xfam_of_another_policy(void)
{
    scene.rules = ",\"xfam\":\"e702000000000000\"";
}

static void seam_signer(void)
{
    scene.f.body[FORGE_TD_MRSIGNERSEAM + 47] = 1;
}

static void seam_attributes(void)
{
    scene.f.body[FORGE_TD_SEAM_ATTRIBUTES + 7] = 0x80;
}

static char mrseam_rule[200];

static void mrseam_not_listed(void)
{
    (void)snprintf(mrseam_rule, sizeof(mrseam_rule), ",\"mrseams\":[\"%096d\"]", 0);
    scene.rules = mrseam_rule;
}

static void tee_tcb_svn_too_low(void)
{
    scene.rules = ",\"min_tee_tcb_svn\":\"05010300000000000000000000000000\"";
}

/* The unedited module's SVN is 5. */
#define FLOOR_6 ",\"min_tee_tcb_svn\":\"06010200000000000000000000000000\""

static void module_at_launch_too_low(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN_2] = 6;
    scene.rules = FLOOR_6;
}

static void module_that_runs_too_low(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN] = 6;
    scene.rules = FLOOR_6;
}

static void both_modules_high_enough(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN] = 6;
    scene.f.body[FORGE_TD_TCB_SVN_2] = 6;
    scene.rules = FLOOR_6;
}

static void only_module_high_enough(void)
{
    scene.f.version = 5;
    scene.f.body_type = QUOTE_BODY_TD10;
    scene.f.body[FORGE_TD_TCB_SVN] = 6;
    scene.rules = FLOOR_6;
}

/* ---- event log ---- */

static struct buf event_log;
static struct buf log_policy;

static void pin_kernel(uint8_t rtmr[4][48])
{
    buf_done(&log_policy);
    log_policy = BUF_MAX(1 << 12);
    buf_put_str(&log_policy, "{\"version\":1,\"tdx\":{\"event_log_required\":true,\"releases\":["
                             "{\"name\":\"r\"");
    scene_put_pin(&log_policy, "mrtd", 0xa0, 48);
    for (int i = 1; i <= 2; i++) {
        buf_printf(&log_policy, ",\"rtmr%d\":\"", i);
        hex_put(&log_policy, bytes_of(rtmr[i], 48));
        buf_put_str(&log_policy, "\"");
    }
    buf_put_str(&log_policy, "}]}}");
    buf_put_u8(&log_policy, 0);
    assert_ok(buf_status(&log_policy));
    scene.policy = (const char *)log_policy.p;
}

static void make_log(bool is_true)
{
    uint8_t rtmr[4][48] = {{0}};
    buf_done(&event_log);
    event_log = BUF_MAX(1 << 12);
    ccel_put_head(&event_log, false);
    for (uint32_t i = 0; i < 4; i++) {
        ccel_put_event(&event_log, i + 1, 4, false, (uint8_t)(0x20 + i));
        ccel_extend(rtmr[i], (uint8_t)(0x20 + i));
    }
    memcpy(scene.f.body + FORGE_TD_RTMR0, rtmr, sizeof(rtmr));
    if (!is_true)
        scene.f.body[FORGE_TD_RTMR0 + 3 * 48] ^= 1;
    scene.expect.beside.event_log = buf_view(&event_log);
    pin_kernel(rtmr);
}

static void log_of_another_boot(void)
{
    make_log(false);
}

static void log_is_cut(void)
{
    make_log(true);
    scene.expect.beside.event_log.n -= 1;
}

/* ---- measurements ---- */

static void other_mrtd(void)
{
    scene.f.body[FORGE_TD_MRTD] ^= 1;
}

static void other_rtmr2(void)
{
    scene.f.body[FORGE_TD_RTMR0 + 2 * 48] ^= 1;
}

/* What a release does not pin is zero. */
static void mrconfigid_not_pinned(void)
{
    scene.f.body[FORGE_TD_MRCONFIGID] = 1;
}

static void mrowner_not_pinned(void)
{
    scene.f.body[FORGE_TD_MROWNER] = 1;
}

static void mrownerconfig_not_pinned(void)
{
    scene.f.body[FORGE_TD_MROWNERCONFIG] = 1;
}

static void mrservicetd_not_pinned(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_MRSERVICETD] = 1;
}

static void policy_of_another_platform(void)
{
    scene.policy = "{\"version\":1,\"sgx\":{\"releases\":[{\"name\":\"r\",\"mrenclave\":"
                   "\"e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0\"}]}}";
}

static const uint8_t OTHER_DATA[64] = {1};

static void other_report_data(void)
{
    scene.expect.report_data = BYTES_OF(OTHER_DATA);
}

static void short_report_data(void)
{
    scene.expect.report_data = bytes_of(OTHER_DATA, 0);
}

/* ---- statement ---- */

static uint8_t nonce[32], key[32];

static void in_session(void)
{
    memset(nonce, 0x11, sizeof(nonce));
    memset(key, 0x22, sizeof(key));
    scene.has_statement = true;
    scene.expect.is_session = true;
    scene.expect.client_nonce = nonce;
    scene.expect.identity_key = key;
}

static void no_statement(void)
{
    in_session();
    scene.has_statement = false;
}

/* A statement that the report data does not bind. */
static void statement_of_another(void)
{
    in_session();
    scene_bind();
    scene.has_statement = false;
    scene.f.body[FORGE_TD_REPORT_DATA] ^= 1;
}

static void statement_of_another_platform(void)
{
    in_session();
    scene.statement.platform = BYTES_LIT("amd-sev-snp");
}

static void epoch_not_listed(void)
{
    in_session();
    scene.statement.freshness = FRESH_EPOCH;
}

static void other_nonce(void)
{
    in_session();
    nonce[31] ^= 1;
}

static void other_key(void)
{
    in_session();
    key[0] ^= 1;
}

static void other_service(void)
{
    in_session();
    scene.around = ",\"service\":\"other.service\"";
}

#define DIGEST "\"0000000000000000000000000000000000000000000000000000000000000000\""

static void other_config(void)
{
    in_session();
    scene.around = ",\"configs\":[" DIGEST "]";
}

static void other_model(void)
{
    in_session();
    scene.around = ",\"models\":[" DIGEST "]";
}

static const struct scene_row REFUSED[] = {
    {"debug", QUOTE_TDX, debug, "td.debug", "TDX_DEBUG"},
    {"profiling", QUOTE_TDX, profiled, "td.debug", "TDX_DEBUG"},
    {"a reserved attribute", QUOTE_TDX, reserved_attribute, "td.attributes",
     "TDX_ATTRIBUTES_RESERVED"},
    {"a reserved attribute below", QUOTE_TDX, reserved_low_attribute, "td.attributes",
     "TDX_ATTRIBUTES_RESERVED"},
    {"SEPT_VE_DISABLE not set", QUOTE_TDX, sept_ve_enabled, "td.attributes", "TDX_SEPT_VE_ENABLED"},
    {"migratable", QUOTE_TDX, migratable, "td.attributes", "TDX_MIGRATABLE"},
    {"performance monitoring", QUOTE_TDX, perfmon, "td.attributes", "TDX_PERFMON"},
    {"key locker", QUOTE_TDX, key_locker, "td.attributes", "TDX_KEY_LOCKER"},
    {"XFAM without SSE", QUOTE_TDX, xfam_without_sse, "td.xfam", "TDX_XFAM_INVALID"},
    {"XFAM of no platform", QUOTE_TDX, xfam_of_no_platform, "td.xfam", "TDX_XFAM_INVALID"},
    {"XFAM of another policy", QUOTE_TDX, xfam_of_another_policy, "td.xfam", "TDX_XFAM_MISMATCH"},
    {"MRSIGNERSEAM", QUOTE_TDX, seam_signer, "td.seam", "TDX_SEAM_SIGNER"},
    {"SEAM attributes", QUOTE_TDX, seam_attributes, "td.seam", "TDX_SEAM_ATTRIBUTES"},
    {"MRSEAM not listed", QUOTE_TDX, mrseam_not_listed, "td.module", "TDX_MODULE_REFUSED"},
    {"TEE_TCB_SVN below the policy's", QUOTE_TDX, tee_tcb_svn_too_low, "td.module",
     "TDX_SVN_TOO_LOW"},
    {"the module at launch below the policy's", QUOTE_TDX, module_at_launch_too_low, "td.module",
     "TDX_SVN_TOO_LOW"},
    {"the module that runs below the policy's", QUOTE_TDX, module_that_runs_too_low, "td.module",
     "TDX_SVN_TOO_LOW"},
    {"event log of another boot", QUOTE_TDX, log_of_another_boot, "event_log",
     "TDX_EVENT_LOG_MISMATCH"},
    {"event log is cut", QUOTE_TDX, log_is_cut, "event_log", "TDX_EVENT_LOG_MALFORMED"},
    {"another MRTD", QUOTE_TDX, other_mrtd, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"another RTMR2", QUOTE_TDX, other_rtmr2, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"MRCONFIGID", QUOTE_TDX, mrconfigid_not_pinned, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"MROWNER", QUOTE_TDX, mrowner_not_pinned, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"MROWNERCONFIG", QUOTE_TDX, mrownerconfig_not_pinned, "measurements",
     "DCAP_MEASUREMENT_MISMATCH"},
    {"MRSERVICETD", QUOTE_TDX, mrservicetd_not_pinned, "measurements", "DCAP_MEASUREMENT_MISMATCH"},
    {"a policy for SGX", QUOTE_TDX, policy_of_another_platform, "policy",
     "POLICY_PLATFORM_REFUSED"},
    {"another REPORTDATA", QUOTE_TDX, other_report_data, "report_data",
     "DCAP_REPORT_DATA_MISMATCH"},
    {"REPORTDATA of no bytes", QUOTE_TDX, short_report_data, "report_data",
     "DCAP_REPORT_DATA_MISMATCH"},
    {"no statement in a session", QUOTE_TDX, no_statement, "statement", "DCAP_STATEMENT_INVALID"},
    {"a statement that is not bound", QUOTE_TDX, statement_of_another, "statement",
     "DCAP_STATEMENT_INVALID"},
    {"a statement of another platform", QUOTE_TDX, statement_of_another_platform, "platform",
     "STATEMENT_PLATFORM_MISMATCH"},
    {"an epoch, not listed", QUOTE_TDX, epoch_not_listed, "freshness", "POLICY_FRESHNESS_REFUSED"},
    {"another nonce", QUOTE_TDX, other_nonce, "nonce", "DCAP_NONCE_MISMATCH"},
    {"another key", QUOTE_TDX, other_key, "public_key", "DCAP_PUBKEY_BINDING_MISMATCH"},
    {"another service", QUOTE_TDX, other_service, "service", "POLICY_SERVICE_MISMATCH"},
    {"another configuration", QUOTE_TDX, other_config, "config", "POLICY_CONFIG_MISMATCH"},
    {"another model", QUOTE_TDX, other_model, "model", "POLICY_MODEL_MISMATCH"},
};

static void refused(void **state)
{
    (void)state;
    SCENE_ROWS(REFUSED);
    buf_done(&event_log);
}

/* ---- accepted ---- */

static void log_of_this_boot(void)
{
    make_log(true);
}

static void allowed_attributes(void)
{
    scene.rules = ",\"allow_migration\":true,\"allow_perfmon\":true,\"allow_key_locker\":true";
    set_attributes(SEPT_VE_DISABLE | UINT64_C(0x80000000e8000000));
}

static void pinned_features(void)
{
    scene.rules = ",\"xfam\":\"e702060000000000\",\"min_tee_tcb_svn\":"
                  "\"05010200000000000000000000000000\"";
}

static void expected_report_data(void)
{
    scene.expect.report_data = bytes_of(scene.f.body + FORGE_TD_REPORT_DATA, 64);
}

static const struct scene_row ACCEPTED[] = {
    {"event log of this boot", QUOTE_TDX, log_of_this_boot, NULL, NULL},
    {"attributes by the policy's leave", QUOTE_TDX, allowed_attributes, NULL, NULL},
    {"pinned features", QUOTE_TDX, pinned_features, NULL, NULL},
    {"both modules at the policy's least", QUOTE_TDX, both_modules_high_enough, NULL, NULL},
    {"TD 1.0, the one module at the policy's least", QUOTE_TDX, only_module_high_enough, NULL,
     NULL},
    {"expected REPORTDATA", QUOTE_TDX, expected_report_data, NULL, NULL},
    {"a session", QUOTE_TDX, in_session, NULL, NULL},
};

static void accepted(void **state)
{
    (void)state;
    SCENE_ROWS(ACCEPTED);
    buf_done(&event_log);
}

static void what_is_published(void **state)
{
    (void)state;
    scene_open(QUOTE_TDX);
    in_session();
    scene_run();
    scene_must_be("a session", VERDICT_ACCEPT, NULL, NULL);
    assert_int_equal(scene.verified.type, EVIDENCE_TDX);
    assert_string_equal(scene.verified.release, "r1");
    assert_int_equal(scene.verified.measurements.kind, MEASUREMENT_TDX);
    assert_int_equal(scene.verified.measurements.present_mask, 0x1f);
    assert_int_equal(scene.verified.measurements.pcr[0][0], 0xa0);
    assert_int_equal(scene.verified.measurements.pcr[4][0], 0xb3);
    assert_memory_equal(scene.verified.binding, scene.f.body + FORGE_TD_REPORT_DATA, 64);
    scene_close();
}

/* A policy that demands the log is not served without it. */
static void a_log_that_is_missing(void **state)
{
    (void)state;
    scene_open(QUOTE_TDX);
    scene.rules = ",\"event_log_required\":true";
    scene_run();
    scene_must_be("no event log", VERDICT_INCOMPLETE, NULL, NULL);
    scene_must_skip("event_log", true);
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(what_is_published),
        cmocka_unit_test(a_log_that_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
