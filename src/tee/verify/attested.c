#include "tee/verify/attested.h"

/* The registers of each form that AIR v1 knows, by the index that both sides use. */
static const unsigned NITRO_PCRS[] = {0, 1, 2, 3, 4, 8};
enum { N_TDX = 5, N_NITRO = 6 };

static void take(const struct measurements *m, size_t n, struct air_measurements *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned pcr = NITRO_PCRS[i];
        if (!measurements_has(m, pcr))
            continue;
        memcpy(out->pcr[pcr], m->pcr[pcr], AIR_MEASUREMENT_LEN);
        out->present |= (uint16_t)(1u << pcr);
    }
    out->is_attested = (out->present & AIR_PCR_REQUIRED) == AIR_PCR_REQUIRED;
}

void attested_measurements(const struct measurements *m, struct air_measurements *out)
{
    bool is_tdx = m->kind == MEASUREMENT_TDX;
    *out = (struct air_measurements){.platform = is_tdx ? AIR_TDX_MRTD_RTMR : AIR_NITRO_PCR};
    if (is_tdx)
        take(m, N_TDX, out);
    else if (m->kind == MEASUREMENT_NITRO_PCR)
        take(m, N_NITRO, out);
}
