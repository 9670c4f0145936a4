#include "support/test.h"

#include "base/checks.h"

static void test_verdicts(void **state)
{
    (void)state;
    struct checks none = {0};
    assert_int_equal(checks_verdict(&none), VERDICT_INCOMPLETE);
    struct checks c = {0};
    checks_pass(&c, "a", "fine");
    assert_int_equal(checks_verdict(&c), VERDICT_ACCEPT);
    checks_skip(&c, "b", false, NULL, "not asked for");
    assert_int_equal(checks_verdict(&c), VERDICT_ACCEPT);
    checks_skip(&c, "c", true, "give a CRL", "no CRL");
    assert_int_equal(checks_verdict(&c), VERDICT_INCOMPLETE);
    checks_fail(&c, "d", "WRONG", "fix it", "is %d", 3);
    assert_int_equal(checks_verdict(&c), VERDICT_REJECT);
    c.is_malformed = true;
    assert_int_equal(checks_verdict(&c), VERDICT_MALFORMED);
}

static void test_unsupported_is_never_accepted(void **state)
{
    (void)state;
    struct checks c = {.is_unsupported = true};
    checks_pass(&c, "a", "fine");
    assert_int_equal(checks_verdict(&c), VERDICT_INCOMPLETE);
}

/* What cannot be judged does not make what was judged and is wrong any better. */
static void test_unsupported_hides_no_failure(void **state)
{
    (void)state;
    struct checks c = {0};
    checks_fail(&c, "a", "X", "fix", "of another kind");
    checks_mark_unsupported(&c);
    assert_int_equal(checks_verdict(&c), VERDICT_INCOMPLETE);
    checks_fail(&c, "b", "Y", "fix", "wrong");
    assert_int_equal(checks_verdict(&c), VERDICT_REJECT);
}

static void test_a_failure_after_the_last_place_counts(void **state)
{
    (void)state;
    struct checks c = {0};
    for (unsigned i = 0; i < CHECKS_MAX; i++)
        checks_pass(&c, "p", "fine");
    assert_int_equal(checks_verdict(&c), VERDICT_ACCEPT);
    checks_pass(&c, "one too many", "fine");
    assert_int_equal(checks_verdict(&c), VERDICT_REJECT);
    assert_int_equal(c.n, CHECKS_MAX);
}

static void test_lookup(void **state)
{
    (void)state;
    struct checks c = {0};
    checks_pass(&c, "a", "fine");
    assert_null(checks_first_failure(&c));
    assert_false(checks_status(&c, "b", "CODE", "fix", FAIL(ST_AUTH, "no"), "yes"));
    assert_true(checks_status(&c, "c", "CODE", "fix", OK, "yes"));
    assert_string_equal(checks_first_failure(&c)->id, "b");
    assert_string_equal(checks_find(&c, "b")->reason, "no");
    assert_string_equal(checks_find(&c, "c")->reason, "yes");
    assert_null(checks_find(&c, "z"));
}

static void test_long_reasons_are_cut(void **state)
{
    (void)state;
    struct checks c = {0};
    checks_pass(&c, "a", "%400s", "x");
    assert_int_equal(strlen(c.v[0].reason), CHECK_REASON_MAX - 1);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_ACCEPT), "accept");
    assert_string_equal(verdict_name(VERDICT_REJECT), "reject");
    assert_string_equal(verdict_name(VERDICT_INCOMPLETE), "incomplete");
    assert_string_equal(verdict_name(VERDICT_MALFORMED), "malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_unsupported_is_never_accepted),
        cmocka_unit_test(test_unsupported_hides_no_failure),
        cmocka_unit_test(test_a_failure_after_the_last_place_counts),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_long_reasons_are_cut),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
