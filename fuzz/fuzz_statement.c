/* Statements: what parses encodes back to the same bytes, and has a binding. */
#include <stdlib.h>

#include "tee/verify/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct statement s;
    uint8_t binding[STATEMENT_BINDING_LEN];
    struct buf back CLEANUP(buf_done) = BUF_MAX(4096);
    if (failed(statement_parse(in, &s)))
        return 0;
    if (failed(statement_encode(&s, &back)) || failed(statement_binding(&s, binding)))
        abort();
    if (!bytes_equal(buf_view(&back), in))
        abort();
    return 0;
}
