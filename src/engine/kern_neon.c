/* NEON: one panel row is four registers of four lanes. Same bits as kern_reference.c.
 *
 * Register budget of the product: 4 x rows accumulators, 4 weights and the values of a within 32:
 * six rows.
 */
#include "engine/kern.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>

#include "engine/kern_math.h"
#include "engine/kern_unroll.h"

#define KERN_ROWS 1

enum { TILE_ROWS = 6, QUADS = 4, QUAD = 4 };

/* Sixteen lanes: four registers. */
struct wide {
    float32x4_t v[QUADS];
};

KERN_INLINE struct wide load(const float *p)
{
    return (struct wide){
        {vld1q_f32(p), vld1q_f32(p + QUAD), vld1q_f32(p + 2 * QUAD), vld1q_f32(p + 3 * QUAD)}};
}

KERN_INLINE void store(float *p, struct wide a)
{
    KERN_UNROLL for (int i = 0; i < QUADS; i++) vst1q_f32(p + i * QUAD, a.v[i]);
}

KERN_INLINE struct wide splat(float x)
{
    return (struct wide){{vdupq_n_f32(x), vdupq_n_f32(x), vdupq_n_f32(x), vdupq_n_f32(x)}};
}

/* A function of two times sixteen lanes from the register's own. */
#define LANEWISE(name, f)                                                       \
    KERN_INLINE struct wide name(struct wide a, struct wide b)                  \
    {                                                                           \
        KERN_UNROLL for (int i = 0; i < QUADS; i++) a.v[i] = f(a.v[i], b.v[i]); \
        return a;                                                               \
    }
LANEWISE(add, vaddq_f32)
LANEWISE(sub, vsubq_f32)
LANEWISE(mul, vmulq_f32)
LANEWISE(div16, vdivq_f32)
LANEWISE(least, vminq_f32)
LANEWISE(most, vmaxq_f32)

KERN_INLINE struct wide fma16(struct wide a, struct wide b, struct wide c)
{
    KERN_UNROLL for (int i = 0; i < QUADS; i++) c.v[i] = vfmaq_f32(c.v[i], a.v[i], b.v[i]);
    return c;
}

KERN_INLINE float lanes_sum(struct wide a)
{
    float32x4_t y = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
    float32x2_t z = vadd_f32(vget_low_f32(y), vget_high_f32(y));
    return vget_lane_f32(z, 0) + vget_lane_f32(z, 1);
}

KERN_INLINE float lanes_max(struct wide a)
{
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.v[0], a.v[1]), vmaxq_f32(a.v[2], a.v[3])));
}

KERN_INLINE struct wide load_below(const float *p, size_t n, struct wide filler)
{
    float lanes[KERN_PANEL];
    store(lanes, filler);
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return load(lanes);
}

KERN_INLINE void store_below(float *p, struct wide a, size_t n)
{
    float lanes[KERN_PANEL];
    store(lanes, a);
    for (size_t i = 0; i < n; i++)
        p[i] = lanes[i];
}

KERN_INLINE struct wide zero_from(struct wide a, size_t n)
{
    float lanes[KERN_PANEL] = {0};
    store_below(lanes, a, n);
    return load(lanes);
}

KERN_INLINE struct wide times_two_to(struct wide a, struct wide t)
{
    KERN_UNROLL for (int i = 0; i < QUADS; i++)
    {
        uint32x4_t power = vshlq_n_u32(vreinterpretq_u32_f32(t.v[i]), 23);
        a.v[i] = vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(a.v[i]), power));
    }
    return a;
}

#include "engine/kern_rows.h"

KERN_INLINE float32x4_t weights4(const void *b, size_t i, enum kern_type type)
{
    if (type == KERN_F32)
        return vld1q_f32((const float *)b + i);
    uint16x4_t half = vld1_u16((const uint16_t *)b + i);
    if (type == KERN_F16)
        return vcvt_f32_f16(vreinterpret_f16_u16(half));
    return vreinterpretq_f32_u32(vshll_n_u16(half, 16));
}

struct tile {
    const float *a;
    const void *b;
    const float *bias;
    float *c;
};

