/* gpu_root - the one root of NVIDIA's devices: GPUs and NVSwitches. Alone in its file, so that a
 * test program can stand its own root in this place when it is linked. */
#ifndef TEE_VERIFY_NVIDIA_GPU_ROOT_H
#define TEE_VERIFY_NVIDIA_GPU_ROOT_H

#include "base/bytes.h"

/* "NVIDIA Device Identity CA", P-384, DER; SHA-256 102bf659d5419614... */
struct bytes gpu_root(void);

#endif
