/* ccel - the boot's event log of a TD, replayed into its registers RTMR0 to RTMR3.
 *
 * "TCG PC Client Platform Firmware Profile" section 10 (crypto-agile log), as ACPI's CCEL table
 * points to it; "UEFI Specification" 38.4.1: register index 1 to 4 is RTMR0 to RTMR3, 0 is MRTD.
 * Integers are little-endian:
 *
 *     first   u32 index 0, u32 type 3 (EV_NO_ACTION), 20 bytes, u32 n, n bytes:
 *             "Spec ID Event03" NUL, u32 class, u8 minor 0, u8 major 2, u8 errata, u8 uintn,
 *             u32 algorithms, (u16 id, u16 digest length) of each, u8 n, n bytes of the vendor
 *     others  u32 index, u32 type, u32 digests, (u16 id, digest) of each, u32 n, n bytes
 *
 * The table's room may be larger than the log: what follows is all 0xff or all zero.
 *
 * Untrusted: all of it. The registers in a quote are what makes a log true.
 */
#ifndef TEE_VERIFY_DCAP_CCEL_H
#define TEE_VERIFY_DCAP_CCEL_H

#include "base/bytes.h"

enum { CCEL_MAX_BYTES = 1 << 20, CCEL_RTMRS = 4, CCEL_RTMR_LEN = 48, CCEL_ALGORITHMS_MAX = 8 };

struct ccel {
    uint8_t rtmr[CCEL_RTMRS][CCEL_RTMR_LEN];
    size_t n_extended[CCEL_RTMRS]; /* events that went into each */
    size_t n_events;               /* all, the first included */
};

/* ST_TRUNCATED, ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for a log without SHA-384 digests. */
NODISCARD status ccel_replay(struct bytes log, struct ccel *out);

#endif
