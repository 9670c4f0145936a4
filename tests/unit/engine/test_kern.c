/* Every operation of every kernel table that this processor can run, against the reference, bit for
 * bit. */
#include "engine/kern.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/kern_math.h"
#include "engine/numerics.h"
#include "support/test.h"

static uint32_t seed = 1;

static uint32_t next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* Mostly around one, with tails on both sides. */
static float any_float(void)
{
    static const float scale[] = {1.0f, 1.0f, 1.0f, 8.0f, 0x1p-20f};
    float v = (float)((int)(next() % 0x200000) - 0x100000) * 0x1p-20f;
    return v * scale[next() % 5];
}

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof(float) + 63) & ~(size_t)63);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = any_float();
    return p;
}

static float *copy_of(const float *p, size_t n)
{
    float *q = floats(n);
    memcpy(q, p, n * sizeof(float));
    return q;
}

/* Finite halves of the type, subnormals included. */
static uint16_t *halves(size_t n, enum kern_type type)
{
    uint16_t ones = type == KERN_F16 ? 0x7c00 : 0x7f80;
    uint16_t *p = aligned_alloc(64, (n * sizeof(uint16_t) + 63) & ~(size_t)63);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint16_t)(next() & 0xffff);
        if ((p[i] & ones) == ones)
            p[i] = (uint16_t)(p[i] & 0x8fff);
        if (type == KERN_BF16) /* keep sums finite: exponents around one */
            p[i] = (uint16_t)((p[i] & 0x83ff) | 0x3c00);
    }
    return p;
}

static void assert_same_bits(const float *a, const float *b, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        if (numerics_bits(a[i]) != numerics_bits(b[i]))
            fail_msg("%s: value %zu is %a, the reference has %a", what, i, (double)a[i],
                     (double)b[i]);
    }
}

typedef void (*try_fn)(const struct kern_ops *kern);

static void on_each_table(try_fn try)
{
    static const char *const names[] = {"avx2", "avx512", "neon"};
    for (size_t i = 0; i < 3; i++) {
        const struct kern_ops *kern = kern_select(names[i]);
        if (kern == NULL) {
            print_message("SKIP: this processor cannot run the %s kernels\n", names[i]);
            continue;
        }
        seed = 1;
        try(kern);
    }
}

/* --- products ------------------------------------------------------------------------------ */

struct shape {
    size_t rows, panels, k, spare_rows;
    bool has_bias, gelu;
};

static void try_gemm(const struct kern_ops *kern, struct shape s, enum kern_type type)
{
    size_t a_stride = (s.rows + s.spare_rows) * KERN_PANEL, k_panels = (s.k + 15) / 16;
    size_t n_a = k_panels * a_stride, n_b = s.panels * s.k * KERN_PANEL, n_c = s.panels * a_stride;
    float *a = floats(n_a), *bias = floats(s.panels * KERN_PANEL);
    float *c = floats(n_c), *expected = copy_of(c, n_c);
    void *b = type == KERN_F32 ? (void *)floats(n_b) : (void *)halves(n_b, type);
    struct kern_gemm g = {.n_rows = s.rows,
                          .n_panels = s.panels,
                          .k = s.k,
                          .a = a,
                          .a_stride = a_stride,
                          .b = b,
                          .b_stride = s.k * KERN_PANEL,
                          .b_type = type,
                          .bias = s.has_bias ? bias : NULL,
                          .c = c,
                          .c_stride = a_stride,
                          .gelu = s.gelu,
                          .next = s.spare_rows ? b : NULL};
    char what[96];
    (void)snprintf(what, sizeof(what), "%s gemm %zu x %zu panels, k %zu, type %d", kern->name,
                   s.rows, s.panels, s.k, (int)type);
    kern->gemm(&g);
    g.c = expected;
    kern_reference.gemm(&g);
    assert_same_bits(c, expected, n_c, what);
    free(a);
    free(b);
    free(bias);
    free(c);
    free(expected);
}

