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

enum {
    TALL_ROWS = 6,
    FLAT_ROWS = 3,
    FLAT_PANELS = 2,
    HALF = 8,   /* lanes of a register */
    AHEAD = 32, /* rows of a panel that prefetch runs ahead */
};

KERN_INLINE __m256 gelu8(__m256 x)
{
    __m256 limit = _mm256_set1_ps(GELU_LIMIT);
    __m256 t = _mm256_max_ps(_mm256_min_ps(x, limit), _mm256_set1_ps(-GELU_LIMIT));
    __m256 u = _mm256_mul_ps(t, t);
    __m256 p = _mm256_set1_ps(GELU_P5);
    p = _mm256_fmadd_ps(p, u, _mm256_set1_ps(GELU_P4));
    p = _mm256_fmadd_ps(p, u, _mm256_set1_ps(GELU_P3));
    p = _mm256_fmadd_ps(p, u, _mm256_set1_ps(GELU_P2));
    p = _mm256_fmadd_ps(p, u, _mm256_set1_ps(GELU_P1));
    p = _mm256_fmadd_ps(p, u, _mm256_set1_ps(GELU_P0));
    __m256 q = _mm256_set1_ps(GELU_Q5);
    q = _mm256_fmadd_ps(q, u, _mm256_set1_ps(GELU_Q4));
    q = _mm256_fmadd_ps(q, u, _mm256_set1_ps(GELU_Q3));
    q = _mm256_fmadd_ps(q, u, _mm256_set1_ps(GELU_Q2));
    q = _mm256_fmadd_ps(q, u, _mm256_set1_ps(GELU_Q1));
    q = _mm256_fmadd_ps(q, u, _mm256_set1_ps(1.0f));
    __m256 h = _mm256_div_ps(_mm256_mul_ps(t, p), q);
    return _mm256_fmadd_ps(x, h, _mm256_mul_ps(_mm256_set1_ps(0.5f), x));
}

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
    /* A second pass over lines that are still in the first cache: the accumulators are free now. */
    for (int p = 0; p < panels; p++) {
        float *c = t.c + (size_t)p * g->c_stride;
        for (int i = 0; i < rows * KERN_PANEL; i += HALF)
            _mm256_storeu_ps(c + i, gelu8(_mm256_loadu_ps(c + i)));
    }
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
            FLAT(3, type) TALL(4, type) TALL(5, type) TALL(6, type) default                \
                : __builtin_unreachable();                                                 \
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

/* Sixteen lanes. */
struct wide {
    __m256 low, high;
};

KERN_INLINE struct wide load(const float *p)
{
    return (struct wide){_mm256_loadu_ps(p), _mm256_loadu_ps(p + HALF)};
}

KERN_INLINE void store(float *p, struct wide v)
{
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + HALF, v.high);
}

KERN_INLINE struct wide add(struct wide a, struct wide b)
{
    return (struct wide){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}

KERN_INLINE struct wide minus(struct wide a, __m256 b)
{
    return (struct wide){_mm256_sub_ps(a.low, b), _mm256_sub_ps(a.high, b)};
}

KERN_INLINE struct wide times(struct wide a, __m256 b)
{
    return (struct wide){_mm256_mul_ps(a.low, b), _mm256_mul_ps(a.high, b)};
}

KERN_INLINE struct wide fma16(struct wide a, struct wide b, struct wide c)
{
    return (struct wide){_mm256_fmadd_ps(a.low, b.low, c.low),
                         _mm256_fmadd_ps(a.high, b.high, c.high)};
}

/* Lane l + lane l + 8, then 4, 2, 1: the tree of the profile. */
KERN_INLINE float lanes_sum(struct wide v)
{
    __m256 x = _mm256_add_ps(v.low, v.high);
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

static __m256 row_mean(const struct kern_norm *n, size_t row)
{
    float *x = n->x + row * KERN_PANEL;
    struct wide sum = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (size_t p = 0; p < n->n_panels; p++) {
        struct wide v = load(x + p * n->x_stride);
        if (n->add != NULL) {
            v = add(v, load(n->add + p * n->add_stride + row * KERN_PANEL));
            store(x + p * n->x_stride, v);
        }
        sum = add(sum, v);
    }
    return _mm256_set1_ps(lanes_sum(sum) / (float)(n->n_panels * KERN_PANEL));
}

static void norm_row(const struct kern_norm *n, size_t row)
{
    float *x = n->x + row * KERN_PANEL;
    __m256 mean = row_mean(n, row);
    struct wide squares = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (size_t p = 0; p < n->n_panels; p++) {
        struct wide d = minus(load(x + p * n->x_stride), mean);
        squares = fma16(d, d, squares);
    }
    float variance = lanes_sum(squares) / (float)(n->n_panels * KERN_PANEL);
    __m256 factor = _mm256_set1_ps(1.0f / sqrtf(variance + n->eps));
    for (size_t p = 0; p < n->n_panels; p++) {
        struct wide d = times(minus(load(x + p * n->x_stride), mean), factor);
        store(x + p * n->x_stride,
              fma16(d, load(n->gain + p * KERN_PANEL), load(n->bias + p * KERN_PANEL)));
    }
}

static void norm(const struct kern_norm *n)
{
    for (size_t row = 0; row < n->n_rows; row++)
        norm_row(n, row);
}

KERN_INLINE __m256 exp8(__m256 x)
{
    __m256 magic = _mm256_set1_ps(EXP_MAGIC);
    x = _mm256_max_ps(x, _mm256_set1_ps(EXP_LIMIT));
    __m256 t = _mm256_fmadd_ps(x, _mm256_set1_ps(EXP_LOG2E), magic);
    __m256 n = _mm256_sub_ps(t, magic);
    __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-EXP_LN2_HI), x);
    r = _mm256_fmadd_ps(n, _mm256_set1_ps(-EXP_LN2_LO), r);
    __m256 p = _mm256_set1_ps(EXP_C6);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C5));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C4));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C3));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C2));
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
    p = _mm256_add_ps(p, _mm256_set1_ps(1.0f));
    __m256i power = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), power));
}

