/* snp_flags - the single bits of a report that a policy may pin: POLICY, which the guest's owner
 * asked for and the firmware enforces, and PLATFORM_INFO, which the firmware tells of the machine.
 * Source: AMD 56860 revision 1.58, sections 4.3 and 7.3.
 */
#ifndef TEE_VERIFY_SNP_FLAGS_H
#define TEE_VERIFY_SNP_FLAGS_H

#include "formats/json.h"

struct snp_flag {
    const char *name; /* as policies write it */
    unsigned bit;
};

struct snp_flags {
    const char *key; /* "guest_policy" */
    const struct snp_flag *v;
    size_t n;
};

extern const struct snp_flags snp_guest_flags, snp_platform_flags;

/* Bits that a policy pins, and what it wants of them. */
struct snp_pins {
    uint64_t mask, want;
};

enum { SNP_FLAGS_TEXT_MAX = 200 };

/* Bits of value that no flag names. */
uint64_t snp_flags_unknown(const struct snp_flags *f, uint64_t value);
/* The names of the bits in mask, with what value says: "smt_allowed false, cxl_allowed true". */
void snp_flags_text(const struct snp_flags *f, uint64_t mask, uint64_t value,
                    char out[static SNP_FLAGS_TEXT_MAX]);

/* Reads f->key's object of booleans; absent pins nothing, and an object that pins nothing is an
 * error. */
void snp_flags_read(const struct snp_flags *f, struct json_obj *parent, struct snp_pins *out);
/* Writes the object, pinning every flag as value has it. */
void snp_flags_pin(const struct snp_flags *f, uint64_t value, struct json_w *w);

#endif
