/* snp_tcb - TCB_VERSION: the security patch levels of the parts of a platform's firmware.
 * Source: AMD 56860 section 2.2.
 *
 *     Milan, Genoa   boot loader, TEE, 4 zero, SNP firmware, microcode
 *     Turin          FMC, boot loader, TEE, SNP firmware, 3 zero, microcode
 *
 * A level is compared with the same level of another TCB, never the eight bytes as one number: a
 * new microcode must not hide an old boot loader.
 */
#ifndef TEE_VERIFY_SNP_TCB_H
#define TEE_VERIFY_SNP_TCB_H

#include "tee/verify/snp/snp_product.h"

enum snp_part {
    SNP_PART_FMC,
    SNP_PART_BOOTLOADER,
    SNP_PART_TEE,
    SNP_PART_SNP,
    SNP_PART_MICROCODE,
    SNP_PARTS
};

struct snp_tcb {
    uint8_t spl[SNP_PARTS]; /* FMC is zero where a product has none */
};

enum { SNP_TCB_TEXT_MAX = 96 };

const char *snp_part_name(enum snp_part part); /* "microcode", as policies write it */
bool snp_part_exists(enum snp_product p, enum snp_part part);

/* ST_FORMAT when a reserved byte is not zero. raw has 8 bytes. */
NODISCARD status snp_tcb_read(struct bytes raw, enum snp_product p, struct snp_tcb *out);

/* The first part of got that lies below floor, or SNP_PARTS. */
enum snp_part snp_tcb_below(const struct snp_tcb *got, const struct snp_tcb *floor);
/* The first part in which the two differ, or SNP_PARTS. */
enum snp_part snp_tcb_differs(const struct snp_tcb *a, const struct snp_tcb *b);

/* "bootloader 4, tee 0, snp 24, microcode 219" */
void snp_tcb_text(const struct snp_tcb *t, enum snp_product p, char out[static SNP_TCB_TEXT_MAX]);

#endif
