#include "fakes/fake_nvml.h"

#include <string.h>

static struct fake_nvml plan;

struct fake_nvml *fake_nvml_plan(void)
{
    return &plan;
}

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *out);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out);
int nvmlSystemGetConfComputeState(struct nvidia_nvml_state *out);
int nvmlSystemGetConfComputeSettings(struct nvidia_nvml_settings *inout);
int nvmlDeviceGetConfComputeGpuAttestationReport(void *device, struct nvidia_nvml_report *inout);
int nvmlDeviceGetConfComputeGpuCertificate(void *device, struct nvidia_nvml_certificate *out);

enum { ERROR_INVALID_ARGUMENT = 2, ERROR_VERSION_MISMATCH = 25 };

static unsigned index_of(const void *device)
{
    return (unsigned)((uintptr_t)device - 1);
}

int nvmlInit_v2(void)
{
    plan.n_inits += plan.init_code == 0;
    return plan.init_code;
}

int nvmlShutdown(void)
{
    plan.n_shutdowns++;
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *out)
{
    *out = plan.count;
    return plan.count_code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out)
{
    if (index >= plan.count)
        return ERROR_INVALID_ARGUMENT;
    *out = (void *)(uintptr_t)(index + 1);
    return plan.handle_code;
}

int nvmlSystemGetConfComputeState(struct nvidia_nvml_state *out)
{
    *out = plan.state;
    return plan.state_code;
}

int nvmlSystemGetConfComputeSettings(struct nvidia_nvml_settings *inout)
{
    if (inout->version != NVIDIA_NVML_SETTINGS_V1)
        return ERROR_VERSION_MISMATCH;
    inout->multi_gpu = plan.multi_gpu;
    inout->developer_tools = plan.settings_tools;
    return plan.settings_code;
}

int nvmlDeviceGetConfComputeGpuAttestationReport(void *device, struct nvidia_nvml_report *inout)
{
    struct bytes answer = plan.report(index_of(device), inout->nonce);
    memcpy(inout->bytes, answer.p, answer.n);
    inout->n = plan.said_report_n != 0 ? plan.said_report_n : (unsigned)answer.n;
    return plan.report_code;
}

int nvmlDeviceGetConfComputeGpuCertificate(void *device, struct nvidia_nvml_certificate *out)
{
    struct bytes chain = plan.chains[index_of(device)];
    memcpy(out->attestation, chain.p, chain.n);
    out->n_attestation = plan.said_chain_n != 0 ? plan.said_chain_n : (unsigned)chain.n;
    return plan.certificate_code;
}
