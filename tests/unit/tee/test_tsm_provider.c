/* TDX and SEV-SNP guests from end to end: a fake kernel whose reports are forged under this
 * program's roots, the provider over it, the bundle, and a client that verifies and connects. */
#include "support/channel.h"
#include "support/fake_tsm.h"
#include "support/forge_dcap.h"
#include "support/forge_snp.h"

#include <unistd.h>

#include "base/text.h"
#include "serve/signer.h"
#include "tee/tsm_provider.h"
#include "tee/verify/bundle.h"
#include "tee/verify/dcap/dcap_root.h"
#include "tee/verify/snp/snp.h"

static struct forge_dcap tdx;
static struct forge_snp snp;

struct bytes dcap_root(void)
{
    return forge_dcap_root(&tdx);
}

struct bytes snp_root(enum snp_product p)
{
    (void)p;
    return buf_view(&snp.ark);
}

static void make_quote(void *ctx, const uint8_t *inblob, struct buf *out)
{
    struct forge_dcap *f = ctx;
    memcpy(f->body + FORGE_TD_REPORT_DATA, inblob, TSM_INBLOB_LEN);
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(f);
    buf_put(out, buf_view(&quote));
}

static void make_report(void *ctx, const uint8_t *inblob, struct buf *out)
{
    struct forge_snp *f = ctx;
    memcpy(f->report + 0x50, inblob, TSM_INBLOB_LEN);
    forge_snp_sign(f);
    buf_put(out, BYTES_OF(f->report));
}

static void put_row(struct buf *out, const char *guid, size_t at, size_t n)
{
    uint8_t row[8] = {(uint8_t)at, (uint8_t)(at >> 8), 0, 0, (uint8_t)n, (uint8_t)(n >> 8), 0, 0};
    buf_put(out, bytes_of(guid, 16));
    buf_put(out, BYTES_OF(row));
}

/* The host's table, as configfs-tsm gives it in auxblob. */
static struct buf certificate_table(void)
{
    enum { ROWS = 4 * 24 };
    struct buf out = BUF_MAX(TSM_OUTBLOB_MAX);
    size_t at = ROWS;
    put_row(&out, "\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd", at,
            snp.leaf.n);
    at += snp.leaf.n;
    put_row(&out, "\x4a\xb7\xb3\x79\xbb\xac\x4f\xe4\xa0\x2f\x05\xae\xf3\x27\xc7\x82", at,
            snp.ask.n);
    at += snp.ask.n;
    put_row(&out, "\xc0\xb4\x06\xa4\xa8\x03\x49\x52\x97\x43\x3f\xb6\x01\x4c\xd0\xae", at,
            snp.ark.n);
    assert_non_null(buf_extend(&out, 24));
    memset(out.p + ROWS - 24, 0, 24);
    buf_put(&out, buf_view(&snp.leaf));
    buf_put(&out, buf_view(&snp.ask));
    buf_put(&out, buf_view(&snp.ark));
    return out;
}

static struct fake_tsm tdx_guest(void)
{
    return (struct fake_tsm){.provider = "tdx_guest\n", .make_blob = make_quote, .ctx = &tdx};
}

static struct fake_tsm snp_guest(const struct buf *table)
{
    return (struct fake_tsm){.provider = "sev_guest\n",
                             .make_blob = make_report,
                             .ctx = &snp,
                             .aux = table ? buf_view(table) : (struct bytes){0}};
}

