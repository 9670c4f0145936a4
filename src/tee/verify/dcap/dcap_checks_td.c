#include "tee/verify/dcap/dcap_job.h"

#include <inttypes.h>

#include "tee/verify/dcap/ccel.h"

/* ATTRIBUTES of a TD: bits 0 to 7 put it under debug or profiling, 8 to 31 are about security. */
#define TD_UNDER_DEBUG     UINT64_C(0xff)
#define TD_LASS            (UINT64_C(1) << 27)
#define TD_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define TD_MIGRATABLE      (UINT64_C(1) << 29)
#define TD_PKS             (UINT64_C(1) << 30)
#define TD_KEY_LOCKER      (UINT64_C(1) << 31)
#define TD_PERFMON         (UINT64_C(1) << 63)
#define TD_KNOWN                                                                              \
    (TD_UNDER_DEBUG | TD_LASS | TD_SEPT_VE_DISABLE | TD_MIGRATABLE | TD_PKS | TD_KEY_LOCKER | \
     TD_PERFMON)

/* XFAM: x87 and SSE are always on; a bit outside the second mask exists on no platform. */
#define XFAM_FIXED_ON UINT64_C(0x3)
#define XFAM_POSSIBLE UINT64_C(0x6dbe7)

static const struct quote_td *td_of(const struct evidence_job *j)
{
    return &dcap_state_of(j)->quote.td;
}

void dcap_check_td_debug(struct evidence_job *j)
{
    const struct quote_td *td = td_of(j);
    evidence_shows(j, "TD ATTRIBUTES", td->attributes_view);
    if ((td->attributes & TD_UNDER_DEBUG) != 0)
        evidence_fail(j, NULL, "the TD is under debug or profiling (ATTRIBUTES %016" PRIx64 ")",
                      td->attributes);
    else
        evidence_pass(j, "neither debug nor profiling");
}

struct attribute_rule {
    const char *code, *reason;
    bool is_broken;
};

void dcap_check_td_attributes(struct evidence_job *j)
{
    const struct dcap_policy *rules = dcap_state_of(j)->rules;
    uint64_t a = td_of(j)->attributes;
    const struct attribute_rule rows[] = {
        {NULL, "a reserved bit is set", (a & ~TD_KNOWN) != 0},
        {"TDX_SEPT_VE_ENABLED",
         "SEPT_VE_DISABLE is not set: the host may make pages of the TD fault",
         (a & TD_SEPT_VE_DISABLE) == 0},
        {"TDX_MIGRATABLE", "the TD may be migrated",
         (a & TD_MIGRATABLE) != 0 && !(rules != NULL && rules->allow_migration)},
        {"TDX_PERFMON", "performance monitoring is on",
         (a & TD_PERFMON) != 0 && !(rules != NULL && rules->allow_perfmon)},
        {"TDX_KEY_LOCKER", "key locker is on",
         (a & TD_KEY_LOCKER) != 0 && !(rules != NULL && rules->allow_key_locker)},
    };
    evidence_shows(j, "TD ATTRIBUTES", td_of(j)->attributes_view);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].is_broken)
            continue;
        evidence_fail(j, rows[i].code, "%s (ATTRIBUTES %016" PRIx64 ")", rows[i].reason, a);
        return;
    }
    evidence_pass(j, "ATTRIBUTES %016" PRIx64, a);
}

void dcap_check_td_xfam(struct evidence_job *j)
{
    const struct dcap_policy *rules = dcap_state_of(j)->rules;
    const struct quote_td *td = td_of(j);
    evidence_shows(j, "XFAM", td->xfam_view);
    if ((td->xfam & XFAM_FIXED_ON) != XFAM_FIXED_ON || (td->xfam & ~XFAM_POSSIBLE) != 0)
        evidence_fail(j, NULL, "XFAM %016" PRIx64 " breaks Intel's fixed bits", td->xfam);
    else if (rules != NULL && rules->has_xfam && !bytes_equal(td->xfam_view, BYTES_OF(rules->xfam)))
        evidence_fail(j, "TDX_XFAM_MISMATCH", "XFAM %016" PRIx64 " is not the policy's", td->xfam);
    else
        evidence_pass(j, "XFAM %016" PRIx64, td->xfam);
}

