#include "tee/verify/snp/snp_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { CRL_AGE_LIMIT_S = 10 * 366 * 24 * 3600, REPORT_VERSION_MIN = 2, REPORT_VERSION_MAX = 5 };

static const struct pin {
    const char *key;
    size_t len;
} PINS[SNP_PIN_DIGESTS] = {
    [SNP_PIN_MEASUREMENT] = {"measurement", SNP_MEASUREMENT_LEN},
    [SNP_PIN_HOST_DATA] = {"host_data", SNP_HOST_DATA_LEN},
    [SNP_PIN_ID_KEY] = {"id_key_digest", SNP_KEY_DIGEST_LEN},
    [SNP_PIN_AUTHOR_KEY] = {"author_key_digest", SNP_KEY_DIGEST_LEN},
    [SNP_PIN_FAMILY_ID] = {"family_id", SNP_ID_LEN},
    [SNP_PIN_IMAGE_ID] = {"image_id", SNP_ID_LEN},
};

static const struct {
    const char *name;
    enum snp_signing_key key;
} SIGNING_KEYS[] = {{"vcek", SNP_KEY_VCEK}, {"vlek", SNP_KEY_VLEK}};

/* Text that is printed beside verdicts: visible ASCII from `least` on, copied with its NUL. */
static void copy_text(struct json_obj *o, const char *key, struct bytes v, uint8_t least, char *out,
                      size_t max)
{
    bool is_fine = v.n >= 1 && v.n <= max;
    for (size_t i = 0; is_fine && i < v.n; i++)
        is_fine = v.p[i] >= least && v.p[i] <= 0x7e;
    if (!is_fine) {
        json_error(o, ST_FORMAT, "\"%s\" is not 1..%zu visible ASCII characters", key, max);
        return;
    }
    memcpy(out, v.p, v.n);
    out[v.n] = 0;
}

/* ---- releases ---- */

static void read_pins(struct json_obj *o, struct snp_release *out)
{
    for (unsigned i = 0; i < SNP_PIN_DIGESTS; i++) {
        if (json_hex(o, PINS[i].key, i == SNP_PIN_MEASUREMENT, out->digest[i], PINS[i].len))
            out->pinned_mask |= 1u << i;
    }
    if (json_has(o, "min_guest_svn")) {
        out->min_guest_svn = (uint32_t)json_int(o, "min_guest_svn", true, 0, UINT32_MAX, 0);
        out->pinned_mask |= 1u << SNP_PIN_GUEST_SVN;
    }
    struct bytes measurement = BYTES_OF(out->digest[SNP_PIN_MEASUREMENT]);
    if (o->error == ST_OK && bytes_all_zero(measurement))
        json_error(o, ST_CONFIG, "\"measurement\" is all zero: nothing was measured");
}

/* They stand in the id block, which the host makes: the firmware takes one that is signed by any
 * key, and says by which. */
static void check_id_block(struct json_obj *o, const struct snp_release *r)
{
    enum {
        OF_THE_BLOCK = 1 << SNP_PIN_FAMILY_ID | 1 << SNP_PIN_IMAGE_ID | 1 << SNP_PIN_GUEST_SVN,
        ITS_KEYS = 1 << SNP_PIN_ID_KEY | 1 << SNP_PIN_AUTHOR_KEY,
    };
    if ((r->pinned_mask & OF_THE_BLOCK) != 0 && (r->pinned_mask & ITS_KEYS) == 0)
        json_error(o, ST_CONFIG,
                   "\"family_id\", \"image_id\" and \"min_guest_svn\" need \"id_key_digest\" or "
                   "\"author_key_digest\": the host writes what it likes otherwise");
}

static status read_release(const json_t *node, const char *path, struct snp_release *out)
{
    struct json_obj o = json_obj_of(node, path);
    copy_text(&o, "name", json_text(&o, "name", true), '!', out->name, SNP_RELEASE_NAME_MAX);
    read_pins(&o, out);
    check_id_block(&o, out);
    return json_obj_end(&o);
}

