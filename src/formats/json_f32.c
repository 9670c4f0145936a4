#include "formats/json_f32.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGITS_MIN = 6, /* a float has at least 6 exact decimal digits ... */
    DIGITS_MAX = 9, /* ... and 9 are always enough (IEEE 754-2019, 5.12.2) */
    EXPONENT_MAX = 8,
};

/* A decimal: digits * 10^exponent, digits without trailing zeroes. */
struct decimal {
    uint64_t digits;
    int exponent;
};

static const double POW10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}; /* all exact */

/* digits / 10^scale reads back to v. Both are exact doubles, so the quotient is the decimal rounded
 * once; rounding it again to a float is the same as reading the decimal directly unless the
 * quotient lies exactly between two floats, which is taken as no. */
static bool reads_back(double digits, double power, float v)
{
    double d = digits / power;
    uint64_t bits;
    memcpy(&bits, &d, sizeof(bits));
    return (float)d == v && (bits & 0x1fffffff) != 0x10000000;
}

/* 1e-9 <= v < 1e6: the powers needed are at most 10^22 and so exact. */
static bool shortest_fast(float v, struct decimal *out)
{
    double x = (double)v;
    int magnitude = 0; /* 10^(magnitude-1) <= x < 10^magnitude */
    while (magnitude < DIGITS_MIN && x >= POW10[magnitude])
        magnitude++;
    while (magnitude <= 0 && magnitude > -9 && x * POW10[1 - magnitude] < 1)
        magnitude--;
    for (int n = DIGITS_MIN; n <= DIGITS_MAX; n++) {
        int scale = n - magnitude;
        /* Rounded by hand: rint() would bring libm into programs that have no other use for it. */
        double digits = (double)(uint64_t)(x * POW10[scale] + 0.5);
        if (!reads_back(digits, POW10[scale], v))
            continue;
        *out = (struct decimal){(uint64_t)digits, -scale};
        return true;
    }
    return false;
}

static struct decimal shortest_slow(float v)
{
    char text[JSON_F32_MAX];
    for (int n = 1; n <= DIGITS_MAX; n++) {
        (void)snprintf(text, sizeof(text), "%.*e", n - 1, (double)v);
        if (n == DIGITS_MAX || strtof(text, NULL) == v)
            break;
    }
    struct decimal d = {.digits = (uint64_t)(text[0] - '0')};
    const char *c = text + 1;
    if (*c == '.') {
        for (c++; *c >= '0' && *c <= '9'; c++, d.exponent--)
            d.digits = d.digits * 10 + (uint64_t)(*c - '0');
    }
    d.exponent += (int)strtol(c + 1, NULL, 10);
    return d;
}

static struct decimal strip_zeroes(struct decimal d)
{
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

static char *put(char *at, const char *text, int n)
{
    memcpy(at, text, (size_t)n);
    return at + n;
}

static char *put_zeroes(char *at, int n)
{
    memset(at, '0', (size_t)n);
    return at + n;
}

/* "d.ddde-XX" outside 1e-5 .. 1e15, plain otherwise. */
static char *put_decimal(char *at, struct decimal d)
{
    char digits[24];
    int n = 0;
    for (uint64_t v = d.digits; v > 0; v /= 10)
        digits[sizeof(digits) - 1 - (size_t)n++] = (char)('0' + v % 10);
    const char *first = digits + sizeof(digits) - n;
    int point = n + d.exponent; /* digits before the decimal point */
    if (point <= -5 || point > 15) {
        *at++ = *first;
        if (n > 1)
            *at++ = '.';
        at = put(at, first + 1, n - 1);
        return at + snprintf(at, EXPONENT_MAX, "e%+03d", point - 1);
    }
    if (point <= 0) {
        at = put_zeroes(put(at, "0.", 2), -point);
        return put(at, first, n);
    }
    if (point >= n) {
        at = put_zeroes(put(at, first, n), point - n);
        return put(at, ".0", 2);
    }
    at = put(put(at, first, point), ".", 1);
    return put(at, first + point, n - point);
}

size_t json_f32_text(float v, char out[static JSON_F32_MAX])
{
    char *at = out;
    struct decimal d = {0};
    float size = fabsf(v);
    if (signbit(v))
        *at++ = '-';
    if (size == 0) {
        at = put(at, "0.0", 3);
    } else {
        if (size < 1e-9f || size >= 1e6f || !shortest_fast(size, &d))
            d = shortest_slow(size);
        at = put_decimal(at, strip_zeroes(d));
    }
    *at = 0;
    return (size_t)(at - out);
}
