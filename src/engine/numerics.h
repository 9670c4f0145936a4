/* numerics - the numeric profile eml-n1: its name, its constants, and the floating-point
 * environment.
 *
 * docs/NUMERICS.md is the specification. Everything that can change a bit of a result is written
 * there and nowhere decided by a compiler, a CPU, a thread count or a batch.
 */
#ifndef ENGINE_NUMERICS_H
#define ENGINE_NUMERICS_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Receipts carry this name. A change of any bit of any result needs a new one. */
#define NUMERICS_PROFILE "eml-n1"

enum { NUMERICS_LANES = 16 }; /* strided lanes of every row reduction */

static inline uint32_t numerics_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof(u));
    return u;
}

static inline float numerics_float(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof(x));
    return x;
}

/* Exact: every bf16 is an f32. */
static inline float numerics_from_bf16(uint16_t h)
{
    return numerics_float((uint32_t)h << 16);
}

/* Exact, subnormals included. An infinity or NaN never gets here: the loader refuses them. */
static inline float numerics_from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exponent = (uint32_t)(h >> 10) & 31;
    uint32_t fraction = h & 0x3ffu;
    if (exponent == 0) {
        float tiny = (float)fraction * 0x1p-24f;
        return numerics_float(numerics_bits(tiny) | sign);
    }
    return numerics_float(sign | (exponent + 112) << 23 | fraction << 13);
}

/*
 * Round to nearest even, no flush to zero, no denormals-are-zero, exceptions masked. A thread that
 * a caller or a library has put in another mode is moved to this one for the length of a task.
 */
struct numerics_env {
    uint64_t saved;
};

#if defined(__x86_64__)
enum { NUMERICS_MXCSR = 0x1f80, NUMERICS_MXCSR_FLAGS = 0x3f };

static inline struct numerics_env numerics_enter(void)
{
    uint32_t old = _mm_getcsr();
    if ((old & ~(uint32_t)NUMERICS_MXCSR_FLAGS) != NUMERICS_MXCSR)
        _mm_setcsr(NUMERICS_MXCSR);
    return (struct numerics_env){.saved = old};
}

static inline void numerics_leave(struct numerics_env env)
{
    if ((env.saved & ~(uint64_t)NUMERICS_MXCSR_FLAGS) != NUMERICS_MXCSR)
        _mm_setcsr((uint32_t)env.saved);
}
#elif defined(__aarch64__)
static inline struct numerics_env numerics_enter(void)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    if (old != 0)
        __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return (struct numerics_env){.saved = old};
}

static inline void numerics_leave(struct numerics_env env)
{
    if (env.saved != 0)
        __asm__ volatile("msr fpcr, %0" : : "r"(env.saved));
}
#else
#error "eml-n1 is specified for x86-64 and AArch64"
#endif

#endif
