/* An execution record. What parses must encode to the same bytes: one form for one meaning. */
#include <stdlib.h>

#include "receipt/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record_text texts[1024];
    struct record r;
    struct buf again = BUF_MAX(1 << 20);
    if (failed(record_parse(bytes_of(data, size), texts, 1024, &r)))
        return 0;
    if (failed(record_encode(&r, &again)) || !bytes_equal(buf_view(&again), bytes_of(data, size)))
        abort();
    buf_done(&again);
    return 0;
}
