/* Responses of the NSM: any bytes as the answer to every request. */
#include <stdlib.h>

#include "tee/nsm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static status answer(void *ctx, struct bytes request, struct buf *out_response)
{
    const struct bytes *response = ctx;
    (void)request;
    buf_put(out_response, *response);
    return buf_status(out_response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes response = bytes_of(data, size);
    struct nsm n = {.request = answer, .ctx = &response};
    struct buf document CLEANUP(buf_done) = BUF_MAX(NSM_RESPONSE_MAX);
    struct nsm_pcr pcr;
    struct nsm_description description;
    uint8_t random[NSM_RANDOM_MAX];
    size_t got = 0;
    if (ok(nsm_attest(&n, &(struct nsm_attestation){0}, &document)) && document.n == 0)
        abort();
    if (ok(nsm_random(&n, random, sizeof(random), &got)) && (got == 0 || got > sizeof(random)))
        abort();
    if (ok(nsm_describe_pcr(&n, 0, &pcr)) && ok(nsm_describe(&n, &description)))
        abort(); /* one answer is never both */
    return 0;
}