KERN_INLINE void step(float32x4_t acc[][QUADS], const float *a, const void *b, size_t k,
                      const int rows, const enum kern_type type)
{
    float32x4_t w[QUADS];
    KERN_UNROLL for (size_t i = 0; i < QUADS; i++) w[i] =
        weights4(b, k * KERN_PANEL + i * QUAD, type);
    KERN_UNROLL for (int r = 0; r < rows; r++)
    {
        float32x4_t x = vld1q_dup_f32(a + r * KERN_PANEL);
        KERN_UNROLL for (int i = 0; i < QUADS; i++) acc[r][i] = vfmaq_f32(acc[r][i], x, w[i]);
    }
}

KERN_INLINE void tile_at(const struct kern_gemm *g, struct tile t, const int rows,
                         const enum kern_type type)
{
    float32x4_t acc[TILE_ROWS][QUADS];
    KERN_UNROLL for (int i = 0; i < QUADS; i++)
    {
        float32x4_t start = t.bias ? vld1q_f32(t.bias + i * QUAD) : vdupq_n_f32(0.0f);
        KERN_UNROLL for (int r = 0; r < rows; r++) acc[r][i] = start;
    }
    const float *a = t.a;
    size_t k = 0;
    for (; k + KERN_PANEL <= g->k; k += KERN_PANEL, a += g->a_stride) {
        for (size_t i = 0; i < KERN_PANEL; i++)
            step(acc, a + i, t.b, k + i, rows, type);
    }
    for (size_t i = 0; k < g->k; k++, i++)
        step(acc, a + i, t.b, k, rows, type);
    KERN_UNROLL for (int r = 0; r < rows; r++)
    {
        KERN_UNROLL for (int i = 0; i < QUADS; i++)
            vst1q_f32(t.c + r * KERN_PANEL + i * QUAD, acc[r][i]);
    }
    if (g->gelu)
        gelu_rows(t.c, (size_t)rows);
}

#define TILE(r, type)           \
    case r:                     \
        tile_at(g, t, r, type); \
        return;
#define TILES(name, type)                                                                \
    static void name(const struct kern_gemm *g, struct tile t, size_t rows)              \
    {                                                                                    \
        switch (rows) {                                                                  \
            TILE(1, type)                                                                \
            TILE(2, type)                                                                \
            TILE(3, type)                                                                \
            TILE(4, type) TILE(5, type) TILE(6, type) default : __builtin_unreachable(); \
        }                                                                                \
    }
TILES(tile_f32, KERN_F32)
TILES(tile_f16, KERN_F16)
TILES(tile_bf16, KERN_BF16)

static void one_tile(const struct kern_gemm *g, size_t row, size_t rows, size_t panel)
{
    size_t size = g->b_type == KERN_F32 ? 4 : 2;
    struct tile t = {.a = g->a + row * KERN_PANEL,
                     .b = (const char *)g->b + panel * g->b_stride * size,
                     .bias = g->bias ? g->bias + panel * KERN_PANEL : NULL,
                     .c = g->c + panel * g->c_stride + row * KERN_PANEL};
    if (g->b_type == KERN_F32)
        tile_f32(g, t, rows);
    else if (g->b_type == KERN_F16)
        tile_f16(g, t, rows);
    else
        tile_bf16(g, t, rows);
}

static void gemm(const struct kern_gemm *g)
{
    size_t n_tiles = (g->n_rows + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t panel = 0; panel < g->n_panels; panel++) {
        for (size_t i = 0, row = 0; i < n_tiles; i++) {
            size_t rows = (g->n_rows - row + n_tiles - i - 1) / (n_tiles - i);
            one_tile(g, row, rows, panel);
            row += rows;
        }
    }
}

static void transpose(const float *keys, size_t keys_stride, size_t n_rows, size_t n_panels,
                      float *out)
{
    size_t depth = n_panels * KERN_PANEL;
    size_t padded = (n_rows + KERN_PANEL - 1) / KERN_PANEL * KERN_PANEL;
    for (size_t row = 0; row < padded; row++) {
        float *to = out + row / KERN_PANEL * depth * KERN_PANEL + row % KERN_PANEL;
        for (size_t i = 0; i < depth; i++) {
            const float *from = keys + i / KERN_PANEL * keys_stride + i % KERN_PANEL;
            to[i * KERN_PANEL] = row < n_rows ? from[row * KERN_PANEL] : 0.0f;
        }
    }
}

extern const struct kern_ops kern_neon;
const struct kern_ops kern_neon = {.name = "neon",
                                   .gemm = gemm,
                                   .norm = norm,
                                   .softmax = softmax,
                                   .scale = scale_rows,
                                   .transpose = transpose};

#else
typedef int kern_neon_is_for_arm; /* a translation unit must not be empty */
#endif
