/* The GHCB's certificate table: every entry lies inside, behind the head, and apart from the
 * others. */
#include <stdlib.h>

#include "tee/verify/snp/snp_cert_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_apart(struct bytes a, struct bytes b)
{
    return a.p == NULL || b.p == NULL || a.p + a.n <= b.p || b.p + b.n <= a.p;
}

static void check_entry(const struct snp_cert_table *t, unsigned i, struct bytes in)
{
    struct bytes e = t->entry[i];
    if (e.p == NULL)
        return;
    if (e.n == 0 || e.p < in.p + 48 || e.p + e.n > in.p + in.n)
        abort();
    for (unsigned k = 0; k < i; k++) {
        if (!is_apart(e, t->entry[k]))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct snp_cert_table t;
    if (failed(snp_cert_table_read(in, &t)))
        return 0;
    for (unsigned i = 0; i < SNP_ENTRIES; i++)
        check_entry(&t, i, in);
    return 0;
}
