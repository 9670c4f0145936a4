/* What the platform is worth: quoting enclave, TDX module, levels, status, advisories, machine. */
#include "dcap_scene.h"

/* ---- the quoting enclave ---- */

static void qe_signer(void)
{
    scene.f.qe_report[FORGE_SGX_MRSIGNER + 31] ^= 1;
}

static void qe_product(void)
{
    scene.f.qe_report[FORGE_SGX_ISVPRODID] = 1;
}

static void qe_miscselect(void)
{
    scene.f.qe_report[FORGE_SGX_MISCSELECT + 3] = 0x80;
}

static void qe_debug(void)
{
    scene.f.qe_report[FORGE_SGX_ATTRIBUTES] |= 0x02;
}

static void qe_provisioning(void)
{
    scene.f.qe_report[FORGE_SGX_ATTRIBUTES] |= 0x10;
}

static void qe_below_every_level(void)
{
    scene.f.qe_report[FORGE_SGX_ISVSVN] = 3;
}

/* Its status counts. */
static void qe_out_of_date(void)
{
    scene.f.qe_level.status = "OutOfDate";
}

static void qe_revoked(void)
{
    scene.f.qe_level.status = "Revoked";
    scene.rules = ",\"statuses\":[\"UpToDate\",\"OutOfDate\",\"OutOfDateConfigurationNeeded\"]";
}

/* ---- the TDX module ---- */

static void module_unknown(void)
{
    scene.f.body[FORGE_TD_TCB_SVN + 1] = 2;
}

static void module_identities_missing(void)
{
    scene.f.module_id = NULL;
}

static void module_signer(void)
{
    scene.f.module_mrsigner[0] = 1;
}

static void module_attributes(void)
{
    scene.f.module_attributes[7] = 1;
}

static void module_below_every_level(void)
{
    scene.f.body[FORGE_TD_TCB_SVN] = 3;
}

static void module_out_of_date(void)
{
    scene.f.module_level.status = "OutOfDate";
}

/* ---- the module that runs now, after an update ---- */

static void current_module_unknown(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN_2 + 1] = 3;
}

static void current_module_below_every_level(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN_2] = 3;
}

static void current_platform_below_every_level(void)
{
    scene.f.version = 5;
    scene.f.levels[1].tdx[2] = 1;
    scene.f.body[FORGE_TD_TCB_SVN_2 + 2] = 0;
}

static void current_platform_out_of_date(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN_2 + 2] = 1;
}

/* ---- levels ---- */

static void component_below_every_level(void)
{
    scene.f.svn[1] = 1;
    forge_dcap_issue(&scene.f);
}

static void pcesvn_below_every_level(void)
{
    scene.f.pcesvn = 4;
    forge_dcap_issue(&scene.f);
}

static void td_svn_below_every_level(void)
{
    scene.f.levels[0].tdx[5] = scene.f.levels[1].tdx[5] = 1;
}

/* A component that only the second level allows. */
static void second_level(void)
{
    scene.f.svn[3] = 2;
    forge_dcap_issue(&scene.f);
}

/* The certificate reaches the first level, the running module's SVN only the second. */
static void second_level_by_the_td(void)
{
    scene.f.body[FORGE_TD_TCB_SVN + 2] = 1;
}

static void level_revoked(void)
{
    scene.f.levels[0].status = "Revoked";
    scene.rules = ",\"statuses\":[\"UpToDate\",\"OutOfDate\"]";
}

static void advisory_of_the_level(void)
{
    scene.f.levels[0].advisories = "\"INTEL-SA-00001\"";
}

static void advisory_of_the_qe(void)
{
    scene.f.qe_level.advisories = "\"INTEL-SA-00002\"";
}

static void advisory_of_the_module(void)
{
    scene.f.module_level.advisories = "\"INTEL-SA-00003\"";
}

static void one_advisory_of_two_listed(void)
{
    scene.f.levels[0].advisories = "\"INTEL-SA-00001\",\"INTEL-SA-00002\"";
    scene.rules = ",\"advisories\":[\"INTEL-SA-00001\"]";
}

/* ---- machines ---- */

static void fmspc_not_listed(void)
{
    scene.rules = ",\"fmspcs\":[\"00806f050000\"]";
}

static void ppid_not_listed(void)
{
    scene.rules = ",\"ppids\":[\"00000000000000000000000000000000\"]";
}

