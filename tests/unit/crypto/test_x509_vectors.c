/* Certificate chains from elsewhere: OpenSSL's tool, real Nitro documents and x509-limbo. */
#include "crypto/x509.h"

#include <stdio.h>
#include <time.h>

#include "formats/cose.h"
#include "formats/pem.h"
#include "support/test.h"
#include "support/vectors.h"

enum { DER_MAX = 1 << 20 };

/* --- real Nitro documents ----------------------------------------------------------------------
 */

struct file_row {
    const char *file;
    enum status_code code;
};

/* scripts/generate/x509_cases.sh makes them. */
static const struct file_row FILES[] = {
    {"good", ST_OK},        {"sha512", ST_CERT}, {"sha224", ST_CERT},
    {"agreement", ST_CERT}, {"p521", ST_CERT},   {"k256", ST_CERT},
};

static struct buf pem_file(const char *name)
{
    char path[64];
    struct buf der = BUF_MAX(DER_MAX);
    (void)snprintf(path, sizeof(path), "tests/data/x509/%s.pem", name);
    struct buf pem = test_file(path);
    struct bytes text = buf_view(&pem);
    assert_ok(pem_next(&text, "CERTIFICATE", &der));
    buf_done(&pem);
    return der;
}

static void algorithms_and_usage_are_ours(void **state)
{
    (void)state;
    struct buf root = pem_file("root");
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        struct buf leaf = pem_file(FILES[i].file);
        struct x509_chain chain = {
            .root = buf_view(&root), .leaf = buf_view(&leaf), .at_unix_s = INT64_C(2000000000)};
        struct x509_verified v;
        status s = x509_verify_chain(&chain, &v);
        if (s.code != FILES[i].code)
            fail_msg("%s: %s", FILES[i].file, status_name(s.code));
        buf_done(&leaf);
    }
    buf_done(&root);
}

struct nitro_row {
    const char *file;
    bool signature_holds;
};

static const struct nitro_row NITRO[] = {
    {"base-indefinite-map", true},
    {"blocky-production-max-fields", true},
    {"eternis-production-nonce20", true},
    {"eternis-bad-signature-debug", false},
    {"evervault-debug-pubkey-userdata", true},
    {"evervault-debug-tls-bound", true},
    {"evervault-production-in-certificate", true},
    {"evervault-production-pcr8-nonce", true},
    {"marlin-production-1", true},
    {"marlin-production-3", true},
};

struct nitro {
    struct bytes leaf, bundle[X509_CHAIN_MAX];
    size_t n_bundle;
    int64_t at_unix_s;
};

static void read_bundle(struct cbor_rd *r, struct nitro *out)
{
    struct cbor_iter it = cbor_array(r);
    while (cbor_next(r, &it) && out->n_bundle < X509_CHAIN_MAX)
        out->bundle[out->n_bundle++] = cbor_bytes(r);
}

static struct nitro nitro_of(struct bytes payload)
{
    struct nitro n = {0};
    struct cbor_rd r = cbor_rd_over(payload, CBOR_LENIENT);
    struct cbor_iter it = cbor_map(&r);
    while (cbor_next(&r, &it)) {
        struct bytes key = cbor_text(&r);
        if (bytes_equal(key, BYTES_LIT("certificate")))
            n.leaf = cbor_bytes(&r);
        else if (bytes_equal(key, BYTES_LIT("cabundle")))
            read_bundle(&r, &n);
        else if (bytes_equal(key, BYTES_LIT("timestamp")))
            n.at_unix_s = (int64_t)(cbor_uint(&r) / 1000);
        else
            (void)cbor_item(&r);
    }
    assert_ok(cbor_end(&r));
    return n;
}

