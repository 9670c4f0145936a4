#include "tee/verify/nvidia/nvidia.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"

enum {
    NVDEC0_INDEX = 35, /* a measurement that counts only while the decoder is enabled */
    NVDEC0_DISABLED = 0x55,
};

static bool is_pinned(const struct nvidia_policy *rules, const uint8_t digest[static SHA256_LEN])
{
    for (size_t i = 0; i < rules->n_references; i++) {
        if (memcmp(rules->references[i], digest, SHA256_LEN) == 0)
            return true;
    }
    return false;
}

/* Without rules nothing is accepted anyway, and the comparison is of use to the reader. */
static bool is_reference_trusted(struct evidence_job *j, char hex[static 2 * SHA256_LEN + 1])
{
    const struct nvidia_policy *rules = nvidia_rules(j);
    uint8_t digest[SHA256_LEN];
    if (failed(sha256(j->expect->beside.reference_values, digest))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return false;
    }
    hex_encode(BYTES_OF(digest), hex);
    if (rules == NULL || is_pinned(rules, digest))
        return true;
    evidence_fail(j, "GPU_REFERENCE_NOT_PINNED", "the policy does not pin reference values %s",
                  hex);
    return false;
}

static void find_manifests(struct nvidia_state *st)
{
    for (size_t i = 0; i < st->list.n; i++) {
        struct nvidia_device *d = &st->v[i];
        struct bytes chip = bytes_str(d->leaf.chip);
        d->vbios = gpu_reference_find(&st->reference, GPU_MANIFEST_VBIOS, chip, &d->opaque.vbios);
        if (d->opaque.has_driver)
            d->driver =
                gpu_reference_find(&st->reference, GPU_MANIFEST_DRIVER, chip, &d->opaque.driver);
    }
}

static uint64_t indices_of(const struct gpu_manifest *m)
{
    struct gpu_reference_entry e;
    uint64_t mask = 0;
    if (m == NULL)
        return 0;
    struct gpu_reference_walk w = gpu_reference_entries(m);
    while (gpu_reference_next(&w, &e))
        mask |= UINT64_C(1) << e.index;
    return mask;
}

/* Each firmware answers for its own measurements; a manifest of the one that spoke for the other's
 * could replace them. */
static bool has_conflict(const struct nvidia_state *st, size_t *out_device)
{
    for (size_t i = 0; i < st->list.n; i++) {
        *out_device = i;
        if ((indices_of(st->v[i].driver) & indices_of(st->v[i].vbios)) != 0)
            return true;
    }
    return false;
}

/* The import proved NVIDIA's certificates for the day on which it was made, and kept the day on
 * which they end. What speaks of no device here may have ended. */
static const struct gpu_manifest *ended_of(const struct nvidia_device *d, int64_t at_unix_s)
{
    if (d->vbios != NULL && at_unix_s > d->vbios->not_after_unix_s)
        return d->vbios;
    return d->driver != NULL && at_unix_s > d->driver->not_after_unix_s ? d->driver : NULL;
}

static bool is_any_ended(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        const struct gpu_manifest *m = ended_of(&st->v[i], j->expect->at_unix_s);
        char until[CLOCK_TEXT_LEN];
        if (m == NULL)
            continue;
        clock_text(m->not_after_unix_s, until);
        evidence_fail(j, "GPU_REFERENCE_EXPIRED",
                      "device %zu: the reference values of its %s %.*s ended at %s", i,
                      m->kind == GPU_MANIFEST_VBIOS ? "VBIOS" : "driver", (int)m->version_text.n,
                      (const char *)m->version_text.p, until);
        return true;
    }
    return false;
}

static const char *missing_of(const struct nvidia_device *d)
{
    if (d->vbios == NULL)
        return "VBIOS";
    return d->opaque.has_driver && d->driver == NULL ? "driver" : NULL;
}