static const struct scene_row REFUSED[] = {
    {"another signer's QE", QUOTE_TDX, qe_signer, "qe.identity", "DCAP_QE_IDENTITY_MISMATCH"},
    {"another product as QE", QUOTE_TDX, qe_product, "qe.identity", "DCAP_QE_IDENTITY_MISMATCH"},
    {"QE with another MISCSELECT", QUOTE_TDX, qe_miscselect, "qe.identity",
     "DCAP_QE_IDENTITY_MISMATCH"},
    {"QE under debug", QUOTE_TDX, qe_debug, "qe.identity", "DCAP_QE_IDENTITY_MISMATCH"},
    {"QE with another attribute", QUOTE_SGX, qe_provisioning, "qe.identity",
     "DCAP_QE_IDENTITY_MISMATCH"},
    {"QE below every level", QUOTE_TDX, qe_below_every_level, "qe.level", "DCAP_QE_NO_LEVEL"},
    {"QE out of date", QUOTE_TDX, qe_out_of_date, "tcb.status", "DCAP_TCB_STATUS_REFUSED"},
    {"QE revoked", QUOTE_TDX, qe_revoked, "tcb.status", "DCAP_TCB_STATUS_REFUSED"},
    {"a module of which nothing is said", QUOTE_TDX, module_unknown, "tdx_module",
     "TDX_MODULE_UNKNOWN"},
    {"no module identities", QUOTE_TDX, module_identities_missing, "tdx_module",
     "TDX_MODULE_UNKNOWN"},
    {"another signer's module", QUOTE_TDX, module_signer, "tdx_module", "TDX_MODULE_MISMATCH"},
    {"a module with another attribute", QUOTE_TDX, module_attributes, "tdx_module",
     "TDX_MODULE_MISMATCH"},
    {"a module below every level", QUOTE_TDX, module_below_every_level, "tdx_module.level",
     "TDX_MODULE_NO_LEVEL"},
    {"a module out of date", QUOTE_TDX, module_out_of_date, "tcb.status",
     "DCAP_TCB_STATUS_REFUSED"},
    {"an unknown module runs now", QUOTE_TDX, current_module_unknown, "tdx_module.current",
     "TDX_CURRENT_NO_LEVEL"},
    {"a module below every level runs now", QUOTE_TDX, current_module_below_every_level,
     "tdx_module.current", "TDX_CURRENT_NO_LEVEL"},
    {"a platform below every level now", QUOTE_TDX, current_platform_below_every_level,
     "tdx_module.current", "TDX_CURRENT_NO_LEVEL"},
    {"a platform out of date now", QUOTE_TDX, current_platform_out_of_date, "tcb.status",
     "DCAP_TCB_STATUS_REFUSED"},
    {"a component below every level", QUOTE_TDX, component_below_every_level, "tcb.level",
     "DCAP_TCB_NO_LEVEL"},
    {"PCESVN below every level", QUOTE_SGX, pcesvn_below_every_level, "tcb.level",
     "DCAP_TCB_NO_LEVEL"},
    {"TEE_TCB_SVN below every level", QUOTE_TDX, td_svn_below_every_level, "tcb.level",
     "DCAP_TCB_NO_LEVEL"},
    {"out of date by the certificate", QUOTE_TDX, second_level, "tcb.status",
     "DCAP_TCB_STATUS_REFUSED"},
    {"out of date by the TD", QUOTE_TDX, second_level_by_the_td, "tcb.status",
     "DCAP_TCB_STATUS_REFUSED"},
    {"revoked, whatever the policy says", QUOTE_SGX, level_revoked, "tcb.status",
     "DCAP_TCB_STATUS_REFUSED"},
    {"an advisory of the level", QUOTE_TDX, advisory_of_the_level, "tcb.advisories",
     "DCAP_ADVISORY_REFUSED"},
    {"an advisory of the QE", QUOTE_TDX, advisory_of_the_qe, "tcb.advisories",
     "DCAP_ADVISORY_REFUSED"},
    {"an advisory of the module", QUOTE_TDX, advisory_of_the_module, "tcb.advisories",
     "DCAP_ADVISORY_REFUSED"},
    {"one advisory of two is listed", QUOTE_SGX, one_advisory_of_two_listed, "tcb.advisories",
     "DCAP_ADVISORY_REFUSED"},
    {"FMSPC not listed", QUOTE_TDX, fmspc_not_listed, "platform.allowed", "DCAP_FMSPC_REFUSED"},
    {"PPID not listed", QUOTE_TDX, ppid_not_listed, "platform.allowed", "DCAP_PPID_REFUSED"},
};

static void refused(void **state)
{
    (void)state;
    SCENE_ROWS(REFUSED);
}

