/* snp_certs - sorts what came beside a report: the certificate of the key that signed it, those
 * that may have issued it, and CRLs.
 *
 * Untrusted: all of it; sorting goes by names and proves nothing.
 */
#ifndef TEE_VERIFY_SNP_CERTS_H
#define TEE_VERIFY_SNP_CERTS_H

#include "formats/cert_list.h"
#include "tee/verify/snp/snp.h"
#include "tee/verify/snp/snp_cert_table.h"
#include "tee/verify/snp/snp_report.h"

enum { SNP_LEAVES_MAX = 2 };

struct snp_certs {
    struct cert_list lists[SNP_ENTRIES];
    size_t n_lists;
    struct bytes leaves[SNP_LEAVES_MAX]; /* at most one of each kind */
    enum snp_signing_key kinds[SNP_LEAVES_MAX];
    size_t n_leaves;
    struct bytes others[CERT_LIST_ITEMS_MAX]; /* ASK, ASVK, ARK, and what else was given */
    size_t n_others;
    struct bytes crl; /* from a table; .p NULL when absent */
};

/* PEM or DER certificates one after another, or the GHCB's table. Views borrow from in and from
 * out, which is done with snp_certs_done() also after a failure. ST_FORMAT, ST_TRUNCATED, ST_LIMIT;
 * two leaves of one kind are ST_FORMAT. */
NODISCARD status snp_certs_read(struct bytes in, struct snp_certs *out);
void snp_certs_done(struct snp_certs *c);

/* The leaf of this kind, or the only one; .p NULL when there is none. */
struct bytes snp_certs_leaf(const struct snp_certs *c, uint8_t kind);

#endif
