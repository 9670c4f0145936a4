/* SEV-SNP evidence under roots of our own: every part and every bit that a policy can name, what is
 * accepted, and what is asked for when it is missing. */
#include "snp_scene.h"

/* ---- rows that go over every part and every bit ---- */

static const struct {
    size_t at;
    const char *id, *code;
} FLOORS[] = {
    {0x180, "tcb.reported", "SNP_TCB_REPORTED_LOW"},
    {0x1e0, "tcb.committed", "SNP_TCB_COMMITTED_LOW"},
    {0x1f0, "tcb.launch", "SNP_TCB_LAUNCH_LOW"},
};

/* A newer part does not make up for an older one. */
static void lower_one_part(struct scene *s, size_t at, enum snp_part part)
{
    enum snp_product p = s->f.product;
    for (unsigned k = 0; k < SNP_PARTS; k++) {
        if (snp_part_exists(p, (enum snp_part)k) && k != part)
            s->f.report[at + forge_snp_part_at(p, (enum snp_part)k)] = FORGE_SNP_LEVEL + 1;
    }
    s->f.report[at + forge_snp_part_at(p, part)] = FORGE_SNP_LEVEL - 1;
}

/* The certificate follows the report, so that the floor alone is in the way. */
static void certify_reported(struct scene *s)
{
    for (unsigned k = 0; k < SNP_PARTS; k++) {
        enum snp_part part = (enum snp_part)k;
        if (snp_part_exists(s->f.product, part))
            forge_snp_extra_int(&s->f, forge_snp_part_oid(part),
                                s->f.report[0x180 + forge_snp_part_at(s->f.product, part)]);
    }
}

static void holds_every_part_to_its_floor(void **state)
{
    (void)state;
    static struct scene s;
    for (unsigned p = SNP_GENOA; p <= SNP_TURIN; p++) {
        for (unsigned part = 0; part < SNP_PARTS; part++) {
            if (!snp_part_exists((enum snp_product)p, (enum snp_part)part))
                continue;
            for (size_t i = 0; i < 3; i++) {
                init_kind(&s, (enum snp_product)p, SNP_KEY_VCEK);
                lower_one_part(&s, FLOORS[i].at, (enum snp_part)part);
                certify_reported(&s);
                issue(&s);
                forge_snp_sign(&s.f);
                (void)judge(&s);
                assert_failed_with(&s, snp_part_name((enum snp_part)part), FLOORS[i].id,
                                   FLOORS[i].code);
                done(&s);
            }
        }
    }
}

static void compares_every_level_with_the_certificate(void **state)
{
    (void)state;
    static struct scene s;
    for (unsigned part = 0; part < SNP_PARTS; part++) {
        for (int up = -1; up <= 1; up += 2) {
            init_kind(&s, SNP_TURIN, SNP_KEY_VCEK);
            forge_snp_extra_int(&s.f, forge_snp_part_oid((enum snp_part)part),
                                (uint8_t)(FORGE_SNP_LEVEL + up));
            issue(&s);
            forge_snp_sign(&s.f);
            (void)judge(&s);
            assert_failed_with(&s, snp_part_name((enum snp_part)part), "vek.tcb",
                               "SNP_VEK_TCB_MISMATCH");
            done(&s);
        }
    }
}

static void check_flag(const struct snp_flags *flags, size_t i, size_t at, const char *id,
                       const char *code)
{
    static struct scene s;
    char extra[128];
    uint64_t bit = UINT64_C(1) << flags->v[i].bit;
    for (int want = 0; want <= 1; want++) {
        init(&s);
        struct rd r = rd_over(bytes_of(s.f.report + at, 8));
        uint64_t value = rd_u64le(&r);
        (void)snprintf(extra, sizeof(extra), ",\"%s\":{\"%s\":%s}", flags->key, flags->v[i].name,
                       want ? "true" : "false");
        s.extra = extra;
        forge_snp_le(&s.f, at, want ? value | bit : value & ~bit, 8);
        issue(&s);
        forge_snp_sign(&s.f);
        assert_accepted(&s, flags->v[i].name);
        forge_snp_le(&s.f, at, want ? value & ~bit : value | bit, 8);
        forge_snp_sign(&s.f);
        assert_int_equal(judge(&s), VERDICT_REJECT);
        assert_failed_with(&s, flags->v[i].name, id, code);
        done(&s);
    }
}

