/* kern - the arithmetic of the engine: one table of operations for each instruction set.
 *
 * kern_reference.c is the specification (docs/NUMERICS.md); every other table gives the same bits.
 *
 * Layout. A matrix of R rows and C columns is stored as panels of 16 columns, [C/16][R][16]; the
 * distance between two panels is a stride in elements, so that a panel may belong to a taller
 * matrix. Activations, weights ([N/16][K][16], row = k), K^T and V all have this one layout.
 * Panels of floats are aligned to 64 bytes.
 */
#ifndef ENGINE_KERN_H
#define ENGINE_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERN_PANEL = 16 }; /* columns of a panel */

enum kern_type { KERN_F32, KERN_F16, KERN_BF16 };

/* c[m][n] = bias[n], then fma over k in ascending order of a[m][k] * b[k][n]; then GELU if asked.
 */
struct kern_gemm {
    size_t n_rows;   /* any */
    size_t n_panels; /* of b and c */
    size_t k;        /* any; the last panel of a may be partly used */
    const float *a;  /* [ceil(k/16)] panels, a_stride floats apart, n_rows rows each */
    size_t a_stride;
    const void *b; /* [n_panels] panels of `b_type`, b_stride elements apart, k rows each */
    size_t b_stride;
    enum kern_type b_type;
    const float *bias; /* [n_panels * 16], or NULL for zeroes */
    float *c;          /* [n_panels] panels, c_stride floats apart; not a, not b */
    size_t c_stride;
    bool gelu;
    /* A hint: the panels that this core will need next, or NULL. Fetched while this is computed. */
    const void *next;
};

/* x = layer_norm(x + add): rows of n_panels * 16 values. */
struct kern_norm {
    size_t n_rows;
    size_t n_panels;
    float *x; /* read and written */
    size_t x_stride;
    const float *add; /* NULL for none */
    size_t add_stride;
    const float *gain; /* [n_panels * 16] */
    const float *bias;
    float eps;
};

struct kern_ops {
    const char *name;
    void (*gemm)(const struct kern_gemm *g);
    void (*norm)(const struct kern_norm *n);
    /* s: [n_rows, n_cols] in panels; s = exp(s * scale - max of its row); out_inverse[row] = 1 /
     * sum of the row. Columns past n_cols are neither used nor kept. */
    void (*softmax)(float *s, size_t s_stride, size_t n_rows, size_t n_cols, float scale,
                    float *out_inverse);
    /* x[row] *= factor[row], rows of n_panels * 16 values. */
    void (*scale)(float *x, size_t x_stride, size_t n_rows, size_t n_panels, const float *factor);
    /* keys: [n_rows, n_panels * 16] in panels -> out: its transpose, [ceil(n_rows/16)] panels of
     * n_panels * 16 rows, tightly packed; columns past n_rows are zero. */
    void (*transpose)(const float *keys, size_t keys_stride, size_t n_rows, size_t n_panels,
                      float *out);
};

extern const struct kern_ops kern_reference;

/*
 * The table of that name: "reference", "avx2", "avx512", "neon", or "auto" for the fastest one that
 * this CPU and operating system can run. NULL when the name is unknown or the CPU cannot run it.
 */
const struct kern_ops *kern_select(const char *name);

#endif
