/* SEV-SNP evidence under roots of our own: each row breaks one rule and must be refused by the
 * check of that rule, with its code. */
#include "snp_scene.h"

/* ---- rows that break a report ---- */

static void reserved_byte(struct scene *s)
{
    s->f.report[0x18b] = 1;
}

static void version_4(struct scene *s)
{
    forge_snp_le(&s->f, 0, 4, 4);
}

static void signature_algorithm_2(struct scene *s)
{
    forge_snp_le(&s->f, 0x34, 2, 4);
}

static void names_a_vlek(struct scene *s)
{
    forge_snp_le(&s->f, 0x48, SNP_KEY_VLEK << 2, 4);
}

static void masked_key(struct scene *s)
{
    forge_snp_le(&s->f, 0x48, 2, 4);
}

static void signed_by_none(struct scene *s)
{
    forge_snp_le(&s->f, 0x48, SNP_KEY_NONE << 2, 4);
}

static void signing_key_3(struct scene *s)
{
    forge_snp_le(&s->f, 0x48, 3 << 2, 4);
}

static void cpuid_of_milan(struct scene *s)
{
    s->f.report[0x189] = 0x01;
}

static void cpuid_of_naples(struct scene *s)
{
    s->f.report[0x188] = 0x17;
}

static void other_chip(struct scene *s)
{
    s->f.report[0x1a0] ^= 1;
}

static void last_byte_of_chip(struct scene *s)
{
    s->f.report[0x1df] ^= 1;
}

static void spare_byte_of_current_tcb(struct scene *s)
{
    s->f.report[0x38 + 3] = 1;
}

static void spare_byte_of_reported_tcb(struct scene *s)
{
    s->f.report[0x180 + 3] = 1;
}

static void spare_byte_of_committed_tcb(struct scene *s)
{
    s->f.report[0x1e0 + 3] = 1;
}

static void spare_byte_of_launch_tcb(struct scene *s)
{
    s->f.report[0x1f0 + 3] = 1;
}

static void committed_above_current(struct scene *s)
{
    s->f.report[0x1e0] = FORGE_SNP_LEVEL + 2;
}

static void reported_above_current(struct scene *s)
{
    forge_snp_tcb(&s->f, 0x38, FORGE_SNP_LEVEL - 1);
    forge_snp_tcb(&s->f, 0x1e0, FORGE_SNP_LEVEL - 1);
}

static void policy_without_bit_17(struct scene *s)
{
    forge_snp_le(&s->f, 0x08, 0x10137, 8);
}

static void policy_with_bit_26(struct scene *s)
{
    forge_snp_le(&s->f, 0x08, 0x4030137, 8);
}

static void policy_with_bit_63(struct scene *s)
{
    forge_snp_le(&s->f, 0x08, UINT64_C(0x8000000000030137), 8);
}

static void debug(struct scene *s)
{
    forge_snp_le(&s->f, 0x08, 0xb0137, 8);
}

static void vmpl_0_where_1_is_asked(struct scene *s)
{
    s->extra = ",\"vmpl\":1";
}

static void vmpl_4(struct scene *s)
{
    forge_snp_le(&s->f, 0x30, 4, 4);
}

static void vmpl_of_the_host(struct scene *s)
{
    forge_snp_le(&s->f, 0x30, UINT32_MAX, 4);
}

static void firmware_committed_above_current(struct scene *s)
{
    s->f.report[0x1ec] = 6;
}

/* ---- certificates ---- */

static void no_hardware_id(struct scene *s)
{
    forge_snp_extra_drop(&s->f, "4");
}

static void no_microcode_level(struct scene *s)
{
    forge_snp_extra_drop(&s->f, "3.8");
}

static void no_product_name(struct scene *s)
{
    forge_snp_extra_drop(&s->f, "2");
}

static void two_leaves(struct scene *s)
{
    issue(s);
    buf_put(&s->f.certs, buf_view(&s->f.leaf));
    s->expect.beside.certs = buf_view(&s->f.certs);
}

static void bytes_after_the_certificates(struct scene *s)
{
    issue(s);
    buf_put_str(&s->f.certs, "x");
    s->expect.beside.certs = buf_view(&s->f.certs);
}

static void unknown_product(struct scene *s)
{
    forge_snp_extra_text(&s->f, "2", "Venice");
}

static void structure_version_1(struct scene *s)
{
    forge_snp_extra_int(&s->f, "1", 1);
}