static void judge_coverage(struct evidence_job *j, const char *hex)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        const char *missing = missing_of(&st->v[i]);
        if (missing != NULL) {
            nvidia_skip(j, NVIDIA_SKIP_REFERENCE,
                        "device %zu: reference values %.16s... do not cover its %s", i, hex,
                        missing);
            return;
        }
    }
    evidence_pass(j, "reference values %.16s... cover every driver and VBIOS%s", hex,
                  nvidia_rules(j) == NULL ? "; nothing pins them" : "");
}

void nvidia_check_reference(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    struct bytes file = j->expect->beside.reference_values;
    char hex[2 * SHA256_LEN + 1];
    size_t i = 0;
    if (file.p == NULL) {
        nvidia_skip(j, NVIDIA_SKIP_REFERENCE, "no reference values were given");
        return;
    }
    evidence_shows(j, "reference values", file);
    if (!is_reference_trusted(j, hex))
        return;
    if (failed(gpu_reference_parse(file, &st->reference))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_fact(j, "reference_sha256", "%s", hex);
    find_manifests(st);
    if (has_conflict(st, &i)) {
        evidence_fail(j, "GPU_REFERENCE_CONFLICT",
                      "device %zu: driver and VBIOS both speak of one measurement", i);
        return;
    }
    st->has_reference = true;
    if (!is_any_ended(j))
        judge_coverage(j, hex);
}

static bool is_right(const struct gpu_reference_entry *e, struct bytes got)
{
    for (size_t i = 0; i < e->n_values; i++) {
        if (got.p != NULL && bytes_equal(e->values[i], got))
            return true;
    }
    return false;
}

/* NVIDIA's own rule: the measurement of the video decoder's firmware says nothing while the decoder
 * is disabled, which the signed report states. */
static bool counts(const struct nvidia_device *d, unsigned index)
{
    struct bytes nvdec = gpu_opaque_field(&d->opaque, GPU_OPAQUE_NVDEC0_STATUS);
    return index != NVDEC0_INDEX || nvdec.p == NULL || nvdec.p[0] != NVDEC0_DISABLED;
}

struct outcome {
    size_t n_compared, n_wrong;
    char wrong[96]; /* the indices */
};

/* Index N of a RIM is measurement block N + 1. */
static void compare(struct evidence_job *j, const struct nvidia_device *d,
                    const struct gpu_manifest *m, struct outcome *out)
{
    struct gpu_reference_entry e;
    if (m == NULL)
        return;
    struct gpu_reference_walk w = gpu_reference_entries(m);
    while (gpu_reference_next(&w, &e)) {
        struct bytes got = spdm_value(&d->response, e.index + 1);
        if (!counts(d, e.index))
            continue;
        out->n_compared++;
        if (is_right(&e, got))
            continue;
        size_t n = strlen(out->wrong);
        evidence_shows(j, "measurement that differs", got);
        (void)snprintf(out->wrong + n, sizeof(out->wrong) - n, "%s%u", n > 0 ? " " : "", e.index);
        out->n_wrong++;
    }
}

void nvidia_check_measurements(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    size_t n_compared = 0, n_bare = st->has_reference ? 0 : st->list.n, first_bare = 0;
    for (size_t i = 0; st->has_reference && i < st->list.n; i++) {
        struct outcome o = {0};
        evidence_shows(j, "measurement record", st->v[i].response.record);
        compare(j, &st->v[i], st->v[i].vbios, &o);
        compare(j, &st->v[i], st->v[i].driver, &o);
        n_compared += o.n_compared;
        if (o.n_compared == 0 && n_bare++ == 0)
            first_bare = i;
        if (o.n_wrong > 0) {
            evidence_fail(j, NULL, "device %zu: %zu of %zu differ, at index %s", i, o.n_wrong,
                          o.n_compared, o.wrong);
            return;
        }
    }
    /* One device's measurements say nothing about another's. */
    if (n_bare > 0)
        nvidia_skip(j, NVIDIA_SKIP_MEASUREMENTS, "device %zu: no reference values to compare with",
                    first_bare);
    else
        evidence_pass(j, "%zu measurements are what NVIDIA published", n_compared);
}
