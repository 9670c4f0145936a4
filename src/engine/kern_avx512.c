/* AVX-512: one panel row is one register. Same bits as kern_reference.c, operation for operation.
 *
 * Register budget of the product: rows x panels accumulators, `panels` weights and one
 * broadcast must stay within 32, so 14 x 2 for many rows and 6 x 4 for few; few rows need more
 * columns to keep both FMA ports busy for their 4 cycles of latency.
 */
#include "engine/kern.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include "engine/kern_math.h"
#include "engine/kern_unroll.h"
#include "engine/numerics.h"

#include <immintrin.h>
#include <math.h>

#define KERN_ROWS 4

enum {
    TALL_ROWS = 14,
    TALL_PANELS = 2,
    FLAT_ROWS = 6,
    FLAT_PANELS = 4,
    LINE = 64,
    AHEAD = 8, /* steps of k */
};

/* Sixteen lanes: one register. */
struct wide {
    __m512 v;
};

KERN_INLINE struct wide load(const float *p)
{
    return (struct wide){_mm512_loadu_ps(p)};
}

KERN_INLINE void store(float *p, struct wide a)
{
    _mm512_storeu_ps(p, a.v);
}

KERN_INLINE struct wide splat(float x)
{
    return (struct wide){_mm512_set1_ps(x)};
}

/* A function of two times sixteen lanes from the register's own. */
#define LANEWISE(name, f)                                      \
    KERN_INLINE struct wide name(struct wide a, struct wide b) \
    {                                                          \
        return (struct wide){f(a.v, b.v)};                     \
    }
LANEWISE(add, _mm512_add_ps)
LANEWISE(sub, _mm512_sub_ps)
LANEWISE(mul, _mm512_mul_ps)
LANEWISE(div16, _mm512_div_ps)
LANEWISE(least, _mm512_min_ps)
LANEWISE(most, _mm512_max_ps)

KERN_INLINE struct wide fma16(struct wide a, struct wide b, struct wide c)
{
    return (struct wide){_mm512_fmadd_ps(a.v, b.v, c.v)};
}

KERN_INLINE float lanes_sum(struct wide a)
{
    __m256 x = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

KERN_INLINE float lanes_max(struct wide a)
{
    return _mm512_reduce_max_ps(a.v);
}

KERN_INLINE __mmask16 lanes_below(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

KERN_INLINE struct wide load_below(const float *p, size_t n, struct wide filler)
{
    return (struct wide){_mm512_mask_loadu_ps(filler.v, lanes_below(n), p)};
}

KERN_INLINE void store_below(float *p, struct wide a, size_t n)
{
    _mm512_mask_storeu_ps(p, lanes_below(n), a.v);
}

KERN_INLINE struct wide zero_from(struct wide a, size_t n)
{
    return (struct wide){_mm512_maskz_mov_ps(lanes_below(n), a.v)};
}

KERN_INLINE struct wide times_two_to(struct wide a, struct wide t)
{
    __m512i power = _mm512_slli_epi32(_mm512_castps_si512(t.v), 23);
    return (struct wide){_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), power))};
}

#include "engine/kern_rows.h"