/* ---- accepted ---- */

static void out_of_date_accepted(void)
{
    scene.f.pcesvn = 10;
    forge_dcap_issue(&scene.f);
    scene.rules = ",\"statuses\":[\"OutOfDate\"],\"advisories\":[\"INTEL-SA-00837\"]";
}

/* Before 1.5 the platform's levels judge the module, and nothing else is said of it. */
static void old_module(void)
{
    scene.f.module_id = NULL;
    scene.f.body[FORGE_TD_TCB_SVN + 1] = 0;
}

static void machine_listed(void)
{
    scene.rules = ",\"fmspcs\":[\"00806f050000\",\"909000000000\"],"
                  "\"ppids\":[\"77777777777777777777777777777777\"]";
}

static void qe_attributes_outside_the_mask(void)
{
    scene.f.qe_report[FORGE_SGX_ATTRIBUTES + 9] = 0xff;
    scene.f.qe_report[FORGE_SGX_ATTRIBUTES] = 0x01;
}

static void updated_since_launch(void)
{
    scene.f.version = 5;
    scene.f.body[FORGE_TD_TCB_SVN_2] = 9;
}

static const struct scene_row ACCEPTED[] = {
    {"a module updated since launch", QUOTE_TDX, updated_since_launch, NULL, NULL},
    {"out of date, by the policy's leave", QUOTE_TDX, out_of_date_accepted, NULL, NULL},
    {"a module of before 1.5", QUOTE_TDX, old_module, NULL, NULL},
    {"the machine is listed", QUOTE_SGX, machine_listed, NULL, NULL},
    {"QE attributes outside the mask", QUOTE_TDX, qe_attributes_outside_the_mask, NULL, NULL},
};

static void accepted(void **state)
{
    (void)state;
    SCENE_ROWS(ACCEPTED);
}

/* Every word that two parts may have gives this word together. */
static void merged_words(void **state)
{
    (void)state;
    const struct {
        const char *level, *qe, *module, *together;
    } rows[] = {
        {"UpToDate", "UpToDate", "UpToDate", "UpToDate"},
        {"SWHardeningNeeded", "UpToDate", "UpToDate", "SWHardeningNeeded"},
        {"SWHardeningNeeded", "OutOfDate", "UpToDate", "OutOfDate"},
        {"ConfigurationNeeded", "UpToDate", "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"ConfigurationAndSWHardeningNeeded", "OutOfDate", "UpToDate",
         "OutOfDateConfigurationNeeded"},
        {"OutOfDate", "OutOfDate", "OutOfDate", "OutOfDate"},
        {"OutOfDateConfigurationNeeded", "UpToDate", "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"UpToDate", "Revoked", "UpToDate", "Revoked"},
        {"UpToDate", "UpToDate", "Revoked", "Revoked"},
        {"Revoked", "OutOfDate", "UpToDate", "Revoked"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scene_open(QUOTE_TDX);
        scene.f.levels[0].status = rows[i].level;
        scene.f.qe_level.status = rows[i].qe;
        scene.f.module_level.status = rows[i].module;
        scene.f.levels[0].advisories = "\"INTEL-SA-00001\",\"INTEL-SA-00002\"";
        scene.f.module_level.advisories = "\"INTEL-SA-00002\",\"INTEL-SA-00003\"";
        scene_run();
        const char *status_text = evidence_facts_find(&scene.claimed.facts, "tcb_status");
        const char *advisories = evidence_facts_find(&scene.claimed.facts, "advisories");
        assert_string_equal(status_text, rows[i].together);
        assert_string_equal(advisories, "INTEL-SA-00001,INTEL-SA-00002,INTEL-SA-00003");
        scene_close();
    }
}

/* More advisories than a fact has room for: their number tells, and nothing is cut in silence. */
static void many_advisories(void **state)
{
    (void)state;
    static char list[40 * 20];
    scene_open(QUOTE_SGX);
    for (size_t i = 0, n = 0; i < 40; i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s\"INTEL-SA-%05zu\"", i ? "," : "", i);
    scene.f.levels[0].advisories = list;
    scene_run();
    const char *text = evidence_facts_find(&scene.claimed.facts, "advisories");
    assert_string_equal(evidence_facts_find(&scene.claimed.facts, "n_advisories"), "40");
    assert_true(strlen(text) < EVIDENCE_FACT_MAX - 1);
    assert_string_equal(text + strlen(text) - 4, ",...");
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(merged_words),
        cmocka_unit_test(many_advisories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
