#include "tee/verify/snp/snp_tcb.h"

#include <stdio.h>

enum { TCB_LEN = 8, RESERVED = -1 };

/* The part that each byte holds. */
typedef int tcb_layout[TCB_LEN];

static const tcb_layout LAYOUTS[SNP_PRODUCTS] = {
    [SNP_MILAN] = {SNP_PART_BOOTLOADER, SNP_PART_TEE, RESERVED, RESERVED, RESERVED, RESERVED,
                   SNP_PART_SNP, SNP_PART_MICROCODE},
    [SNP_GENOA] = {SNP_PART_BOOTLOADER, SNP_PART_TEE, RESERVED, RESERVED, RESERVED, RESERVED,
                   SNP_PART_SNP, SNP_PART_MICROCODE},
    [SNP_TURIN] = {SNP_PART_FMC, SNP_PART_BOOTLOADER, SNP_PART_TEE, SNP_PART_SNP, RESERVED,
                   RESERVED, RESERVED, SNP_PART_MICROCODE},
};

static const char *const NAMES[SNP_PARTS] = {
    [SNP_PART_FMC] = "fmc", [SNP_PART_BOOTLOADER] = "bootloader", [SNP_PART_TEE] = "tee",
    [SNP_PART_SNP] = "snp", [SNP_PART_MICROCODE] = "microcode",
};

const char *snp_part_name(enum snp_part part)
{
    return part < SNP_PARTS ? NAMES[part] : "none";
}

bool snp_part_exists(enum snp_product p, enum snp_part part)
{
    return part != SNP_PART_FMC || p == SNP_TURIN;
}

status snp_tcb_read(struct bytes raw, enum snp_product p, struct snp_tcb *out)
{
    struct snp_tcb t = {0};
    REQUIRE(raw.n == TCB_LEN, ST_FORMAT, "a TCB of %zu bytes", raw.n);
    for (size_t i = 0; i < TCB_LEN; i++) {
        int part = LAYOUTS[p][i];
        REQUIRE(part != RESERVED || raw.p[i] == 0, ST_FORMAT,
                "reserved byte %zu of a %s TCB is not zero", i, snp_product_line(p));
        if (part != RESERVED)
            t.spl[part] = raw.p[i];
    }
    *out = t;
    return OK;
}

enum snp_part snp_tcb_below(const struct snp_tcb *got, const struct snp_tcb *floor)
{
    unsigned part = 0;
    while (part < SNP_PARTS && got->spl[part] >= floor->spl[part])
        part++;
    return (enum snp_part)part;
}

enum snp_part snp_tcb_differs(const struct snp_tcb *a, const struct snp_tcb *b)
{
    unsigned part = 0;
    while (part < SNP_PARTS && a->spl[part] == b->spl[part])
        part++;
    return (enum snp_part)part;
}

void snp_tcb_text(const struct snp_tcb *t, enum snp_product p, char out[static SNP_TCB_TEXT_MAX])
{
    size_t n = 0;
    for (unsigned part = 0; part < SNP_PARTS; part++) {
        if (!snp_part_exists(p, (enum snp_part)part))
            continue;
        int wrote = snprintf(out + n, SNP_TCB_TEXT_MAX - n, "%s%s %u", n > 0 ? ", " : "",
                             NAMES[part], t->spl[part]);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
}
