/* What an accepted document gives, that every byte of it counts, and what the cache may not skip.
 */
#include "unit/tee_verify/scene.h"

/* Of bytes to damage: valgrind takes a quarter of a second for each, and looks for other things. */
static size_t step(void)
{
    return getenv("EML_UNDER_VALGRIND") != NULL ? 37 : 1;
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
    for (size_t i = 0; i < doc.n; i += step()) {
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
    for (size_t n = 0; n < doc.n; n += step()) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_evidence_is_published_whole),
        cmocka_unit_test(refused_evidence_is_not_published),
        cmocka_unit_test(releases_match_as_a_whole),
        cmocka_unit_test(a_pcr_that_the_document_lacks_does_not_match),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_truncation_is_malformed),
        cmocka_unit_test(cache_never_skips_time_signature_or_revocation),
        cmocka_unit_test(cache_keeps_no_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
