/* Reference values: what parses is walked to its end, and found by its own name. */
#include <stdlib.h>

#include "tee/verify/nvidia/gpu_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct gpu_manifest *m)
{
    struct gpu_reference_walk w = gpu_reference_entries(m);
    struct gpu_reference_entry e;
    size_t n = 0;
    while (gpu_reference_next(&w, &e)) {
        n++;
        if (e.n_values == 0 || e.index > GPU_REFERENCE_INDEX_MAX)
            abort();
    }
    if (n != m->n_entries)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gpu_reference r;
    if (failed(gpu_reference_parse(bytes_of(data, size), &r)))
        return 0;
    for (size_t i = 0; i < r.n; i++) {
        walk(&r.v[i]);
        if (gpu_reference_find(&r, r.v[i].kind, r.v[i].product, &r.v[i].version) == NULL)
            abort();
    }
    return 0;
}