KERN_INLINE __m512 weights16(const char *b, size_t i, enum kern_type type)
{
    if (type == KERN_F32)
        return _mm512_loadu_ps((const float *)(const void *)b + i);
    __m256i half = _mm256_loadu_si256((const __m256i *)(const void *)(b + 2 * i));
    if (type == KERN_F16)
        return _mm512_cvtph_ps(half);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

struct tile {
    const float *a;
    const char *b;
    const float *bias;
    float *c;
    const char *next; /* where to fetch ahead */
    size_t n_next;    /* cache lines of it for each two steps of k */
};

/* One step of k for all accumulators. a: rows 16 floats apart. */
#define STEP(a_, k_)                                                 \
    do {                                                             \
        __m512 b_[FLAT_PANELS];                                      \
        KERN_UNROLL for (int p = 0; p < panels; p++) b_[p] =         \
            weights16(b[p], (k_)*KERN_PANEL, type);                  \
        KERN_UNROLL for (int r = 0; r < rows; r++)                   \
        {                                                            \
            __m512 x_ = _mm512_set1_ps((a_)[r * KERN_PANEL]);        \
            KERN_UNROLL for (int p = 0; p < panels; p++) acc[r][p] = \
                _mm512_fmadd_ps(x_, b_[p], acc[r][p]);               \
        }                                                            \
    } while (0)

/* From the second-level cache to the first: two rows of the next panel of a, weights of two steps.
 */
#define FETCH(a_, k_)                                                         \
    do {                                                                      \
        const char *row_ = (const char *)(a_);                                \
        _mm_prefetch(row_, _MM_HINT_T0);                                      \
        _mm_prefetch(row_ + LINE, _MM_HINT_T0);                               \
        KERN_UNROLL for (int p = 0; p < panels; p++)                          \
        {                                                                     \
            _mm_prefetch(b[p] + (k_)*KERN_PANEL * size, _MM_HINT_T0);         \
            _mm_prefetch(b[p] + ((k_) + 1) * KERN_PANEL * size, _MM_HINT_T0); \
        }                                                                     \
    } while (0)

KERN_INLINE void tile_at(const struct kern_gemm *g, struct tile t, const int rows, const int panels,
                         const enum kern_type type)
{
    const size_t size = type == KERN_F32 ? 4 : 2;
    __m512 acc[TALL_ROWS][FLAT_PANELS];
    const char *b[FLAT_PANELS];
    KERN_UNROLL for (int p = 0; p < panels; p++)
    {
        __m512 start = t.bias ? _mm512_loadu_ps(t.bias + p * KERN_PANEL) : _mm512_setzero_ps();
        b[p] = t.b + (size_t)p * g->b_stride * size;
        KERN_UNROLL for (int r = 0; r < rows; r++) acc[r][p] = start;
    }
    const float *a = t.a;
    const char *next = t.next;
    const size_t apart = g->k / 2 * LINE;
    size_t k = 0;
    for (; k + KERN_PANEL <= g->k; k += KERN_PANEL, a += g->a_stride) {
        for (size_t i = 0; i < KERN_PANEL; i += 2) {
            for (size_t stream = 0; stream < t.n_next; stream++)
                _mm_prefetch(next + stream * apart, _MM_HINT_T1);
            next += LINE;
            FETCH(a + g->a_stride + i * KERN_PANEL, k + i + AHEAD);
            STEP(a + i, k + i);
            STEP(a + i + 1, k + i + 1);
        }
    }
    for (size_t i = 0; k < g->k; k++, i++)
        STEP(a + i, k);
    KERN_UNROLL for (int p = 0; p < panels; p++)
    {
        float *c = t.c + (size_t)p * g->c_stride;
        KERN_UNROLL for (int r = 0; r < rows; r++) _mm512_storeu_ps(c + r * KERN_PANEL, acc[r][p]);
    }
    if (!g->gelu)
        return;
    /* A second pass: the accumulators are free now. */
    for (int p = 0; p < panels; p++)
        gelu_rows(t.c + (size_t)p * g->c_stride, (size_t)rows);
}

#define TALL(r, type)                            \
    case r:                                      \
        if (panels == TALL_PANELS)               \
            tile_at(g, t, r, TALL_PANELS, type); \
        else                                     \
            tile_at(g, t, r, 1, type);           \
        return;
#define FLAT(r, type)                            \
    case r:                                      \
        if (panels == FLAT_PANELS)               \
            tile_at(g, t, r, FLAT_PANELS, type); \
        else if (panels == TALL_PANELS)          \
            tile_at(g, t, r, TALL_PANELS, type); \
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
            FLAT(4, type)                                                                  \
            FLAT(5, type)                                                                  \
            FLAT(6, type)                                                                  \
            TALL(7, type)                                                                  \
            TALL(8, type) TALL(9, type) TALL(10, type) TALL(11, type) TALL(12, type)       \
                TALL(13, type) TALL(14, type) default : __builtin_unreachable();           \
        }                                                                                  \
    }
TILES(tile_f32, KERN_F32)
TILES(tile_f16, KERN_F16)
TILES(tile_bf16, KERN_BF16)

static void one_tile(const struct kern_gemm *g, struct tile t, size_t rows, size_t panels)
{
    if (g->b_type == KERN_F32)
        tile_f32(g, t, rows, panels);
    else if (g->b_type == KERN_F16)
        tile_f16(g, t, rows, panels);
    else
        tile_bf16(g, t, rows, panels);
}

