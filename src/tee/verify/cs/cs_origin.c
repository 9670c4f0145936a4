#include "tee/verify/cs/cs_job.h"

#include "base/text.h"

void cs_check_token(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    bool has_rules = j->policy != NULL && j->policy->confidential_space.is_present;
    c->rules = has_rules ? &j->policy->confidential_space : NULL;
    status s = jwt_parse(j->evidence, &c->token);
    if (s.code == ST_ALG) {
        evidence_fail(j, "CS_ALG_NOT_ALLOWED", "%s", status_detail());
        return;
    }
    if (failed(s)) {
        evidence_unreadable(j, s);
        return;
    }
    c->is_pki = c->token.n_x5c > 0;
    evidence_shows(j, "token", j->evidence);
    evidence_shows(j, "header", c->token.parts[0]);
    evidence_pass(j, "a token signed with RS256, %zu bytes", j->evidence.n);
    evidence_reach(j, NEEDS_PARSED);
}

static bool is_pinned(const struct cs_hashes *keys, const uint8_t *thumbprint)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (memcmp(keys->v[i], thumbprint, CS_HASH_LEN) == 0)
            return true;
    }
    return keys->n == 0;
}

/* The set itself is an anchor: it comes from the caller, and the policy may name its keys. */
static void find_key(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    struct bytes jwks = j->expect->beside.jwks;
    if (jwks.p == NULL) {
        evidence_skip(j, true, "Give Google's key set of the token's day (--jwks).",
                      "an OIDC token, and no key set was given");
        return;
    }
    if (failed(jwk_set_parse(jwks, &c->keys))) {
        evidence_fail(j, "CS_JWKS_MALFORMED", "%s", status_detail());
        return;
    }
    evidence_shows(j, "jwks", jwks);
    const struct jwk *key = jwk_set_find(&c->keys, c->token.kid);
    if (key == NULL) {
        evidence_fail(j, "CS_KEY_UNKNOWN", "no key of the set is called %.*s",
                      CS_QUOTE(c->token.kid));
        return;
    }
    if (c->rules != NULL && !is_pinned(&c->rules->keys, key->thumbprint)) {
        evidence_fail(j, "CS_KEY_NOT_PINNED", "the policy does not list the key %.*s",
                      CS_QUOTE(c->token.kid));
        return;
    }
    c->spki = key->spki;
    evidence_pass(j, "key %.*s of the given set", CS_QUOTE(c->token.kid));
    evidence_reach(j, CS_NEEDS_SIGNATURE);
}

void cs_check_key(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    evidence_shows(j, "header", c->token.parts[0]);
    if (!c->is_pki && c->token.kid.p == NULL) {
        evidence_fail(j, NULL, "the header names no key and brings no certificates");
        return;
    }
    if (c->rules != NULL && !(c->is_pki ? c->rules->accepts_pki : c->rules->accepts_oidc)) {
        evidence_fail(j, "CS_TOKEN_TYPE_REFUSED", "the policy's token_types do not list %s",
                      c->is_pki ? "PKI" : "OIDC");
        return;
    }
    if (!c->is_pki) {
        find_key(j);
        return;
    }
    evidence_pass(j, "a PKI token: the key is that of its leaf certificate");
    evidence_reach(j, NEEDS_ROOT);
}

static bool is_self_issued(struct bytes der)
{
    struct x509_fields f;
    return failed(x509_read(der, &f)) || bytes_equal(f.issuer, f.subject);
}

static bool no_certificates(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    if (!c->is_pki)
        evidence_skip(j, false, "Nothing to do.", "an OIDC token has no certificates");
    return !c->is_pki;
}

/* The root in the token is never the anchor: it is the pinned one, byte for byte, or it is left
 * out. So no self-issued certificate may stand anywhere else. */
static void show_certificates(struct evidence_job *j)
{
    const struct cs_state *c = cs_state_of(j);
    for (size_t i = 0; i < c->token.n_x5c; i++)
        evidence_shows(j, "certificate of x5c", c->token.x5c[i]);
}

