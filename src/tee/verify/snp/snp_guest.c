#include "tee/verify/snp/snp_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

static bool is_set(uint64_t policy, unsigned bit)
{
    return (policy >> bit & 1u) != 0;
}

static void shows_policy(struct evidence_job *j)
{
    evidence_shows(j, "POLICY", bytes_of(j->evidence.p + 0x08, 8));
}

/* ---- the guest's policy ---- */

/* A bit of a later revision could allow what nobody here has thought of. */
void snp_check_guest_policy(struct evidence_job *j)
{
    uint64_t policy = snp_signed(j)->policy;
    shows_policy(j);
    if (!is_set(policy, SNP_POLICY_ALWAYS_ONE))
        evidence_fail(j, NULL, "bit 17 is not one");
    else if (policy >> SNP_POLICY_FIRST_RESERVED != 0)
        evidence_fail(j, NULL, "reserved bits are set: 0x%" PRIx64, policy);
    else
        evidence_pass(j, "0x%" PRIx64 ", no reserved bit", policy);
}

void snp_check_debug(struct evidence_job *j)
{
    shows_policy(j);
    if (is_set(snp_signed(j)->policy, SNP_POLICY_DEBUG))
        evidence_fail(j, NULL, "the guest was launched so that the host may read its memory");
    else
        evidence_pass(j, "debugging is not allowed");
}

void snp_check_abi(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    unsigned abi = (unsigned)(snp_signed(j)->policy & 0xffff);
    shows_policy(j);
    if (rules == NULL || rules->min_abi == 0)
        evidence_skip(j, false, SNP_UNPINNED_FIX, "the guest asks for firmware interface %u.%u",
                      abi >> 8, abi & 0xff);
    else if (abi < rules->min_abi)
        evidence_fail(j, NULL, "the guest asks for firmware interface %u.%u, at least %u.%u",
                      abi >> 8, abi & 0xff, rules->min_abi >> 8, rules->min_abi & 0xff);
    else
        evidence_pass(j, "the guest asks for firmware interface %u.%u", abi >> 8, abi & 0xff);
}

void snp_check_guest_flags(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    uint64_t policy = snp_signed(j)->policy;
    uint64_t wrong =
        rules == NULL ? 0 : (policy ^ rules->guest_policy.want) & rules->guest_policy.mask;
    char text[SNP_FLAGS_TEXT_MAX];
    shows_policy(j);
    snp_flags_text(&snp_guest_flags, wrong != 0 ? wrong : UINT64_MAX, policy, text);
    if (wrong != 0)
        evidence_fail(j, NULL, "the guest has %s", text);
    else if (rules == NULL || rules->guest_policy.mask == 0)
        evidence_skip(j, false, SNP_UNPINNED_FIX, "%s", text);
    else
        evidence_pass(j, "%s", text);
}

/* The id of an agent is all ones when there is none; some firmware leaves zeroes. */
static bool has_agent(struct bytes id)
{
    bool is_ones = true;
    for (size_t i = 0; i < id.n; i++)
        is_ones &= id.p[i] == 0xff;
    return !is_ones && !bytes_all_zero(id);
}

void snp_check_migration(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    const struct snp_fields *f = snp_signed(j);
    bool is_allowed = rules != NULL && rules->is_migration_agent_allowed;
    shows_policy(j);
    evidence_shows(j, "REPORT_ID_MA", f->report_id_ma);
    if (!is_allowed && is_set(f->policy, SNP_POLICY_MIGRATE_MA))
        evidence_fail(j, NULL, "the guest may be given to a migration agent");
    else if (!is_allowed && has_agent(f->report_id_ma))
        evidence_fail(j, NULL, "the guest has a migration agent");
    else
        evidence_pass(j, "%s",
                      is_allowed ? "the policy allows a migration agent" : "no migration agent");
}

/* ---- who asked for the report ---- */

static void judge_vmpl(struct evidence_job *j, uint32_t vmpl)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    if (rules == NULL && vmpl != 0)
        evidence_skip(j, true, SNP_NO_POLICY_FIX,
                      "VMPL %" PRIu32 ": no policy names the design behind it", vmpl);
    else if (rules != NULL && vmpl != rules->vmpl)
        evidence_fail(j, NULL, "VMPL %" PRIu32 ", the policy says %" PRIu32, vmpl, rules->vmpl);
    else
        evidence_pass(j, "VMPL %" PRIu32, vmpl);
}

