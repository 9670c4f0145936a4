/* Every check of the verifier has at least one row that fails when the check is taken out. */
#include "support/forge.h"

#include "formats/cose.h"
#include "tee/verify/nitro.h"

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

static void scene_init(struct scene *s)
{
    *s = (struct scene){.type = EVIDENCE_SIMULATED, .rules = "", .extra = ""};
    forge_init(&s->f);
    s->e = forge_expect(&s->f);
    for (size_t i = 0; i < 3; i++)
        s->crls[i] = BUF_MAX(1 << 14);
    s->signed_by_test = BUF_MAX(1 << 16);
}

static void scene_done(struct scene *s)
{
    forge_done(&s->f);
    for (size_t i = 0; i < 3; i++)
        buf_done(&s->crls[i]);
    buf_done(&s->signed_by_test);
}

static void judge_document(struct scene *s, struct bytes doc, const struct evidence_policy *p,
                           struct outcome *o)
{
    struct bytes exact = test_exact(doc);
    o->c = (struct checks){0};
    status done = evidence_verify(exact, s->type, p, &s->e, &o->c, &o->claimed, &o->v);
    o->verdict = checks_verdict(&o->c);
    assert_int_equal(ok(done), o->verdict == VERDICT_ACCEPT);
    test_exact_free(exact);
}

/* ---- rows ---- */

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

typedef void (*edit_fn)(struct scene *s);

static void nothing(struct scene *s)
{
    (void)s;
}

static void other_root(struct scene *s)
{
    s->f.root_sha256[31] ^= 1;
}

static void no_policy(struct scene *s)
{
    s->has_no_policy = true;
}

static void as_nitro(struct scene *s)
{
    s->type = EVIDENCE_NITRO;
}

static void behind_the_aws_root(struct scene *s)
{
    s->type = EVIDENCE_NITRO;
    s->f.cabundle[0] = nitro_root();
}

static void leaf_expired(struct scene *s)
{
    s->f.certs[4].request.not_after_unix_s = FORGE_NOW - 1;
    forge_issue(&s->f);
}

static void leaf_not_yet_valid(struct scene *s)
{
    s->f.certs[4].request.not_before_unix_s = FORGE_NOW + 1;
    forge_issue(&s->f);
}

static void zone_expired(struct scene *s)
{
    s->f.certs[2].request.not_after_unix_s = FORGE_NOW - 1;
    forge_issue(&s->f);
}

static void root_expired(struct scene *s)
{
    s->f.certs[0].request.not_after_unix_s = FORGE_NOW - 1;
    forge_issue(&s->f);
}

static void clock_is_late(struct scene *s)
{
    s->e.at_unix_s = FORGE_NOW + 3601;
}

static void leaf_signed_by_itself(struct scene *s)
{
    s->f.certs[4].request.issuer_key = s->f.certs[4].key;
    forge_issue(&s->f);
}

static void region_signed_by_another_root(struct scene *s)
{
    s->f.certs[1].request.issuer_key = s->f.certs[3].key;
    forge_issue(&s->f);
}

static void instance_is_no_ca(struct scene *s)
{
    s->f.certs[3].request.is_ca = false;
    s->f.certs[3].request.path_len = -1;
    forge_issue(&s->f);
}

static void path_is_too_long(struct scene *s)
{
    s->f.certs[1].request.path_len = 0;
    forge_issue(&s->f);
}

static void leaf_is_a_ca(struct scene *s)
{
    s->f.certs[4].request.is_ca = true;
    forge_issue(&s->f);
}

static void instance_is_left_out(struct scene *s)
{
    s->f.document.n_cabundle--;
}

static void certificate_is_garbage(struct scene *s)
{
    s->f.document.certificate = BYTES_LIT("0123456789");
}

static void signed_by_another_key(struct scene *s)
{
    struct buf payload CLEANUP(buf_done) = BUF_MAX(1 << 16);
    assert_ok(sim_document_payload(&s->f.document, &payload));
    assert_ok(sim_document_sign(buf_view(&payload), s->f.certs[3].key, &s->signed_by_test));
}