static status check_names(const struct snp_release *r, size_t n, const char *path)
{
    for (size_t k = 0; k + 1 < n; k++)
        REQUIRE(strcmp(r[k].name, r[n - 1].name) != 0, ST_CONFIG, "%s: the name %s is there twice",
                path, r[n - 1].name);
    return OK;
}

static status read_releases(const json_t *list, const char *path, struct snp_policy *out)
{
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.releases is empty: the policy would accept nothing", path);
    out->releases = calloc(n, sizeof(*out->releases));
    REQUIRE(out->releases != NULL, ST_NOMEM, "policy releases");
    for (size_t i = 0; i < n; i++) {
        char at[JSON_PATH_MAX + 40];
        (void)snprintf(at, sizeof(at), "%s.releases[%zu]", path, i);
        TRY(read_release(json_at(list, i), at, &out->releases[i]));
        out->n_releases = i + 1;
        TRY(check_names(out->releases, i + 1, at));
    }
    return OK;
}

/* ---- products ---- */

static status read_tcb(struct json_obj *parent, const char *key, enum snp_product p,
                       struct snp_tcb *out)
{
    struct json_obj o = json_sub(parent, key);
    for (unsigned i = 0; i < SNP_PARTS; i++) {
        enum snp_part part = (enum snp_part)i;
        if (snp_part_exists(p, part))
            out->spl[i] = (uint8_t)json_int(&o, snp_part_name(part), true, 0, UINT8_MAX, 0);
    }
    return json_obj_end(&o);
}

/* What is said of the reported TCB holds for the others too, unless they are named. */
static status read_floors(struct json_obj *parent, enum snp_product p, struct snp_floors *out)
{
    struct json_obj o = json_sub(parent, snp_product_name(p));
    if (json_has(&o, "min_tcb"))
        TRY(read_tcb(&o, "min_tcb", p, &out->reported));
    else
        json_error(&o, ST_CONFIG, "\"min_tcb\" is missing, the lowest firmware to accept");
    out->committed = out->reported;
    out->launch = out->reported;
    if (json_has(&o, "min_committed_tcb"))
        TRY(read_tcb(&o, "min_committed_tcb", p, &out->committed));
    if (json_has(&o, "min_launch_tcb"))
        TRY(read_tcb(&o, "min_launch_tcb", p, &out->launch));
    out->is_accepted = true;
    return json_obj_end(&o);
}

static status read_products(struct json_obj *parent, struct snp_policy *out)
{
    struct json_obj o = json_sub(parent, "products");
    bool is_any = false;
    for (unsigned i = 0; i < SNP_PRODUCTS; i++) {
        if (!json_has(&o, snp_product_name((enum snp_product)i)))
            continue;
        TRY(read_floors(&o, (enum snp_product)i, &out->products[i]));
        is_any = true;
    }
    TRY(json_obj_end(&o));
    REQUIRE(is_any, ST_CONFIG, "%s is empty: the policy would accept nothing", o.path);
    return OK;
}

/* ---- keys, chips, providers ---- */

static void read_keys(struct json_obj *o, struct snp_policy *out)
{
    out->keys_mask = 1u << SNP_KEY_VCEK;
    if (!json_has(o, "signing_keys"))
        return;
    const json_t *list = json_list(o, "signing_keys", true, 2);
    out->keys_mask = 0;
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes v = {0};
        (void)json_is_text(json_at(list, i), &v);
        unsigned k = 0;
        while (k < 2 && !bytes_equal(v, bytes_str(SIGNING_KEYS[k].name)))
            k++;
        if (k == 2)
            json_error(o, ST_FORMAT, "\"signing_keys\" holds something else than vcek or vlek");
        else
            out->keys_mask |= 1u << SIGNING_KEYS[k].key;
    }
    if (out->keys_mask == 0)
        json_error(o, ST_CONFIG, "\"signing_keys\" is empty: nothing would be accepted");
}

