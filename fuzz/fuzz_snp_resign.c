/* Behind the signature: fields of a good report and of a good certificate are changed, both are
 * signed again under roots of our own, and the verdict is compared with the rules, written down
 * here a second time. A report that breaks one is never accepted, and one that breaks none always
 * is.
 *
 * Each edit is four bytes: what (report, extension, policy), where (two bytes), value. */
#include "support/forge_snp.h"

#include "tee/verify/evidence.h"
#include "tee/verify/snp/snp.h"

enum { EDITS_MAX = 8, EDIT_BYTES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes test_root;

struct bytes snp_root(enum snp_product p)
{
    (void)p;
    return test_root;
}

static uint64_t le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

static bool is_zero(const uint8_t *r, size_t from, size_t to)
{
    return bytes_all_zero(bytes_of(r + from, to - from));
}

static bool is_all(const uint8_t *r, size_t from, size_t to, uint8_t v)
{
    for (size_t i = from; i < to; i++) {
        if (r[i] != v)
            return false;
    }
    return true;
}

/* ---- the rules, from the specification and the policy of forge_snp_policy() ---- */

static bool has_form(const uint8_t *r)
{
    uint64_t version = le(r, 4);
    bool is_form = version == 2 || version == 3 || version == 5;
    is_form = is_form && le(r + 0x34, 4) == 1 && is_zero(r, 0x4c, 0x50) && r[0x48] < 0x20;
    is_form = is_form && is_zero(r, 0x49, 0x4c) && is_zero(r, 0x18b, 0x1a0);
    is_form = is_form && r[0x1eb] == 0 && r[0x1ef] == 0 && is_zero(r, 0x208, 0x2a0);
    is_form = is_form && (version > 2 || is_zero(r, 0x188, 0x18b));
    return is_form && (version > 3 || is_zero(r, 0x1f8, 0x208));
}

static bool is_key_right(const struct forge_snp *f)
{
    return (f->report[0x48] >> 1) == (unsigned)f->kind << 1;
}

static bool is_processor_right(const struct forge_snp *f)
{
    const uint8_t *r = f->report;
    if (le(r, 4) == 2)
        return true;
    switch (f->product) {
    case SNP_MILAN:
        return r[0x188] == 0x19 && r[0x189] <= 0x0f;
    case SNP_GENOA:
        return r[0x188] == 0x19 && (r[0x189] >> 4 == 1 || r[0x189] >> 4 == 0xa);
    default:
        return r[0x188] == 0x1a && r[0x189] <= 0x1f;
    }
}

static bool is_chip_right(const struct forge_snp *f)
{
    const uint8_t *r = f->report;
    size_t n = f->product == SNP_TURIN ? 8 : SNP_CHIP_ID_LEN;
    if (f->kind == SNP_KEY_VLEK)
        return true;
    return is_all(r, 0x1a0, 0x1a0 + n, FORGE_SNP_CHIP) && is_zero(r, 0x1a0 + n, 0x1e0);
}

static bool is_part(enum snp_product p, size_t i)
{
    return p == SNP_TURIN ? i <= 3 || i == 7 : i <= 1 || i >= 6;
}

static bool are_levels_right(const struct forge_snp *f)
{
    const uint8_t *r = f->report;
    for (size_t i = 0; i < SNP_TCB_LEN; i++) {
        uint8_t current = r[0x38 + i], reported = r[0x180 + i];
        uint8_t committed = r[0x1e0 + i], launch = r[0x1f0 + i];
        uint8_t least = is_part(f->product, i) ? FORGE_SNP_LEVEL : 0;
        if (!is_part(f->product, i) && (current | reported | committed | launch) != 0)
            return false;
        if (reported != least || reported > current || committed > current)
            return false;
        if (committed < least || launch < least)
            return false;
    }
    return true;
}

static bool is_firmware_in_order(const uint8_t *r)
{
    return le(r + 0x1ec, 3) <= le(r + 0x1e8, 3);
}

static bool is_guest_right(const uint8_t *r)
{
    uint64_t policy = le(r + 8, 8);
    bool has_no_agent = is_all(r, 0x160, 0x180, 0xff) || is_zero(r, 0x160, 0x180);
    return (policy >> 17 & 7) == 1 && policy >> 26 == 0 && has_no_agent && le(r + 0x30, 4) == 0 &&
           is_all(r, 0x90, 0xc0, FORGE_SNP_MEASURED);
}

static bool keeps_the_rules(const struct forge_snp *f)
{
    const uint8_t *r = f->report;
    return has_form(r) && is_key_right(f) && is_processor_right(f) && is_chip_right(f) &&
           are_levels_right(f) && is_firmware_in_order(r) && is_guest_right(r);
}

/* ---- edits ---- */

/* True when the extension's bytes are no longer what was issued for a good forge. */
static bool edit_extension(struct forge_snp *f, const uint8_t *edit)
{
    struct forge_snp_extra *e = &f->extras[edit[1] % f->n_extras];
    if (e->n == 0)
        return false;
    uint8_t *at = &e->value[edit[2] % e->n];
    bool is_changed = *at != edit[3];
    *at = edit[3];
    return is_changed;
}

static bool apply(struct forge_snp *f, const uint8_t *data, size_t size)
{
    bool is_leaf_changed = false;
    for (size_t i = 0; i < EDITS_MAX && size - i * EDIT_BYTES >= EDIT_BYTES; i++) {
        const uint8_t *edit = data + i * EDIT_BYTES;
        size_t at = ((size_t)edit[1] << 8 | edit[2]) % SNP_SIGNED_LEN;
        if (edit[0] % 8 == 0)
            is_leaf_changed |= edit_extension(f, edit);
        else
            f->report[at] = edit[3];
    }
    return is_leaf_changed;
}

static struct evidence_policy *policy_of(const struct forge_snp *f)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct evidence_policy *p = NULL;
    const char *vlek = ",\"signing_keys\":[\"vlek\"],\"csp_ids\":[\"" FORGE_SNP_CSP "\"]";
    buf_put_str(&text, "{\"version\":1,");
    forge_snp_policy(&text, f->product, f->kind == SNP_KEY_VLEK ? vlek : "", "");
    buf_put_str(&text, "}");
    FORGE_SNP_MUST(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static bool is_accepted(const struct forge_snp *f)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = policy_of(f);
    static struct evidence_cache *cache; /* one leaf in many is edited */
    struct bytes crl = buf_view(&f->crl);
    if (cache == NULL)
        FORGE_SNP_MUST(evidence_cache_new(&cache));
    struct evidence_expect expect = {
        .at_unix_s = FORGE_SNP_NOW,
        .cache = cache,
        .beside = {.certs = buf_view(&f->certs), .crls = &crl, .n_crls = 1},
    };
    struct evidence_verified verified;
    struct checks checks = {0};
    return ok(
        evidence_verify(BYTES_OF(f->report), EVIDENCE_SNP, p, &expect, &checks, NULL, &verified));
}

/* A certificate that no longer says what it said could still be in order: the product's name with a
 * stepping, say. It is only asked that nothing breaks. */
static void judge(struct forge_snp *f, bool is_leaf_changed)
{
    forge_snp_sign(f);
    test_root = buf_view(&f->ark);
    bool is_good = is_accepted(f);
    if (is_good && !keeps_the_rules(f))
        abort();
    if (!is_good && !is_leaf_changed && keeps_the_rules(f))
        abort();
}

/* Signing with RSA is slow: what no edit touches is made once. */
static const struct forge_snp *unedited(enum snp_product product, enum snp_signing_key kind)
{
    static struct forge_snp made[SNP_PRODUCTS][2];
    struct forge_snp *f = &made[product][kind];
    if (f->keys == NULL) {
        forge_snp_init(f, product, kind);
        forge_snp_issue(f);
    }
    return f;
}

static void judge_with_another_leaf(struct forge_snp *f)
{
    f->leaf = BUF_MAX(1 << 14);
    f->certs = BUF_MAX(1 << 16);
    forge_snp_leaf(f);
    buf_put(&f->certs, buf_view(&f->leaf));
    buf_put(&f->certs, buf_view(&f->ask));
    judge(f, true);
    buf_done(&f->leaf);
    buf_done(&f->certs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    enum snp_signing_key kind = data[0] & 0x80 ? SNP_KEY_VLEK : SNP_KEY_VCEK;
    struct forge_snp f = *unedited((enum snp_product)(data[0] % SNP_PRODUCTS), kind);
    if (apply(&f, data + 1, size - 1))
        judge_with_another_leaf(&f);
    else
        judge(&f, false);
    return 0;
}