static struct evidence_policy *tdx_policy(void)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    buf_put_str(&text, "{\"version\":1,\"freshness\":[\"session\",\"epoch\"],\"service\":"
                       "\"test.service\",\"tdx\":{\"releases\":[{\"name\":\"td\",\"mrtd\":\"");
    hex_put(&text, bytes_of(tdx.body + FORGE_TD_MRTD, 48));
    buf_put_str(&text, "\",\"rtmr1\":\"");
    hex_put(&text, bytes_of(tdx.body + FORGE_TD_RTMR0 + 48, 48));
    buf_put_str(&text, "\",\"rtmr2\":\"");
    hex_put(&text, bytes_of(tdx.body + FORGE_TD_RTMR0 + 96, 48));
    buf_put_str(&text, "\"}]}}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static struct evidence_policy *snp_policy(void)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    buf_put_str(&text, "{\"version\":1,\"freshness\":[\"session\",\"epoch\"],\"service\":"
                       "\"test.service\",");
    forge_snp_policy(&text, snp.product, "", "");
    buf_put_str(&text, "}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static struct statement some_statement(void)
{
    struct statement s = {.service = BYTES_LIT("test.service")};
    memset(s.nonce, 1, sizeof(s.nonce));
    memset(s.identity_key, 2, sizeof(s.identity_key));
    return s;
}

static void test_tdx_bundle(void **state)
{
    (void)state;
    struct fake_tsm f = tdx_guest();
    struct tsm_tree t = fake_tsm(&f);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct measurements m = {0};
    struct bundle b;
    const struct statement s = some_statement();
    assert_ok(tsm_provider_over(&t, &p));
    assert_string_equal(tee_platform(p), "intel-tdx");
    assert_ok(tee_measurements(p, &m));
    assert_int_equal(m.kind, MEASUREMENT_TDX);
    assert_int_equal(m.present_mask, 0x1f);
    assert_memory_equal(m.pcr[0], tdx.body + FORGE_TD_MRTD, 48);
    assert_memory_equal(m.pcr[4], tdx.body + FORGE_TD_RTMR0 + 3 * 48, 48);
    assert_ok(tee_attest(p, &s, &out));
    assert_ok(bundle_parse(buf_view(&out), &b));
    assert_bytes_equal(b.platform, BYTES_LIT("intel-tdx"));
    assert_null(b.certs.p);
    assert_non_null(b.statement.p);
    assert_int_equal(f.n_made, f.n_removed);
}

static void test_snp_bundle(void **state)
{
    (void)state;
    struct buf table CLEANUP(buf_done) = certificate_table();
    struct fake_tsm f = snp_guest(&table);
    struct tsm_tree t = fake_tsm(&f);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct measurements m = {0};
    struct bundle b;
    const struct statement s = some_statement();
    assert_ok(tsm_provider_over(&t, &p));
    assert_string_equal(tee_platform(p), "amd-sev-snp");
    assert_ok(tee_measurements(p, &m));
    assert_int_equal(m.kind, MEASUREMENT_SNP);
    assert_int_equal(m.pcr[0][0], FORGE_SNP_MEASURED);
    assert_ok(tee_attest(p, &s, &out));
    assert_ok(bundle_parse(buf_view(&out), &b));
    assert_bytes_equal(b.evidence, BYTES_OF(snp.report));
    assert_bytes_equal(b.certs, buf_view(&table));
}

static void test_random(void **state)
{
    (void)state;
    struct fake_tsm f = tdx_guest();
    struct tsm_tree t = fake_tsm(&f);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    uint8_t a[64] = {0}, b[64] = {0};
    assert_ok(tsm_provider_over(&t, &p));
    assert_ok(tee_random(p, a, sizeof(a)));
    assert_ok(tee_random(p, b, sizeof(b)));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void put_garbage(void *ctx, const uint8_t *inblob, struct buf *out)
{
    (void)ctx;
    buf_put(out, bytes_of(inblob, TSM_INBLOB_LEN));
    buf_put(out, bytes_of(inblob, TSM_INBLOB_LEN));
}

/* The right bytes in the wrong place: another field of the report. */
static void put_misplaced(void *ctx, const uint8_t *inblob, struct buf *out)
{
    struct forge_dcap *f = ctx;
    uint8_t kept[TSM_INBLOB_LEN];
    memcpy(kept, f->body + FORGE_TD_MRCONFIGID, sizeof(kept));
    memset(f->body + FORGE_TD_REPORT_DATA, 7, TSM_INBLOB_LEN);
    memcpy(f->body + FORGE_TD_MRCONFIGID, inblob, TSM_INBLOB_LEN);
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(f);
    memcpy(f->body + FORGE_TD_MRCONFIGID, kept, sizeof(kept));
    buf_put(out, buf_view(&quote));
}

static void test_refusals(void **state)
{
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct fake_tsm f = tdx_guest();
    struct tsm_tree t = fake_tsm(&f);
    f.make_blob = put_garbage;
    assert_code(tsm_provider_over(&t, &p), ST_UNSUPPORTED); /* no version of a quote */
    f.make_blob = put_misplaced;
    assert_code(tsm_provider_over(&t, &p), ST_MISMATCH);
    f = tdx_guest();
    f.trouble = FAKE_TSM_NO_PROVIDER;
    assert_code(tsm_provider_over(&t, &p), ST_NOTFOUND);
    f = tdx_guest();
    f.provider = "sev_guest\n"; /* and a quote */
    assert_true(failed(tsm_provider_over(&t, &p)));
    assert_null(p);
}

/* The kernel's provider is another one after the start. */
static void test_provider_changes(void **state)
{
    (void)state;
    struct fake_tsm f = tdx_guest();
    struct tsm_tree t = fake_tsm(&f);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    const struct statement s = some_statement();
    assert_ok(tsm_provider_over(&t, &p));
    f = snp_guest(NULL);
    assert_code(tee_attest(p, &s, &out), ST_MISMATCH);
    f = tdx_guest();
    f.trouble = FAKE_TSM_IO_READ;
    assert_code(tee_attest(p, &s, &out), ST_IO);
    assert_int_equal(out.n, 0);
}

static void test_not_a_guest(void **state)
{
    (void)state;
    struct tee_provider *p = NULL;
    if (access(TSM_PATH, F_OK) == 0)
        skip();
    assert_code(tsm_provider_open(&p), ST_NOTFOUND);
    assert_null(p);
}

/* What such a guest signs of its answers: AIR v1 has a place for TDX's registers, and none for
 * SNP's measurement, so that a service does not start. */
static void test_receipts(void **state)
{
    (void)state;
    struct fake_tsm guests[] = {tdx_guest(), snp_guest(NULL)};
    for (size_t i = 0; i < 2; i++) {
        struct tsm_tree t = fake_tsm(&guests[i]);
        struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
        const struct signer_model model = {.id = "m", .version = "1", .digest = {7}};
        struct signer s = {.key = NULL};
        assert_ok(tsm_provider_over(&t, &p));
        assert_code(signer_init(&s, p, "test.service", "policy", &model),
                    i == 0 ? ST_OK : ST_UNSUPPORTED);
        signer_done(&s);
    }
}

/* ---- sessions ---- */

struct guest {
    struct fake_tsm kernel;
    const char *platform;
    enum evidence_type type;
    struct evidence_policy *policy;
    struct evidence_inputs beside;
    int64_t now;
};

static status handshake(struct guest *g, struct channel_world *w, struct channel_ends *out)
{
    struct channel_side server;
    struct stream *a = NULL;
    struct stream *b = NULL;
    w->identity.platform = bytes_str(g->platform);
    w->identity.evidence_type = (uint8_t)g->type;
    w->options = (struct channel_client_options){
        .policy = g->policy, .at_unix_s = g->now, .beside = &g->beside};
    assert_ok(stream_pair(&a, &b));
    channel_start_server(w, b, &server);
    w->checks = (struct checks){0};
    status s = channel_connect(a, &w->options, &w->checks, &out->client);
    channel_join(&server);
    out->server = server.session;
    if (ok(s) && failed(server.result))
        fail_msg("server: %s (%s)", status_name(server.result.code), server.detail);
    return s;
}

/* A session, and one that must not be: with inputs that the caller has spoiled by then. */
static void connect_over(struct guest *g, void (*spoil)(struct guest *), const char *id)
{
    struct channel_world w;
    struct tsm_tree t = fake_tsm(&g->kernel);
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    channel_world_open(&w);
    assert_ok(tsm_provider_over(&t, &p));
    w.identity.ctx = p;
    for (int i = 0; i < 2; i++) {
        struct channel_ends e = {0};
        if (i == 1)
            spoil(g);
        status s = handshake(g, &w, &e);
        if (i == 0 && failed(s))
            fail_msg("%s: %s (%s)", g->platform, status_name(s.code), status_detail());
        if (i == 1) {
            assert_true(failed(s));
            assert_string_equal(checks_first_failure(&w.checks)->id, id);
        }
        channel_ends_done(&e);
    }
    w.identity.ctx = w.provider;
    channel_world_close(&w);
}

static void spoil_mrtd(struct guest *g)
{
    (void)g;
    tdx.body[FORGE_TD_MRTD] ^= 1;
}

static void test_tdx_session(void **state)
{
    (void)state;
    struct buf collateral CLEANUP(buf_done) = forge_dcap_collateral(&tdx);
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = tdx_policy();
    struct guest g = {.kernel = tdx_guest(),
                      .platform = "intel-tdx",
                      .type = EVIDENCE_TDX,
                      .policy = policy,
                      .beside = {.collateral = buf_view(&collateral)},
                      .now = FORGE_DCAP_NOW};
    connect_over(&g, spoil_mrtd, "measurements");
    spoil_mrtd(&g);
}

static void spoil_measurement(struct guest *g)
{
    (void)g;
    snp.report[0x90] ^= 1;
}

static void test_snp_session(void **state)
{
    (void)state;
    struct buf table CLEANUP(buf_done) = certificate_table();
    const struct bytes crls[] = {buf_view(&snp.crl)};
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = snp_policy();
    struct guest g = {.kernel = snp_guest(&table),
                      .platform = "amd-sev-snp",
                      .type = EVIDENCE_SNP,
                      .policy = policy,
                      .beside = {.crls = crls, .n_crls = 1},
                      .now = FORGE_SNP_NOW};
    connect_over(&g, spoil_measurement, "launch.measurement");
    spoil_measurement(&g);
}

static int set_up(void **state)
{
    (void)state;
    forge_dcap_init(&tdx, QUOTE_TDX);
    forge_snp_init(&snp, SNP_GENOA, SNP_KEY_VCEK);
    forge_snp_issue(&snp);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_dcap_done(&tdx);
    forge_snp_done(&snp);
    forge_snp_keys_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tdx_bundle),       cmocka_unit_test(test_snp_bundle),
        cmocka_unit_test(test_random),           cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_provider_changes), cmocka_unit_test(test_not_a_guest),
        cmocka_unit_test(test_receipts),         cmocka_unit_test(test_tdx_session),
        cmocka_unit_test(test_snp_session),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