static void gemm_shapes(const struct kern_ops *kern)
{
    static const size_t ks[] = {1, 2, 15, 16, 17, 32, 47, 64};
    for (size_t rows = 0; rows <= 31; rows++) {
        for (size_t i = 0; i < sizeof(ks) / sizeof(ks[0]); i++) {
            struct shape s = {.rows = rows,
                              .panels = 1 + (rows + i) % 7,
                              .k = ks[i],
                              .spare_rows = i % 3,
                              .has_bias = i % 2 == 0,
                              .gelu = (rows + i) % 4 == 0};
            try_gemm(kern, s, KERN_F32);
            try_gemm(kern, s, KERN_F16);
            try_gemm(kern, s, KERN_BF16);
        }
    }
}

static void test_gemm(void **state)
{
    (void)state;
    on_each_table(gemm_shapes);
}

/* --- GELU and exp on their own -------------------------------------------------------------- */

/* One row, k = 1, weight 1: GELU of the bias plus zero. */
static float gelu_of(const struct kern_ops *kern, float x)
{
    float a[16] = {0}, b[16], bias[16], c[16];
    for (size_t i = 0; i < 16; i++) {
        b[i] = 1.0f;
        bias[i] = x;
    }
    struct kern_gemm g = {.n_rows = 1,
                          .n_panels = 1,
                          .k = 1,
                          .a = a,
                          .a_stride = 16,
                          .b = b,
                          .b_stride = 16,
                          .bias = bias,
                          .c = c,
                          .c_stride = 16,
                          .gelu = true};
    kern->gemm(&g);
    return c[0];
}

static void gelu_bits(const struct kern_ops *kern)
{
    for (float x = -12.0f; x < 12.0f; x += 0.0137f) {
        float got = gelu_of(kern, x), expected = gelu_of(&kern_reference, x);
        assert_same_bits(&got, &expected, 1, "gelu");
    }
}

static void test_gelu(void **state)
{
    (void)state;
    on_each_table(gelu_bits);
    for (float x = -12.0f; x < 12.0f; x += 0.0037f) {
        double exact = 0.5 * (double)x * erfc(-(double)x / sqrt(2.0));
        assert_true(fabs((double)gelu_of(&kern_reference, x) - exact) < 1.2e-6);
    }
    assert_true(gelu_of(&kern_reference, 20.0f) == 20.0f);
    assert_true(gelu_of(&kern_reference, -20.0f) == 0.0f);
}

static void test_exp(void **state)
{
    (void)state;
    for (float x = 0.0f; x > -100.0f; x -= 0.011f) {
        /* Of a row {0, x} the second value is exp(x). */
        float row[16] = {0, x}, inverse = 0;
        kern_reference.softmax(row, 16, 1, 2, 1.0f, &inverse);
        double exact = exp(x < EXP_LIMIT ? (double)EXP_LIMIT : (double)x);
        assert_true(fabs((double)row[1] - exact) < 1e-7 * exact);
        assert_true(row[0] == 1.0f);
    }
}

/* --- rows ---------------------------------------------------------------------------------- */

static void try_norm(const struct kern_ops *kern, size_t rows, size_t panels, bool has_add)
{
    size_t stride = (rows | 1) * KERN_PANEL, n = panels * stride;
    float *x = floats(n), *expected = copy_of(x, n), *add = floats(n);
    float *gain = floats(panels * KERN_PANEL), *bias = floats(panels * KERN_PANEL);
    struct kern_norm k = {.n_rows = rows,
                          .n_panels = panels,
                          .x = x,
                          .x_stride = stride,
                          .add = has_add ? add : NULL,
                          .add_stride = stride,
                          .gain = gain,
                          .bias = bias,
                          .eps = 1e-12f};
    kern->norm(&k);
    k.x = expected;
    kern_reference.norm(&k);
    assert_same_bits(x, expected, n, "norm");
    free(x);
    free(expected);
    free(add);
    free(gain);
    free(bias);
}

