/* nvidia_nvml - the table of nvidia_device.h over NVIDIA's management library, loaded at run time.
 *
 * The library (libnvidia-ml.so.1) comes with the driver, on machines that have one; nothing is
 * linked against it. A program that is linked statically does not use this: it has no loader.
 *
 * Source: NVML API reference, "Confidential Computing"; the structs below are its binary interface.
 */
#ifndef TEE_NVIDIA_NVML_H
#define TEE_NVIDIA_NVML_H

#include "tee/nvidia_device.h"

#define NVIDIA_NVML_LIBRARY "libnvidia-ml.so.1"

struct nvidia_nvml;

/* Loads and starts it; NULL: the functions are this program's own. ST_NOTFOUND no such library;
 * ST_UNSUPPORTED a function is missing, which is a driver before confidential computing; ST_IO it
 * does not start. */
NODISCARD status nvidia_nvml_open(const char *library, struct nvidia_nvml **out);
void nvidia_nvml_closep(struct nvidia_nvml **n);
struct nvidia_device_api nvidia_nvml_api(struct nvidia_nvml *n);

/* ---- binary interface, also for fakes of the library ---- */

enum {
    NVIDIA_NVML_SUCCESS = 0,
    NVIDIA_NVML_CHAIN_MAX = 0x1000,
    NVIDIA_NVML_ATTESTATION_CHAIN_MAX = 0x1400,
    NVIDIA_NVML_REPORT_MAX = 0x2000,
    NVIDIA_NVML_CEC_REPORT_MAX = 0x1000,
    NVIDIA_NVML_ENVIRONMENT_PRODUCTION = 2,
    NVIDIA_NVML_MULTI_GPU_PROTECTED_PCIE = 1,
};

struct nvidia_nvml_state { /* nvmlConfComputeSystemState_t */
    unsigned environment, feature, developer_tools;
};

struct nvidia_nvml_settings { /* nvmlSystemConfComputeSettings_v1_t */
    unsigned version, environment, feature, developer_tools, multi_gpu;
};

enum { NVIDIA_NVML_SETTINGS_V1 = sizeof(struct nvidia_nvml_settings) | 1 << 24 };

struct nvidia_nvml_report { /* nvmlConfComputeGpuAttestationReport_t */
    unsigned has_cec, n, n_cec;
    uint8_t nonce[NVIDIA_DEVICE_NONCE_LEN];
    uint8_t bytes[NVIDIA_NVML_REPORT_MAX];
    uint8_t cec[NVIDIA_NVML_CEC_REPORT_MAX];
};

struct nvidia_nvml_certificate { /* nvmlConfComputeGpuCertificate_t */
    unsigned n_chain, n_attestation;
    uint8_t chain[NVIDIA_NVML_CHAIN_MAX];
    uint8_t attestation[NVIDIA_NVML_ATTESTATION_CHAIN_MAX];
};

#endif
