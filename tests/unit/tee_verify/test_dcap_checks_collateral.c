/* Intel's tables, their chains and dates, and the CRLs: each broken once. */
#include "dcap_scene.h"

#include "crypto/rand.h"

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

/* ---- chains of the tables: a certificate in the place of the TCB signing one ---- */

static struct buf other; /* DER, freed by the next edit and at the end */

static struct bytes issue_in_place(const char *name, const struct ecdsa_secret *issuer,
                                   int64_t not_after)
{
    struct x509_request r = scene.f.certs[FORGE_DCAP_TCB].request;
    buf_done(&other);
    other = BUF_MAX(1 << 14);
    r.common_name = name;
    r.issuer_key = issuer;
    r.not_after_unix_s = not_after;
    assert_ok(x509_issue(&r, &other));
    return buf_view(&other);
}

static struct bytes signed_by_a_stranger(void)
{
    return issue_in_place("Intel SGX TCB Signing", stranger, FORGE_DCAP_NOW + 86400);
}

static struct bytes of_another_name(void)
{
    return issue_in_place("Intel SGX PCK Certificate", scene.f.certs[FORGE_DCAP_ROOT].key,
                          FORGE_DCAP_NOW + 86400);
}

static struct bytes out_of_date(void)
{
    return issue_in_place("Intel SGX TCB Signing", scene.f.certs[FORGE_DCAP_ROOT].key,
                          FORGE_DCAP_NOW - 1);
}

static void tcb_leaf_by_a_stranger(void)
{
    scene.f.tcb_chain_leaf = signed_by_a_stranger();
}

static void qe_leaf_by_a_stranger(void)
{
    scene.f.qe_chain_leaf = signed_by_a_stranger();
}

static void tcb_leaf_of_another_name(void)
{
    scene.f.tcb_chain_leaf = of_another_name();
}

static void qe_leaf_of_another_name(void)
{
    scene.f.qe_chain_leaf = of_another_name();
}

static void tcb_leaf_out_of_date(void)
{
    scene.f.tcb_chain_leaf = out_of_date();
}

static void qe_leaf_out_of_date(void)
{
    scene.f.qe_chain_leaf = out_of_date();
}

/* The PCK, whose key an attacker with the machine in hand may have, signs its own tables. */
static void tcb_by_the_pck(void)
{
    scene.f.tcb_chain_leaf = buf_view(&scene.f.certs[FORGE_DCAP_PCK].der);
    scene.f.tcb_signer = scene.f.certs[FORGE_DCAP_PCK].key;
}

static void tcb_root_is_another(void)
{
    scene.f.tcb_chain_root = buf_view(&scene.f.certs[FORGE_DCAP_CA].der);
}

static void qe_root_is_another(void)
{
    scene.f.qe_chain_root = buf_view(&scene.f.certs[FORGE_DCAP_CA].der);
}

/* ---- signatures ---- */

static void tcb_signed_by_a_stranger(void)
{
    scene.f.tcb_signer = stranger;
}

static void qe_signed_by_a_stranger(void)
{
    scene.f.qe_id_signer = stranger;
}

/* The same JSON value in other bytes: what is signed is the text. */
static void change(const char *from, const char *to)
{
    scene.collateral = forge_dcap_collateral(&scene.f);
    size_t n = strlen(from);
    assert_int_equal(n, strlen(to));
    for (size_t i = 0; i + n <= scene.collateral.n; i++) {
        if (memcmp(scene.collateral.p + i, from, n) == 0) {
            memcpy(scene.collateral.p + i, to, n);
            return;
        }
    }
    fail_msg("%s is not in the collateral", from);
}

static void tcb_text_changed(void)
{
    change("\\\"pcesvn\\\":5", "\\\"pcesvn\\\":0");
}

static void qe_text_changed(void)
{
    change("\\\"isvprodid\\\":2", "\\\"isvprodid\\\":3");
}

/* ---- form ---- */

static void tcb_is_no_table(void)
{
    scene.f.tcb_text = "{}";
}

static void tcb_of_version_4(void)
{
    scene.f.tcb_version = 4;
}

static void qe_is_no_table(void)
{
    scene.f.qe_text = "[]";
}

static struct buf text;

