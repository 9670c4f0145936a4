#include "tee/verify/attested.h"

#include "support/test.h"
#include "tee/verify/evidence.h"

static void fill(struct measurements *m, enum measurement_kind kind, uint32_t mask)
{
    *m = (struct measurements){.kind = kind, .present_mask = mask};
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++)
        memset(m->pcr[i], (int)i + 1, MEASUREMENT_LEN);
}

static void test_registers_that_a_receipt_has_a_place_for(void **state)
{
    (void)state;
    static const struct {
        enum measurement_kind kind;
        uint32_t mask;
        uint16_t present;
    } rows[] = {
        {MEASUREMENT_NITRO_PCR, 0xffffffff, 0x11f},
        {MEASUREMENT_NITRO_PCR, 0x7, 0x7},
        {MEASUREMENT_NITRO_PCR, 0x107, 0x107},
        {MEASUREMENT_TDX, 0xffffffff, 0x1f}, /* pcr8 is forbidden on TDX */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct measurements m;
        struct air_measurements out;
        fill(&m, rows[i].kind, rows[i].mask);
        attested_measurements(&m, &out);
        assert_int_equal(out.present, rows[i].present);
        assert_true(out.is_attested);
        assert_int_equal(out.platform,
                         rows[i].kind == MEASUREMENT_TDX ? AIR_TDX_MRTD_RTMR : AIR_NITRO_PCR);
        assert_bytes_equal(BYTES_OF(out.pcr[2]), BYTES_OF(m.pcr[2]));
    }
}

static void platforms_without_a_place_attest_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum measurement_kind kind;
        uint32_t mask;
    } rows[] = {
        {"SEV-SNP", MEASUREMENT_SNP, 1},
        {"SEV-SNP with more than there is", MEASUREMENT_SNP, 0xffffffff},
        {"evidence without measurements", MEASUREMENT_NITRO_PCR, 0},
        {"Nitro without PCR2", MEASUREMENT_NITRO_PCR, 3},
        {"TDX without MRTD", MEASUREMENT_TDX, 6},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct measurements m;
        struct air_measurements out;
        fill(&m, rows[i].kind, rows[i].mask);
        attested_measurements(&m, &out);
        if (out.is_attested || (rows[i].kind == MEASUREMENT_SNP && out.present != 0))
            fail_msg("%s", rows[i].name);
    }
}

/* ---- from a real TDX quote to a receipt of its TD ---- */

static struct evidence_claimed claimed;

static void read_quote(struct measurements *out)
{
    struct buf quote CLEANUP(buf_done) = test_vector("intel-dcap/quotes/tdx-v4-uptodate.quote");
    struct buf collateral CLEANUP(buf_done) =
        test_vector("intel-dcap/quotes/tdx-v4-uptodate.collateral.json");
    const struct evidence_expect e = {.at_unix_s = 1751000000,
                                      .beside.collateral = buf_view(&collateral)};
    struct checks c = {0};
    struct evidence_verified v;
    assert_code(evidence_verify(buf_view(&quote), EVIDENCE_TDX, NULL, &e, &c, &claimed, &v),
                ST_UNSUPPORTED);
    assert_true(claimed.is_signed);
    *out = claimed.measurements;
}

static struct air_claims claims_of(const struct air_measurements *m)
{
    struct air_claims c = {.iss = BYTES_LIT("service"),
                           .iat_unix_s = 1751000000,
                           .model_id = BYTES_LIT("model"),
                           .model_version = BYTES_LIT("1"),
                           .policy_version = BYTES_LIT("1"),
                           .measurements = *m,
                           .mode = AIR_PRODUCTION,
                           .scheme = AIR_SHA256_MANIFEST};
    memset(c.model_hash, 1, sizeof(c.model_hash));
    memset(c.request_hash, 2, sizeof(c.request_hash));
    memset(c.response_hash, 3, sizeof(c.response_hash));
    memset(c.attestation_doc_hash, 4, sizeof(c.attestation_doc_hash));
    assert_ok(air_cti_generate(c.cti));
    return c;
}

static void judge_receipt(struct bytes receipt, const struct ed25519_secret *key,
                          const struct air_measurements *m, enum verdict want)
{
    struct checks c = {0};
    const struct air_expect e = {
        .public_key = key->public_key, .measurements = m, .platform = BYTES_LIT("tdx-mrtd-rtmr")};
    status s = air_verify(receipt, &e, &c, NULL);
    assert_int_equal(checks_verdict(&c), want);
    assert_int_equal(ok(s), want == VERDICT_ACCEPT);
}

static void a_receipt_of_a_real_td_holds_its_registers(void **state)
{
    (void)state;
    test_vectors_or_skip("intel-dcap");
    struct measurements m;
    struct air_measurements out;
    struct ed25519_secret key CLEANUP(ed25519_secret_wipe) = {0};
    struct buf receipt CLEANUP(buf_done) = BUF_MAX(1 << 16);
    read_quote(&m);
    attested_measurements(&m, &out);
    assert_int_equal(out.platform, AIR_TDX_MRTD_RTMR);
    assert_int_equal(out.present, 0x1f);
    assert_true(out.is_attested);
    struct buf mrtd CLEANUP(buf_done) =
        test_hex("91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a"
                 "3520c942a604a407de03ae6dc5f87f27428b2538873118b7");
    assert_bytes_equal(BYTES_OF(out.pcr[0]), buf_view(&mrtd));
    const struct air_claims c = claims_of(&out);
    assert_ok(ed25519_generate(&key));
    assert_ok(air_sign(&c, &key, &receipt));
    judge_receipt(buf_view(&receipt), &key, &out, VERDICT_ACCEPT);
    out.pcr[3][0] ^= 1; /* another RTMR2 */
    judge_receipt(buf_view(&receipt), &key, &out, VERDICT_REJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platforms_without_a_place_attest_nothing),
        cmocka_unit_test(a_receipt_of_a_real_td_holds_its_registers),
        cmocka_unit_test(test_registers_that_a_receipt_has_a_place_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
