#include "tee/verify/snp/snp_cert_table.h"

enum { GUID_LEN = 16, ENTRY_LEN = 24 };

/* As the specification writes them, most significant byte of each field first. */
static const uint8_t GUIDS[SNP_ENTRIES][GUID_LEN] = {
    [SNP_ENTRY_ARK] = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01,
                       0x4c, 0xd0, 0xae},
    [SNP_ENTRY_ASK] = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3,
                       0x27, 0xc7, 0x82},
    [SNP_ENTRY_VCEK] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9,
                        0x3b, 0xe8, 0xac, 0xcd},
    [SNP_ENTRY_VLEK] = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0,
                        0x45, 0xa0, 0xb8, 0xa1},
    [SNP_ENTRY_CRL] = {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88,
                       0xdc, 0x67, 0xea},
};

/* Byte i of the little-endian form stands at this place of the other. */
static const uint8_t SWAPPED[GUID_LEN] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

struct entry {
    struct bytes guid;
    size_t offset, length;
};

static bool is_guid(struct bytes got, const uint8_t guid[static GUID_LEN])
{
    uint8_t swapped[GUID_LEN];
    for (size_t i = 0; i < GUID_LEN; i++)
        swapped[i] = guid[SWAPPED[i]];
    return memcmp(got.p, guid, GUID_LEN) == 0 || memcmp(got.p, swapped, GUID_LEN) == 0;
}

static unsigned kind_of(struct bytes guid)
{
    unsigned i = 0;
    while (i < SNP_ENTRIES && !is_guid(guid, GUIDS[i]))
        i++;
    return i;
}

/* Counts the entries before the one of zeroes. */
static status read_head(struct bytes in, struct entry *out, size_t *out_n)
{
    struct rd r = rd_over(in);
    for (size_t n = 0; n <= SNP_TABLE_ENTRIES_MAX; n++) {
        struct entry e = {.guid = rd_take(&r, GUID_LEN)};
        e.offset = rd_u32le(&r);
        e.length = rd_u32le(&r);
        REQUIRE(!r.short_read, ST_TRUNCATED, "certificate table: no last entry");
        if (bytes_all_zero(e.guid)) {
            REQUIRE(e.offset == 0 && e.length == 0, ST_FORMAT,
                    "certificate table: the last entry is not zero");
            *out_n = n;
            return OK;
        }
        if (n < SNP_TABLE_ENTRIES_MAX)
            out[n] = e;
    }
    return FAIL(ST_LIMIT, "certificate table: more than %d entries", SNP_TABLE_ENTRIES_MAX);
}

static status check_span(const struct entry *e, size_t i, size_t head, size_t n)
{
    REQUIRE(e->offset >= head && e->offset <= n && e->length <= n - e->offset, ST_FORMAT,
            "certificate table: entry %zu lies outside", i);
    REQUIRE(e->length > 0, ST_FORMAT, "certificate table: entry %zu is empty", i);
    return OK;
}

static status check_apart(const struct entry *v, size_t i)
{
    for (size_t k = 0; k < i; k++)
        REQUIRE(v[i].offset + v[i].length <= v[k].offset ||
                    v[k].offset + v[k].length <= v[i].offset,
                ST_FORMAT, "certificate table: entries %zu and %zu overlap", k, i);
    return OK;
}

bool snp_cert_table_is(struct bytes in)
{
    return in.n > 0 && in.p[0] != 0x30 && in.p[0] != '-' && in.p[0] != ' ' && in.p[0] != '\n' &&
           in.p[0] != '\r' && in.p[0] != '\t';
}

status snp_cert_table_read(struct bytes in, struct snp_cert_table *out)
{
    struct entry v[SNP_TABLE_ENTRIES_MAX];
    struct snp_cert_table t = {0};
    size_t n = 0;
    REQUIRE(in.n <= SNP_TABLE_MAX_BYTES, ST_LIMIT, "certificate table of %zu bytes", in.n);
    TRY(read_head(in, v, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(check_span(&v[i], i, (n + 1) * ENTRY_LEN, in.n));
        TRY(check_apart(v, i));
        unsigned kind = kind_of(v[i].guid);
        if (kind == SNP_ENTRIES)
            continue;
        REQUIRE(t.entry[kind].p == NULL, ST_FORMAT, "certificate table: entry %zu is there twice",
                i);
        t.entry[kind] = bytes_of(in.p + v[i].offset, v[i].length);
    }
    *out = t;
    return OK;
}
