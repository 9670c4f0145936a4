/* A session with a TD: its bundle through the handshake, under a test root of Intel's place. */
#include "support/channel.h"

#include <string.h>

#include "base/clock.h"
#include "support/forge_dcap.h"
#include "tee/verify/dcap/dcap_root.h"

static struct td {
    struct forge_dcap forge;
    bool sends_collateral;
} td;

/* In the place of Intel's: this program trusts the forge alone. */
struct bytes dcap_root(void)
{
    return forge_dcap_root(&td.forge);
}

static status attest(void *ctx, const struct statement *s, struct buf *out)
{
    (void)ctx;
    uint8_t binding[STATEMENT_BINDING_LEN];
    struct buf statement CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    TRY(statement_encode(s, &statement));
    TRY(statement_binding(s, binding));
    memcpy(td.forge.body + FORGE_TD_REPORT_DATA, binding, sizeof(binding));
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(&td.forge);
    struct buf collateral CLEANUP(buf_done) = forge_dcap_collateral(&td.forge);
    struct bundle b = {
        .platform = s->platform, .evidence = buf_view(&quote), .statement = buf_view(&statement)};
    if (td.sends_collateral)
        b.collateral = buf_view(&collateral);
    return bundle_encode(&b, out);
}

static void put_pin(struct buf *out, const char *name, uint8_t fill)
{
    buf_printf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < 48; i++)
        buf_printf(out, "%02x", fill);
    buf_put_str(out, "\"");
}

static struct evidence_policy *policy(void)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    buf_put_str(&text, "{\"version\":1,\"service\":\"test.service\",\"freshness\":[\"session\","
                       "\"epoch\"],\"tdx\":{\"releases\":[{\"name\":\"r1\"");
    put_pin(&text, "mrtd", 0xa0);
    put_pin(&text, "rtmr0", 0xb0);
    put_pin(&text, "rtmr1", 0xb1);
    put_pin(&text, "rtmr2", 0xb2);
    buf_put_str(&text, "}]}}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static void open_td(struct channel_world *w)
{
    td = (struct td){.sends_collateral = true};
    forge_dcap_init(&td.forge, QUOTE_TDX);
    *w = (struct channel_world){.policy = policy()};
    assert_ok(ed25519_generate(&w->key));
    w->identity = (struct channel_identity){
        .key = &w->key,
        .platform = BYTES_LIT("intel-tdx"),
        .service = BYTES_LIT("test.service"),
        .evidence_type = EVIDENCE_TDX,
        .attest = attest,
    };
    w->options = (struct channel_client_options){.policy = w->policy, .at_unix_s = FORGE_DCAP_NOW};
}

static void close_td(struct channel_world *w)
{
    channel_epoch_freep(&w->identity.epoch);
    evidence_policy_freep(&w->policy);
    forge_dcap_done(&td.forge);
}

/* The client's outcome; a session is open in *out when it is OK. */
static status connect_to(struct channel_world *w, struct channel_ends *out)
{
    struct channel_side server;
    struct stream *a = NULL, *b = NULL;
    *out = (struct channel_ends){0};
    assert_ok(stream_pair(&a, &b));
    channel_start_server(w, b, &server);
    w->checks = (struct checks){0};
    status s = channel_connect(a, &w->options, &w->checks, &out->client);
    channel_join(&server);
    out->server = server.session;
    return s;
}

static void must_fail(struct channel_world *w, enum verdict verdict, const char *id,
                      const char *code)
{
    struct channel_ends e;
    assert_true(failed(connect_to(w, &e)));
    assert_int_equal(checks_verdict(&w->checks), verdict);
    const struct check *k = checks_find(&w->checks, id);
    assert_non_null(k);
    if (code != NULL && (k->code == NULL || strcmp(k->code, code) != 0))
        fail_msg("%s: %s", id, k->reason);
    channel_ends_done(&e);
}

static void a_td_serves_a_session(void **state)
{
    (void)state;
    struct channel_world w CLEANUP(close_td);
    struct channel_ends e;
    open_td(&w);
    assert_ok(connect_to(&w, &e));
    const struct evidence_verified *v = session_evidence(e.client);
    assert_int_equal(v->type, EVIDENCE_TDX);
    assert_string_equal(v->release, "r1");
    assert_memory_equal(v->statement.identity_key, w.key.public_key, 32);
    assert_true(bundle_is(session_evidence_bytes(e.client)));
    channel_ends_done(&e);
}

static void collateral_may_be_the_clients(void **state)
{
    (void)state;
    struct channel_world w CLEANUP(close_td);
    struct channel_ends e;
    open_td(&w);
    td.sends_collateral = false;
    must_fail(&w, VERDICT_INCOMPLETE, "tcb_info.signature", NULL);
    struct buf collateral CLEANUP(buf_done) = forge_dcap_collateral(&td.forge);
    const struct evidence_inputs beside = {.collateral = buf_view(&collateral)};
    w.options.beside = &beside;
    assert_ok(connect_to(&w, &e));
    channel_ends_done(&e);
}

static void older_collateral_is_not_believed_again(void **state)
{
    (void)state;
    struct channel_world w CLEANUP(close_td);
    struct channel_ends e;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    assert_ok(evidence_memory_new(&m));
    open_td(&w);
    w.options.memory = m;
    unsigned newest = td.forge.tcb_evaluation;
    assert_ok(connect_to(&w, &e));
    channel_ends_done(&e);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_TDX_TCB), newest);
    td.forge.tcb_evaluation = newest - 1;
    assert_true(failed(connect_to(&w, &e)));
    assert_int_equal(checks_verdict(&w.checks), VERDICT_REJECT);
    channel_ends_done(&e);
}

/* A quote tells no time. */
static void an_epoch_of_any_age_is_not_taken(void **state)
{
    (void)state;
    struct channel_world w CLEANUP(close_td);
    open_td(&w);
    assert_ok(channel_epoch_new(3600, &w.identity.epoch));
    w.policy->freshness_mask = 1u << FRESH_EPOCH;
    must_fail(&w, VERDICT_REJECT, "freshness", "POLICY_FRESHNESS_REFUSED");
}

static void another_td_is_not_let_in(void **state)
{
    (void)state;
    struct channel_world w CLEANUP(close_td);
    open_td(&w);
    td.forge.body[FORGE_TD_RTMR0 + 48] ^= 1; /* RTMR1: another kernel */
    must_fail(&w, VERDICT_REJECT, "measurements", "DCAP_MEASUREMENT_MISMATCH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_td_serves_a_session),
        cmocka_unit_test(collateral_may_be_the_clients),
        cmocka_unit_test(older_collateral_is_not_believed_again),
        cmocka_unit_test(an_epoch_of_any_age_is_not_taken),
        cmocka_unit_test(another_td_is_not_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
