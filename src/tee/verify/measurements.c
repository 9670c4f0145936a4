#include "tee/verify/measurements.h"

#include <stdio.h>

void measurements_name(const struct measurements *m, unsigned i,
                       char out[static MEASUREMENTS_NAME_MAX])
{
    if (m->kind == MEASUREMENT_TDX && i == 0)
        (void)snprintf(out, MEASUREMENTS_NAME_MAX, "mrtd");
    else if (m->kind == MEASUREMENT_TDX)
        (void)snprintf(out, MEASUREMENTS_NAME_MAX, "rtmr%u", i - 1);
    else if (m->kind == MEASUREMENT_SNP)
        (void)snprintf(out, MEASUREMENTS_NAME_MAX, "measurement");
    else
        (void)snprintf(out, MEASUREMENTS_NAME_MAX, "pcr%u", i);
}
