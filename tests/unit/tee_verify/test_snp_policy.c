/* The policy's member "snp": what is refused when it is read, how releases match, what people are
 * told, and the policy that is written from what was seen. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/snp/snp_policy.h"

#define REP8(x)     x x x x x x x x
#define REP16(x)    REP8(x) REP8(x)
#define MEASURED    REP16("a0a0a0")
#define FLOOR       "{\"bootloader\":1,\"tee\":2,\"snp\":3,\"microcode\":4}"
#define GENOA       "\"products\":{\"genoa\":{\"min_tcb\":" FLOOR "}}"
#define RELEASE     "{\"name\":\"r1\",\"measurement\":\"" MEASURED "\"}"
#define RELEASES    "\"releases\":[" RELEASE "]"
#define PINNED(pin) "{\"name\":\"r1\",\"measurement\":\"" MEASURED "\"," pin "}"
#define AUTHOR      "\"author_key_digest\":\"" REP16("e2e2e2") "\","

static status read(const char *member, struct snp_policy *out)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 20);
    buf_printf(&text, "{\"snp\":{%s}}", member);
    assert_ok(json_parse(buf_view(&text), 1 << 20, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    status s = snp_policy_read(&o, "snp", out);
    return failed(s) ? s : json_obj_end(&o);
}

static const struct {
    const char *rule, *json;
    enum status_code code;
} REFUSED[] = {
    {"empty", "", ST_FORMAT},
    {"no products", RELEASES, ST_FORMAT},
    {"no releases", GENOA, ST_FORMAT},
    {"empty releases", GENOA ",\"releases\":[]", ST_CONFIG},
    {"empty products", RELEASES ",\"products\":{}", ST_CONFIG},
    {"unknown product", RELEASES ",\"products\":{\"venice\":{\"min_tcb\":" FLOOR "}}", ST_FORMAT},
    {"no floor", RELEASES ",\"products\":{\"genoa\":{}}", ST_CONFIG},
    {"floor without a part",
     RELEASES ",\"products\":{\"genoa\":{\"min_tcb\":{\"tee\":2,\"snp\":3,\"microcode\":4}}}",
     ST_FORMAT},
    {"FMC outside Turin",
     RELEASES ",\"products\":{\"genoa\":{\"min_tcb\":{\"fmc\":1,\"bootloader\":1,\"tee\":2,"
              "\"snp\":3,\"microcode\":4}}}",
     ST_FORMAT},
    {"Turin without FMC", RELEASES ",\"products\":{\"turin\":{\"min_tcb\":" FLOOR "}}", ST_FORMAT},
    {"level of 256",
     RELEASES ",\"products\":{\"genoa\":{\"min_tcb\":{\"bootloader\":256,\"tee\":2,\"snp\":3,"
              "\"microcode\":4}}}",
     ST_FORMAT},
    {"unknown key", GENOA "," RELEASES ",\"debug_allowed\":true", ST_FORMAT},
    {"unknown key of a product",
     RELEASES ",\"products\":{\"genoa\":{\"min_tcb\":" FLOOR ",\"x\":1}}", ST_FORMAT},
    {"unknown key of a release",
     GENOA ",\"releases\":[{\"name\":\"a\",\"measurement\":\"" MEASURED "\",\"pcr0\":1}]",
     ST_FORMAT},
    {"release without a measurement", GENOA ",\"releases\":[{\"name\":\"a\"}]", ST_FORMAT},
    {"release without a name", GENOA ",\"releases\":[{\"measurement\":\"" MEASURED "\"}]",
     ST_FORMAT},
    {"measurement of zeroes",
     GENOA ",\"releases\":[{\"name\":\"a\",\"measurement\":\"" REP16("000000") "\"}]", ST_CONFIG},
    {"short measurement", GENOA ",\"releases\":[{\"name\":\"a\",\"measurement\":\"a0\"}]",
     ST_FORMAT},
    {"family without the key of its id block",
     GENOA ",\"releases\":[" PINNED("\"family_id\":\"" REP16("03") "\"") "]", ST_CONFIG},
    {"image id without the key",
     GENOA ",\"releases\":[" PINNED("\"image_id\":\"" REP16("03") "\"") "]", ST_CONFIG},
    {"guest version without the key", GENOA ",\"releases\":[" PINNED("\"min_guest_svn\":1") "]",
     ST_CONFIG},
    {"name twice", GENOA ",\"releases\":[" RELEASE "," RELEASE "]", ST_CONFIG},
    {"name with a line feed",
     GENOA ",\"releases\":[{\"name\":\"a\\nb\",\"measurement\":\"" MEASURED "\"}]", ST_FORMAT},
    {"name with a space",
     GENOA ",\"releases\":[{\"name\":\"a b\",\"measurement\":\"" MEASURED "\"}]", ST_FORMAT},
    {"unknown signing key", GENOA "," RELEASES ",\"signing_keys\":[\"vmrk\"]", ST_FORMAT},
    {"no signing key", GENOA "," RELEASES ",\"signing_keys\":[]", ST_CONFIG},
    {"vlek without a provider", GENOA "," RELEASES ",\"signing_keys\":[\"vlek\"]", ST_CONFIG},
    {"provider without vlek", GENOA "," RELEASES ",\"csp_ids\":[\"CN=a\"]", ST_CONFIG},
    {"provider that is a number", GENOA "," RELEASES ",\"signing_keys\":[\"vlek\"],\"csp_ids\":[1]",
     ST_FORMAT},
    {"empty chips", GENOA "," RELEASES ",\"chip_ids\":[]", ST_CONFIG},
    {"empty denied chips", GENOA "," RELEASES ",\"denied_chip_ids\":[]", ST_CONFIG},
    {"masked chip", GENOA "," RELEASES ",\"chip_ids\":[\"" REP8("0000000000000000") "\"]",
     ST_CONFIG},
    {"masked chip of Turin", GENOA "," RELEASES ",\"chip_ids\":[\"0000000000000000\"]", ST_CONFIG},
    {"chip of 7 bytes", GENOA "," RELEASES ",\"chip_ids\":[\"01020304050607\"]", ST_FORMAT},
    {"chip that is a number", GENOA "," RELEASES ",\"chip_ids\":[1]", ST_FORMAT},
    {"VMPL 4", GENOA "," RELEASES ",\"vmpl\":4", ST_FORMAT},
    {"report version 6", GENOA "," RELEASES ",\"min_report_version\":6", ST_FORMAT},
    {"no flag", GENOA "," RELEASES ",\"guest_policy\":{}", ST_CONFIG},
    {"unknown flag", GENOA "," RELEASES ",\"guest_policy\":{\"debug\":true}", ST_FORMAT},
    {"flag that is a number", GENOA "," RELEASES ",\"platform_info\":{\"smt_enabled\":1}",
     ST_FORMAT},
    {"no mitigation", GENOA "," RELEASES ",\"launch_mitigations\":\"0000000000000000\"", ST_CONFIG},
    {"half a mitigation", GENOA "," RELEASES ",\"current_mitigations\":\"01\"", ST_FORMAT},
    {"ABI without a minor", GENOA "," RELEASES ",\"min_abi\":{\"major\":1}", ST_FORMAT},
    {"firmware without a build", GENOA "," RELEASES ",\"min_firmware\":{\"major\":1,\"minor\":55}",
     ST_FORMAT},
    {"CRL age of zero", GENOA "," RELEASES ",\"max_crl_age_s\":0", ST_FORMAT},
};

static void refuses_what_says_nothing_or_too_much(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
        struct snp_policy p;
        status s = read(REFUSED[i].json, &p);
        if (s.code != REFUSED[i].code)
            fail_msg("%s: %s (%s)", REFUSED[i].rule, status_name(s.code),
                     failed(s) ? status_detail() : "");
        assert_false(p.is_present && ok(s));
        snp_policy_done(&p);
    }
}

static void is_strict_where_nothing_is_said(void **state)
{
    (void)state;
    struct snp_policy p;
    assert_ok(read(GENOA "," RELEASES, &p));
    assert_true(p.is_present);
    assert_false(p.products[SNP_MILAN].is_accepted);
    assert_true(p.products[SNP_GENOA].is_accepted);
    assert_memory_equal(&p.products[SNP_GENOA].committed, &p.products[SNP_GENOA].reported,
                        sizeof(struct snp_tcb));
    assert_memory_equal(&p.products[SNP_GENOA].launch, &p.products[SNP_GENOA].reported,
                        sizeof(struct snp_tcb));
    assert_int_equal(p.keys_mask, 1u << SNP_KEY_VCEK);
    assert_true(p.is_crl_required);
    assert_false(p.is_masked_chip_allowed || p.is_migration_agent_allowed);
    assert_int_equal(p.vmpl, 0);
    snp_policy_done(&p);
    assert_false(p.is_present);
}

static void absent_is_not_present(void **state)
{
    (void)state;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct snp_policy p;
    assert_ok(json_parse(BYTES_LIT("{}"), 16, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    assert_ok(snp_policy_read(&o, "snp", &p));
    assert_false(p.is_present);
    assert_ok(json_obj_end(&o));
}

/* Two releases that share a measurement: the fields of one never complete the other. */
static void releases_match_as_a_whole(void **state)
{
    (void)state;
    struct snp_policy p;
    uint8_t measurement[48], author[48], data[2][32], family[16];
    memset(measurement, 0xa0, sizeof(measurement));
    memset(author, 0xe2, sizeof(author));
    memset(data[0], 0x01, 32);
    memset(data[1], 0x02, 32);
    memset(family, 0x03, sizeof(family));
    assert_ok(read(GENOA ",\"releases\":["
                         "{\"name\":\"one\"," AUTHOR "\"measurement\":\"" MEASURED
                         "\",\"host_data\":\"" REP16("0101") "\",\"family_id\":\"" REP16(
                             "03") "\"},{\"name\":\"two\"," AUTHOR "\"measurement\":\"" MEASURED
                                   "\",\"host_data\":\"" REP16("0202") "\",\"min_guest_svn\":5}]",
                   &p));
    struct snp_fields f = {.measurement = BYTES_OF(measurement),
                           .host_data = BYTES_OF(data[0]),
                           .author_key_digest = BYTES_OF(author),
                           .is_author_key_used = true,
                           .family_id = BYTES_OF(family)};
    assert_string_equal(snp_policy_match(&p, &f)->name, "one");
    f.host_data = BYTES_OF(data[1]);
    assert_null(snp_policy_match(&p, &f));
    assert_non_null(snp_policy_closest(&p, &f));
    f.guest_svn = 5;
    assert_string_equal(snp_policy_match(&p, &f)->name, "two");
    f.host_data = BYTES_OF(data[0]);
    family[0] ^= 1;
    assert_null(snp_policy_match(&p, &f));
    measurement[0] ^= 1;
    assert_null(snp_policy_closest(&p, &f));
    snp_policy_done(&p);
}