static void another_root_given(struct scene *s)
{
    struct buf other CLEANUP(buf_done) = BUF_MAX(1 << 14);
    issue(s);
    forge_snp_ca("ARK-Genoa", "ARK-Genoa", s->f.keys->stranger, s->f.keys->stranger, &other);
    buf_put(&s->f.certs, buf_view(&other));
    s->expect.beside.certs = buf_view(&s->f.certs);
}

static void clock_after_the_leaf(struct scene *s)
{
    s->expect.at_unix_s = FORGE_SNP_NOW + 3601;
}

static void clock_before_the_leaf(struct scene *s)
{
    s->expect.at_unix_s = FORGE_SNP_NOW - 3601;
}

static void leaf_by_a_stranger(struct scene *s)
{
    s->f.leaf_signer = s->f.keys->stranger;
}

static void ask_by_a_stranger(struct scene *s)
{
    s->f.ask_signer = s->f.keys->stranger;
}

static void leaf_by_the_root(struct scene *s)
{
    s->f.leaf_signer = s->f.keys->ark;
    s->f.leaf_issuer = "ARK-Genoa";
}

/* Its issuer is neither given nor one of the embedded ones. */
static void leaf_without_issuer(struct scene *s)
{
    (void)snprintf(s->f.ask_name, sizeof(s->f.ask_name), "SEV-Nowhere");
    issue(s);
    s->expect.beside.certs = buf_view(&s->f.leaf);
}

static void vcek_by_the_signer_of_vleks(struct scene *s)
{
    (void)snprintf(s->f.ask_name, sizeof(s->f.ask_name), "SEV-VLEK-Genoa");
}

static void revoked(struct scene *s)
{
    s->f.is_ask_revoked = true;
}

static void crl_by_a_stranger(struct scene *s)
{
    s->f.crl_signer = s->f.keys->stranger;
}

static void crl_expired(struct scene *s)
{
    s->f.crl_next_update = FORGE_SNP_NOW - 1;
}

static void crl_of_the_future(struct scene *s)
{
    s->f.crl_this_update = FORGE_SNP_NOW + 1;
}

static void crl_older_than_the_policy(struct scene *s)
{
    s->extra = ",\"max_crl_age_s\":3599";
}

static void not_a_crl(struct scene *s)
{
    issue(s);
    s->crls[0] = buf_view(&s->f.leaf);
}

/* A list that is current and names nobody does not outweigh one that revokes. */
static void revoked_in_one_of_two(struct scene *s)
{
    static struct buf first;
    buf_done(&first);
    first = BUF_MAX(1 << 14);
    issue(s);
    buf_put(&first, buf_view(&s->f.crl));
    s->f.is_ask_revoked = true;
    struct bytes revoked_ask = buf_view(&s->f.ask);
    struct x509_crl_request r = {
        .issuer_name = s->f.ark_name,
        .this_update_unix_s = s->f.crl_this_update,
        .next_update_unix_s = s->f.crl_next_update,
        .revoked = &revoked_ask,
        .n_revoked = 1,
        .signer = {.rsa = s->f.crl_signer, .rsa_alg = RSA_PS384},
    };
    buf_clear(&s->f.crl);
    assert_ok(x509_issue_crl(&r, &s->f.crl));
    s->crls[0] = buf_view(&first);
    s->crls[1] = buf_view(&s->f.crl);
    s->expect.beside.n_crls = 2;
}

static void level_of_the_certificate(struct scene *s)
{
    forge_snp_extra_int(&s->f, "3.3", FORGE_SNP_LEVEL + 1);
}

/* ---- policies ---- */

static void policy_of_milan(struct scene *s)
{
    s->policy_product = SNP_MILAN;
}

static void version_3_where_5_is_asked(struct scene *s)
{
    forge_snp_le(&s->f, 0, 3, 4);
    forge_snp_fill(&s->f, 0x1f8, 0, 16);
    s->extra = ",\"min_report_version\":5";
}

static void vcek_where_a_vlek_is_asked(struct scene *s)
{
    s->extra = ",\"signing_keys\":[\"vlek\"],\"csp_ids\":[\"CN=x\"]";
}

static void provider_of_another_name(struct scene *s)
{
    done(s);
    init_kind(s, SNP_GENOA, SNP_KEY_VLEK);
    s->extra = ",\"signing_keys\":[\"vlek\"],\"csp_ids\":[\"CN=other\"]";
}

static void chip_not_named(struct scene *s)
{
    s->extra = ",\"chip_ids\":[\"c1c1c1c1c1c1c1c1\"]";
}