static void pins_every_bit_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < snp_guest_flags.n; i++)
        check_flag(&snp_guest_flags, i, 0x08, "guest.flags", "SNP_GUEST_FLAGS_MISMATCH");
    for (size_t i = 0; i < snp_platform_flags.n; i++)
        check_flag(&snp_platform_flags, i, 0x40, "platform_info", "SNP_PLATFORM_INFO_MISMATCH");
}

/* ---- what is accepted ---- */

static void accepts_every_product_and_key(void **state)
{
    (void)state;
    static struct scene s;
    for (unsigned p = 0; p < SNP_PRODUCTS; p++) {
        for (unsigned kind = SNP_KEY_VCEK; kind <= SNP_KEY_VLEK; kind++) {
            init_kind(&s, (enum snp_product)p, (enum snp_signing_key)kind);
            issue(&s);
            forge_snp_sign(&s.f);
            assert_accepted(&s, snp_product_name((enum snp_product)p));
            done(&s);
        }
    }
}

static void everything_pinned(struct scene *s)
{
    s->pins =
        ",\"host_data\":\"" REP16("b0b0") "\",\"id_key_digest\":\"" REP16("e1e1e1") "\",\"author_key_digest\":\"" REP16(
            "e2e2e2") "\",\"family_id\":\"" REP16("f1") "\",\"image_id\":\"" REP16("f2") "\",\"min_guest_svn\":7";
    s->extra = ",\"chip_ids\":[\"" CHIP_C1 "\"],\"min_abi\":{\"major\":1,\"minor\":55},"
               "\"min_firmware\":{\"major\":1,\"minor\":55,\"build\":5},\"min_report_version\":5,"
               "\"launch_mitigations\":\"0000000000000003\","
               "\"current_mitigations\":\"0000000000000007\",\"max_crl_age_s\":3600,\"vmpl\":0,"
               "\"denied_chip_ids\":[\"0102030405060708\"]";
}

static void chip_masked_and_allowed(struct scene *s)
{
    masked_chip(s);
    s->extra = ",\"allow_masked_chip_id\":true";
}

static void no_crl_and_none_required(struct scene *s)
{
    issue(s);
    s->expect.beside.n_crls = 0;
    s->extra = ",\"crl_required\":false";
}

static void migration_agent_allowed(struct scene *s)
{
    migration_allowed(s);
    migration_agent(s);
    s->extra = ",\"allow_migration_agent\":true";
}

static void vmpl_1_allowed(struct scene *s)
{
    vmpl_1(s);
    s->extra = ",\"vmpl\":1";
}

static void no_agent_of_older_firmware(struct scene *s)
{
    forge_snp_fill(&s->f, 0x160, 0, SNP_REPORT_ID_LEN);
}

static void version_3(struct scene *s)
{
    forge_snp_le(&s->f, 0, 3, 4);
    forge_snp_fill(&s->f, 0x1f8, 0, 16);
}

static void version_2(struct scene *s)
{
    version_3(s);
    forge_snp_le(&s->f, 0, 2, 4);
    forge_snp_fill(&s->f, 0x188, 0, 3);
}

static void stepping_in_the_name(struct scene *s)
{
    forge_snp_extra_text(&s->f, "2", "Genoa-B1");
}

static void siena(struct scene *s)
{
    forge_snp_extra_text(&s->f, "2", "Siena");
    s->f.report[0x189] = 0xa0;
}

static void expected_data(struct scene *s)
{
    static uint8_t want[SNP_DATA_LEN];
    memset(want, 0xd0, sizeof(want));
    s->expect.report_data = BYTES_OF(want);
}

