/* gpu_opaque - the opaque data of an NVIDIA measurement report: what the device says about itself.
 *
 * A list of fields, each a type (u16), a size (u16) and a value, little-endian. The types are those
 * of NVIDIA's attestation SDK (enum GpuOpaqueDataType). A type that the table does not know is kept
 * out of every decision; a type that stands there twice is refused. The newer form with a header
 * ("NVDAOD") is refused by name.
 *
 * Untrusted until the report's signature held.
 */
#ifndef TEE_VERIFY_NVIDIA_GPU_OPAQUE_H
#define TEE_VERIFY_NVIDIA_GPU_OPAQUE_H

#include "base/bytes.h"
#include "tee/verify/nvidia/gpu_version.h"

enum { GPU_OPAQUE_FIELDS_MAX = 64, GPU_DEVICE_ID_LEN = 8 };

enum gpu_opaque_type {
    GPU_OPAQUE_DRIVER_VERSION = 3,
    GPU_OPAQUE_INFO = 4,
    GPU_OPAQUE_SKU = 5,
    GPU_OPAQUE_VBIOS_VERSION = 6,
    GPU_OPAQUE_NVDEC0_STATUS = 11,
    GPU_OPAQUE_COUNTS = 12, /* u32 for each measurement block */
    GPU_OPAQUE_CPR_INFO = 13,
    GPU_OPAQUE_BOARD_ID = 14,
    GPU_OPAQUE_CHIP_SKU = 15,
    GPU_OPAQUE_CHIP_SKU_MOD = 16,
    GPU_OPAQUE_PROJECT = 17,
    GPU_OPAQUE_PROJECT_SKU = 18,
    GPU_OPAQUE_PROJECT_SKU_MOD = 19,
    GPU_OPAQUE_FWID = 20,         /* SHA-384 of the firmware that holds the signing key */
    GPU_OPAQUE_PCIE_STATUS = 21,  /* protected PCIe: 0xaa on, 0x55 off */
    GPU_OPAQUE_DEVICE_IDS = 22,   /* a switch: its own id; a GPU: the switches that it sees */
    GPU_OPAQUE_FEATURE_FLAG = 36, /* enum gpu_feature */
    GPU_OPAQUE_TYPE_MAX = 255,
};

/* The mode of confidential computing that the device runs in, where it says so. */
enum gpu_feature {
    GPU_FEATURE_SINGLE = 0,         /* one GPU, bounce buffers encrypted */
    GPU_FEATURE_MULTI = 1,          /* several GPUs, NVLink encrypted */
    GPU_FEATURE_PROTECTED_PCIE = 2, /* several GPUs, NVLink in clear, switches trusted */
    GPU_FEATURE_UNSTATED,
};

struct gpu_field {
    uint16_t type;
    struct bytes value;
};

struct gpu_opaque {
    struct gpu_field fields[GPU_OPAQUE_FIELDS_MAX];
    size_t n_fields;
    bool has_driver;
    struct gpu_version driver;                   /* decimal parts */
    struct gpu_version vbios;                    /* five hexadecimal parts */
    struct bytes fwid;                           /* 48 bytes, or .p NULL */
    struct bytes device_id;                      /* a switch's own id, or .p NULL */
    struct bytes project, project_sku, chip_sku; /* text without its zeroes; .p NULL when absent */
    enum gpu_feature feature;
};

/* A switch writes its VBIOS version as text, a GPU as bytes: is_switch says whose report it is.
 * Views borrow from in. ST_TRUNCATED, ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for the form "NVDAOD". */
NODISCARD status gpu_opaque_parse(struct bytes in, bool is_switch, struct gpu_opaque *out);

/* The value of a type; .p NULL when the report has none. */
struct bytes gpu_opaque_field(const struct gpu_opaque *o, unsigned type);
const char *gpu_opaque_name(unsigned type);              /* "driver-version"; "unknown" */
const char *gpu_opaque_feature_name(enum gpu_feature f); /* "single" "multi" "protected-pcie" */

#endif
