/* Every check of the verifier has at least one row that fails when the check is taken out. */
#include "unit/tee_verify/scene.h"

#include "formats/cose.h"
#include "tee/verify/nitro/nitro.h"

/* ---- rows ---- */

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

static void epoch_of_another_id(struct scene *s)
{
    epoch_with_leave(s);
    s->e.epoch_id = OTHER;
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

static void offline_with_report_data(struct scene *s)
{
    s->e = (struct evidence_expect){.at_unix_s = FORGE_NOW, .report_data = BYTES_OF(OTHER)};
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
    {"report data, which a document has none of", offline_with_report_data, false, REJECT, "nonce",
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
        assert_non_null(k->fix);
        return;
    }
    if (k->result != CHECK_FAIL || strcmp(k->code, row->code) != 0)
        fail_msg("%s: %s is %d %s (%s)", row->name, row->id, (int)k->result,
                 k->code ? k->code : "-", k->reason);
    assert_non_null(k->fix);
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
    assert_code(evidence_type_of(BYTES_LIT("mainframe"), &t), ST_UNSUPPORTED);
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
        cmocka_unit_test(types_have_two_names_each),
        cmocka_unit_test(unknown_types_are_not_judged),
        cmocka_unit_test(every_check_and_code_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
