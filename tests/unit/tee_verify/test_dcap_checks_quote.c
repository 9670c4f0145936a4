/* From the pinned root to the quote: each link broken once, by somebody who can sign all else. */
#include "dcap_scene.h"

#include "formats/pem.h"

static struct ecdsa_secret *stranger;

static int set_up(void **state)
{
    (void)state;
    return ok(ecdsa_generate(ECDSA_ES256, &stranger)) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecdsa_secret_freep(&stranger);
    return 0;
}

/* ---- form ---- */

static void cut_quote(void)
{
    scene.quote = forge_dcap_quote(&scene.f);
    scene.quote.n -= 1;
}

static void other_tee(void)
{
    struct forge_dcap other;
    forge_dcap_init(&other, scene.f.tee == QUOTE_TDX ? QUOTE_SGX : QUOTE_TDX);
    scene.quote = forge_dcap_quote(&other);
    forge_dcap_done(&other);
}

/* The layout of quotes without certification data, signed by whoever made the key. */
static void no_certification(void)
{
    scene.quote = forge_dcap_quote(&scene.f);
    size_t head = QUOTE_HEADER_LEN + QUOTE_TD10_LEN + 4;
    scene.quote.n = head + 128;
    scene.quote.p[head - 4] = 128;
    scene.quote.p[head - 3] = 0;
}

static void outer_type_5(void)
{
    scene.f.outer_type = 5;
}

static void cert_type_7(void)
{
    scene.f.cert_type = 7;
}

static void collateral_is_no_json(void)
{
    scene.collateral = BUF_MAX(64);
    buf_put_str(&scene.collateral, "{\"tcb_info\":");
}

static void collateral_with_an_unknown_key(void)
{
    scene.collateral = forge_dcap_collateral(&scene.f);
    scene.collateral.n -= 1;
    buf_put_str(&scene.collateral, ",\"skip\":true}");
}

/* Two values for one key: two readers could each take another. */
static void collateral_with_a_key_twice(void)
{
    scene.collateral = forge_dcap_collateral(&scene.f);
    scene.collateral.n -= 1;
    buf_put_str(&scene.collateral, ",\"pck_crl\":\"00\"}");
}

static void vendor(void)
{
    scene.f.vendor[3] ^= 1;
}

/* ---- certificates ---- */

/* The same names and extensions throughout, under another root. */
static struct forge_dcap impostor;

static void other_root(void)
{
    forge_dcap_init(&impostor, scene.f.tee);
    scene.quote = forge_dcap_quote(&impostor);
    forge_dcap_done(&impostor);
}

/* The right root at the end, and nothing that leads to it. */
static void appended_root(void)
{
    forge_dcap_init(&impostor, scene.f.tee);
    struct buf *root = &impostor.certs[FORGE_DCAP_ROOT].der;
    buf_clear(root);
    buf_put(root, forge_dcap_root(&scene.f));
    scene.quote = forge_dcap_quote(&impostor);
    forge_dcap_done(&impostor);
}

static void no_pem(void)
{
    scene.quote = forge_dcap_quote(&scene.f);
    memcpy(scene.quote.p + scene.quote.n - 500, "!!!!!!!!", 8);
}

/* Two certificates where three must be. */
static void two_certificates(void)
{
    struct buf chain CLEANUP(buf_done) = BUF_MAX(1 << 14);
    scene.f.cert_type = QUOTE_CERT_PPID;
    pem_put(&chain, "CERTIFICATE", buf_view(&scene.f.certs[FORGE_DCAP_PCK].der));
    pem_put(&chain, "CERTIFICATE", buf_view(&scene.f.certs[FORGE_DCAP_ROOT].der));
    scene.statement_bytes = buf_take(&chain); /* kept until the scene is closed */
    scene.expect.beside.certs = buf_view(&scene.statement_bytes);
}

/* DER in its frame, but no certificate. */
static void leaf_is_no_certificate(void)
{
    static const uint8_t null[] = {0x30, 0x02, 0x05, 0x00};
    struct buf *leaf = &scene.f.certs[FORGE_DCAP_PCK].der;
    buf_clear(leaf);
    buf_put(leaf, BYTES_OF(null));
}

static void after_its_time(void)
{
    scene.expect.at_unix_s += 2 * 86400;
}

static void before_its_time(void)
{
    scene.expect.at_unix_s -= 2 * 86400;
}

static void leaf_signed_by_a_stranger(void)
{
    scene.f.certs[FORGE_DCAP_PCK].request.issuer_key = stranger;
    forge_dcap_issue(&scene.f);
}

