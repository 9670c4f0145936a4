/* AVX2 and FMA: one panel row is two registers, lanes 0-7 and 8-15. Same bits as kern_reference.c.
 *
 * Register budget of the product: 2 x rows x panels accumulators, the weights and one broadcast
 * must stay within 16: 6 x 1 for many rows, 3 x 2 for few.
 */
#include "engine/kern.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include <immintrin.h>
#include <math.h>

#include "engine/kern_math.h"
#include "engine/kern_unroll.h"
#include "engine/numerics.h"

#define KERN_ROWS 1

enum {
    TALL_ROWS = 6,
    FLAT_ROWS = 3,
    FLAT_PANELS = 2,
    HALF = 8,   /* lanes of a register */
    AHEAD = 32, /* rows of a panel that prefetch runs ahead */
};

/* Sixteen lanes: two registers. */
struct wide {
    __m256 low, high;
};

KERN_INLINE struct wide load(const float *p)
{
    return (struct wide){_mm256_loadu_ps(p), _mm256_loadu_ps(p + HALF)};
}

KERN_INLINE void store(float *p, struct wide a)
{
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + HALF, a.high);
}

KERN_INLINE struct wide splat(float x)
{
    return (struct wide){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

/* A function of two times sixteen lanes from the register's own. */
#define LANEWISE(name, f)                                         \
    KERN_INLINE struct wide name(struct wide a, struct wide b)    \
    {                                                             \
        return (struct wide){f(a.low, b.low), f(a.high, b.high)}; \
    }
LANEWISE(add, _mm256_add_ps)
LANEWISE(sub, _mm256_sub_ps)
LANEWISE(mul, _mm256_mul_ps)
LANEWISE(div16, _mm256_div_ps)
LANEWISE(least, _mm256_min_ps)
LANEWISE(most, _mm256_max_ps)

KERN_INLINE struct wide fma16(struct wide a, struct wide b, struct wide c)
{
    return (struct wide){_mm256_fmadd_ps(a.low, b.low, c.low),
                         _mm256_fmadd_ps(a.high, b.high, c.high)};
}

KERN_INLINE float lanes_sum(struct wide a)
{
    __m256 x = _mm256_add_ps(a.low, a.high);
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

KERN_INLINE float lanes_max(struct wide a)
{
    __m256 x = _mm256_max_ps(a.low, a.high);
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

/* All ones in the lanes of the half at `first` that are below n. */
KERN_INLINE __m256i lanes_below(size_t n, int first)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - first), lane);
}

KERN_INLINE struct wide load_below(const float *p, size_t n, struct wide filler)
{
    __m256i low = lanes_below(n, 0), high = lanes_below(n, HALF);
    return (struct wide){
        _mm256_blendv_ps(filler.low, _mm256_maskload_ps(p, low), _mm256_castsi256_ps(low)),
        _mm256_blendv_ps(filler.high, _mm256_maskload_ps(p + HALF, high),
                         _mm256_castsi256_ps(high))};
}

KERN_INLINE void store_below(float *p, struct wide a, size_t n)
{
    _mm256_maskstore_ps(p, lanes_below(n, 0), a.low);
    _mm256_maskstore_ps(p + HALF, lanes_below(n, HALF), a.high);
}

KERN_INLINE struct wide zero_from(struct wide a, size_t n)
{
    return (struct wide){_mm256_and_ps(a.low, _mm256_castsi256_ps(lanes_below(n, 0))),
                         _mm256_and_ps(a.high, _mm256_castsi256_ps(lanes_below(n, HALF)))};
}

KERN_INLINE __m256 times_two_to8(__m256 a, __m256 t)
{
    __m256i power = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), power));
}

KERN_INLINE struct wide times_two_to(struct wide a, struct wide t)
{
    return (struct wide){times_two_to8(a.low, t.low), times_two_to8(a.high, t.high)};
}

#include "engine/kern_rows.h"

