#include "tee/verify/snp/snp_certs.h"

#include "tee/verify/snp/snp_cert.h"

static status add_leaf(struct snp_certs *c, struct bytes der, enum snp_signing_key kind)
{
    for (size_t i = 0; i < c->n_leaves; i++)
        REQUIRE(c->kinds[i] != kind, ST_FORMAT, "two %s certificates",
                kind == SNP_KEY_VLEK ? "VLEK" : "VCEK");
    c->kinds[c->n_leaves] = kind;
    c->leaves[c->n_leaves++] = der;
    return OK;
}

static status add_list(struct snp_certs *c, struct bytes in)
{
    struct cert_list *list = &c->lists[c->n_lists++];
    TRY(cert_list_read(in, list));
    for (size_t i = 0; i < list->n; i++) {
        enum snp_signing_key kind;
        if (snp_cert_is_leaf(list->der[i], &kind)) {
            TRY(add_leaf(c, list->der[i], kind));
            continue;
        }
        REQUIRE(c->n_others < CERT_LIST_ITEMS_MAX, ST_LIMIT, "too many certificates");
        c->others[c->n_others++] = list->der[i];
    }
    return OK;
}

static status add_table(struct snp_certs *c, struct bytes in)
{
    struct snp_cert_table t;
    TRY(snp_cert_table_read(in, &t));
    for (unsigned i = 0; i < SNP_ENTRY_CRL; i++) {
        if (t.entry[i].p != NULL)
            TRY(add_list(c, t.entry[i]));
    }
    c->crl = t.entry[SNP_ENTRY_CRL];
    return OK;
}

status snp_certs_read(struct bytes in, struct snp_certs *out)
{
    *out = (struct snp_certs){0};
    return snp_cert_table_is(in) ? add_table(out, in) : add_list(out, in);
}

void snp_certs_done(struct snp_certs *c)
{
    for (size_t i = 0; i < c->n_lists; i++)
        cert_list_done(&c->lists[i]);
    *c = (struct snp_certs){0};
}

struct bytes snp_certs_leaf(const struct snp_certs *c, uint8_t kind)
{
    for (size_t i = 0; i < c->n_leaves; i++) {
        if (c->kinds[i] == kind)
            return c->leaves[i];
    }
    return c->n_leaves == 1 ? c->leaves[0] : (struct bytes){0};
}