/* All ones in the lanes that are below n. */
KERN_INLINE __m256i lanes_below(size_t n)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

/* Eight columns from `column` on; lanes at or past n_cols get `filler`. */
KERN_INLINE __m256 columns8(const float *s, size_t stride, size_t column, size_t n_cols,
                            __m256 filler)
{
    const float *at = s + column / KERN_PANEL * stride + column % KERN_PANEL;
    if (column + HALF <= n_cols)
        return _mm256_loadu_ps(at);
    __m256i mask = lanes_below(n_cols - column);
    return _mm256_blendv_ps(filler, _mm256_maskload_ps(at, mask), _mm256_castsi256_ps(mask));
}

static float row_max(const float *s, size_t stride, size_t n_cols)
{
    __m256 low = _mm256_set1_ps(-INFINITY), max = low;
    for (size_t j = 0; j < n_cols; j += HALF)
        max = _mm256_max_ps(max, columns8(s, stride, j, n_cols, low));
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(max), _mm256_extractf128_ps(max, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

static float softmax_row(float *s, size_t stride, size_t n_cols, float scale)
{
    __m256 zero = _mm256_setzero_ps(), factor = _mm256_set1_ps(scale);
    __m256 shift = _mm256_set1_ps(-(row_max(s, stride, n_cols) * scale));
    __m256 sum[2] = {zero, zero};
    for (size_t j = 0; j < n_cols; j += HALF) {
        float *at = s + j / KERN_PANEL * stride + j % KERN_PANEL;
        __m256 e = exp8(_mm256_fmadd_ps(columns8(s, stride, j, n_cols, zero), factor, shift));
        if (j + HALF > n_cols) {
            __m256i mask = lanes_below(n_cols - j);
            _mm256_maskstore_ps(at, mask, e);
            /* The other lanes add +0 to a sum that is +0 or positive: no bit changes. */
            e = _mm256_and_ps(e, _mm256_castsi256_ps(mask));
        } else {
            _mm256_storeu_ps(at, e);
        }
        sum[j / HALF % 2] = _mm256_add_ps(sum[j / HALF % 2], e);
    }
    return 1.0f / lanes_sum((struct wide){sum[0], sum[1]});
}

static void softmax(float *s, size_t s_stride, size_t n_rows, size_t n_cols, float scale,
                    float *out_inverse)
{
    for (size_t row = 0; row < n_rows; row++)
        out_inverse[row] = softmax_row(s + row * KERN_PANEL, s_stride, n_cols, scale);
}

static void scale_rows(float *x, size_t x_stride, size_t n_rows, size_t n_panels,
                       const float *factor)
{
    for (size_t p = 0; p < n_panels; p++) {
        for (size_t row = 0; row < n_rows; row++) {
            float *at = x + p * x_stride + row * KERN_PANEL;
            store(at, times(load(at), _mm256_set1_ps(factor[row])));
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
