#include "engine/kern.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

extern const struct kern_ops kern_avx2, kern_avx512;

/* clang 14 has no word for F16C. */
static bool has_f16c(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

/* __builtin_cpu_supports also asks whether the operating system saves the wide registers. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#elif defined(__aarch64__)
extern const struct kern_ops kern_neon;
#endif

const struct kern_ops *kern_select(const char *name)
{
    bool any = strcmp(name, "auto") == 0;
#if defined(__x86_64__)
    if ((any || strcmp(name, "avx512") == 0) && has_avx512())
        return &kern_avx512;
    if ((any || strcmp(name, "avx2") == 0) && has_avx2())
        return &kern_avx2;
#elif defined(__aarch64__)
    if (any || strcmp(name, "neon") == 0)
        return &kern_neon;
#endif
    if (any || strcmp(name, "reference") == 0)
        return &kern_reference;
    return NULL;
}
