#include "tee/verify/dcap/pck.h"

#include "crypto/der.h"
#include "crypto/x509.h"

/* 1.2.840.113741.1.13.1 */
static const uint8_t PREFIX[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum {
    FIELD_PPID = 1,
    FIELD_TCB = 2,
    FIELD_PCEID = 3,
    FIELD_FMSPC = 4,
    FIELD_TYPE = 5,
    FIELD_INSTANCE = 6,
    FIELD_CONFIGURATION = 7,
    FIELDS_REQUIRED = 0x3e, /* bits 1 to 5 */
    TCB = 2,                /* the arc of the fields inside the TCB */
    TCB_PCESVN = 17,
    TCB_CPUSVN = 18,
    TCB_REQUIRED = 0x7fffe, /* bits 1 to 18 */
    CONFIGURATION = 7,
    CONFIGURATION_LAST = 3,
};

/* One SEQUENCE { OID PREFIX.arc.n, value }; arc 0: PREFIX.n. `seen` has bit n of what came. */
static status next_field(struct rd *r, uint8_t arc, unsigned last, uint32_t *seen, unsigned *out_n,
                         struct rd *out_value)
{
    struct der_item field, oid;
    TRY(der_expect(r, DER_SEQUENCE, &field));
    *out_value = rd_over(field.content);
    TRY(der_expect(out_value, DER_OID, &oid));
    size_t n_arcs = arc ? 2 : 1;
    REQUIRE(oid.content.n == sizeof(PREFIX) + n_arcs &&
                memcmp(oid.content.p, PREFIX, sizeof(PREFIX)) == 0 &&
                (arc == 0 || oid.content.p[sizeof(PREFIX)] == arc),
            ST_FORMAT, "PCK extension: an OID that does not belong there");
    unsigned n = oid.content.p[oid.content.n - 1];
    REQUIRE(n >= 1 && n <= last, ST_FORMAT, "PCK extension: unknown field %u", n);
    REQUIRE((*seen >> n & 1u) == 0, ST_FORMAT, "PCK extension: field %u is there twice", n);
    *seen |= (uint32_t)1 << n;
    *out_n = n;
    return OK;
}

static status octets(struct rd *r, size_t n, struct bytes *out)
{
    struct der_item item;
    TRY(der_expect(r, DER_OCTET_STRING, &item));
    REQUIRE(item.content.n == n, ST_FORMAT, "PCK extension: %zu bytes where %zu must stand",
            item.content.n, n);
    *out = item.content;
    return OK;
}

static status read_tcb_field(struct rd *r, unsigned n, struct pck *p)
{
    uint64_t v = 0;
    if (n == TCB_CPUSVN)
        return octets(r, PCK_COMPONENTS, &p->cpusvn);
    TRY(der_u64(r, n == TCB_PCESVN ? UINT16_MAX : UINT8_MAX, &v));
    if (n == TCB_PCESVN)
        p->pcesvn = (uint16_t)v;
    else
        p->svn[n - 1] = (uint8_t)v;
    return OK;
}

static status read_tcb(struct rd *outer, struct pck *p)
{
    struct der_item item;
    uint32_t seen = 0;
    TRY(der_expect(outer, DER_SEQUENCE, &item));
    struct rd r = rd_over(item.content);
    while (rd_left(&r) > 0) {
        unsigned n;
        struct rd value;
        TRY(next_field(&r, TCB, TCB_CPUSVN, &seen, &n, &value));
        TRY(read_tcb_field(&value, n, p));
        TRY(rd_end(&value));
    }
    REQUIRE(seen == TCB_REQUIRED, ST_FORMAT, "PCK extension: an SVN of the TCB is missing");
    return OK;
}

/* Nothing is decided by it, but its form is checked. */
static status read_configuration(struct rd *outer)
{
    struct der_item item, flag;
    uint32_t seen = 0;
    TRY(der_expect(outer, DER_SEQUENCE, &item));
    struct rd r = rd_over(item.content);
    while (rd_left(&r) > 0) {
        unsigned n;
        struct rd value;
        TRY(next_field(&r, CONFIGURATION, CONFIGURATION_LAST, &seen, &n, &value));
        TRY(der_expect(&value, DER_BOOLEAN, &flag));
        TRY(rd_end(&value));
    }
    return OK;
}

static status read_type(struct rd *r, struct pck *p)
{
    struct der_item item;
    TRY(der_expect(r, DER_ENUMERATED, &item));
    REQUIRE(item.content.n == 1 && item.content.p[0] <= 2, ST_FORMAT,
            "PCK extension: an unknown SGX type");
    p->sgx_type = item.content.p[0];
    return OK;
}

static status read_field(struct rd *r, unsigned n, struct pck *p)
{
    switch (n) {
    case FIELD_PPID:
        return octets(r, PCK_PPID_LEN, &p->ppid);
    case FIELD_TCB:
        return read_tcb(r, p);
    case FIELD_PCEID:
        return octets(r, PCK_PCEID_LEN, &p->pceid);
    case FIELD_FMSPC:
        return octets(r, PCK_FMSPC_LEN, &p->fmspc);
    case FIELD_TYPE:
        return read_type(r, p);
    case FIELD_INSTANCE:
        return octets(r, 16, &p->platform_instance_id);
    default:
        return read_configuration(r);
    }
}

status pck_parse(struct bytes extension, struct pck *out)
{
    struct pck p = {0};
    struct der_item item;
    uint32_t seen = 0;
    struct rd whole = rd_over(extension);
    TRY(der_expect(&whole, DER_SEQUENCE, &item));
    TRY(rd_end(&whole));
    struct rd r = rd_over(item.content);
    while (rd_left(&r) > 0) {
        unsigned n;
        struct rd value;
        TRY(next_field(&r, 0, FIELD_CONFIGURATION, &seen, &n, &value));
        TRY(read_field(&value, n, &p));
        TRY(rd_end(&value));
    }
    REQUIRE((seen & FIELDS_REQUIRED) == FIELDS_REQUIRED, ST_FORMAT,
            "PCK extension: a required field is missing");
    *out = p;
    return OK;
}

status pck_read(struct bytes certificate_der, struct pck *out)
{
    struct bytes extension;
    TRY(x509_extension(certificate_der, PCK_EXTENSION_OID, &extension));
    return pck_parse(extension, out);
}