/* The CA beside it is the one whose CRL would have to list it. */
static void leaf_signed_by_the_root(void)
{
    struct x509_request *leaf = &scene.f.certs[FORGE_DCAP_PCK].request;
    leaf->issuer_name = scene.f.certs[FORGE_DCAP_ROOT].request.common_name;
    leaf->issuer_key = scene.f.certs[FORGE_DCAP_ROOT].key;
    forge_dcap_issue(&scene.f);
}

static void intermediate_is_no_ca(void)
{
    scene.f.certs[FORGE_DCAP_CA].request.is_ca = false;
    scene.f.certs[FORGE_DCAP_CA].request.path_len = -1;
    forge_dcap_issue(&scene.f);
}

/* A certificate of Intel's, but of another kind. */
static void leaf_of_another_name(void)
{
    scene.f.certs[FORGE_DCAP_PCK].request.common_name = "Intel SGX TCB Signing";
    forge_dcap_issue(&scene.f);
}

static void ca_of_another_name(void)
{
    scene.f.certs[FORGE_DCAP_CA].request.common_name = "Intel SGX Attestation CA";
    scene.f.certs[FORGE_DCAP_PCK].request.issuer_name = "Intel SGX Attestation CA";
    forge_dcap_issue(&scene.f);
}

static void no_extension(void)
{
    scene.f.omitted_field = -1;
    forge_dcap_issue(&scene.f);
}

static void no_svn_of_component_9(void)
{
    scene.f.omitted_field = 9;
    forge_dcap_issue(&scene.f);
}

static void no_pcesvn(void)
{
    scene.f.omitted_field = 17;
    forge_dcap_issue(&scene.f);
}

/* The PPID in the quote is another platform's than that of the certificate beside it. */
static void other_ppid(void)
{
    scene.f.cert_type = QUOTE_CERT_PPID;
    scene.statement_bytes = forge_dcap_chain(&scene.f);
    scene.expect.beside.certs = buf_view(&scene.statement_bytes);
    scene.f.ppid[0] ^= 1;
}

/* ---- signatures ---- */

static void qe_signed_by_a_stranger(void)
{
    scene.f.qe_signer = stranger;
}

static void qe_names_another_key(void)
{
    scene.f.keeps_qe_report_data = true;
}

/* The right digest and then something: the rest must be zero. */
static void qe_report_data_goes_on(void)
{
    struct quote q;
    struct quote_certification c;
    struct buf b CLEANUP(buf_done) = forge_dcap_quote(&scene.f);
    assert_ok(quote_parse(buf_view(&b), &q));
    assert_ok(quote_read_certification(&q, &c));
    memcpy(scene.f.qe_report, c.qe_report.p, sizeof(scene.f.qe_report));
    scene.f.qe_report[FORGE_SGX_REPORT_DATA + 63] = 1;
    scene.f.keeps_qe_report_data = true;
}

static void flip(size_t at)
{
    scene.quote = forge_dcap_quote(&scene.f);
    scene.quote.p[at] ^= 1;
}

static void changed_body(void)
{
    flip(QUOTE_HEADER_LEN + FORGE_TD_MRTD);
}

static void changed_header(void)
{
    flip(30);
}

static void changed_signature(void)
{
    flip(QUOTE_HEADER_LEN + QUOTE_TD10_LEN + 4 + 40);
}

static void changed_attestation_key(void)
{
    flip(QUOTE_HEADER_LEN + QUOTE_TD10_LEN + 4 + 64 + 5);
}

