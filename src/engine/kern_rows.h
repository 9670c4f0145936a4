/* kern_rows - what kernels do to whole rows, written once for every vector unit: GELU, exp, layer
 * norm, softmax and scaling (docs/NUMERICS.md), on sixteen lanes at a time.
 *
 * A template: a kernel file defines KERN_ROWS (the rows that its layer norm takes at once), `struct
 * wide` (sixteen lanes in as many registers as it takes) and the functions below, then includes
 * this. Without KERN_ROWS the header is empty.
 *
 *     load store splat     add sub mul div16 fma16(a, b, c) = a * b + c     least most
 *     lanes_sum            the profile's tree: lane l + lane l + 8, then 4, 2, 1
 *     lanes_max            of all lanes
 *     load_below(p, n, v)  lanes at or past n, which are not read, are those of v
 *     store_below(p, v, n) lanes at or past n are not written
 *     zero_from(v, n)      lanes at or past n become +0
 *     times_two_to(v, t)   v times two to the integer in the low bits of t
 *
 * `least` and `most` give their second argument when one of both is no number, where the unit does.
 */
#ifndef ENGINE_KERN_ROWS_H
#define ENGINE_KERN_ROWS_H

#ifdef KERN_ROWS

KERN_INLINE struct wide gelu16(struct wide x)
{
    struct wide limit = splat(GELU_LIMIT);
    struct wide t = most(least(x, limit), splat(-GELU_LIMIT));
    struct wide u = mul(t, t);
    struct wide p = splat(GELU_P5);
    p = fma16(p, u, splat(GELU_P4));
    p = fma16(p, u, splat(GELU_P3));
    p = fma16(p, u, splat(GELU_P2));
    p = fma16(p, u, splat(GELU_P1));
    p = fma16(p, u, splat(GELU_P0));
    struct wide q = splat(GELU_Q5);
    q = fma16(q, u, splat(GELU_Q4));
    q = fma16(q, u, splat(GELU_Q3));
    q = fma16(q, u, splat(GELU_Q2));
    q = fma16(q, u, splat(GELU_Q1));
    q = fma16(q, u, splat(1.0f));
    struct wide h = div16(mul(t, p), q);
    return fma16(x, h, mul(splat(0.5f), x));
}

KERN_INLINE struct wide exp16(struct wide x)
{
    struct wide magic = splat(EXP_MAGIC);
    x = most(x, splat(EXP_LIMIT));
    struct wide t = fma16(x, splat(EXP_LOG2E), magic);
    struct wide n = sub(t, magic);
    struct wide r = fma16(n, splat(-EXP_LN2_HI), x);
    r = fma16(n, splat(-EXP_LN2_LO), r);
    struct wide p = splat(EXP_C6);
    p = fma16(p, r, splat(EXP_C5));
    p = fma16(p, r, splat(EXP_C4));
    p = fma16(p, r, splat(EXP_C3));
    p = fma16(p, r, splat(EXP_C2));
    p = fma16(p, mul(r, r), r);
    p = add(p, splat(1.0f));
    return times_two_to(p, t);
}

/* Rows of a tile's result, one panel wide, that are still in the first cache. */
KERN_INLINE void gelu_rows(float *c, size_t n_rows)
{
    for (size_t r = 0; r < n_rows; r++)
        store(c + r * KERN_PANEL, gelu16(load(c + r * KERN_PANEL)));
}

/* --- layer norm --- */