static void run_nitro(const struct nitro_row *row, struct bytes root)
{
    char name[128];
    struct cose_unverified m;
    struct cose_verified payload;
    struct x509_verified v;
    (void)snprintf(name, sizeof(name), "nitro/docs/%s.cose", row->file);
    struct buf doc = test_vector(name);
    assert_ok(cose_parse(buf_view(&doc), COSE_TAG_FORBIDDEN, CBOR_LENIENT, &m));
    struct nitro n = nitro_of(cose_payload_unverified(&m));
    struct x509_chain chain = {.root = root,
                               .intermediates = n.bundle,
                               .n_intermediates = n.n_bundle,
                               .leaf = n.leaf,
                               .at_unix_s = n.at_unix_s};
    assert_ok(x509_verify_chain(&chain, &v));
    status s = cose_verify_ecdsa(&m, ECDSA_ES384, v.leaf_spki, (struct bytes){0}, &payload);
    assert_int_equal(s.code, row->signature_holds ? ST_OK : ST_AUTH);
    chain.at_unix_s = v.not_after_unix_s + 1;
    assert_code(x509_verify_chain(&chain, &v), ST_EXPIRED);
    chain.at_unix_s = n.at_unix_s;
    chain.root = n.bundle[1]; /* what the document itself carries is no anchor */
    assert_code(x509_verify_chain(&chain, &v), ST_CERT);
    buf_done(&doc);
}

static void nitro_documents(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    struct buf root = test_vector("nitro/root/aws-nitro-root-g1.der");
    struct buf pem = test_vector("nitro/root/aws-nitro-root-g1.pem");
    struct buf der = BUF_MAX(DER_MAX);
    struct bytes text = buf_view(&pem);
    assert_ok(pem_next(&text, "CERTIFICATE", &der));
    assert_bytes_equal(buf_view(&der), buf_view(&root));
    size_t n = sizeof(NITRO) / sizeof(NITRO[0]);
    for (size_t i = 0; i < n; i++)
        run_nitro(&NITRO[i], buf_view(&root));
    print_message("nitro: %zu documents run\n", n);
    buf_done(&root);
    buf_done(&pem);
    buf_done(&der);
}

/* --- x509-limbo ---------------------------------------------------------------------------------
 */

/* Where we mean to differ from the file's verdict, which is for web servers with names. Every other
 * case must agree. The folder's README calls some cases debatable (a second validator judged them
 * otherwise) and features named pedantic-* optional; the rest is firm. */
enum why {
    NAMES,    /* firm, but a host's name decides: attestation certificates have none, and no name is
               * an input of ours */
    PEDANTIC, /* a rule for public web servers, marked as optional by the case itself */
    DEBATABLE, /* named so by the README */
    STRICTER,  /* we refuse what the case allows */
    HINTS, /* firm: key identifiers, which certificates of AMD and Nitro lack. They help to find an
            * issuer and prove nothing */
    NO_INPUT, /* the case sets an option that we do not have */
    N_WHYS
};

static const char *const WHYS[N_WHYS] = {
    [NAMES] = "names of hosts are not judged", [PEDANTIC] = "pedantic, by the case's own feature",
    [DEBATABLE] = "debatable, by the README",  [STRICTER] = "we are stricter",
    [HINTS] = "key identifiers are hints",     [NO_INPUT] = "an option that we do not have",
};

struct difference {
    const char *id;
    enum why why;
};

