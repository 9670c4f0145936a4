#include "tee/verify/nvidia/gpu_opaque.h"

#include <string.h>

enum {
    FWID_LEN = 48,
    COUNT_LEN = 4,
    TYPE_INVALID = 255,
    PCIE_ON = 0xaa,
    PCIE_OFF = 0x55,
};

/* What a value must look like: `unit` divides its size, `max` bounds it (0: the form's own). */
struct known {
    uint16_t type;
    const char *name;
    size_t min, max, unit;
};

static const struct known KNOWN[] = {
    {1, "certificate-issuer", 0, 256, 1},
    {2, "certificate-key-id", 0, 64, 1},
    {GPU_OPAQUE_DRIVER_VERSION, "driver-version", 2, GPU_VERSION_TEXT_MAX + 1, 1},
    {GPU_OPAQUE_INFO, "gpu-info", 0, 64, 1},
    {GPU_OPAQUE_SKU, "sku", 0, 64, 1},
    {GPU_OPAQUE_VBIOS_VERSION, "vbios-version", 1, GPU_VERSION_TEXT_MAX + 1, 1},
    {7, "manufacturer-id", 0, 64, 1},
    {8, "tamper-detection", 0, 64, 1},
    {9, "smc", 0, 64, 1},
    {10, "vpr", 0, 64, 1},
    {GPU_OPAQUE_NVDEC0_STATUS, "nvdec0-status", 1, 1, 1},
    {GPU_OPAQUE_COUNTS, "measurement-counts", COUNT_LEN, 64 * COUNT_LEN, COUNT_LEN},
    {GPU_OPAQUE_CPR_INFO, "cpr-info", 0, 64, 1},
    {GPU_OPAQUE_BOARD_ID, "board-id", 4, 4, 1},
    {GPU_OPAQUE_CHIP_SKU, "chip-sku", 1, 32, 1},
    {GPU_OPAQUE_CHIP_SKU_MOD, "chip-sku-mod", 1, 32, 1},
    {GPU_OPAQUE_PROJECT, "project", 1, 32, 1},
    {GPU_OPAQUE_PROJECT_SKU, "project-sku", 1, 32, 1},
    {GPU_OPAQUE_PROJECT_SKU_MOD, "project-sku-mod", 1, 32, 1},
    {GPU_OPAQUE_FWID, "fwid", FWID_LEN, FWID_LEN, 1},
    {GPU_OPAQUE_PCIE_STATUS, "protected-pcie-status", 1, 1, 1},
    {GPU_OPAQUE_DEVICE_IDS, "device-ids", GPU_DEVICE_ID_LEN, 64 * GPU_DEVICE_ID_LEN,
     GPU_DEVICE_ID_LEN},
    {23, "disabled-ports", 0, 64, 1},
    {24, "position-id", 0, 64, 1},
    {25, "lock-status", 0, 64, 1},
    {26, "switch-gpu-ids", 0, 512, 1},
    {32, "gpu-link-connections", 0, 512, 1},
    {33, "system-enable-status", 0, 64, 1},
    {34, "opaque-data-version", 1, 8, 1},
    {35, "chip-info", 0, 64, 1},
    {GPU_OPAQUE_FEATURE_FLAG, "feature-flag", 1, 8, 1},
};

enum { N_KNOWN = sizeof(KNOWN) / sizeof(KNOWN[0]) };

static const struct known *lookup(unsigned type)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        if (KNOWN[i].type == type)
            return &KNOWN[i];
    }
    return NULL;
}

const char *gpu_opaque_name(unsigned type)
{
    const struct known *k = lookup(type);
    return k != NULL ? k->name : "unknown";
}

const char *gpu_opaque_feature_name(enum gpu_feature f)
{
    static const char *const names[] = {"single", "multi", "protected-pcie", "unstated"};
    return f <= GPU_FEATURE_UNSTATED ? names[f] : "unknown";
}

struct bytes gpu_opaque_field(const struct gpu_opaque *o, unsigned type)
{
    for (size_t i = 0; i < o->n_fields; i++) {
        if (o->fields[i].type == type)
            return o->fields[i].value;
    }
    return (struct bytes){0};
}

static status check_field(const struct gpu_opaque *o, uint16_t type, struct bytes value)
{
    REQUIRE(type != TYPE_INVALID && type != 0, ST_FORMAT, "a field of the invalid type %u", type);
    for (size_t i = 0; i < o->n_fields; i++)
        REQUIRE(o->fields[i].type != type, ST_FORMAT, "field %u (%s) is there twice", type,
                gpu_opaque_name(type));
    const struct known *k = lookup(type);
    if (k == NULL)
        return OK;
    REQUIRE(value.n >= k->min && value.n <= k->max && value.n % k->unit == 0, ST_FORMAT,
            "%s of %zu bytes", k->name, value.n);
    return OK;
}