/* Whatever the collateral says: a production module is Intel's, and has no attribute. */
void dcap_check_td_seam(struct evidence_job *j)
{
    const struct quote_td *td = td_of(j);
    evidence_shows(j, "MRSIGNERSEAM", td->mrsignerseam);
    evidence_shows(j, "SEAM ATTRIBUTES", td->seam_attributes_view);
    if (!bytes_all_zero(td->mrsignerseam))
        evidence_fail(j, NULL, "MRSIGNERSEAM is not zero: not Intel's TDX module");
    else if (td->seam_attributes != 0)
        evidence_fail(j, "TDX_SEAM_ATTRIBUTES", "SEAM ATTRIBUTES %016" PRIx64 " are not zero",
                      td->seam_attributes);
    else
        evidence_pass(j, "Intel's TDX module, without attributes");
}

static bool is_at_least(struct bytes got, const uint8_t *want)
{
    for (size_t i = 0; i < got.n; i++) {
        if (got.p[i] < want[i])
            return false;
    }
    return true;
}

/* The module that launched the TD could have read it, and the one that runs now can: a floor is for
 * both, where the report tells of two. */
static const char *module_below(const struct quote_td *td, const uint8_t *least)
{
    if (!is_at_least(td->tee_tcb_svn, least))
        return "launched the TD (TEE_TCB_SVN)";
    return is_at_least(td->tee_tcb_svn2, least) ? NULL : "runs now (TEE_TCB_SVN_2)";
}

void dcap_check_td_module(struct evidence_job *j)
{
    const struct dcap_policy *rules = dcap_state_of(j)->rules;
    const struct quote_td *td = td_of(j);
    bool has_floor = rules != NULL && !bytes_all_zero(BYTES_OF(rules->min_tee_tcb_svn));
    const char *below = has_floor ? module_below(td, rules->min_tee_tcb_svn) : NULL;
    evidence_shows(j, "MRSEAM", td->mrseam);
    evidence_shows(j, "TEE_TCB_SVN", td->tee_tcb_svn);
    evidence_shows(j, "TEE_TCB_SVN_2", td->tee_tcb_svn2);
    if (!has_floor && (rules == NULL || !rules->mrseams.has))
        evidence_skip(j, false, "Set mrseams or min_tee_tcb_svn in the policy, to have it checked.",
                      "the policy names no TDX module");
    else if (!dcap_policy_lists(&rules->mrseams, td->mrseam))
        evidence_fail(j, NULL, "the policy does not list this TDX module (MRSEAM)");
    else if (below != NULL)
        evidence_fail(j, "TDX_SVN_TOO_LOW", "the module that %s is below the policy's least",
                      below);
    else
        evidence_pass(j, "the policy accepts this TDX module");
}

/* ---- event log ---- */

static void compare_registers(struct evidence_job *j, const struct ccel *log)
{
    const struct quote_td *td = td_of(j);
    for (size_t i = 0; i < CCEL_RTMRS; i++) {
        if (bytes_equal(td->rtmr[i], BYTES_OF(log->rtmr[i])))
            continue;
        evidence_fail(j, NULL, "%zu events do not replay into RTMR%zu", log->n_extended[i], i);
        return;
    }
    evidence_pass(j, "%zu events replay into RTMR0 to RTMR3", log->n_events);
}

void dcap_check_event_log(struct evidence_job *j)
{
    struct bytes in = j->expect->beside.event_log;
    const struct dcap_policy *rules = dcap_state_of(j)->rules;
    struct ccel log;
    if (in.p == NULL) {
        evidence_skip(j, rules != NULL && rules->is_event_log_required, NULL,
                      "no event log was given");
        return;
    }
    evidence_shows(j, "event log", in);
    if (failed(ccel_replay(in, &log)))
        evidence_fail(j, "TDX_EVENT_LOG_MALFORMED", "%s", status_detail());
    else
        compare_registers(j, &log);
}
