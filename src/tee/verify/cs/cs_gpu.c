#include "tee/verify/cs/cs_job.h"

/* The next number of a dotted version; -1 where there is none. */
static int64_t take_number(struct bytes *v)
{
    int64_t n = 0;
    size_t i = 0;
    while (i < v->n && i < 9 && v->p[i] >= '0' && v->p[i] <= '9')
        n = n * 10 + (v->p[i++] - '0');
    bool is_end = i == v->n || v->p[i] == '.';
    if (i == 0 || !is_end)
        return -1;
    size_t used = i < v->n ? i + 1 : i;
    bool is_last_dot = used == v->n && i < v->n;
    *v = bytes_of(v->p + used, v->n - used);
    return is_last_dot ? -1 : n;
}

/* Dotted numbers, compared one by one; what is not of that form is below everything. */
static bool is_at_least(struct bytes got, struct bytes least)
{
    while (least.n > 0) {
        int64_t want = take_number(&least);
        int64_t have = got.n > 0 ? take_number(&got) : -1;
        if (want < 0 || have < 0 || have < want)
            return false;
        if (have > want)
            return got.n == 0 || take_number(&got) >= 0;
    }
    return true;
}

static const char *gpu_trouble(const struct cs_gpu_policy *rules, const struct cs_gpu *g)
{
    if (rules->hwmodels.is_given && !cs_texts_have(&rules->hwmodels, g->hwmodel))
        return "a model that the policy does not list";
    if (rules->vbios.is_given && !cs_texts_have(&rules->vbios, g->vbios_version))
        return "a VBIOS that the policy does not list";
    if (rules->min_driver[0] != 0 && !is_at_least(g->driver_version, bytes_str(rules->min_driver)))
        return "an older driver than the policy asks for";
    return NULL;
}

/* The claim is there when the machine has GPUs. What it says is the driver's state as Google saw
 * it; to bind a GPU to the machine there is nvidia-gpu evidence. */
static void judge_gpus(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    const struct cs_gpu_policy *rules = &c->rules->gpu;
    size_t n = c->claims.nvidia_gpu.n_gpus;
    if (rules->count > 0 && n != (size_t)rules->count) {
        evidence_fail(j, "CS_GPU_COUNT", "%zu GPUs; the policy asks for %d", n, (int)rules->count);
        return;
    }
    bool has_pins = rules->hwmodels.is_given || rules->vbios.is_given || rules->min_driver[0] != 0;
    if (has_pins && n == 0) {
        evidence_fail(j, "CS_GPU_MISMATCH", "no GPU is described, and the policy pins some");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const char *trouble = gpu_trouble(rules, &c->claims.nvidia_gpu.gpus[i]);
        if (trouble == NULL)
            continue;
        evidence_fail(j, "CS_GPU_MISMATCH", "GPU %zu is of %s", i, trouble);
        return;
    }
    evidence_pass(j, "%zu GPUs in confidential mode, as the policy asks", n);
}

void cs_check_gpu(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes mode = c->claims.nvidia_gpu.cc_mode;
    bool is_wanted = c->rules != NULL && c->rules->gpu.is_present;
    cs_shows_claims(j);
    if (!c->claims.nvidia_gpu.is_present && is_wanted)
        evidence_fail(j, "CS_GPU_MISSING", "the policy asks for a GPU and the token tells of none");
    else if (!c->claims.nvidia_gpu.is_present)
        evidence_skip(j, false, "Nothing to do, unless the policy asks for nvidia_gpu.",
                      "no nvidia_gpu claims");
    else if (!bytes_equal(mode, BYTES_LIT("ON")))
        evidence_fail(j, NULL, "cc_mode is %.*s", CS_QUOTE(mode));
    else if (is_wanted)
        judge_gpus(j);
    else
        evidence_pass(j, "the GPU is in confidential mode");
}
