/* Bundles: what parses encodes back to the same bytes, and looks like a bundle. */
#include <stdlib.h>

#include "tee/verify/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct bundle b;
    struct buf back CLEANUP(buf_done) = BUF_MAX(2 * BUNDLE_MAX_BYTES);
    if (failed(bundle_parse(in, &b)))
        return 0;
    if (!bundle_is(in) || failed(bundle_encode(&b, &back)) || !bytes_equal(buf_view(&back), in))
        abort();
    return 0;
}