static void chip_denied(struct scene *s)
{
    s->extra = ",\"denied_chip_ids\":[\"" CHIP_C1 "\"]";
}

static void chip_named_and_denied(struct scene *s)
{
    s->extra = ",\"chip_ids\":[\"" CHIP_C1 "\"],\"denied_chip_ids\":[\"" CHIP_C1 "\"]";
}

static void chip_hidden_from_the_list(struct scene *s)
{
    forge_snp_fill(&s->f, 0x1a0, 0, SNP_CHIP_ID_LEN);
    s->extra = ",\"allow_masked_chip_id\":true,\"chip_ids\":[\"" CHIP_C1 "\"]";
}

static void chip_hidden_from_the_denied(struct scene *s)
{
    forge_snp_fill(&s->f, 0x1a0, 0, SNP_CHIP_ID_LEN);
    s->extra = ",\"allow_masked_chip_id\":true,\"denied_chip_ids\":[\"" CHIP_C1 "\"]";
}

/* Whoever got hold of a provider's key on one machine writes any other's id. */
static void sign_by_vlek(struct scene *s, const char *extra)
{
    done(s);
    init_kind(s, SNP_GENOA, SNP_KEY_VLEK);
    forge_snp_fill(&s->f, 0x1a0, 0xc1, SNP_CHIP_ID_LEN);
    s->extra = extra;
}

#define BY_VLEK ",\"signing_keys\":[\"vcek\",\"vlek\"],\"csp_ids\":[\"" FORGE_SNP_CSP "\"]"

static void chip_named_by_a_vlek(struct scene *s)
{
    sign_by_vlek(s, BY_VLEK ",\"chip_ids\":[\"" CHIP_C1 "\"]");
}

static void chip_not_denied_by_a_vlek(struct scene *s)
{
    sign_by_vlek(s, BY_VLEK ",\"denied_chip_ids\":[\"0102030405060708\"]");
}

static void firmware_old(struct scene *s)
{
    s->extra = ",\"min_firmware\":{\"major\":1,\"minor\":55,\"build\":6}";
}

static void firmware_old_minor(struct scene *s)
{
    s->extra = ",\"min_firmware\":{\"major\":1,\"minor\":56,\"build\":0}";
}

static void mitigation_missing_at_launch(struct scene *s)
{
    s->extra = ",\"launch_mitigations\":\"0000000000000004\"";
}

static void mitigation_missing_now(struct scene *s)
{
    s->extra = ",\"current_mitigations\":\"0000000000000008\"";
}

static void mitigation_not_told(struct scene *s)
{
    forge_snp_le(&s->f, 0, 3, 4);
    forge_snp_fill(&s->f, 0x1f8, 0, 16);
    s->extra = ",\"launch_mitigations\":\"0000000000000001\"";
}

static void abi_low(struct scene *s)
{
    s->extra = ",\"min_abi\":{\"major\":1,\"minor\":56}";
}

static void abi_low_major(struct scene *s)
{
    s->extra = ",\"min_abi\":{\"major\":2,\"minor\":0}";
}

static void other_measurement(struct scene *s)
{
    s->f.report[0x90 + 47] ^= 1;
}

static void host_data(struct scene *s)
{
    s->pins = ",\"host_data\":\"" REP16("b0b0") "\"";
    s->f.report[0xc0] ^= 1;
}

static void id_key(struct scene *s)
{
    s->pins = ",\"id_key_digest\":\"" REP16("e1e1e1") "\"";
    s->f.report[0xe0 + 47] ^= 1;
}

static void author_key(struct scene *s)
{
    s->pins = ",\"author_key_digest\":\"" REP16("e2e2e2") "\"";
    s->f.report[0x110] ^= 1;
}

/* The digest is right, but the firmware says that no author key was used. */
static void author_key_not_used(struct scene *s)
{
    s->pins = ",\"author_key_digest\":\"" REP16("e2e2e2") "\"";
    forge_snp_le(&s->f, 0x48, 0, 4);
}

/* What an id block says counts with the key that signed it. */
#define ID_KEY ",\"id_key_digest\":\"" REP16("e1e1e1") "\""

static void family_id(struct scene *s)
{
    s->pins = ID_KEY ",\"family_id\":\"" REP16("f1") "\"";
    s->f.report[0x10] ^= 1;
}

static void image_id(struct scene *s)
{
    s->pins = ID_KEY ",\"image_id\":\"" REP16("f2") "\"";
    s->f.report[0x2f] ^= 1;
}