static void lists_chips_and_providers_exactly(void **state)
{
    (void)state;
    struct snp_policy p;
    uint8_t turin[64] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_ok(read(GENOA "," RELEASES ",\"chip_ids\":[\"0102030405060708\"],"
                         "\"signing_keys\":[\"vcek\",\"vlek\"],\"csp_ids\":[\"CN=a\"]",
                   &p));
    assert_true(snp_chips_list(&p.chips, BYTES_OF(turin)));
    turin[63] = 1;
    assert_false(snp_chips_list(&p.chips, BYTES_OF(turin)));
    assert_true(snp_policy_lists_csp(&p, BYTES_LIT("CN=a")));
    assert_false(snp_policy_lists_csp(&p, BYTES_LIT("CN=ab")));
    assert_false(snp_policy_lists_csp(&p, BYTES_LIT("CN=")));
    assert_int_equal(p.keys_mask, 3);
    snp_policy_done(&p);
}

static void explains_itself(void **state)
{
    (void)state;
    struct snp_policy p;
    struct buf out CLEANUP(buf_done) = BUF_MAX(1 << 16);
    assert_ok(read("\"products\":{\"milan\":{\"min_tcb\":" FLOOR "}}," RELEASES
                   ",\"crl_required\":false,\"max_crl_age_s\":60,\"vmpl\":1,"
                   "\"allow_migration_agent\":true,\"allow_masked_chip_id\":true,"
                   "\"min_abi\":{\"major\":1,\"minor\":55},\"min_report_version\":3,"
                   "\"min_firmware\":{\"major\":1,\"minor\":55,\"build\":5},"
                   "\"guest_policy\":{\"smt_allowed\":false},"
                   "\"platform_info\":{\"alias_check_complete\":true},"
                   "\"launch_mitigations\":\"0000000000000001\","
                   "\"denied_chip_ids\":[\"0102030405060708\"],"
                   "\"signing_keys\":[\"vlek\"],\"csp_ids\":[\"CN=a\"]",
                   &p));
    snp_policy_explain(&p, &out);
    buf_put_u8(&out, 0);
    assert_ok(buf_status(&out));
    static const char *const said[] = {
        "AMD SEV-SNP on Genoa is refused.\n",
        "On AMD Milan the reported firmware must be at least: bootloader 1, tee 2, snp 3, "
        "microcode 4.\n",
        "Milan is accepted although software has recovered the root secret",
        "Release r1 is accepted as a whole: launch measurement " MEASURED ".\n",
        "the key that AMD lent to the provider CN=a.\n",
        "1 chips are refused by their ids.\n",
        "may hide the id of its chip",
        "a revoked one is accepted",
        "at most 60 seconds old",
        "privilege level (VMPL) 1.\n",
        "migration agent may move",
        "firmware interface 1.55 or later",
        "version 1.55 build 5 or later",
        "version 3 or later",
        "The guest's policy must have: smt_allowed false.\n",
        "The machine must have: alias_check_complete true.\n",
        "Mitigations 0x1",
    };
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        if (strstr((const char *)out.p, said[i]) == NULL)
            fail_msg("\"%s\" is not said in:\n%s", said[i], (const char *)out.p);
    }
    snp_policy_done(&p);
}

