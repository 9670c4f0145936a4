/* Real Confidential Space tokens, at their own time, under the pinned root and Google's key set of
 * that day: every file of the folder, with the verdict that its README gives. */
#include "support/forge_jwt.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/jwk.h"
#include "formats/jwt.h"
#include "formats/pem.h"
#include "tee/verify/cs/cs.h"
#include "tee/verify/evidence.h"

#include "support/vectors.h" /* last: it brings jansson's macros */

#define FOLDER "gcp-confidential-space"

static unsigned n_judged;

/* ---- which files there are ---- */

static const char *const FILES[] = {
    "README.md",
    "claims/claims.json",
    "claims/debug_claims.json",
    "malformed/alg-none.jwt",
    "malformed/missing-kid.jwt",
    "oidc/discovery.json",
    "oidc/jwks.json",
    "oidc/sev-debug-no-nonce.jwt",
    "oidc/sev-debug-nonce.jwt",
    "pki/confidential_space_root.pem",
    "pki/selfsigned-x5c.jwt",
    "pki/sev-debug-bad-signature.jwt",
    "pki/sev-debug.jwt",
};

enum { N_FILES = sizeof(FILES) / sizeof(FILES[0]) };

static unsigned n_seen;

static void see(const char *name)
{
    for (size_t i = 0; i < N_FILES; i++) {
        if (strcmp(FILES[i], name) == 0) {
            n_seen++;
            return;
        }
    }
    fail_msg("%s/%s is not covered", FOLDER, name);
}

static void walk(const char *below)
{
    char path[512], name[512];
    (void)snprintf(path, sizeof(path), "%s/" FOLDER "/%s", test_vectors(), below);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "%s%s%s", below, below[0] ? "/" : "", e->d_name);
        if (e->d_type == DT_DIR)
            walk(name);
        else
            see(name);
    }
    (void)closedir(d);
}

static void test_every_file_is_covered(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    n_seen = 0;
    walk("");
    assert_int_equal(n_seen, N_FILES);
    print_message("%s: %u files, %u verdicts\n", FOLDER, n_seen, n_judged);
    assert_true(n_judged >= 30);
}

/* ---- verdicts ---- */

struct judged {
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    status status;
};

static void judge(struct bytes token, int64_t at, struct bytes jwks, const char *policy_text,
                  struct judged *out)
{
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = NULL;
    struct evidence_expect expect = {.at_unix_s = at, .beside = {.jwks = jwks}};
    struct bytes in = test_exact(token);
    if (policy_text != NULL)
        assert_ok(evidence_policy_parse(bytes_str(policy_text), &policy));
    *out = (struct judged){.checks = {.n = 0}};
    out->status = evidence_verify(in, EVIDENCE_CS_TOKEN, policy, &expect, &out->checks,
                                  &out->claimed, &out->verified);
    test_exact_free(in);
    n_judged++;
}

/* The image of a token; debug tokens need a policy that says so. */
#define POLICY(digest, more)                                                                \
    "{\"version\":1,\"confidential_space\":{\"hwmodels\":[\"GCP_AMD_SEV\"],\"releases\":[{" \
    "\"name\":\"seen\",\"image_digest\":\"sha256:" digest "\"}]" more "}}"
#define DEBUG ",\"dbgstat\":[\"enabled\"],\"support_attributes\":[]"
#define ENV                                                                                 \
    ",\"env_override\":{\"ATTESTATION_AUDIENCE\":\"https://synddb-sequencer.example.com\"," \
    "\"OUTPUT_BUCKET\":null}"
#define SYND "57c5946e1067c9c019d82554416a2fa98438858f5ab8033a2575abfdcd24fb32"
#define OAK  "313b8a83d3c8bfc9abcffee4f538424473e2705383a7e46f16d159faf0e5ef34"

struct row {
    const char *file;
    int64_t at;
    bool has_jwks;
    const char *policy;
    enum verdict verdict;
    const char *id, *code; /* of the failure or, without code, of the required skip */
};

enum { T1 = 1764708636, T1_END = 1764712236, T2 = 1750688551, T2_END = 1750692151 };

