#include "tee/verify/dcap/dcap_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum {
    AGE_LIMIT_S = 366 * 24 * 3600,
    SGX_MEASUREMENT_LEN = 32,
    SGX_CONFIG_ID_LEN = 64,
    SGX_PRODUCT_ID_LEN = 16
};

/* The JSON reader keeps the names that were asked for, so they live here. */
static const char *const PIN_KEYS[DCAP_PIN_COUNT] = {
    [DCAP_PIN_MRTD] = "mrtd",
    [DCAP_PIN_RTMR0] = "rtmr0",
    [DCAP_PIN_RTMR1] = "rtmr1",
    [DCAP_PIN_RTMR2] = "rtmr2",
    [DCAP_PIN_RTMR3] = "rtmr3",
    [DCAP_PIN_MRCONFIGID] = "mrconfigid",
    [DCAP_PIN_MROWNER] = "mrowner",
    [DCAP_PIN_MROWNERCONFIG] = "mrownerconfig",
    [DCAP_PIN_MRSERVICETD] = "mrservicetd",
    [DCAP_PIN_MRENCLAVE] = "mrenclave",
    [DCAP_PIN_MRSIGNER] = "mrsigner",
    [DCAP_PIN_CONFIGID] = "config_id",
    [DCAP_PIN_EXT_PROD_ID] = "ext_prod_id",
    [DCAP_PIN_FAMILY_ID] = "family_id",
};

const char *dcap_policy_pin_name(enum dcap_policy_pin pin)
{
    return PIN_KEYS[pin];
}

size_t dcap_policy_pin_len(enum dcap_policy_pin pin)
{
    if (pin == DCAP_PIN_CONFIGID)
        return SGX_CONFIG_ID_LEN;
    if (pin == DCAP_PIN_EXT_PROD_ID || pin == DCAP_PIN_FAMILY_ID)
        return SGX_PRODUCT_ID_LEN;
    return pin >= DCAP_PIN_MRENCLAVE ? SGX_MEASUREMENT_LEN : DCAP_POLICY_MEASUREMENT_LEN;
}

static bool is_pinned(const struct dcap_policy_release *r, enum dcap_policy_pin pin)
{
    return (r->pinned >> pin & 1u) != 0;
}

/* ---- releases ---- */

/* Text that is printed beside verdicts: visible ASCII. */
static void copy_name(struct json_obj *o, struct dcap_policy_release *out)
{
    struct bytes v = json_text(o, "name", true);
    bool is_fine = v.n >= 1 && v.n <= DCAP_POLICY_NAME_MAX;
    for (size_t i = 0; is_fine && i < v.n; i++)
        is_fine = v.p[i] >= 0x21 && v.p[i] <= 0x7e;
    if (is_fine)
        memcpy(out->name, v.p, v.n);
    else
        json_error(o, ST_FORMAT, "\"name\" is not 1..%d visible ASCII characters",
                   DCAP_POLICY_NAME_MAX);
}

static void read_pins(struct json_obj *o, unsigned from, unsigned to,
                      struct dcap_policy_release *out)
{
    for (unsigned i = from; i < to; i++) {
        if (json_hex(o, PIN_KEYS[i], false, out->v[i],
                     dcap_policy_pin_len((enum dcap_policy_pin)i)))
            out->pinned |= 1u << i;
    }
}

/* MRTD is the firmware's alone, which every image of a cloud has in common; kernel, command line
 * and initial root file system are in RTMR1 and RTMR2. A SHA-384 digest is not zero, but a register
 * that nothing extended is. */
static void read_td_release(struct json_obj *o, struct dcap_policy_release *out)
{
    read_pins(o, DCAP_PIN_MRTD, DCAP_PIN_MRENCLAVE, out);
    if (!is_pinned(out, DCAP_PIN_MRTD))
        json_error(o, ST_CONFIG, "\"mrtd\" is missing, the measurement of the firmware");
    if (bytes_all_zero(bytes_of(out->v[DCAP_PIN_MRTD], DCAP_POLICY_MEASUREMENT_LEN)))
        json_error(o, ST_CONFIG, "\"mrtd\" is all zero: that is no measurement");
    if (!is_pinned(out, DCAP_PIN_RTMR1) || !is_pinned(out, DCAP_PIN_RTMR2))
        json_error(o, ST_CONFIG, "\"rtmr1\" or \"rtmr2\" is missing: any kernel would be accepted");
}

