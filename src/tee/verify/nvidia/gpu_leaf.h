/* gpu_leaf - what the certificate of a GPU's attestation key says about the device.
 *
 * The device's boot ROM issues it at each start for the firmware that it has just measured (TCG
 * "DICE Attestation Architecture" 1.1, sections 5 and 6). Read from it:
 *
 *     commonName                      "GH100 A01 GSP FMC LF": the chip comes first
 *     subjectAltName, otherName of    "NVIDIA:GH100:48B02D92494BADF4": the chip again, and the
 *       1.3.6.1.4.1.412.274.1          device's own id (DMTF DSP0274 1.1.0, section 10.7.2)
 *     2.23.133.5.4.1                  SEQUENCE { version 1, SubjectPublicKeyInfo of the boot ROM's
 *                                     key, SEQUENCE { id-sha384, firmware id } }
 *     2.23.133.5.4.1.1 (Blackwell)    DiceTcbInfo: [6] firmware ids, [7] flags, among others
 *
 * Untrusted until the chain held.
 */
#ifndef TEE_VERIFY_NVIDIA_GPU_LEAF_H
#define TEE_VERIFY_NVIDIA_GPU_LEAF_H

#include "base/bytes.h"

enum { GPU_CHIP_MAX = 15, GPU_SERIAL_LEN = 16, GPU_FWID_LEN = 48, GPU_FWIDS_MAX = 4 };

enum gpu_arch { GPU_HOPPER, GPU_BLACKWELL, GPU_LS10, GPU_ARCHS };

/* DiceTcbInfo flags; notConfigured is set on devices in the field and says nothing bad. */
enum { GPU_FLAG_NOT_SECURE = 1 << 1, GPU_FLAG_RECOVERY = 1 << 2, GPU_FLAG_DEBUG = 1 << 3 };

struct gpu_leaf {
    enum gpu_arch arch;
    char chip[GPU_CHIP_MAX + 1];     /* "GH100" */
    char serial[GPU_SERIAL_LEN + 1]; /* "48B02D92494BADF4" */
    struct bytes fwids[GPU_FWIDS_MAX];
    size_t n_fwids;
    struct bytes issuer_key; /* the boot ROM's SubjectPublicKeyInfo, or .p NULL */
    bool has_flags;
    uint32_t flags; /* bit n of the BIT STRING is 1 << n */
};

/* Views borrow from der. ST_FORMAT, ST_TRUNCATED; ST_UNSUPPORTED for a chip of no known family. */
NODISCARD status gpu_leaf_read(struct bytes der, struct gpu_leaf *out);
bool gpu_leaf_is_switch(const struct gpu_leaf *l);

/* "HOPPER", "BLACKWELL", "LS10": as in an evidence list. ST_UNSUPPORTED for another name. */
const char *gpu_leaf_arch_name(enum gpu_arch a);
NODISCARD status gpu_leaf_arch_of(struct bytes name, enum gpu_arch *out);

#endif
