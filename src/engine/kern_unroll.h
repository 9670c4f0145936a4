/* kern_unroll - how kernels ask for loops that vanish and accumulators that stay in registers.
 *
 * Instrumented builds (sanitizers, coverage) leave the loops alone: there every access carries a
 * check, unrolled kernels would take minutes to compile, and the bits are the same either way.
 */
#ifndef ENGINE_KERN_UNROLL_H
#define ENGINE_KERN_UNROLL_H

#if defined(EML_INSTRUMENTED)
#define KERN_UNROLL
#define KERN_INLINE static __attribute__((noinline))
#elif defined(__clang__)
#define KERN_UNROLL _Pragma("clang loop unroll(full)")
#define KERN_INLINE static inline __attribute__((always_inline))
#else
#define KERN_UNROLL _Pragma("GCC unroll 32")
#define KERN_INLINE static inline __attribute__((always_inline))
#endif

#endif
