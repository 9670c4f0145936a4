#include "tee/verify/snp/snp_flags.h"

#include <stdio.h>

#include "tee/verify/snp/snp_report.h"

/* Debug, migration agent and the bit that is always one have checks of their own. */
static const struct snp_flag GUEST[] = {
    {"smt_allowed", SNP_POLICY_SMT},
    {"single_socket", SNP_POLICY_SINGLE_SOCKET},
    {"cxl_allowed", SNP_POLICY_CXL},
    {"memory_aes_256_xts", SNP_POLICY_MEM_AES_256_XTS},
    {"rapl_disabled", SNP_POLICY_RAPL_DIS},
    {"ciphertext_hiding", SNP_POLICY_CIPHERTEXT_HIDING},
    {"page_swap_disabled", SNP_POLICY_PAGE_SWAP_DISABLE},
};

static const struct snp_flag PLATFORM[] = {
    {"smt_enabled", 0},      {"tsme_enabled", 1},      {"ecc_enabled", 2},
    {"rapl_disabled", 3},    {"ciphertext_hiding", 4}, {"alias_check_complete", 5},
    {"iommu_write_safe", 6}, {"tio_enabled", 7},
};

const struct snp_flags snp_guest_flags = {"guest_policy", GUEST, sizeof(GUEST) / sizeof(GUEST[0])};
const struct snp_flags snp_platform_flags = {"platform_info", PLATFORM,
                                             sizeof(PLATFORM) / sizeof(PLATFORM[0])};

static bool has(uint64_t value, unsigned bit)
{
    return (value >> bit & 1u) != 0;
}

uint64_t snp_flags_unknown(const struct snp_flags *f, uint64_t value)
{
    for (size_t i = 0; i < f->n; i++)
        value &= ~(UINT64_C(1) << f->v[i].bit);
    return value;
}

void snp_flags_text(const struct snp_flags *f, uint64_t mask, uint64_t value,
                    char out[static SNP_FLAGS_TEXT_MAX])
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < f->n && n < SNP_FLAGS_TEXT_MAX; i++) {
        if (!has(mask, f->v[i].bit))
            continue;
        int wrote = snprintf(out + n, SNP_FLAGS_TEXT_MAX - n, "%s%s %s", n > 0 ? ", " : "",
                             f->v[i].name, has(value, f->v[i].bit) ? "true" : "false");
        n += wrote > 0 ? (size_t)wrote : 0;
    }
}

void snp_flags_read(const struct snp_flags *f, struct json_obj *parent, struct snp_pins *out)
{
    if (!json_has(parent, f->key))
        return;
    struct json_obj o = json_sub(parent, f->key);
    for (size_t i = 0; i < f->n; i++) {
        if (!json_has(&o, f->v[i].name))
            continue;
        uint64_t bit = UINT64_C(1) << f->v[i].bit;
        out->mask |= bit;
        out->want |= json_bool(&o, f->v[i].name, true, false) ? bit : 0;
    }
    if (failed(json_obj_end(&o)))
        json_error(parent, ST_FORMAT, "%s", status_detail());
    else if (out->mask == 0)
        json_error(parent, ST_CONFIG, "\"%s\" is empty: it pins nothing", f->key);
}

void snp_flags_pin(const struct snp_flags *f, uint64_t value, struct json_w *w)
{
    json_w_open(w, f->key, '{');
    for (size_t i = 0; i < f->n; i++)
        json_w_bool(w, f->v[i].name, has(value, f->v[i].bit));
    json_w_close(w, '}');
}