/* The QE identity as it is written, with one piece in another's place. */
static const char *edited_qe(const char *from, const char *to)
{
    struct buf plain CLEANUP(buf_done) = forge_dcap_qe_identity(&scene.f);
    size_t n = strlen(from);
    buf_done(&text);
    text = BUF_MAX(1 << 14);
    for (size_t i = 0; i < plain.n; i++) {
        bool is_here = i + n <= plain.n && memcmp(plain.p + i, from, n) == 0;
        if (is_here)
            buf_put_str(&text, to);
        else
            buf_put_u8(&text, plain.p[i]);
        i += is_here ? n - 1 : 0;
    }
    buf_put_u8(&text, 0);
    return (const char *)text.p;
}

/* A mask that is too short would leave bits unjudged. */
static void qe_mask_is_short(void)
{
    scene.f.qe_text = edited_qe("fbffffffffffffff0000000000000000", "fb");
}

static void qe_mask_is_empty(void)
{
    scene.f.qe_text = edited_qe("\"miscselectMask\":\"ffffffff\"", "\"miscselectMask\":\"\"");
}

static void other_tables(void)
{
    scene.f.tcb_tee = scene.f.tee == QUOTE_TDX ? QUOTE_SGX : QUOTE_TDX;
}

/* Only the QE identity is of the other TEE. */
static void other_qe_table(void)
{
    scene.f.qe_text = edited_qe("\"id\":\"TD_QE\"", "\"id\":\"QE\"");
}

/* ---- dates ---- */

static void tcb_expired(void)
{
    scene.f.tcb_next = "2025-06-15T15:06:39Z";
}

static void tcb_not_yet(void)
{
    scene.f.tcb_issue = "2025-06-15T15:06:41Z";
}

static void qe_expired(void)
{
    scene.f.qe_next = "2025-06-15T15:06:39Z";
}

static void qe_not_yet(void)
{
    scene.f.qe_issue = "2025-06-15T15:06:41Z";
}

static void other_fmspc(void)
{
    scene.f.tcb_fmspc[5] ^= 1;
}

static void other_pceid(void)
{
    scene.f.tcb_pceid[1] ^= 1;
}

/* ---- CRLs ---- */

static void root_crl_by_a_stranger(void)
{
    scene.f.root_crl.issuer_key = stranger;
}

static void pck_crl_by_a_stranger(void)
{
    scene.f.pck_crl.issuer_key = stranger;
}

/* Signed rightly, but by another than the issuer of the PCK. */
static void pck_crl_of_the_root(void)
{
    scene.f.pck_crl = scene.f.root_crl;
}

static void root_crl_expired(void)
{
    scene.f.root_crl.next_update_unix_s = FORGE_DCAP_NOW - 1;
}

static void pck_crl_expired(void)
{
    scene.f.pck_crl.next_update_unix_s = FORGE_DCAP_NOW - 1;
}

static void pck_crl_not_yet(void)
{
    scene.f.pck_crl.this_update_unix_s = FORGE_DCAP_NOW + 1;
}

static void pck_crl_without_end(void)
{
    scene.f.pck_crl.omits_next_update = true;
}

static struct bytes revoked;

static void revoke(struct x509_crl_request *crl, struct bytes der)
{
    revoked = der;
    crl->revoked = &revoked;
    crl->n_revoked = 1;
}

static void pck_revoked(void)
{
    revoke(&scene.f.pck_crl, buf_view(&scene.f.certs[FORGE_DCAP_PCK].der));
}

static void ca_revoked(void)
{
    revoke(&scene.f.root_crl, buf_view(&scene.f.certs[FORGE_DCAP_CA].der));
}

static void tcb_signing_revoked(void)
{
    revoke(&scene.f.root_crl, buf_view(&scene.f.certs[FORGE_DCAP_TCB].der));
}

/* The QE identity has a signing certificate of its own, and that one is revoked. */
static void qe_signing_revoked(void)
{
    struct bytes der = issue_in_place("Intel SGX TCB Signing", scene.f.certs[FORGE_DCAP_ROOT].key,
                                      FORGE_DCAP_NOW + 86400);
    scene.f.qe_chain_leaf = der;
    revoke(&scene.f.root_crl, der);
}

/* A CRL besides the collateral's, which lists nothing. */
static struct buf given_der;
static struct bytes given;

static void give(const struct x509_crl_request *r)
{
    buf_done(&given_der);
    given_der = BUF_MAX(1 << 14);
    assert_ok(x509_issue_crl(r, &given_der));
    given = buf_view(&given_der);
    scene.expect.beside.crls = &given;
    scene.expect.beside.n_crls = 1;
}

