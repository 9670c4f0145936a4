/* Leaf certificates of GPUs: any bytes. What is read of one is read again the same. */
#include <stdlib.h>

#include "tee/verify/nvidia/gpu_leaf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gpu_leaf l;
    if (failed(gpu_leaf_read(bytes_of(data, size), &l)))
        return 0;
    if (l.n_fwids == 0 || strlen(l.serial) != GPU_SERIAL_LEN || l.chip[0] == 0)
        abort();
    for (size_t i = 0; i < l.n_fwids; i++) {
        if (l.fwids[i].n != GPU_FWID_LEN)
            abort();
    }
    return 0;
}