static void bound_session(struct scene *s)
{
    s->top = ",\"service\":\"forge.service\",\"configs\":[\"" REP16("0000") "\"]";
    bind_statement(s);
}

/* An expired list beside a current one is of no weight. */
static void one_crl_of_two_expired(struct scene *s)
{
    static struct buf old;
    buf_done(&old);
    old = BUF_MAX(1 << 14);
    s->f.crl_next_update = FORGE_SNP_NOW - 1;
    issue(s);
    buf_put(&old, buf_view(&s->f.crl));
    s->f.crl_next_update = FORGE_SNP_NOW + 3600;
    forge_snp_list_revoked(&s->f);
    s->crls[0] = buf_view(&old);
    s->crls[1] = buf_view(&s->f.crl);
    s->expect.beside.n_crls = 2;
}

static void without_the_root(struct scene *s)
{
    issue(s);
    buf_clear(&s->f.certs);
    buf_put(&s->f.certs, buf_view(&s->f.ask));
    buf_put(&s->f.certs, buf_view(&s->f.leaf));
    s->expect.beside.certs = buf_view(&s->f.certs);
}

/* The table of the GHCB, the CRL in it. */
static void certificate_table(struct scene *s)
{
    static const uint8_t guids[3][16] = {{0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad,
                                          0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd},
                                         {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0,
                                          0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82},
                                         {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97,
                                          0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea}};
    issue(s);
    const struct buf *parts[3] = {&s->f.leaf, &s->f.ask, &s->f.crl};
    size_t at = 4 * 24;
    uint8_t head[4 * 24] = {0};
    for (size_t i = 0; i < 3; i++) {
        uint8_t *e = head + 24 * i;
        memcpy(e, guids[i], 16);
        e[16] = (uint8_t)at;
        e[17] = (uint8_t)(at >> 8);
        e[20] = (uint8_t)parts[i]->n;
        e[21] = (uint8_t)(parts[i]->n >> 8);
        at += parts[i]->n;
    }
    buf_clear(&s->f.certs);
    buf_put(&s->f.certs, BYTES_OF(head));
    for (size_t i = 0; i < 3; i++)
        buf_put(&s->f.certs, buf_view(parts[i]));
    s->expect.beside.certs = buf_view(&s->f.certs);
    s->expect.beside.n_crls = 0;
}

static void accepts_what_the_policy_allows(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*edit)(struct scene *s);
    } rows[] = {
#define ROW(edit) {#edit, edit}
        ROW(everything_pinned),
        ROW(chip_masked_and_allowed),
        ROW(no_crl_and_none_required),
        ROW(migration_agent_allowed),
        ROW(vmpl_1_allowed),
        ROW(no_agent_of_older_firmware),
        ROW(version_3),
        ROW(version_2),
        ROW(stepping_in_the_name),
        ROW(siena),
        ROW(expected_data),
        ROW(bound_session),
        ROW(one_crl_of_two_expired),
        ROW(without_the_root),
        ROW(certificate_table),
#undef ROW
    };
    static struct scene s;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        init(&s);
        rows[i].edit(&s);
        if (s.expect.beside.certs.p == NULL)
            issue(&s);
        forge_snp_sign(&s.f);
        assert_accepted(&s, rows[i].name);
        done(&s);
    }
}

/* ---- what is missing is never a pass ---- */

