/* TDX quotes and collateral with any of their fields edited and signed again under a test root, so
 * that fuzzing reaches what stands behind the signatures. The rules are written down here a second
 * time, over the plain data that was signed: what breaks one is refused, what breaks none accepted.
 *
 * The input is a list of edits of four bytes: what, where (two bytes), value. */
#include <stdlib.h>
#include <string.h>

#include "support/forge_dcap.h"
#include "tee/verify/dcap/dcap_root.h"
#include "tee/verify/evidence.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EDITS_MAX = 8, EDIT_BYTES = 4 };

static struct forge_dcap pristine;
static struct evidence_policy *policy;

struct bytes dcap_root(void)
{
    return forge_dcap_root(&pristine);
}

#define FILL16(b) b b b b b b b b b b b b b b b b
#define FILL48(b) "\"" FILL16(b) FILL16(b) FILL16(b) "\""

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char text[] =
        "{\"version\":1,\"tdx\":{\"releases\":[{\"name\":\"r1\",\"mrtd\":" FILL48("a0") ",\"rtmr0\":" FILL48(
            "b0") ",\"rtmr1\":" FILL48("b1") ",\"rtmr2\":" FILL48("b2") "}],\"min_tee_tcb_svn\":\"03010100000000000000000000000000\"}}";
    (void)argc;
    (void)argv;
    forge_dcap_init(&pristine, QUOTE_TDX);
    assert_ok(evidence_policy_parse(bytes_str(text), &policy));
    return 0;
}

/* ---- edits ---- */

static const char *word_of(uint8_t v)
{
    static const char *const WORDS[] = {"UpToDate", "OutOfDate", "Revoked"};
    return WORDS[v % 3];
}

static const char *platform_word_of(uint8_t v)
{
    static const char *const WORDS[] = {"UpToDate",
                                        "SWHardeningNeeded",
                                        "ConfigurationNeeded",
                                        "ConfigurationAndSWHardeningNeeded",
                                        "OutOfDate",
                                        "OutOfDateConfigurationNeeded",
                                        "Revoked"};
    return WORDS[v % 7];
}

static const char *advisory_of(uint8_t v)
{
    return v % 2 != 0 ? "\"INTEL-SA-00001\"" : NULL;
}

static void edit_level(struct forge_dcap_level *l, size_t at, uint8_t v)
{
    switch (at / 256 % 5) {
    case 0:
        l->sgx[at % 16] = v;
        break;
    case 1:
        l->tdx[at % 16] = v;
        break;
    case 2:
        l->pcesvn = v;
        break;
    case 3:
        l->status = platform_word_of(v);
        break;
    default:
        l->advisories = advisory_of(v);
    }
}

static void edit_part(struct forge_dcap_part *p, size_t at, uint8_t v)
{
    if (at % 3 == 0)
        p->isvsvn = v;
    else if (at % 3 == 1)
        p->status = word_of(v);
    else
        p->advisories = advisory_of(v);
}

static void edit_tables(struct forge_dcap *f, size_t at, uint8_t v)
{
    switch (at % 6) {
    case 0:
        f->tcb_fmspc[at / 6 % 6] = v;
        break;
    case 1:
        f->tcb_pceid[at / 6 % 2] = v;
        break;
    case 2:
        f->module_mrsigner[at / 6 % 48] = v;
        break;
    case 3:
        f->module_attributes[at / 6 % 8] = v;
        break;
    case 4:
        f->qe_mrsigner[at / 6 % 32] = v;
        break;
    default:
        f->qe_isvprodid = v;
    }
}

static void edit(struct forge_dcap *f, uint8_t what, size_t at, uint8_t v)
{
    switch (what % 9) {
    case 0:
        f->body[at % QUOTE_TD15_LEN] = v;
        break;
    case 1: /* from the attributes to XFAM, and TEE_TCB_SVN: most rules stand there */
        f->body[at % 2 ? at / 2 % 16 : FORGE_TD_SEAM_ATTRIBUTES + at / 2 % 24] = v;
        break;
    case 2:
        f->svn[at % 16] = v;
        break;
    case 3:
        f->pcesvn = (uint16_t)at;
        break;
    case 4:
        f->qe_report[at % QUOTE_ENCLAVE_LEN] = v;
        break;
    case 5:
        edit_level(&f->levels[at / 4096 % 2], at, v);
        break;
    case 6:
        edit_part(at % 2 ? &f->qe_level : &f->module_level, at / 2, v);
        break;
    case 7:
        edit_tables(f, at, v);
        break;
    default:
        f->version = v % 2 ? 5 : 4;
        f->body_type = v % 4 == 1 ? QUOTE_BODY_TD15 : QUOTE_BODY_TD10;
    }
}

/* ---- the rules ---- */