static void read_csps(struct json_obj *o, struct snp_policy *out)
{
    const json_t *list = json_list(o, "csp_ids", false, SNP_CSPS_MAX);
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes v = {0};
        (void)json_is_text(json_at(list, i), &v);
        copy_text(o, "csp_ids", v, ' ', out->csp_ids[i], SNP_CSP_ID_MAX);
        out->n_csp_ids = i + 1;
    }
    bool is_vlek = (out->keys_mask >> SNP_KEY_VLEK & 1u) != 0;
    if (o->error == ST_OK && is_vlek != (out->n_csp_ids > 0))
        json_error(o, ST_CONFIG, "\"csp_ids\" and the signing key vlek need each other");
}

static status read_chips(struct json_obj *o, const char *key, struct snp_chips *out)
{
    if (!json_has(o, key))
        return OK;
    const json_t *list = json_list(o, key, true, SNP_CHIPS_MAX);
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.%s is not a list, empty or too long", o->path, key);
    out->v = calloc(n, sizeof(*out->v));
    REQUIRE(out->v != NULL, ST_NOMEM, "policy chips");
    for (size_t i = 0; i < n; i++) {
        struct bytes hex;
        REQUIRE(json_is_text(json_at(list, i), &hex), ST_FORMAT, "%s.%s[%zu] is not text", o->path,
                key, i);
        /* Turin's have 8 bytes, and zeroes after them in a report. */
        size_t len = hex.n == 16 ? 8 : SNP_CHIP_ID_LEN;
        status s = hex_decode(hex, out->v[i], len);
        if (failed(s))
            return status_context(s, "%s.%s[%zu]", o->path, key, i);
        REQUIRE(!bytes_all_zero(BYTES_OF(out->v[i])), ST_CONFIG, "%s.%s[%zu] is a masked chip id",
                o->path, key, i);
    }
    out->n = n;
    return OK;
}

/* ---- the rest ---- */

static uint8_t read_u8(struct json_obj *o, const char *key)
{
    return (uint8_t)json_int(o, key, true, 0, UINT8_MAX, 0);
}

static status read_min_abi(struct json_obj *parent, struct snp_policy *out)
{
    if (!json_has(parent, "min_abi"))
        return OK;
    struct json_obj o = json_sub(parent, "min_abi");
    uint8_t major = read_u8(&o, "major"), minor = read_u8(&o, "minor");
    out->min_abi = (uint16_t)(major << 8 | minor);
    return json_obj_end(&o);
}

static status read_min_firmware(struct json_obj *parent, struct snp_policy *out)
{
    out->has_min_firmware = json_has(parent, "min_firmware");
    if (!out->has_min_firmware)
        return OK;
    struct json_obj o = json_sub(parent, "min_firmware");
    out->min_firmware = (struct snp_firmware){.major = read_u8(&o, "major"),
                                              .minor = read_u8(&o, "minor"),
                                              .build = read_u8(&o, "build")};
    return json_obj_end(&o);
}

static void read_mitigations(struct json_obj *o, const char *key, uint64_t *out)
{
    uint8_t be[8] = {0};
    if (!json_hex(o, key, false, be, sizeof(be)))
        return;
    struct rd r = rd_over(BYTES_OF(be));
    *out = rd_u64be(&r);
    if (o->error == ST_OK && *out == 0)
        json_error(o, ST_CONFIG, "\"%s\" asks for no mitigation", key);
}

static void read_plain(struct json_obj *o, struct snp_policy *out)
{
    out->is_masked_chip_allowed = json_bool(o, "allow_masked_chip_id", false, false);
    out->is_crl_required = json_bool(o, "crl_required", false, true);
    out->max_crl_age_s = json_int(o, "max_crl_age_s", false, 1, CRL_AGE_LIMIT_S, 0);
    out->is_migration_agent_allowed = json_bool(o, "allow_migration_agent", false, false);
    out->vmpl = (uint32_t)json_int(o, "vmpl", false, 0, SNP_VMPL_MAX, 0);
    out->min_report_version = (uint32_t)json_int(o, "min_report_version", false, REPORT_VERSION_MIN,
                                                 REPORT_VERSION_MAX, REPORT_VERSION_MIN);
    snp_flags_read(&snp_guest_flags, o, &out->guest_policy);
    snp_flags_read(&snp_platform_flags, o, &out->platform_info);
    read_mitigations(o, "launch_mitigations", &out->launch_mitigations);
    read_mitigations(o, "current_mitigations", &out->current_mitigations);
    read_keys(o, out);
    read_csps(o, out);
}

