#include "tee/verify/evidence_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"

static void reach(struct evidence_job *j, enum evidence_need stage)
{
    j->reached = stage;
}

void evidence_check_document(struct evidence_job *j)
{
    status s = nitro_parse(j->evidence, &j->document);
    if (ok(s) && (!j->document.cose.has_alg || j->document.cose.alg != COSE_ALG_ES384)) {
        evidence_fail(j, "NITRO_ALG_NOT_ALLOWED", "the signature algorithm is not ES384");
        return;
    }
    if (failed(s)) {
        j->checks->is_unsupported |= s.code == ST_UNSUPPORTED;
        j->checks->is_malformed |= s.code != ST_UNSUPPORTED;
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_pass(j, "an attestation document of %.*s, %zu bytes",
                  (int)j->document.claims_.module_id.n,
                  (const char *)j->document.claims_.module_id.p, j->evidence.n);
    reach(j, NEEDS_PARSED);
}

/* The document's first certificate must be the pinned root itself. It is never the anchor because
 * it says so: for Nitro the anchor is the embedded one, and for the simulated platform the policy
 * holds its digest. */
static void check_nitro_root(struct evidence_job *j)
{
    if (!bytes_equal(j->document.cabundle[0], nitro_root())) {
        evidence_fail(j, NULL, "cabundle does not begin with the AWS Nitro root G1");
        return;
    }
    j->root = nitro_root();
    evidence_pass(j, "the AWS Nitro Enclaves root G1");
    reach(j, NEEDS_ROOT);
}

static void check_simulated_root(struct evidence_job *j)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    if (j->policy == NULL || !j->policy->trusts_simulated_root) {
        evidence_fail(j, "TRUST_ANCHOR_MISSING", "no policy that trusts a simulated root");
        return;
    }
    if (failed(sha256(j->document.cabundle[0], digest))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    hex_encode(BYTES_OF(digest), hex);
    if (memcmp(digest, j->policy->simulated_root_sha256, sizeof(digest)) != 0) {
        evidence_fail(j, NULL, "simulated root %s is not the policy's", hex);
        return;
    }
    j->root = j->document.cabundle[0];
    evidence_pass(j, "root %s, which the policy trusts and no hardware stands behind", hex);
    reach(j, NEEDS_ROOT);
}

void evidence_check_root(struct evidence_job *j)
{
    if (j->type == EVIDENCE_NITRO)
        check_nitro_root(j);
    else
        check_simulated_root(j);
}

static status narrow(struct evidence_chain *c, struct bytes der)
{
    int64_t from, to;
    TRY(x509_validity(der, &from, &to));
    c->not_before_unix_s = from > c->not_before_unix_s ? from : c->not_before_unix_s;
    c->not_after_unix_s = to < c->not_after_unix_s ? to : c->not_after_unix_s;
    return OK;
}

/* The validity of a chain that does not hold, to tell a wrong clock from a wrong chain. */
static status read_validity(const struct nitro_unverified *d, struct bytes root,
                            struct evidence_chain *out)
{
    struct evidence_chain c = {.not_before_unix_s = INT64_MIN, .not_after_unix_s = INT64_MAX};
    TRY(narrow(&c, root));
    for (size_t i = 1; i < d->n_cabundle; i++)
        TRY(narrow(&c, d->cabundle[i]));
    TRY(narrow(&c, d->certificate));
    *out = c;
    return OK;
}

/* Names a chain by every byte in it; each certificate is hashed first, so that no two chains are
 * one string. */
static status chain_key(const struct nitro_unverified *d, struct bytes root,
                        uint8_t out[static SHA256_LEN])
{
    uint8_t digests[NITRO_CABUNDLE_MAX + 1][SHA256_LEN];
    TRY(sha256(root, digests[0]));
    for (size_t i = 1; i < d->n_cabundle; i++)
        TRY(sha256(d->cabundle[i], digests[i]));
    TRY(sha256(d->certificate, digests[d->n_cabundle]));
    return sha256(bytes_of(digests, (d->n_cabundle + 1) * SHA256_LEN), out);
}

/* The same bytes were proven before. Their time is compared with the clock by the caller. */
static void recall(struct evidence_job *j)
{
    j->leaf = (struct x509_verified){
        .leaf_spki = bytes_of(j->document.certificate.p + j->chain.spki_at, j->chain.spki_n),
        .not_before_unix_s = j->chain.not_before_unix_s,
        .not_after_unix_s = j->chain.not_after_unix_s,
    };
}

static status prove_now(struct evidence_job *j)
{
    struct x509_chain chain = nitro_chain(&j->document, j->root, j->expect->at_unix_s);
    TRY(x509_verify_chain(&chain, &j->leaf));
    j->chain = (struct evidence_chain){
        .not_before_unix_s = j->leaf.not_before_unix_s,
        .not_after_unix_s = j->leaf.not_after_unix_s,
        .spki_at = (size_t)(j->leaf.leaf_spki.p - j->document.certificate.p),
        .spki_n = j->leaf.leaf_spki.n,
    };
    evidence_cache_keep(j->expect->cache, j->chain_key, &j->chain);
    return OK;
}

static status prove_chain(struct evidence_job *j)
{
    TRY(chain_key(&j->document, j->root, j->chain_key));
    j->is_chain_known = evidence_cache_find(j->expect->cache, j->chain_key, &j->chain);
    if (!j->is_chain_known)
        return prove_now(j);
    recall(j);
    return OK;
}

/* One proof serves both checks: the time is judged first, so that a wrong clock is called so. */
static status find_validity(struct evidence_job *j)
{
    j->proof = prove_chain(j);
    if (ok(j->proof))
        return OK;
    (void)snprintf(j->trouble, sizeof(j->trouble), "%s", status_detail());
    return read_validity(&j->document, j->root, &j->chain);
}

void evidence_check_time(struct evidence_job *j)
{
    int64_t at = j->expect->at_unix_s;
    if (failed(find_validity(j))) {
        evidence_fail(j, "NITRO_CERT_CHAIN_INVALID", "%s", status_detail());
        return;
    }
    const struct evidence_chain *c = &j->chain;
    char from[CLOCK_TEXT_LEN], to[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    clock_text(c->not_before_unix_s, from);
    clock_text(c->not_after_unix_s, to);
    clock_text(at, now);
    if (at < c->not_before_unix_s || at > c->not_after_unix_s) {
        evidence_fail(j, NULL, "certificates are valid from %s to %s, the clock says %s", from, to,
                      now);
        return;
    }
    evidence_pass(j, "all certificates are valid at %s (until %s)", now, to);
    reach(j, NEEDS_TIME);
}

void evidence_check_chain(struct evidence_job *j)
{
    if (failed(j->proof)) {
        evidence_fail(j, NULL, "%s", j->trouble);
        return;
    }
    evidence_pass(j, "%zu certificates lead to the pinned root%s", j->document.n_cabundle,
                  j->is_chain_known ? " (proven before)" : "");
    reach(j, NEEDS_CHAIN);
}

static const char *revocation_code(status s)
{
    return s.code == ST_REVOKED ? "NITRO_CERT_REVOKED" : NULL;
}

/* Regional and zonal certificates name a CRL. The instance's and the enclave's do not: they live
 * for a day and for three hours, and nobody revokes them. */
void evidence_check_revocation(struct evidence_job *j)
{
    struct x509_verified proven = {0};
    struct x509_chain chain = nitro_chain(&j->document, j->root, j->expect->at_unix_s);
    bool is_required = j->rules != NULL && j->rules->is_crl_required;
    if (j->expect->n_crls == 0) {
        evidence_skip(j, is_required, NULL, "no CRL was given");
        return;
    }
    chain.crls = j->expect->crls;
    chain.n_crls = j->expect->n_crls;
    chain.is_crl_where_named = true;
    status s = x509_verify_chain(&chain, &proven);
    if (failed(s))
        evidence_fail(j, revocation_code(s), "%s", status_detail());
    else if (proven.n_crl_named == 0)
        evidence_skip(j, is_required, NULL, "no certificate of this chain names a CRL");
    else
        evidence_pass(j, "%zu certificates are on none of %zu CRLs", proven.n_crl_named,
                      chain.n_crls);
}

void evidence_check_signature(struct evidence_job *j)
{
    if (failed(nitro_open(&j->document, &j->leaf, &j->signed_))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_pass(j, "ES384 signature by the leaf certificate's key");
    reach(j, NEEDS_SIGNED);
}

static int64_t document_time(const struct evidence_job *j)
{
    return (int64_t)(j->signed_.claims.timestamp_ms / 1000);
}

void evidence_check_timestamp(struct evidence_job *j)
{
    int64_t t = document_time(j);
    char made[CLOCK_TEXT_LEN];
    clock_text(t, made);
    if (t < j->chain.not_before_unix_s || t > j->chain.not_after_unix_s)
        evidence_fail(j, NULL, "made at %s, outside its certificates' validity", made);
    else
        evidence_pass(j, "made at %s", made);
}

/* A session always has bounds. Without one the certificates' three hours bound the age, and only a
 * policy that says max_age_s asks for less. */
void evidence_check_age(struct evidence_job *j)
{
    bool has_bounds = j->expect->is_session || (j->rules != NULL && j->rules->has_max_age);
    int64_t max_age = j->rules != NULL ? j->rules->max_age_s : POLICY_DEFAULT_MAX_AGE_S;
    int64_t max_future = j->rules != NULL ? j->rules->max_future_s : POLICY_DEFAULT_MAX_FUTURE_S;
    int64_t age = j->expect->at_unix_s - document_time(j);

    if (!has_bounds)
        evidence_skip(j, false, "Set max_age_s in the policy to bound the age.",
                      "no bound was given: %" PRId64 " s old", age);
    else if (age > max_age)
        evidence_fail(j, NULL, "%" PRId64 " s old, at most %" PRId64, age, max_age);
    else if (age < -max_future)
        evidence_fail(j, "NITRO_TIMESTAMP_FUTURE", "%" PRId64 " s in the future, at most %" PRId64,
                      -age, max_future);
    else
        evidence_pass(j, "%" PRId64 " s old, at most %" PRId64, age, max_age);
}

void evidence_check_debug(struct evidence_job *j)
{
    if (nitro_is_debug(&j->signed_.claims.measurements))
        evidence_fail(j, NULL, "PCR0, PCR1 or PCR2 is all zero or absent: debug mode");
    else
        evidence_pass(j, "not in debug mode");
}