/* ---- flags ---- */

static void flags_are_named_in_texts(void **state)
{
    (void)state;
    char text[SNP_FLAGS_TEXT_MAX];
    snp_flags_text(&snp_platform_flags, UINT64_MAX, 0, text);
    assert_string_equal(text, "smt_enabled false, tsme_enabled false, ecc_enabled false, "
                              "rapl_disabled false, ciphertext_hiding false, "
                              "alias_check_complete false, iommu_write_safe false, "
                              "tio_enabled false");
    snp_flags_text(&snp_guest_flags, UINT64_C(1) << SNP_POLICY_CXL, UINT64_MAX, text);
    assert_string_equal(text, "cxl_allowed true");
    snp_flags_text(&snp_guest_flags, 0, UINT64_MAX, text);
    assert_string_equal(text, "");
    assert_int_equal(snp_flags_unknown(&snp_platform_flags, 0x1ff), 0x100);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 12);
    struct json_w w = {.out = &text};
    struct snp_pins pins = {0};
    json_w_open(&w, NULL, '{');
    snp_flags_pin(&snp_platform_flags, 0x25, &w);
    json_w_close(&w, '}');
    assert_ok(json_parse(buf_view(&text), 1 << 12, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    snp_flags_read(&snp_platform_flags, &o, &pins);
    assert_ok(json_obj_end(&o));
    assert_int_equal(pins.mask, 0xff);
    assert_int_equal(pins.want, 0x25);
}

/* Facts of nothing still give JSON; it is refused when it is read, since it pins nothing. */
static void a_policy_of_no_facts_is_refused(void **state)
{
    (void)state;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 12);
    struct json_w w = {.out = &text};
    struct evidence_facts none = {0};
    struct snp_policy p;
    json_w_open(&w, NULL, '{');
    snp_policy_pin(&none, "as-found", &w);
    json_w_close(&w, '}');
    assert_ok(buf_status(&text));
    assert_ok(json_parse(buf_view(&text), 1 << 12, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    assert_true(failed(snp_policy_read(&o, "snp", &p)));
    snp_policy_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_says_nothing_or_too_much),
        cmocka_unit_test(is_strict_where_nothing_is_said),
        cmocka_unit_test(absent_is_not_present),
        cmocka_unit_test(releases_match_as_a_whole),
        cmocka_unit_test(lists_chips_and_providers_exactly),
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(flags_are_named_in_texts),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(a_policy_of_no_facts_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