status snp_policy_read(struct json_obj *policy, const char *key, struct snp_policy *out)
{
    *out = (struct snp_policy){0};
    if (!json_has(policy, key))
        return OK;
    struct json_obj o = json_sub(policy, key);
    const json_t *list = json_list(&o, "releases", true, SNP_RELEASES_MAX);
    read_plain(&o, out);
    TRY(read_min_abi(&o, out));
    TRY(read_min_firmware(&o, out));
    TRY(read_products(&o, out));
    TRY(read_chips(&o, "chip_ids", &out->chips));
    TRY(read_chips(&o, "denied_chip_ids", &out->denied_chips));
    TRY(json_obj_end(&o));
    TRY(read_releases(list, o.path, out));
    out->is_present = true;
    return OK;
}

void snp_policy_done(struct snp_policy *p)
{
    free(p->releases);
    free(p->chips.v);
    free(p->denied_chips.v);
    *p = (struct snp_policy){0};
}

/* ---- matching ---- */

size_t snp_pin_len(enum snp_pin pin)
{
    return pin < SNP_PIN_DIGESTS ? PINS[pin].len : 0;
}

struct bytes snp_pin_of(const struct snp_fields *f, enum snp_pin pin)
{
    const struct bytes v[SNP_PIN_DIGESTS] = {
        [SNP_PIN_MEASUREMENT] = f->measurement, [SNP_PIN_HOST_DATA] = f->host_data,
        [SNP_PIN_ID_KEY] = f->id_key_digest,    [SNP_PIN_AUTHOR_KEY] = f->author_key_digest,
        [SNP_PIN_FAMILY_ID] = f->family_id,     [SNP_PIN_IMAGE_ID] = f->image_id,
    };
    return pin < SNP_PIN_DIGESTS ? v[pin] : (struct bytes){0};
}

/* A digest of an author key counts only when the firmware says that there was one. */
bool snp_release_differs(const struct snp_release *r, const struct snp_fields *f, enum snp_pin pin)
{
    if ((r->pinned_mask >> pin & 1u) == 0)
        return false;
    if (pin == SNP_PIN_GUEST_SVN)
        return f->guest_svn < r->min_guest_svn;
    if (pin == SNP_PIN_AUTHOR_KEY && !f->is_author_key_used)
        return true;
    return !bytes_equal(snp_pin_of(f, pin), bytes_of(r->digest[pin], snp_pin_len(pin)));
}

static unsigned differences(const struct snp_release *r, const struct snp_fields *f)
{
    unsigned n = 0;
    for (unsigned pin = 0; pin < SNP_PINS; pin++)
        n += snp_release_differs(r, f, (enum snp_pin)pin);
    return n;
}

const struct snp_release *snp_policy_closest(const struct snp_policy *p, const struct snp_fields *f)
{
    const struct snp_release *best = NULL;
    for (size_t i = 0; i < p->n_releases; i++) {
        const struct snp_release *r = &p->releases[i];
        if (snp_release_differs(r, f, SNP_PIN_MEASUREMENT))
            continue;
        if (best == NULL || differences(r, f) < differences(best, f))
            best = r;
    }
    return best;
}

const struct snp_release *snp_policy_match(const struct snp_policy *p, const struct snp_fields *f)
{
    const struct snp_release *best = snp_policy_closest(p, f);
    return best != NULL && differences(best, f) == 0 ? best : NULL;
}

bool snp_chips_list(const struct snp_chips *c, struct bytes chip_id)
{
    for (size_t i = 0; i < c->n; i++) {
        if (bytes_equal(BYTES_OF(c->v[i]), chip_id))
            return true;
    }
    return false;
}

bool snp_policy_lists_csp(const struct snp_policy *p, struct bytes csp_id)
{
    for (size_t i = 0; i < p->n_csp_ids; i++) {
        if (bytes_equal(bytes_str(p->csp_ids[i]), csp_id))
            return true;
    }
    return false;
}