static status read_fields(struct bytes in, struct gpu_opaque *o)
{
    struct rd r = rd_over(in);
    while (rd_left(&r) > 0) {
        uint16_t type = rd_u16le(&r);
        struct bytes value = rd_take(&r, rd_u16le(&r));
        REQUIRE(!r.short_read, ST_TRUNCATED, "opaque data ends inside field %u", type);
        REQUIRE(o->n_fields < GPU_OPAQUE_FIELDS_MAX, ST_LIMIT, "more than %d fields",
                GPU_OPAQUE_FIELDS_MAX);
        TRY(check_field(o, type, value));
        o->fields[o->n_fields++] = (struct gpu_field){.type = type, .value = value};
    }
    return rd_end(&r);
}

/* Text ends at its first zero; after that there are only zeroes. */
static status text_of(const struct gpu_opaque *o, unsigned type, struct bytes *out)
{
    struct bytes v = gpu_opaque_field(o, type);
    const uint8_t *zero = v.n ? memchr(v.p, 0, v.n) : NULL;
    size_t n = zero != NULL ? (size_t)(zero - v.p) : v.n;
    for (size_t i = 0; i < n; i++)
        REQUIRE(v.p[i] > 0x20 && v.p[i] < 0x7f, ST_FORMAT, "%s is not visible ASCII",
                gpu_opaque_name(type));
    REQUIRE(v.n == n || bytes_all_zero(bytes_of(v.p + n, v.n - n)), ST_FORMAT,
            "%s goes on after its end", gpu_opaque_name(type));
    *out = bytes_of(v.p, n);
    return OK;
}

static status read_driver(struct gpu_opaque *o)
{
    struct bytes text;
    TRY(text_of(o, GPU_OPAQUE_DRIVER_VERSION, &text));
    o->has_driver = text.p != NULL;
    if (!o->has_driver)
        return OK;
    return status_context(gpu_version_parse(text, GPU_VERSION_DECIMAL, &o->driver), "driver");
}

static status read_vbios(struct gpu_opaque *o, bool is_switch)
{
    struct bytes raw = gpu_opaque_field(o, GPU_OPAQUE_VBIOS_VERSION);
    REQUIRE(raw.p != NULL, ST_FORMAT, "no VBIOS version");
    if (!is_switch)
        return status_context(gpu_version_vbios(raw, &o->vbios), "VBIOS");
    struct bytes text;
    TRY(text_of(o, GPU_OPAQUE_VBIOS_VERSION, &text));
    return status_context(gpu_version_parse(text, GPU_VERSION_HEX, &o->vbios), "VBIOS");
}

static status read_flag(struct bytes flag, enum gpu_feature *out)
{
    struct rd r = rd_over(flag);
    uint64_t v = rd_le_(&r, flag.n);
    REQUIRE(v < GPU_FEATURE_UNSTATED, ST_FORMAT, "feature flag %llu", (unsigned long long)v);
    *out = (enum gpu_feature)v;
    return OK;
}

/* Newer firmware says its mode in a field of its own. Older firmware says whether protected PCIe is
 * on, which leaves the single mode when it is off; the oldest says nothing. Where both speak they
 * must agree. */
static status read_feature(struct gpu_opaque *o)
{
    struct bytes flag = gpu_opaque_field(o, GPU_OPAQUE_FEATURE_FLAG);
    struct bytes pcie = gpu_opaque_field(o, GPU_OPAQUE_PCIE_STATUS);
    bool is_on = pcie.p != NULL && pcie.p[0] == PCIE_ON;
    o->feature = GPU_FEATURE_UNSTATED;
    if (pcie.p != NULL) {
        REQUIRE(is_on || pcie.p[0] == PCIE_OFF, ST_FORMAT, "protected PCIe status 0x%02x",
                pcie.p[0]);
        o->feature = is_on ? GPU_FEATURE_PROTECTED_PCIE : GPU_FEATURE_SINGLE;
    }
    if (flag.p == NULL)
        return OK;
    TRY(read_flag(flag, &o->feature));
    REQUIRE(pcie.p == NULL || is_on == (o->feature == GPU_FEATURE_PROTECTED_PCIE), ST_FORMAT,
            "feature flag and protected PCIe status contradict each other");
    return OK;
}

status gpu_opaque_parse(struct bytes in, bool is_switch, struct gpu_opaque *out)
{
    static const uint8_t magic[] = {'N', 'V', 'D', 'A', 'O', 'D'};
    REQUIRE(in.n < sizeof(magic) || memcmp(in.p, magic, sizeof(magic)) != 0, ST_UNSUPPORTED,
            "opaque data in the NVDAOD form");
    struct gpu_opaque o = {0};
    TRY(read_fields(in, &o));
    TRY(read_driver(&o));
    TRY(read_vbios(&o, is_switch));
    TRY(read_feature(&o));
    TRY(text_of(&o, GPU_OPAQUE_PROJECT, &o.project));
    TRY(text_of(&o, GPU_OPAQUE_PROJECT_SKU, &o.project_sku));
    TRY(text_of(&o, GPU_OPAQUE_CHIP_SKU, &o.chip_sku));
    o.fwid = gpu_opaque_field(&o, GPU_OPAQUE_FWID);
    struct bytes ids = gpu_opaque_field(&o, GPU_OPAQUE_DEVICE_IDS);
    if (is_switch) {
        REQUIRE(ids.n == GPU_DEVICE_ID_LEN, ST_FORMAT, "a switch without its device id");
        o.device_id = ids;
    }
    *out = o;
    return OK;
}
