#include "tee/verify/nvidia/gpu_leaf.h"

#include "crypto/der.h"
#include "crypto/x509.h"

#define OID_ALT_NAME    "2.5.29.17"
#define OID_DEVICE_INFO "1.3.6.1.4.1.412.274.1"
#define OID_TCB_INFO    "2.23.133.5.4.1"
#define OID_TCB_INFO_2  "2.23.133.5.4.1.1"
#define OID_SHA384      "2.16.840.1.101.3.4.2.2"

enum { TAG_FWIDS = 0xa6, TAG_FLAGS = 0x87, FLAGS_LEN = 5, TCB_INFO_VERSION = 1 };

static const struct family {
    const char *name;
    const char *chips[3]; /* how the chip's name begins */
} FAMILIES[GPU_ARCHS] = {
    [GPU_HOPPER] = {"HOPPER", {"GH1"}},
    [GPU_BLACKWELL] = {"BLACKWELL", {"GB1", "GB2"}},
    [GPU_LS10] = {"LS10", {"LS_10", "LS10"}},
};

const char *gpu_leaf_arch_name(enum gpu_arch a)
{
    return a < GPU_ARCHS ? FAMILIES[a].name : "unknown";
}

status gpu_leaf_arch_of(struct bytes name, enum gpu_arch *out)
{
    for (unsigned a = 0; a < GPU_ARCHS; a++) {
        if (bytes_equal(name, bytes_str(FAMILIES[a].name))) {
            *out = (enum gpu_arch)a;
            return OK;
        }
    }
    return FAIL(ST_UNSUPPORTED, "an architecture that is none of HOPPER, BLACKWELL, LS10");
}

bool gpu_leaf_is_switch(const struct gpu_leaf *l)
{
    return l->arch == GPU_LS10;
}

static bool begins_with(struct bytes text, const char *start)
{
    size_t n = strlen(start);
    return text.n >= n && memcmp(text.p, start, n) == 0;
}

static status family_of(struct bytes chip, enum gpu_arch *out)
{
    for (unsigned a = 0; a < GPU_ARCHS; a++) {
        for (size_t i = 0; i < 3 && FAMILIES[a].chips[i] != NULL; i++) {
            if (begins_with(chip, FAMILIES[a].chips[i])) {
                *out = (enum gpu_arch)a;
                return OK;
            }
        }
    }
    return FAIL(ST_UNSUPPORTED, "a chip of no family that is judged here: %.*s",
                chip.n < 16 ? (int)chip.n : 16, (const char *)chip.p);
}

/* Up to the separator or the end; the separator is consumed. */
static struct bytes take_word(struct rd *r, uint8_t separator)
{
    size_t from = r->at;
    while (r->at < r->in.n && r->in.p[r->at] != separator)
        r->at++;
    struct bytes word = bytes_of(r->in.p + from, r->at - from);
    if (r->at < r->in.n)
        r->at++;
    return word;
}

static bool is_plain(struct bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        bool is_letter = (v.p[i] >= 'A' && v.p[i] <= 'Z') || v.p[i] == '_';
        if (!is_letter && (v.p[i] < '0' || v.p[i] > '9'))
            return false;
    }
    return v.n > 0;
}

static status read_chip(struct bytes der, struct gpu_leaf *l)
{
    struct bytes cn;
    TRY(x509_subject_cn(der, &cn));
    struct rd r = rd_over(cn);
    struct bytes chip = take_word(&r, ' ');
    REQUIRE(chip.n <= GPU_CHIP_MAX && is_plain(chip), ST_FORMAT, "a common name without a chip");
    TRY(family_of(chip, &l->arch));
    memcpy(l->chip, chip.p, chip.n);
    return OK;
}

/* GeneralNames ::= SEQUENCE { [0] { OID, [0] { UTF8String } } }, the one name that NVIDIA writes.
 */
static status device_text(struct bytes der, struct bytes *out)
{
    struct bytes ext;
    struct der_item names, name, oid, value, text;
    TRY(x509_extension(der, OID_ALT_NAME, &ext));
    TRY(der_only(ext, DER_SEQUENCE, &names));
    TRY(der_only(names.content, DER_CONTEXT_0, &name));
    struct rd r = rd_over(name.content);
    TRY(der_expect(&r, DER_OID, &oid));
    REQUIRE(der_oid_is(oid.content, OID_DEVICE_INFO), ST_FORMAT, "another kind of name");
    TRY(der_expect(&r, DER_CONTEXT_0, &value));
    TRY(rd_end(&r));
    TRY(der_only(value.content, DER_UTF8_STRING, &text));
    *out = text.content;
    return OK;
}

