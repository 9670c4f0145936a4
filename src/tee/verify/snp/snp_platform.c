#include "tee/verify/snp/snp_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

/* What every sold chip of the line has to live with. */
#define MILAN_REASON "software has recovered the root secret of Milan chips (arXiv 2605.12990)"

static void unpinned(struct evidence_job *j, const char *what)
{
    evidence_skip(j, false, snp_state_of(j)->rules == NULL ? SNP_NO_POLICY_FIX : SNP_UNPINNED_FIX,
                  "%s", what);
}

/* ---- the certificate against the report ---- */

static void masked(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    const char *why = "the report hides its chip's id, so the certificate cannot be compared";
    if (rules != NULL && !rules->is_masked_chip_allowed)
        evidence_fail(j, "SNP_CHIP_ID_MASKED", "%s", why);
    else
        evidence_skip(j, rules == NULL, NULL, "%s", why);
}

void snp_check_hwid(struct evidence_job *j)
{
    const struct snp_cert *leaf = &snp_state_of(j)->leaf;
    struct bytes id = snp_signed(j)->chip_id;
    evidence_shows(j, "CHIP_ID", id);
    if (leaf->kind == SNP_KEY_VLEK) {
        evidence_skip(j, false, "Ask the provider for a VCEK, where the chip matters.",
                      "a VLEK certificate names a provider and no chip");
        return;
    }
    evidence_shows(j, "hardware id", leaf->hwid);
    if (bytes_all_zero(id))
        masked(j);
    else if (!bytes_equal(bytes_of(id.p, leaf->hwid.n), leaf->hwid) ||
             !bytes_all_zero(bytes_of(id.p + leaf->hwid.n, id.n - leaf->hwid.n)))
        evidence_fail(j, NULL, "the certificate is of another chip");
    else
        evidence_pass(j, "the certificate is of the report's chip");
}

static status read_tcbs(struct snp_state *s)
{
    const struct snp_fields *f = &s->signed_.fields;
    enum snp_product p = s->leaf.product;
    TRY(status_context(snp_tcb_read(f->current_tcb, p, &s->current), "CURRENT_TCB"));
    TRY(status_context(snp_tcb_read(f->reported_tcb, p, &s->reported), "REPORTED_TCB"));
    TRY(status_context(snp_tcb_read(f->committed_tcb, p, &s->committed), "COMMITTED_TCB"));
    TRY(status_context(snp_tcb_read(f->launch_tcb, p, &s->launch), "LAUNCH_TCB"));
    return OK;
}

