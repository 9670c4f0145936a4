/* The fixed layout of a report: every reserved byte, every truncation, every size. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/snp/snp_report.h"

/* A report of the version whose every field has a value of its own and nothing else is set. */
static void fill(uint8_t r[static SNP_REPORT_LEN], uint8_t version)
{
    static const struct {
        size_t from, to;
        uint8_t first_version;
    } fields[] = {
        {0x004, 0x034, 0}, {0x038, 0x048, 0}, {0x050, 0x188, 0}, {0x188, 0x18b, 3},
        {0x1a0, 0x1eb, 0}, {0x1ec, 0x1ef, 0}, {0x1f0, 0x1f8, 0}, {0x1f8, 0x208, 5},
        {0x2a0, 0x2d0, 0}, {0x2e8, 0x318, 0},
    };
    memset(r, 0, SNP_REPORT_LEN);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (version >= fields[i].first_version)
            memset(r + fields[i].from, (int)(0x11 * (i + 1)), fields[i].to - fields[i].from);
    }
    r[0] = version;
    r[0x34] = SNP_SIG_ECDSA_P384_SHA384;
    r[0x48] = SNP_KEY_VLEK << 2 | 1;
}

static status parse(const uint8_t r[static SNP_REPORT_LEN], size_t n, struct snp_unverified *out)
{
    struct bytes exact = test_exact(bytes_of(r, n));
    status s = snp_report_parse(exact, out);
    test_exact_free(exact);
    return s;
}

static bool is_reserved(size_t at, uint8_t version)
{
    if (at >= 0x188 && at < 0x18b)
        return version < 3;
    if (at >= 0x1f8 && at < 0x208)
        return version < 5;
    return (at >= 0x49 && at < 0x50) || (at >= 0x18b && at < 0x1a0) || at == 0x1eb || at == 0x1ef ||
           (at >= 0x208 && at < 0x2a0) || (at >= 0x2d0 && at < 0x2e8) || at >= 0x318;
}

static void refuses_every_reserved_byte(void **state)
{
    (void)state;
    static const uint8_t versions[] = {2, 3, 5};
    uint8_t r[SNP_REPORT_LEN];
    struct snp_unverified u;
    for (size_t v = 0; v < 3; v++) {
        fill(r, versions[v]);
        assert_ok(parse(r, sizeof(r), &u));
        for (size_t at = 0; at < sizeof(r); at++) {
            if (!is_reserved(at, versions[v]))
                continue;
            r[at] = 0x80;
            assert_code(parse(r, sizeof(r), &u), ST_FORMAT);
            r[at] = 0;
        }
    }
}

static void refuses_reserved_bits_of_the_key_flags(void **state)
{
    (void)state;
    uint8_t r[SNP_REPORT_LEN];
    struct snp_unverified u;
    fill(r, 5);
    for (unsigned bit = 5; bit < 8; bit++) {
        r[0x48] = (uint8_t)(1u << bit);
        assert_code(parse(r, sizeof(r), &u), ST_FORMAT);
    }
}

static void refuses_every_other_size(void **state)
{
    (void)state;
    uint8_t r[SNP_REPORT_LEN + 1] = {0};
    struct snp_unverified u, untouched;
    fill(r, 5);
    memset(&u, 0x5a, sizeof(u));
    memcpy(&untouched, &u, sizeof(u));
    for (size_t n = 0; n < SNP_REPORT_LEN; n++) {
        struct bytes exact = test_exact(bytes_of(r, n));
        assert_code(snp_report_parse(exact, &u), ST_TRUNCATED);
        test_exact_free(exact);
    }
    assert_code(snp_report_parse(BYTES_OF(r), &u), ST_FORMAT);
    assert_memory_equal(&u, &untouched, sizeof(u));
}

static void refuses_other_versions_and_algorithms(void **state)
{
    (void)state;
    static const uint32_t versions[] = {0, 1, 4, 6, 0x105, 0x80000002};
    uint8_t r[SNP_REPORT_LEN];
    struct snp_unverified u;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        fill(r, 5);
        for (size_t k = 0; k < 4; k++)
            r[k] = (uint8_t)(versions[i] >> (8 * k));
        assert_code(parse(r, sizeof(r), &u), ST_UNSUPPORTED);
    }
    fill(r, 5);
    r[0x34] = 0;
    assert_code(parse(r, sizeof(r), &u), ST_ALG);
    r[0x34] = SNP_SIG_ECDSA_P384_SHA384;
    r[0x37] = 1;
    assert_code(parse(r, sizeof(r), &u), ST_ALG);
}

