/* Both service messages: whatever parses must encode back to the same bytes. */
#include "serve/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct buf *again, struct bytes in)
{
    if (again->error != ST_OK || !bytes_equal(buf_view(again), in))
        abort();
    buf_done(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bytes texts[MESSAGE_TEXTS_MAX];
    struct bytes in = bytes_of(data, size);
    struct embed_request req;
    struct embed_response res;
    struct buf again = BUF_MAX(16 << 20);
    if (ok(embed_request_parse(in, texts, &req))) {
        embed_request_encode(&req, &again);
        check_same(&again, in);
    }
    if (ok(embed_response_parse(in, 2, &res))) {
        if (res.is_refusal)
            refusal_encode(res.refusal, &again);
        else
            embed_response_encode(&res, &again);
        check_same(&again, in);
    }
    return 0;
}