static void header_says_es256(struct scene *s)
{
    static const uint8_t es256[] = {0xa1, 0x01, 0x26};
    struct buf payload CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct buf signed_ CLEANUP(buf_done) = BUF_MAX(1 << 16);
    uint8_t sig[ECDSA_ES384_SIG_LEN];
    assert_ok(sim_document_payload(&s->f.document, &payload));
    assert_ok(cose_sig_structure(BYTES_OF(es256), (struct bytes){0}, buf_view(&payload), &signed_));
    assert_ok(ecdsa_sign(s->f.certs[4].key, buf_view(&signed_), sig));
    cbor_put_array(&s->signed_by_test, 4);
    cbor_put_bytes(&s->signed_by_test, BYTES_OF(es256));
    cbor_put_map(&s->signed_by_test, 0);
    cbor_put_bytes(&s->signed_by_test, buf_view(&payload));
    cbor_put_bytes(&s->signed_by_test, BYTES_OF(sig));
}

static void made_before_its_certificates(struct scene *s)
{
    s->e.is_session = false;
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW - 3601) * 1000;
}

static void made_after_its_certificates(struct scene *s)
{
    s->e.is_session = false;
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW + 3601) * 1000;
}

static void made_at_the_end_of_time(struct scene *s)
{
    s->f.document.timestamp_ms = UINT64_MAX;
}

static void aged_300(struct scene *s)
{
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW - 300) * 1000;
}

static void aged_301(struct scene *s)
{
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW - 301) * 1000;
}

static void future_60(struct scene *s)
{
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW + 60) * 1000;
}

static void future_61(struct scene *s)
{
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW + 61) * 1000;
}

static void policy_allows_10_s(struct scene *s)
{
    s->rules = "\"max_age_s\":10,";
    s->e.is_session = false;
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW - 11) * 1000;
}

static void policy_allows_no_future(struct scene *s)
{
    s->rules = "\"max_future_s\":0,";
    s->f.document.timestamp_ms = (uint64_t)(FORGE_NOW + 1) * 1000;
}

static void pcr0_is_zero(struct scene *s)
{
    memset(s->f.measurements.pcr[0], 0, MEASUREMENT_LEN);
}

static void pcr1_is_zero(struct scene *s)
{
    memset(s->f.measurements.pcr[1], 0, MEASUREMENT_LEN);
}

static void pcr2_is_zero(struct scene *s)
{
    memset(s->f.measurements.pcr[2], 0, MEASUREMENT_LEN);
}

static void pcr2_is_absent(struct scene *s)
{
    s->f.measurements.present_mask &= ~4u;
}

static void another_image(struct scene *s)
{
    s->f.measurements.pcr[0][47] ^= 1;
}

static void another_application(struct scene *s)
{
    s->f.measurements.pcr[2][0] ^= 0x80;
}

static void no_statement(struct scene *s)
{
    s->f.document.user_data = (struct bytes){0};
}

static void foreign_user_data(struct scene *s)
{
    s->f.document.user_data = BYTES_LIT("hello, world!");
}

static void statement_with_a_tail(struct scene *s)
{
    buf_put_u8(&s->f.user_data, 0);
    s->f.document.user_data = buf_view(&s->f.user_data);
}

static void statement_of_nitro(struct scene *s)
{
    s->f.statement.platform = BYTES_LIT("aws-nitro");
    forge_fill(&s->f);
}

static void epoch_without_leave(struct scene *s)
{
    s->f.statement.freshness = FRESH_EPOCH;
    forge_fill(&s->f);
}

static void epoch_with_leave(struct scene *s)
{
    epoch_without_leave(s);
    s->extra = ",\"freshness\":[\"session\",\"epoch\"]";
}

static void session_without_leave(struct scene *s)
{
    s->extra = ",\"freshness\":[\"epoch\"]";
}

static const uint8_t OTHER[32] = {9};

static void epoch_of_another_id(struct scene *s)
{
    epoch_with_leave(s);
    s->e.epoch_id = OTHER;
}

static void another_client_nonce(struct scene *s)
{
    s->e.client_nonce = OTHER;
}

static void no_client_nonce(struct scene *s)
{
    s->e.client_nonce = NULL;
}

static void nonce_field_differs(struct scene *s)
{
    s->f.document.nonce = BYTES_OF(OTHER);
}

static void nonce_field_is_null(struct scene *s)
{
    s->f.document.nonce = (struct bytes){0};
}

static void nonce_field_is_short(struct scene *s)
{
    s->f.document.nonce.n = 31;
}

static void offline_with_another_nonce(struct scene *s)
{
    s->e = (struct evidence_expect){.at_unix_s = FORGE_NOW, .nonce = BYTES_OF(OTHER)};
}

static void offline_with_its_nonce(struct scene *s)
{
    s->e =
        (struct evidence_expect){.at_unix_s = FORGE_NOW, .nonce = BYTES_OF(s->f.statement.nonce)};
}

static void offline(struct scene *s)
{
    s->e = (struct evidence_expect){.at_unix_s = FORGE_NOW};
}