KERN_INLINE __m256 weights8(const char *b, size_t i, enum kern_type type)
{
    if (type == KERN_F32)
        return _mm256_loadu_ps((const float *)(const void *)b + i);
    __m128i half = _mm_loadu_si128((const __m128i *)(const void *)(b + 2 * i));
    if (type == KERN_F16)
        return _mm256_cvtph_ps(half);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

struct tile {
    const float *a;
    const char *b;
    const float *bias;
    float *c;
};

/* One step of k for all accumulators. a: rows 16 floats apart. */
#define STEP(a_, k_)                                                              \
    do {                                                                          \
        __m256 b_[2 * FLAT_PANELS];                                               \
        KERN_UNROLL for (int p = 0; p < panels; p++)                              \
        {                                                                         \
            b_[2 * p] = weights8(b[p], (k_)*KERN_PANEL, type);                    \
            b_[2 * p + 1] = weights8(b[p], (k_)*KERN_PANEL + HALF, type);         \
            _mm_prefetch(b[p] + ((k_) + AHEAD) * KERN_PANEL * size, _MM_HINT_T0); \
        }                                                                         \
        KERN_UNROLL for (int r = 0; r < rows; r++)                                \
        {                                                                         \
            __m256 x_ = _mm256_broadcast_ss((a_) + r * KERN_PANEL);               \
            KERN_UNROLL for (int h = 0; h < 2 * panels; h++) acc[r][h] =          \
                _mm256_fmadd_ps(x_, b_[h], acc[r][h]);                            \
        }                                                                         \
    } while (0)

KERN_INLINE void tile_at(const struct kern_gemm *g, struct tile t, const int rows, const int panels,
                         const enum kern_type type)
{
    const size_t size = type == KERN_F32 ? 4 : 2;
    __m256 acc[TALL_ROWS][2 * FLAT_PANELS];
    const char *b[FLAT_PANELS];
    KERN_UNROLL for (int p = 0; p < panels; p++) b[p] = t.b + (size_t)p * g->b_stride * size;
    KERN_UNROLL for (int i = 0; i < 2 * panels; i++)
    {
        __m256 start = t.bias ? _mm256_loadu_ps(t.bias + i * HALF) : _mm256_setzero_ps();
        KERN_UNROLL for (int r = 0; r < rows; r++) acc[r][i] = start;
    }
    const float *a = t.a;
    size_t k = 0;
    for (; k + KERN_PANEL <= g->k; k += KERN_PANEL, a += g->a_stride) {
        for (size_t i = 0; i < KERN_PANEL; i += 2) {
            STEP(a + i, k + i);
            STEP(a + i + 1, k + i + 1);
        }
    }
    for (size_t i = 0; k < g->k; k++, i++)
        STEP(a + i, k);
    KERN_UNROLL for (int i = 0; i < 2 * panels; i++)
    {
        float *c = t.c + (size_t)(i / 2) * g->c_stride + i % 2 * HALF;
        KERN_UNROLL for (int r = 0; r < rows; r++) _mm256_storeu_ps(c + r * KERN_PANEL, acc[r][i]);
    }
    if (!g->gelu)
        return;
    /* A second pass: the accumulators are free now. */
    for (int p = 0; p < panels; p++)
        gelu_rows(t.c + (size_t)p * g->c_stride, (size_t)rows);
}

#define TALL(r, type)              \
    case r:                        \
        tile_at(g, t, r, 1, type); \
        return;
#define FLAT(r, type)                            \
    case r:                                      \
        if (panels == FLAT_PANELS)               \
            tile_at(g, t, r, FLAT_PANELS, type); \
        else                                     \
            tile_at(g, t, r, 1, type);           \
        return;
#define TILES(name, type)                                                                  \
    static void name(const struct kern_gemm *g, struct tile t, size_t rows, size_t panels) \
    {                                                                                      \
        switch (rows) {                                                                    \
            FLAT(1, type)                                                                  \
            FLAT(2, type)                                                                  \
            FLAT(3, type)                                                                  \
            TALL(4, type) TALL(5, type) TALL(6, type) default : __builtin_unreachable();   \
        }                                                                                  \
    }
TILES(tile_f32, KERN_F32)
TILES(tile_f16, KERN_F16)
TILES(tile_bf16, KERN_BF16)

static void one_tile(const struct kern_gemm *g, size_t row, size_t rows, size_t panel,
                     size_t panels)
{
    size_t size = g->b_type == KERN_F32 ? 4 : 2;
    struct tile t = {.a = g->a + row * KERN_PANEL,
                     .b = (const char *)g->b + panel * g->b_stride * size,
                     .bias = g->bias ? g->bias + panel * KERN_PANEL : NULL,
                     .c = g->c + panel * g->c_stride + row * KERN_PANEL};
    if (g->b_type == KERN_F32)
        tile_f32(g, t, rows, panels);
    else if (g->b_type == KERN_F16)
        tile_f16(g, t, rows, panels);
    else
        tile_bf16(g, t, rows, panels);
}

static void gemm(const struct kern_gemm *g)
{
    if (g->n_rows == 0)
        return;
    size_t n_tiles = (g->n_rows + TALL_ROWS - 1) / TALL_ROWS;
    for (size_t panel = 0, panels; panel < g->n_panels; panel += panels) {
        bool is_flat = g->n_rows <= FLAT_ROWS && g->n_panels - panel >= FLAT_PANELS;
        panels = is_flat ? FLAT_PANELS : 1;
        for (size_t i = 0, row = 0; i < n_tiles; i++) {
            /* Tiles of about equal height: 8 rows are 4 + 4, not 6 + 2. */
            size_t rows = (g->n_rows - row + n_tiles - i - 1) / (n_tiles - i);
            one_tile(g, row, rows, panel, panels);
            row += rows;
        }
    }
}

/* 8 rows of 8 into 8 columns of 8; `in` and `out` rows are 16 floats apart. */
static void transpose8(const float *in, size_t n_rows, float *out)
{
    __m256 a[8], b[8];
    KERN_UNROLL for (size_t i = 0; i < 8; i++) a[i] =
        i < n_rows ? _mm256_loadu_ps(in + i * KERN_PANEL) : _mm256_setzero_ps();
    KERN_UNROLL for (size_t i = 0; i < 8; i += 2)
    {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    KERN_UNROLL for (size_t i = 0; i < 8; i += 4)
    {
        a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    KERN_UNROLL for (size_t i = 0; i < 4; i++)
    {
        _mm256_storeu_ps(out + i * KERN_PANEL, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
        _mm256_storeu_ps(out + (i + 4) * KERN_PANEL, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
    }
}

static void transpose(const float *keys, size_t keys_stride, size_t n_rows, size_t n_panels,
                      float *out)
{
    size_t depth = n_panels * KERN_PANEL;
    size_t padded = (n_rows + KERN_PANEL - 1) / KERN_PANEL * KERN_PANEL;
    for (size_t row = 0; row < padded; row += HALF) {
        float *panel = out + row / KERN_PANEL * depth * KERN_PANEL + row % KERN_PANEL;
        size_t rows = row < n_rows ? n_rows - row : 0;
        for (size_t i = 0; i < depth; i += HALF)
            transpose8(keys + i / KERN_PANEL * keys_stride + row * KERN_PANEL + i % KERN_PANEL,
                       rows, panel + i * KERN_PANEL);
    }
}

extern const struct kern_ops kern_avx2;
const struct kern_ops kern_avx2 = {.name = "avx2",
                                   .gemm = gemm,
                                   .norm = norm,
                                   .softmax = softmax,
                                   .scale = scale_rows,
                                   .transpose = transpose};

#else
typedef int kern_avx2_is_for_x86; /* a translation unit must not be empty */
#endif
