/* fake_nvml - a shared library with the names of NVIDIA's, for the test of tee/nvidia_nvml alone.
 *
 * The test loads it, finds fake_nvml_plan() and says how it is to behave. It holds what devices
 * answer, and makes up nothing. */
#ifndef FAKES_FAKE_NVML_H
#define FAKES_FAKE_NVML_H

#include "tee/nvidia_nvml.h"

enum { FAKE_NVML_DEVICES = 2 };

struct fake_nvml {
    int init_code, count_code, handle_code, state_code, report_code, certificate_code;
    int settings_code;
    unsigned count;
    struct nvidia_nvml_state state;
    unsigned multi_gpu, settings_tools; /* of the settings */
    /* What a device answers; its nonce is written into the request when the test says so. */
    struct bytes (*report)(unsigned device, const uint8_t *nonce);
    struct bytes chains[FAKE_NVML_DEVICES];
    unsigned said_report_n, said_chain_n; /* 0: the true ones */
    unsigned n_inits, n_shutdowns;
};

struct fake_nvml *fake_nvml_plan(void);

#endif
