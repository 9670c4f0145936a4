/* Evidence of GPUs in its three forms, judged whole under the pinned root: nothing that libFuzzer
 * makes up may be accepted, with a policy or without. */
#include <stdlib.h>

#include "tee/verify/bundle.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nvidia/gpu_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct evidence_policy *any_gpu(void)
{
    static struct evidence_policy *p;
    static const char text[] =
        "{\"version\": 1, \"nvidia_gpu\": {\"gpus\": 1, \"min_driver\": \"1\","
        "\"may_skip\": [\"gpu.reference\", \"gpu.measurements\", \"gpu.mode\","
        "\"gpu.devtools\", \"gpu.bound\"]}}";
    if (p == NULL && failed(evidence_policy_parse(bytes_str(text), &p)))
        abort();
    return p;
}

static void judge(struct bytes in, struct bytes certs, const struct evidence_policy *policy)
{
    struct checks checks = {0};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct evidence_expect expect = {.at_unix_s = 1750000000, .beside.certs = certs};
    status s =
        evidence_verify(in, EVIDENCE_NVIDIA_GPU, policy, &expect, &checks, &claimed, &verified);
    if (ok(s) && policy == NULL)
        abort();
    if (checks.n != 24 && !bundle_is(in))
        abort();
}

/* A zero byte parts a raw report from its chain; in JSON there is none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 && data[0] > 0x20 ? memchr(data, 0, size) : NULL;
    size_t n = zero != NULL ? (size_t)(zero - data) : size;
    struct bytes certs = zero != NULL ? bytes_of(zero + 1, size - n - 1) : (struct bytes){0};
    judge(bytes_of(data, n), certs, NULL);
    judge(bytes_of(data, n), certs, any_gpu());
    return 0;
}
