/* State files: what reads writes back to a file that reads to the same numbers. */
#include <stdlib.h>

#include "tee/verify/evidence_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(struct evidence_memory *a, struct evidence_memory *b)
{
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++) {
        enum evidence_memory_of what = (enum evidence_memory_of)i;
        if (evidence_memory_get(a, what) != evidence_memory_get(b, what))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    struct evidence_memory *again CLEANUP(evidence_memory_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
    if (failed(evidence_memory_new(&m)) || failed(evidence_memory_new(&again)))
        return 0;
    if (failed(evidence_memory_read(bytes_of(data, size), m)))
        return 0;
    evidence_memory_put(m, &text);
    if (failed(evidence_memory_read(buf_view(&text), again)))
        abort();
    compare(m, again);
    return 0;
}