KERN_INLINE void norm_rows(const struct kern_norm *n, size_t row, const int rows)
{
    float *x = n->x + row * KERN_PANEL;
    const float *more = n->add ? n->add + row * KERN_PANEL : NULL;
    float size = (float)(n->n_panels * KERN_PANEL);
    struct wide acc[KERN_ROWS], mean[KERN_ROWS], factor[KERN_ROWS];
    KERN_UNROLL for (int r = 0; r < rows; r++) acc[r] = splat(0);
    for (size_t p = 0; p < n->n_panels; p++) {
        KERN_UNROLL for (int r = 0; r < rows; r++)
        {
            float *at = x + p * n->x_stride + r * KERN_PANEL;
            struct wide v = load(at);
            if (more != NULL) {
                v = add(v, load(more + p * n->add_stride + r * KERN_PANEL));
                store(at, v);
            }
            acc[r] = add(acc[r], v);
        }
    }
    KERN_UNROLL for (int r = 0; r < rows; r++)
    {
        mean[r] = splat(lanes_sum(acc[r]) / size);
        acc[r] = splat(0);
    }
    for (size_t p = 0; p < n->n_panels; p++) {
        KERN_UNROLL for (int r = 0; r < rows; r++)
        {
            struct wide d = sub(load(x + p * n->x_stride + r * KERN_PANEL), mean[r]);
            acc[r] = fma16(d, d, acc[r]);
        }
    }
    KERN_UNROLL for (int r = 0; r < rows; r++) factor[r] =
        splat(1.0f / sqrtf(lanes_sum(acc[r]) / size + n->eps));
    for (size_t p = 0; p < n->n_panels; p++) {
        struct wide gain = load(n->gain + p * KERN_PANEL);
        struct wide bias = load(n->bias + p * KERN_PANEL);
        KERN_UNROLL for (int r = 0; r < rows; r++)
        {
            float *at = x + p * n->x_stride + r * KERN_PANEL;
            store(at, fma16(mul(sub(load(at), mean[r]), factor[r]), gain, bias));
        }
    }
}

static void norm(const struct kern_norm *n)
{
    size_t row = 0;
    for (; row + KERN_ROWS <= n->n_rows; row += KERN_ROWS)
        norm_rows(n, row, KERN_ROWS);
    for (; row < n->n_rows; row++)
        norm_rows(n, row, 1);
}

/* --- softmax --- */

KERN_INLINE float row_max(const float *s, size_t stride, size_t n_cols)
{
    size_t n_full = n_cols / KERN_PANEL, rest = n_cols % KERN_PANEL;
    struct wide low = splat(-INFINITY), max = low;
    for (size_t p = 0; p < n_full; p++)
        max = most(max, load(s + p * stride));
    if (rest != 0)
        max = most(max, load_below(s + n_full * stride, rest, low));
    return lanes_max(max);
}

static float softmax_row(float *s, size_t stride, size_t n_cols, float scale)
{
    size_t n_full = n_cols / KERN_PANEL, rest = n_cols % KERN_PANEL;
    float *tail = s + n_full * stride;
    struct wide factor = splat(scale), shift = splat(-(row_max(s, stride, n_cols) * scale));
    struct wide sum = splat(0);
    for (size_t p = 0; p < n_full; p++) {
        struct wide e = exp16(fma16(load(s + p * stride), factor, shift));
        store(s + p * stride, e);
        sum = add(sum, e);
    }
    if (rest != 0) {
        struct wide e = exp16(fma16(load_below(tail, rest, splat(0)), factor, shift));
        store_below(tail, e, rest);
        /* The other lanes add +0 to a sum that is +0 or positive: no bit changes. */
        sum = add(sum, zero_from(e, rest));
    }
    return 1.0f / lanes_sum(sum);
}

static void softmax(float *s, size_t s_stride, size_t n_rows, size_t n_cols, float scale,
                    float *out_inverse)
{
    for (size_t row = 0; row < n_rows; row++)
        out_inverse[row] = softmax_row(s + row * KERN_PANEL, s_stride, n_cols, scale);
}

/* --- scaling --- */

static void scale_rows(float *x, size_t x_stride, size_t n_rows, size_t n_panels,
                       const float *factor)
{
    for (size_t p = 0; p < n_panels; p++) {
        for (size_t row = 0; row < n_rows; row++) {
            float *at = x + p * x_stride + row * KERN_PANEL;
            store(at, mul(load(at), splat(factor[row])));
        }
    }
}

#endif

#endif