static bool is_filled(const uint8_t *p, size_t n, uint8_t v)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != v)
            return false;
    }
    return true;
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v = 0;
    for (size_t i = 8; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

static bool is_td_right(const struct forge_dcap *f)
{
    const uint8_t *b = f->body;
    uint64_t attributes = le64(b + FORGE_TD_ATTRIBUTES), xfam = le64(b + FORGE_TD_XFAM);
    bool has_service = f->version == 5 && f->body_type == QUOTE_BODY_TD15;
    return (attributes & ~UINT64_C(0x48000000)) == 0x10000000 && (xfam & 3) == 3 &&
           (xfam | 0x6dbe7) == 0x6dbe7 && is_filled(b + FORGE_TD_MRSIGNERSEAM, 56, 0) &&
           is_filled(b + FORGE_TD_MRTD, 48, 0xa0) && is_filled(b + FORGE_TD_MRCONFIGID, 144, 0) &&
           is_filled(b + FORGE_TD_RTMR0, 48, 0xb0) &&
           is_filled(b + FORGE_TD_RTMR0 + 48, 48, 0xb1) &&
           is_filled(b + FORGE_TD_RTMR0 + 96, 48, 0xb2) &&
           (!has_service || is_filled(b + FORGE_TD_MRSERVICETD, 48, 0));
}

static bool is_qe_right(const struct forge_dcap *f)
{
    const uint8_t *r = f->qe_report;
    const uint8_t *a = r + FORGE_SGX_ATTRIBUTES;
    return memcmp(r + FORGE_SGX_MRSIGNER, f->qe_mrsigner, 32) == 0 &&
           is_filled(r + FORGE_SGX_MISCSELECT, 4, 0) && (a[0] & 0xfb) == 0x01 &&
           is_filled(a + 1, 7, 0) && r[FORGE_SGX_ISVPRODID] == f->qe_isvprodid &&
           r[FORGE_SGX_ISVPRODID + 1] == 0;
}

static bool is_word_right(const char *status_word, const char *advisories)
{
    return strcmp(status_word, "UpToDate") == 0 && advisories == NULL;
}

static bool is_module_right(const struct forge_dcap *f, const uint8_t *svn)
{
    bool is_signer = is_filled(f->module_mrsigner, 48, 0) && is_filled(f->module_attributes, 8, 0);
    if (svn[1] == 0)
        return is_signer;
    return is_signer && svn[1] == 1 && svn[0] >= f->module_level.isvsvn &&
           is_word_right(f->module_level.status, f->module_level.advisories);
}

static bool is_reached(const struct forge_dcap *f, const uint8_t *svn,
                       const struct forge_dcap_level *l)
{
    for (size_t i = 0; i < 16; i++) {
        if (f->svn[i] < l->sgx[i] || (svn[i] < l->tdx[i] && (i >= 2 || svn[1] == 0)))
            return false;
    }
    return f->pcesvn >= l->pcesvn;
}

static size_t level_of(const struct forge_dcap *f, const uint8_t *svn)
{
    size_t i = 0;
    while (i < f->n_levels && !is_reached(f, svn, &f->levels[i]))
        i++;
    return i;
}

/* The policy's min_tee_tcb_svn. */
static bool is_floor_reached(const uint8_t *svn)
{
    return svn[0] >= 3 && svn[1] >= 1 && svn[2] >= 1;
}

/* The module that launched the TD and, where the report tells of it, the one that runs now. */
static bool is_level_right(const struct forge_dcap *f)
{
    bool has_two = f->version == 5 && f->body_type == QUOTE_BODY_TD15;
    const uint8_t *launch = f->body + FORGE_TD_TCB_SVN;
    const uint8_t *now = has_two ? f->body + FORGE_TD_TCB_SVN_2 : launch;
    size_t a = level_of(f, launch), b = level_of(f, now);
    size_t worse = a > b ? a : b;
    return is_floor_reached(launch) && is_floor_reached(now) && worse < f->n_levels &&
           is_module_right(f, launch) && is_module_right(f, now) &&
           is_word_right(f->levels[worse].status, f->levels[worse].advisories);
}

static bool is_right(const struct forge_dcap *f)
{
    const uint8_t *svn = f->qe_report + FORGE_SGX_ISVSVN;
    unsigned isvsvn = svn[0] | (unsigned)svn[1] << 8;
    return is_td_right(f) && is_qe_right(f) && is_level_right(f) && isvsvn >= f->qe_level.isvsvn &&
           is_word_right(f->qe_level.status, f->qe_level.advisories) &&
           memcmp(f->tcb_fmspc, f->fmspc, 6) == 0 && memcmp(f->tcb_pceid, f->pceid, 2) == 0;
}

static void judge(const struct forge_dcap *f)
{
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(f);
    struct buf collateral CLEANUP(buf_done) = forge_dcap_collateral(f);
    struct checks checks = {0};
    struct evidence_verified verified;
    struct evidence_expect expect = {
        .at_unix_s = FORGE_DCAP_NOW,
        .beside.collateral = buf_view(&collateral),
    };
    status s =
        evidence_verify(buf_view(&quote), EVIDENCE_TDX, policy, &expect, &checks, NULL, &verified);
    if (ok(s) != is_right(f))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct forge_dcap f = pristine;
    struct buf pck = BUF_MAX(1 << 14);
    f.certs[FORGE_DCAP_PCK].der = pck; /* the only certificate that an edit changes */
    for (size_t i = 0; i + EDIT_BYTES <= size && i < EDITS_MAX * EDIT_BYTES; i += EDIT_BYTES)
        edit(&f, data[i], data[i + 1] | (size_t)data[i + 2] << 8, data[i + 3]);
    forge_dcap_issue_pck(&f);
    judge(&f);
    buf_done(&f.certs[FORGE_DCAP_PCK].der);
    return 0;
}