static void offline_without_statement(struct scene *s)
{
    offline(s);
    no_statement(s);
}

static void offline_with_mixed_nonces(struct scene *s)
{
    offline(s);
    nonce_field_differs(s);
}

static void public_key_differs(struct scene *s)
{
    s->f.document.public_key = BYTES_OF(OTHER);
}

static void public_key_is_null(struct scene *s)
{
    s->f.document.public_key = (struct bytes){0};
}

static void peer_uses_another_key(struct scene *s)
{
    s->e.identity_key = OTHER;
}

static void another_service(struct scene *s)
{
    s->f.statement.service = BYTES_LIT("forge.servicf");
    forge_fill(&s->f);
}

#define MODEL_55 "5555555555555555555555555555555555555555555555555555555555555555"
#define MODEL_66 "6666666666666666666666666666666666666666666666666666666666666666"

static void its_model_is_pinned(struct scene *s)
{
    s->extra = ",\"models\":[\"" MODEL_66 "\",\"" MODEL_55 "\"]";
}

static void another_model_is_pinned(struct scene *s)
{
    s->extra = ",\"models\":[\"" MODEL_66 "\"]";
}

#define CONFIG_44 "4444444444444444444444444444444444444444444444444444444444444444"

static void its_config_is_pinned(struct scene *s)
{
    s->extra = ",\"configs\":[\"" CONFIG_44 "\"]";
}

static void another_config_is_pinned(struct scene *s)
{
    s->extra = ",\"configs\":[\"" MODEL_55 "\"]";
}

static void offline_without_statement_and_config_pinned(struct scene *s)
{
    offline_without_statement(s);
    another_config_is_pinned(s);
}

static void offline_without_statement_and_model_pinned(struct scene *s)
{
    offline_without_statement(s);
    another_model_is_pinned(s);
}

/* ---- revocation: 0 is the root's CRL (over the region), 1 the region's (over the zone) ---- */

static void make_crl(struct scene *s, unsigned i, const struct bytes *revoked, int64_t next_update,
                     const struct ecdsa_secret *key)
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
    s->e.crls = s->crl_views;
    s->e.n_crls = i + 1 > s->e.n_crls ? i + 1 : s->e.n_crls;
}

static void good_crls(struct scene *s)
{
    make_crl(s, 0, NULL, FORGE_NOW + 1000, s->f.certs[0].key);
    make_crl(s, 1, NULL, FORGE_NOW + 1000, s->f.certs[1].key);
}

static void good_crls_required(struct scene *s)
{
    good_crls(s);
    s->rules = "\"crl_required\":true,";
}

static void no_crls_required(struct scene *s)
{
    s->rules = "\"crl_required\":true,";
}

static void region_is_revoked(struct scene *s)
{
    struct bytes region = buf_view(&s->f.certs[1].der);
    good_crls(s);
    make_crl(s, 0, &region, FORGE_NOW + 1000, s->f.certs[0].key);
}

static void zone_is_revoked(struct scene *s)
{
    struct bytes zone = buf_view(&s->f.certs[2].der);
    good_crls(s);
    make_crl(s, 1, &zone, FORGE_NOW + 1000, s->f.certs[1].key);
}

static void crl_is_stale(struct scene *s)
{
    good_crls(s);
    make_crl(s, 1, NULL, FORGE_NOW - 1, s->f.certs[1].key);
}

static void crl_of_the_zone_is_missing(struct scene *s)
{
    make_crl(s, 0, NULL, FORGE_NOW + 1000, s->f.certs[0].key);
}

static void crl_is_signed_by_another(struct scene *s)
{
    good_crls(s);
    make_crl(s, 1, NULL, FORGE_NOW + 1000, s->f.certs[4].key);
}

static void crl_is_garbage(struct scene *s)
{
    good_crls(s);
    s->crl_views[1] = BYTES_LIT("garbage");
}

static void crls_required_but_none_is_named(struct scene *s)
{
    s->f.certs[1].request.crl_url = NULL;
    s->f.certs[2].request.crl_url = NULL;
    forge_issue(&s->f);
    good_crls_required(s);
}

#define ACCEPT VERDICT_ACCEPT
#define REJECT VERDICT_REJECT
#define INCOMP VERDICT_INCOMPLETE
#define SKIP   "(skipped)" /* the check is a SKIP; whether it is required shows in the verdict */