static const struct difference DIFFERS[] = {
    /* a CA says what its key is for (RFC 5280 section 4.2.1.3), the root that signs CRLs too */
    {"crl::issuer-no-keyusage-extension", STRICTER},
    /* the anchor is not self-issued; ours are, and partial chains are off */
    {"cve::cve-2024-0567", STRICTER},
    /* evidence carries one line of issuers: no search for a second when the first fails */
    {"rfc5280::nc::nc-forbids-alternate-chain-ica", STRICTER},
    /* a leaf signs evidence and is no CA */
    {"pathlen::validation-ignores-pathlen-in-leaf", DEBATABLE},
    {"rfc5280::ca-as-leaf", DEBATABLE},
    /* the length of a chain is limited by X509_CHAIN_MAX alone */
    {"pathlen::max-chain-depth-0-exhausted", NO_INPUT},
    {"rfc5280::aki::leaf-missing-aki", HINTS},
    {"rfc5280::ski::intermediate-missing-ski", DEBATABLE},
    {"webpki::aki::root-with-aki-missing-keyidentifier", DEBATABLE},
    /* Nitro's have more than 20 bytes */
    {"rfc5280::serial::too-long", PEDANTIC},
    {"webpki::eku::ee-critical-eku", PEDANTIC},
    {"webpki::eku::ee-without-eku", PEDANTIC},
    {"webpki::san::public-suffix-wildcard-san", PEDANTIC},
    {"webpki::san::public-suffix-private-namespace-wildcard-san", PEDANTIC},
    {"cve::cve-2025-61727", NAMES},
    {"rfc5280::nc::invalid-dnsname-leading-period", NAMES},
    {"rfc5280::nc::nc-permits-invalid-dns-san", NAMES},
    {"rfc5280::nc::nc-permits-invalid-email-san", NAMES},
    {"rfc5280::nc::nc-forbids-dnsname-wildcard-san", NAMES},
    {"rfc5280::san::ip-in-dns", NAMES},
    {"webpki::nc::intermediate-permitted-excluded-subtrees-both-null", NAMES},
    {"webpki::cn::ipv4-leading-zeros-mismatch", DEBATABLE},
    {"webpki::cn::ipv6-uppercase-mismatch", DEBATABLE},
    {"webpki::cn::ipv6-non-rfc5952-mismatch", DEBATABLE},
    {"webpki::cn::punycode-not-in-san", DEBATABLE},
    {"webpki::cn::not-in-san", DEBATABLE},
    {"webpki::cn::case-mismatch", DEBATABLE},
    {"webpki::san::mismatch-domain-san", NAMES},
    {"webpki::san::mismatch-subdomain-san", NAMES},
    {"webpki::san::mismatch-apex-subdomain-san", NAMES},
    {"webpki::san::wildcard-not-in-leftmost-san", NAMES},
    {"webpki::san::wildcard-match-across-labels-san", NAMES},
    {"webpki::san::unicode-emoji-san", NAMES},
    {"webpki::san::no-san", NAMES},
    {"webpki::san::san-wildcard-only", NAMES},
    {"webpki::san::san-wildcard-only-tld", NAMES},
};

enum { N_DIFFERS = sizeof(DIFFERS) / sizeof(DIFFERS[0]) };
static bool was_met[N_DIFFERS];
static unsigned n_by_why[N_WHYS];

/* A row is for a case that really differs, and counts once. */
static bool differs(const char *id)
{
    for (size_t i = 0; i < N_DIFFERS; i++) {
        if (strcmp(id, DIFFERS[i].id) != 0)
            continue;
        assert_false(was_met[i]);
        was_met[i] = true;
        n_by_why[DIFFERS[i].why]++;
        return true;
    }
    return false;
}

/* What the case itself says must allow the row's reason. */
static void check_reason(const json_t *test, const char *id)
{
    size_t i = 0, j;
    bool is_pedantic = false;
    json_t *feature;
    while (strcmp(id, DIFFERS[i].id) != 0)
        i++;
    VECTOR_EACH(j, feature, vector_at(test, "features"))
    is_pedantic = is_pedantic || strncmp(json_string_value(feature), "pedantic-", 9) == 0;
    bool is_success = strcmp(vector_str(test, "expected_result"), "SUCCESS") == 0;
    assert_int_equal(DIFFERS[i].why == PEDANTIC, is_pedantic);
    if (DIFFERS[i].why == STRICTER)
        assert_true(is_success);
    if (DIFFERS[i].why == NAMES || DIFFERS[i].why == HINTS)
        assert_false(is_success);
}

static struct bytes der_of(struct vectors *v, const json_t *pem, const char *label)
{
    struct buf der = BUF_MAX(DER_MAX);
    struct bytes text = bytes_str(json_string_value(pem));
    assert_ok(pem_next(&text, label, &der));
    struct bytes kept = vector_keep(v, buf_view(&der));
    buf_done(&der);
    return kept;
}

enum { LIMBO_MAX = 128 };

static size_t ders_of(struct vectors *v, const json_t *list, const char *label,
                      struct bytes out[static LIMBO_MAX])
{
    size_t i;
    json_t *pem;
    VECTOR_EACH(i, pem, list)
    {
        assert_true(i < LIMBO_MAX);
        out[i] = der_of(v, pem, label);
    }
    return json_array_size(list);
}

