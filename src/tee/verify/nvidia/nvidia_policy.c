#include "tee/verify/nvidia/nvidia_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tee/verify/nvidia/gpu_list.h"

static const char *const SKIP_NAMES[NVIDIA_SKIPS] = {
    "gpu.reference", "gpu.measurements", "gpu.mode", "gpu.devtools", "gpu.bound",
};

/* As gpu_opaque_feature_name() and gpu_leaf_arch_name() say them; a test compares. */
static const char *const MODE_NAMES[GPU_FEATURE_UNSTATED] = {"single", "multi", "protected-pcie"};
static const char *const ARCH_NAMES[GPU_ARCHS] = {"HOPPER", "BLACKWELL", "LS10"};

enum { MODES_DEFAULT = 1 << GPU_FEATURE_SINGLE | 1 << GPU_FEATURE_MULTI };

/* ---- reading ---- */

/* Each element of a list of texts, to one bit of a mask. */
static unsigned read_mask(struct json_obj *o, const char *key, const char *const *names, size_t n,
                          unsigned absent)
{
    const json_t *list = json_list(o, key, false, n);
    unsigned mask = 0;
    if (list == NULL)
        return absent;
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes v = {0};
        size_t k = 0;
        (void)json_is_text(json_at(list, i), &v);
        while (k < n && (v.p == NULL || !bytes_equal(v, bytes_str(names[k]))))
            k++;
        if (k == n)
            json_error(o, ST_FORMAT, "\"%s\"[%zu] is not a known name", key, i);
        else
            mask |= 1u << k;
    }
    if (mask == 0)
        json_error(o, ST_CONFIG, "\"%s\" is empty", key);
    return mask;
}

static void read_version(struct json_obj *o, const char *key, enum gpu_version_base base,
                         struct gpu_version *out)
{
    struct bytes text = json_text(o, key, false);
    if (text.p != NULL && failed(gpu_version_parse(text, base, out)))
        json_error(o, ST_FORMAT, "\"%s\" is no version: %s", key, status_detail());
}

static void copy_name(struct json_obj *o, struct bytes v, char *out)
{
    bool is_fine = v.n >= 1 && v.n <= NVIDIA_NAME_MAX;
    for (size_t i = 0; is_fine && i < v.n; i++)
        is_fine = v.p[i] >= 0x21 && v.p[i] <= 0x7e;
    if (is_fine)
        memcpy(out, v.p, v.n);
    else
        json_error(o, ST_FORMAT, "\"name\" is not 1..%d visible ASCII characters", NVIDIA_NAME_MAX);
}

static status read_release(const json_t *node, const char *path, struct nvidia_release *out)
{
    struct json_obj o = json_obj_of(node, path);
    copy_name(&o, json_text(&o, "name", true), out->name);
    struct bytes arch = json_text(&o, "arch", true);
    if (arch.p != NULL && failed(gpu_leaf_arch_of(arch, &out->arch)))
        json_error(&o, ST_FORMAT, "\"arch\" is none of HOPPER, BLACKWELL, LS10");
    read_version(&o, "driver", GPU_VERSION_DECIMAL, &out->driver);
    read_version(&o, "vbios", GPU_VERSION_HEX, &out->vbios);
    out->has_driver = out->driver.n_parts > 0;
    if (out->vbios.n_parts == 0)
        json_error(&o, ST_FORMAT, "\"vbios\" is missing");
    if (out->has_driver == (out->arch == GPU_LS10))
        json_error(&o, ST_CONFIG, "a GPU's release has a \"driver\", a switch's has none");
    return json_obj_end(&o);
}