/* is_late: edits the filled document; otherwise what the document is made from. */
static const struct row {
    const char *name;
    edit_fn edit;
    bool is_late;
    enum verdict verdict;
    const char *id;
    const char *code;
} ROWS[] = {
    {"unedited", nothing, false, ACCEPT, NULL, NULL},
    {"root is not the policy's", other_root, false, REJECT, "root", "NITRO_ROOT_UNTRUSTED"},
    {"no policy, no simulated root", no_policy, false, REJECT, "root", "TRUST_ANCHOR_MISSING"},
    {"simulated shown as nitro", as_nitro, false, REJECT, "root", "NITRO_ROOT_UNTRUSTED"},
    {"own chain behind the AWS root", behind_the_aws_root, true, REJECT, "certificates.chain",
     "NITRO_CERT_CHAIN_INVALID"},

    {"leaf expired", leaf_expired, false, REJECT, "certificates.time", "NITRO_CERT_TIME_INVALID"},
    {"leaf not yet valid", leaf_not_yet_valid, false, REJECT, "certificates.time",
     "NITRO_CERT_TIME_INVALID"},
    {"intermediate expired", zone_expired, false, REJECT, "certificates.time",
     "NITRO_CERT_TIME_INVALID"},
    {"root expired", root_expired, false, REJECT, "certificates.time", "NITRO_CERT_TIME_INVALID"},
    {"clock after the chain", clock_is_late, false, REJECT, "certificates.time",
     "NITRO_CERT_TIME_INVALID"},
    {"certificate is garbage", certificate_is_garbage, true, REJECT, "certificates.time",
     "NITRO_CERT_CHAIN_INVALID"},
    {"leaf signed by itself", leaf_signed_by_itself, false, REJECT, "certificates.chain",
     "NITRO_CERT_CHAIN_INVALID"},
    {"region signed by another", region_signed_by_another_root, false, REJECT, "certificates.chain",
     "NITRO_CERT_CHAIN_INVALID"},
    {"intermediate is no CA", instance_is_no_ca, false, REJECT, "certificates.chain",
     "NITRO_CERT_CHAIN_INVALID"},
    {"path length", path_is_too_long, false, REJECT, "certificates.chain",
     "NITRO_CERT_CHAIN_INVALID"},
    {"leaf is a CA", leaf_is_a_ca, false, REJECT, "certificates.chain", "NITRO_CERT_CHAIN_INVALID"},
    {"intermediate left out", instance_is_left_out, true, REJECT, "certificates.chain",
     "NITRO_CERT_CHAIN_INVALID"},
    {"signed by another key", signed_by_another_key, true, REJECT, "signature",
     "NITRO_DOC_SIG_INVALID"},
    {"header says ES256", header_says_es256, true, REJECT, "document", "NITRO_ALG_NOT_ALLOWED"},

    {"made before its certificates", made_before_its_certificates, true, REJECT, "timestamp",
     "NITRO_TIMESTAMP_INVALID"},
    {"made after its certificates", made_after_its_certificates, true, REJECT, "timestamp",
     "NITRO_TIMESTAMP_INVALID"},
    {"made at the end of time", made_at_the_end_of_time, true, REJECT, "timestamp.age",
     "NITRO_TIMESTAMP_FUTURE"},
    {"300 s old", aged_300, true, ACCEPT, NULL, NULL},
    {"301 s old", aged_301, true, REJECT, "timestamp.age", "NITRO_TIMESTAMP_STALE"},
    {"60 s in the future", future_60, true, ACCEPT, NULL, NULL},
    {"61 s in the future", future_61, true, REJECT, "timestamp.age", "NITRO_TIMESTAMP_FUTURE"},
    {"policy's max_age_s", policy_allows_10_s, true, REJECT, "timestamp.age",
     "NITRO_TIMESTAMP_STALE"},
    {"policy's max_future_s", policy_allows_no_future, true, REJECT, "timestamp.age",
     "NITRO_TIMESTAMP_FUTURE"},

    {"PCR0 zero", pcr0_is_zero, false, REJECT, "debug", "NITRO_DEBUG_MODE"},
    {"PCR1 zero", pcr1_is_zero, false, REJECT, "debug", "NITRO_DEBUG_MODE"},
    {"PCR2 zero", pcr2_is_zero, false, REJECT, "debug", "NITRO_DEBUG_MODE"},
    {"PCR2 absent", pcr2_is_absent, false, REJECT, "debug", "NITRO_DEBUG_MODE"},
    {"another image", another_image, false, REJECT, "measurements", "NITRO_MEASUREMENT_MISMATCH"},
    {"another application", another_application, false, REJECT, "measurements",
     "NITRO_MEASUREMENT_MISMATCH"},

    {"no statement", no_statement, true, REJECT, "statement", "NITRO_STATEMENT_INVALID"},
    {"foreign user_data", foreign_user_data, true, REJECT, "statement", "NITRO_STATEMENT_INVALID"},
    {"statement with a tail", statement_with_a_tail, true, REJECT, "statement",
     "NITRO_STATEMENT_INVALID"},
    {"statement of another platform", statement_of_nitro, false, REJECT, "platform",
     "STATEMENT_PLATFORM_MISMATCH"},
    {"epoch without leave", epoch_without_leave, false, REJECT, "freshness",
     "POLICY_FRESHNESS_REFUSED"},
    {"epoch with leave", epoch_with_leave, false, ACCEPT, NULL, NULL},
    {"session without leave", session_without_leave, false, REJECT, "freshness",
     "POLICY_FRESHNESS_REFUSED"},
    {"epoch of another id", epoch_of_another_id, false, REJECT, "nonce", "NITRO_NONCE_MISMATCH"},
    {"another client nonce", another_client_nonce, false, REJECT, "nonce", "NITRO_NONCE_MISMATCH"},
    {"no client nonce", no_client_nonce, false, REJECT, "nonce", "NITRO_NONCE_MISMATCH"},
    {"nonce field differs", nonce_field_differs, true, REJECT, "nonce", "NITRO_NONCE_MISMATCH"},
    {"nonce field null", nonce_field_is_null, true, REJECT, "nonce", "NITRO_NONCE_MISMATCH"},
    {"nonce field short", nonce_field_is_short, true, REJECT, "nonce", "NITRO_NONCE_MISMATCH"},
    {"public_key differs", public_key_differs, true, REJECT, "public_key",
     "NITRO_PUBKEY_BINDING_MISMATCH"},
    {"public_key null", public_key_is_null, true, REJECT, "public_key",
     "NITRO_PUBKEY_BINDING_MISMATCH"},
    {"peer uses another key", peer_uses_another_key, false, REJECT, "public_key",
     "NITRO_PUBKEY_BINDING_MISMATCH"},
    {"another service", another_service, false, REJECT, "service", "POLICY_SERVICE_MISMATCH"},
    {"its configuration pinned", its_config_is_pinned, false, ACCEPT, NULL, NULL},
    {"another configuration pinned", another_config_is_pinned, false, REJECT, "config",
     "POLICY_CONFIG_MISMATCH"},
    {"offline, configuration pinned, no statement", offline_without_statement_and_config_pinned,
     true, INCOMP, "config", SKIP},
    {"its model pinned", its_model_is_pinned, false, ACCEPT, NULL, NULL},
    {"another model pinned", another_model_is_pinned, false, REJECT, "model",
     "POLICY_MODEL_MISMATCH"},

    {"offline", offline, false, ACCEPT, "nonce", SKIP},
    {"offline with its nonce", offline_with_its_nonce, false, ACCEPT, "timestamp.age", SKIP},
    {"offline with another nonce", offline_with_another_nonce, false, REJECT, "nonce",
     "NITRO_NONCE_MISMATCH"},
    {"offline with mixed nonces", offline_with_mixed_nonces, true, REJECT, "nonce",
     "NITRO_NONCE_MISMATCH"},
    {"offline, service pinned, no statement", offline_without_statement, true, INCOMP, "service",
     SKIP},
    {"offline, model pinned, no statement", offline_without_statement_and_model_pinned, true,
     INCOMP, "model", SKIP},

    {"CRLs hold", good_crls, false, ACCEPT, NULL, NULL},
    {"CRLs required and hold", good_crls_required, false, ACCEPT, NULL, NULL},
    {"CRLs required, none given", no_crls_required, false, INCOMP, "revocation", SKIP},
    {"CRLs required, none named", crls_required_but_none_is_named, false, INCOMP, "revocation",
     SKIP},
    {"region revoked", region_is_revoked, false, REJECT, "revocation", "NITRO_CERT_REVOKED"},
    {"zone revoked", zone_is_revoked, false, REJECT, "revocation", "NITRO_CERT_REVOKED"},
    {"CRL stale", crl_is_stale, false, REJECT, "revocation", "REVOCATION_CHECK_UNAVAILABLE"},
    {"CRL missing", crl_of_the_zone_is_missing, false, REJECT, "revocation",
     "REVOCATION_CHECK_UNAVAILABLE"},
    {"CRL of another signer", crl_is_signed_by_another, false, REJECT, "revocation",
     "REVOCATION_CHECK_UNAVAILABLE"},
    {"CRL garbage", crl_is_garbage, false, REJECT, "revocation", "REVOCATION_CHECK_UNAVAILABLE"},
};