static void asks_for_what_is_missing(void **state)
{
    (void)state;
    static struct scene s;
    init(&s);
    issue(&s);
    forge_snp_sign(&s.f);
    s.expect.beside.certs = (struct bytes){0};
    assert_int_equal(judge(&s), VERDICT_INCOMPLETE);
    assert_required_skip(&s, "vek");

    issue(&s);
    s.expect.beside.n_crls = 0;
    assert_int_equal(judge(&s), VERDICT_INCOMPLETE);
    assert_required_skip(&s, "vek.revocation");

    issue(&s);
    s.has_policy = false;
    assert_int_equal(judge(&s), VERDICT_INCOMPLETE);
    static const char *const ids[] = {
        "policy",        "product.allowed", "vek.allowed",       "tcb.reported",
        "tcb.committed", "tcb.launch",      "launch.measurement"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        assert_required_skip(&s, ids[i]);
    done(&s);
}

static void asks_a_policy_about_what_is_unusual(void **state)
{
    (void)state;
    static struct scene s;
    init(&s);
    s.has_policy = false;
    vmpl_1(&s);
    masked_chip(&s);
    issue(&s);
    forge_snp_sign(&s.f);
    assert_int_equal(judge(&s), VERDICT_INCOMPLETE);
    assert_required_skip(&s, "vmpl");
    assert_required_skip(&s, "vek.hwid");
    done(&s);
}

static void refuses_a_policy_of_another_platform(void **state)
{
    (void)state;
    static struct scene s;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 12);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    init(&s);
    issue(&s);
    forge_snp_sign(&s.f);
    buf_put_str(&text, "{\"version\":1,\"nitro\":{\"releases\":[{\"name\":\"r1\",");
    forge_snp_put_hex(&text, "pcr0", FORGE_SNP_MEASURED, SNP_MEASUREMENT_LEN);
    buf_put_str(&text, "}]}}");
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    assert_true(failed(evidence_verify(BYTES_OF(s.f.report), EVIDENCE_SNP, p, &s.expect, &s.checks,
                                       NULL, &s.verified)));
    assert_failed_with(&s, "nitro policy", "policy", "POLICY_PLATFORM_REFUSED");
    done(&s);
}

/* ---- cached chains ---- */

static void proves_a_chain_once_and_judges_it_each_time(void **state)
{
    (void)state;
    static struct scene s;
    struct evidence_cache *cache CLEANUP(evidence_cache_freep) = NULL;
    assert_ok(evidence_cache_new(&cache));
    init(&s);
    s.expect.cache = cache;
    issue(&s);
    forge_snp_sign(&s.f);
    assert_accepted(&s, "cold");
    assert_null(strstr(checks_find(&s.checks, "vek.chain")->reason, "proven before"));
    assert_accepted(&s, "warm");
    assert_non_null(strstr(checks_find(&s.checks, "vek.chain")->reason, "proven before"));

    s.expect.at_unix_s = FORGE_SNP_NOW + 3601;
    assert_int_equal(judge(&s), VERDICT_REJECT);
    assert_failed_with(&s, "late", "vek.time", "SNP_CERT_TIME_INVALID");
    s.expect.at_unix_s = FORGE_SNP_NOW;

    /* The CRL's own end comes first: it is held against the clock although it was proven before. */
    s.f.crl_next_update = FORGE_SNP_NOW + 60;
    forge_snp_list_revoked(&s.f);
    s.crls[0] = buf_view(&s.f.crl);
    assert_accepted(&s, "a CRL that ends soon");
    s.expect.at_unix_s = FORGE_SNP_NOW + 61;
    assert_int_equal(judge(&s), VERDICT_REJECT);
    assert_failed_with(&s, "CRL ended", "vek.revocation", "SNP_CRL_EXPIRED");
    s.expect.at_unix_s = FORGE_SNP_NOW;

    s.f.is_ask_revoked = true;
    forge_snp_list_revoked(&s.f);
    s.crls[0] = buf_view(&s.f.crl);
    assert_int_equal(judge(&s), VERDICT_REJECT);
    assert_failed_with(&s, "revoked later", "vek.revocation", "SNP_CERT_REVOKED");
    done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_every_part_to_its_floor),
        cmocka_unit_test(compares_every_level_with_the_certificate),
        cmocka_unit_test(pins_every_bit_both_ways),
        cmocka_unit_test(accepts_every_product_and_key),
        cmocka_unit_test(accepts_what_the_policy_allows),
        cmocka_unit_test(asks_for_what_is_missing),
        cmocka_unit_test(asks_a_policy_about_what_is_unusual),
        cmocka_unit_test(refuses_a_policy_of_another_platform),
        cmocka_unit_test(proves_a_chain_once_and_judges_it_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, done_keys);
}
