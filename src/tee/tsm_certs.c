#include "tee/tsm.h"

/* The table: entries of 24 bytes {guid[16], u32 offset, u32 length}, ended by one of zeroes, then
 * the certificates; offsets are from the table's start. Little-endian, as in the GHCB page. */
enum { GUID_LEN = 16, ROW_LEN = 24, ROWS_MAX = 16 };

/* In the order in which a chain is read. Bytes as they lie in memory: the first three fields of a
 * GUID are little-endian. */
static const uint8_t WANTED[][GUID_LEN] = {
    /* VCEK 63da758d-e664-4564-adc5-f4b93be8accd */
    {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
     0xcd},
    /* VLEK a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
    {0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
     0xa1},
    /* ASK or ASVK 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
    {0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
     0x82},
    /* ARK c0b406a4-a803-4952-9743-3fb6014cd0ae */
    {0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
     0xae},
};

enum { N_WANTED = sizeof(WANTED) / sizeof(WANTED[0]) };

static bool is_end(struct bytes guid)
{
    static const uint8_t ZERO[GUID_LEN];
    return bytes_equal(guid, BYTES_OF(ZERO));
}

static status read_row(struct rd *r, struct bytes table, struct bytes found[static N_WANTED])
{
    struct bytes guid = rd_take(r, GUID_LEN);
    uint32_t at = rd_u32le(r);
    uint32_t n = rd_u32le(r);
    REQUIRE(!r->short_read, ST_TRUNCATED, "certificate table: no end");
    if (is_end(guid))
        return OK;
    REQUIRE(at <= table.n && n <= table.n - at && n > 0, ST_FORMAT,
            "certificate table: an entry outside the table");
    for (size_t i = 0; i < N_WANTED; i++) {
        if (!bytes_equal(guid, BYTES_OF(WANTED[i])))
            continue;
        REQUIRE(found[i].p == NULL, ST_FORMAT, "certificate table: an entry twice");
        found[i] = bytes_of(table.p + at, n);
    }
    return OK;
}

static status read_rows(struct bytes table, struct bytes found[static N_WANTED])
{
    struct rd r = rd_over(table);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        size_t at = r.at;
        TRY(read_row(&r, table, found));
        if (is_end(bytes_of(table.p + at, GUID_LEN)))
            return OK;
    }
    return FAIL(ST_LIMIT, "certificate table: more than %d entries", ROWS_MAX);
}

status tsm_certs_read(struct bytes table, struct buf *out_der)
{
    struct bytes found[N_WANTED] = {0};
    if (table.n == 0)
        return OK; /* the host gave none */
    TRY(read_rows(table, found));
    for (size_t i = 0; i < N_WANTED; i++)
        buf_put(out_der, found[i]);
    return buf_status(out_der);
}