static void judge(struct scene *s, struct outcome *o)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf doc CLEANUP(buf_done) = BUF_MAX(0);
    if (!s->has_no_policy)
        p = forge_policy_with(&s->f, s->rules, s->extra);
    doc = s->signed_by_test.n > 0 ? buf_take(&s->signed_by_test) : forge_sign(&s->f);
    judge_document(s, buf_view(&doc), p, o);
}

/* The rows' own failure is the first one, and the only one unless it hides what comes after. */
static void check_row(const struct row *row, const struct outcome *o)
{
    const struct check *first = checks_first_failure(&o->c);
    if (o->verdict != row->verdict)
        fail_msg("%s: verdict %s (%s: %s)", row->name, verdict_name(o->verdict),
                 first ? first->id : "-", first ? first->reason : "-");
    if (row->id == NULL)
        return;
    const struct check *k = checks_find(&o->c, row->id);
    assert_non_null(k);
    if (strcmp(row->code, SKIP) == 0) {
        assert_int_equal(k->result, CHECK_SKIP);
        return;
    }
    if (k->result != CHECK_FAIL || strcmp(k->code, row->code) != 0)
        fail_msg("%s: %s is %d %s (%s)", row->name, row->id, (int)k->result,
                 k->code ? k->code : "-", k->reason);
    assert_non_null(k->fix);
}