/* 4, then 2, then 1 panels for few rows; 2, then 1 for many. */
static size_t panels_of(size_t left, size_t n_rows)
{
    if (n_rows <= FLAT_ROWS && left >= FLAT_PANELS)
        return FLAT_PANELS;
    return left >= TALL_PANELS ? TALL_PANELS : 1;
}

/* All rows of `panels` panels. While they are computed the next ones come into the second-level
 * cache, spread over the tiles: weights are read once from memory, at the pace of the arithmetic.
 */
static void one_group(const struct kern_gemm *g, size_t panel, size_t panels)
{
    size_t size = g->b_type == KERN_F32 ? 4 : 2;
    size_t n_tiles = (g->n_rows + TALL_ROWS - 1) / TALL_ROWS;
    size_t n_next = (panels * size / 2 + n_tiles - 1) / n_tiles;
    const char *b = (const char *)g->b + panel * g->b_stride * size;
    const char *next = panel + panels < g->n_panels ? b + panels * g->b_stride * size : g->next;
    for (size_t i = 0, row = 0; i < n_tiles; i++) {
        /* Tiles of about equal height: 16 rows are 8 + 8, not 14 + 2. */
        size_t rows = (g->n_rows - row + n_tiles - i - 1) / (n_tiles - i);
        bool has_next = next != NULL && i * n_next < panels * size / 2;
        struct tile t = {.a = g->a + row * KERN_PANEL,
                         .b = b,
                         .bias = g->bias ? g->bias + panel * KERN_PANEL : NULL,
                         .c = g->c + panel * g->c_stride + row * KERN_PANEL,
                         .next = has_next ? next + i * n_next * (g->k / 2) * LINE : b,
                         .n_next = has_next ? n_next : 0};
        one_tile(g, t, rows, panels);
        row += rows;
    }
}

static void gemm(const struct kern_gemm *g)
{
    for (size_t panel = 0, panels; g->n_rows > 0 && panel < g->n_panels; panel += panels) {
        panels = panels_of(g->n_panels - panel, g->n_rows);
        one_group(g, panel, panels);
    }
}

/* 16 rows of 16 into 16 columns of 16: pairs of lanes, pairs of pairs, then quarters. */
static void transpose16(const float *in, size_t n_rows, float *out)
{
    __m512 a[16], b[16];
    KERN_UNROLL for (size_t i = 0; i < 16; i++) a[i] =
        i < n_rows ? _mm512_loadu_ps(in + i * KERN_PANEL) : _mm512_setzero_ps();
    KERN_UNROLL for (size_t i = 0; i < 16; i += 2)
    {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    KERN_UNROLL for (size_t i = 0; i < 16; i += 4)
    {
        a[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    KERN_UNROLL for (size_t i = 0; i < 4; i++)
    {
        b[i] = _mm512_shuffle_f32x4(a[i], a[i + 4], 0x88);
        b[i + 4] = _mm512_shuffle_f32x4(a[i], a[i + 4], 0xdd);
        b[i + 8] = _mm512_shuffle_f32x4(a[i + 8], a[i + 12], 0x88);
        b[i + 12] = _mm512_shuffle_f32x4(a[i + 8], a[i + 12], 0xdd);
    }
    KERN_UNROLL for (size_t i = 0; i < 8; i++)
    {
        _mm512_storeu_ps(out + i * KERN_PANEL, _mm512_shuffle_f32x4(b[i], b[i + 8], 0x88));
        _mm512_storeu_ps(out + (i + 8) * KERN_PANEL, _mm512_shuffle_f32x4(b[i], b[i + 8], 0xdd));
    }
}

static void transpose(const float *keys, size_t keys_stride, size_t n_rows, size_t n_panels,
                      float *out)
{
    for (size_t row = 0; row < n_rows; row += KERN_PANEL) {
        for (size_t p = 0; p < n_panels; p++) {
            transpose16(keys + p * keys_stride + row * KERN_PANEL, n_rows - row, out);
            out += KERN_PANEL * KERN_PANEL;
        }
    }
}

extern const struct kern_ops kern_avx512;
const struct kern_ops kern_avx512 = {.name = "avx512",
                                     .gemm = gemm,
                                     .norm = norm,
                                     .softmax = softmax,
                                     .scale = scale_rows,
                                     .transpose = transpose};

#else
typedef int kern_avx512_is_for_x86; /* a translation unit must not be empty */
#endif
