#include "tee/verify/nvidia/gpu_version.h"

#include <stdio.h>

enum { DIGITS_MAX = 6, VBIOS_PART_MAX = 0xff };

static int digit_of(uint8_t c, enum gpu_version_base base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (base != GPU_VERSION_HEX)
        return -1;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes digits up to a dot or the end. */
static status take_part(struct rd *r, enum gpu_version_base base, uint32_t *out)
{
    uint32_t v = 0;
    size_t n = 0;
    while (rd_left(r) > 0 && r->in.p[r->at] != '.') {
        int digit = digit_of(rd_u8(r), base);
        REQUIRE(digit >= 0 && ++n <= DIGITS_MAX, ST_FORMAT,
                "a version with a part that is no number");
        v = v * base + (uint32_t)digit;
    }
    REQUIRE(n > 0, ST_FORMAT, "a version with an empty part");
    *out = v;
    return OK;
}

static void keep_text(struct bytes text, enum gpu_version_base base, char *out)
{
    for (size_t i = 0; i < text.n; i++) {
        bool is_lower = base == GPU_VERSION_HEX && text.p[i] >= 'a' && text.p[i] <= 'f';
        out[i] = (char)(is_lower ? text.p[i] - 'a' + 'A' : text.p[i]);
    }
    out[text.n] = 0;
}

static status check_vbios(const struct gpu_version *v)
{
    REQUIRE(v->n_parts == GPU_VBIOS_PARTS, ST_FORMAT, "a VBIOS version of %zu parts", v->n_parts);
    for (size_t i = 0; i < v->n_parts; i++)
        REQUIRE(v->part[i] <= VBIOS_PART_MAX, ST_FORMAT, "a VBIOS version with part %x",
                v->part[i]);
    return OK;
}

status gpu_version_parse(struct bytes text, enum gpu_version_base base, struct gpu_version *out)
{
    REQUIRE(text.n > 0 && text.n <= GPU_VERSION_TEXT_MAX, ST_FORMAT, "a version of %zu characters",
            text.n);
    struct gpu_version v = {0};
    struct rd r = rd_over(text);
    do {
        REQUIRE(v.n_parts < GPU_VERSION_PARTS_MAX, ST_FORMAT, "a version of too many parts");
        TRY(take_part(&r, base, &v.part[v.n_parts++]));
    } while (rd_u8(&r) == '.');
    if (base == GPU_VERSION_HEX)
        TRY(check_vbios(&v));
    keep_text(text, base, v.text);
    *out = v;
    return OK;
}

status gpu_version_vbios(struct bytes raw, struct gpu_version *out)
{
    REQUIRE(raw.n == GPU_VBIOS_RAW_LEN, ST_FORMAT, "a VBIOS version of %zu bytes", raw.n);
    REQUIRE(bytes_all_zero(bytes_of(raw.p + GPU_VBIOS_PARTS, GPU_VBIOS_RAW_LEN - GPU_VBIOS_PARTS)),
            ST_FORMAT, "a VBIOS version whose spare bytes are not zero");
    static const size_t order[GPU_VBIOS_PARTS] = {3, 2, 1, 0, 4};
    struct gpu_version v = {.n_parts = GPU_VBIOS_PARTS};
    for (size_t i = 0; i < GPU_VBIOS_PARTS; i++)
        v.part[i] = raw.p[order[i]];
    (void)snprintf(v.text, sizeof(v.text), "%02X.%02X.%02X.%02X.%02X", v.part[0], v.part[1],
                   v.part[2], v.part[3], v.part[4]);
    *out = v;
    return OK;
}

int gpu_version_compare(const struct gpu_version *a, const struct gpu_version *b)
{
    for (size_t i = 0; i < GPU_VERSION_PARTS_MAX; i++) {
        uint32_t x = i < a->n_parts ? a->part[i] : 0;
        uint32_t y = i < b->n_parts ? b->part[i] : 0;
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}
