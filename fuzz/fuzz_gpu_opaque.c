/* Opaque data of GPUs: the first byte says whether it is a switch's. A version that was read is
 * written and read again. */
#include <stdlib.h>

#include "tee/verify/nvidia/gpu_opaque.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_version(const struct gpu_version *v, enum gpu_version_base base)
{
    struct gpu_version again;
    if (failed(gpu_version_parse(bytes_str(v->text), base, &again)) ||
        gpu_version_compare(v, &again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gpu_opaque o;
    if (size == 0 || failed(gpu_opaque_parse(bytes_of(data + 1, size - 1), data[0] & 1, &o)))
        return 0;
    check_version(&o.vbios, GPU_VERSION_HEX);
    if (o.has_driver)
        check_version(&o.driver, GPU_VERSION_DECIMAL);
    if (o.fwid.p != NULL && o.fwid.n != 48)
        abort();
    for (size_t i = 0; i < o.n_fields; i++) {
        if (!bytes_equal(gpu_opaque_field(&o, o.fields[i].type), o.fields[i].value))
            abort();
    }
    return 0;
}
