/* SGX and TDX quotes: any bytes, through the readers and through the whole verifier. Nothing that
 * libFuzzer makes up may be accepted, and every check has its row each time, but for a broken
 * bundle, which has one. */
#include <stdlib.h>

#include "tee/verify/bundle.h"
#include "tee/verify/dcap/dcap.h"
#include "tee/verify/dcap/quote.h"
#include "tee/verify/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct bytes in, const struct evidence_kind *kind)
{
    static struct evidence_claimed claimed;
    struct checks checks = {0};
    struct evidence_verified verified;
    struct evidence_expect expect = {.at_unix_s = 1750809600};
    if (ok(evidence_verify(in, kind->type, NULL, &expect, &checks, &claimed, &verified)))
        abort();
    if (checks.n != kind->n_checks && !bundle_is(in))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct quote q;
    struct quote_certification c;
    if (ok(quote_parse(in, &q))) {
        if (quote_report_data(&q).n != QUOTE_REPORT_DATA_LEN || q.n_trailing > size)
            abort();
        if (ok(quote_read_certification(&q, &c)) && c.data.n == 0)
            abort();
    }
    judge(in, &dcap_tdx_kind);
    judge(in, &dcap_sgx_kind);
    return 0;
}