static void refuses_a_container_of_azure_by_name(void **state)
{
    (void)state;
    uint8_t r[SNP_REPORT_LEN];
    struct snp_unverified u;
    fill(r, 2);
    memcpy(r, "HCLA", 4);
    assert_code(parse(r, sizeof(r), &u), ST_FORMAT);
    assert_non_null(strstr(status_detail(), "Azure HCL"));
}

static const struct {
    size_t offset; /* of the view in struct snp_fields */
    size_t at, n;
} VIEWS[] = {
    {offsetof(struct snp_fields, family_id), 0x010, 16},
    {offsetof(struct snp_fields, image_id), 0x020, 16},
    {offsetof(struct snp_fields, current_tcb), 0x038, 8},
    {offsetof(struct snp_fields, report_data), 0x050, 64},
    {offsetof(struct snp_fields, measurement), 0x090, 48},
    {offsetof(struct snp_fields, host_data), 0x0c0, 32},
    {offsetof(struct snp_fields, id_key_digest), 0x0e0, 48},
    {offsetof(struct snp_fields, author_key_digest), 0x110, 48},
    {offsetof(struct snp_fields, report_id), 0x140, 32},
    {offsetof(struct snp_fields, report_id_ma), 0x160, 32},
    {offsetof(struct snp_fields, reported_tcb), 0x180, 8},
    {offsetof(struct snp_fields, chip_id), 0x1a0, 64},
    {offsetof(struct snp_fields, committed_tcb), 0x1e0, 8},
    {offsetof(struct snp_fields, launch_tcb), 0x1f0, 8},
};

static void assert_views(const struct snp_fields *f, const uint8_t *r)
{
    for (size_t i = 0; i < sizeof(VIEWS) / sizeof(VIEWS[0]); i++) {
        struct bytes v;
        memcpy(&v, (const uint8_t *)f + VIEWS[i].offset, sizeof(v));
        assert_ptr_equal(v.p, r + VIEWS[i].at);
        assert_int_equal(v.n, VIEWS[i].n);
    }
}

static void reads_each_field_from_its_place(void **state)
{
    (void)state;
    uint8_t r[SNP_REPORT_LEN];
    struct snp_unverified u;
    fill(r, 5);
    for (size_t i = 0; i < 8; i++) { /* little-endian numbers */
        r[0x08 + i] = (uint8_t)(i + 1);
        r[0x40 + i] = (uint8_t)(i + 9);
        r[0x1f8 + i] = (uint8_t)(i + 1);
        r[0x200 + i] = (uint8_t)(i + 2);
    }
    r[0x04] = 1;
    r[0x07] = 2;
    r[0x1e8] = 1, r[0x1e9] = 2, r[0x1ea] = 3;
    r[0x1ec] = 4, r[0x1ed] = 5, r[0x1ee] = 6;
    r[0x2a0] = 0xaa;      /* the least significant byte of r */
    r[0x2e8 + 47] = 0xbb; /* the most significant one of s */
    assert_ok(snp_report_parse(BYTES_OF(r), &u));
    const struct snp_fields *f = &u.fields_;
    assert_int_equal(f->version, 5);
    assert_int_equal(f->policy, UINT64_C(0x0807060504030201));
    assert_int_equal(f->platform_info, UINT64_C(0x100f0e0d0c0b0a09));
    assert_int_equal(f->launch_mitigations, UINT64_C(0x0807060504030201));
    assert_int_equal(f->current_mitigations, UINT64_C(0x0908070605040302));
    assert_int_equal(f->signing_key, SNP_KEY_VLEK);
    assert_true(f->is_author_key_used && !f->is_chip_key_masked);
    assert_true(f->current.major == 3 && f->current.minor == 2 && f->current.build == 1);
    assert_true(f->committed.major == 6 && f->committed.minor == 5 && f->committed.build == 4);
    assert_true(f->has_cpuid && f->has_mitigations);
    assert_views(f, r);
    assert_int_equal(u.signature[47], 0xaa);
    assert_int_equal(u.signature[48], 0xbb);
    assert_ptr_equal(u.signed_part.p, r);
    assert_int_equal(u.signed_part.n, 0x2a0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_reserved_byte),
        cmocka_unit_test(refuses_reserved_bits_of_the_key_flags),
        cmocka_unit_test(refuses_every_other_size),
        cmocka_unit_test(refuses_other_versions_and_algorithms),
        cmocka_unit_test(refuses_a_container_of_azure_by_name),
        cmocka_unit_test(reads_each_field_from_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