static void norm_shapes(const struct kern_ops *kern)
{
    for (size_t rows = 0; rows < 10; rows++) {
        for (size_t panels = 1; panels < 26; panels += 3)
            try_norm(kern, rows, panels, panels % 2 == 0);
    }
}

static void test_norm(void **state)
{
    (void)state;
    on_each_table(norm_shapes);
}

static void try_softmax(const struct kern_ops *kern, size_t rows, size_t columns)
{
    size_t stride = (rows | 1) * KERN_PANEL, n = (columns + 15) / 16 * stride;
    float *s = floats(n), *expected = copy_of(s, n);
    float *inverse = floats(rows), *expected_inverse = floats(rows);
    kern->softmax(s, stride, rows, columns, 3.25f, inverse);
    kern_reference.softmax(expected, stride, rows, columns, 3.25f, expected_inverse);
    assert_same_bits(inverse, expected_inverse, rows, "softmax: 1 / sum");
    for (size_t i = 0; i < columns; i++) {
        for (size_t row = 0; row < rows; row++) {
            size_t at = i / 16 * stride + row * 16 + i % 16;
            assert_same_bits(&s[at], &expected[at], 1, "softmax");
        }
    }
    free(s);
    free(expected);
    free(inverse);
    free(expected_inverse);
}

static void softmax_shapes(const struct kern_ops *kern)
{
    for (size_t columns = 1; columns <= 67; columns++)
        try_softmax(kern, 1 + columns % 5, columns);
}

static void test_softmax(void **state)
{
    (void)state;
    on_each_table(softmax_shapes);
}

static void try_rest(const struct kern_ops *kern, size_t rows, size_t panels)
{
    size_t stride = (rows + 2) * KERN_PANEL, n = panels * stride;
    size_t n_out = (rows + 15) / 16 * panels * 256;
    float *x = floats(n), *expected = copy_of(x, n), *factor = floats(rows);
    float *out = floats(n_out), *expected_out = floats(n_out);
    kern->transpose(x, stride, rows, panels, out);
    kern_reference.transpose(x, stride, rows, panels, expected_out);
    assert_same_bits(out, expected_out, n_out, "transpose");
    kern->scale(x, stride, rows, panels, factor);
    kern_reference.scale(expected, stride, rows, panels, factor);
    assert_same_bits(x, expected, n, "scale");
    free(x);
    free(expected);
    free(factor);
    free(out);
    free(expected_out);
}

static void rest_shapes(const struct kern_ops *kern)
{
    for (size_t rows = 1; rows < 40; rows++)
        try_rest(kern, rows, 1 + rows % 4);
}

static void test_transpose_and_scale(void **state)
{
    (void)state;
    on_each_table(rest_shapes);
}

/* --- conversions and the choice of a table --------------------------------------------------- */

static void test_f16_is_exact(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        uint32_t exponent = h >> 10 & 31, fraction = h & 0x3ff;
        if (exponent == 31)
            continue;
        double size =
            exponent ? ldexp(1024.0 + fraction, (int)exponent - 25) : ldexp((double)fraction, -24);
        double got = (double)numerics_from_f16((uint16_t)h);
        assert_true(fabs(got) == size);
        assert_int_equal(signbit(got) != 0, h >> 15);
    }
}

static void test_select(void **state)
{
    (void)state;
    assert_ptr_equal(kern_select("reference"), &kern_reference);
    assert_non_null(kern_select("auto"));
    assert_null(kern_select(""));
    assert_null(kern_select("fastest"));
#if defined(__x86_64__)
    assert_null(kern_select("neon"));
#else
    assert_null(kern_select("avx2"));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemm),         cmocka_unit_test(test_gelu),
        cmocka_unit_test(test_exp),          cmocka_unit_test(test_norm),
        cmocka_unit_test(test_softmax),      cmocka_unit_test(test_transpose_and_scale),
        cmocka_unit_test(test_f16_is_exact), cmocka_unit_test(test_select),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