static const struct row ROWS[] = {
    {"oidc/sev-debug-no-nonce.jwt", T1, true, POLICY(SYND, DEBUG ENV), VERDICT_ACCEPT, NULL, NULL},
    {"oidc/sev-debug-no-nonce.jwt", T1_END - 1, true, POLICY(SYND, DEBUG ENV), VERDICT_ACCEPT, NULL,
     NULL},
    {"oidc/sev-debug-no-nonce.jwt", T1_END, true, POLICY(SYND, DEBUG ENV), VERDICT_REJECT,
     "token.expiry", "CS_EXPIRED"},
    {"oidc/sev-debug-no-nonce.jwt", T1 - 61, true, POLICY(SYND, DEBUG ENV), VERDICT_REJECT,
     "token.not_before", "CS_NOT_YET_VALID"},
    {"oidc/sev-debug-no-nonce.jwt", T1, true, POLICY(SYND, ENV), VERDICT_REJECT, "token.debug",
     "CS_DEBUG_IMAGE"},
    {"oidc/sev-debug-no-nonce.jwt", T1, true, POLICY(SYND, DEBUG), VERDICT_REJECT,
     "token.env_override", "CS_ENV_OVERRIDDEN"},
    {"oidc/sev-debug-no-nonce.jwt", T1, true, POLICY(OAK, DEBUG ENV), VERDICT_REJECT, "token.image",
     "CS_IMAGE_MISMATCH"},
    {"oidc/sev-debug-no-nonce.jwt", T1, true, NULL, VERDICT_REJECT, "token.debug",
     "CS_DEBUG_IMAGE"},
    {"oidc/sev-debug-no-nonce.jwt", T1, false, POLICY(SYND, DEBUG ENV), VERDICT_INCOMPLETE,
     "token.key", NULL},
    {"oidc/sev-debug-nonce.jwt", T1, true, POLICY(SYND, DEBUG ENV), VERDICT_ACCEPT, NULL, NULL},
    {"oidc/sev-debug-nonce.jwt", T1_END - 1, true, POLICY(SYND, DEBUG ENV), VERDICT_ACCEPT, NULL,
     NULL},
    {"oidc/sev-debug-nonce.jwt", T1_END, true, POLICY(SYND, DEBUG ENV), VERDICT_REJECT,
     "token.expiry", "CS_EXPIRED"},
    {"oidc/sev-debug-nonce.jwt", T1, true, POLICY(SYND, ENV), VERDICT_REJECT, "token.debug",
     "CS_DEBUG_IMAGE"},
    {"pki/sev-debug.jwt", T2, false, POLICY(OAK, DEBUG), VERDICT_ACCEPT, NULL, NULL},
    {"pki/sev-debug.jwt", T2_END - 1, false, POLICY(OAK, DEBUG), VERDICT_ACCEPT, NULL, NULL},
    {"pki/sev-debug.jwt", T2_END, false, POLICY(OAK, DEBUG), VERDICT_REJECT, "token.expiry",
     "CS_EXPIRED"},
    {"pki/sev-debug.jwt", T2, false, POLICY(OAK, ""), VERDICT_REJECT, "token.debug",
     "CS_DEBUG_IMAGE"},
    {"pki/sev-debug.jwt", T2, false, POLICY(OAK, DEBUG ",\"token_types\":[\"OIDC\"]"),
     VERDICT_REJECT, "token.key", "CS_TOKEN_TYPE_REFUSED"},
    {"pki/sev-debug.jwt", T2, false, POLICY(OAK, DEBUG ",\"crl_required\":true"),
     VERDICT_INCOMPLETE, "token.revocation", NULL},
    {"pki/sev-debug.jwt", 1757500000, false, POLICY(OAK, DEBUG), VERDICT_REJECT, "token.chain",
     "CS_CERT_TIME_INVALID"}, /* the leaf ended on 2025-08-18 */
    {"pki/sev-debug-bad-signature.jwt", T2, false, POLICY(OAK, DEBUG), VERDICT_REJECT,
     "token.signature", "CS_SIGNATURE_INVALID"},
    {"pki/sev-debug-bad-signature.jwt", T2, false, NULL, VERDICT_REJECT, "token.signature",
     "CS_SIGNATURE_INVALID"},
    {"pki/selfsigned-x5c.jwt", 1751500000, false, POLICY(OAK, DEBUG), VERDICT_REJECT, "token.root",
     "CS_ROOT_UNTRUSTED"},
    {"pki/selfsigned-x5c.jwt", 1751500000, true, NULL, VERDICT_REJECT, "token.root",
     "CS_ROOT_UNTRUSTED"},
    {"malformed/alg-none.jwt", T1, true, NULL, VERDICT_REJECT, "token", "CS_ALG_NOT_ALLOWED"},
    {"malformed/missing-kid.jwt", T1, true, NULL, VERDICT_REJECT, "token.key", "CS_KEY_UNNAMED"},
};