/* A signer without a product and a least version would accept all that it ever signed. */
static void read_enclave_release(struct json_obj *o, struct dcap_policy_release *out)
{
    read_pins(o, DCAP_PIN_MRENCLAVE, DCAP_PIN_COUNT, out);
    bool is_signer = is_pinned(out, DCAP_PIN_MRSIGNER);
    if (!is_signer && !is_pinned(out, DCAP_PIN_MRENCLAVE))
        json_error(o, ST_CONFIG, "neither \"mrenclave\" nor \"mrsigner\"");
    out->isvprodid = (uint16_t)json_int(o, "isvprodid", is_signer, 0, UINT16_MAX, 0);
    out->min_isvsvn = (uint16_t)json_int(o, "min_isvsvn", is_signer, 0, UINT16_MAX, 0);
    if (!is_signer && (json_has(o, "isvprodid") || json_has(o, "min_isvsvn")))
        json_error(o, ST_CONFIG, "\"isvprodid\" and \"min_isvsvn\" need \"mrsigner\"");
}

static status read_release(const json_t *node, const char *path, enum quote_tee tee,
                           struct dcap_policy_release *out)
{
    struct json_obj o = json_obj_of(node, path);
    copy_name(&o, out);
    if (tee == QUOTE_TDX)
        read_td_release(&o, out);
    else
        read_enclave_release(&o, out);
    return json_obj_end(&o);
}

static status read_releases(const json_t *list, const char *path, struct dcap_policy *out)
{
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.releases is empty: the policy would accept nothing", path);
    out->releases = calloc(n, sizeof(*out->releases));
    REQUIRE(out->releases != NULL, ST_NOMEM, "policy releases");
    for (size_t i = 0; i < n; i++) {
        char at[JSON_PATH_MAX + 40];
        (void)snprintf(at, sizeof(at), "%s.releases[%zu]", path, i);
        TRY(read_release(json_at(list, i), at, out->tee, &out->releases[i]));
        out->n_releases = i + 1;
        for (size_t k = 0; k < i; k++)
            REQUIRE(strcmp(out->releases[k].name, out->releases[i].name) != 0, ST_CONFIG,
                    "%s: the name %s is there twice", at, out->releases[i].name);
    }
    return OK;
}

/* ---- statuses, advisories, platforms ---- */

static void read_statuses(struct json_obj *o, struct dcap_policy *out)
{
    const json_t *list = json_list(o, "statuses", false, TCB_STATUS_COUNT);
    out->statuses = list == NULL ? 1u << TCB_UP_TO_DATE : 0;
    for (size_t i = 0; list != NULL && i < json_len(list); i++) {
        struct bytes name = {0};
        enum tcb_status s = TCB_REVOKED;
        bool is_known = json_is_text(json_at(list, i), &name) && tcb_status_of(name, &s);
        if (!is_known || s == TCB_REVOKED)
            json_error(o, ST_CONFIG, "\"statuses\" holds at %zu what is no status to accept", i);
        out->statuses |= 1u << s;
    }
    if (out->statuses == 0)
        json_error(o, ST_CONFIG, "\"statuses\" is empty: no platform would be accepted");
}

static void read_advisories(struct json_obj *o, struct dcap_policy *out)
{
    const json_t *list = json_list(o, "advisories", false, DCAP_POLICY_LIST_MAX);
    for (size_t i = 0; list != NULL && i < json_len(list); i++) {
        struct bytes id = {0};
        if (!json_is_text(json_at(list, i), &id) || !tcb_status_is_advisory(id)) {
            json_error(o, ST_FORMAT, "\"advisories\" holds at %zu no id like INTEL-SA-00615", i);
            return;
        }
        memcpy(out->advisories[i], id.p, id.n);
        out->n_advisories = i + 1;
    }
}