static void given_crl_lists_pck(void)
{
    struct x509_crl_request r = scene.f.pck_crl;
    revoke(&r, buf_view(&scene.f.certs[FORGE_DCAP_PCK].der));
    give(&r);
}

static void given_crl_lists_tcb_signing(void)
{
    struct x509_crl_request r = scene.f.root_crl;
    revoke(&r, buf_view(&scene.f.certs[FORGE_DCAP_TCB].der));
    give(&r);
}

static void given_crl_is_expired(void)
{
    struct x509_crl_request r = scene.f.pck_crl;
    r.next_update_unix_s = FORGE_DCAP_NOW - 1;
    give(&r);
}

static void given_crl_by_a_stranger(void)
{
    struct x509_crl_request r = scene.f.root_crl;
    r.issuer_key = stranger;
    give(&r);
}

static void given_crl_is_none(void)
{
    given_crl_lists_pck();
    given.n--;
}

static void given_crl_of_somebody_else(void)
{
    struct x509_crl_request r = scene.f.pck_crl;
    r.issuer_name = "somebody else";
    r.issuer_key = stranger;
    give(&r);
}

/* ---- how old ---- */

static void too_old_for_the_policy(void)
{
    scene.rules = ",\"max_collateral_age_s\":86400";
}

static void tcb_evaluation_too_low(void)
{
    scene.rules = ",\"min_tcb_evaluation\":17";
    scene.f.tcb_evaluation = 16;
}

static void qe_evaluation_too_low(void)
{
    scene.rules = ",\"min_tcb_evaluation\":17";
    scene.f.qe_evaluation = 16;
}