static void check_order(const struct outcome *o)
{
    assert_int_equal(o->c.n, N_CHECKS);
    for (size_t i = 0; i < N_CHECKS; i++)
        assert_string_equal(o->c.v[i].id, IDS[i]);
}

/* Besides the row's check nothing else may fail: otherwise the row would not notice its removal. */
static void check_only_failure(const struct row *row, const struct outcome *o)
{
    for (size_t i = 0; i < o->c.n; i++) {
        const struct check *k = &o->c.v[i];
        bool is_own = row->id != NULL && strcmp(k->id, row->id) == 0;
        bool is_twin = strcmp(row->name, "made at the end of time") == 0 ||
                       strcmp(row->name, "PCR2 absent") == 0 || strstr(row->name, "zero") != NULL;
        if (k->result == CHECK_FAIL && !is_own && !is_twin)
            fail_msg("%s: %s fails too (%s)", row->name, k->id, k->reason);
    }
}

static void every_check_bites(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct scene s CLEANUP(scene_done);
        struct outcome o = {0};
        scene_init(&s);
        if (!ROWS[i].is_late)
            ROWS[i].edit(&s);
        forge_fill(&s.f);
        if (ROWS[i].is_late)
            ROWS[i].edit(&s);
        judge(&s, &o);
        check_row(&ROWS[i], &o);
        check_only_failure(&ROWS[i], &o);
        check_order(&o);
    }
    print_message("evidence: %zu rows\n", sizeof(ROWS) / sizeof(ROWS[0]));
}

static void accepted_evidence_is_published_whole(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    forge_fill(&s.f);
    struct buf doc CLEANUP(buf_done) = forge_sign(&s.f);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_policy(&s.f);
    struct checks c = {0};
    struct evidence_verified v;
    uint8_t digest[32], binding[64];
    assert_ok(evidence_verify(buf_view(&doc), s.type, p, &s.e, &c, NULL, &v));
    assert_ok(sha256(buf_view(&doc), digest));
    assert_ok(statement_binding(&s.f.statement, binding));
    assert_memory_equal(v.evidence_sha256, digest, 32);
    assert_memory_equal(v.binding, binding, 64);
    assert_memory_equal(&v.measurements, &s.f.measurements, sizeof(v.measurements));
    assert_memory_equal(v.statement.identity_key, s.f.statement.identity_key, 32);
    assert_bytes_equal(v.nonce, BYTES_OF(s.f.statement.nonce));
    assert_bytes_equal(v.public_key, BYTES_OF(s.f.statement.identity_key));
    assert_bytes_equal(v.user_data, buf_view(&s.f.user_data));
    assert_string_equal(v.release, "r1");
    assert_true(v.is_simulated);
}

static void refused_evidence_is_not_published(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct outcome o = {0};
    struct evidence_verified untouched;
    scene_init(&s);
    memset(&o.v, 0x5a, sizeof(o.v));
    memset(&untouched, 0x5a, sizeof(untouched));
    another_client_nonce(&s);
    forge_fill(&s.f);
    judge(&s, &o);
    assert_memory_equal(&o.v, &untouched, sizeof(untouched));
    assert_true(o.claimed.is_signed);
}

