/* snp_scene - SEV-SNP evidence under roots of our own, a policy that accepts it, and the verdict.
 *
 * Header only, for the tests of one program each; it takes the place of the pinned roots there.
 */
#ifndef TEE_VERIFY_SNP_SCENE_H
#define TEE_VERIFY_SNP_SCENE_H

#include "support/forge_snp.h"
#include "support/test.h"

#include "tee/verify/evidence.h"
#include "tee/verify/snp/snp.h"

#define NONCE_BYTE    0x11
#define IDENTITY_BYTE 0x22

/* Takes the place of the pinned roots in this program. */
static struct bytes test_root;

struct bytes snp_root(enum snp_product p)
{
    (void)p;
    return test_root;
}

struct scene {
    struct forge_snp f;
    const char *extra, *pins, *top; /* JSON for the policy; see forge_snp_policy() */
    enum snp_product policy_product;
    bool has_policy, is_bound;
    struct statement statement;
    struct buf statement_bytes;
    struct bytes crls[2];
    struct evidence_expect expect;
    struct checks checks;
    struct evidence_verified verified;
    char release[SNP_RELEASE_NAME_MAX + 1]; /* empty unless accepted */
};

static inline void init_kind(struct scene *s, enum snp_product product, enum snp_signing_key kind)
{
    *s = (struct scene){.extra = "",
                        .pins = "",
                        .top = "",
                        .policy_product = product,
                        .has_policy = true,
                        .statement_bytes = BUF_MAX(STATEMENT_MAX_BYTES)};
    forge_snp_init(&s->f, product, kind);
    if (kind == SNP_KEY_VLEK)
        s->extra = ",\"signing_keys\":[\"vlek\"],\"csp_ids\":[\"" FORGE_SNP_CSP "\"]";
    s->statement = (struct statement){.platform = BYTES_LIT(STATEMENT_PLATFORM_SNP),
                                      .service = BYTES_LIT("forge.service")};
    memset(s->statement.nonce, NONCE_BYTE, sizeof(s->statement.nonce));
    memset(s->statement.identity_key, IDENTITY_BYTE, sizeof(s->statement.identity_key));
    s->expect = (struct evidence_expect){.at_unix_s = FORGE_SNP_NOW};
}

static inline void init(struct scene *s)
{
    init_kind(s, SNP_GENOA, SNP_KEY_VCEK);
}

static inline void done(struct scene *s)
{
    forge_snp_done(&s->f);
    buf_done(&s->statement_bytes);
}

static inline void issue(struct scene *s)
{
    forge_snp_issue(&s->f);
    test_root = buf_view(&s->f.ark);
    s->expect.beside.certs = buf_view(&s->f.certs);
    s->crls[0] = buf_view(&s->f.crl);
    s->expect.beside.crls = s->crls;
    s->expect.beside.n_crls = 1;
}

/* A live session: the report carries the statement's binding. */
static inline void bind_statement(struct scene *s)
{
    static uint8_t nonce[32], key[32];
    memset(nonce, NONCE_BYTE, sizeof(nonce));
    memset(key, IDENTITY_BYTE, sizeof(key));
    assert_ok(statement_encode(&s->statement, &s->statement_bytes));
    assert_ok(statement_binding(&s->statement, s->f.report + 0x50));
    s->expect.is_session = true;
    s->expect.client_nonce = nonce;
    s->expect.identity_key = key;
    s->expect.beside.statement = buf_view(&s->statement_bytes);
}

static inline struct evidence_policy *policy_of(const struct scene *s)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct evidence_policy *p = NULL;
    buf_printf(&text, "{\"version\":1%s,", s->top);
    forge_snp_policy(&text, s->policy_product, s->extra, s->pins);
    buf_put_str(&text, "}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static inline enum verdict judge(struct scene *s)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = s->has_policy ? policy_of(s) : NULL;
    struct bytes exact = test_exact(BYTES_OF(s->f.report));
    s->checks = (struct checks){0};
    status got =
        evidence_verify(exact, EVIDENCE_SNP, p, &s->expect, &s->checks, NULL, &s->verified);
    enum verdict v = checks_verdict(&s->checks);
    assert_int_equal(ok(got), v == VERDICT_ACCEPT);
    (void)snprintf(s->release, sizeof(s->release), "%s", ok(got) ? s->verified.release : "");
    test_exact_free(exact);
    return v;
}

static inline void assert_failed_with(const struct scene *s, const char *row, const char *id,
                                      const char *code)
{
    const struct check *k = checks_find(&s->checks, id);
    assert_non_null(k);
    if (k->result != CHECK_FAIL || strcmp(k->code, code) != 0)
        fail_msg("%s: %s: result %d code %s, expected %s (%s)", row, id, (int)k->result,
                 k->code ? k->code : "-", code, k->reason);
    if (strcmp(checks_first_failure(&s->checks)->id, id) != 0)
        fail_msg("%s: %s failed before %s", row, checks_first_failure(&s->checks)->id, id);
}

static inline void assert_accepted(struct scene *s, const char *row)
{
    enum verdict v = judge(s);
    const struct check *k = checks_first_failure(&s->checks);
    if (k != NULL)
        fail_msg("%s: %s: %s", row, k->id, k->reason);
    for (size_t i = 0; i < s->checks.n; i++) {
        k = &s->checks.v[i];
        if (k->result == CHECK_SKIP && k->is_required)
            fail_msg("%s: %s: %s", row, k->id, k->reason);
    }
    assert_int_equal(v, VERDICT_ACCEPT);
    assert_string_equal(s->release, "r1");
}

#define CHIP_C1                                                        \
    "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1" \
    "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"

#define REP16(x) x x x x x x x x x x x x x x x x

static inline void masked_chip(struct scene *s)
{
    forge_snp_fill(&s->f, 0x1a0, 0, SNP_CHIP_ID_LEN);
}

static inline void migration_allowed(struct scene *s)
{
    forge_snp_le(&s->f, 0x08, 0x70137, 8);
}

static inline void migration_agent(struct scene *s)
{
    forge_snp_fill(&s->f, 0x160, 0x42, SNP_REPORT_ID_LEN);
}

static inline void vmpl_1(struct scene *s)
{
    forge_snp_le(&s->f, 0x30, 1, 4);
}

static inline void assert_required_skip(const struct scene *s, const char *id)
{
    const struct check *k = checks_find(&s->checks, id);
    assert_non_null(k);
    if (k->result != CHECK_SKIP || !k->is_required)
        fail_msg("%s: result %d: %s", id, (int)k->result, k->reason);
}

static inline int done_keys(void **state)
{
    (void)state;
    forge_snp_keys_done();
    return 0;
}

#endif