static status read_list(struct json_obj *o, const char *key, size_t each,
                        struct dcap_policy_list *out)
{
    const json_t *list = json_list(o, key, false, DCAP_POLICY_LIST_MAX);
    if (list == NULL)
        return OK;
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.%s is empty: nothing would be accepted", o->path, key);
    *out = (struct dcap_policy_list){.has = true, .each = each, .v = calloc(n, each)};
    REQUIRE(out->v != NULL, ST_NOMEM, "policy list");
    for (size_t i = 0; i < n; i++) {
        struct bytes text = {0};
        REQUIRE(json_is_text(json_at(list, i), &text) &&
                    ok(hex_decode(text, out->v + i * each, each)),
                ST_FORMAT, "%s.%s[%zu] is not %zu hexadecimal digits", o->path, key, i, 2 * each);
    }
    out->n = n;
    return OK;
}

/* ---- the whole ---- */

static void read_common(struct json_obj *o, struct dcap_policy *out)
{
    read_statuses(o, out);
    read_advisories(o, out);
    out->min_evaluation = (uint32_t)json_int(o, "min_tcb_evaluation", false, 0, UINT32_MAX, 0);
    out->has_max_age = json_has(o, "max_collateral_age_s");
    out->max_age_s = json_int(o, "max_collateral_age_s", false, 1, AGE_LIMIT_S, 0);
}

static status read_tdx(struct json_obj *o, struct dcap_policy *out)
{
    (void)json_hex(o, "min_tee_tcb_svn", false, out->min_tee_tcb_svn, sizeof(out->min_tee_tcb_svn));
    out->has_xfam = json_hex(o, "xfam", false, out->xfam, sizeof(out->xfam));
    out->allow_migration = json_bool(o, "allow_migration", false, false);
    out->allow_perfmon = json_bool(o, "allow_perfmon", false, false);
    out->allow_key_locker = json_bool(o, "allow_key_locker", false, false);
    out->is_event_log_required = json_bool(o, "event_log_required", false, false);
    return read_list(o, "mrseams", DCAP_POLICY_MEASUREMENT_LEN, &out->mrseams);
}

static status read_sgx(struct json_obj *o, struct dcap_policy *out)
{
    size_t n = sizeof(out->attributes);
    out->has_attributes = json_hex(o, "attributes", false, out->attributes, n);
    bool has_mask = json_hex(o, "attributes_mask", false, out->attributes_mask, n);
    if (out->has_attributes && !has_mask)
        memset(out->attributes_mask, 0xff, n);
    if (has_mask && !out->has_attributes)
        json_error(o, ST_CONFIG, "\"attributes_mask\" without \"attributes\"");
    if (has_mask && bytes_all_zero(BYTES_OF(out->attributes_mask)))
        json_error(o, ST_CONFIG, "\"attributes_mask\" is all zero: nothing would be compared");
    for (size_t i = 0; i < n; i++) {
        if ((out->attributes[i] & ~out->attributes_mask[i]) != 0)
            json_error(o, ST_CONFIG, "\"attributes\" has a bit outside its mask");
    }
    return OK;
}

status dcap_policy_read(struct json_obj *policy, const char *key, enum quote_tee tee,
                        struct dcap_policy *out)
{
    *out = (struct dcap_policy){.tee = tee};
    if (!json_has(policy, key))
        return OK;
    struct json_obj o = json_sub(policy, key);
    read_common(&o, out);
    TRY(read_list(&o, "fmspcs", PCK_FMSPC_LEN, &out->fmspcs));
    TRY(read_list(&o, "ppids", PCK_PPID_LEN, &out->ppids));
    TRY(tee == QUOTE_TDX ? read_tdx(&o, out) : read_sgx(&o, out));
    const json_t *list = json_list(&o, "releases", true, DCAP_POLICY_RELEASES_MAX);
    TRY(json_obj_end(&o));
    TRY(read_releases(list, o.path, out));
    out->is_present = true;
    return OK;
}

