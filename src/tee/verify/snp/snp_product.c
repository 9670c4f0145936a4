#include "tee/verify/snp/snp_product.h"

static const struct product {
    const char *name;
    const char *line;
} PRODUCTS[SNP_PRODUCTS] = {
    [SNP_MILAN] = {"milan", "Milan"},
    [SNP_GENOA] = {"genoa", "Genoa"},
    [SNP_TURIN] = {"turin", "Turin"},
};

static const struct models {
    uint8_t family, first, last;
    enum snp_product product;
} MODELS[] = {
    {0x19, 0x00, 0x0f, SNP_MILAN},
    {0x19, 0x10, 0x1f, SNP_GENOA},
    {0x19, 0xa0, 0xaf, SNP_GENOA}, /* Bergamo, Siena */
    {0x1a, 0x00, 0x1f, SNP_TURIN},
};

static const struct named {
    const char *name;
    enum snp_product product;
} NAMED[] = {
    {"Milan", SNP_MILAN}, {"Genoa", SNP_GENOA}, {"Bergamo", SNP_GENOA},
    {"Siena", SNP_GENOA}, {"Turin", SNP_TURIN},
};

const char *snp_product_name(enum snp_product p)
{
    return PRODUCTS[p].name;
}

const char *snp_product_line(enum snp_product p)
{
    return PRODUCTS[p].line;
}

bool snp_product_of_cpu(uint8_t family, uint8_t model, enum snp_product *out)
{
    for (size_t i = 0; i < sizeof(MODELS) / sizeof(MODELS[0]); i++) {
        const struct models *m = &MODELS[i];
        if (family == m->family && model >= m->first && model <= m->last) {
            *out = m->product;
            return true;
        }
    }
    return false;
}

/* A stepping is a letter and a digit after a hyphen. */
static bool is_stepping(struct bytes text)
{
    return text.n == 3 && text.p[0] == '-' && text.p[1] >= 'A' && text.p[1] <= 'Z' &&
           text.p[2] >= '0' && text.p[2] <= '9';
}

static bool is_named(struct bytes text, const char *name)
{
    size_t n = strlen(name);
    if (text.n < n || memcmp(text.p, name, n) != 0)
        return false;
    return text.n == n || is_stepping(bytes_of(text.p + n, text.n - n));
}

bool snp_product_of_certificate(struct bytes name, enum snp_product *out)
{
    for (size_t i = 0; i < sizeof(NAMED) / sizeof(NAMED[0]); i++) {
        if (is_named(name, NAMED[i].name)) {
            *out = NAMED[i].product;
            return true;
        }
    }
    return false;
}
