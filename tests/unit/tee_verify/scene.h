/* A scene: a forge, what the verifier is told, and the judgement. Header only, for the tests of the
 * verifier. */
#ifndef UNIT_TEE_VERIFY_SCENE_H
#define UNIT_TEE_VERIFY_SCENE_H

#include "support/forge.h"

struct scene {
    struct forge f;
    struct evidence_expect e;
    enum evidence_type type;
    const char *rules; /* JSON inside "simulated" */
    const char *extra; /* JSON at the end of the policy */
    bool has_no_policy;
    struct buf crls[3];
    struct bytes crl_views[3];
    struct buf signed_by_test; /* overrides forge_sign() when not empty */
};

struct outcome {
    enum verdict verdict;
    struct checks c;
    struct evidence_verified v;
    struct evidence_claimed claimed;
    struct buf document; /* the views of v live here */
};

static inline void scene_init(struct scene *s)
{
    *s = (struct scene){.type = EVIDENCE_SIMULATED, .rules = "", .extra = ""};
    forge_init(&s->f);
    s->e = forge_expect(&s->f);
    for (size_t i = 0; i < 3; i++)
        s->crls[i] = BUF_MAX(1 << 14);
    s->signed_by_test = BUF_MAX(1 << 16);
}

static inline void scene_done(struct scene *s)
{
    forge_done(&s->f);
    for (size_t i = 0; i < 3; i++)
        buf_done(&s->crls[i]);
    buf_done(&s->signed_by_test);
}

static inline void judge_document(struct scene *s, struct bytes doc,
                                  const struct evidence_policy *p, struct outcome *o)
{
    struct bytes exact = test_exact(doc);
    o->c = (struct checks){0};
    status done = evidence_verify(exact, s->type, p, &s->e, &o->c, &o->claimed, &o->v);
    o->verdict = checks_verdict(&o->c);
    assert_int_equal(ok(done), o->verdict == VERDICT_ACCEPT);
    test_exact_free(exact);
}

enum { N_CHECKS = 19 };

static const char *const IDS[N_CHECKS] = {
    "document",
    "root",
    "certificates.time",
    "certificates.chain",
    "revocation",
    "signature",
    "timestamp",
    "timestamp.age",
    "debug",
    "policy",
    "measurements",
    "statement",
    "platform",
    "freshness",
    "nonce",
    "public_key",
    "service",
    "config",
    "model",
};

static inline void judge(struct scene *s, struct outcome *o)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf doc CLEANUP(buf_done) = BUF_MAX(0);
    if (!s->has_no_policy)
        p = forge_policy_with(&s->f, s->rules, s->extra);
    doc = s->signed_by_test.n > 0 ? buf_take(&s->signed_by_test) : forge_sign(&s->f);
    judge_document(s, buf_view(&doc), p, o);
}

static void check_order(const struct outcome *o)
{
    assert_int_equal(o->c.n, N_CHECKS);
    for (size_t i = 0; i < N_CHECKS; i++)
        assert_string_equal(o->c.v[i].id, IDS[i]);
}

/* ---- edits that more than one test needs ---- */

static const uint8_t OTHER[32] = {9};

static inline void leaf_signed_by_itself(struct scene *s)
{
    s->f.certs[4].request.issuer_key = s->f.certs[4].key;
    forge_issue(&s->f);
}

static inline void another_client_nonce(struct scene *s)
{
    s->e.client_nonce = OTHER;
}

/* ---- revocation: 0 is the root's CRL (over the region), 1 the region's (over the zone) ---- */

static inline void make_crl(struct scene *s, unsigned i, const struct bytes *revoked,
                            int64_t next_update, const struct ecdsa_secret *key)
{
    struct x509_crl_request request = {
        .issuer_name = s->f.certs[i].name,
        .this_update_unix_s = FORGE_NOW - 1000,
        .next_update_unix_s = next_update,
        .revoked = revoked,
        .n_revoked = revoked != NULL,
        .issuer_key = key,
    };
    buf_clear(&s->crls[i]);
    assert_ok(x509_issue_crl(&request, &s->crls[i]));
    s->crl_views[i] = buf_view(&s->crls[i]);
    s->e.beside.crls = s->crl_views;
    s->e.beside.n_crls = i + 1 > s->e.beside.n_crls ? i + 1 : s->e.beside.n_crls;
}

static inline void good_crls(struct scene *s)
{
    make_crl(s, 0, NULL, FORGE_NOW + 1000, s->f.certs[0].key);
    make_crl(s, 1, NULL, FORGE_NOW + 1000, s->f.certs[1].key);
}

static inline void zone_is_revoked(struct scene *s)
{
    struct bytes zone = buf_view(&s->f.certs[2].der);
    good_crls(s);
    make_crl(s, 1, &zone, FORGE_NOW + 1000, s->f.certs[1].key);
}

#endif
