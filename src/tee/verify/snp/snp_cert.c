#include "tee/verify/snp/snp_cert.h"

#include "crypto/der.h"
#include "crypto/x509.h"

#define AMD "1.3.6.1.4.1.3704.1"

#define VCEK_NAME "SEV-VCEK"
#define VLEK_NAME "SEV-VLEK"

static const struct part_oid {
    enum snp_part part;
    const char *oid;
} PART_OIDS[SNP_PARTS] = {
    {SNP_PART_BOOTLOADER, AMD ".3.1"}, {SNP_PART_TEE, AMD ".3.2"}, {SNP_PART_SNP, AMD ".3.3"},
    {SNP_PART_MICROCODE, AMD ".3.8"},  {SNP_PART_FMC, AMD ".3.9"},
};

/* Levels that no product uses yet: a report has no place for them. */
static const char *const SPARE_OIDS[] = {AMD ".3.4", AMD ".3.5", AMD ".3.6", AMD ".3.7"};

bool snp_cert_is_leaf(struct bytes der, enum snp_signing_key *out_kind)
{
    struct bytes name;
    if (failed(x509_subject_cn(der, &name)))
        return false;
    bool is_vlek = bytes_equal(name, BYTES_LIT(VLEK_NAME));
    *out_kind = is_vlek ? SNP_KEY_VLEK : SNP_KEY_VCEK;
    return is_vlek || bytes_equal(name, BYTES_LIT(VCEK_NAME));
}

static status find(struct bytes der, const char *oid, struct bytes *out)
{
    return status_context(x509_extension(der, oid, out), "extension %s", oid);
}

static bool has(struct bytes der, const char *oid)
{
    struct bytes v;
    return x509_extension(der, oid, &v).code != ST_NOTFOUND;
}

static status read_integer(struct bytes der, const char *oid, uint64_t max, uint64_t *out)
{
    struct bytes v;
    TRY(find(der, oid, &v));
    struct rd r = rd_over(v);
    status s = der_u64(&r, max, out);
    if (ok(s))
        s = rd_end(&r);
    return failed(s) ? status_context(s, "extension %s", oid) : OK;
}

static status read_text(struct bytes der, const char *oid, struct bytes *out)
{
    struct bytes v;
    struct der_item text;
    TRY(find(der, oid, &v));
    TRY(status_context(der_only(v, DER_IA5_STRING, &text), "extension %s", oid));
    REQUIRE(text.content.n >= 1 && text.content.n <= SNP_CSP_TEXT_MAX, ST_FORMAT,
            "extension %s: a text of %zu bytes", oid, text.content.n);
    for (size_t i = 0; i < text.content.n; i++)
        REQUIRE(text.content.p[i] >= 0x20 && text.content.p[i] <= 0x7e, ST_FORMAT,
                "extension %s: not visible ASCII", oid);
    *out = text.content;
    return OK;
}

static status read_product(struct bytes der, struct snp_cert *c)
{
    uint64_t version;
    TRY(read_text(der, AMD ".2", &c->product_name));
    REQUIRE(snp_product_of_certificate(c->product_name, &c->product), ST_UNSUPPORTED,
            "product %.*s is not known", (int)c->product_name.n, (const char *)c->product_name.p);
    TRY(read_integer(der, AMD ".1", UINT32_MAX, &version));
    REQUIRE(version == (c->product == SNP_TURIN), ST_UNSUPPORTED,
            "structure version %u of a %s certificate", (unsigned)version,
            snp_product_line(c->product));
    return OK;
}

static status read_tcb(struct bytes der, struct snp_cert *c)
{
    for (size_t i = 0; i < SNP_PARTS; i++) {
        const struct part_oid *p = &PART_OIDS[i];
        uint64_t level = 0;
        if (snp_part_exists(c->product, p->part))
            TRY(read_integer(der, p->oid, UINT8_MAX, &level));
        else
            REQUIRE(!has(der, p->oid), ST_FORMAT, "extension %s, which a %s certificate has not",
                    p->oid, snp_product_line(c->product));
        c->tcb.spl[p->part] = (uint8_t)level;
    }
    for (size_t i = 0; i < sizeof(SPARE_OIDS) / sizeof(SPARE_OIDS[0]); i++) {
        uint64_t level = 0;
        if (has(der, SPARE_OIDS[i]))
            TRY(read_integer(der, SPARE_OIDS[i], 0, &level));
    }
    return OK;
}

static status read_vcek(struct bytes der, struct snp_cert *c)
{
    size_t len = c->product == SNP_TURIN ? SNP_HWID_TURIN_LEN : SNP_CHIP_ID_LEN;
    REQUIRE(!has(der, AMD ".5"), ST_FORMAT, "a VCEK certificate with a provider's id");
    TRY(find(der, AMD ".4", &c->hwid));
    REQUIRE(c->hwid.n == len, ST_FORMAT, "a hardware id of %zu bytes, not %zu", c->hwid.n, len);
    REQUIRE(!bytes_all_zero(c->hwid), ST_FORMAT, "a hardware id of zeroes");
    return OK;
}

static status read_vlek(struct bytes der, struct snp_cert *c)
{
    REQUIRE(!has(der, AMD ".4"), ST_FORMAT, "a VLEK certificate with a hardware id");
    return read_text(der, AMD ".5", &c->csp_id);
}

status snp_cert_read(struct bytes der, struct snp_cert *out)
{
    struct snp_cert c = {0};
    REQUIRE(snp_cert_is_leaf(der, &c.kind), ST_FORMAT,
            "the subject is neither " VCEK_NAME " nor " VLEK_NAME);
    TRY(read_product(der, &c));
    TRY(read_tcb(der, &c));
    TRY(c.kind == SNP_KEY_VLEK ? read_vlek(der, &c) : read_vcek(der, &c));
    *out = c;
    return OK;
}