static void guest_svn(struct scene *s)
{
    s->pins = ID_KEY ",\"min_guest_svn\":8";
}

static void report_data(struct scene *s)
{
    static uint8_t want[SNP_DATA_LEN];
    memset(want, 0xd0, sizeof(want));
    want[63] ^= 1;
    s->expect.report_data = BYTES_OF(want);
}

static void report_data_shorter(struct scene *s)
{
    static uint8_t want[32];
    memset(want, 0xd0, sizeof(want));
    s->expect.report_data = BYTES_OF(want);
}

/* ---- the statement ---- */

static void statement_of_another_binding(struct scene *s)
{
    bind_statement(s);
    s->f.report[0x50] ^= 1;
}

static void no_statement_in_a_session(struct scene *s)
{
    s->expect.is_session = true;
}

static void statement_of_another_platform(struct scene *s)
{
    s->statement.platform = BYTES_LIT(STATEMENT_PLATFORM_TDX);
    bind_statement(s);
}

static void statement_of_an_epoch(struct scene *s)
{
    s->statement.freshness = FRESH_EPOCH;
    bind_statement(s);
}

static void statement_of_another_nonce(struct scene *s)
{
    s->statement.nonce[31] ^= 1;
    bind_statement(s);
}

static void statement_of_another_key(struct scene *s)
{
    s->statement.identity_key[0] ^= 1;
    bind_statement(s);
}

static void statement_of_another_service(struct scene *s)
{
    s->top = ",\"service\":\"another.service\"";
    bind_statement(s);
}

static void statement_of_another_config(struct scene *s)
{
    s->top = ",\"configs\":[\"" REP16("cccc") "\"]";
    bind_statement(s);
}

static void statement_of_another_model(struct scene *s)
{
    s->top = ",\"models\":[\"" REP16("cccc") "\"]";
    bind_statement(s);
}

