/* RIM files: any bytes as XML. Without NVIDIA's key none is accepted but NVIDIA's own, whose values
 * then are in order. */
#include <stdlib.h>

#include "tee/rim/rim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rim *r = NULL;
    if (failed(rim_open(bytes_of(data, size), 1736899200, &r)))
        return 0;
    const struct gpu_reference_draft *d = rim_draft(r);
    struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_REFERENCE_MAX_BYTES);
    if (failed(gpu_reference_write(&d, 1, &out)))
        abort();
    rim_freep(&r);
    return 0;
}