void snp_check_vmpl(struct evidence_job *j)
{
    uint32_t vmpl = snp_signed(j)->vmpl;
    evidence_shows(j, "VMPL", bytes_of(j->evidence.p + 0x30, 4));
    if (vmpl == SNP_VMPL_HOST)
        evidence_fail(j, "SNP_VMPL_HOST", "the host asked for this report, not the guest");
    else if (vmpl > SNP_VMPL_MAX)
        evidence_fail(j, NULL, "VMPL %" PRIu32 " does not exist", vmpl);
    else
        judge_vmpl(j, vmpl);
}

void snp_check_report_data(struct evidence_job *j)
{
    struct bytes want = j->expect->report_data, got = snp_signed(j)->report_data;
    evidence_shows(j, "REPORT_DATA", got);
    if (want.p == NULL)
        evidence_skip(j, false, "Give the 64 bytes that the guest was asked to attest, if any.",
                      "no REPORT_DATA to compare with; see the check statement");
    else if (!bytes_equal(got, want))
        evidence_fail(j, NULL, "the report carries other data than expected");
    else
        evidence_pass(j, "the report carries the expected data");
}

/* ---- the release, pinned as a whole ---- */

void snp_check_measurement(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    const struct snp_fields *f = snp_signed(j);
    char hex[2 * SNP_MEASUREMENT_LEN + 1];
    hex_encode(f->measurement, hex);
    evidence_shows(j, "MEASUREMENT", f->measurement);
    if (s->rules == NULL) {
        evidence_skip(j, true, SNP_NO_POLICY_FIX, "no release to compare with; it is %s", hex);
        return;
    }
    s->closest = snp_policy_closest(s->rules, f);
    const struct snp_release *whole = snp_policy_match(s->rules, f);
    j->release = whole != NULL ? whole->name : NULL;
    if (s->closest == NULL)
        evidence_fail(j, NULL, "no release of the policy has it: %s", hex);
    else
        evidence_pass(j, "%s of release %s", hex, s->closest->name);
}

static void judge_pin(struct evidence_job *j, enum snp_pin pin, const char *got)
{
    const struct snp_state *s = snp_state_of(j);
    const struct snp_release *r = s->closest;
    if (r == NULL)
        evidence_skip(j, false, s->rules == NULL ? SNP_NO_POLICY_FIX : SNP_UNPINNED_FIX,
                      "no release to compare with; it is %s", got);
    else if ((r->pinned_mask >> pin & 1u) == 0)
        evidence_skip(j, false, SNP_UNPINNED_FIX, "release %s does not pin it; it is %s", r->name,
                      got);
    else if (snp_release_differs(r, snp_signed(j), pin))
        evidence_fail(j, NULL, "release %s has another one than %s", r->name, got);
    else
        evidence_pass(j, "as in release %s", r->name);
}

static void check_pin(struct evidence_job *j, enum snp_pin pin, const char *label)
{
    char hex[2 * SNP_MEASUREMENT_LEN + 1];
    struct bytes got = snp_pin_of(snp_signed(j), pin);
    hex_encode(got, hex);
    evidence_shows(j, label, got);
    judge_pin(j, pin, hex);
}

void snp_check_host_data(struct evidence_job *j)
{
    check_pin(j, SNP_PIN_HOST_DATA, "HOST_DATA");
}

void snp_check_id_key(struct evidence_job *j)
{
    check_pin(j, SNP_PIN_ID_KEY, "ID_KEY_DIGEST");
}

void snp_check_author_key(struct evidence_job *j)
{
    check_pin(j, SNP_PIN_AUTHOR_KEY, "AUTHOR_KEY_DIGEST");
}

void snp_check_family_id(struct evidence_job *j)
{
    check_pin(j, SNP_PIN_FAMILY_ID, "FAMILY_ID");
}

void snp_check_image_id(struct evidence_job *j)
{
    check_pin(j, SNP_PIN_IMAGE_ID, "IMAGE_ID");
}

void snp_check_guest_svn(struct evidence_job *j)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%" PRIu32, snp_signed(j)->guest_svn);
    evidence_shows(j, "GUEST_SVN", bytes_of(j->evidence.p + 0x04, 4));
    judge_pin(j, SNP_PIN_GUEST_SVN, text);
}
