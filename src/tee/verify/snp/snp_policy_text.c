#include "tee/verify/snp/snp_policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

/* ---- sentences ---- */

static void explain_floor(const char *what, const struct snp_tcb *t, enum snp_product p,
                          struct buf *out)
{
    char text[SNP_TCB_TEXT_MAX];
    snp_tcb_text(t, p, text);
    buf_printf(out, "On AMD %s the %s firmware must be at least: %s.\n", snp_product_line(p), what,
               text);
}

static void explain_products(const struct snp_policy *p, struct buf *out)
{
    for (unsigned i = 0; i < SNP_PRODUCTS; i++) {
        const struct snp_floors *f = &p->products[i];
        enum snp_product product = (enum snp_product)i;
        if (!f->is_accepted) {
            buf_printf(out, "AMD SEV-SNP on %s is refused.\n", snp_product_line(product));
            continue;
        }
        explain_floor("reported", &f->reported, product, out);
        explain_floor("committed", &f->committed, product, out);
        explain_floor("launch", &f->launch, product, out);
    }
    if (p->products[SNP_MILAN].is_accepted)
        buf_put_str(out, "Milan is accepted although software has recovered the root secret of "
                         "such chips: whoever has one can forge its reports.\n");
}

static const char *pin_title(enum snp_pin pin)
{
    static const char *const titles[SNP_PIN_DIGESTS] = {
        [SNP_PIN_MEASUREMENT] = "launch measurement",
        [SNP_PIN_HOST_DATA] = "host data",
        [SNP_PIN_ID_KEY] = "id key digest",
        [SNP_PIN_AUTHOR_KEY] = "author key digest",
        [SNP_PIN_FAMILY_ID] = "family id",
        [SNP_PIN_IMAGE_ID] = "image id",
    };
    return titles[pin];
}

static void explain_release(const struct snp_release *r, struct buf *out)
{
    buf_printf(out, "Release %s is accepted as a whole:", r->name);
    for (unsigned i = 0; i < SNP_PIN_DIGESTS; i++) {
        if ((r->pinned_mask >> i & 1u) == 0)
            continue;
        buf_printf(out, "%s %s ", i > 0 ? "," : "", pin_title((enum snp_pin)i));
        hex_put(out, bytes_of(r->digest[i], snp_pin_len((enum snp_pin)i)));
    }
    if (r->pinned_mask >> SNP_PIN_GUEST_SVN & 1u)
        buf_printf(out, ", guest version at least %" PRIu32, r->min_guest_svn);
    buf_put_str(out, ".\n");
}

static void explain_flags(const struct snp_flags *f, const struct snp_pins *pins, const char *who,
                          struct buf *out)
{
    char text[SNP_FLAGS_TEXT_MAX];
    if (pins->mask == 0)
        return;
    snp_flags_text(f, pins->mask, pins->want, text);
    buf_printf(out, "%s must have: %s.\n", who, text);
}

static void explain_keys(const struct snp_policy *p, struct buf *out)
{
    if (p->keys_mask >> SNP_KEY_VCEK & 1u)
        buf_put_str(out, "Reports may be signed by a chip's own key (VCEK).\n");
    for (size_t i = 0; i < p->n_csp_ids; i++)
        buf_printf(out, "Reports may be signed by the key that AMD lent to the provider %s.\n",
                   p->csp_ids[i]);
    if (p->chips.n > 0)
        buf_printf(out, "Only %zu chips are accepted, by their ids.\n", p->chips.n);
    if (p->denied_chips.n > 0)
        buf_printf(out, "%zu chips are refused by their ids.\n", p->denied_chips.n);
    if (p->is_masked_chip_allowed)
        buf_put_str(out, "A report may hide the id of its chip.\n");
}

static void explain_revocation(const struct snp_policy *p, struct buf *out)
{
    buf_put_str(out, p->is_crl_required
                         ? "A current list of AMD's revoked certificates must be given.\n"
                         : "Without a list of AMD's revoked certificates a revoked one is "
                           "accepted, and the verdict says so.\n");
    if (p->max_crl_age_s > 0)
        buf_printf(out, "That list is at most %" PRId64 " seconds old.\n", p->max_crl_age_s);
}

void snp_policy_explain(const struct snp_policy *p, struct buf *out)
{
    if (!p->is_present)
        return;
    explain_products(p, out);
    for (size_t i = 0; i < p->n_releases; i++)
        explain_release(&p->releases[i], out);
    explain_keys(p, out);
    explain_revocation(p, out);
    buf_printf(out, "The report must come from privilege level (VMPL) %" PRIu32 ".\n", p->vmpl);
    if (p->is_migration_agent_allowed)
        buf_put_str(out, "A migration agent may move the guest's memory elsewhere.\n");
    if (p->min_abi > 0)
        buf_printf(out, "The guest must ask for firmware interface %u.%u or later.\n",
                   p->min_abi >> 8, p->min_abi & 0xff);
    if (p->has_min_firmware)
        buf_printf(out, "The firmware must be version %u.%u build %u or later.\n",
                   p->min_firmware.major, p->min_firmware.minor, p->min_firmware.build);
    if (p->min_report_version > 2)
        buf_printf(out, "The report must be of version %" PRIu32 " or later.\n",
                   p->min_report_version);
    explain_flags(&snp_guest_flags, &p->guest_policy, "The guest's policy", out);
    explain_flags(&snp_platform_flags, &p->platform_info, "The machine", out);
    if ((p->launch_mitigations | p->current_mitigations) != 0)
        buf_printf(out,
                   "Mitigations 0x%" PRIx64 " must have been in force at launch, and 0x%" PRIx64
                   " now.\n",
                   p->launch_mitigations, p->current_mitigations);
}

