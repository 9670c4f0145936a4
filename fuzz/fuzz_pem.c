/* Any text: every block that is read, written again, gives the same bytes. */
#include "formats/pem.h"

#include <stdlib.h>

static void check_round_trip(struct bytes der)
{
    struct buf text = BUF_MAX(2 * der.n + 256);
    struct buf again = BUF_MAX(der.n);
    pem_put(&text, "CERTIFICATE", der);
    struct bytes rest = buf_view(&text);
    if (failed(buf_status(&text)) || failed(pem_next(&rest, "CERTIFICATE", &again)) ||
        !bytes_equal(buf_view(&again), der) || rest.n != 0)
        abort();
    buf_done(&text);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes rest = {data, n};
    struct buf der = BUF_MAX(1 << 16);
    while (ok(pem_next(&rest, "CERTIFICATE", &der))) {
        if (der.n > 0)
            check_round_trip(buf_view(&der));
        buf_clear(&der);
    }
    buf_done(&der);
    return 0;
}
