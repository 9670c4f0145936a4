/* SPDM reports: any bytes as request, response and opaque data, of a GPU and of a switch. Every
 * view that comes out lies in the input. */
#include <stdlib.h>

#include "tee/verify/nvidia/gpu_opaque.h"
#include "tee/verify/nvidia/spdm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct bytes part, struct bytes whole)
{
    if (part.n > 0 && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size), rest = in;
    struct spdm_request q;
    struct spdm_response r;
    struct gpu_opaque o;
    if (failed(spdm_request_parse(&rest, &q)) || failed(spdm_response_parse(rest, &q, &r)))
        return 0;
    for (size_t i = 0; i < r.n_blocks; i++) {
        check_inside(r.blocks[i].value, in);
        if (!bytes_equal(spdm_value(&r, r.blocks[i].index), r.blocks[i].value))
            abort();
    }
    check_inside(r.opaque, in);
    check_inside(r.signature, in);
    for (int is_switch = 0; is_switch < 2; is_switch++) {
        if (failed(gpu_opaque_parse(r.opaque, is_switch != 0, &o)))
            continue;
        for (size_t i = 0; i < o.n_fields; i++)
            check_inside(o.fields[i].value, r.opaque);
    }
    return 0;
}