/* Two releases; the document takes PCR0 of one and PCR1, PCR2 of the other. */
static void releases_match_as_a_whole(void **state)
{
    (void)state;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct scene s CLEANUP(scene_done);
    struct outcome o = {0};
    scene_init(&s);
    buf_put_str(&text, "{\"version\":1,\"trust_simulated_root\":\"");
    hex_put(&text, BYTES_OF(s.f.root_sha256));
    buf_put_str(&text, "\",\"simulated\":{\"releases\":[");
    for (unsigned r = 0; r < 2; r++) {
        buf_printf(&text, "%s{\"name\":\"r%u\"", r ? "," : "", r);
        for (unsigned i = 0; i < 3; i++) {
            buf_printf(&text, ",\"pcr%u\":\"", i);
            for (unsigned k = 0; k < MEASUREMENT_LEN; k++)
                buf_printf(&text, "%02x", 0xa0 + 0x10 * r + i);
            buf_put_str(&text, "\"");
        }
        buf_put_str(&text, "}");
    }
    buf_put_str(&text, "]}}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    for (unsigned mix = 0; mix < 8; mix++) {
        for (unsigned i = 0; i < 3; i++)
            memset(s.f.measurements.pcr[i], (int)(0xa0 + 0x10 * (mix >> i & 1u) + i),
                   MEASUREMENT_LEN);
        forge_fill(&s.f);
        struct buf doc CLEANUP(buf_done) = forge_sign(&s.f);
        judge_document(&s, buf_view(&doc), p, &o);
        bool is_whole = mix == 0 || mix == 7;
        assert_int_equal(o.verdict, is_whole ? VERDICT_ACCEPT : VERDICT_REJECT);
        if (is_whole)
            assert_string_equal(o.v.release, mix == 0 ? "r0" : "r1");
    }
}

static void a_pcr_that_the_document_lacks_does_not_match(void **state)
{
    (void)state;
    struct measurements got = {.present_mask = 7};
    struct policy_release release = {.want.present_mask = 7 | 1u << 8};
    struct policy_platform p = {.releases = &release, .n_releases = 1};
    assert_null(evidence_policy_match(&p, &got)); /* absent is not zero */
    got.present_mask |= 1u << 8;
    assert_ptr_equal(evidence_policy_match(&p, &got), &release);
    release.want.present_mask = 0;
    assert_null(evidence_policy_match(&p, &got));
}

/* ---- every byte counts ---- */

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    forge_fill(&s.f);
    struct buf doc CLEANUP(buf_done) = forge_sign(&s.f);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_policy(&s.f);
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    struct outcome o = {0};
    assert_ok(evidence_cache_new(&cache));
    s.e.cache = cache;
    judge_document(&s, buf_view(&doc), p, &o);
    assert_int_equal(o.verdict, VERDICT_ACCEPT);
    for (size_t i = 0; i < doc.n; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        doc.p[i] ^= bit;
        judge_document(&s, buf_view(&doc), p, &o);
        if (o.verdict == VERDICT_ACCEPT)
            fail_msg("byte %zu of %zu, bit %02x: accepted", i, doc.n, bit);
        doc.p[i] ^= bit;
    }
}

static void every_truncation_is_malformed(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    forge_fill(&s.f);
    struct buf doc CLEANUP(buf_done) = forge_sign(&s.f);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_policy(&s.f);
    struct outcome o = {0};
    for (size_t n = 0; n < doc.n; n++) {
        judge_document(&s, bytes_of(doc.p, n), p, &o);
        assert_int_equal(o.verdict, VERDICT_MALFORMED);
        check_order(&o);
    }
    buf_put_u8(&doc, 0);
    judge_document(&s, buf_view(&doc), p, &o);
    assert_int_equal(o.verdict, VERDICT_MALFORMED);
}

/* ---- the cache ---- */