static const struct scene_row REFUSED[] = {
    {"a quote that is cut", QUOTE_TDX, cut_quote, "quote", "DCAP_QUOTE_MALFORMED"},
    {"an SGX quote as a TD's", QUOTE_TDX, other_tee, "quote", "DCAP_TEE_MISMATCH"},
    {"a TD's quote as SGX", QUOTE_SGX, other_tee, "quote", "DCAP_TEE_MISMATCH"},
    {"no certification data", QUOTE_TDX, no_certification, "quote.certification",
     "DCAP_CERTIFICATION_MALFORMED"},
    {"outer type 5", QUOTE_TDX, outer_type_5, "quote.certification",
     "DCAP_CERTIFICATION_UNSUPPORTED"},
    {"inner type 7", QUOTE_SGX, cert_type_7, "quote.certification",
     "DCAP_CERTIFICATION_UNSUPPORTED"},
    {"collateral is no JSON", QUOTE_TDX, collateral_is_no_json, "collateral",
     "DCAP_COLLATERAL_MALFORMED"},
    {"collateral has an unknown key", QUOTE_TDX, collateral_with_an_unknown_key, "collateral",
     "DCAP_COLLATERAL_MALFORMED"},
    {"collateral has a key twice", QUOTE_TDX, collateral_with_a_key_twice, "collateral",
     "DCAP_COLLATERAL_MALFORMED"},
    {"another vendor's quoting enclave", QUOTE_TDX, vendor, "qe.vendor", "DCAP_QE_VENDOR_UNKNOWN"},
    {"another root", QUOTE_TDX, other_root, "pck.root", "DCAP_ROOT_UNTRUSTED"},
    {"the root only stands there", QUOTE_TDX, appended_root, "pck.chain", "DCAP_PCK_CHAIN_INVALID"},
    {"the chain is no PEM", QUOTE_TDX, no_pem, "pck.root", "DCAP_PCK_CERTS_MALFORMED"},
    {"two certificates", QUOTE_SGX, two_certificates, "pck.root", "DCAP_PCK_CERTS_MALFORMED"},
    {"the leaf is no certificate", QUOTE_TDX, leaf_is_no_certificate, "pck.time",
     "DCAP_PCK_CERTS_MALFORMED"},
    {"after the certificates' time", QUOTE_TDX, after_its_time, "pck.time",
     "DCAP_PCK_TIME_INVALID"},
    {"before the certificates' time", QUOTE_TDX, before_its_time, "pck.time",
     "DCAP_PCK_TIME_INVALID"},
    {"leaf signed by a stranger", QUOTE_TDX, leaf_signed_by_a_stranger, "pck.chain",
     "DCAP_PCK_CHAIN_INVALID"},
    {"leaf signed by the root", QUOTE_TDX, leaf_signed_by_the_root, "pck.chain",
     "DCAP_PCK_CHAIN_INVALID"},
    {"intermediate is no CA", QUOTE_TDX, intermediate_is_no_ca, "pck.chain",
     "DCAP_PCK_CHAIN_INVALID"},
    {"leaf of another name", QUOTE_TDX, leaf_of_another_name, "pck.chain",
     "DCAP_PCK_CHAIN_INVALID"},
    {"CA of another name", QUOTE_TDX, ca_of_another_name, "pck.chain", "DCAP_PCK_CHAIN_INVALID"},
    {"no SGX extension", QUOTE_TDX, no_extension, "pck.extension", "DCAP_PCK_EXTENSION_INVALID"},
    {"a component's SVN is missing", QUOTE_TDX, no_svn_of_component_9, "pck.extension",
     "DCAP_PCK_EXTENSION_INVALID"},
    {"PCESVN is missing", QUOTE_TDX, no_pcesvn, "pck.extension", "DCAP_PCK_EXTENSION_INVALID"},
    {"certificates of another platform", QUOTE_SGX, other_ppid, "pck.extension",
     "DCAP_PPID_MISMATCH"},
    {"QE report signed by a stranger", QUOTE_TDX, qe_signed_by_a_stranger, "qe.signature",
     "DCAP_QE_SIG_INVALID"},
    {"QE report names another key", QUOTE_TDX, qe_names_another_key, "qe.binding",
     "DCAP_QE_BINDING_MISMATCH"},
    {"QE report data goes on", QUOTE_TDX, qe_report_data_goes_on, "qe.binding",
     "DCAP_QE_BINDING_MISMATCH"},
    {"changed attestation key", QUOTE_TDX, changed_attestation_key, "qe.binding",
     "DCAP_QE_BINDING_MISMATCH"},
    {"changed body", QUOTE_TDX, changed_body, "quote.signature", "DCAP_QUOTE_SIG_INVALID"},
    {"changed header", QUOTE_TDX, changed_header, "quote.signature", "DCAP_QUOTE_SIG_INVALID"},
    {"changed signature", QUOTE_TDX, changed_signature, "quote.signature",
     "DCAP_QUOTE_SIG_INVALID"},
};

static void refused(void **state)
{
    (void)state;
    SCENE_ROWS(REFUSED);
}

/* ---- accepted ---- */

static void version_5(void)
{
    scene.f.version = 5;
}

static void version_5_body_2(void)
{
    scene.f.version = 5;
    scene.f.body_type = QUOTE_BODY_TD10;
}

static void version_4(void)
{
    scene.f.version = 4;
}

static void certificates_beside(void)
{
    scene.f.cert_type = QUOTE_CERT_PPID;
    scene.statement_bytes = forge_dcap_chain(&scene.f);
    scene.expect.beside.certs = buf_view(&scene.statement_bytes);
}

static void certificates_in_collateral(void)
{
    struct buf chain CLEANUP(buf_done) = forge_dcap_chain(&scene.f);
    scene.f.cert_type = QUOTE_CERT_PPID;
    scene.collateral = forge_dcap_collateral(&scene.f);
    scene.collateral.n -= 1;
    struct json_w w = {.out = &scene.collateral, .need_comma = true};
    json_w_text(&w, "pck_certificate_chain", buf_view(&chain));
    buf_put_str(&scene.collateral, "}");
}

