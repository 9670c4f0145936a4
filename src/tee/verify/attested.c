#include "tee/verify/attested.h"

static const unsigned NITRO_PCRS[] = {0, 1, 2, 3, 4, 8};
enum { N_TDX = 5, N_NITRO = 6 };

void attested_measurements(const struct measurements *m, struct air_measurements *out)
{
    bool is_tdx = m->kind == MEASUREMENT_TDX;
    *out = (struct air_measurements){
        .platform = is_tdx ? AIR_TDX_MRTD_RTMR : AIR_NITRO_PCR,
        .is_attested = true,
    };
    for (size_t i = 0; i < (is_tdx ? N_TDX : N_NITRO); i++) {
        unsigned pcr = NITRO_PCRS[i];
        if (!measurements_has(m, pcr))
            continue;
        memcpy(out->pcr[pcr], m->pcr[pcr], AIR_MEASUREMENT_LEN);
        out->present |= (uint16_t)(1u << pcr);
    }
}