static void test_tokens(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    struct buf jwks CLEANUP(buf_done) = test_vector(FOLDER "/oidc/jwks.json");
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char name[128];
        struct judged got;
        (void)snprintf(name, sizeof(name), FOLDER "/%s", ROWS[i].file);
        struct buf token CLEANUP(buf_done) = test_vector(name);
        judge(buf_view(&token), ROWS[i].at, ROWS[i].has_jwks ? buf_view(&jwks) : (struct bytes){0},
              ROWS[i].policy, &got);
        const struct check *c = ROWS[i].id ? checks_find(&got.checks, ROWS[i].id) : NULL;
        if (checks_verdict(&got.checks) != ROWS[i].verdict)
            fail_msg("row %zu, %s: %s (%s)", i, ROWS[i].file,
                     verdict_name(checks_verdict(&got.checks)), status_detail());
        if (c != NULL && ROWS[i].code != NULL)
            assert_string_equal(c->code, ROWS[i].code);
        if (c != NULL && ROWS[i].code == NULL)
            assert_true(c->result == CHECK_SKIP && c->is_required);
    }
}

/* ---- anchors ---- */

static void test_pinned_root(void **state)
{
    (void)state;
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    test_vectors_or_skip(FOLDER);
    struct buf pem CLEANUP(buf_done) = test_vector(FOLDER "/pki/confidential_space_root.pem");
    struct buf der CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct bytes text = buf_view(&pem);
    assert_ok(pem_next(&text, "CERTIFICATE", &der));
    assert_bytes_equal(buf_view(&der), cs_root());
    assert_ok(sha256(cs_root(), digest));
    hex_encode(BYTES_OF(digest), hex);
    assert_string_equal(hex, "148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39");
}

static void test_issuer(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    struct vectors v = vectors_open(FOLDER "/oidc/discovery.json");
    assert_string_equal(vector_str(v.root, "issuer"), CS_ISSUER);
    const json_t *algs = vector_at(v.root, "id_token_signing_alg_values_supported");
    assert_int_equal(json_array_size(algs), 1);
    assert_string_equal(json_string_value(json_array_get(algs, 0)), "RS256");
    vectors_close(&v);
}

static void test_key_set(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    struct buf text CLEANUP(buf_done) = test_vector(FOLDER "/oidc/jwks.json");
    struct jwk_set *set = calloc(1, sizeof(*set));
    assert_non_null(set);
    assert_ok(jwk_set_parse(buf_view(&text), set));
    assert_int_equal(set->n, 2);
    assert_non_null(jwk_set_find(set, BYTES_LIT("d6d5071ab75246a42acfa46d29316311cdab51f7")));
    jwk_set_done(set);
    free(set);
}

/* ---- what is told equals what is claimed ---- */

