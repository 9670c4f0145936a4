/* The SGX extension of PCK certificates. */
#include <stdlib.h>

#include "tee/verify/dcap/pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pck p;
    if (failed(pck_parse(bytes_of(data, size), &p)))
        return 0;
    if (p.ppid.n != PCK_PPID_LEN || p.fmspc.n != PCK_FMSPC_LEN || p.pceid.n != PCK_PCEID_LEN ||
        p.cpusvn.n != PCK_COMPONENTS || p.sgx_type > 2)
        abort();
    return 0;
}
