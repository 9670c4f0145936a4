#include "support/test.h"

#include "formats/json_f32.h"

#include <math.h>
#include <stdio.h>

static float of_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static unsigned digits_in(const char *text)
{
    unsigned n = 0;
    unsigned zeroes = 0;
    for (; *text != 0 && *text != 'e'; text++) {
        if (*text == '0' && n > 0)
            zeroes++;
        if (*text >= '1' && *text <= '9') {
            n += zeroes + 1;
            zeroes = 0;
        }
    }
    return n;
}

static void test_known_texts(void **state)
{
    (void)state;
    static const struct {
        float v;
        const char *text;
    } rows[] = {
        {0.0f, "0.0"},
        {-0.0f, "-0.0"},
        {1.0f, "1.0"},
        {-1.5f, "-1.5"},
        {0.1f, "0.1"},
        {0.3f, "0.3"},
        {100.0f, "100.0"},
        {123456.7f, "123456.7"},
        {16777216.0f, "16777216.0"},
        {0.00001f, "0.00001"},
        {1.5e-6f, "1.5e-06"},
        {0.054321f, "0.054321"},
        {1.0f / 3, "0.33333334"},
        {9.999999e8f, "999999900.0"},
        {999999.9f, "999999.9"},
        {1000000.0f, "1000000.0"},
        {3.4028235e38f, "3.4028235e+38"},
        {1.17549435e-38f, "1.1754944e-38"},
        {1.4e-45f, "1e-45"},
        {1e14f, "100000000000000.0"},
        {1e16f, "1e+16"},
    };
    char text[JSON_F32_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = json_f32_text(rows[i].v, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(n, strlen(text));
    }
}

/* Reads back to the same bits, and no %.Ng with fewer digits does. */
static void check_one(uint32_t bits)
{
    char text[JSON_F32_MAX];
    char shorter[64];
    float v = of_bits(bits);
    if (!isfinite(v))
        return;
    size_t n = json_f32_text(v, text);
    assert_true(n < JSON_F32_MAX);
    if (bits_of(strtof(text, NULL)) != bits)
        fail_msg("%08x became %s", bits, text);
    int digits = (int)digits_in(text);
    if (digits < 2)
        return;
    (void)snprintf(shorter, sizeof(shorter), "%.*e", digits - 2, (double)v);
    if (bits_of(strtof(shorter, NULL)) == bits)
        fail_msg("%s is longer than %s", text, shorter);
}

static void test_random_bits_read_back(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        check_one((uint32_t)seed);
        /* and one of the size that embeddings have: 2^-20 .. 2 */
        uint32_t exponent = 107 + (uint32_t)(seed >> 40) % 21;
        check_one(((uint32_t)seed & 0x807fffff) | exponent << 23);
    }
}

static void test_edges_of_every_binade_read_back(void **state)
{
    (void)state;
    for (uint32_t e = 0; e < 255; e++) {
        check_one(e << 23);
        check_one(e << 23 | 1);
        check_one(e << 23 | 0x7fffff);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_random_bits_read_back),
        cmocka_unit_test(test_edges_of_every_binade_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
