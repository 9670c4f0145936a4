/* Any bytes, both modes. What the strict reader accepts is read by types and written again: the
 * same bytes must come out, since one encoding stands for each value. What it accepts, the lenient
 * one accepts too, but for its bound on maps. */
#include "formats/cbor.h"

#include <stdlib.h>

static void copy_item(struct cbor_rd *r, struct buf *out);

static void copy_container(struct cbor_rd *r, struct buf *out)
{
    bool is_map = cbor_peek(r) == CBOR_MAP;
    struct cbor_iter it = is_map ? cbor_map(r) : cbor_array(r);
    if (is_map)
        cbor_put_map(out, it.left);
    else
        cbor_put_array(out, it.left);
    while (cbor_next(r, &it)) {
        copy_item(r, out);
        if (is_map)
            copy_item(r, out);
    }
}

static void copy_integer(struct cbor_rd *r, struct buf *out)
{
    struct cbor_rd probe = *r;
    int64_t v = cbor_int(&probe);
    if (probe.error == ST_OK) {
        *r = probe;
        cbor_put_int(out, v);
    } else {
        buf_put(out, cbor_item(r)); /* outside 64 bits with sign */
    }
}

static void copy_item(struct cbor_rd *r, struct buf *out)
{
    switch (cbor_peek(r)) {
    case CBOR_UINT:
        cbor_put_uint(out, cbor_uint(r));
        break;
    case CBOR_NINT:
        copy_integer(r, out);
        break;
    case CBOR_BYTES:
        cbor_put_bytes(out, cbor_bytes(r));
        break;
    case CBOR_TEXT:
        cbor_put_text(out, cbor_text(r));
        break;
    case CBOR_ARRAY:
    case CBOR_MAP:
        copy_container(r, out);
        break;
    case CBOR_TAG:
        cbor_put_tag(out, cbor_tag(r));
        copy_item(r, out);
        break;
    case CBOR_BOOL:
        cbor_put_bool(out, cbor_bool(r));
        break;
    case CBOR_NULL:
        cbor_null(r);
        cbor_put_null(out);
        break;
    case CBOR_END:
        abort();
    }
}

static status whole(struct bytes in, enum cbor_mode mode)
{
    struct cbor_rd r = cbor_rd_over(in, mode);
    struct bytes item = cbor_item(&r);
    if (ok(cbor_status(&r)) && (item.p != in.p || item.n != r.at || item.n == 0))
        abort();
    return cbor_end(&r);
}

static void check_written_again(struct bytes in)
{
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct buf out = BUF_MAX(in.n);
    copy_item(&r, &out);
    if (failed(cbor_end(&r)) || failed(buf_status(&out)) || !bytes_equal(buf_view(&out), in))
        abort();
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = {data, n};
    status strict = whole(in, CBOR_DETERMINISTIC);
    status lenient = whole(in, CBOR_LENIENT);
    if (failed(strict))
        return 0;
    if (failed(lenient) && lenient.code != ST_LIMIT)
        abort();
    check_written_again(in);
    return 0;
}