void cs_check_root(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    if (no_certificates(j))
        return;
    show_certificates(j);
    size_t n = c->token.n_x5c;
    bool has_root = bytes_equal(c->token.x5c[n - 1], cs_root());
    c->n_chain = has_root ? n - 1 : n;
    for (size_t i = 0; i < c->n_chain; i++) {
        if (is_self_issued(c->token.x5c[i])) {
            evidence_fail(j, NULL, "certificate %zu is a root, and not the Confidential Space one",
                          i);
            return;
        }
        c->chain[i] = c->token.x5c[i];
    }
    if (c->n_chain == 0) {
        evidence_fail(j, NULL, "the token holds the root and no leaf");
        return;
    }
    evidence_pass(j, "the Confidential Space root CA%s", has_root ? "" : ", left out of the token");
    evidence_reach(j, NEEDS_TIME);
}

static struct x509_chain chain_of(const struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    return (struct x509_chain){
        .root = cs_root(),
        .intermediates = c->chain + 1,
        .n_intermediates = c->n_chain - 1,
        .leaf = c->chain[0],
        .at_unix_s = j->expect->at_unix_s,
    };
}

/* RFC 7515 section 4.1.6: each certifies the one before it. The proof would find them in any order;
 * a token has one. */
static status check_order(const struct cs_state *c)
{
    for (size_t i = 0; i + 1 < c->n_chain; i++) {
        struct x509_fields lower, upper;
        TRY(x509_read(c->chain[i], &lower));
        TRY(x509_read(c->chain[i + 1], &upper));
        REQUIRE(bytes_equal(lower.issuer, upper.subject), ST_CERT,
                "certificate %zu is not issued by the next one", i);
    }
    return OK;
}

static status prove_chain(const struct evidence_job *j, struct x509_verified *out)
{
    struct x509_chain chain = chain_of(j);
    struct x509_verified proven;
    TRY(check_order(cs_state_of(j)));
    TRY(x509_verify_chain(&chain, &proven));
    REQUIRE(proven.n_certs == cs_state_of(j)->n_chain + 1, ST_CERT,
            "%zu certificates below the root, of which the chain has %zu", cs_state_of(j)->n_chain,
            proven.n_certs - 1);
    *out = proven;
    return OK;
}

void cs_check_chain(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    if (no_certificates(j))
        return;
    show_certificates(j);
    status s = prove_chain(j, &c->leaf);
    if (failed(s)) {
        evidence_fail(j, s.code == ST_EXPIRED ? "CS_CERT_TIME_INVALID" : NULL, "%s",
                      status_detail());
        return;
    }
    c->spki = c->leaf.leaf_spki;
    evidence_pass(j, "%zu certificates lead to the pinned root", c->n_chain);
    evidence_reach(j, CS_NEEDS_SIGNATURE);
}

void cs_check_revocation(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    bool is_required = c->rules != NULL && c->rules->is_crl_required;
    if (!no_certificates(j))
        evidence_judge_revocation(j, chain_of(j), is_required, "CS_CERT_REVOKED");
}

void cs_check_signature(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    evidence_shows(j, "signed text", c->token.signed_text);
    evidence_shows(j, "signature", c->token.parts[2]);
    if (failed(jwt_verify(&c->token, c->spki, &c->verified))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    evidence_pass(j, "RS256 signature by the %s",
                  c->is_pki ? "leaf certificate's key" : "named key");
    evidence_reach(j, CS_NEEDS_CLAIMS);
}

/* A nonce is text: the bytes that the caller waits for stand there as they are, or in lower-case
 * hexadecimal. */
static bool holds_nonce(const struct cs_list *nonces, struct bytes want)
{
    char hex[CS_NONCE_MAX + 1];
    if (cs_list_has(nonces, want))
        return true;
    if (want.n > CS_NONCE_MAX / 2)
        return false;
    hex_encode(want, hex);
    return cs_list_has(nonces, bytes_str(hex));
}

/* In the caller's own bytes: what is published outlives the decoded claims. */
static struct bytes nonce_of(const struct evidence_job *j, const struct cs_list *nonces)
{
    struct bytes want = j->expect->nonce;
    return want.p != NULL && holds_nonce(nonces, want) ? want : (struct bytes){0};
}

void cs_check_claims(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    evidence_shows(j, "claims", c->token.parts[1]);
    evidence_shows(j, "claims, decoded", c->verified.claims);
    status s = cs_claims_parse(&c->verified, &c->claims);
    if (failed(s)) {
        evidence_unreadable(j, s);
        return;
    }
    j->nonce = nonce_of(j, &c->claims.nonces);
    j->timestamp_ms = (uint64_t)c->claims.iat.unix_s * 1000;
    cs_tell_facts(j);
    evidence_pass(j, "%zu bytes of claims", c->verified.claims.n);
    evidence_reach(j, NEEDS_SIGNED);
}