static const struct row {
    const char *name;
    void (*edit)(struct scene *s);
    const char *id, *code;
} ROWS[] = {
#define ROW(edit, id, code)   \
    {                         \
#edit, edit, id, code \
    }
    ROW(reserved_byte, "report", "SNP_REPORT_MALFORMED"),
    ROW(version_4, "report", "SNP_REPORT_VERSION"),
    ROW(signature_algorithm_2, "report", "SNP_SIGNATURE_ALGORITHM"),
    ROW(no_hardware_id, "vek", "SNP_CERT_MALFORMED"),
    ROW(no_microcode_level, "vek", "SNP_CERT_MALFORMED"),
    ROW(no_product_name, "vek", "SNP_CERT_MALFORMED"),
    ROW(two_leaves, "vek", "SNP_CERT_MALFORMED"),
    ROW(bytes_after_the_certificates, "vek", "SNP_CERT_MALFORMED"),
    ROW(unknown_product, "vek", "SNP_CERT_UNSUPPORTED"),
    ROW(structure_version_1, "vek", "SNP_CERT_UNSUPPORTED"),
    ROW(names_a_vlek, "vek.key", "SNP_SIGNING_KEY_MISMATCH"),
    ROW(masked_key, "vek.key", "SNP_REPORT_UNSIGNED"),
    ROW(signed_by_none, "vek.key", "SNP_REPORT_UNSIGNED"),
    ROW(signing_key_3, "vek.key", "SNP_SIGNING_KEY_RESERVED"),
    ROW(cpuid_of_milan, "product", "SNP_PRODUCT_MISMATCH"),
    ROW(cpuid_of_naples, "product", "SNP_PRODUCT_UNKNOWN"),
    ROW(another_root_given, "ark", "SNP_ROOT_UNTRUSTED"),
    ROW(clock_after_the_leaf, "vek.time", "SNP_CERT_TIME_INVALID"),
    ROW(clock_before_the_leaf, "vek.time", "SNP_CERT_TIME_INVALID"),
    ROW(leaf_by_a_stranger, "vek.chain", "SNP_CERT_CHAIN_INVALID"),
    ROW(ask_by_a_stranger, "vek.chain", "SNP_CERT_CHAIN_INVALID"),
    ROW(leaf_without_issuer, "vek.chain", "SNP_CERT_CHAIN_INVALID"),
    ROW(leaf_by_the_root, "vek.chain", "SNP_ISSUER_MISMATCH"),
    ROW(vcek_by_the_signer_of_vleks, "vek.chain", "SNP_ISSUER_MISMATCH"),
    ROW(revoked, "vek.revocation", "SNP_CERT_REVOKED"),
    ROW(revoked_in_one_of_two, "vek.revocation", "SNP_CERT_REVOKED"),
    ROW(crl_by_a_stranger, "vek.revocation", "SNP_CRL_INVALID"),
    ROW(not_a_crl, "vek.revocation", "SNP_CRL_INVALID"),
    ROW(crl_expired, "vek.revocation", "SNP_CRL_EXPIRED"),
    ROW(crl_of_the_future, "vek.revocation", "SNP_CRL_EXPIRED"),
    ROW(crl_older_than_the_policy, "vek.revocation", "SNP_CRL_EXPIRED"),
    ROW(other_chip, "vek.hwid", "SNP_HWID_MISMATCH"),
    ROW(last_byte_of_chip, "vek.hwid", "SNP_HWID_MISMATCH"),
    ROW(masked_chip, "vek.hwid", "SNP_CHIP_ID_MASKED"),
    ROW(spare_byte_of_current_tcb, "tcb", "SNP_TCB_MALFORMED"),
    ROW(spare_byte_of_reported_tcb, "tcb", "SNP_TCB_MALFORMED"),
    ROW(spare_byte_of_committed_tcb, "tcb", "SNP_TCB_MALFORMED"),
    ROW(spare_byte_of_launch_tcb, "tcb", "SNP_TCB_MALFORMED"),
    ROW(committed_above_current, "tcb", "SNP_TCB_ORDER"),
    ROW(reported_above_current, "tcb", "SNP_TCB_ORDER"),
    ROW(level_of_the_certificate, "vek.tcb", "SNP_VEK_TCB_MISMATCH"),
    ROW(policy_without_bit_17, "guest.policy", "SNP_GUEST_POLICY_INVALID"),
    ROW(policy_with_bit_26, "guest.policy", "SNP_GUEST_POLICY_INVALID"),
    ROW(policy_with_bit_63, "guest.policy", "SNP_GUEST_POLICY_INVALID"),
    ROW(debug, "guest.debug", "SNP_DEBUG_MODE"),
    ROW(policy_of_milan, "product.allowed", "SNP_PRODUCT_REFUSED"),
    ROW(version_3_where_5_is_asked, "report.version", "SNP_REPORT_VERSION_LOW"),
    ROW(vcek_where_a_vlek_is_asked, "vek.allowed", "SNP_SIGNING_KEY_REFUSED"),
    ROW(provider_of_another_name, "vek.allowed", "SNP_CSP_REFUSED"),
    ROW(chip_not_named, "chip", "SNP_CHIP_REFUSED"),
    ROW(chip_hidden_from_the_list, "chip", "SNP_CHIP_REFUSED"),
    ROW(chip_hidden_from_the_denied, "chip", "SNP_CHIP_REFUSED"),
    ROW(chip_named_by_a_vlek, "chip", "SNP_CHIP_REFUSED"),
    ROW(chip_not_denied_by_a_vlek, "chip", "SNP_CHIP_REFUSED"),
    ROW(chip_denied, "chip", "SNP_CHIP_DENIED"),
    ROW(chip_named_and_denied, "chip", "SNP_CHIP_DENIED"),
    ROW(firmware_old, "firmware", "SNP_FIRMWARE_LOW"),
    ROW(firmware_old_minor, "firmware", "SNP_FIRMWARE_LOW"),
    ROW(firmware_committed_above_current, "firmware", "SNP_FIRMWARE_ORDER"),
    ROW(mitigation_missing_at_launch, "mitigations", "SNP_MITIGATION_MISSING"),
    ROW(mitigation_missing_now, "mitigations", "SNP_MITIGATION_MISSING"),
    ROW(mitigation_not_told, "mitigations", "SNP_MITIGATION_MISSING"),
    ROW(vmpl_1, "vmpl", "SNP_VMPL_REFUSED"),
    ROW(vmpl_0_where_1_is_asked, "vmpl", "SNP_VMPL_REFUSED"),
    ROW(vmpl_4, "vmpl", "SNP_VMPL_REFUSED"),
    ROW(vmpl_of_the_host, "vmpl", "SNP_VMPL_HOST"),
    ROW(migration_allowed, "guest.migration", "SNP_MIGRATION_AGENT"),
    ROW(migration_agent, "guest.migration", "SNP_MIGRATION_AGENT"),
    ROW(abi_low, "guest.abi", "SNP_GUEST_ABI_LOW"),
    ROW(abi_low_major, "guest.abi", "SNP_GUEST_ABI_LOW"),
    ROW(other_measurement, "launch.measurement", "SNP_MEASUREMENT_MISMATCH"),
    ROW(host_data, "launch.host_data", "SNP_HOST_DATA_MISMATCH"),
    ROW(id_key, "launch.id_key", "SNP_ID_KEY_MISMATCH"),
    ROW(author_key, "launch.author_key", "SNP_AUTHOR_KEY_MISMATCH"),
    ROW(author_key_not_used, "launch.author_key", "SNP_AUTHOR_KEY_MISMATCH"),
    ROW(family_id, "launch.family_id", "SNP_FAMILY_ID_MISMATCH"),
    ROW(image_id, "launch.image_id", "SNP_IMAGE_ID_MISMATCH"),
    ROW(guest_svn, "launch.guest_svn", "SNP_GUEST_SVN_LOW"),
    ROW(report_data, "report_data", "SNP_REPORT_DATA_MISMATCH"),
    ROW(report_data_shorter, "report_data", "SNP_REPORT_DATA_MISMATCH"),
    ROW(statement_of_another_binding, "statement", "SNP_STATEMENT_INVALID"),
    ROW(no_statement_in_a_session, "statement", "SNP_STATEMENT_INVALID"),
    ROW(statement_of_another_platform, "platform", "STATEMENT_PLATFORM_MISMATCH"),
    ROW(statement_of_an_epoch, "freshness", "POLICY_FRESHNESS_REFUSED"),
    ROW(statement_of_another_nonce, "nonce", "SNP_NONCE_MISMATCH"),
    ROW(statement_of_another_key, "public_key", "SNP_PUBKEY_BINDING_MISMATCH"),
    ROW(statement_of_another_service, "service", "POLICY_SERVICE_MISMATCH"),
    ROW(statement_of_another_config, "config", "POLICY_CONFIG_MISMATCH"),
    ROW(statement_of_another_model, "model", "POLICY_MODEL_MISMATCH"),
#undef ROW
};

