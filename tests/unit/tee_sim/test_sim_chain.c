#include "tee/sim/sim_chain.h"

#include "support/test.h"

#include "crypto/x509.h"

#define NOW INT64_C(1750000000)

struct scene {
    struct sim_root root;
    struct sim_chain chain;
};

static void scene_init(struct scene *s)
{
    *s = (struct scene){.root.certificate = BUF_MAX(4096)};
    assert_ok(ecdsa_generate(ECDSA_ES384, &s->root.key));
    struct x509_request request = {
        .common_name = SIM_ROOT_NAME,
        .issuer_name = SIM_ROOT_NAME,
        .is_ca = true,
        .path_len = -1,
        .not_before_unix_s = NOW - 100,
        .not_after_unix_s = NOW + 1000000,
        .subject_key = s->root.key,
        .issuer_key = s->root.key,
    };
    assert_ok(x509_issue(&request, &s->root.certificate));
}

static void scene_done(struct scene *s)
{
    sim_chain_done(&s->chain);
    sim_root_done(&s->root);
}

static enum status_code verify_at(const struct scene *s, int64_t at)
{
    struct bytes intermediate = buf_view(&s->chain.intermediate);
    struct x509_verified proven;
    struct x509_chain chain = {
        .root = buf_view(&s->root.certificate),
        .intermediates = &intermediate,
        .n_intermediates = 1,
        .leaf = buf_view(&s->chain.leaf),
        .at_unix_s = at,
    };
    return x509_verify_chain(&chain, &proven).code;
}

static void chain_leads_to_its_root_for_three_hours(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    scene_init(&s);
    assert_ok(sim_chain_refresh(&s.chain, &s.root, "sim-1", NOW));
    assert_int_equal(verify_at(&s, NOW - SIM_CHAIN_SKEW_S), ST_OK);
    assert_int_equal(verify_at(&s, NOW + SIM_CHAIN_LIFE_S - 1), ST_OK);
    assert_int_equal(verify_at(&s, NOW - SIM_CHAIN_SKEW_S - 1), ST_EXPIRED);
    assert_int_equal(verify_at(&s, NOW + SIM_CHAIN_LIFE_S + 1), ST_EXPIRED);
}

static void renewed_only_when_it_runs_out(void **state)
{
    (void)state;
    struct scene s CLEANUP(scene_done);
    struct buf first CLEANUP(buf_done) = BUF_MAX(4096);
    scene_init(&s);
    assert_ok(sim_chain_refresh(&s.chain, &s.root, "sim-1", NOW));
    buf_put(&first, buf_view(&s.chain.leaf));
    int64_t last = NOW + SIM_CHAIN_LIFE_S - SIM_CHAIN_RENEW_S;
    assert_ok(sim_chain_refresh(&s.chain, &s.root, "sim-1", last));
    assert_bytes_equal(buf_view(&first), buf_view(&s.chain.leaf));
    assert_ok(sim_chain_refresh(&s.chain, &s.root, "sim-1", last + 1));
    assert_false(bytes_equal(buf_view(&first), buf_view(&s.chain.leaf)));
    assert_int_equal(s.chain.not_after_unix_s, last + 1 + SIM_CHAIN_LIFE_S);
    assert_int_equal(verify_at(&s, last + 1), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_leads_to_its_root_for_three_hours),
        cmocka_unit_test(renewed_only_when_it_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
