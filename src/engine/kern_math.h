/* kern_math - the constants of exp and GELU in profile eml-n1 (docs/NUMERICS.md, sections 4 and 5).
 *
 * exp: x = n ln 2 + r, |r| <= ln 2 / 2; exp(r) = 1 + r + r^2 (C2 + C3 r + ... + C6 r^4), minimax.
 * GELU: x (0.5 + h), h = 0.5 erf(x / sqrt 2) = t P(t^2) / Q(t^2), t = x clamped to +-GELU_LIMIT.
 * Changing one bit here is a new profile.
 */
#ifndef ENGINE_KERN_MATH_H
#define ENGINE_KERN_MATH_H

#define EXP_LIMIT  (-87.0f)
#define EXP_LOG2E  0x1.715476p+0f
#define EXP_MAGIC  0x1.8p+23f /* adding it rounds to an integer, which lands in the low bits */
#define EXP_LN2_HI 0x1.63p-1f
#define EXP_LN2_LO (-0x1.bd0106p-13f)
#define EXP_C2     0x1.fffffcp-2f
#define EXP_C3     0x1.55549p-3f
#define EXP_C4     0x1.5558f4p-5f
#define EXP_C5     0x1.123a6cp-7f
#define EXP_C6     0x1.6a234ap-10f

#define GELU_LIMIT 0x1.59999ap+2f
#define GELU_P0    0x1.988452p-2f
#define GELU_P1    0x1.15f396p-5f
#define GELU_P2    0x1.32898ap-8f
#define GELU_P3    0x1.62481ep-13f
#define GELU_P4    0x1.a61918p-18f
#define GELU_P5    0x1.7f0da8p-26f
#define GELU_Q1    0x1.01c1a8p-2f
#define GELU_Q2    0x1.d5dbd2p-6f
#define GELU_Q3    0x1.ee4778p-10f
#define GELU_Q4    0x1.33a22ap-14f
#define GELU_Q5    0x1.3ca7aep-20f

#endif
