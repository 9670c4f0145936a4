/* dcap_scene - one verification of a forged quote under the forge's own root. Unedited it is
 * accepted; a row of a test edits one thing and names the check and the code that must say so. */
#ifndef TEE_VERIFY_DCAP_SCENE_H
#define TEE_VERIFY_DCAP_SCENE_H

#include "support/forge_dcap.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tee/verify/dcap/dcap_root.h"
#include "tee/verify/evidence.h"

struct scene {
    struct forge_dcap f;
    const char *rules;  /* in the policy's member: ",\"statuses\":[...]" */
    const char *around; /* in the policy itself: ",\"service\":\"x\"" */
    const char *policy; /* in place of the whole policy */
    bool has_no_policy;
    struct evidence_expect expect;
    struct buf quote, collateral; /* made by the edit, or by scene_run() */
    bool has_no_collateral;
    bool has_statement; /* bound in REPORTDATA and given */
    struct statement statement;
    struct buf statement_bytes;
    struct evidence_policy *kept; /* what is published borrows from it */
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    status s;
};

static struct scene scene;

/* In place of the product's root: this program trusts the forge alone. */
struct bytes dcap_root(void)
{
    return forge_dcap_root(&scene.f);
}

static void scene_open(enum quote_tee tee)
{
    scene = (struct scene){
        .rules = "",
        .around = "",
        .expect = {.at_unix_s = FORGE_DCAP_NOW},
        .statement = {.service = BYTES_LIT("forge.service")},
    };
    scene.statement.platform = tee == QUOTE_TDX ? BYTES_LIT("intel-tdx") : BYTES_LIT("intel-sgx");
    memset(scene.statement.nonce, 0x11, 32);
    memset(scene.statement.identity_key, 0x22, 32);
    memset(scene.statement.config_digest, 0x44, 32);
    memset(scene.statement.model_digest, 0x55, 32);
    forge_dcap_init(&scene.f, tee);
}

static void scene_close(void)
{
    forge_dcap_done(&scene.f);
    evidence_policy_freep(&scene.kept);
    buf_done(&scene.quote);
    buf_done(&scene.collateral);
    buf_done(&scene.statement_bytes);
}

static void scene_put_pin(struct buf *out, const char *name, uint8_t fill, size_t n)
{
    buf_printf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%02x", fill);
    buf_put_str(out, "\"");
}

static struct evidence_policy *scene_policy(void)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    bool is_tdx = scene.f.tee == QUOTE_TDX;
    if (scene.has_no_policy)
        return NULL;
    buf_printf(&text, "{\"version\":1%s,\"%s\":{\"releases\":[{\"name\":\"r1\"", scene.around,
               is_tdx ? "tdx" : "sgx");
    if (is_tdx) {
        scene_put_pin(&text, "mrtd", 0xa0, 48);
        scene_put_pin(&text, "rtmr0", 0xb0, 48);
        scene_put_pin(&text, "rtmr1", 0xb1, 48);
        scene_put_pin(&text, "rtmr2", 0xb2, 48);
    } else {
        scene_put_pin(&text, "mrenclave", 0xe0, 32);
    }
    buf_printf(&text, "}]%s}}", scene.rules);
    assert_ok(evidence_policy_parse(scene.policy ? bytes_str(scene.policy) : buf_view(&text), &p));
    return p;
}

/* The statement's binding becomes the report data, and the statement comes beside the quote. */
static void scene_bind(void)
{
    uint8_t binding[STATEMENT_BINDING_LEN];
    bool is_tdx = scene.f.tee == QUOTE_TDX;
    scene.statement_bytes = BUF_MAX(1 << 10);
    assert_ok(statement_encode(&scene.statement, &scene.statement_bytes));
    assert_ok(statement_binding(&scene.statement, binding));
    memcpy(scene.f.body + (is_tdx ? FORGE_TD_REPORT_DATA : FORGE_SGX_REPORT_DATA), binding,
           sizeof(binding));
    scene.expect.beside.statement = buf_view(&scene.statement_bytes);
}

static void scene_run(void)
{
    evidence_policy_freep(&scene.kept);
    scene.kept = scene_policy();
    if (scene.has_statement)
        scene_bind();
    if (scene.quote.p == NULL)
        scene.quote = forge_dcap_quote(&scene.f);
    if (scene.collateral.p == NULL)
        scene.collateral = forge_dcap_collateral(&scene.f);
    struct bytes quote = test_exact(buf_view(&scene.quote));
    struct bytes collateral = test_exact(buf_view(&scene.collateral));
    if (!scene.has_no_collateral)
        scene.expect.beside.collateral = collateral;
    scene.checks = (struct checks){0};
    scene.s =
        evidence_verify(quote, scene.f.tee == QUOTE_TDX ? EVIDENCE_TDX : EVIDENCE_SGX, scene.kept,
                        &scene.expect, &scene.checks, &scene.claimed, &scene.verified);
    test_exact_free(quote);
    test_exact_free(collateral);
}

static void scene_each_once(const char *rule)
{
    for (size_t i = 1; i < scene.checks.n; i++) {
        if (strcmp(scene.checks.v[i - 1].id, scene.checks.v[i].id) == 0)
            fail_msg("%s: %s has two outcomes", rule, scene.checks.v[i].id);
    }
}

static void scene_must_be(const char *rule, enum verdict verdict, const char *id, const char *code)
{
    const struct check *first = checks_first_failure(&scene.checks);
    if (checks_verdict(&scene.checks) != verdict)
        fail_msg("%s: %s (%s: %s)", rule, verdict_name(checks_verdict(&scene.checks)),
                 first ? first->id : "no failure", first ? first->reason : "");
    scene_each_once(rule);
    if (ok(scene.s) != (verdict == VERDICT_ACCEPT))
        fail_msg("%s: the status does not say what the verdict says", rule);
    if (id == NULL) {
        assert_null(first);
        return;
    }
    const struct check *got = checks_find(&scene.checks, id);
    if (got == NULL || got->result != CHECK_FAIL || strcmp(got->code, code) != 0)
        fail_msg("%s: %s did not fail with %s but %s (%s); first failure %s: %s", rule, id, code,
                 got && got->code ? got->code : "not", got ? got->reason : "",
                 first ? first->id : "", first ? first->reason : "");
    if (first != got)
        fail_msg("%s: %s failed before %s: %s", rule, first->id, id, first->reason);
}

/* One row: an edit, and what must come of it. */
struct scene_row {
    const char *rule;
    enum quote_tee tee;
    void (*edit)(void);
    const char *id, *code; /* NULL: accepted */
};

static void scene_rows(const struct scene_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_malformed =
            rows[i].code != NULL && strcmp(rows[i].code, "DCAP_QUOTE_MALFORMED") == 0;
        scene_open(rows[i].tee);
        if (rows[i].edit != NULL)
            rows[i].edit();
        scene_run();
        scene_must_be(rows[i].rule,
                      rows[i].id == NULL ? VERDICT_ACCEPT
                      : is_malformed     ? VERDICT_MALFORMED
                                         : VERDICT_REJECT,
                      rows[i].id, rows[i].code);
        scene_close();
    }
}

#define SCENE_ROWS(rows) scene_rows((rows), sizeof(rows) / sizeof((rows)[0]))

/* A check that must be a SKIP. */
static inline void scene_must_skip(const char *id, bool is_required)
{
    const struct check *got = checks_find(&scene.checks, id);
    if (got == NULL || got->result != CHECK_SKIP || got->is_required != is_required)
        fail_msg("%s is no %s skip: %s", id, is_required ? "required" : "optional",
                 got ? got->reason : "absent");
}

#endif