static void cache_never_skips_time_signature_or_revocation(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    forge_fill(&s.f);
    struct buf doc CLEANUP(buf_done) = forge_sign(&s.f);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_policy(&s.f);
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    struct outcome o = {0};
    assert_ok(evidence_cache_new(&cache));
    s.e.cache = cache;
    for (int i = 0; i < 2; i++) {
        judge_document(&s, buf_view(&doc), p, &o);
        assert_int_equal(o.verdict, VERDICT_ACCEPT);
        bool is_warm = strstr(checks_find(&o.c, "certificates.chain")->reason, "before") != NULL;
        assert_int_equal(is_warm, i == 1);
    }

    s.e.at_unix_s = FORGE_NOW + 3601;
    judge_document(&s, buf_view(&doc), p, &o);
    assert_string_equal(checks_first_failure(&o.c)->code, "NITRO_CERT_TIME_INVALID");
    s.e.at_unix_s = FORGE_NOW - 3601;
    judge_document(&s, buf_view(&doc), p, &o);
    assert_string_equal(checks_first_failure(&o.c)->code, "NITRO_CERT_TIME_INVALID");
    s.e.at_unix_s = FORGE_NOW;

    doc.p[doc.n - 1] ^= 1;
    judge_document(&s, buf_view(&doc), p, &o);
    assert_string_equal(checks_first_failure(&o.c)->code, "NITRO_DOC_SIG_INVALID");
    doc.p[doc.n - 1] ^= 1;

    zone_is_revoked(&s);
    judge_document(&s, buf_view(&doc), p, &o);
    assert_string_equal(checks_first_failure(&o.c)->code, "NITRO_CERT_REVOKED");
}

/* A chain that failed is not remembered as one that held. */
static void cache_keeps_no_failures(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    leaf_signed_by_itself(&s);
    forge_fill(&s.f);
    struct buf doc CLEANUP(buf_done) = forge_sign(&s.f);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = forge_policy(&s.f);
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    struct outcome o = {0};
    assert_ok(evidence_cache_new(&cache));
    s.e.cache = cache;
    for (int i = 0; i < 2; i++) {
        judge_document(&s, buf_view(&doc), p, &o);
        assert_string_equal(checks_first_failure(&o.c)->code, "NITRO_CERT_CHAIN_INVALID");
    }
}

/* ---- names and documents ---- */

static void types_have_two_names_each(void **state)
{
    (void)state;
    enum evidence_type t;
    assert_ok(evidence_type_of(BYTES_LIT("nitro"), &t));
    assert_int_equal(t, EVIDENCE_NITRO);
    assert_ok(evidence_type_of(BYTES_LIT("aws-nitro"), &t));
    assert_int_equal(t, EVIDENCE_NITRO);
    assert_ok(evidence_type_of(BYTES_LIT("simulated"), &t));
    assert_int_equal(t, EVIDENCE_SIMULATED);
    assert_code(evidence_type_of(BYTES_LIT("tdx"), &t), ST_UNSUPPORTED);
    assert_code(evidence_type_of(BYTES_LIT(""), &t), ST_UNSUPPORTED);
    assert_string_equal(evidence_type_name((enum evidence_type)7), "unknown");
    assert_string_equal(evidence_type_platform(EVIDENCE_NITRO), "aws-nitro");
}

/* A type may be a peer's byte. */
static void unknown_types_are_not_judged(void **state)
{
    (void)state;
    struct checks c = {0};
    struct evidence_expect e = {0};
    struct evidence_verified v;
    assert_code(evidence_verify(BYTES_LIT("x"), (enum evidence_type)200, NULL, &e, &c, NULL, &v),
                ST_UNSUPPORTED);
    assert_int_equal(checks_verdict(&c), VERDICT_INCOMPLETE);
}

static void every_check_and_code_is_documented(void **state)
{
    (void)state;
    struct buf doc CLEANUP(buf_done) = test_file("docs/ATTESTATION.md");
    for (size_t i = 0; i < N_CHECKS; i++) {
        char cell[64];
        int n = snprintf(cell, sizeof(cell), "| `%s` |", IDS[i]);
        if (memmem(doc.p, doc.n, cell, (size_t)n) == NULL)
            fail_msg("docs/ATTESTATION.md lacks the check %s", IDS[i]);
    }
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const char *code = ROWS[i].code;
        if (code != NULL && code[0] != '(' && memmem(doc.p, doc.n, code, strlen(code)) == NULL)
            fail_msg("docs/ATTESTATION.md lacks the code %s", code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_bites),
        cmocka_unit_test(accepted_evidence_is_published_whole),
        cmocka_unit_test(refused_evidence_is_not_published),
        cmocka_unit_test(releases_match_as_a_whole),
        cmocka_unit_test(a_pcr_that_the_document_lacks_does_not_match),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_truncation_is_malformed),
        cmocka_unit_test(cache_never_skips_time_signature_or_revocation),
        cmocka_unit_test(cache_keeps_no_failures),
        cmocka_unit_test(types_have_two_names_each),
        cmocka_unit_test(unknown_types_are_not_judged),
        cmocka_unit_test(every_check_and_code_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
