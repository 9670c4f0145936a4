/* Event logs of a TD's boot. */
#include <stdlib.h>

#include "tee/verify/dcap/ccel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ccel log;
    if (failed(ccel_replay(bytes_of(data, size), &log)))
        return 0;
    size_t n = 1;
    for (size_t i = 0; i < CCEL_RTMRS; i++) {
        n += log.n_extended[i];
        if ((log.n_extended[i] == 0) != bytes_all_zero(BYTES_OF(log.rtmr[i])))
            abort();
    }
    if (n > log.n_events)
        abort();
    return 0;
}