static status read_releases(const json_t *list, const char *path, struct nvidia_policy *p)
{
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.releases is empty: the policy would accept nothing", path);
    p->releases = calloc(n, sizeof(*p->releases));
    REQUIRE(p->releases != NULL, ST_NOMEM, "policy releases");
    for (size_t i = 0; i < n; i++) {
        char at[JSON_PATH_MAX + 40];
        (void)snprintf(at, sizeof(at), "%s.releases[%zu]", path, i);
        TRY(read_release(json_at(list, i), at, &p->releases[i]));
        p->n_releases = i + 1;
        for (size_t k = 0; k < i; k++)
            REQUIRE(strcmp(p->releases[k].name, p->releases[i].name) != 0, ST_CONFIG,
                    "%s: the name %s is there twice", at, p->releases[i].name);
    }
    return OK;
}

static status read_vbios_floors(struct json_obj *o, struct nvidia_policy *p)
{
    if (!json_has(o, "min_vbios"))
        return OK;
    struct json_obj floors = json_sub(o, "min_vbios");
    for (unsigned a = 0; a < GPU_ARCHS; a++)
        read_version(&floors, gpu_leaf_arch_name((enum gpu_arch)a), GPU_VERSION_HEX,
                     &p->min_vbios[a]);
    return json_obj_end(&floors);
}

static status read_references(const json_t *list, const char *path, struct nvidia_policy *p)
{
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes v;
        REQUIRE(json_is_text(json_at(list, i), &v), ST_FORMAT, "%s.reference_sha256[%zu]: no text",
                path, i);
        TRY(status_context(hex_decode(v, p->references[i], sizeof(p->references[i])),
                           "%s.reference_sha256[%zu]", path, i));
        p->n_references = i + 1;
    }
    REQUIRE(p->n_references > 0, ST_CONFIG, "%s.reference_sha256 is empty", path);
    return OK;
}

static bool is_device_id(struct bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        if ((v.p[i] < '0' || v.p[i] > '9') && (v.p[i] < 'A' || v.p[i] > 'Z'))
            return false;
    }
    return v.n == GPU_SERIAL_LEN;
}

static status read_device_ids(const json_t *list, const char *path, struct nvidia_policy *p)
{
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.device_ids is empty", path);
    p->device_ids = calloc(n, sizeof(*p->device_ids));
    REQUIRE(p->device_ids != NULL, ST_NOMEM, "policy device ids");
    for (size_t i = 0; i < n; i++) {
        struct bytes v = {0};
        REQUIRE(json_is_text(json_at(list, i), &v) && is_device_id(v), ST_FORMAT,
                "%s.device_ids[%zu] is not %d digits and capital letters", path, i, GPU_SERIAL_LEN);
        memcpy(p->device_ids[i], v.p, v.n);
        p->n_device_ids = i + 1;
    }
    return OK;
}

static void read_scalars(struct json_obj *o, struct nvidia_policy *p)
{
    p->n_gpus = (size_t)json_int(o, "gpus", true, 0, GPU_DEVICES_MAX, 0);
    p->n_switches = (size_t)json_int(o, "nvswitches", false, 0, GPU_DEVICES_MAX, 0);
    p->arch_mask = read_mask(o, "architectures", ARCH_NAMES, GPU_ARCHS, (1u << GPU_ARCHS) - 1);
    p->mode_mask = read_mask(o, "modes", MODE_NAMES, GPU_FEATURE_UNSTATED, MODES_DEFAULT);
    p->may_skip_mask = read_mask(o, "may_skip", SKIP_NAMES, NVIDIA_SKIPS, 0);
    p->is_crl_required = json_bool(o, "crl_required", false, false);
    read_version(o, "min_driver", GPU_VERSION_DECIMAL, &p->min_driver);
}

static bool has_floor(const struct nvidia_policy *p)
{
    size_t n = p->min_driver.n_parts;
    for (unsigned a = 0; a < GPU_ARCHS; a++)
        n += p->min_vbios[a].n_parts;
    return n > 0;
}

