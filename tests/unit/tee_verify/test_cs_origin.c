/* Did Google sign it: keys, certificates, revocation and signatures of Confidential Space tokens,
 * forged under a root of this program's own. */
#include "support/judge_cs.h"

#include "formats/jwk.h"

static struct forge_cs forge;

/* In place of the pinned root: this object stands before the archive's. */
struct bytes cs_root(void)
{
    return buf_view(&forge.certs[0]);
}

/* ---- the key ---- */

struct origin_row {
    const char *name;
    const char *header; /* @LEAF@ @INTER@ @ROOT@ @OTHER@ stand for certificates in base64 */
    const char *id, *code;
};

#define HEAD "{\"alg\":\"RS256\",\"typ\":\"JWT\""

static const struct origin_row ORIGINS[] = {
    {"chain with its root", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\",\"@ROOT@\"]}", NULL, NULL},
    {"chain without its root", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\"]}", NULL, NULL},
    {"chain with a kid as well", HEAD ",\"kid\":\"x\",\"x5c\":[\"@LEAF@\",\"@INTER@\"]}", NULL,
     NULL},
    {"key of the set", HEAD ",\"kid\":\"" FORGE_KID "\"}", NULL, NULL},
    {"no key", HEAD "}", "token.key", "CS_KEY_UNNAMED"},
    {"a key that is not in the set", HEAD ",\"kid\":\"forge-key-2\"}", "token.key",
     "CS_KEY_UNKNOWN"},
    {"a kid that begins like one", HEAD ",\"kid\":\"forge-key-\"}", "token.key", "CS_KEY_UNKNOWN"},
    {"alg none", "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"x\"}", "token", "CS_ALG_NOT_ALLOWED"},
    {"a key in the header", HEAD ",\"jwk\":{}}", "token", "CS_TOKEN_MALFORMED"},
    {"another root", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\",\"@OTHER@\"]}", "token.root",
     "CS_ROOT_UNTRUSTED"},
    {"a root as the leaf", HEAD ",\"x5c\":[\"@OTHER@\"]}", "token.root", "CS_ROOT_UNTRUSTED"},
    {"the root alone", HEAD ",\"x5c\":[\"@ROOT@\"]}", "token.root", "CS_ROOT_UNTRUSTED"},
    {"the root in front", HEAD ",\"x5c\":[\"@ROOT@\",\"@LEAF@\",\"@INTER@\"]}", "token.root",
     "CS_ROOT_UNTRUSTED"},
    {"no certificate", HEAD ",\"x5c\":[\"AAAA\"]}", "token.root", "CS_ROOT_UNTRUSTED"},
    {"no intermediate", HEAD ",\"x5c\":[\"@LEAF@\",\"@ROOT@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
    {"another order", HEAD ",\"x5c\":[\"@INTER@\",\"@LEAF@\",\"@ROOT@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
    {"the intermediate twice", HEAD ",\"x5c\":[\"@LEAF@\",\"@INTER@\",\"@INTER@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
    {"the intermediate as the leaf", HEAD ",\"x5c\":[\"@INTER@\",\"@ROOT@\"]}", "token.chain",
     "CS_CHAIN_INVALID"},
};

static struct buf put_certificate(struct bytes header, const char *name, struct bytes der)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    base64_put(&text, der);
    buf_put_u8(&text, 0);
    struct buf out = {.max = 1 << 16};
    buf_put(&out, header);
    while (memmem(out.p, out.n, name, strlen(name)) != NULL) {
        struct buf next = forge_cs_edit(buf_view(&out), name, (const char *)text.p);
        buf_done(&out);
        out = next;
    }
    return out;
}

static struct buf origin_token(const char *header, struct bytes other)
{
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct buf a CLEANUP(buf_done) =
        put_certificate(bytes_str(header), "@LEAF@", buf_view(&forge.certs[2]));
    struct buf b CLEANUP(buf_done) =
        put_certificate(buf_view(&a), "@INTER@", buf_view(&forge.certs[1]));
    struct buf c CLEANUP(buf_done) =
        put_certificate(buf_view(&b), "@ROOT@", buf_view(&forge.certs[0]));
    struct buf d CLEANUP(buf_done) = put_certificate(buf_view(&c), "@OTHER@", other);
    return forge_jwt_sign(forge.keys[2], buf_view(&d), buf_view(&claims));
}

/* The root's name and key under another serial number. */
static struct buf other_root(void)
{
    struct buf out = BUF_MAX(1 << 14);
    struct x509_request r = forge_cs_request(&forge, 0);
    forge_cs_issue(&forge, 0, &r, &out);
    return out;
}

static void test_origins(void **state)
{
    (void)state;
    struct buf other CLEANUP(buf_done) = other_root();
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    for (size_t i = 0; i < sizeof(ORIGINS) / sizeof(ORIGINS[0]); i++) {
        struct forge_cs_judged got;
        struct buf token CLEANUP(buf_done) = origin_token(ORIGINS[i].header, buf_view(&other));
        const struct evidence_expect expect = forge_cs_expect(&forge);
        forge_cs_judge(buf_view(&token), policy, &expect, &got);
        forge_cs_expect_only(ORIGINS[i].name, &got.checks, ORIGINS[i].id, ORIGINS[i].code);
    }
}

/* Two that issue each other fit between leaf and intermediate by their names. */
static void test_stray_certificates(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct buf stray[2] = {BUF_MAX(1 << 14), BUF_MAX(1 << 14)};
    struct x509_request r = forge_cs_request(&forge, 1);
    r.issuer_name = "forge stray";
    forge_cs_issue(&forge, 2, &r, &stray[0]);
    r.common_name = "forge stray";
    r.issuer_name = "forge intermediate";
    forge_cs_issue(&forge, 2, &r, &stray[1]);
    const struct bytes chain[] = {buf_view(&forge.certs[2]), buf_view(&stray[0]),
                                  buf_view(&stray[1]), buf_view(&forge.certs[1])};
    struct buf header CLEANUP(buf_done) = forge_cs_header(chain, 4);
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct buf token CLEANUP(buf_done) =
        forge_jwt_sign(forge.keys[2], buf_view(&header), buf_view(&claims));
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    forge_cs_expect_only("certificates beside the chain", &got.checks, "token.chain",
                         "CS_CHAIN_INVALID");
    buf_done(&stray[0]);
    buf_done(&stray[1]);
}

static void test_keys(void **state)
{
    (void)state;
    struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge_good(&forge, "OIDC refused", false, "\"PKI\",\"OIDC\"", "\"PKI\"", &expect,
                        "token.key", "CS_TOKEN_TYPE_REFUSED");
    forge_cs_judge_good(&forge, "PKI refused", true, "\"PKI\",\"OIDC\"", "\"OIDC\"", &expect,
                        "token.key", "CS_TOKEN_TYPE_REFUSED");
    forge_cs_judge_good(&forge, "key not pinned", false, "\"token_types\"",
                        "\"keys\":[\"" FORGE_CS_SIGNER "\"],\"token_types\"", &expect, "token.key",
                        "CS_KEY_NOT_PINNED");
    expect.beside.jwks = BYTES_LIT("{\"keys\":[]}");
    forge_cs_judge_good(&forge, "no set of keys", false, NULL, NULL, &expect, "token.key",
                        "CS_JWKS_MALFORMED");
}

static void test_pinned_key(void **state)
{
    (void)state;
    char pin[128] = "\"keys\":[\"";
    struct jwk_set *set = calloc(1, sizeof(*set));
    struct evidence_expect expect = forge_cs_expect(&forge);
    assert_non_null(set);
    assert_ok(jwk_set_parse(buf_view(&forge.jwks), set));
    hex_encode(BYTES_OF(set->v[0].thumbprint), pin + strlen(pin));
    strncat(pin, "\"],\"token_types\"", sizeof(pin) - strlen(pin) - 1);
    forge_cs_judge_good(&forge, "key pinned", false, "\"token_types\"", pin, &expect, NULL, NULL);
    jwk_set_done(set);
    free(set);
}

/* Without the issuer's keys nothing can be said, and nothing is. */
static void test_no_jwks(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct evidence_expect expect = forge_cs_expect(&forge);
    expect.beside.jwks = (struct bytes){0};
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, false);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    assert_code(got.status, ST_UNSUPPORTED);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_true(checks_find(&got.checks, "token.key")->is_required);
    assert_null(checks_first_failure(&got.checks));
}

/* ---- chains ---- */

static void judge_chain(const char *name, const struct x509_request *leaf, const char *code)
{
    struct forge_cs_judged got;
    struct buf cert CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    forge_cs_issue(&forge, 2, leaf, &cert);
    const struct bytes chain[] = {buf_view(&cert), buf_view(&forge.certs[1])};
    struct buf header CLEANUP(buf_done) = forge_cs_header(chain, 2);
    struct buf token CLEANUP(buf_done) =
        forge_jwt_sign(forge.keys[2], buf_view(&header), buf_view(&claims));
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    forge_cs_expect_only(name, &got.checks, code ? "token.chain" : NULL, code);
}

static void test_chains(void **state)
{
    (void)state;
    struct x509_request r = forge_cs_request(&forge, 2);
    judge_chain("as it should be", &r, NULL);
    r.not_after_unix_s = FORGE_CS_NOW - 1;
    judge_chain("leaf expired", &r, "CS_CERT_TIME_INVALID");
    r = forge_cs_request(&forge, 2);
    r.not_before_unix_s = FORGE_CS_NOW + 1;
    judge_chain("leaf not yet valid", &r, "CS_CERT_TIME_INVALID");
    r = forge_cs_request(&forge, 2);
    r.is_ca = true;
    judge_chain("leaf is a CA", &r, "CS_CHAIN_INVALID");
    r = forge_cs_request(&forge, 2);
    r.signer.rsa = forge.keys[2];
    judge_chain("leaf signed by its own key", &r, "CS_CHAIN_INVALID");
    r = forge_cs_request(&forge, 2);
    r.issuer_name = "somebody";
    judge_chain("leaf of another issuer", &r, "CS_CHAIN_INVALID");
}

/* ---- revocation ---- */

static struct buf crl_of(const char *issuer, bool revokes, int64_t next_update)
{
    struct buf out = BUF_MAX(1 << 14);
    const struct bytes revoked[] = {buf_view(&forge.certs[1])};
    struct x509_crl_request r = {
        .issuer_name = issuer,
        .this_update_unix_s = FORGE_CS_NOW - 3600,
        .next_update_unix_s = next_update,
        .revoked = revoked,
        .n_revoked = revokes,
        .signer = {.rsa = forge.keys[0], .rsa_alg = RSA_RS256},
    };
    assert_ok(x509_issue_crl(&r, &out));
    return out;
}

static struct buf make_crl(bool revokes, int64_t next_update)
{
    return crl_of("forge root", revokes, next_update);
}

static void test_revocation(void **state)
{
    (void)state;
    struct buf fresh CLEANUP(buf_done) = make_crl(false, FORGE_CS_NOW + 3600);
    struct buf old CLEANUP(buf_done) = make_crl(false, FORGE_CS_NOW - 60);
    struct buf revoking CLEANUP(buf_done) = make_crl(true, FORGE_CS_NOW + 3600);
    const struct bytes views[] = {buf_view(&fresh), buf_view(&old), buf_view(&revoking)};
    static const char *const codes[] = {NULL, "CS_REVOCATION_UNAVAILABLE", "CS_CERT_REVOKED"};
    for (size_t i = 0; i < 3; i++) {
        struct evidence_expect expect = forge_cs_expect(&forge);
        expect.beside.crls = &views[i];
        expect.beside.n_crls = 1;
        forge_cs_judge_good(&forge, "with a CRL", true, NULL, NULL, &expect,
                            codes[i] ? "token.revocation" : NULL, codes[i]);
    }
}

/* A list may hold CRLs of other platforms: they are nobody's here, and take no other's place. */
static void test_crls_of_other_platforms(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct buf other CLEANUP(buf_done) = crl_of("other root", true, FORGE_CS_NOW - 60);
    struct buf fresh CLEANUP(buf_done) = make_crl(false, FORGE_CS_NOW + 3600);
    const struct bytes views[] = {buf_view(&other), buf_view(&fresh)};
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
        forge_cs_policy("\"token_types\"", "\"crl_required\":true,\"token_types\"");
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    struct evidence_expect expect = forge_cs_expect(&forge);
    expect.beside.crls = views;
    expect.beside.n_crls = 1;
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_int_equal(checks_find(&got.checks, "token.revocation")->result, CHECK_SKIP);
    expect.beside.n_crls = 2;
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_ACCEPT);
    assert_int_equal(checks_find(&got.checks, "token.revocation")->result, CHECK_PASS);
}

