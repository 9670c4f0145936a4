#include "tee/verify/cs/cs.h"
#include "tee/verify/dcap/dcap.h"
#include "tee/verify/evidence_job.h"
#include "tee/verify/nitro/nitro_checks.h"
#include "tee/verify/nvidia/nvidia.h"
#include "tee/verify/snp/snp.h"

/* Every platform that is judged here. */
static const struct evidence_kind *const KINDS[] = {
    &nitro_kind, &nitro_simulated_kind, &dcap_tdx_kind, &dcap_sgx_kind,
    &snp_kind,   &nvidia_gpu_kind,      &cs_token_kind,
};

enum { N_KINDS = sizeof(KINDS) / sizeof(KINDS[0]) };

const struct evidence_kind *evidence_kind_of(enum evidence_type t)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (KINDS[i]->type == t)
            return KINDS[i];
    }
    return NULL;
}

const char *evidence_type_name(enum evidence_type t)
{
    const struct evidence_kind *k = evidence_kind_of(t);
    return k != NULL ? k->name : "unknown";
}

const char *evidence_type_platform(enum evidence_type t)
{
    const struct evidence_kind *k = evidence_kind_of(t);
    return k != NULL ? k->platform : "unknown";
}

bool evidence_type_is_enclave(enum evidence_type t)
{
    return evidence_kind_of(t) != NULL && t != EVIDENCE_NVIDIA_GPU;
}

status evidence_type_of(struct bytes name, enum evidence_type *out)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (bytes_equal(name, bytes_str(KINDS[i]->name)) ||
            bytes_equal(name, bytes_str(KINDS[i]->platform))) {
            *out = KINDS[i]->type;
            return OK;
        }
    }
    return FAIL(ST_UNSUPPORTED, "unknown type of evidence");
}
