/* A Confidential Space workload from end to end: a fake launcher whose tokens are forged under this
 * program's root, the provider over it, the bundle, and a client that verifies it. */
#include "support/fake_launcher.h"
#include "support/forge_cs.h"

#include "tee/cs_provider.h"
#include "tee/verify/bundle.h"

static struct forge_cs forge;

struct bytes cs_root(void)
{
    return buf_view(&forge.certs[0]);
}

static bool replaces_nonce;

/* The token that the request asks for, with its one nonce. */
static void make_token(void *ctx, struct bytes json, struct buf *out)
{
    char nonce[CS_NONCE_TEXT_LEN + 1] = "";
    const uint8_t *at = memmem(json.p, json.n, "\"nonces\":[\"", 11);
    (void)ctx;
    assert_non_null(at);
    memcpy(nonce, at + 11, CS_NONCE_TEXT_LEN);
    if (replaces_nonce)
        nonce[0] = 'z';
    struct buf claims CLEANUP(buf_done) =
        forge_cs_edit(BYTES_LIT(FORGE_CS_CLAIMS), "@NONCE@", nonce);
    bool is_pki = memmem(json.p, json.n, "\"PKI\"", 5) != NULL;
    struct buf token CLEANUP(buf_done) =
        is_pki ? forge_cs_pki(&forge, buf_view(&claims)) : forge_cs_oidc(&forge, buf_view(&claims));
    buf_printf(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", token.n);
    buf_put(out, buf_view(&token));
    buf_put_str(out, "\r\n0\r\n\r\n");
}

static void open_provider(const struct fake_launcher *f, enum cs_launcher_kind kind,
                          struct tee_provider **out)
{
    const struct cs_provider_options o = {
        .launcher = {.socket = f->path, .timeout_ms = 5000},
        .audience = "https://forge.example",
        .kind = kind,
    };
    assert_ok(cs_provider_open(&o, out));
}

static void verify(struct bytes bundle, bool has_jwks)
{
    struct checks checks = {.n = 0};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = forge_cs_policy(NULL, NULL);
    struct evidence_expect expect = forge_cs_expect(&forge);
    expect.beside.statement = (struct bytes){0}; /* comes in the bundle */
    if (!has_jwks)
        expect.beside.jwks = (struct bytes){0};
    status s =
        evidence_verify(bundle, EVIDENCE_CS_TOKEN, policy, &expect, &checks, &claimed, &verified);
    if (failed(s))
        fail_msg("%s", status_detail());
    assert_memory_equal(verified.statement.receipt_key, forge.statement.receipt_key, 32);
}

static void test_bundles(void **state)
{
    (void)state;
    for (int kind = CS_LAUNCHER_OIDC; kind <= CS_LAUNCHER_PKI; kind++) {
        struct fake_launcher f = {.make = make_token};
        struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
        struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
        fake_launcher_start(&f);
        open_provider(&f, (enum cs_launcher_kind)kind, &p);
        assert_string_equal(tee_platform(p), "gcp-confidential-space");
        assert_ok(tee_attest(p, &forge.statement, &out));
        fake_launcher_stop(&f);
        verify(buf_view(&out), kind == CS_LAUNCHER_OIDC);
    }
}

static void test_another_nonce(void **state)
{
    (void)state;
    struct fake_launcher f = {.make = make_token};
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    replaces_nonce = true;
    fake_launcher_start(&f);
    open_provider(&f, CS_LAUNCHER_PKI, &p);
    assert_code(tee_attest(p, &forge.statement, &out), ST_MISMATCH);
    fake_launcher_stop(&f);
    replaces_nonce = false;
    assert_int_equal(out.n, 0);
}

static void test_no_launcher(void **state)
{
    (void)state;
    struct fake_launcher f = {.path = "/nonexistent/teeserver.sock"};
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct measurements m;
    uint8_t random[16];
    open_provider(&f, CS_LAUNCHER_PKI, &p);
    assert_code(tee_attest(p, &forge.statement, &out), ST_NOTFOUND);
    assert_ok(tee_measurements(p, &m));
    assert_int_equal(m.present_mask, 0);
    assert_ok(tee_random(p, random, sizeof(random)));
}

static void test_options(void **state)
{
    (void)state;
    char longer[CS_LAUNCHER_AUDIENCE_MAX + 2];
    struct tee_provider *p = NULL;
    struct cs_provider_options o = {.launcher = {.socket = CS_LAUNCHER_SOCKET}, .audience = ""};
    assert_code(cs_provider_open(&o, &p), ST_USAGE);
    o.audience = "a b";
    assert_code(cs_provider_open(&o, &p), ST_USAGE);
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    o.audience = longer;
    assert_code(cs_provider_open(&o, &p), ST_USAGE);
    o.launcher.socket = longer;
    o.audience = "a";
    assert_code(cs_provider_open(&o, &p), ST_USAGE);
    assert_null(p);
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
        cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_another_nonce),
        cmocka_unit_test(test_no_launcher),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