void dcap_policy_done(struct dcap_policy *p)
{
    free(p->releases);
    free(p->fmspcs.v);
    free(p->ppids.v);
    free(p->mrseams.v);
    *p = (struct dcap_policy){0};
}

/* ---- questions ---- */

bool dcap_policy_accepts_status(const struct dcap_policy *p, enum tcb_status s)
{
    uint32_t accepted = p != NULL ? p->statuses : 1u << TCB_UP_TO_DATE;
    return s != TCB_REVOKED && (accepted >> s & 1u) != 0;
}

bool dcap_policy_accepts_advisory(const struct dcap_policy *p, struct bytes id)
{
    for (size_t i = 0; p != NULL && i < p->n_advisories; i++) {
        if (bytes_equal(bytes_str(p->advisories[i]), id))
            return true;
    }
    return false;
}

bool dcap_policy_lists(const struct dcap_policy_list *list, struct bytes v)
{
    for (size_t i = 0; i < list->n; i++) {
        if (bytes_equal(bytes_of(list->v + i * list->each, list->each), v))
            return true;
    }
    return !list->has;
}

static struct bytes measured(const struct quote *q, enum dcap_policy_pin pin)
{
    const struct quote_td *td = &q->td;
    switch (pin) {
    case DCAP_PIN_MRTD:
        return td->mrtd;
    case DCAP_PIN_RTMR0:
    case DCAP_PIN_RTMR1:
    case DCAP_PIN_RTMR2:
    case DCAP_PIN_RTMR3:
        return td->rtmr[pin - DCAP_PIN_RTMR0];
    case DCAP_PIN_MRCONFIGID:
        return td->mrconfigid;
    case DCAP_PIN_MROWNER:
        return td->mrowner;
    case DCAP_PIN_MROWNERCONFIG:
        return td->mrownerconfig;
    case DCAP_PIN_MRSERVICETD:
        return td->mrservicetd;
    case DCAP_PIN_MRENCLAVE:
        return q->enclave.mrenclave;
    case DCAP_PIN_CONFIGID:
        return q->enclave.config_id;
    case DCAP_PIN_EXT_PROD_ID:
        return q->enclave.ext_prod_id;
    case DCAP_PIN_FAMILY_ID:
        return q->enclave.family_id;
    default:
        return q->enclave.mrsigner;
    }
}

bool dcap_policy_is_zero_unless_pinned(enum dcap_policy_pin pin)
{
    return (pin >= DCAP_PIN_MRCONFIGID && pin <= DCAP_PIN_MRSERVICETD) || pin >= DCAP_PIN_CONFIGID;
}

static bool fits_pin(const struct dcap_policy_release *r, const struct quote *q,
                     enum dcap_policy_pin pin)
{
    struct bytes got = measured(q, pin);
    if (is_pinned(r, pin))
        return bytes_equal(got, bytes_of(r->v[pin], dcap_policy_pin_len(pin)));
    /* A signer's products are told apart by these too; the code itself is one product. */
    if (pin >= DCAP_PIN_EXT_PROD_ID && is_pinned(r, DCAP_PIN_MRENCLAVE))
        return true;
    return !dcap_policy_is_zero_unless_pinned(pin) || bytes_all_zero(got);
}

static bool fits(const struct dcap_policy_release *r, const struct quote *q)
{
    for (unsigned i = 0; i < DCAP_PIN_COUNT; i++) {
        if (!fits_pin(r, q, (enum dcap_policy_pin)i))
            return false;
    }
    return !is_pinned(r, DCAP_PIN_MRSIGNER) ||
           (q->enclave.isvprodid == r->isvprodid && q->enclave.isvsvn >= r->min_isvsvn);
}

const struct dcap_policy_release *dcap_policy_match(const struct dcap_policy *p,
                                                    const struct quote *q)
{
    for (size_t i = 0; i < p->n_releases; i++) {
        if (p->tee == q->tee && fits(&p->releases[i], q))
            return &p->releases[i];
    }
    return NULL;
}