enum { N_ROWS = sizeof(ROWS) / sizeof(ROWS[0]) };

static void refuses_each_broken_rule_by_its_check(void **state)
{
    (void)state;
    static struct scene s;
    for (size_t i = 0; i < N_ROWS; i++) {
        init(&s);
        ROWS[i].edit(&s);
        if (s.expect.beside.certs.p == NULL)
            issue(&s);
        forge_snp_sign(&s.f);
        enum verdict v = judge(&s);
        assert_failed_with(&s, ROWS[i].name, ROWS[i].id, ROWS[i].code);
        /* What a peer may do about it differs; that it is not accepted does not. */
        assert_true(v == VERDICT_REJECT || v == VERDICT_MALFORMED || v == VERDICT_INCOMPLETE);
        done(&s);
    }
    print_message("snp: %u broken rules\n", (unsigned)N_ROWS);
}

/* ---- the report's own signature ---- */

static void refuses_a_report_of_another_key(void **state)
{
    (void)state;
    static struct scene s;
    init(&s);
    issue(&s);
    forge_snp_sign_with(&s.f, s.f.keys->other_vek);
    assert_int_equal(judge(&s), VERDICT_REJECT);
    assert_failed_with(&s, "another key", "report.signature", "SNP_REPORT_SIG_INVALID");
    /* Nothing after it is judged. */
    assert_required_skip(&s, "launch.measurement");
    assert_required_skip(&s, "guest.debug");
    done(&s);
}

static void refuses_signatures_out_of_range(void **state)
{
    (void)state;
    static struct scene s;
    static const struct {
        size_t at;
        uint8_t v;
    } rows[] = {{0, 0}, {0, 0xff}, {SNP_SIG_PART_LEN, 0}, {SNP_SIG_PART_LEN, 0xff}};
    init(&s);
    issue(&s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        forge_snp_sign(&s.f);
        forge_snp_fill(&s.f, SNP_SIGNED_LEN + rows[i].at, rows[i].v, 48);
        assert_int_equal(judge(&s), VERDICT_REJECT);
        assert_failed_with(&s, "range", "report.signature", "SNP_REPORT_SIG_INVALID");
    }
    done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_each_broken_rule_by_its_check),
        cmocka_unit_test(refuses_a_report_of_another_key),
        cmocka_unit_test(refuses_signatures_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, done_keys);
}