/* The firmware never commits or reports more than it runs. */
void snp_check_tcb(struct evidence_job *j)
{
    struct snp_state *s = snp_state_of(j);
    const struct snp_fields *f = snp_signed(j);
    evidence_shows(j, "CURRENT_TCB", f->current_tcb);
    evidence_shows(j, "REPORTED_TCB", f->reported_tcb);
    evidence_shows(j, "COMMITTED_TCB", f->committed_tcb);
    evidence_shows(j, "LAUNCH_TCB", f->launch_tcb);
    if (failed(read_tcbs(s))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    s->has_tcb = true;
    enum snp_part committed = snp_tcb_below(&s->current, &s->committed);
    enum snp_part reported = snp_tcb_below(&s->current, &s->reported);
    if (committed != SNP_PARTS)
        evidence_fail(j, "SNP_TCB_ORDER", "the committed %s is newer than the current one",
                      snp_part_name(committed));
    else if (reported != SNP_PARTS)
        evidence_fail(j, "SNP_TCB_ORDER", "the reported %s is newer than the current one",
                      snp_part_name(reported));
    else
        evidence_pass(j, "committed and reported firmware are no newer than the current one");
}

static bool has_tcb(struct evidence_job *j)
{
    bool has = snp_state_of(j)->has_tcb;
    if (!has)
        evidence_skip(j, true, "See the check tcb.", "not judged: the TCB cannot be read");
    return has;
}

/* The key is derived from the firmware's levels; one of older firmware may be in an attacker's
 * hands, whatever the report says. */
void snp_check_vek_tcb(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    if (!has_tcb(j))
        return;
    enum snp_part part = snp_tcb_differs(&s->leaf.tcb, &s->reported);
    if (part != SNP_PARTS)
        evidence_fail(j, NULL, "%s is %u in the certificate and %u in REPORTED_TCB",
                      snp_part_name(part), s->leaf.tcb.spl[part], s->reported.spl[part]);
    else
        evidence_pass(j, "every level of the certificate is the reported one");
}

/* ---- what the policy accepts ---- */

void snp_check_product_allowed(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    enum snp_product p = s->leaf.product;
    const char *why = p == SNP_MILAN ? ": " MILAN_REASON : "";
    if (s->rules == NULL)
        evidence_skip(j, true, SNP_NO_POLICY_FIX, "no policy accepts %s%s", snp_product_line(p),
                      why);
    else if (!s->rules->products[p].is_accepted)
        evidence_fail(j, NULL, "the policy does not accept %s%s", snp_product_line(p), why);
    else
        evidence_pass(j, "the policy accepts %s%s", snp_product_line(p), why);
}

void snp_check_version(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    uint32_t version = snp_signed(j)->version;
    evidence_shows(j, "VERSION", bytes_of(j->evidence.p, 4));
    if (rules == NULL)
        unpinned(j, "no policy asks for a report version");
    else if (version < rules->min_report_version)
        evidence_fail(j, NULL, "version %" PRIu32 ", at least %" PRIu32, version,
                      rules->min_report_version);
    else
        evidence_pass(j, "version %" PRIu32 ", at least %" PRIu32, version,
                      rules->min_report_version);
}

static void check_csp(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    struct bytes id = s->leaf.csp_id;
    evidence_shows(j, "provider id", id);
    if (!snp_policy_lists_csp(s->rules, id))
        evidence_fail(j, "SNP_CSP_REFUSED", "the provider is %.*s", (int)id.n, (const char *)id.p);
    else
        evidence_pass(j, "the key that AMD lent to %.*s", (int)id.n, (const char *)id.p);
}

void snp_check_key_allowed(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    const char *name = s->leaf.kind == SNP_KEY_VLEK ? "VLEK" : "VCEK";
    if (s->rules == NULL)
        evidence_skip(j, true, SNP_NO_POLICY_FIX, "no policy says whether a %s will do", name);
    else if ((s->rules->keys_mask >> s->leaf.kind & 1u) == 0)
        evidence_fail(j, NULL, "the policy does not accept a %s", name);
    else if (s->leaf.kind == SNP_KEY_VLEK)
        check_csp(j);
    else
        evidence_pass(j, "the policy accepts a %s", name);
}

/* An id that the report hides is on no list of accepted ones. One that a VLEK signed is the word of
 * whoever has that key, and every machine of the provider has it; a VCEK's is its certificate's. */
void snp_check_chip(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    struct bytes id = snp_signed(j)->chip_id;
    evidence_shows(j, "CHIP_ID", id);
    if (rules != NULL && snp_chips_list(&rules->denied_chips, id))
        evidence_fail(j, "SNP_CHIP_DENIED", "the policy refuses this chip");
    else if (rules == NULL || (rules->chips.n == 0 && rules->denied_chips.n == 0))
        unpinned(j, "no chip is named or refused");
    else if (bytes_all_zero(id))
        evidence_fail(j, NULL, "the report hides its chip's id");
    else if (snp_state_of(j)->leaf.kind == SNP_KEY_VLEK)
        evidence_fail(j, NULL, "a VLEK signed, which proves no chip's id");
    else if (rules->chips.n > 0 && !snp_chips_list(&rules->chips, id))
        evidence_fail(j, NULL, "the policy does not name this chip");
    else
        evidence_pass(j, "the policy accepts this chip");
}

static void check_floor(struct evidence_job *j, const struct snp_tcb *got,
                        const struct snp_tcb *floor)
{
    const struct snp_state *s = snp_state_of(j);
    char text[SNP_TCB_TEXT_MAX];
    enum snp_part part = snp_tcb_below(got, floor);
    snp_tcb_text(got, s->leaf.product, text);
    if (part != SNP_PARTS)
        evidence_fail(j, NULL, "%s %u, at least %u (%s)", snp_part_name(part), got->spl[part],
                      floor->spl[part], text);
    else
        evidence_pass(j, "%s", text);
}

/* The floors of a product that is not accepted say nothing. */
static const struct snp_floors *floors_of(struct evidence_job *j)
{
    const struct snp_state *s = snp_state_of(j);
    if (!has_tcb(j))
        return NULL;
    if (s->rules == NULL || !s->rules->products[s->leaf.product].is_accepted) {
        evidence_skip(j, true, SNP_NO_POLICY_FIX, "no policy says how old firmware may be");
        return NULL;
    }
    return &s->rules->products[s->leaf.product];
}

void snp_check_tcb_reported(struct evidence_job *j)
{
    const struct snp_floors *f = floors_of(j);
    if (f != NULL)
        check_floor(j, &snp_state_of(j)->reported, &f->reported);
}

void snp_check_tcb_committed(struct evidence_job *j)
{
    const struct snp_floors *f = floors_of(j);
    if (f != NULL)
        check_floor(j, &snp_state_of(j)->committed, &f->committed);
}

void snp_check_tcb_launch(struct evidence_job *j)
{
    const struct snp_floors *f = floors_of(j);
    if (f != NULL)
        check_floor(j, &snp_state_of(j)->launch, &f->launch);
}

static uint32_t order(const struct snp_firmware *f)
{
    return (uint32_t)f->major << 16 | (uint32_t)f->minor << 8 | f->build;
}

/* The committed version: an operator can go back to it at any time. */
void snp_check_firmware(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    const struct snp_fields *f = snp_signed(j);
    const struct snp_firmware *got = &f->committed;
    evidence_shows(j, "firmware versions", bytes_of(j->evidence.p + 0x1e8, 8));
    if (order(&f->committed) > order(&f->current))
        evidence_fail(j, "SNP_FIRMWARE_ORDER", "committed firmware newer than the current one");
    else if (rules == NULL || !rules->has_min_firmware)
        unpinned(j, "no firmware version is asked for");
    else if (order(got) < order(&rules->min_firmware))
        evidence_fail(j, NULL, "version %u.%u build %u is older than the policy's", got->major,
                      got->minor, got->build);
    else
        evidence_pass(j, "version %u.%u build %u", got->major, got->minor, got->build);
}

void snp_check_mitigations(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    const struct snp_fields *f = snp_signed(j);
    uint64_t at_launch = rules == NULL ? 0 : rules->launch_mitigations;
    uint64_t now = rules == NULL ? 0 : rules->current_mitigations;
    evidence_shows(j, "mitigation vectors", bytes_of(j->evidence.p + 0x1f8, 16));
    if ((at_launch | now) == 0)
        unpinned(j, "no mitigation is asked for");
    else if (!f->has_mitigations)
        evidence_fail(j, NULL, "a report of version %" PRIu32 " tells of no mitigations",
                      f->version);
    else if ((at_launch & ~f->launch_mitigations) != 0)
        evidence_fail(j, NULL, "at launch 0x%" PRIx64 " was in force, 0x%" PRIx64 " must be",
                      f->launch_mitigations, at_launch);
    else if ((now & ~f->current_mitigations) != 0)
        evidence_fail(j, NULL, "now 0x%" PRIx64 " is in force, 0x%" PRIx64 " must be",
                      f->current_mitigations, now);
    else
        evidence_pass(j, "every mitigation that the policy names is in force");
}

/* Newer firmware sets bits that have no name here; they are shown and cannot be pinned. */
void snp_check_platform_info(struct evidence_job *j)
{
    const struct snp_policy *rules = snp_state_of(j)->rules;
    uint64_t info = snp_signed(j)->platform_info;
    uint64_t unknown = snp_flags_unknown(&snp_platform_flags, info);
    uint64_t wrong =
        rules == NULL ? 0 : (info ^ rules->platform_info.want) & rules->platform_info.mask;
    char text[SNP_FLAGS_TEXT_MAX];
    evidence_shows(j, "PLATFORM_INFO", bytes_of(j->evidence.p + 0x40, 8));
    snp_flags_text(&snp_platform_flags, wrong != 0 ? wrong : UINT64_MAX, info, text);
    if (wrong != 0)
        evidence_fail(j, NULL, "the machine has %s", text);
    else if (rules == NULL || rules->platform_info.mask == 0)
        unpinned(j, text);
    else
        evidence_pass(j, "%s; unnamed bits 0x%" PRIx64, text, unknown);
}