static void padded(void)
{
    static const uint8_t rubbish[100] = "ignored";
    scene.f.trailing = BYTES_OF(rubbish);
}

static const struct scene_row ACCEPTED[] = {
    {"TDX, version 4", QUOTE_TDX, NULL, NULL, NULL},
    {"TDX, version 5, body type 3", QUOTE_TDX, version_5, NULL, NULL},
    {"TDX, version 5, body type 2", QUOTE_TDX, version_5_body_2, NULL, NULL},
    {"SGX, version 3", QUOTE_SGX, NULL, NULL, NULL},
    {"SGX, version 4", QUOTE_SGX, version_4, NULL, NULL},
    {"SGX, version 5", QUOTE_SGX, version_5, NULL, NULL},
    {"certificates beside the quote", QUOTE_SGX, certificates_beside, NULL, NULL},
    {"certificates in the collateral", QUOTE_SGX, certificates_in_collateral, NULL, NULL},
    {"padding after the signature data", QUOTE_TDX, padded, NULL, NULL},
};

static void accepted(void **state)
{
    (void)state;
    SCENE_ROWS(ACCEPTED);
}

/* ---- what is missing is not passed over ---- */

static void without_collateral(void **state)
{
    (void)state;
    static const char *const needing[] = {
        "collateral",    "tcb_info.chain",    "tcb_info.signature", "tcb_info",
        "tcb_info.time", "tcb_info.platform", "qe_identity.chain",  "qe_identity",
        "crl.root",      "crl.pck",           "crl.serials",        "qe.identity",
        "qe.level",      "tdx_module",        "tcb.level",          "tcb.status",
        "tcb.advisories"};
    scene_open(QUOTE_TDX);
    scene.has_no_collateral = true;
    scene_run();
    scene_must_be("no collateral", VERDICT_INCOMPLETE, NULL, NULL);
    for (size_t i = 0; i < sizeof(needing) / sizeof(needing[0]); i++)
        scene_must_skip(needing[i], true);
    assert_true(scene.claimed.is_signed);
    scene_close();
}

static void without_certificates(void **state)
{
    (void)state;
    scene_open(QUOTE_SGX);
    scene.f.cert_type = QUOTE_CERT_PPID;
    scene_run();
    scene_must_be("no certificates", VERDICT_INCOMPLETE, NULL, NULL);
    scene_must_skip("pck.root", true);
    assert_false(scene.claimed.is_signed);
    scene_close();
}

static void without_policy(void **state)
{
    (void)state;
    scene_open(QUOTE_TDX);
    scene.has_no_policy = true;
    scene_run();
    scene_must_be("no policy", VERDICT_INCOMPLETE, NULL, NULL);
    scene_must_skip("policy", true);
    scene_must_skip("measurements", true);
    assert_true(scene.claimed.is_signed);
    scene_close();
}

/* Of another version: not judged, which is not malformed. */
static void unknown_version(void **state)
{
    (void)state;
    scene_open(QUOTE_TDX);
    scene.quote = forge_dcap_quote(&scene.f);
    scene.quote.p[0] = 6;
    scene_run();
    assert_int_equal(checks_verdict(&scene.checks), VERDICT_INCOMPLETE);
    scene_close();
}

/* Every single bit of header, body and attestation key is protected. */
static void every_bit(void **state)
{
    (void)state;
    scene_open(QUOTE_TDX);
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(&scene.f);
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = scene_policy();
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    assert_ok(evidence_cache_new(&cache));
    scene.collateral = forge_dcap_collateral(&scene.f);
    scene.expect.beside.collateral = buf_view(&scene.collateral);
    scene.expect.cache = cache;
    size_t end = QUOTE_HEADER_LEN + QUOTE_TD10_LEN + 4 + 64 + 64 + 6 + QUOTE_ENCLAVE_LEN + 64;
    for (size_t i = 0; i < end; i += 3) {
        scene.checks = (struct checks){0};
        quote.p[i] ^= (uint8_t)(1u << (i % 8));
        assert_true(failed(evidence_verify(buf_view(&quote), EVIDENCE_TDX, policy, &scene.expect,
                                           &scene.checks, NULL, &scene.verified)));
        quote.p[i] ^= (uint8_t)(1u << (i % 8));
    }
    scene.checks = (struct checks){0};
    assert_ok(evidence_verify(buf_view(&quote), EVIDENCE_TDX, policy, &scene.expect, &scene.checks,
                              NULL, &scene.verified));
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),           cmocka_unit_test(refused),
        cmocka_unit_test(without_collateral), cmocka_unit_test(without_certificates),
        cmocka_unit_test(without_policy),     cmocka_unit_test(unknown_version),
        cmocka_unit_test(every_bit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
