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

/* Views lie inside what they were read from. */
static void check_inside(struct bytes view, struct bytes der)
{
    if (view.n > 0 && (view.p < der.p || view.p + view.n > der.p + der.n))
        abort();
}

static void read_fields(struct bytes der)
{
    struct x509_fields f;
    struct bytes value = {0};
    bool has = false;
    if (failed(x509_read(der, &f)))
        return;
    check_inside(f.serial, der);
    check_inside(f.issuer, der);
    check_inside(f.spki, der);
    check_inside(f.extensions, der);
    if (ok(x509_extension(der, "2.5.29.15", &value)) || ok(x509_subject_cn(der, &value)))
        check_inside(value, der);
    (void)ok(x509_has_eku(der, "1.3.6.1.5.5.7.3.1", &has));
}

static void read_crl(struct bytes der, struct bytes issuer)
{
    struct x509_crl c, proven;
    bool is_listed = false;
    if (failed(x509_read_crl(der, &c)))
        return;
    check_inside(c.issuer, der);
    check_inside(c.revoked, der);
    check_inside(c.number, der);
    (void)ok(x509_crl_lists(&c, BYTES_LIT("\x05"), &is_listed));
    if (ok(x509_verify_crl(der, issuer, 1700000000, &proven)) &&
        (proven.this_update_unix_s > 1700000000 || proven.next_update_unix_s < 1700000000))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rd r = rd_over(bytes_of(data, n));
    struct bytes root = part(&r), between = part(&r), leaf = part(&r), crl = part(&r), spki;
    int64_t from, to;
    read_fields(leaf);
    read_crl(crl, root);
    (void)ok(x509_spki(leaf, &spki));
    (void)ok(x509_validity(between, &from, &to));
    struct x509_chain chain = {.root = root,
                               .intermediates = &between,
                               .n_intermediates = between.n > 0,
                               .leaf = leaf,
                               .crls = &crl,
                               .n_crls = crl.n > 0,
                               .is_crl_where_named = n % 2 == 1,
                               .is_zero_serial_allowed = n % 4 < 2,
                               .at_unix_s = 1700000000};
    check_chain(&chain);
    return 0;
}
