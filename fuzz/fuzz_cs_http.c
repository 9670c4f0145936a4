/* Any bytes as an HTTP response: bounded, and what is cut off at its end is no response. */
#include <stdlib.h>

#include "tee/cs_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cs_http whole = {0};
    struct cs_http cut = {0};
    if (ok(cs_http_parse(bytes_of(data, n), &whole))) {
        if (whole.status < 200 || whole.status > 599 || whole.body.n > CS_HTTP_BODY_MAX ||
            ok(cs_http_parse(bytes_of(data, n - 1), &cut)))
            abort();
        cs_http_done(&cut);
    }
    cs_http_done(&whole);
    return 0;
}
