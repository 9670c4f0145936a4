/* Four parts, each with its length in two bytes before it: root, intermediate, leaf, CRL. The
 * parsers of each, and the chain at two times. What verifies gives a view inside the leaf. */
#include "crypto/x509.h"

#include <stdlib.h>

static struct bytes part(struct rd *r)
{
    size_t n = rd_u16be(r);
    return rd_take(r, n);
}

static void check_chain(const struct x509_chain *chain)
{
    struct x509_verified v;
    if (failed(x509_verify_chain(chain, &v)))
        return;
    struct bytes leaf = chain->leaf, spki;
    if (v.leaf_spki.p < leaf.p || v.leaf_spki.p + v.leaf_spki.n > leaf.p + leaf.n ||
        v.not_after_unix_s < chain->at_unix_s || failed(x509_spki(leaf, &spki)) ||
        !bytes_equal(spki, v.leaf_spki))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rd r = rd_over(bytes_of(data, n));
    struct bytes root = part(&r), between = part(&r), leaf = part(&r), crl = part(&r), spki;
    int64_t from, to;
    (void)ok(x509_spki(leaf, &spki));
    (void)ok(x509_validity(between, &from, &to));
    struct x509_chain chain = {.root = root,
                               .intermediates = &between,
                               .n_intermediates = between.n > 0,
                               .leaf = leaf,
                               .crls = &crl,
                               .n_crls = crl.n > 0,
                               .is_crl_where_named = n % 2 == 1,
                               .at_unix_s = 1700000000};
    check_chain(&chain);
    return 0;
}