static const struct {
    const char *fact, *path; /* '/' between members */
} FACTS[] = {
    {"iss", "iss"},
    {"sub", "sub"},
    {"aud", "aud"},
    {"iat", "iat"},
    {"nbf", "nbf"},
    {"exp", "exp"},
    {"eat_profile", "eat_profile"},
    {"eat_nonce", "eat_nonce"},
    {"hwmodel", "hwmodel"},
    {"swname", "swname"},
    {"swversion", "swversion"},
    {"dbgstat", "dbgstat"},
    {"secboot", "secboot"},
    {"oemid", "oemid"},
    {"support_attributes", "submods/confidential_space/support_attributes"},
    {"monitoring_enabled.memory", "submods/confidential_space/monitoring_enabled/memory"},
    {"image_reference", "submods/container/image_reference"},
    {"image_digest", "submods/container/image_digest"},
    {"image_id", "submods/container/image_id"},
    {"restart_policy", "submods/container/restart_policy"},
    {"args", "submods/container/args"},
    {"env", "submods/container/env"},
    {"env_override", "submods/container/env_override"},
    {"project_id", "submods/gce/project_id"},
    {"project_number", "submods/gce/project_number"},
    {"zone", "submods/gce/zone"},
    {"instance_name", "submods/gce/instance_name"},
    {"instance_id", "submods/gce/instance_id"},
    {"google_service_accounts", "google_service_accounts"},
};

enum { N_FACTS = sizeof(FACTS) / sizeof(FACTS[0]) };

static json_t *at_path(json_t *node, const char *path)
{
    char part[64];
    while (node != NULL && *path != 0) {
        size_t n = strcspn(path, "/");
        (void)snprintf(part, sizeof(part), "%.*s", (int)n, path);
        node = json_object_get(node, part);
        path += n + (path[n] == '/');
    }
    return node;
}

/* A list's texts and an object's names are joined by commas. */
static void join(json_t *node, char *out, size_t cap)
{
    size_t i;
    json_t *v;
    const char *key;
    out[0] = 0;
    if (json_is_string(node))
        (void)snprintf(out, cap, "%s", json_string_value(node));
    else if (json_is_integer(node))
        (void)snprintf(out, cap, "%lld", (long long)json_integer_value(node));
    else if (json_is_boolean(node))
        (void)snprintf(out, cap, "%s", json_is_true(node) ? "true" : "false");
    json_array_foreach(node, i, v)(void)
        snprintf(out + strlen(out), cap - strlen(out), "%s%s", i ? "," : "", json_string_value(v));
    json_object_foreach(node, key, v)(void)
        snprintf(out + strlen(out), cap - strlen(out), "%s%s", out[0] ? "," : "", key);
}

static void compare_facts(const char *name, struct bytes claims, const struct evidence_facts *facts)
{
    unsigned n = 0;
    json_t *root = json_loadb((const char *)claims.p, claims.n, 0, NULL);
    assert_non_null(root);
    for (size_t i = 0; i < N_FACTS; i++) {
        char want[EVIDENCE_FACT_MAX];
        json_t *node = at_path(root, FACTS[i].path);
        const char *got = evidence_facts_find(facts, FACTS[i].fact);
        if ((node == NULL) != (got == NULL))
            fail_msg("%s: %s is %s", name, FACTS[i].fact, got ? got : "not told");
        if (node == NULL)
            continue;
        join(node, want, sizeof(want));
        assert_string_equal(got, want);
        n++;
    }
    assert_true(n >= 20);
    print_message("%s: %u facts are the claims\n", name, n);
    json_decref(root);
}

static void test_facts(void **state)
{
    (void)state;
    static const char *const TOKENS[] = {"oidc/sev-debug-no-nonce.jwt", "oidc/sev-debug-nonce.jwt",
                                         "pki/sev-debug.jwt"};
    test_vectors_or_skip(FOLDER);
    struct buf jwks CLEANUP(buf_done) = test_vector(FOLDER "/oidc/jwks.json");
    for (size_t i = 0; i < sizeof(TOKENS) / sizeof(TOKENS[0]); i++) {
        char name[128];
        struct judged got;
        struct jwt_unverified t CLEANUP(jwt_done) = {0};
        (void)snprintf(name, sizeof(name), FOLDER "/%s", TOKENS[i]);
        struct buf token CLEANUP(buf_done) = test_vector(name);
        assert_ok(jwt_parse(buf_view(&token), &t));
        judge(buf_view(&token), i < 2 ? T1 : T2, buf_view(&jwks), NULL, &got);
        compare_facts(TOKENS[i], t.claims_, &got.claimed.facts);
    }
}

