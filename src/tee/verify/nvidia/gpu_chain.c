#include "tee/verify/nvidia/gpu_chain.h"

#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_root.h"

enum { CERTS_MIN = 3 };

status gpu_chain_root(const struct cert_list *certs)
{
    REQUIRE(certs->n > 0, ST_CERT, "no certificates");
    REQUIRE(bytes_equal(certs->der[certs->n - 1], gpu_root()), ST_CERT,
            "the last certificate is not the NVIDIA Device Identity CA");
    return OK;
}

/* One order and no other, so that the certificate behind the leaf is the one that issued it: names
 * here, and no certificate that the proof did without. */
static status check_order(const struct cert_list *certs)
{
    REQUIRE(certs->n >= CERTS_MIN && certs->n <= GPU_CERTS_MAX, ST_CERT,
            "%zu certificates, not %d to %d", certs->n, CERTS_MIN, GPU_CERTS_MAX);
    struct x509_fields lower = {0}, upper = {0};
    TRY(x509_read(certs->der[0], &lower));
    for (size_t i = 1; i < certs->n; i++) {
        TRY(x509_read(certs->der[i], &upper));
        REQUIRE(bytes_equal(lower.issuer, upper.subject), ST_CERT,
                "certificate %zu is not the issuer of the one before it", i);
        lower = upper;
    }
    return OK;
}

static struct x509_chain chain_of(const struct cert_list *certs, int64_t at_unix_s)
{
    return (struct x509_chain){
        .root = gpu_root(),
        .intermediates = certs->der + 1,
        .n_intermediates = certs->n - 2,
        .leaf = certs->der[0],
        .at_unix_s = at_unix_s,
    };
}

static status prove(const struct cert_list *certs, int64_t at_unix_s, struct evidence_chain *out)
{
    struct x509_chain chain = chain_of(certs, at_unix_s);
    struct x509_verified proven = {0};
    TRY(x509_verify_chain(&chain, &proven));
    REQUIRE(proven.n_certs == certs->n, ST_CERT, "%zu certificates, of which the chain has %zu",
            certs->n, proven.n_certs);
    *out = (struct evidence_chain){
        .not_before_unix_s = proven.not_before_unix_s,
        .not_after_unix_s = proven.not_after_unix_s,
        .spki_at = (size_t)(proven.leaf_spki.p - certs->der[0].p),
        .spki_n = proven.leaf_spki.n,
    };
    return OK;
}

status gpu_chain_verify(const struct cert_list *certs, int64_t at_unix_s,
                        struct evidence_cache *cache, struct gpu_chain_proof *out)
{
    uint8_t key[SHA256_LEN];
    struct evidence_chain c = {0};
    TRY(gpu_chain_root(certs));
    TRY(check_order(certs));
    TRY(evidence_cache_key("gpu chain", certs->der, certs->n, key));
    bool is_known = evidence_cache_find(cache, key, &c);
    if (!is_known) {
        TRY(prove(certs, at_unix_s, &c));
        evidence_cache_keep(cache, key, &c);
    }
    REQUIRE(at_unix_s >= c.not_before_unix_s && at_unix_s <= c.not_after_unix_s, ST_EXPIRED,
            "a certificate is not valid at this time");
    *out = (struct gpu_chain_proof){
        .leaf_spki = bytes_of(certs->der[0].p + c.spki_at, c.spki_n),
        .not_before_unix_s = c.not_before_unix_s,
        .not_after_unix_s = c.not_after_unix_s,
        .is_known = is_known,
    };
    return OK;
}

status gpu_chain_revocation(const struct cert_list *certs, int64_t at_unix_s,
                            const struct bytes *crls, size_t n_crls, size_t *out_n_named)
{
    struct x509_chain chain = chain_of(certs, at_unix_s);
    struct x509_verified proven = {0};
    struct x509_crls fitting;
    *out_n_named = 0;
    TRY(x509_crls_of(&chain, crls, n_crls, &fitting));
    if (fitting.n == 0)
        return OK;
    chain.crls = fitting.v;
    chain.n_crls = fitting.n;
    chain.is_crl_where_named = true;
    TRY(x509_verify_chain(&chain, &proven));
    *out_n_named = proven.n_crl_named;
    return OK;
}
