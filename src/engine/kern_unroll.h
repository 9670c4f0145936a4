/* kern_unroll - how kernels ask for loops that vanish and accumulators that stay in registers. */
#ifndef ENGINE_KERN_UNROLL_H
#define ENGINE_KERN_UNROLL_H

#if defined(__clang__)
#define KERN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define KERN_UNROLL _Pragma("GCC unroll 32")
#endif

#define KERN_INLINE static inline __attribute__((always_inline))

#endif