static void test_required_crl_is_missing(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
        forge_cs_policy("\"token_types\"", "\"crl_required\":true,\"token_types\"");
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    assert_int_equal(checks_verdict(&got.checks), VERDICT_INCOMPLETE);
    assert_true(checks_find(&got.checks, "token.revocation")->is_required);
}

/* ---- signature ---- */

static void test_signature(void **state)
{
    (void)state;
    struct forge_cs_judged got;
    struct buf claims CLEANUP(buf_done) = forge_cs_claims(&forge, NULL, NULL);
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = forge_jwt_sign(
        forge.keys[1], BYTES_LIT(HEAD ",\"kid\":\"" FORGE_KID "\"}"), buf_view(&claims));
    const struct evidence_expect expect = forge_cs_expect(&forge);
    forge_cs_judge(buf_view(&token), policy, &expect, &got);
    forge_cs_expect_only("signed by another key", &got.checks, "token.signature",
                         "CS_SIGNATURE_INVALID");
}

/* Any bit of a token, header, claims or signature: never accepted. */
static void test_bit_flips(void **state)
{
    (void)state;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, false);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    for (size_t bit = 0; bit < 8 * token.n; bit += 7) {
        struct forge_cs_judged got;
        token.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        forge_cs_judge(buf_view(&token), policy, &expect, &got);
        if (ok(got.status))
            fail_msg("bit %zu", bit);
        token.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_truncations(void **state)
{
    (void)state;
    struct buf token CLEANUP(buf_done) = forge_cs_good(&forge, true);
    const struct evidence_expect expect = forge_cs_expect(&forge);
    for (size_t n = 0; n < token.n; n += n < 64 || n + 64 > token.n ? 1 : 37) {
        struct forge_cs_judged got;
        forge_cs_judge(bytes_of(token.p, n), NULL, &expect, &got);
        assert_int_equal(got.claimed.is_signed, false);
        assert_true(failed(got.status));
    }
}

static int set_up(void **state)
{
    (void)state;
    forge_cs_init(&forge);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_cs_done(&forge);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_stray_certificates),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_pinned_key),
        cmocka_unit_test(test_no_jwks),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_crls_of_other_platforms),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_required_crl_is_missing),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_truncations),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
