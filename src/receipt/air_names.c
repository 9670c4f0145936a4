/* The words of the format: platforms, modes and hash schemes. */
#include "receipt/air.h"

static const char *const PLATFORMS[] = {
    [AIR_NITRO_PCR] = "nitro-pcr",
    [AIR_TDX_MRTD_RTMR] = "tdx-mrtd-rtmr",
};
static const char *const MODES[] = {
    [AIR_PRODUCTION] = "production",
    [AIR_EVALUATION] = "evaluation",
};
static const char *const SCHEMES[] = {
    [AIR_SCHEME_NONE] = NULL,
    [AIR_SHA256_SINGLE] = "sha256-single",
    [AIR_SHA256_CONCAT] = "sha256-concat",
    [AIR_SHA256_MANIFEST] = "sha256-manifest",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool find(const char *const *table, size_t n, struct bytes name, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i] == NULL || !bytes_equal(name, bytes_str(table[i])))
            continue;
        *out = i;
        return true;
    }
    return false;
}

const char *air_platform_name(enum air_platform p)
{
    return (size_t)p < COUNT(PLATFORMS) ? PLATFORMS[p] : "";
}

const char *air_mode_name(enum air_mode m)
{
    return (size_t)m < COUNT(MODES) ? MODES[m] : "";
}

const char *air_scheme_name(enum air_scheme s)
{
    return (size_t)s < COUNT(SCHEMES) ? SCHEMES[s] : "";
}

bool air_platform_from_name(struct bytes name, enum air_platform *out)
{
    size_t i = 0;
    bool is_known = find(PLATFORMS, COUNT(PLATFORMS), name, &i);
    if (is_known)
        *out = (enum air_platform)i;
    return is_known;
}

bool air_mode_from_name(struct bytes name, enum air_mode *out)
{
    size_t i = 0;
    bool is_known = find(MODES, COUNT(MODES), name, &i);
    if (is_known)
        *out = (enum air_mode)i;
    return is_known;
}

bool air_scheme_from_name(struct bytes name, enum air_scheme *out)
{
    size_t i = 0;
    bool is_known = find(SCHEMES, COUNT(SCHEMES), name, &i);
    if (is_known)
        *out = (enum air_scheme)i;
    return is_known;
}
