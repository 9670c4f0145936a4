/* GPU evidence while memory runs out: each allocation fails once, and what comes out is an error,
 * never an accept that was not there before. */
#include "support/test.h"

#include <string.h>

#include "crypto/hash.h"
#include "support/fault_walk.h"
#include "support/forge_gpu.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_reference.h"
#include "tee/verify/nvidia/gpu_root.h"

struct bytes gpu_root(void)
{
    return forge_gpu_root();
}

static struct buf evidence;

static const char POLICY[] =
    "{\"version\": 1, \"nvidia_gpu\": {\"gpus\": 1, \"releases\": [{\"name\": \"a\", \"arch\": "
    "\"HOPPER\", \"driver\": \"550.90.07\", \"vbios\": \"96.00.9F.00.01\"}], \"device_ids\": "
    "[\"48B02D92494BADF4\"], \"may_skip\": [\"gpu.reference\", \"gpu.measurements\", "
    "\"gpu.devtools\", \"gpu.bound\"]}}";

static status read_list(void)
{
    struct gpu_list l;
    status s = gpu_list_read(buf_view(&evidence), (struct bytes){0}, &l);
    gpu_list_done(&l);
    return s;
}

static status read_policy(void)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    return evidence_policy_parse(bytes_str(POLICY), &p);
}

static status write_reference(void)
{
    static const uint8_t value[GPU_REFERENCE_VALUE_LEN];
    struct gpu_reference_draft d = {
        .product = "GH100",
        .version = "550.90.07",
        .entries = {{.index = 1, .values = {BYTES_OF(value)}, .n_values = 1}},
        .n_entries = 1,
    };
    const struct gpu_reference_draft *drafts[] = {&d};
    struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_REFERENCE_MAX_BYTES);
    return gpu_reference_write(drafts, 1, &out);
}

static status judge(void)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct checks checks = {0};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct evidence_expect expect = {.at_unix_s = FORGE_GPU_NOW};
    TRY(evidence_policy_parse(bytes_str(POLICY), &p));
    return evidence_verify(buf_view(&evidence), EVIDENCE_NVIDIA_GPU, p, &expect, &checks, &claimed,
                           &verified);
}

static const struct fault_row OWN[] = {
    {"list", read_list},
    {"policy", read_policy},
    {"reference values", write_reference},
};

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(OWN) / sizeof(OWN[0]); i++)
        fault_walk_own(&OWN[i]);
}

static void verdict_survives_lack_of_memory(void **state)
{
    (void)state;
    fault_walk_all(&(struct fault_row){"verdict", judge});
}

static int setup(void **state)
{
    struct forge_gpu f;
    if (fault_walk_set_up(state) != 0)
        return -1;
    forge_gpu_init(&f);
    evidence = forge_gpu_list(&f);
    forge_gpu_done(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_done(&evidence);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(verdict_survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
