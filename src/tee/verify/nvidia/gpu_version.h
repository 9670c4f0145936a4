/* gpu_version - versions in dotted parts, compared part by part as numbers.
 *
 * A driver's parts are decimal ("550.90.07"), a VBIOS's are bytes in hexadecimal
 * ("96.00.9F.00.01"). A missing part counts as zero: 550.90 equals 550.90.0.
 */
#ifndef TEE_VERIFY_NVIDIA_GPU_VERSION_H
#define TEE_VERIFY_NVIDIA_GPU_VERSION_H

#include "base/bytes.h"

enum {
    GPU_VERSION_PARTS_MAX = 6,
    GPU_VERSION_TEXT_MAX = 31,
    GPU_VBIOS_PARTS = 5,
    GPU_VBIOS_RAW_LEN = 8,
};

enum gpu_version_base { GPU_VERSION_DECIMAL = 10, GPU_VERSION_HEX = 16 };

struct gpu_version {
    uint32_t part[GPU_VERSION_PARTS_MAX];
    size_t n_parts; /* 0: none */
    char text[GPU_VERSION_TEXT_MAX + 1];
};

/* Digits and dots only; the text is kept as it stands, in upper case where it is hexadecimal. A
 * VBIOS version has exactly five parts of at most 0xff. ST_FORMAT. */
NODISCARD status gpu_version_parse(struct bytes text, enum gpu_version_base base,
                                   struct gpu_version *out);

/* The VBIOS version as a GPU reports it: bytes 3, 2, 1, 0 and 4 of eight, the last three zero. */
NODISCARD status gpu_version_vbios(struct bytes raw, struct gpu_version *out);

/* Negative, zero or positive, as for memcmp(). */
int gpu_version_compare(const struct gpu_version *a, const struct gpu_version *b);

#endif
