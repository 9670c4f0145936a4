/* Intel's sample set has a root of its own that is only called Intel's. This program trusts that
 * root; test_dcap_vectors.c shows that the product does not. */
#include "sample_sgx.h"

#include "tee/verify/dcap/dcap_root.h"

static struct cert_list roots;

struct bytes dcap_root(void)
{
    return roots.der[0];
}

static int set_up(void **state)
{
    (void)state;
    if (test_vectors() == NULL)
        return 0;
    struct buf pem CLEANUP(buf_done) = test_vector(SAMPLE_FOLDER "trustedRootCaCert.pem");
    return ok(cert_list_read(buf_view(&pem), &roots)) && roots.n == 1 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cert_list_done(&roots);
    return 0;
}

static void accepted_under_its_own_root(void **state)
{
    (void)state;
    static struct sample s;
    test_vectors_or_skip(SAMPLE_FOLDER);
    sample_open(&s);
    sample_judge(&s, SAMPLE_AT);
    const struct check *first = checks_first_failure(&s.checks);
    if (failed(s.s))
        fail_msg("%s: %s", first ? first->id : "incomplete", first ? first->reason : "");
    assert_string_equal(evidence_facts_find(&s.claimed.facts, "tcb_status"), "UpToDate");
    assert_string_equal(evidence_facts_find(&s.claimed.facts, "qe_status"), "UpToDate");
    assert_string_equal(evidence_facts_find(&s.claimed.facts, "tcb_info_version"), "2");
    sample_close(&s);
}

/* The PCK is valid until 2026-09-05, everything else until 2029. */
static void refused_after_its_time(void **state)
{
    (void)state;
    static struct sample s;
    test_vectors_or_skip(SAMPLE_FOLDER);
    sample_open(&s);
    sample_judge(&s, INT64_C(1788652800)); /* 2026-09-06 */
    assert_true(failed(s.s));
    assert_string_equal(checks_first_failure(&s.checks)->id, "pck.time");
    sample_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_under_its_own_root),
        cmocka_unit_test(refused_after_its_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