/* "2024-04-01T00:00:05+00:00", or a second after the leaf begins. */
static int64_t limbo_time(const json_t *test, struct bytes leaf)
{
    const char *text = json_string_value(vector_at(test, "validation_time"));
    int64_t from = 0, to = 0;
    struct tm tm = {0};
    if (text == NULL)
        return ok(x509_validity(leaf, &from, &to)) ? from + 1 : 0;
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
    return (int64_t)timegm(&tm);
}

static void run_limbo(struct vectors *v, const json_t *test)
{
    struct bytes roots[LIMBO_MAX], between[LIMBO_MAX], crls[LIMBO_MAX];
    struct x509_verified verified;
    struct x509_chain chain = {.intermediates = between, .crls = crls};
    const char *id = vector_str(test, "id");
    size_t n_roots = ders_of(v, vector_at(test, "trusted_certs"), "CERTIFICATE", roots);
    chain.n_intermediates =
        ders_of(v, vector_at(test, "untrusted_intermediates"), "CERTIFICATE", between);
    chain.n_crls = ders_of(v, vector_at(test, "crls"), "X509 CRL", crls);
    chain.leaf = der_of(v, vector_at(test, "peer_certificate"), "CERTIFICATE");
    chain.at_unix_s = limbo_time(test, chain.leaf);
    bool accepted = false;
    for (size_t i = 0; i < n_roots; i++) {
        chain.root = roots[i];
        accepted = accepted || ok(x509_verify_chain(&chain, &verified));
    }
    bool wanted = strcmp(vector_str(test, "expected_result"), "SUCCESS") == 0;
    bool is_meant = differs(id);
    if (accepted != (wanted != is_meant))
        fail_msg("%s: %s", id, accepted ? "accepted" : "refused");
    if (is_meant)
        check_reason(test, id);
    v->n_run++;
    v->n_out_of_scope += is_meant;
}

static const char *const LIMBO_FILES[] = {"limbo-crl.json",     "limbo-cve.json",
                                          "limbo-pathlen.json", "limbo-pathological.json",
                                          "limbo-rfc5280.json", "limbo-webpki.json"};
enum { N_LIMBO_FILES = sizeof(LIMBO_FILES) / sizeof(LIMBO_FILES[0]) };

static void run_limbo_file(const char *file, unsigned *n_run, unsigned *n_differ)
{
    char name[64];
    size_t i;
    json_t *test;
    (void)snprintf(name, sizeof(name), "x509/%s", file);
    struct vectors v = vectors_open(name);
    VECTOR_EACH(i, test, vector_at(v.root, "testcases"))
    run_limbo(&v, test);
    assert_int_equal(v.n_run, json_array_size(vector_at(v.root, "testcases")));
    print_message("%s: %u cases judged, %u differ as named\n", name, v.n_run, v.n_out_of_scope);
    *n_run += v.n_run;
    *n_differ += v.n_out_of_scope;
    vectors_close(&v);
}

static void limbo(void **state)
{
    (void)state;
    unsigned n_run = 0, n_differ = 0;
    test_vectors_or_skip("x509");
    for (size_t f = 0; f < N_LIMBO_FILES; f++)
        run_limbo_file(LIMBO_FILES[f], &n_run, &n_differ);
    print_message("x509: %u cases judged, %u agree, %u differ as named:\n", n_run, n_run - n_differ,
                  n_differ);
    for (size_t i = 0; i < N_WHYS; i++)
        print_message("    %u: %s\n", n_by_why[i], WHYS[i]);
    for (size_t i = 0; i < N_DIFFERS; i++) {
        if (!was_met[i])
            fail_msg("no case %s", DIFFERS[i].id);
    }
}

static bool is_limbo_file(const char *name)
{
    for (size_t i = 0; i < N_LIMBO_FILES; i++) {
        if (strcmp(name, LIMBO_FILES[i]) == 0)
            return true;
    }
    return false;
}

static void every_file_is_run(void **state)
{
    (void)state;
    test_vectors_or_skip("x509");
    test_vectors_covered("x509", is_limbo_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms_and_usage_are_ours),
        cmocka_unit_test(nitro_documents),
        cmocka_unit_test(limbo),
        cmocka_unit_test(every_file_is_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
