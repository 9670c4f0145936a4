/* Any file: what is accepted must tile the file exactly. */
#include "formats/safetensors.h"

#include <stdlib.h>

static void check_tiles(const struct safetensors *s, uint64_t file_bytes)
{
    uint64_t at = safetensors_data_begin(s);
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct safetensors_entry *e = safetensors_at(s, i);
        uint64_t bytes = tensor_dtype_bytes(e->dtype);
        for (uint32_t d = 0; d < e->n_dims; d++)
            bytes *= e->dims[d];
        if (e->begin != at || e->end - e->begin != bytes || e->name.p[e->name.n] != 0)
            abort();
        at = e->end;
    }
    if (at != file_bytes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint64_t total = 0;
    struct safetensors *s CLEANUP(safetensors_freep) = NULL;
    if (n < 8 || failed(safetensors_header_size(data, n, &total)))
        return 0;
    if (ok(safetensors_parse(bytes_of(data, total), n, &s)))
        check_tiles(s, n);
    return 0;
}
