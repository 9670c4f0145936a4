#include "tee/verify/dcap/dcap_proof.h"

#include <stdio.h>

#include "crypto/ecdsa.h"

/* ---- chains ---- */

static status narrow(struct evidence_chain *c, struct bytes der)
{
    int64_t from, to;
    TRY(x509_validity(der, &from, &to));
    c->not_before_unix_s = from > c->not_before_unix_s ? from : c->not_before_unix_s;
    c->not_after_unix_s = to < c->not_after_unix_s ? to : c->not_after_unix_s;
    return OK;
}

/* The validity of a chain that does not hold, to tell a wrong clock from a wrong chain. */
static status read_validity(const struct bytes *certs, size_t n, struct evidence_chain *out)
{
    struct evidence_chain c = {.not_before_unix_s = INT64_MIN, .not_after_unix_s = INT64_MAX};
    for (size_t i = 0; i < n; i++)
        TRY(narrow(&c, certs[i]));
    *out = c;
    return OK;
}

static status prove(const struct bytes *certs, size_t n, int64_t at_unix_s, struct dcap_proof *p)
{
    struct x509_verified held;
    struct x509_chain chain = {
        .root = certs[n - 1],
        .intermediates = certs + 1,
        .n_intermediates = n - 2,
        .leaf = certs[0],
        .at_unix_s = at_unix_s,
    };
    TRY(x509_verify_chain(&chain, &held));
    REQUIRE(held.n_certs == n, ST_CERT, "%zu certificates, of which the chain has %zu", n,
            held.n_certs);
    p->leaf_spki = held.leaf_spki;
    p->chain = (struct evidence_chain){
        .not_before_unix_s = held.not_before_unix_s,
        .not_after_unix_s = held.not_after_unix_s,
        .spki_at = (size_t)(held.leaf_spki.p - certs[0].p),
        .spki_n = held.leaf_spki.n,
    };
    return OK;
}

static status find_or_prove(const struct bytes *certs, size_t n, int64_t at_unix_s,
                            struct evidence_cache *cache, struct dcap_proof *p)
{
    uint8_t key[SHA256_LEN];
    TRY(evidence_cache_key("dcap chain", certs, n, key));
    p->was_known = evidence_cache_find(cache, key, &p->chain);
    if (p->was_known) {
        p->leaf_spki = bytes_of(certs[0].p + p->chain.spki_at, p->chain.spki_n);
        return OK;
    }
    TRY(prove(certs, n, at_unix_s, p));
    evidence_cache_keep(cache, key, &p->chain);
    return OK;
}

void dcap_proof_chain(const struct bytes *certs, size_t n, int64_t at_unix_s,
                      struct evidence_cache *cache, struct dcap_proof *out)
{
    *out = (struct dcap_proof){0};
    out->is_proven = ok(find_or_prove(certs, n, at_unix_s, cache, out));
    out->has_validity = out->is_proven;
    if (out->is_proven)
        return;
    (void)snprintf(out->trouble, sizeof(out->trouble), "%s", status_detail());
    out->has_validity = ok(read_validity(certs, n, &out->chain));
}

/* ---- CRLs and signatures ---- */

status dcap_proof_crl(struct bytes crl, struct bytes issuer_der, int64_t at_unix_s,
                      struct evidence_cache *cache, struct x509_crl *out)
{
    struct bytes parts[] = {issuer_der, crl};
    struct evidence_chain known = {0};
    uint8_t key[SHA256_LEN];
    TRY(evidence_cache_key("dcap crl", parts, 2, key));
    bool is_current = evidence_cache_find(cache, key, &known) &&
                      at_unix_s >= known.not_before_unix_s && at_unix_s <= known.not_after_unix_s;
    if (is_current)
        return x509_read_crl(crl, out);
    TRY(x509_verify_crl(crl, issuer_der, at_unix_s, out));
    known = (struct evidence_chain){
        .not_before_unix_s = out->this_update_unix_s,
        .not_after_unix_s = out->next_update_unix_s,
    };
    evidence_cache_keep(cache, key, &known);
    return OK;
}

status dcap_proof_signature(struct bytes spki, struct bytes text, struct bytes sig,
                            struct evidence_cache *cache)
{
    struct bytes parts[] = {spki, text, sig};
    struct evidence_chain known = {0};
    uint8_t key[SHA256_LEN];
    TRY(evidence_cache_key("dcap signature", parts, 3, key));
    if (evidence_cache_find(cache, key, &known))
        return OK;
    TRY(ecdsa_verify_spki(ECDSA_ES256, spki, text, sig));
    evidence_cache_keep(cache, key, &known);
    return OK;
}