static const struct scene_row REFUSED[] = {
    {"TCB signing by a stranger", QUOTE_TDX, tcb_leaf_by_a_stranger, "tcb_info.chain",
     "DCAP_TCB_INFO_CHAIN_INVALID"},
    {"TCB signing of another name", QUOTE_TDX, tcb_leaf_of_another_name, "tcb_info.chain",
     "DCAP_TCB_INFO_CHAIN_INVALID"},
    {"TCB info by the PCK", QUOTE_TDX, tcb_by_the_pck, "tcb_info.chain",
     "DCAP_TCB_INFO_CHAIN_INVALID"},
    {"TCB signing out of date", QUOTE_TDX, tcb_leaf_out_of_date, "tcb_info.chain",
     "DCAP_TCB_INFO_CHAIN_EXPIRED"},
    {"TCB info under another root", QUOTE_TDX, tcb_root_is_another, "tcb_info.chain",
     "DCAP_TCB_INFO_ROOT_UNTRUSTED"},
    {"QE signing by a stranger", QUOTE_TDX, qe_leaf_by_a_stranger, "qe_identity.chain",
     "DCAP_QE_IDENTITY_CHAIN_INVALID"},
    {"QE signing of another name", QUOTE_TDX, qe_leaf_of_another_name, "qe_identity.chain",
     "DCAP_QE_IDENTITY_CHAIN_INVALID"},
    {"QE signing out of date", QUOTE_TDX, qe_leaf_out_of_date, "qe_identity.chain",
     "DCAP_QE_IDENTITY_CHAIN_EXPIRED"},
    {"QE identity under another root", QUOTE_TDX, qe_root_is_another, "qe_identity.chain",
     "DCAP_QE_IDENTITY_ROOT_UNTRUSTED"},
    {"TCB info signed by a stranger", QUOTE_TDX, tcb_signed_by_a_stranger, "tcb_info.signature",
     "DCAP_TCB_INFO_SIG_INVALID"},
    {"TCB info changed", QUOTE_TDX, tcb_text_changed, "tcb_info.signature",
     "DCAP_TCB_INFO_SIG_INVALID"},
    {"QE identity signed by a stranger", QUOTE_TDX, qe_signed_by_a_stranger,
     "qe_identity.signature", "DCAP_QE_IDENTITY_SIG_INVALID"},
    {"QE identity changed", QUOTE_TDX, qe_text_changed, "qe_identity.signature",
     "DCAP_QE_IDENTITY_SIG_INVALID"},
    {"TCB info is empty", QUOTE_TDX, tcb_is_no_table, "tcb_info", "DCAP_TCB_INFO_MALFORMED"},
    {"TCB info of version 4", QUOTE_TDX, tcb_of_version_4, "tcb_info", "DCAP_TCB_INFO_MALFORMED"},
    {"QE identity is a list", QUOTE_TDX, qe_is_no_table, "qe_identity",
     "DCAP_QE_IDENTITY_MALFORMED"},
    {"QE identity with a short mask", QUOTE_TDX, qe_mask_is_short, "qe_identity",
     "DCAP_QE_IDENTITY_MALFORMED"},
    {"QE identity with an empty mask", QUOTE_TDX, qe_mask_is_empty, "qe_identity",
     "DCAP_QE_IDENTITY_MALFORMED"},
    {"SGX tables for a TD", QUOTE_TDX, other_tables, "tcb_info", "DCAP_TCB_INFO_TEE_MISMATCH"},
    {"TDX tables for an enclave", QUOTE_SGX, other_tables, "tcb_info",
     "DCAP_TCB_INFO_TEE_MISMATCH"},
    {"SGX QE identity for a TD", QUOTE_TDX, other_qe_table, "qe_identity",
     "DCAP_QE_IDENTITY_TEE_MISMATCH"},
    {"TCB info expired", QUOTE_TDX, tcb_expired, "tcb_info.time", "DCAP_TCB_INFO_EXPIRED"},
    {"TCB info of tomorrow", QUOTE_TDX, tcb_not_yet, "tcb_info.time", "DCAP_TCB_INFO_NOT_YET"},
    {"QE identity expired", QUOTE_TDX, qe_expired, "qe_identity.time", "DCAP_QE_IDENTITY_EXPIRED"},
    {"QE identity of tomorrow", QUOTE_TDX, qe_not_yet, "qe_identity.time",
     "DCAP_QE_IDENTITY_NOT_YET"},
    {"another FMSPC", QUOTE_TDX, other_fmspc, "tcb_info.platform", "DCAP_FMSPC_MISMATCH"},
    {"another PCE", QUOTE_TDX, other_pceid, "tcb_info.platform", "DCAP_PCEID_MISMATCH"},
    {"root CRL by a stranger", QUOTE_TDX, root_crl_by_a_stranger, "crl.root",
     "DCAP_ROOT_CRL_INVALID"},
    {"PCK CRL by a stranger", QUOTE_TDX, pck_crl_by_a_stranger, "crl.pck", "DCAP_PCK_CRL_INVALID"},
    {"PCK CRL of another issuer", QUOTE_TDX, pck_crl_of_the_root, "crl.pck",
     "DCAP_PCK_CRL_INVALID"},
    {"PCK CRL without an end", QUOTE_TDX, pck_crl_without_end, "crl.pck", "DCAP_PCK_CRL_INVALID"},
    {"root CRL expired", QUOTE_TDX, root_crl_expired, "crl.root", "DCAP_ROOT_CRL_EXPIRED"},
    {"PCK CRL expired", QUOTE_TDX, pck_crl_expired, "crl.pck", "DCAP_PCK_CRL_EXPIRED"},
    {"PCK CRL of tomorrow", QUOTE_TDX, pck_crl_not_yet, "crl.pck", "DCAP_PCK_CRL_EXPIRED"},
    {"PCK revoked", QUOTE_TDX, pck_revoked, "crl.serials", "DCAP_CERT_REVOKED"},
    {"PCK CA revoked", QUOTE_TDX, ca_revoked, "crl.serials", "DCAP_CERT_REVOKED"},
    {"TCB signing revoked", QUOTE_TDX, tcb_signing_revoked, "crl.serials", "DCAP_CERT_REVOKED"},
    {"QE signing revoked", QUOTE_TDX, qe_signing_revoked, "crl.serials", "DCAP_CERT_REVOKED"},
    {"PCK on a CRL given besides", QUOTE_TDX, given_crl_lists_pck, "crl.serials",
     "DCAP_CERT_REVOKED"},
    {"TCB signing on a CRL given besides", QUOTE_SGX, given_crl_lists_tcb_signing, "crl.serials",
     "DCAP_CERT_REVOKED"},
    {"a CRL given besides has ended", QUOTE_TDX, given_crl_is_expired, "crl.serials",
     "DCAP_GIVEN_CRL_INVALID"},
    {"a CRL given besides by a stranger", QUOTE_TDX, given_crl_by_a_stranger, "crl.serials",
     "DCAP_GIVEN_CRL_INVALID"},
    {"what is given besides is no CRL", QUOTE_TDX, given_crl_is_none, "crl.serials",
     "DCAP_GIVEN_CRL_INVALID"},
    {"a CRL of somebody else given besides", QUOTE_TDX, given_crl_of_somebody_else, NULL, NULL},
    {"older than the policy allows", QUOTE_TDX, too_old_for_the_policy, "collateral.age",
     "DCAP_COLLATERAL_TOO_OLD"},
    {"TCB info's evaluation too low", QUOTE_TDX, tcb_evaluation_too_low, "collateral.evaluation",
     "DCAP_EVALUATION_TOO_LOW"},
    {"QE identity's evaluation too low", QUOTE_TDX, qe_evaluation_too_low, "collateral.evaluation",
     "DCAP_EVALUATION_TOO_LOW"},
};