/* ---- a policy of what was seen ---- */

static const char *seen_or(const struct evidence_facts *seen, const char *name,
                           const char *otherwise)
{
    const char *v = evidence_facts_find(seen, name);
    return v != NULL ? v : otherwise;
}

static bool product_of(const char *name, enum snp_product *out)
{
    for (unsigned i = 0; i < SNP_PRODUCTS; i++) {
        if (strcmp(name, snp_product_name((enum snp_product)i)) == 0) {
            *out = (enum snp_product)i;
            return true;
        }
    }
    return false;
}

static void pin_tcb(const struct evidence_facts *seen, const char *fact, const char *key,
                    enum snp_product p, struct json_w *w)
{
    uint8_t raw[SNP_TCB_LEN];
    struct snp_tcb t = {0};
    status s = hex_decode(bytes_str(seen_or(seen, fact, "")), raw, sizeof(raw));
    if (ok(s))
        s = snp_tcb_read(BYTES_OF(raw), p, &t);
    if (failed(s))
        return;
    json_w_open(w, key, '{');
    for (unsigned i = 0; i < SNP_PARTS; i++) {
        if (snp_part_exists(p, (enum snp_part)i))
            json_w_int(w, snp_part_name((enum snp_part)i), t.spl[i]);
    }
    json_w_close(w, '}');
}

static void pin_product(const struct evidence_facts *seen, struct json_w *w)
{
    enum snp_product p;
    json_w_open(w, "products", '{');
    if (product_of(seen_or(seen, "product", ""), &p)) {
        json_w_open(w, snp_product_name(p), '{');
        pin_tcb(seen, "reported_tcb", "min_tcb", p, w);
        pin_tcb(seen, "committed", "min_committed_tcb", p, w);
        pin_tcb(seen, "launch_tcb", "min_launch_tcb", p, w);
        json_w_close(w, '}');
    }
    json_w_close(w, '}');
}

/* A field of zeroes was not used by whoever launched the guest; pinned, it stays unused. The author
 * key's is pinned only when there was one. */
static void pin_release(const struct evidence_facts *seen, const char *name, struct json_w *w)
{
    static const char *const keys[] = {"measurement", "host_data", "id_key_digest", "family_id",
                                       "image_id"};
    json_w_open(w, "releases", '[');
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", name);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *v = evidence_facts_find(seen, keys[i]);
        if (v != NULL)
            json_w_str(w, keys[i], v);
    }
    if (strcmp(seen_or(seen, "author_key_en", "0"), "1") == 0)
        json_w_str(w, "author_key_digest", seen_or(seen, "author_key_digest", ""));
    uint64_t svn = 0;
    if (ok(text_parse_u64(seen_or(seen, "svn", ""), UINT32_MAX, &svn)))
        json_w_int(w, "min_guest_svn", (int64_t)svn);
    json_w_close(w, '}');
    json_w_close(w, ']');
}

static uint64_t number_of(const struct evidence_facts *seen, const char *fact)
{
    uint64_t v = 0;
    if (sscanf(seen_or(seen, fact, "0x0"), "0x%" SCNx64, &v) != 1)
        return 0;
    return v;
}

static void pin_key(const struct evidence_facts *seen, struct json_w *w)
{
    const char *csp = evidence_facts_find(seen, "csp_id");
    json_w_open(w, "signing_keys", '[');
    json_w_str(w, NULL, csp != NULL ? "vlek" : "vcek");
    json_w_close(w, ']');
    if (csp == NULL)
        return;
    json_w_open(w, "csp_ids", '[');
    json_w_str(w, NULL, csp);
    json_w_close(w, ']');
}

static void pin_mitigations(const struct evidence_facts *seen, const char *fact, const char *key,
                            struct json_w *w)
{
    char hex[17];
    uint64_t v = number_of(seen, fact);
    if (v == 0)
        return;
    (void)snprintf(hex, sizeof(hex), "%016" PRIx64, v);
    json_w_str(w, key, hex);
}

void snp_policy_pin(const struct evidence_facts *seen, const char *release_name, struct json_w *w)
{
    uint64_t vmpl = 0, version = 0;
    json_w_open(w, "snp", '{');
    pin_product(seen, w);
    pin_release(seen, release_name, w);
    pin_key(seen, w);
    if (ok(text_parse_u64(seen_or(seen, "vmpl", ""), SNP_VMPL_MAX, &vmpl)))
        json_w_int(w, "vmpl", (int64_t)vmpl);
    if (ok(text_parse_u64(seen_or(seen, "version", ""), UINT32_MAX, &version)))
        json_w_int(w, "min_report_version", (int64_t)version);
    snp_flags_pin(&snp_guest_flags, number_of(seen, "policy"), w);
    snp_flags_pin(&snp_platform_flags, number_of(seen, "platform_info"), w);
    pin_mitigations(seen, "launch_mitigations", "launch_mitigations", w);
    pin_mitigations(seen, "current_mitigations", "current_mitigations", w);
    json_w_close(w, '}');
}