static status check_sense(const struct nvidia_policy *p, const char *path)
{
    size_t n = p->n_gpus + p->n_switches;
    REQUIRE(n > 0 && n <= GPU_DEVICES_MAX, ST_CONFIG, "%s asks for %zu devices, not 1 to %d", path,
            n, GPU_DEVICES_MAX);
    REQUIRE(p->n_releases > 0 || nvidia_policy_pins_measurements(p) || p->n_device_ids > 0 ||
                has_floor(p),
            ST_CONFIG,
            "%s pins nothing: name releases, floors, reference values or devices to accept", path);
    return OK;
}

status nvidia_policy_read(struct json_obj *policy, const char *key, struct nvidia_policy *out)
{
    *out = (struct nvidia_policy){0};
    if (!json_has(policy, key))
        return OK;
    struct json_obj o = json_sub(policy, key);
    read_scalars(&o, out);
    status floors = read_vbios_floors(&o, out);
    const json_t *releases = json_list(&o, "releases", false, NVIDIA_RELEASES_MAX);
    const json_t *references = json_list(&o, "reference_sha256", false, NVIDIA_REFERENCES_MAX);
    const json_t *ids = json_list(&o, "device_ids", false, NVIDIA_DEVICE_IDS_MAX);
    TRY(json_obj_end(&o));
    TRY(floors);
    if (releases != NULL)
        TRY(read_releases(releases, o.path, out));
    if (references != NULL)
        TRY(read_references(references, o.path, out));
    if (ids != NULL)
        TRY(read_device_ids(ids, o.path, out));
    TRY(check_sense(out, o.path));
    out->is_present = true;
    return OK;
}

void nvidia_policy_done(struct nvidia_policy *p)
{
    free(p->releases);
    free(p->device_ids);
    *p = (struct nvidia_policy){0};
}

bool nvidia_policy_may_skip(const struct nvidia_policy *p, enum nvidia_may_skip what)
{
    return (p->may_skip_mask >> what & 1u) != 0;
}

bool nvidia_policy_pins_measurements(const struct nvidia_policy *p)
{
    return p->n_references > 0 && !(nvidia_policy_may_skip(p, NVIDIA_SKIP_REFERENCE) &&
                                    nvidia_policy_may_skip(p, NVIDIA_SKIP_MEASUREMENTS));
}

/* ---- for people ---- */

static void explain_mask(struct buf *out, const char *before, unsigned mask,
                         const char *const *names, size_t n)
{
    const char *between = "";
    buf_put_str(out, before);
    for (size_t i = 0; i < n; i++) {
        if ((mask >> i & 1u) == 0)
            continue;
        buf_printf(out, "%s%s", between, names[i]);
        between = ", ";
    }
    buf_put_str(out, ".\n");
}

static void explain_floors(const struct nvidia_policy *p, struct buf *out)
{
    if (p->min_driver.n_parts > 0)
        buf_printf(out, "The driver must be %s or newer.\n", p->min_driver.text);
    for (unsigned a = 0; a < GPU_ARCHS; a++) {
        if (p->min_vbios[a].n_parts > 0)
            buf_printf(out, "The VBIOS of a %s must be %s or newer.\n",
                       gpu_leaf_arch_name((enum gpu_arch)a), p->min_vbios[a].text);
    }
}

static void explain_releases(const struct nvidia_policy *p, struct buf *out)
{
    for (size_t i = 0; i < p->n_releases; i++) {
        const struct nvidia_release *r = &p->releases[i];
        buf_printf(out, "Release %s of a %s: %s%s%sVBIOS %s.\n", r->name,
                   gpu_leaf_arch_name(r->arch), r->has_driver ? "driver " : "",
                   r->has_driver ? r->driver.text : "", r->has_driver ? ", " : "", r->vbios.text);
    }
}

static void explain_references(const struct nvidia_policy *p, struct buf *out)
{
    for (size_t i = 0; i < p->n_references; i++) {
        char hex[2 * 32 + 1];
        hex_encode(BYTES_OF(p->references[i]), hex);
        buf_printf(out, "Measurements are compared with the reference values of SHA-256 %s.\n",
                   hex);
    }
}

