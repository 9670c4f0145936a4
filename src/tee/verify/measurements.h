/* measurements - what the hardware says about the code that runs: a numbered set of 48-byte
 * digests.
 *
 * Nitro: PCR0 image, PCR1 kernel and boot ramdisk, PCR2 user application, PCR3 IAM role of the
 * parent, PCR4 instance id, PCR8 signing certificate. TDX: 0 = MRTD, 1..4 = RTMR0..3. SNP: 0 =
 * MEASUREMENT.
 */
#ifndef TEE_VERIFY_MEASUREMENTS_H
#define TEE_VERIFY_MEASUREMENTS_H

#include "base/bytes.h"

enum measurement_kind { MEASUREMENT_NITRO_PCR, MEASUREMENT_TDX, MEASUREMENT_SNP };

enum { MEASUREMENT_LEN = 48, MEASUREMENTS_MAX = 32 };

struct measurements {
    enum measurement_kind kind;
    uint32_t present_mask; /* bit i: pcr[i] was in the evidence */
    uint8_t pcr[MEASUREMENTS_MAX][MEASUREMENT_LEN];
};

static inline bool measurements_has(const struct measurements *m, unsigned index)
{
    return index < MEASUREMENTS_MAX && (m->present_mask >> index & 1u) != 0;
}

/* The empty view when the measurement is absent. */
static inline struct bytes measurements_at(const struct measurements *m, unsigned index)
{
    return measurements_has(m, index) ? BYTES_OF(m->pcr[index]) : (struct bytes){0};
}

/* What register i is called on its platform: "pcr8", "mrtd", "rtmr0", "measurement". */
enum { MEASUREMENTS_NAME_MAX = 16 };
void measurements_name(const struct measurements *m, unsigned i,
                       char out[static MEASUREMENTS_NAME_MAX]);

#endif
