#include "support/test.h"

static status inner(int fail)
{
    REQUIRE(!fail, ST_AUTH, "tag %d", 7);
    return OK;
}

static status outer(int fail)
{
    TRY(inner(fail));
    return OK;
}

static void test_detail_and_place(void **state)
{
    (void)state;
    assert_ok(outer(0));
    assert_code(outer(1), ST_AUTH);
    assert_string_equal(status_detail(), "tag 7");
    assert_non_null(strstr(status_where(), "test_status.c:"));
}

static void test_context_is_put_in_front(void **state)
{
    (void)state;
    assert_code(status_context(inner(1), "file %s", "x"), ST_AUTH);
    assert_string_equal(status_detail(), "file x: tag 7");
    assert_ok(status_context(OK, "never"));
    assert_string_equal(status_detail(), "file x: tag 7");
}

static void test_context_of_a_long_detail_is_cut(void **state)
{
    (void)state;
    char text[900];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_code(FAIL(ST_IO, "%s", text), ST_IO);
    assert_true(strlen(status_detail()) < 512);
    assert_code(status_context((status){ST_IO}, "front"), ST_IO);
    assert_memory_equal(status_detail(), "front: aaa", 10);
    assert_true(strlen(status_detail()) < 512);
    assert_code(status_context((status){ST_IO}, "%s", text), ST_IO);
    assert_memory_equal(status_detail(), "front: aaa", 10);
}

/* An argument may be the old detail itself. */
static void test_detail_of_a_detail(void **state)
{
    (void)state;
    assert_code(FAIL(ST_IO, "one"), ST_IO);
    assert_code(FAIL(ST_FORMAT, "two (%s)", status_detail()), ST_FORMAT);
    assert_string_equal(status_detail(), "two (one)");
}

static void test_names_are_unique_and_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        const char *name = status_name((enum status_code)i);
        enum status_code found = ST_OK;
        assert_true(status_from_name(name, strlen(name), &found));
        assert_int_equal(found, i);
        assert_true(strlen(status_public((enum status_code)i)) > 0);
    }
    enum status_code untouched = ST_BUSY;
    assert_false(status_from_name("aut", 3, &untouched));
    assert_int_equal(untouched, ST_BUSY);
}

static void test_unknown_code_is_internal(void **state)
{
    (void)state;
    assert_string_equal(status_name((enum status_code)200), "internal");
    assert_int_equal(status_exit_code((enum status_code)200), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detail_and_place),
        cmocka_unit_test(test_context_is_put_in_front),
        cmocka_unit_test(test_context_of_a_long_detail_is_cut),
        cmocka_unit_test(test_detail_of_a_detail),
        cmocka_unit_test(test_names_are_unique_and_found),
        cmocka_unit_test(test_unknown_code_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