static status read_device(struct bytes der, struct gpu_leaf *l)
{
    struct bytes text = {0};
    TRY(status_context(device_text(der, &text), "subjectAltName"));
    struct rd r = rd_over(text);
    struct bytes vendor = take_word(&r, ':'), chip = take_word(&r, ':'), id = take_word(&r, ':');
    REQUIRE(rd_left(&r) == 0 && bytes_equal(vendor, BYTES_LIT("NVIDIA")), ST_FORMAT,
            "a device name that is not NVIDIA:chip:id");
    REQUIRE(bytes_equal(chip, bytes_str(l->chip)), ST_FORMAT, "two names of the chip");
    REQUIRE(id.n == GPU_SERIAL_LEN && is_plain(id), ST_FORMAT, "a device id of %zu characters",
            id.n);
    memcpy(l->serial, id.p, id.n);
    return OK;
}

/* FWID ::= SEQUENCE { hashAlg OID, digest OCTET STRING } */
static status read_fwid(struct bytes content, struct gpu_leaf *l)
{
    struct der_item oid, digest;
    struct rd r = rd_over(content);
    TRY(der_expect(&r, DER_OID, &oid));
    TRY(der_expect(&r, DER_OCTET_STRING, &digest));
    TRY(rd_end(&r));
    REQUIRE(der_oid_is(oid.content, OID_SHA384) && digest.content.n == GPU_FWID_LEN, ST_FORMAT,
            "a firmware id that is no SHA-384");
    REQUIRE(l->n_fwids < GPU_FWIDS_MAX, ST_LIMIT, "more than %d firmware ids", GPU_FWIDS_MAX);
    l->fwids[l->n_fwids++] = digest.content;
    return OK;
}

static status read_composite(struct bytes ext, struct gpu_leaf *l)
{
    struct der_item all, key, fwid;
    uint64_t version = 0;
    TRY(der_only(ext, DER_SEQUENCE, &all));
    struct rd r = rd_over(all.content);
    TRY(der_u64(&r, TCB_INFO_VERSION, &version));
    REQUIRE(version == TCB_INFO_VERSION, ST_FORMAT, "version %u", (unsigned)version);
    TRY(der_expect(&r, DER_SEQUENCE, &key));
    TRY(der_expect(&r, DER_SEQUENCE, &fwid));
    TRY(rd_end(&r));
    l->issuer_key = key.all;
    return read_fwid(fwid.content, l);
}

/* OperationalFlags is a BIT STRING whose first bit is bit 0. */
static status read_flags(struct bytes content, struct gpu_leaf *l)
{
    REQUIRE(content.n == FLAGS_LEN && content.p[0] == 0, ST_FORMAT, "flags of %zu bytes",
            content.n);
    l->has_flags = true;
    for (unsigned bit = 0; bit < 32; bit++) {
        uint8_t byte = content.p[1 + bit / 8];
        l->flags |= (uint32_t)(byte >> (7 - bit % 8) & 1u) << bit;
    }
    return OK;
}

static status read_fwids(struct bytes content, struct gpu_leaf *l)
{
    struct rd r = rd_over(content);
    while (rd_left(&r) > 0) {
        struct der_item fwid;
        TRY(der_expect(&r, DER_SEQUENCE, &fwid));
        TRY(read_fwid(fwid.content, l));
    }
    return rd_end(&r);
}

/* Fields in ascending order of their tags, each at most once; most are names for people. */
static status read_tcb_info(struct bytes ext, struct gpu_leaf *l)
{
    struct der_item all, item = {0};
    TRY(der_only(ext, DER_SEQUENCE, &all));
    struct rd r = rd_over(all.content);
    unsigned last = 0;
    while (rd_left(&r) > 0) {
        TRY(der_next(&r, &item));
        unsigned number = (item.tag & 0x1fu) + 1u;
        REQUIRE((item.tag & 0xc0u) == 0x80u && number > last, ST_FORMAT, "field 0x%02x", item.tag);
        last = number;
        if (item.tag == TAG_FWIDS)
            TRY(read_fwids(item.content, l));
        if (item.tag == TAG_FLAGS)
            TRY(read_flags(item.content, l));
    }
    REQUIRE(l->n_fwids > 0, ST_FORMAT, "no firmware id");
    return rd_end(&r);
}

static status read_dice(struct bytes der, struct gpu_leaf *l)
{
    struct bytes ext;
    status s = x509_extension(der, OID_TCB_INFO, &ext);
    if (ok(s))
        return status_context(read_composite(ext, l), "DICE extension");
    if (s.code != ST_NOTFOUND)
        return s;
    TRY(status_context(x509_extension(der, OID_TCB_INFO_2, &ext), "DICE extension"));
    return status_context(read_tcb_info(ext, l), "DiceTcbInfo");
}

status gpu_leaf_read(struct bytes der, struct gpu_leaf *out)
{
    struct gpu_leaf l = {0};
    TRY(status_context(read_chip(der, &l), "leaf certificate"));
    TRY(status_context(read_device(der, &l), "leaf certificate"));
    status s = read_dice(der, &l);
    /* "Absent" would read as if somebody had looked for a file. */
    REQUIRE(s.code != ST_NOTFOUND, ST_FORMAT, "leaf certificate: it names no firmware");
    TRY(status_context(s, "leaf certificate"));
    *out = l;
    return OK;
}