static void refused(void **state)
{
    (void)state;
    SCENE_ROWS(REFUSED);
    buf_done(&other);
    buf_done(&text);
    buf_done(&given_der);
}

static void young_enough(void)
{
    scene.rules = ",\"max_collateral_age_s\":864000,\"min_tcb_evaluation\":17";
}

static void version_2(void)
{
    scene.f.tcb_version = 2;
}

static void exactly_in_time(void)
{
    scene.f.tcb_issue = scene.f.qe_issue = "2025-06-15T15:06:40Z";
}

static const struct scene_row ACCEPTED[] = {
    {"within the policy's bounds", QUOTE_TDX, young_enough, NULL, NULL},
    {"TCB info of version 2", QUOTE_SGX, version_2, NULL, NULL},
    {"issued this second", QUOTE_TDX, exactly_in_time, NULL, NULL},
};

static void accepted(void **state)
{
    (void)state;
    SCENE_ROWS(ACCEPTED);
}

/* Genuine tables, but older than what was believed before. Only accepted evidence is remembered. */
static void older_than_seen(void **state)
{
    (void)state;
    struct evidence_memory *memory CLEANUP(evidence_memory_freep) = NULL;
    assert_ok(evidence_memory_new(&memory));
    const struct {
        enum quote_tee tee;
        unsigned tcb, qe;
        const char *rules;
        enum verdict verdict;
        const char *id, *code;
    } steps[] = {
        {QUOTE_TDX, 17, 17, "", VERDICT_ACCEPT, NULL, NULL},
        {QUOTE_TDX, 16, 17, "", VERDICT_REJECT, "collateral.rollback", "DCAP_COLLATERAL_ROLLBACK"},
        {QUOTE_TDX, 17, 16, "", VERDICT_REJECT, "collateral.rollback", "DCAP_COLLATERAL_ROLLBACK"},
        {QUOTE_SGX, 16, 16, "", VERDICT_ACCEPT, NULL, NULL},
        {QUOTE_TDX, 19, 19, ",\"min_tcb_evaluation\":20", VERDICT_REJECT, "collateral.evaluation",
         "DCAP_EVALUATION_TOO_LOW"},
        {QUOTE_TDX, 18, 18, "", VERDICT_ACCEPT, NULL, NULL},
        {QUOTE_TDX, 17, 17, "", VERDICT_REJECT, "collateral.rollback", "DCAP_COLLATERAL_ROLLBACK"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        scene_open(steps[i].tee);
        scene.f.tcb_evaluation = steps[i].tcb;
        scene.f.qe_evaluation = steps[i].qe;
        scene.rules = steps[i].rules;
        scene.expect.memory = memory;
        scene_run();
        scene_must_be("a step", steps[i].verdict, steps[i].id, steps[i].code);
        scene_close();
    }
}

/* What is remembered of a chain or CRL is never used outside its time. */
static void a_warm_cache_keeps_time(void **state)
{
    (void)state;
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    assert_ok(evidence_cache_new(&cache));
    const struct {
        int64_t later_s;
        const char *id, *code;
    } steps[] = {
        {0, NULL, NULL},
        {0, NULL, NULL},
        {3601, "crl.root", "DCAP_ROOT_CRL_EXPIRED"},
        {2 * 86400, "pck.time", "DCAP_PCK_TIME_INVALID"},
        {-2 * 86400, "pck.time", "DCAP_PCK_TIME_INVALID"},
        {0, NULL, NULL},
    };
    scene_open(QUOTE_TDX);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        scene.expect.cache = cache;
        scene.expect.at_unix_s = FORGE_DCAP_NOW + steps[i].later_s;
        scene_run();
        scene_must_be("a step", steps[i].id ? VERDICT_REJECT : VERDICT_ACCEPT, steps[i].id,
                      steps[i].code);
    }
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(older_than_seen),
        cmocka_unit_test(a_warm_cache_keeps_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