/* Each claim that a check looked at: the digits of the token that hold it, then its own text. */
static void compare_rows(const struct evidence_trace *t, struct bytes token, unsigned *n)
{
    for (size_t i = 0; i + 1 < t->n; i++) {
        const struct evidence_trace_row *r = &t->v[i];
        struct buf decoded CLEANUP(buf_done) = BUF_MAX(1 << 14);
        if (strcmp(t->v[i + 1].label, "decoded") != 0)
            continue;
        assert_string_equal(r->input, "evidence");
        assert_true(r->offset + r->n <= token.n);
        assert_ok(base64url_decode(bytes_of(token.p + r->offset, r->n), &decoded));
        struct bytes text = evidence_trace_bytes(t, i + 1);
        if (memmem(decoded.p, decoded.n, text.p, text.n) == NULL)
            fail_msg("%s: %.*s", r->label, (int)text.n, (const char *)text.p);
        if (strcmp(r->label, "dbgstat") == 0)
            assert_bytes_equal(text, BYTES_LIT("\"enabled\""));
        if (strcmp(r->label, "submods/gce/zone") == 0)
            assert_bytes_equal(text, BYTES_LIT("\"us-west1-b\""));
        (*n)++;
    }
}

static void test_what_is_explained(void **state)
{
    (void)state;
    unsigned n = 0;
    test_vectors_or_skip(FOLDER);
    struct evidence_trace *trace CLEANUP(evidence_trace_freep) = NULL;
    struct checks checks = {.n = 0};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct buf token CLEANUP(buf_done) = test_vector(FOLDER "/pki/sev-debug.jwt");
    assert_ok(evidence_trace_new(&trace));
    const struct evidence_expect expect = {.at_unix_s = T2, .trace = trace};
    assert_true(failed(evidence_verify(buf_view(&token), EVIDENCE_CS_TOKEN, NULL, &expect, &checks,
                                       &claimed, &verified)));
    compare_rows(trace, buf_view(&token), &n);
    print_message("%u claims are shown where they stand\n", n);
    assert_true(n >= 20);
}

/* The decoded claims are signed by a key of this test, and judged at their own time. */
static void judge_claims(const struct rsa_secret *key, const char *file, enum verdict verdict,
                         const char *id)
{
    char name[128];
    struct judged got;
    (void)snprintf(name, sizeof(name), FOLDER "/%s", file);
    struct buf claims CLEANUP(buf_done) = test_vector(name);
    struct buf jwks CLEANUP(buf_done) = forge_jwks(key, 2048);
    struct buf token CLEANUP(buf_done) = forge_jwt_sign(
        key, BYTES_LIT("{\"alg\":\"RS256\",\"kid\":\"" FORGE_KID "\",\"typ\":\"JWT\"}"),
        buf_view(&claims));
    judge(buf_view(&token), 1751391092, buf_view(&jwks), POLICY(OAK, ""), &got);
    if (checks_verdict(&got.checks) != verdict)
        fail_msg("%s: %s (%s)", file, verdict_name(checks_verdict(&got.checks)), status_detail());
    if (id != NULL)
        assert_string_equal(checks_first_failure(&got.checks)->id, id);
    compare_facts(file, buf_view(&claims), &got.claimed.facts);
}

static void test_claims(void **state)
{
    (void)state;
    struct rsa_secret *key CLEANUP(rsa_secret_freep) = NULL;
    test_vectors_or_skip(FOLDER);
    assert_ok(rsa_generate(2048, &key));
    judge_claims(key, "claims/claims.json", VERDICT_ACCEPT, NULL);
    judge_claims(key, "claims/debug_claims.json", VERDICT_REJECT, "token.debug");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_pinned_root),
        cmocka_unit_test(test_issuer),
        cmocka_unit_test(test_key_set),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_what_is_explained),
        cmocka_unit_test(test_every_file_is_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