void nvidia_policy_explain(const struct nvidia_policy *p, struct buf *out)
{
    if (!p->is_present)
        return;
    buf_printf(out, "Exactly %zu NVIDIA GPUs and %zu NVSwitches, no two of them the same device.\n",
               p->n_gpus, p->n_switches);
    explain_mask(out, "Their architecture is one of: ", p->arch_mask, ARCH_NAMES, GPU_ARCHS);
    explain_mask(out, "Their mode of confidential computing is one of: ", p->mode_mask, MODE_NAMES,
                 GPU_FEATURE_UNSTATED);
    explain_releases(p, out);
    explain_floors(p, out);
    explain_references(p, out);
    if (p->n_device_ids > 0)
        buf_printf(out, "Only %zu devices are accepted, by their ids.\n", p->n_device_ids);
    if (p->is_crl_required)
        buf_put_str(out, "A current CRL is required for every certificate that names one.\n");
    if (p->may_skip_mask != 0)
        explain_mask(out, "Accepted although their input may be missing: ", p->may_skip_mask,
                     SKIP_NAMES, NVIDIA_SKIPS);
}

/* ---- pinning what was seen ---- */

static struct bytes take_until(struct bytes *text, char end)
{
    const uint8_t *at = text->n ? memchr(text->p, end, text->n) : NULL;
    size_t n = at != NULL ? (size_t)(at - text->p) : text->n;
    struct bytes word = bytes_of(text->p, n);
    size_t used = at != NULL ? n + 1 : n;
    *text = bytes_of(text->n ? text->p + used : text->p, text->n - used);
    return word;
}

/* "HOPPER/550.90.07/96.00.9F.00.01"; a switch has "-" in the place of the driver. */
static void pin_release(struct bytes tuple, const char *name, size_t i, struct json_w *w)
{
    char numbered[NVIDIA_NAME_MAX + 8];
    struct bytes arch = take_until(&tuple, '/'), driver = take_until(&tuple, '/');
    (void)snprintf(numbered, sizeof(numbered), i == 0 ? "%.*s" : "%.*s-%zu", NVIDIA_NAME_MAX - 4,
                   name, i + 1);
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", numbered);
    json_w_text(w, "arch", arch);
    if (!bytes_equal(driver, BYTES_LIT("-")))
        json_w_text(w, "driver", driver);
    json_w_text(w, "vbios", tuple);
    json_w_close(w, '}');
}

static void pin_releases(const char *tuples, const char *name, struct json_w *w)
{
    struct bytes left = bytes_str(tuples);
    json_w_open(w, "releases", '[');
    for (size_t i = 0; left.n > 0; i++)
        pin_release(take_until(&left, ' '), name, i, w);
    json_w_close(w, ']');
}

static void pin_list(const char *key, const char *words, struct json_w *w)
{
    if (words == NULL || words[0] == 0)
        return;
    struct bytes left = bytes_str(words);
    json_w_open(w, key, '[');
    while (left.n > 0)
        json_w_text(w, NULL, take_until(&left, ' '));
    json_w_close(w, ']');
}

static int64_t number_of(const struct evidence_facts *seen, const char *name)
{
    const char *text = evidence_facts_find(seen, name);
    uint64_t n = 0;
    if (text == NULL || failed(text_parse_u64(text, GPU_DEVICES_MAX, &n)))
        return 0;
    return (int64_t)n;
}

void nvidia_policy_pin(const struct evidence_facts *seen, const char *release_name,
                       struct json_w *w)
{
    const char *releases = evidence_facts_find(seen, "releases");
    json_w_open(w, "nvidia_gpu", '{');
    json_w_int(w, "gpus", number_of(seen, "gpus"));
    json_w_int(w, "nvswitches", number_of(seen, "nvswitches"));
    if (releases != NULL)
        pin_releases(releases, release_name, w);
    pin_list("modes", evidence_facts_find(seen, "modes"), w);
    pin_list("reference_sha256", evidence_facts_find(seen, "reference_sha256"), w);
    json_w_close(w, '}');
}
